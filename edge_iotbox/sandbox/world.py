"""The Box itself: its name, its devices, what happens to them, its restarts."""

import asyncio
from typing import Any

from edge_iotbox.sandbox.clock import BoxClock
from edge_iotbox.sandbox.devices import ActionError, Device, act, make, press
from edge_iotbox.sandbox.hearing import Hearing

Json = dict[str, Any]
MAC = "b8:27:eb:00:00:01"
VERSION = "L24.10"


def standard_devices() -> list[Device]:
    """One of each class, by identifiers as a real Box forms them."""
    return [
        make("usb_05e0:1200", "scanner", "Symbol - Bar Code Scanner"),
        make("usb_046d:c31c", "keyboard", "Logitech - USB Keyboard"),
        make("/dev/ttyUSB0", "scale", "Toledo 8217 Serial "),
        make("usbEPSONTM-T20?J5PF000123", "printer", "EPSON TM-T20"),
        make("distant_display", "display", "Distant Display"),
        make("payment_6", "payment", "Sandbox Terminal"),
        make("camera_0", "camera", "Sandbox Camera"),
        make("usb_05f3:00ff", "footswitch", "Sandbox Footswitch"),
    ]


class World:
    """All that a Box is. Lives in one event loop."""

    def __init__(self, clock: BoxClock, mac: str = MAC, devices: list[Device] | None = None) -> None:
        self.clock, self.mac = clock, mac
        self.hearing = Hearing(clock)
        self.devices = {device.identifier: device for device in (standard_devices() if devices is None else devices)}
        self.back_at = 0.0  # by the clock's uptime: away until then
        self.restarted = asyncio.Event()
        self.told = 0
        self._latest = 0.0

    @property
    def away(self) -> bool:
        return self.clock.uptime() < self.back_at

    def plugged(self) -> list[Device]:
        return [device for device in self.devices.values() if device.plugged]

    def tell(self, device: Device, request: Json | None = None) -> Json:
        """An event of a device goes out. No two of a Box have one time: its clock has microseconds."""
        moment = round(self.clock.now(), 6)
        if self._latest < self.clock.now() + 1 and moment <= self._latest < moment + 1:
            moment = round(self._latest + 0.000_001, 6)
        self._latest = moment
        event = {**device.data, "device_identifier": device.identifier, "time": moment, "request_data": request}
        if device.owner is not None:
            event["owner"] = device.owner
        self.told += 1
        self.hearing.happened(event)
        return event

    def press(self, identifier: str, body: Json) -> Json | None:
        """Somebody uses a device. A scale tells only when its value changes; one that is not plugged or not reading tells nothing."""
        device = self.devices[identifier]
        if not device.plugged or self.away:
            return None
        before = press(device, body)
        if device.type == "scale" and (not device.reading or before == device.data):
            return None
        return self.tell(device)

    def act(self, session_id: str, identifier: str, data: Json) -> bool:
        """/hw_drivers/action: False for an unknown device and for a repeated idempotent id alike. Raises ActionError."""
        device = self.devices.get(identifier)
        if device is None or not device.plugged:
            return False
        wanted = data.get("iot_idempotent_id")
        if wanted is not None:
            if wanted in device.ids:
                return False
            device.ids.append(wanted)  # claimed before it runs: what fails cannot be tried again under it
        device.owner = session_id
        if act(device, data):
            self.tell(device, data)
        return True

    def plug(self, identifier: str, kind: str = "", name: str = "") -> Device:
        device = self.devices.get(identifier)
        if device is None:
            device = self.devices[identifier] = make(identifier, kind, name)
        device.plugged = True
        return device

    def restart(self, seconds: float) -> None:
        """The Box is away so long by its clock; polls are cut off, and nothing it remembered is there afterwards."""
        self.back_at = self.clock.uptime() + seconds
        self.hearing.forget()
        for device in self.devices.values():
            device.owner = None
            device.ids.clear()
        self.restarted.set()
        self.restarted = asyncio.Event()


__all__ = ["MAC", "VERSION", "ActionError", "World", "standard_devices"]

"""Devices of the sandbox Box: what they are, what their `data` looks like, what actions do to them.

Shapes of scanner, keyboard, scale, printer and display are hw_drivers' own. There is no driver of payment terminals, cameras and footswitches in
the Community source; their `data` here is our own invention (`value`, `status`, and for payments an `amount`), and is told to be so.
"""

import base64
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
REMEMBERED_IDS = 500  # idempotent ids a device remembers, in memory

CONNECTED: Json = {"status": "connected", "message_title": "", "message_body": ""}


class ActionError(Exception):
    """What a handler of the real Box raises: the name of the Python exception and its message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name, self.message = name, message


@dataclass
class Device:
    """One device. `data`: as its events carry it; `printed`: what reached a printer; `owner`: session of the last action."""

    identifier: str
    type: str
    name: str
    data: Json
    owner: str | None = None
    plugged: bool = True
    reading: bool = True
    printed: list[Json] = field(default_factory=list)
    ids: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED_IDS))


def make(identifier: str, kind: str, name: str = "") -> Device:
    """A device of that type as it is after plugging in. Raises ValueError for an unknown type."""
    if kind not in _FIRST:
        raise ValueError(f"type: unknown; known: {', '.join(sorted(_FIRST))}")
    return Device(identifier, kind, name or kind.capitalize(), json.loads(json.dumps(_FIRST[kind])))


def press(device: Device, body: Json) -> Json:
    """New data by hand: {"value": ...} and anything else that is to stand in it. What the data was before."""
    before = device.data
    status = body.pop("status", None)
    device.data = {**device.data, **body}
    if status is not None and device.type == "scale":
        device.data["status"] = {**CONNECTED, "status": status}
    elif status is not None and device.type == "printer":
        device.data["state"] = {"status": status, "message": "", "reason": None}
    elif status is not None:
        device.data["status"] = status
    return before


def act(device: Device, data: Json) -> bool:
    """One action; whether it raises an event. Raises ActionError as the real handlers do."""
    if "action" not in data and device.type == "printer":
        return _print_document(device, data)
    name = data.get("action", "")
    handler = _ACTIONS.get(device.type, {}).get(name)
    if handler is None:
        raise ActionError("builtins.KeyError", repr(name))
    return handler(device, data)


def _print_document(device: Device, data: Json) -> bool:
    """Prints first and looks for print_id after that: without one it has printed and fails, as the real one."""
    device.printed.append({"document_bytes": len(_decoded(data.get("document", "")))})
    if "print_id" not in data:
        raise ActionError("builtins.KeyError", "'print_id'")
    return False


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ActionError("binascii.Error", str(error)) from error


def _receipt(device: Device, data: Json) -> bool:
    device.printed.append({"receipt_bytes": len(_decoded(data["receipt"]))})
    return False


def _cashbox(device: Device, data: Json) -> bool:
    device.printed.append({"cashbox_pulses": 3})
    return False


def _cleared(device: Device, data: Json) -> bool:
    device.data["value"] = ""
    return True


def _read_once(device: Device, data: Json) -> bool:
    return True


def _reading(on: bool) -> Callable[[Device, Json], bool]:
    def switch(device: Device, data: Json) -> bool:
        device.reading = on
        return False

    return switch


def _broken_status(device: Device, data: Json) -> bool:
    """As in that build: answered with true, and the event tells of an error."""
    device.data["status"] = {
        "status": "error",
        "message_title": "",
        "message_body": "TypeError: 'NoneType' object is not callable",
    }
    return True


def _nothing(device: Device, data: Json) -> bool:
    return False


_FIRST: dict[str, Json] = {
    "scanner": {"value": ""},
    "keyboard": {"value": ""},
    "scale": {"value": 0, "status": CONNECTED},
    "printer": {"value": "", "state": {"status": "connected", "message": "", "reason": None}},
    "display": {"value": ""},
    "payment": {"value": "", "status": "connected"},
    "camera": {"value": ""},
    "footswitch": {"value": ""},
    "fiscal_data_module": {"value": ""},
}
_TYPED: dict[str, Callable[[Device, Json], bool]] = {
    "": _cleared,
    "update_layout": _nothing,
    "update_is_scanner": _nothing,
}
_ACTIONS: dict[str, dict[str, Callable[[Device, Json], bool]]] = {
    "scanner": _TYPED,
    "keyboard": _TYPED,
    "scale": {
        "read_once": _read_once, "start_reading": _reading(True), "stop_reading": _reading(False), "get_status": _broken_status, "": _nothing,
    },
    "printer": {"print_receipt": _receipt, "cashbox": _cashbox, "": _nothing},
    "display": {"update_url": _nothing, "display_refresh": _nothing, "": _nothing},
}  # fmt: skip

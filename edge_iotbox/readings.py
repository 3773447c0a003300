"""What the devices of a Box say, read: pure functions, one for each class of device.

Source of the shapes: hw_drivers of Odoo 18.0 (build 18.0-20250506). An answer of /hw_drivers/event is the device's whole `data` and beside it
`device_identifier`, `time` (epoch seconds, the Box's clock), `request_data`, `session_id`, and `owner` once an action was sent.
Scanners, keyboards, scales, printers and displays are Odoo's own. Payment terminals, cameras and footswitches have no driver in the Community
source: their fields are unknown, so no more is read of them than any device may have (`value`, `status`), and the payload keeps the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.hardware import (
    LATEST_MICROS,
    MAX_NAME_CHARACTERS,
    MAX_PAYLOAD_CHARACTERS,
    MAX_STATUS_CHARACTERS,
    MAX_VALUE_CHARACTERS,
)

_FRAME = ("device_identifier", "time", "request_data", "session_id", "owner")  # of the answer, not of the device
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789_"
_MOST_GRAMS = 10**12
_PLACES = 9


class FrameError(ValueError):
    """An answer of the Box that is no event: says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the Box lists it. `device_class` in the words of hw_drivers: `scanner`, `scale`, `fiscal_data_module`."""

    identifier: str
    device_class: str
    name: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One event of a device. `device_time` in epoch microseconds of the Box's clock."""

    kind: str
    device: str
    device_class: str
    device_name: str
    payload: str
    value: str
    weight: str | None
    status: str | None
    device_time: int


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a class of device adds."""

    kind: str
    value: str = ""
    weight: str | None = None
    status: str | None = None


def read_frame(frame: Any, devices: Mapping[str, Device]) -> Reading:
    """The `result` of an answer -> the reading. `devices`: those known, by identifier. Raises FrameError."""
    if not isinstance(frame, dict):
        raise FrameError("the answer is no object")
    identifier, moment = frame.get("device_identifier"), frame.get("time")
    if not isinstance(identifier, str) or not identifier:
        raise FrameError("device_identifier is missing")
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        raise FrameError("time is missing")
    if not 0 <= moment <= LATEST_MICROS / 1_000_000:  # not what is no number, nor an integer no float can hold
        raise FrameError("time is no time")
    micros = round(moment * 1_000_000)
    device = devices.get(identifier) or Device(identifier, "", "")
    data = {key: value for key, value in frame.items() if key not in _FRAME}
    parts = _BY_CLASS.get(device.device_class, _other)(data)
    return Reading(
        kind=parts.kind, device=clean(identifier, MAX_NAME_CHARACTERS), device_class=device.device_class, device_name=device.name,
        payload=_payload(data, frame.get("request_data")), value=_paired(parts.value[:MAX_VALUE_CHARACTERS]), weight=parts.weight,
        status=None if parts.status is None else clean(parts.status, MAX_STATUS_CHARACTERS), device_time=micros,
    )  # fmt: skip


def device_class_of(told: Any) -> str:
    """`Fiscal data module` or `fiscal_data_module` -> the second; what is no word is empty."""
    word = str(told).strip().lower().replace(" ", "_") if isinstance(told, str) else ""
    return "".join(letter for letter in word if letter in _PLAIN)[:40]


def clean(text: str, most: int) -> str:
    """Text without control characters and lone surrogates, cut."""
    return "".join(letter if letter.isprintable() or letter in "\t\n\r" else "\ufffd" for letter in text[:most])


def _paired(text: str) -> str:
    """Text without lone surrogates, which UTF-8 does not have. Control characters stay: GS1 codes are divided by one."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _scan(data: Mapping[str, Any]) -> _Parts:
    return _Parts("scan", value=_text(data.get("value")), status=_status(data))


def _key(data: Mapping[str, Any]) -> _Parts:
    return _Parts("key", value=_text(data.get("value")), status=_status(data))


def _weight(data: Mapping[str, Any]) -> _Parts:
    """A scale that fails says so in its status and repeats an old weight: no weight then."""
    status = _status(data)
    weight = _decimal(data.get("value")) if status in (None, "connected") else None
    return _Parts("weight", value=_text(data.get("value")), weight=weight, status=status)


def _printer(data: Mapping[str, Any]) -> _Parts:
    return _Parts("printer", value=_text(data.get("value")), status=_status(data, "state"))


def _of_kind(kind: str) -> Callable[[Mapping[str, Any]], _Parts]:
    return lambda data: _Parts(kind, value=_text(data.get("value")), status=_status(data))


_other = _of_kind("other")
_BY_CLASS: Mapping[str, Callable[[Mapping[str, Any]], _Parts]] = {
    "scanner": _scan,
    "keyboard": _key,
    "scale": _weight,
    "printer": _printer,
    "display": _of_kind("display"),
    "payment": _of_kind("payment"),
    "payment_terminal": _of_kind("payment"),
    "camera": _of_kind("camera"),
    "footswitch": _of_kind("footswitch"),
    "fiscal_data_module": _of_kind("fiscal"),
}


def _status(data: Mapping[str, Any], name: str = "status") -> str | None:
    """`{"status": {"status": "connected"}}` or a bare word; `state` at printers."""
    found = data.get(name)
    if isinstance(found, dict):
        found = found.get("status")
    return found if isinstance(found, str) and found else None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return _decimal(value) or ""


def _decimal(value: Any) -> str | None:
    """1.25 -> `1.25`, at most nine places; None for what is no weight. By text alone: the module `decimal` takes half a megabyte."""
    if (
        isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _MOST_GRAMS
    ):  # nor what is no number
        return None
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{_PLACES}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _payload(data: Mapping[str, Any], request: Any) -> str:
    """The device's own data as JSON text, with `request_data` where an action caused it; cut to a note where it is too long."""
    content = dict(data) if request is None else {**data, "request_data": request}
    try:
        text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        return '{"unreadable":true}'
    if len(text) <= MAX_PAYLOAD_CHARACTERS:
        return text
    return json.dumps({"too_long": len(text), "fields": sorted(clean(str(name), 40) for name in content)[:50]})

"""The IoT Box over HTTP: long poll, device list, actions. The shapes are those of Odoo 18.0; whatever else comes is a BoxError, never a crash.

One object serves one thread, save for `interrupt`, by which another thread ends a poll that waits.
"""

from __future__ import annotations

import http.client
import itertools
import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from edge_iotbox.readings import Device, clean, device_class_of
from schemas.hardware import MAX_NAME_CHARACTERS

MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_DEVICES = 500


class BoxError(RuntimeError):
    """The Box could not be reached, or what it said makes no sense. `answered`: it did say something."""

    def __init__(self, what: str, answered: bool = False) -> None:
        super().__init__(what)
        self.answered = answered


@dataclass(frozen=True, slots=True)
class Exchange:
    """When a question went out and its answer came, epoch microseconds of our clock, and the time the Box told, epoch seconds."""

    sent_at: int
    got_at: int
    box_seconds: int | None


@dataclass(frozen=True, slots=True)
class Homepage:
    """What /hw_posbox_homepage/data tells: the Box's identifier (its MAC address), its version, its devices."""

    mac: str
    version: str
    devices: tuple[Device, ...]
    exchange: Exchange


class Box:
    """url: `http://HOST:8069`, https where it has a certificate. seconds: how long anything but a poll may take."""

    def __init__(self, url: str, now: Callable[[], int], seconds: float = 5.0, poll_seconds: float = 60.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"box url {url!r}: must be http://HOST:PORT or https://HOST:PORT")
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = make(
            parts.hostname, parts.port or (443 if parts.scheme == "https" else 8069), timeout=seconds
        )
        self._now, self._seconds, self._poll_seconds = now, seconds, poll_seconds
        self._ids = itertools.count(1)
        self._interrupted = ""

    def homepage(self) -> Homepage:
        """The device list. Raises BoxError."""
        kept = self._connection.sock is not None
        try:
            body, exchange = self._exchange("GET", "/hw_posbox_homepage/data", None, self._seconds)
        except BoxError as error:
            # A web server ends a kept connection when it likes, also in the moment something is asked: that is no sign of its absence.
            if not (kept and isinstance(error.__cause__, ConnectionError)):
                raise
            body, exchange = self._exchange("GET", "/hw_posbox_homepage/data", None, self._seconds)
        found = _json(body)
        if not isinstance(found, dict) or not isinstance(found.get("iot_device_status"), list):
            raise BoxError("the homepage lists no devices", answered=True)
        listed = (one for one in found["iot_device_status"][:MAX_DEVICES] if isinstance(one, dict))
        devices = [_device(one) for one in listed]
        mac = found.get("mac")
        return Homepage(
            mac if isinstance(mac, str) else "",
            str(found.get("version", ""))[:100],
            tuple(d for d in devices if d.identifier),
            exchange,
        )

    def poll(self, session_id: str, devices: Sequence[str], last_event: float) -> dict[str, Any] | None:
        """Waits up to 50 s for the next event after `last_event` (epoch seconds of the Box's clock); None when there was none. Raises BoxError."""
        listener = {"session_id": session_id, "devices": list(devices), "last_event": last_event}
        result = self._call("/hw_drivers/event", {"listener": listener}, self._poll_seconds)
        if result is None or isinstance(result, dict):
            return result
        raise BoxError("an event that is no object", answered=True)

    def action(self, session_id: str, device: str, data: dict[str, Any]) -> bool:
        """Has a device do something. False: unknown device, or the same `iot_idempotent_id` again. Raises BoxError."""
        params = {"session_id": session_id, "device_identifier": device, "data": json.dumps(data)}
        return self._call("/hw_drivers/action", params, self._seconds) is True

    def interrupt(self, listened: bool = True) -> None:
        """Ends the poll of another thread with a BoxError, or the next one where none waits. listened: whether it could hear something until now."""
        self._interrupted = "listened" if listened else "deaf"
        sock = self._connection.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def was_interrupted(self) -> str:
        """`listened` or `deaf` when somebody asked for an end since the last time this was asked, else empty."""
        was, self._interrupted = self._interrupted, ""
        return was

    def close(self) -> None:
        self._connection.close()

    def _call(self, path: str, params: dict[str, Any], seconds: float) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "id": next(self._ids), "params": params}).encode()
        answer = _json(self._exchange("POST", path, body, seconds)[0])
        if not isinstance(answer, dict):
            raise BoxError("an answer that is no object", answered=True)
        if "error" in answer:
            raise BoxError(f"the Box refused: {_error_name(answer['error'])}", answered=True)
        return answer.get("result")  # None has no key

    def _exchange(self, method: str, path: str, body: bytes | None, seconds: float) -> tuple[bytes, Exchange]:
        connection = self._connection
        connection.timeout = seconds
        try:
            if connection.sock is not None:
                connection.sock.settimeout(seconds)
            else:
                connection.connect()
            if self._interrupted:  # after the socket is there: whoever interrupts from here on finds it
                raise ConnectionAbortedError("asked to end")
            sent = self._now()
            connection.request(method, path, body, {"Content-Type": "application/json"} if body is not None else {})
            response = connection.getresponse()
            content = response.read(MAX_ANSWER_BYTES + 1)
            got = self._now()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise BoxError(f"{type(error).__name__}: {error}") from error
        if len(content) > MAX_ANSWER_BYTES or response.status != 200:
            connection.close()
            raise BoxError(f"status {response.status}, {len(content)} bytes", answered=True)
        return content, Exchange(sent, got, _date(response.getheader("Date")))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BoxError("an answer that is no JSON", answered=True) from error


def _device(told: dict[str, Any]) -> Device:
    identifier, name = told.get("identifier"), told.get("name")
    return Device(
        identifier
        if isinstance(identifier, str)
        and len(identifier) <= MAX_NAME_CHARACTERS
        and clean(identifier, 500) == identifier
        else "",
        device_class_of(told.get("type")),
        clean(name.strip(), MAX_NAME_CHARACTERS) if isinstance(name, str) else "",
    )


def _error_name(error: Any) -> str:
    """The name of the Python exception; its message may quote data."""
    data = error.get("data") if isinstance(error, dict) else None
    name = data.get("name") if isinstance(data, dict) else None
    return clean(name, 80) if isinstance(name, str) else "an error without a name"


def _date(header: str | None) -> int | None:
    try:
        return int(parsedate_to_datetime(header).timestamp()) if header else None
    except (ValueError, OverflowError):
        return None

"""What an IoT Box's agent and the gateway tell each other: the event, its JSON form, its limits. The standard library is all this needs.

The agent (edge_iotbox) writes events, the gateway (streams) judges them; both by this module, so that they cannot differ. On Kafka the same
event is the record `hardware_event` of the topic `hardware-events`, whoever publishes it: same key, same headers, same bytes.

How holes are explained. Sequences of one Box are 1, 2, 3, ... over all its boots. An event stands for all numbers from `first_sequence` to
`sequence`; the two differ only for `dropped` (the spool had to let go, or a device said what no event can be) and `gap` (a spool was lost).
So of a Box whose highest safe number is N, the next event must satisfy

    first_sequence <= N + 1 <= sequence        taken
    sequence <= N                              a repeat: safe already, answered as such
    first_sequence > N + 1                     a hole: 409 {"expected": N + 1}; the agent explains it and sends again

A batch without events is a question: the answer's `through` is N. An agent that lost its spool asks this first, and numbers on from there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from schemas.checksum import checksum, event_id
from schemas.headers import Headers

SOURCE = "iotbox"
ENTITY = "hardware_event"

DEVICE_KINDS = ("scan", "key", "weight", "printer", "display", "payment", "camera", "footswitch", "fiscal", "other")
OWN_KINDS = ("device_gone", "device_back", "box_gone", "box_back", "gap", "dropped", "clock")
KINDS = (*DEVICE_KINDS, *OWN_KINDS)
SPANNING_KINDS = ("gap", "dropped")  # the only ones that may stand for more numbers than their own

MAX_BATCH_BYTES = 1024 * 1024  # of a body, unpacked
MAX_BATCH_EVENTS = 500
MAX_PAYLOAD_CHARACTERS = 32 * 1024
MAX_VALUE_CHARACTERS = 8 * 1024
MAX_NAME_CHARACTERS = 200
MAX_STATUS_CHARACTERS = 100
MAX_SEQUENCE = 2**63 - 1
LATEST_MICROS = 253_402_300_799_000_000  # the end of the year 9999

_BOX = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}")
_BOOT = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_ID = re.compile(r"[0-9a-f]{32}")
_CLASS = re.compile(r"[a-z0-9_]{0,40}")
_WEIGHT = re.compile(r"-?\d{1,12}(\.\d{1,9})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # never in names; a lone surrogate has no UTF-8
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class EventError(ValueError):
    """Something that is no event: says which field and what was expected, never what stood there."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. The fields are documented in schemas/avro/hardware_event.avsc; times are epoch microseconds."""

    id: str
    box: str
    boot: str
    sequence: int
    first_sequence: int
    kind: str
    received_at: int
    monotonic_ms: int
    payload: str = "{}"
    device: str = ""
    device_class: str = ""
    device_name: str = ""
    value: str = ""
    weight: str | None = None
    status: str | None = None
    device_time: int | None = None
    skew_ms: int | None = None
    clock_trusted: bool = False

    @property
    def key(self) -> str:
        """The Kafka key: what one device did stays in order."""
        return f"box:{self.box}:{self.device}"


def id_of(event: Event) -> str:
    """The id an event should have, by where it stands and what it says; its present id does not count."""
    place = f"{event.box}\x00{event.boot}\x00{event.sequence}\x00{event.first_sequence}"
    content = [event.kind, event.device, event.device_time, event.payload]
    return event_id(SOURCE, place, checksum(content))


def to_json(event: Event) -> dict[str, Any]:
    """The JSON form, and the Avro record likewise: the same names and plain values."""
    return asdict(event)


def headers_of(event: Event, env: str) -> Headers:
    """The record headers. No checksum of the content: a scanned code could be guessed from it; the id is as good."""
    return Headers(
        id=event.id, source=SOURCE, entity=ENTITY, version=event.sequence, checksum=event.id, correlation=event.id,
        fetched=event.received_at // 1000, env=env,
    )  # fmt: skip


def from_json(document: Any, box: str = "") -> Event:
    """A JSON document -> the event. `box`: the only Box it may come from, when given. Raises EventError."""
    if not isinstance(document, Mapping):
        raise EventError("an event must be an object")
    unknown = document.keys() - _FIELDS.keys()
    if unknown:
        raise EventError(f"{len(unknown)} unknown fields")
    missing = [name for name in _REQUIRED if name not in document]
    if missing:
        raise EventError(f"{missing[0]}: is missing")
    for name, value in document.items():
        _FIELDS[name](name, value)
    event = Event(**document)
    _check_whole(event, box)
    return event


def from_batch(document: Any, box: str = "") -> list[Event]:
    """The body of POST /edge/v1/events -> its events, in order of sequence without holes; an empty list asks how far the Box is.

    Raises BatchError with the index of the first event that cannot be, or -1 when the batch itself cannot.
    """
    if not isinstance(document, Mapping) or set(document) != {"events"} or not isinstance(document["events"], list):
        raise BatchError(-1, 'a batch must be {"events": [...]}')
    if len(document["events"]) > MAX_BATCH_EVENTS:
        raise BatchError(-1, f"more than {MAX_BATCH_EVENTS} events")
    events: list[Event] = []
    for index, item in enumerate(document["events"]):
        try:
            event = from_json(item, box)
        except EventError as error:
            raise BatchError(index, str(error)) from error
        if events and event.first_sequence != events[-1].sequence + 1:
            raise BatchError(index, "first_sequence: does not follow the event before it")
        events.append(event)
    return events


class BatchError(EventError):
    """A batch that cannot be taken. `index`: of the event to blame, -1 for none."""

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(problem)
        self.index = index


def to_batch(events: Sequence[Event]) -> bytes:
    """Events -> the body of POST /edge/v1/events."""
    return json.dumps(
        {"events": [to_json(event) for event in events]}, separators=(",", ":"), ensure_ascii=False
    ).encode()


def _check_whole(event: Event, box: str) -> None:
    if box and event.box != box:
        raise EventError("box: is not the one this credential belongs to")
    if event.first_sequence > event.sequence:
        raise EventError("first_sequence: is beyond sequence")
    if event.first_sequence != event.sequence and event.kind not in SPANNING_KINDS:
        raise EventError("first_sequence: only gap and dropped events stand for several")
    if event.kind in OWN_KINDS and event.device and not event.kind.startswith("device_"):
        raise EventError("device: this kind tells of no device")


def _matches(pattern: re.Pattern[str], wanted: str) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise EventError(f"{name}: must be {wanted}")

    return check


def _text(most: int, forbidden: re.Pattern[str]) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if not isinstance(value, str) or len(value) > most or forbidden.search(value):
            raise EventError(f"{name}: must be text of at most {most} characters that UTF-8 has")

    return check


def _whole(least: int, most: int) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise EventError(f"{name}: must be a whole number from {least} to {most}")

    return check


def _optional(check: Callable[[str, Any], None]) -> Callable[[str, Any], None]:
    return lambda name, value: None if value is None else check(name, value)


def _kind(name: str, value: Any) -> None:
    if not isinstance(value, str) or value not in KINDS:
        raise EventError(f"{name}: must be one of {', '.join(KINDS)}")


def _boolean(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise EventError(f"{name}: must be true or false")


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _json_object(name: str, value: Any) -> None:
    _text(MAX_PAYLOAD_CHARACTERS, _SURROGATE)(name, value)
    try:
        content = json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise EventError(f"{name}: must be the text of a JSON object") from error
    if not isinstance(content, dict):
        raise EventError(f"{name}: must be the text of a JSON object")


_NAME = _text(MAX_NAME_CHARACTERS, _CONTROL)
_FIELDS: dict[str, Callable[[str, Any], None]] = {
    "id": _matches(_ID, "32 hex digits"),
    "box": _matches(_BOX, "1 to 64 letters, digits and : . _ -"),
    "boot": _matches(_BOOT, "a UUID in lower case"),
    "sequence": _whole(1, MAX_SEQUENCE),
    "first_sequence": _whole(1, MAX_SEQUENCE),
    "kind": _kind,
    "received_at": _whole(0, LATEST_MICROS),
    "monotonic_ms": _whole(0, MAX_SEQUENCE),
    "payload": _json_object,
    "device": _NAME,
    "device_class": _matches(_CLASS, "at most 40 small letters, digits and _"),
    "device_name": _NAME,
    "value": _text(MAX_VALUE_CHARACTERS, _SURROGATE),
    "weight": _optional(_matches(_WEIGHT, "decimal text")),
    "status": _optional(_text(MAX_STATUS_CHARACTERS, _CONTROL)),
    "device_time": _optional(_whole(0, LATEST_MICROS)),
    "skew_ms": _optional(_whole(-MAX_SEQUENCE, MAX_SEQUENCE)),
    "clock_trusted": _boolean,
}  # fmt: skip
_REQUIRED = tuple(field.name for field in fields(Event))

"""One order's journey: records of all topics -> what happened, in words, in order. Pure.

A step says what happened and where it is written. It holds ids, times, states, reasons and amounts, never personal data: that is in the
records themselves, which are shown only when asked for, masked unless somebody gives a reason (ERR-5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas.codec import Codec, DecodeError
from schemas.headers import Failure, decode_failure
from schemas.masking import mask_text
from schemas.record import Record
from schemas.topics import FAILED_ACTIONS, ORDERS, OUTCOMES
from streams.observe.ledger import Entry, Ledger

FETCHED, CANONICAL, SENT, OUTCOME, RETRY, HELD, DEAD, ACTION, DAMAGED = (
    "fetched",
    "canonical",
    "sent",
    "outcome",
    "retry",
    "held",
    "dead",
    "action",
    "damaged",
)
# What follows from what, for records of one millisecond.
_RANK = (FETCHED, CANONICAL, SENT, OUTCOME, RETRY, HELD, DEAD, ACTION, DAMAGED)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `at`: aware UTC; `origin`: where it is written; `facts`: the same for machines."""

    at: datetime
    kind: str
    text: str
    origin: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    record: Record | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Journey:
    """All of one order, earliest first, and where it stands. `standing` None: no outcome yet."""

    key: str
    steps: tuple[Step, ...]
    standing: Entry | None
    acknowledged: bool
    correlations: tuple[str, ...]

    @property
    def remote_id(self) -> str:
        """Its id in Odoo, empty while it has none."""
        return self.standing.remote_id if self.standing else ""


def journey_of(key: str, records: Iterable[Record], codec: Codec) -> Journey:
    """`records`: everything under that key, and the actions on its failed records; others are the caller's to leave out."""
    kept = sorted(records, key=lambda record: (record.timestamp_ms, record.topic, record.partition, record.offset))
    ledger = Ledger()
    for record in kept:
        if record.topic == OUTCOMES and (outcome := _decoded(codec, "outcome", record)) is not None:
            ledger.add(outcome)
    steps = [step_of(record, codec) for record in kept]
    steps.sort(key=lambda step: (step.at, _RANK.index(step.kind)))
    correlations = {dict(record.headers).get("correlation", b"").decode(errors="replace") for record in kept}
    return Journey(
        key, tuple(_folded(steps)), ledger.entries.get(key), key in ledger.acknowledged, tuple(sorted(correlations - {""}))
    )  # fmt: skip


def step_of(record: Record, codec: Codec) -> Step:
    """One record in words."""
    kind, tell = _teller(record.topic)
    try:
        text, facts = tell(record, codec)
    except (DecodeError, ValueError) as error:
        kind, text, facts = DAMAGED, f"cannot be read: {mask_text(str(error))}", {}
    at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
    return Step(at, kind, text, record.origin, facts, record)


Told = tuple[str, dict[str, Any]]


def _fetched(record: Record, codec: Codec) -> Told:
    event = codec.decode("raw_event", record.value)
    lane = _header(record, "lane")
    text = f"fetched from {event['source']}" + (f", asked for in lane {lane}" if lane else "")
    return text, {"checksum": event["checksum"], "bytes": len(event["payload"]), "lane": lane}


def _canonical(record: Record, codec: Codec) -> Told:
    order = codec.decode("order", record.value)
    total = f"{order['total']['amount']} {order['total']['currency']}"
    text = f"canonical order: {order['status']}, {len(order['lines'])} lines, {total}"
    return text, {"status": order["status"], "version": order["version"], "lines": len(order["lines"]), "total": total}


def _sent(record: Record, codec: Codec) -> Told:
    delivery = codec.decode("deliver", record.value)
    failure = decode_failure(record.headers)
    facts = {name: delivery[name] for name in ("id", "destination", "operation", "kind", "lane", "version")}
    what = f"{delivery['destination']} {delivery['operation']}"
    if failure is not None:
        return f"back from retry to {what}, try {failure.attempt + 1}", facts | {"attempt": failure.attempt + 1}
    replays = _header(record, "replays")
    again = f"sent again ({replays}) to" if replays else "sent to"
    return f"{again} {what}, lane {delivery['lane']}", facts | ({"replays": replays} if replays else {})


def _outcome(record: Record, codec: Codec) -> Told:
    outcome = codec.decode("outcome", record.value)
    names = ("destination", "operation", "result", "reason", "remote_model", "remote_id", "attempt", "version", "lane")
    facts = {name: outcome[name] for name in names} | {"detail": mask_text(outcome["detail"])}
    where = f"{outcome['destination']} {outcome['operation']}".strip()
    remote = " ".join(part for part in (outcome["remote_model"], outcome["remote_id"]) if part)
    why = ": ".join(part for part in (outcome["reason"], facts["detail"]) if part)
    return f"{where}: {outcome['result'].replace('_', ' ')}" + "".join(
        f", {part}" for part in (remote, why) if part
    ), facts


def _retry(record: Record, codec: Codec) -> Told:
    failure = _failure(record)
    tier = record.topic.removeprefix("retry.")
    due = datetime.fromtimestamp(failure.due / 1000, UTC)
    facts = {
        "tier": tier, "due": due, "destination": failure.destination, "reason": failure.reason.value,
        "detail": mask_text(failure.detail), "attempt": failure.attempt,
    }  # fmt: skip
    text = f"waits {tier} for {failure.destination}, due {due:%Y-%m-%d %H:%M:%S}, after try {failure.attempt}"
    return f"{text}: {failure.reason.value}: {facts['detail']}", facts


def _failed(record: Record, codec: Codec) -> Told:
    if record.value is None:
        return f"no longer {'held' if record.topic.startswith('held.') else 'dead'}", {"ended": True}
    failed = codec.decode("failed_record", record.value)
    names = ("id", "state", "destination", "operation", "reason", "owner", "waiting_for", "attempts", "target")
    facts = {name: failed[name] for name in names} | {"detail": mask_text(failed["detail"])}
    waits = f", waits for {failed['waiting_for']}" if failed["waiting_for"] else ""
    text = f"{failed['state']} at {failed['destination'] or 'nowhere known'} for {failed['owner']}"
    return f"{text}{waits}: {failed['reason']}: {facts['detail']}", facts


def _action(record: Record, codec: Codec) -> Told:
    action = codec.decode("failed_action", record.value)
    facts = {name: action[name] for name in ("failed_id", "action", "actor", "plan")} | {
        "note": mask_text(action["note"])
    }
    note = f": {facts['note']}" if facts["note"] else ""
    return f"{action['action']} by {action['actor']}{note}", facts


_TELLERS: tuple[tuple[str, str, Callable[[Record, Codec], Told]], ...] = (
    ("raw.", FETCHED, _fetched),
    (ORDERS, CANONICAL, _canonical),
    ("deliver.", SENT, _sent),
    (OUTCOMES, OUTCOME, _outcome),
    ("retry.", RETRY, _retry),
    ("held.", HELD, _failed),
    (FAILED_ACTIONS, ACTION, _action),  # before the dead letters, whose names begin alike
    ("dead.", DEAD, _failed),
)


def _teller(topic: str) -> tuple[str, Callable[[Record, Codec], Told]]:
    return next((kind, tell) for start, kind, tell in _TELLERS if topic.startswith(start))


def _folded(steps: Iterable[Step]) -> list[Step]:
    """The same payload fetched again and again (polls overlap) is one step that says how often."""
    kept: list[Step] = []
    again: dict[str, tuple[int, int, datetime]] = {}
    for step in steps:
        checksum = step.facts.get("checksum") if step.kind == FETCHED and not step.facts.get("lane") else None
        if checksum is None:
            kept.append(step)
        elif checksum in again:
            place, count, _ = again[checksum]
            again[checksum] = (place, count + 1, step.at)
        else:
            again[checksum] = (len(kept), 1, step.at)
            kept.append(step)
    for place, count, last in again.values():
        if count > 1:
            first = kept[place]
            text = f"{first.text}, {count} times, last {last:%Y-%m-%d %H:%M:%S}"
            facts = {**first.facts, "times": count, "last": last}
            kept[place] = Step(first.at, first.kind, text, first.origin, facts, first.record)
    return kept


def _decoded(codec: Codec, name: str, record: Record) -> Any | None:
    try:
        return codec.decode(name, record.value)
    except DecodeError:
        return None


def _failure(record: Record) -> Failure:
    failure = decode_failure(record.headers)
    if failure is None:
        raise ValueError("a record in a retry tier without its failure set")
    return failure


def _header(record: Record, name: str) -> str:
    return dict(record.headers).get(name, b"").decode(errors="replace")

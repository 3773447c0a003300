"""Records of the pipeline itself in words: fetched, sent, outcome, retry, held, dead, in shadow, and what people did. Pure; `facts` has the rest.

A step holds ids, times, states, reasons and amounts, never personal data: that is in the records themselves, which are shown only when asked
for, masked unless somebody gives a reason (ERR-5).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connectors.kit.jobs import SETTLE, parse
from schemas.codec import Codec
from schemas.headers import Failure, decode_failure
from schemas.masking import mask_text
from schemas.record import Record
from schemas.topics import FAILED_ACTIONS, OUTCOMES
from streams.observe.facts import FACTS, Told

FETCHED, CANONICAL, SENT, SHADOW, OUTCOME, RETRY, HELD, DEAD, ACTION, DAMAGED = (
    "fetched",
    "canonical",
    "sent",
    "shadow",
    "outcome",
    "retry",
    "held",
    "dead",
    "action",
    "damaged",
)
# What follows from what, for records of one millisecond.
RANK = (FETCHED, CANONICAL, SENT, SHADOW, OUTCOME, RETRY, HELD, DEAD, ACTION, DAMAGED)

Teller = Callable[[Record, Codec], Told]


def teller_of(topic: str) -> tuple[str, Teller]:
    """What a record of this topic is, and who tells it. Raises LookupError for a topic that is no part of anything's way."""
    if topic in FACTS:
        return CANONICAL, _fact
    for start, kind, tell in _TELLERS:
        if topic.startswith(start):
            return kind, tell
    raise LookupError(f"records of {topic} are not told")


def told_topics(names: list[str]) -> list[str]:
    """Those of the topics whose records can be told."""
    return [name for name in names if name in FACTS or name.startswith(tuple(start for start, _, _ in _TELLERS))]


def job_words(name: str) -> str:
    """`after:feed:1|7` -> `feed:1`; a number that is looked at once more has no name at the destination."""
    job = parse(name)
    if job is None:
        return ""
    return job.remote or ("a second look" if job.how == SETTLE else job.how)


def _fact(record: Record, codec: Codec) -> Told:
    name, tell = FACTS[record.topic]
    return tell(codec.decode(name, record.value))


def _fetched(record: Record, codec: Codec) -> Told:
    event = codec.decode("raw_event", record.value)
    lane = header_of(record, "lane")
    what = "" if event["entity"] == "order" else f" as {event['entity'].replace('_', ' ')}"
    text = f"fetched from {event['source']}{what}" + (f", asked for in lane {lane}" if lane else "")
    return text, {
        "checksum": event["checksum"],
        "bytes": len(event["payload"]),
        "lane": lane,
        "entity": event["entity"],
    }


def _delivery(record: Record, codec: Codec) -> tuple[str, dict[str, Any], str]:
    delivery = codec.decode("deliver", record.value)
    names = ("id", "destination", "operation", "kind", "lane", "version", "key")
    return (
        f"{delivery['destination']} {delivery['operation']}",
        {name: delivery[name] for name in names},
        delivery["lane"],
    )


def _sent(record: Record, codec: Codec) -> Told:
    what, facts, lane = _delivery(record, codec)
    failure = decode_failure(record.headers)
    if failure is not None and failure.job:
        return f"back to {what}, to ask how {job_words(failure.job)} went", facts | {"job": failure.job}
    if failure is not None:
        return f"back from retry to {what}, try {failure.attempt + 1}", facts | {"attempt": failure.attempt + 1}
    replays = header_of(record, "replays")
    again = f"sent again ({replays}) to" if replays else "sent to"
    return f"{again} {what}, lane {lane}", facts | ({"replays": replays} if replays else {})


def _shadow(record: Record, codec: Codec) -> Told:
    if record.value is None:
        return "left the shadow", {"ended": True}
    what, facts, _ = _delivery(record, codec)
    return f"kept in shadow, would go to {what}", facts


def _outcome(record: Record, codec: Codec) -> Told:
    outcome = codec.decode("outcome", record.value)
    names = (
        "id", "destination", "operation", "result", "reason", "remote_model", "remote_id", "attempt", "version", "lane", "job", "notes",
    )  # fmt: skip
    facts = {name: outcome[name] for name in names} | {"detail": mask_text(outcome["detail"])}
    where = f"{outcome['destination']} {outcome['operation']}".strip()
    remote = " ".join(part for part in (outcome["remote_model"], outcome["remote_id"]) if part)
    why = ": ".join(part for part in (outcome["reason"], facts["detail"]) if part)
    told = ", ".join(part for part in (_result(outcome), remote, why, _did(outcome["notes"])) if part)
    return f"{where}: {told}", facts


def _result(outcome: Any) -> str:
    if outcome["result"] == "submitted":
        return f"submitted, {outcome['destination']} works on it as {job_words(outcome['job'])}"
    if outcome["result"] == "shadow":
        return "in shadow, not sent"
    return str(outcome["result"]).replace("_", " ")


def _did(notes: list[str]) -> str:
    return f"did {', '.join(mask_text(note) for note in notes)}" if notes else ""


def _retry(record: Record, codec: Codec) -> Told:
    failure = _failure(record)
    tier = record.topic.removeprefix("retry.")
    due = datetime.fromtimestamp(failure.due / 1000, UTC)
    facts = {
        "tier": tier, "due": due, "destination": failure.destination, "reason": failure.reason.value,
        "detail": mask_text(failure.detail), "attempt": failure.attempt, "job": failure.job,
    }  # fmt: skip
    if failure.job:
        return (
            f"{failure.destination} is asked about {job_words(failure.job)} in {tier}, {due:%Y-%m-%d %H:%M:%S}",
            facts,
        )
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


_TELLERS: tuple[tuple[str, str, Teller], ...] = (
    ("raw.", FETCHED, _fetched),
    ("deliver.", SENT, _sent),
    ("shadow.", SHADOW, _shadow),
    (OUTCOMES, OUTCOME, _outcome),
    ("retry.", RETRY, _retry),
    ("held.", HELD, _failed),
    (FAILED_ACTIONS, ACTION, _action),  # before the dead letters, whose names begin alike
    ("dead.", DEAD, _failed),
)


def header_of(record: Record, name: str) -> str:
    """One header as text, empty when it has none."""
    return dict(record.headers).get(name, b"").decode(errors="replace")


def _failure(record: Record) -> Failure:
    failure = decode_failure(record.headers)
    if failure is None:
        raise ValueError("a record in a retry tier without its failure set")
    return failure

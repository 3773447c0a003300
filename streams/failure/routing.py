"""A failed record and why -> the messages that carry it on. Nothing is sent here; the decision is counted and logged.

    again   retry.<tier>          the same key, value and headers, with the one failure set replaced
    held    held.<destination>    a failed_record; its Kafka key names what it supersedes, see `held_key`
    dead    dead.<destination>    a failed_record under the record's own key

A failed_record keeps value and headers byte for byte. A record whose headers cannot be read is routed all the same: what it should have
said is replaced by what can be known, and its reason becomes `data`, for no waiting will mend it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas import topics
from schemas.checksum import checksum, event_id
from schemas.codec import Codec, DecodeError
from schemas.headers import (
    DETAIL_LIMIT_CHARACTERS,
    Failure,
    Headers,
    decode_failure,
    decode_headers,
    encode_headers,
    without_failure,
)
from schemas.masking import mask_text
from schemas.reasons import Policy, Reason, severity_of
from schemas.record import Message, RawHeaders, Record
from schemas.records import FailedRecord
from streams.failure.metrics import PARKED
from streams.failure.policy import Again, Dead, Decision, Held, decide, wait_behind
from streams.observe.logs import about
from streams.settings import Settings

logger = logging.getLogger(__name__)

REPLAYS = "replays"
HOMELESS = "transform"  # whose dead letters take what names no destination we know
_WAITING_FOR_LIMIT_CHARACTERS = 300
_LONG_HEADER_BYTES = 1024
_LATEST_MS = 253_402_300_799_000  # the end of the year 9999
_MOST_ATTEMPTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Routed:
    """What was decided, what to send for it (all of it, acknowledged, before the offset moves) and the new failure set."""

    decision: Decision
    messages: tuple[Message, ...]
    failure: Failure

    @property
    def result(self) -> str:
        """The word for the outcome record: retry, held or dead."""
        return {Again: "retry", Held: "held", Dead: "dead"}[type(self.decision)]


class FailureRouting:
    """Routes failed records by the configured tiers and policies."""

    def __init__(self, codec: Codec, settings: Settings) -> None:
        self._codec = codec
        self._env = settings.environment.value
        self._tiers: Sequence[timedelta] = settings.retry.delays()
        self._policies: Mapping[Reason, Policy] = settings.retry.policies()
        table = settings.topic_table()
        self._known = frozenset(topic.name for topic in table)
        self._retry_topics = frozenset(topics.retry(tier) for tier in self._tiers)

    def route(
        self, record: Record, *, destination: str, operation: str, reason: Reason, detail: str, now_ms: int,
        retry_after: float | None = None, waiting_for: str = "", target: str | None = None, behind: timedelta | None = None,
        job: str = "",
    ) -> Routed:  # fmt: skip
        """Decide and build the messages.

        target    the topic the record goes back to; None: where it was read from
        behind    the record has not failed: it waits behind a command of its key that is parked in this tier, or for a job; no try is counted
        job       the job at the destination it waits for, for example `feed:ID`
        """
        headers, problem = _headers(record, self._env)
        if problem:
            reason, detail, behind = Reason.DATA, f"{problem}; {detail}", None
        failure = self._failure(record, destination, target, reason, detail, waiting_for, now_ms, counts=behind is None)
        failure = replace(failure, job=job)
        policy = self._policies[reason]
        if behind is not None:
            decision: Decision = wait_behind(self._tiers, behind, now_ms)
        else:
            decision = decide(reason, failure.attempt, policy, self._tiers, now_ms, retry_after, streak=failure.streak)
        if behind is None and waiting_for:  # what would release it is known: no time mends it sooner than that
            decision = Held(f"{reason}: waits for {waiting_for}")
        if isinstance(decision, Held) and topics.held(destination) not in self._known:
            decision = Dead(f"{decision.why}; {destination} has no place to hold it")
        if isinstance(decision, Again):
            failure = replace(failure, due=decision.due_ms)
            return _told(record, Routed(decision, (self._again(record, headers, decision, failure),), failure))
        last = self._last(record, headers, decision, failure, operation, policy)
        return _told(record, Routed(decision, (last,), failure))

    def bury(
        self, record: Record, *, destination: str, reason: Reason, detail: str, now_ms: int, operation: str = "", target: str = "",
        with_value: bool = True,
    ) -> Routed:  # fmt: skip
        """Dead at once, whatever the policy says: for what cannot be carried on. No try is counted.

        `with_value` False leaves the value and long headers out: for a record so large that a failed_record with them would be refused.
        """
        kept = record if with_value else _shortened(record)
        headers, _ = _headers(kept, self._env)
        failure = self._failure(kept, destination, target, reason, detail, "", now_ms, counts=False)
        failure = replace(failure, target=target)
        decision = Dead(f"{reason}: cannot be carried on")
        last = self._last(kept, headers, decision, failure, operation, self._policies[reason])
        return _told(record, Routed(decision, (last,), failure))

    def _failure(
        self, record: Record, destination: str, target: str | None, reason: Reason, detail: str, waiting_for: str, now_ms: int,
        *, counts: bool,
    ) -> Failure:  # fmt: skip
        before = previous_failure(record.headers)
        back_to = target or (before.target if before and record.topic in self._retry_topics else record.topic)
        streak = before.streak if before and before.reason is reason else 0
        return Failure(
            destination=destination,
            target=back_to,
            reason=reason,
            detail=mask_text(detail)[:DETAIL_LIMIT_CHARACTERS],
            attempt=(before.attempt if before else 0) + counts,
            first_at=before.first_at if before else now_ms,
            last_at=now_ms,
            due=0,
            origin=before.origin if before else record.origin,
            waiting_for=waiting_for[:_WAITING_FOR_LIMIT_CHARACTERS],
            streak=streak + counts,
        )

    def _again(self, record: Record, headers: Headers, decision: Again, failure: Failure) -> Message:
        plain = without_failure(record.headers)
        added = encode_headers(headers, failure)[len(encode_headers(headers)) :]
        return Message(topics.retry(decision.tier), record.key, record.value, plain + added)

    def _last(
        self, record: Record, headers: Headers, decision: Held | Dead, failure: Failure, operation: str, policy: Policy
    ) -> Message:
        failed = self._failed_record(record, headers, decision, failure, operation, policy)
        value = self._codec.encode("failed_record", failed)
        if isinstance(decision, Held):
            return Message(
                topics.held(failure.destination),
                self._held_key(record, headers, failed),
                value,
                encode_headers(headers),
            )
        place = topics.dead(failure.destination)
        topic = place if place in self._known else topics.dead(HOMELESS)
        return Message(topic, record.key, value, encode_headers(headers))

    def _failed_record(
        self, record: Record, headers: Headers, decision: Held | Dead, failure: Failure, operation: str, policy: Policy
    ) -> FailedRecord:
        return FailedRecord(
            id=_failed_id(record, headers, failure),
            state="held" if isinstance(decision, Held) else "dead",
            destination=failure.destination,
            operation=operation,
            key=_text(record.key),
            target=failure.target,
            value=record.value,
            headers=dict(without_failure(record.headers)),
            reason=failure.reason.value,
            detail=failure.detail,
            severity=severity_of(policy, operation).value,
            owner=policy.owner.value,
            waiting_for=failure.waiting_for,
            attempts=failure.attempt,
            first_failure=_time(failure.first_at),
            last_failure=_time(failure.last_at),
            origin=failure.origin,
            version=headers.version,
            correlation=headers.correlation,
            traceparent=headers.traceparent,
            env=headers.env,
            replays=replays_of(record.headers),
            job=failure.job,
        )

    def _held_key(self, record: Record, headers: Headers, failed: FailedRecord) -> bytes:
        try:
            delivery: Mapping[str, Any] = self._codec.decode("deliver", record.value)
        except DecodeError:
            delivery = {}
        return held_key(failed["key"], failed["operation"], headers.id, is_state=delivery.get("kind") == "state")


def _failed_id(record: Record, headers: Headers, failure: Failure) -> str:
    """Of a delivery: of this very record. Of what cannot be mapped: of its content and replays, for every poll and restart meets it again."""
    if failure.destination == HOMELESS and headers.source != "unknown":
        return event_id("failed", f"{failure.destination}/{replays_of(record.headers)}", headers.id)
    return event_id("failed", f"{failure.destination}/{record.origin}", headers.id)


def held_key(key: str, operation: str, delivery_id: str, *, is_state: bool) -> bytes:
    """The Kafka key of a held record: what a newer one replaces in the compacted topic.

    A newer held state of the same key and operation replaces the older, which would be stale anyway. Commands happen once each, so each
    has a key of its own and none is lost to another.
    """
    return f"{key}|{operation if is_state else delivery_id}".encode()


def previous_failure(headers: RawHeaders) -> Failure | None:
    """The failure set a record carries; None when it has none, or none that can be read and believed."""
    try:
        found = decode_failure(headers)
    except ValueError:
        return None
    if found is None or not 0 <= found.first_at <= _LATEST_MS or not 0 <= found.attempt <= _MOST_ATTEMPTS:
        return None
    return found


def replays_of(headers: RawHeaders) -> int:
    """How often a person or a release has sent this record again, by its header `replays`."""
    text = dict(headers).get(REPLAYS, b"0")
    return int(text) if text.isdigit() and len(text) < 7 else 0


def sent_again(headers: RawHeaders) -> RawHeaders:
    """Headers for sending a dead or held record again: no failure set, `replays` one higher."""
    plain = tuple(item for item in without_failure(headers) if item[0] != REPLAYS)
    return (*plain, (REPLAYS, str(replays_of(headers) + 1).encode()))


def _told(record: Record, routed: Routed) -> Routed:
    """One log line for each failure, with the record's correlation id; one count for each that ends dead or held."""
    failure, is_last = routed.failure, not isinstance(routed.decision, Again)
    if is_last:
        PARKED.labels(routed.result, failure.destination, failure.reason.value).inc()
    with about(record.headers):
        logger.log(
            logging.INFO if is_last else logging.DEBUG,
            "record_failed result=%s destination=%s reason=%s attempt=%d origin=%s detail=%s",
            routed.result, failure.destination, failure.reason.value, failure.attempt, record.origin, failure.detail,
        )  # fmt: skip
    return routed


def _headers(record: Record, env: str) -> tuple[Headers, str]:
    """The record's headers, or what stands in for them and what is wrong with the real ones."""
    try:
        return decode_headers(record.headers), ""
    except ValueError as error:
        problem = str(error)
    content = checksum(record.value or b"")
    fallback = Headers(
        id=event_id("unreadable", _text(record.key), content),
        source="unknown",
        entity="unknown",
        version=0,
        checksum=content,
        correlation="",
        fetched=record.timestamp_ms,
        env=env,
    )
    return fallback, problem


def _shortened(record: Record) -> Record:
    short = tuple(item for item in record.headers if len(item[1]) <= _LONG_HEADER_BYTES)
    return replace(record, value=None, headers=short)


def _text(key: bytes | None) -> str:
    return (key or b"").decode(errors="replace")


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)

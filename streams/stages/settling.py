"""How a delivery is settled: its outcome -> the messages to write and what is known of its key from then on. Nothing is sent here, only counted.

applied, already applied, stale      an outcome event and the key's state
excluded                             an outcome event with its reason; of the key nothing new is known
submitted                            into the retry tier that fits, to ask how the job went; no try is counted
failed                               retry, held or dead, as `failure.policy` decides
behind an earlier command            into the same wait as that one, without an outcome of its own yet
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from connectors.kit.ports import Outcome, Result
from schemas.codec import Codec
from schemas.headers import decode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.topics import Lane
from streams.failure.policy import Again
from streams.failure.routing import FailureRouting
from streams.observe import metrics
from streams.observe.business import count_outcome
from streams.settings import Settings
from streams.stages.arrivals import Arrived
from streams.stages.batching import KeyView
from streams.stages.canonical import canonical_message
from streams.stages.follow_ups import about
from streams.stages.keystate import KeyTable
from streams.stages.outcomes import Verdict, outcome_message
from streams.stages.transform import Clock


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one arrived record. `view`: what is known of its key now, None = what was known."""

    item: Arrived
    messages: tuple[Message, ...]
    view: KeyView | None


class Settling:
    """Settles the deliveries of one lane of one destination."""

    def __init__(
        self, destination: str, lane: Lane, settings: Settings, codec: Codec, routing: FailureRouting, keys: KeyTable,
        now: Clock,
    ) -> None:  # fmt: skip
        self._destination, self._lane = destination, lane
        self._checksum_key = settings.checksum_key.get_secret_value().encode()
        self._shortest_wait = settings.retry.delays()[0]
        self._codec, self._routing, self._keys, self._now = codec, routing, keys, now

    def settle(self, item: Arrived, views: Mapping[str, KeyView], outcome: Outcome) -> Settled:
        """The end of one delivery, for now. `views`: key -> what is known before it."""
        view = views.get(item.delivery.key, KeyView())
        verdict = self._verdict(item, outcome)
        events = self._events(item, outcome)
        count_outcome(self._destination, item.delivery, item.failure, outcome, self._now())
        if outcome.result is Result.SUBMITTED:
            return self._wait_for_job(item, outcome, events, verdict, view)
        if not outcome.ok:
            return self._failed(item, outcome, events, verdict, view)
        self._count(item, verdict.result)
        told = outcome if outcome.result not in (Result.STALE, Result.EXCLUDED) else None
        after = self._keys.after(view, item.delivery, told, parked=False, now=self._now())
        if outcome.result is Result.STALE and item.delivery.is_command:
            after = replace(after, jobs=view.jobs)  # what a process that died was sending may have arrived all the same
        return self._settled(item, events, verdict, view, after)

    def wait_behind(self, item: Arrived) -> Settled:
        """A command behind an earlier one of its key: into the same wait, without an attempt."""
        routed = self._routing.route(
            item.record, destination=self._destination, operation=item.delivery.operation, reason=Reason.CONFLICT,
            detail="an earlier command of this key waits for its retry", now_ms=self._now_ms(), behind=self._shortest_wait,
        )  # fmt: skip
        return Settled(item, routed.messages, None)

    def unreadable(self, record: Record, reason: Reason, detail: str) -> list[Message]:
        """A record that cannot be handled as a delivery: its dead letter, and an outcome where its headers can be read."""
        routed = self._routing.route(
            record, destination=self._destination, operation="", reason=reason, detail=detail, now_ms=self._now_ms()
        )
        metrics.FAILED.labels(self._destination, "", reason.value).inc()
        try:
            headers = decode_headers(record.headers)
        except ValueError:
            return list(routed.messages)
        verdict = Verdict(
            self._destination, "", routed.result, reason.value, routed.failure.detail, lane=self._lane.value
        )
        return [*routed.messages, outcome_message(self._codec, record.key or b"", "", headers, verdict, self._now())]

    def _verdict(self, item: Arrived, outcome: Outcome) -> Verdict:
        attempt = item.failure.attempt + 1 if item.failure else 1
        why, notes = "", outcome.notes
        if outcome.result is Result.EXCLUDED:
            why, notes = next(iter(notes), ""), notes[1:]
        return Verdict(
            self._destination, item.delivery.operation, outcome.result.value, why, outcome.detail, outcome.remote_model,
            outcome.remote_id, attempt, self._lane.value, item.status, outcome.job, notes,
            about(item.delivery.operation, item.delivery.body),
        )  # fmt: skip

    def _events(self, item: Arrived, outcome: Outcome) -> tuple[Message, ...]:
        """What else the sink learned, as canonical records."""
        return tuple(
            canonical_message(self._codec, event, item.headers, self._checksum_key, is_ours=True)
            for event in outcome.events
        )

    def _wait_for_job(
        self, item: Arrived, outcome: Outcome, events: tuple[Message, ...], verdict: Verdict, view: KeyView
    ) -> Settled:
        """It comes back after the tier that fits, to ask how the job went. That is no failure: no try is counted."""
        self._count(item, verdict.result)
        routed = self._routing.route(
            item.record, destination=self._destination, operation=item.delivery.operation, reason=Reason.TRANSIENT,
            detail=f"waits for {outcome.job}", now_ms=self._now_ms(), behind=timedelta(seconds=outcome.retry_after or 0.0), job=outcome.job,
        )  # fmt: skip
        after = self._keys.after(view, item.delivery, None, parked=True, job=outcome.job, now=self._now())
        return self._settled(item, (*routed.messages, *events), verdict, view, after)

    def _failed(
        self, item: Arrived, outcome: Outcome, events: tuple[Message, ...], verdict: Verdict, view: KeyView
    ) -> Settled:
        reason = outcome.reason or Reason.BUG
        metrics.FAILED.labels(self._destination, item.delivery.operation, reason.value).inc()
        routed = self._routing.route(
            item.record, destination=self._destination, operation=item.delivery.operation, reason=reason,
            detail=outcome.detail, now_ms=self._now_ms(), retry_after=outcome.retry_after, waiting_for=outcome.waiting_for,
        )  # fmt: skip
        parked = isinstance(routed.decision, Again)
        self._count(item, routed.result)
        verdict = replace(verdict, result=routed.result, reason=reason.value, detail=routed.failure.detail)
        after = self._keys.after(
            view, item.delivery, None, parked, set_aside=not parked, job=outcome.job, now=self._now()
        )
        return self._settled(item, (*routed.messages, *events), verdict, view, after)

    def _settled(
        self, item: Arrived, messages: tuple[Message, ...], verdict: Verdict, before: KeyView, after: KeyView
    ) -> Settled:
        now = self._now()
        event = outcome_message(self._codec, item.record.key or b"", item.delivery.account, item.headers, verdict, now)
        if after == before:
            return Settled(item, (*messages, event), None)
        return Settled(item, (*messages, self._keys.message(item.delivery.key, after, now, before), event), after)

    def _count(self, item: Arrived, result: str) -> None:
        metrics.DELIVERED.labels(self._destination, item.delivery.operation, result).inc()
        if result == "applied" and item.headers.fetched:
            seconds = max(0.0, self._now().timestamp() - item.headers.fetched / 1000)
            metrics.LATENCY.labels(self._destination, item.delivery.operation).observe(seconds)

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)

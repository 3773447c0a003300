"""A page -> the messages that carry it. Pure: clock, ids and encoder are passed in; nothing is sent here.
A page that cannot be read carries nothing: the flow's cursor says that it fails (`cursors.failing`).

an entity            raw.<source>.<entity>s, payload byte for byte (ORD-2)
a problem            dead letter whose value is the raw record it would have been: replay brings it to newer mapping code
a refused command    dead letter whose value is the command itself: replay is a new try
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

from connectors.kit.ports import Fetched, Page, Problem
from schemas.checksum import checksum, event_id
from schemas.codec import Codec
from schemas.headers import Headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, RawHeaders, Record
from schemas.records import RawEvent
from streams.failure.routing import FailureRouting
from streams.poller.flows import FlowKey, Names

STAGE = "transform"  # whose dead letters take what never became a raw record
OPERATION = "poll"


def correlation_of(key: str) -> str:
    """The correlation id of an entity: the same for every state of it, whoever computes it. 32 hex digits."""
    return blake2b(f"correlation\x00{key}".encode(), digest_size=16).hexdigest()


def new_traceparent(random_bytes: Callable[[int], bytes]) -> str:
    """The beginning of a trace (W3C Trace Context, version 00, sampled)."""
    return f"00-{random_bytes(16).hex()}-{random_bytes(8).hex()}-01"


@dataclass(frozen=True, slots=True)
class Shaper:
    """Makes the messages of a poller. `random_bytes` answers that many; it makes trace ids."""

    names: Names
    codec: Codec
    routing: FailureRouting
    environment: str
    checksum_key: bytes
    random_bytes: Callable[[int], bytes]

    def page(self, flow: FlowKey, page: Page, lane: str, now: datetime) -> list[Message]:
        """Everything a page says, in its order; problems last."""
        items = [self.item(flow, item, page.request, lane, now) for item in page.items]
        return items + [self.problem(flow, problem, page.request, now) for problem in page.problems]

    def item(self, flow: FlowKey, item: Fetched, request: str, lane: str, now: datetime) -> Message:
        """One entity as received."""
        content = checksum(item.payload, self.checksum_key)
        headers = self._headers(flow, item.key, item.entity, content, now, version=item.version, lane=lane)
        event = RawEvent(
            source=flow.source,
            account=flow.account,
            entity=item.entity,
            key=item.key,
            payload=item.payload,
            content_type="application/json",
            fetched_at=now,
            checksum=content,
            correlation=headers.correlation,
            request=request,
        )
        topic = self.names.raw(flow.source, item.entity)
        return Message(topic, item.key.encode(), self.codec.encode("raw_event", event), encode_headers(headers))

    def problem(self, flow: FlowKey, problem: Problem, request: str, now: datetime) -> Message:
        """Something in a page that is no entity, kept whole."""
        entity = problem.entity or flow.flow.removesuffix("s")  # the flow `orders` reads entities `order`
        message = self.item(flow, Fetched(problem.key or str(flow), entity, problem.payload), request, "", now)
        return self._buried(message, Reason.DATA, problem.detail, now)

    def too_large(self, message: Message, detail: str, now: datetime) -> Message:
        """An entity the broker refuses: known by its key and headers, without the value."""
        return self._buried(message, Reason.DATA, detail, now, keeps_value=False)

    def refused(
        self,
        command: Record,
        flow: FlowKey | None,
        reason: Reason,
        detail: str,
        now: datetime,
        *,
        keeps_value: bool = True,
    ) -> Message:
        """A command that cannot be carried out; `keeps_value` False when it is too large to be kept."""
        return self._buried_record(command, reason, f"{flow or 'no flow'}: {detail}", now, keeps_value=keeps_value)

    def command(
        self, flow: FlowKey, command_id: str, action: str, now: datetime, *, since: datetime | None = None,
        ids: tuple[str, ...] = (), requested_by: str = "",
    ) -> Message:  # fmt: skip
        """A wish to the poller of that flow: poll_now, resync or fetch_ids."""
        value = {
            "id": command_id,
            "account": flow.owner,
            "flow": flow.flow,
            "action": action,
            "since": since,
            "ids": list(ids),
            "requested_by": requested_by,
            "at": now,
        }
        body = self.codec.encode("poll_command", value)
        headers = self._headers(flow, str(flow), "poll_command", checksum(body), now)
        return Message(
            self.names.commands, flow.encode(), body, encode_headers(replace(headers, id=command_id or headers.id))
        )

    def _headers(
        self, flow: FlowKey, key: str, entity: str, content: str, now: datetime, *, version: int = 0, lane: str = ""
    ) -> Headers:
        return Headers(
            id=event_id(flow.source, key, content),
            source=flow.source,
            entity=entity,
            version=version,
            checksum=content,
            correlation=correlation_of(key),
            fetched=milliseconds(now),
            env=self.environment,
            traceparent=new_traceparent(self.random_bytes),
            lane=lane,
        )

    def _buried(
        self, message: Message, reason: Reason, detail: str, now: datetime, *, keeps_value: bool = True
    ) -> Message:
        nowhere = -1  # it was never written to the topic it goes back to
        record = Record(message.topic, nowhere, nowhere, milliseconds(now), message.key, message.value, message.headers)
        return self._buried_record(record, reason, detail, now, keeps_value=keeps_value)

    def _buried_record(
        self, record: Record, reason: Reason, detail: str, now: datetime, *, keeps_value: bool = True
    ) -> Message:
        routed = self.routing.bury(
            record, destination=STAGE, reason=reason, detail=detail, now_ms=milliseconds(now), operation=OPERATION,
            target=record.topic if keeps_value else "", with_value=keeps_value,
        )  # fmt: skip
        return replace(routed.messages[0], topic=self.names.dead)


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds of an aware time."""
    return int(moment.astimezone(UTC).timestamp() * 1000)


def plain(headers: RawHeaders) -> dict[str, str]:
    """Headers as text, for logs and tests."""
    return {name: value.decode(errors="replace") for name, value in headers}

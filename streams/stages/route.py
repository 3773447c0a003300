"""orders, outcomes -> deliver.<destination>.<lane>: which destination, which operation, which lane. Rules first, the talking at the end.

    on `orders`      every canonical order                             -> odoo, upsert_order, critical (or the lane it was asked to keep to)
    on `outcomes`    an order that Odoo now holds and that the
                     marketplace still shows as created (FUL-1)        -> that marketplace, acknowledge_order, critical
    anything else    nothing follows

The body of a delivery of an order is the canonical record as it stands on `orders`, byte for byte.
"""

from __future__ import annotations

import logging
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from schemas.checksum import event_id
from schemas.codec import Codec, DecodeError
from schemas.headers import Headers, decode_headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import AcknowledgeOrder, Deliver, Outcome
from schemas.topics import DESTINATIONS, ORDERS, OUTCOMES, SOURCES, Lane, deliver
from streams.failure.routing import FailureRouting
from streams.observe import metrics
from streams.runtime import Chunk, Partition, StageContext, StageLimits
from streams.stages.last_resort import deliver_or_bury
from streams.stages.transform import Clock

logger = logging.getLogger(__name__)

STAGE = "route"
UPSERT_ORDER = "upsert_order"
ACKNOWLEDGE_ORDER = "acknowledge_order"
_HELD_BY_ODOO = ("applied", "already_applied")


def acknowledgement(outcome: Outcome, destinations: AbstractSet[str]) -> AcknowledgeOrder | None:
    """The acknowledgement that follows from an outcome, or None. `destinations`: who can be written to."""
    due = (
        outcome["destination"] == "odoo"
        and outcome["operation"] == UPSERT_ORDER
        and outcome["result"] in _HELD_BY_ODOO
        and outcome["status"] == "created"
        and outcome["source"] in destinations
    )
    if not due:
        return None
    return AcknowledgeOrder(
        key=outcome["key"],
        source=outcome["source"],
        account=outcome["account"],
        order_id=outcome["key"].rsplit(":", 1)[-1],
        remote_id=outcome["remote_id"],
        accepted_at=outcome["at"],
    )


def lane_of(headers: Headers) -> Lane:
    """Orders are critical, unless a resync asked for another lane."""
    return Lane(headers.lane) if headers.lane in set(Lane) else Lane.CRITICAL


class Router:
    """One record of `orders` or `outcomes` -> the deliveries that follow."""

    def __init__(
        self, codec: Codec, routing: FailureRouting, now: Clock, destinations: AbstractSet[str] | None = None
    ) -> None:
        self._codec = codec
        self.routing = routing
        self.now = now
        self._destinations = frozenset(DESTINATIONS if destinations is None else destinations)

    def messages(self, record: Record) -> list[Message]:
        """The deliveries; a record that cannot be read becomes a dead letter of this stage."""
        try:
            headers = decode_headers(record.headers)
            if record.topic == ORDERS:
                return [self._order(record, headers)]
            return self._follow_up(record, headers)
        except ValueError as error:  # DecodeError is one
            return self.failed(record, Reason.DATA, str(error))

    def failed(self, record: Record, reason: Reason, detail: str) -> list[Message]:
        """To the dead letters of this stage; replay brings it back to its topic."""
        now_ms = int(self.now().timestamp() * 1000)
        routed = self.routing.route(
            record, destination=STAGE, operation=STAGE, reason=reason, detail=detail, now_ms=now_ms, target=record.topic
        )
        return list(routed.messages)

    def _order(self, record: Record, headers: Headers) -> Message:
        if not record.key or not record.value:
            raise DecodeError("the order has no key or no value")
        source, account, _ = record.key.decode().split(":", 2)
        lane = lane_of(headers)
        return self._message(
            "odoo", UPSERT_ORDER, "state", lane, "order", record.value, record.key, account, source, headers
        )

    def _follow_up(self, record: Record, headers: Headers) -> list[Message]:
        outcome: Outcome = self._codec.decode("outcome", record.value)
        command = acknowledgement(outcome, self._destinations & set(SOURCES))
        if command is None:
            return []
        body = self._codec.encode("acknowledge_order", command)
        return [
            self._message(
                command["source"], ACKNOWLEDGE_ORDER, "command", Lane.CRITICAL, "acknowledge_order", body,
                record.key or b"", command["account"], "odoo", headers,
            )
        ]  # fmt: skip

    def _message(
        self, destination: str, operation: str, kind: str, lane: Lane, schema: str, body: bytes,
        key: bytes, account: str, source: str, headers: Headers,
    ) -> Message:  # fmt: skip
        text = key.decode()
        # A command happens once per key: its id does not depend on which version led to it.
        content = headers.checksum if kind == "state" else operation
        delivery = Deliver(
            id=event_id(f"{destination}/{operation}", text, content),
            destination=destination,
            operation=operation,
            kind=kind,
            lane=lane.value,
            source=source,
            account=account,
            key=text,
            version=headers.version,
            checksum=content if kind == "state" else event_id(destination, text, operation),
            correlation=headers.correlation,
            created_at=self.now(),
            schema=schema,
            body=body,
        )
        metrics.ROUTED.labels(destination=destination, operation=operation, lane=lane.value).inc()
        onward = Headers(
            delivery["id"], source, headers.entity if kind == "state" else operation, headers.version, delivery["checksum"],
            headers.correlation, headers.fetched, headers.env, headers.traceparent, headers.lane,
        )  # fmt: skip
        return Message(deliver(destination, lane), key, self._codec.encode("deliver", delivery), encode_headers(onward))


class RouteStage:
    """The stage: one consumer group over `orders` and `outcomes`."""

    name = "causeway.route"
    topics: tuple[str, ...] = (ORDERS, OUTCOMES)

    def __init__(self, router: Router, chunk_records: int) -> None:
        self.limits = StageLimits(chunk_records=chunk_records)
        self._router = router

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        self._producer = context.producer

    async def stop(self) -> None:
        """Nothing of our own to close."""

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """No state to restore."""

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """No state to drop."""

    async def process(self, chunk: Chunk) -> None:
        """Every delivery that follows from these records is acknowledged when this returns."""
        await self._producer.deliver([message for record in chunk.records for message in self._router.messages(record)])

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """What the broker refused, or a bug: dead letters."""
        for record in chunk.records:
            messages = self._router.failed(record, Reason.BUG, type(error).__name__)
            await deliver_or_bury(self._producer, messages, self._router.routing, record, STAGE, self._router.now())


def utc_now() -> datetime:
    """The clock of the running program."""
    return datetime.now(UTC)

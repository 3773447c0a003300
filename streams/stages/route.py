"""Canonical records, outcomes -> deliver.<destination>.<lane>: which destination, which operation, which lane. The talking; `rules` decides.

    a canonical record                                 -> the deliveries of `rules`
    an order                                           -> also what it asks of each SKU, on `demand` (INV-3)
    an outcome: Odoo holds an order that the
    marketplace still shows as created                 -> acknowledge_order to that marketplace (FUL-1)
    an outcome: the marketplace will not cancel        -> reopen_order in Odoo: the first phase is taken back (ORD-13)
    an outcome: no such item at the marketplace        -> the product is read again and listed (INV-4)
    the stage starts, with a flow switched on          -> what shadow kept of what marketplaces are told (OPS-7, see `catching_up`)
    an entry of the cross-reference of SKUs            -> what it touches is told anew (ORD-9, see `renamed`)

The body of a delivery is the canonical record as it stands on its topic, byte for byte, but for a SKU that the marketplace calls otherwise.
A flow that is off or in shadow (OPS-7) gives an outcome that says so, and in shadow the delivery is kept on `shadow.<destination>`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from schemas.checksum import event_id
from schemas.codec import Codec, DecodeError
from schemas.headers import Headers, decode_headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import Deliver, Order, Outcome
from schemas.topics import DEMAND, MAPPINGS, OUTCOMES, deliver, shadow
from streams.failure.routing import FailureRouting
from streams.observe import metrics
from streams.phases import SUPPLIER_FLOWS, Phase, Phases, Pilot, phase_of
from streams.runtime import Chunk, Partition, StageContext, StageLimits
from streams.stages import follow_ups
from streams.stages.catching_up import CatchingUp
from streams.stages.demand import demands
from streams.stages.last_resort import deliver_or_bury
from streams.stages.outcomes import Verdict, outcome_message
from streams.stages.renamed import Renaming
from streams.stages.rules import ENTITY_OF, Channel, Onward, follow
from streams.stages.skus import SAME, Skus
from streams.stages.transform import Clock

logger = logging.getLogger(__name__)

STAGE = "route"


@dataclass(frozen=True, slots=True)
class Switches:
    """Who can be written to, and how far each flow is switched on.

    destinations    systems that have a sink
    channels        configured accounts of marketplaces
    suppliers       those of suppliers' platforms
    """

    destinations: AbstractSet[str]
    channels: Sequence[Channel]
    phases: Phases = field(default_factory=dict)
    pilots: Mapping[str, Mapping[str, Pilot]] = field(default_factory=dict)
    suppliers: Sequence[Channel] = ()

    def phase(self, onward: Onward) -> Phase:
        """Of this very delivery: what lies outside the pilot scope stays in shadow."""
        source, account = onward.channel
        phase = phase_of(self.phases, source, account, onward.flow)
        pilot = self.pilots.get(source, {}).get(account.lower())
        if phase is Phase.ON and pilot and not pilot.covers(onward.skus, onward.category):
            return Phase.SHADOW
        return phase


Exclusion = Callable[[Order], str | None]


def _imported(order: Order) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Fact:
    """What a delivery is about: its record, in the words of the record's headers."""

    schema: str
    body: bytes
    source: str
    account: str
    headers: Headers


class Router:
    """One record -> the deliveries that follow. `exclusion`: why an order is not imported as it is now, None when it is (ORD-4)."""

    def __init__(
        self, codec: Codec, routing: FailureRouting, now: Clock, switches: Switches, skus: Skus = SAME,
        exclusion: Exclusion = _imported,
    ) -> None:  # fmt: skip
        self._codec = codec
        self.routing = routing
        self.now = now
        self.switches = switches
        self.skus = skus
        self._exclusion = exclusion

    def messages(self, record: Record) -> list[Message]:
        """The deliveries; a record that cannot be read becomes a dead letter of this stage."""
        try:
            headers = decode_headers(record.headers)
            if record.topic == OUTCOMES:
                return self._follow_up(headers, self._codec.decode("outcome", record.value))
            return self.canonical(record, headers, ENTITY_OF[record.topic])
        except ValueError as error:  # DecodeError is one
            return self.failed(record, Reason.DATA, str(error))

    def failed(self, record: Record, reason: Reason, detail: str) -> list[Message]:
        """To the dead letters of this stage; replay brings it back to its topic."""
        now_ms = int(self.now().timestamp() * 1000)
        routed = self.routing.route(
            record, destination=STAGE, operation=STAGE, reason=reason, detail=detail, now_ms=now_ms, target=record.topic
        )
        return list(routed.messages)

    def canonical(self, record: Record, headers: Headers, entity: str, least_ms: int = 0) -> list[Message]:
        """The deliveries of a canonical record, of this version at least where they tell of a SKU. Raises ValueError for one that cannot be
        read."""
        if not record.key or not record.value:
            raise DecodeError(f"the {entity} has no key or no value")
        body = self._codec.decode(entity, record.value)
        messages: list[Message] = []
        excluded = self._exclusion(body) or "" if entity == "order" else ""
        for made in follow(entity, body, self.switches.channels, headers.lane, self.skus, self.switches.suppliers):
            onward = replace(made, least_ms=max(made.least_ms, least_ms), excluded=made.excluded or excluded)
            value = self._named(entity, body, onward) or record.value
            fact = Fact(entity, value, _told_by(onward, headers), onward.channel[1], headers)
            messages += self.switched(onward, fact, body.get("status", ""))
        if entity == "order":
            messages += [self._demand(demand, headers) for demand in demands(body, headers, self.skus)]
        return messages

    def _named(self, entity: str, body: Any, onward: Onward) -> bytes:
        """The record in the channel's own words, empty where they are Odoo's."""
        if not onward.name or onward.name == body["sku"]:
            return b""
        words = {"sku": onward.name} if entity == "product" else {"sku": onward.name, "key": onward.key}
        return self._codec.encode(entity, {**body, **words})

    def _demand(self, demand: Any, headers: Headers) -> Message:
        said = f"{headers.id}|{demand['external']}" if demand["external"] != demand["sku"] else headers.id
        onward = replace(headers, id=event_id("demand", demand["key"], said), entity="demand")
        return Message(DEMAND, demand["key"].encode(), self._codec.encode("demand", demand), encode_headers(onward))

    def _follow_up(self, headers: Headers, outcome: Outcome) -> list[Message]:
        messages: list[Message] = []
        for made in follow_ups.deliveries(outcome, self.switches.destinations):
            fact = Fact(
                made.schema, self._codec.encode(made.schema, made.body), made.source, outcome["account"], headers
            )
            messages += self.switched(made.onward, fact, outcome["status"])
        wish = follow_ups.product_wanted(outcome, self.now(), self.skus)
        if wish is not None:
            value = self._codec.encode("poll_command", wish.body)
            asked = replace(headers, id=wish.body["id"], entity="poll_command", lane="")
            messages.append(Message(wish.topic, wish.key, value, encode_headers(asked)))
        return messages

    def told(self, onward: Onward, schema: str, value: bytes, headers: Headers) -> list[Message]:
        """A delivery that follows from no record of a topic."""
        return self.switched(onward, Fact(schema, value, headers.source, onward.channel[1], headers), "")

    def switched(self, onward: Onward, fact: Fact, status: str) -> list[Message]:
        """The delivery as far as its flow is switched on."""
        if onward.destination not in self.switches.destinations:
            return []
        phase = Phase.OFF if onward.excluded else self.switches.phase(onward)
        topic = deliver(onward.destination, onward.lane) if phase is Phase.ON else shadow(onward.destination)
        made = self._delivery(onward, fact, topic)
        if phase is Phase.ON:
            metrics.ROUTED.labels(onward.destination, onward.operation, onward.lane.value).inc()
            return [made]
        result, reason = ("shadow", "") if phase is Phase.SHADOW else ("excluded", onward.excluded or "phase_off")
        verdict = Verdict(onward.destination, onward.operation, result, reason, lane=onward.lane.value, status=status)
        headers = decode_headers(made.headers)
        ended = outcome_message(self._codec, onward.key.encode(), fact.account, headers, verdict, self.now())
        if phase is Phase.OFF:
            return [ended]
        # Of states the newest is enough; commands happen once each, so none may replace another.
        apart = f"|{headers.id}" if onward.is_command else ""
        return [replace(made, key=f"{onward.key}|{onward.operation}{apart}".encode()), ended]

    def _delivery(self, onward: Onward, fact: Fact, topic: str) -> Message:
        # Who made an entry may have a clock that is ahead: what follows must not be taken for older than that.
        least_ms = min(onward.least_ms, int(self.now().timestamp() * 1000))
        headers = replace(fact.headers, version=max(fact.headers.version, least_ms))
        if (
            onward.is_command
        ):  # happens once for the fact that led to it, whichever state of other things brought it here
            said = onward.operation if fact.schema == "acknowledge_order" else headers.id
            content = event_id(onward.destination, onward.key, said)
            entity = onward.operation
        else:
            said = content = headers.checksum
            entity = headers.entity
        delivery = Deliver(
            id=event_id(f"{onward.destination}/{onward.operation}", onward.key, said),
            destination=onward.destination,
            operation=onward.operation,
            kind="command" if onward.is_command else "state",
            lane=onward.lane.value,
            source=fact.source,
            account=fact.account,
            key=onward.key,
            version=headers.version,
            checksum=content,
            correlation=headers.correlation,
            created_at=self.now(),
            schema=fact.schema,
            body=fact.body,
        )
        sent = Headers(
            delivery["id"], fact.source, entity, headers.version, content, headers.correlation, headers.fetched, headers.env,
            headers.traceparent, headers.lane,
        )  # fmt: skip
        return Message(topic, onward.key.encode(), self._codec.encode("deliver", delivery), encode_headers(sent))


def _told_by(onward: Onward, headers: Headers) -> str:
    """Whose word a delivery is. What became of a purchase is the platform's, although a purchase order of Odoo's led to it."""
    return onward.channel[0] if onward.destination == "odoo" and onward.flow in SUPPLIER_FLOWS else headers.source


class RouteStage:
    """The stage: one consumer group over the canonical topics and `outcomes`."""

    name = "causeway.route"
    topics: tuple[str, ...] = (*ENTITY_OF, OUTCOMES, MAPPINGS)

    def __init__(
        self,
        router: Router,
        chunk_records: int,
        renaming: Renaming | None = None,
        catching_up: CatchingUp | None = None,
    ) -> None:
        self.limits = StageLimits(chunk_records=chunk_records)
        self._router = router
        self._renaming = renaming
        self._catching_up = catching_up

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        self._producer = context.producer

    async def stop(self) -> None:
        """Nothing of our own to close."""

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """No state to restore. Of shadow this worker looks after the partitions that have the numbers of its outcomes."""
        numbers = sorted(one.partition for one in partitions if one.topic == OUTCOMES)
        if self._catching_up is not None and numbers:
            released = await asyncio.to_thread(self._catching_up.released, numbers)
            await self._producer.deliver(released.deliveries)
            await self._producer.deliver(released.ends)

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """No state to drop."""

    async def process(self, chunk: Chunk) -> None:
        """Every delivery that follows from these records is acknowledged when this returns."""
        if chunk.topic == MAPPINGS:
            await self._producer.deliver(await self._renaming.messages(chunk.records) if self._renaming else [])
            return
        await self._producer.deliver([message for record in chunk.records for message in self._router.messages(record)])

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """What the broker refused, or a bug: dead letters."""
        for record in chunk.records:
            messages = self._router.failed(record, Reason.BUG, type(error).__name__)
            await deliver_or_bury(self._producer, messages, self._router.routing, record, STAGE, self._router.now())


def utc_now() -> datetime:
    """The clock of the running program."""
    return datetime.now(UTC)

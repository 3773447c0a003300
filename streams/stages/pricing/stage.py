"""prices, approvals -> price-offers: one consumer group; what is known of each SKU is restored from `price.ledger`.

A price that cannot be made because a rate or a pricelist is missing is held (`held.pricing`, one record for each SKU) and comes back when it
is there (see `waiting`); a newer price that can be made ends the waiting. An older price that comes back late changes nothing.

What follows from a chunk is acknowledged first, its ledgers after that. A repeat after a crash finds the ledger as it was, and says the same
again with a newer version, which destinations take as already applied. The other way round it would find everything told.

A sale that ends while another waits for its time changes the price without any record: `turning` says when, a task of the stage looks at it then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from connectors.kit.ports import Canonical
from schemas.checksum import event_id
from schemas.codec import Codec, DecodeError
from schemas.headers import Headers, decode_headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import Approval, Price, PriceLedger
from schemas.topics import APPROVALS, ENTITIES, PRICE_LEDGER, held
from streams.failure.routing import FailureRouting, held_key
from streams.kafka import read_to_end
from streams.runtime import Chunk, Partition, StageContext, StageLimits
from streams.settings import Settings
from streams.stages.canonical import canonical_message
from streams.stages.last_resort import deliver_or_bury
from streams.stages.pricing import ledger as book
from streams.stages.pricing.ledger import Step
from streams.stages.pricing.turning import Calendar
from streams.stages.rules import Channel
from streams.stages.transform import Clock

logger = logging.getLogger(__name__)

STAGE = "pricing"
PRICES = ENTITIES["price"].every


class PricingStage:
    """The stage. `channels`: the marketplaces' accounts that prices are made for."""

    name = "causeway.pricing"
    topics: tuple[str, ...] = (PRICES, APPROVALS)

    def __init__(
        self, settings: Settings, codec: Codec, routing: FailureRouting, channels: Sequence[Channel], now: Clock
    ) -> None:
        self.limits = StageLimits(chunk_records=settings.stage.chunk_records)
        self._settings = settings
        self._codec = codec
        self._routing = routing
        self._channels = channels
        self._now = now
        self._checksum_key = settings.checksum_key.get_secret_value().encode()
        self._books: dict[int, dict[str, PriceLedger]] = {}
        self._lock = asyncio.Lock()
        self._calendar = Calendar(settings.pricing, channels, now, self.turn)

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        self._producer = context.producer
        self._calendar.start()

    async def stop(self) -> None:
        """Look at no calendar any more."""
        await self._calendar.stop()

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """Remember what is known of the SKUs of these partitions; both topics and the ledger have the same partition of a SKU."""
        numbers = {partition.partition for partition in partitions} - set(self._books)
        if not numbers:
            return
        config = self._settings.kafka.librdkafka()
        records = await asyncio.to_thread(lambda: list(read_to_end(config, [PRICE_LEDGER], partitions=numbers)))
        async with self._lock:
            for number in numbers:
                self._books[number] = {}
            for record in records:
                self._learn(record)
            for number in () if self._calendar.is_empty else numbers:
                for ledger in self._books[number].values():
                    if ledger["price"]:
                        self._calendar.put(number, self._codec.decode("price", ledger["price"]))

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """Forget them: another worker may change them."""
        async with self._lock:
            for partition in partitions:
                self._books.pop(partition.partition, None)
                self._calendar.drop(partition.partition)

    async def process(self, chunk: Chunk) -> None:
        """Every offer, proposal and ledger that follows is acknowledged when this returns."""
        async with self._lock:
            known = self._books.setdefault(chunk.partition, {})
            changed: dict[str, PriceLedger] = {}
            messages: list[Message] = []
            for record in chunk.records:
                messages += self._messages(record, known, changed)
            await self._keep(chunk.partition, messages, changed)

    async def turn(self) -> int:
        """Look again at prices whose calendar has come to a turn. Returns how many. Raises what the broker raised."""
        count = 0
        async with self._lock:
            for partition, keys in self._calendar.due().items():
                changed: dict[str, PriceLedger] = {}
                messages: list[Message] = []
                known = self._books.get(partition, {})
                # A price whose chunk was refused is in the calendar, and in no book.
                prices: list[Price] = [self._codec.decode("price", known[key]["price"]) for key in keys if key in known]
                for price in prices:
                    messages += self._turned(known[price["key"]], price, changed)
                await self._keep(partition, messages, changed)
                for price in prices:
                    self._calendar.put(partition, price)
                count += len(prices)
        return count

    def _turned(self, ledger: PriceLedger, price: Price, changed: dict[str, PriceLedger]) -> list[Message]:
        encoded = ledger["price"] or b""
        key, version = ledger["key"], price["version"]
        id_ = event_id("price turn", key, self._now().isoformat())
        cause = Headers(id_, "odoo", "price", version, "", key, 0, self._settings.environment)
        record = Record(PRICES, 0, -1, 0, key.encode(), encoded, encode_headers(cause))
        step = book.priced(ledger, price, encoded, self._settings.pricing, self._channels, self._now())
        return self._follows(record, cause, step, changed)

    async def _keep(self, partition: int, messages: Sequence[Message], changed: Mapping[str, PriceLedger]) -> None:
        ledgers = [
            Message(PRICE_LEDGER, key.encode(), self._codec.encode("price_ledger", made))
            for key, made in changed.items()
        ]
        await self._producer.deliver(messages)
        await self._producer.deliver(ledgers)
        self._books.setdefault(partition, {}).update(changed)

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """What the broker refused, or a bug: dead letters."""
        for record in chunk.records:
            messages = self._dead(record, Reason.BUG, type(error).__name__)
            await deliver_or_bury(self._producer, messages, self._routing, record, STAGE, self._now())

    def _messages(
        self, record: Record, known: dict[str, PriceLedger], changed: dict[str, PriceLedger]
    ) -> list[Message]:
        try:
            headers = decode_headers(record.headers)
            self._check_environment(headers)
            step = self._step(record, headers, known, changed)
        except ValueError as error:  # DecodeError is one
            return self._dead(record, Reason.DATA, str(error))
        if step is None:
            return []
        return self._follows(record, headers, step, changed)

    def _follows(self, record: Record, headers: Headers, step: Step, changed: dict[str, PriceLedger]) -> list[Message]:
        changed[step.ledger["key"]] = step.ledger
        made = [self._offer(offer, headers) for offer in step.offers]
        made += [self._proposal(approval, headers) for approval in step.approvals]
        made += self._problems(record, step)
        if step.freed and not step.waiting:
            made.append(Message(held(STAGE), _held_key(step.ledger["key"]), None))
        return made

    def _problems(self, record: Record, step: Step) -> list[Message]:
        """One held record for all that waits; a dead letter for each other channel."""
        told = {channel: f"{channel[0]}, {channel[1]}: {problem}" for channel, problem in step.problems.items()}
        made: list[Message] = []
        for channel, problem in step.problems.items():
            if not problem.waiting_for:
                made += self._dead(record, problem.reason, told[channel])
        if step.waiting:
            details = "; ".join(told[channel] for channel, problem in step.problems.items() if problem.waiting_for)
            key = step.ledger["key"] if record.topic == PRICES else None
            made += self._held(record, details, step.waiting, key)
        return made

    def _held(self, record: Record, detail: str, waiting_for: str, key: str | None) -> list[Message]:
        """`key`: of what a newer one replaces; None = it is an answer of a person, which nothing replaces."""
        routed = self._route(record, Reason.MAPPING, detail, waiting_for)
        return [
            replace(message, key=_held_key(key)) if key and message.topic == held(STAGE) else message
            for message in routed
        ]

    def _check_environment(self, headers: Headers) -> None:
        if headers.env != self._settings.environment:
            raise ValueError(f"the record is of environment {headers.env}, not of {self._settings.environment}")

    def _step(
        self, record: Record, headers: Headers, known: dict[str, PriceLedger], changed: dict[str, PriceLedger]
    ) -> Step | None:
        now, rules = self._now(), self._settings.pricing
        if record.topic == PRICES:
            price: Price = self._codec.decode("price", record.value)
            before = changed.get(price["key"]) or known.get(price["key"]) or book.empty(price["sku"], now)
            if self._is_older(price, before):
                return None
            self._calendar.put(record.partition, price)
            return book.priced(
                before, price, record.value or b"", rules, self._channels, now, asked_again=bool(headers.lane)
            )
        answer: Approval = self._codec.decode("approval", record.value)
        ledger = changed.get(answer["key"]) or known.get(answer["key"])
        if answer["state"] not in (book.APPROVED, book.REJECTED) or ledger is None:
            return None  # our own proposals, read back
        newest: Price | None = self._codec.decode("price", ledger["price"]) if ledger["price"] else None
        return book.answered(ledger, answer, newest, rules, now)

    def _is_older(self, price: Price, known: PriceLedger) -> bool:
        """A held price that is released may meet a newer one (INV-5 of prices)."""
        return known["price"] is not None and price["version"] < self._codec.decode("price", known["price"])["version"]

    def _offer(self, offer: object, cause: Headers) -> Message:
        body = dict(offer)  # type: ignore[call-overload] # a TypedDict
        made = Canonical("price_offer", body["key"], body["version"], body)
        return canonical_message(self._codec, made, cause, self._checksum_key, is_ours=True)

    def _proposal(self, approval: Approval, cause: Headers) -> Message:
        headers = replace(
            cause, id=event_id("approval", approval["proposal"], approval["state"]), entity="approval", lane=""
        )
        return Message(
            APPROVALS, approval["key"].encode(), self._codec.encode("approval", approval), encode_headers(headers)
        )

    def _dead(self, record: Record, reason: Reason, detail: str) -> list[Message]:
        return self._route(record, reason, detail)

    def _route(self, record: Record, reason: Reason, detail: str, waiting_for: str = "") -> list[Message]:
        routed = self._routing.route(
            record, destination=STAGE, operation=STAGE, reason=reason, detail=detail,
            now_ms=int(self._now().timestamp() * 1000), target=record.topic, waiting_for=waiting_for,
        )  # fmt: skip
        return list(routed.messages)

    def _learn(self, record: Record) -> None:
        if record.key is None or record.value is None:
            return
        try:
            self._books[record.partition][record.key.decode()] = self._codec.decode("price_ledger", record.value)
        except (DecodeError, UnicodeDecodeError):
            logger.warning("price_ledger_unreadable origin=%s", record.origin)


def _held_key(key: str) -> bytes:
    """As `routing.held_key` of a state."""
    return held_key(key, STAGE, "", is_state=True)

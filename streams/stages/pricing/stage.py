"""prices, approvals -> price-offers: one consumer group; what is known of each SKU is restored from `price.ledger`.

A price that cannot be made because a rate or a pricelist is missing is held (`held.pricing`, one record for each SKU) and comes back when it
is there (see `waiting`); a newer price that can be made ends the waiting. An older price that comes back late changes nothing.

How it folds, restores and repeats: `ledger_stage`.

A sale that ends while another waits for its time changes the price without any record: `turning` says when, a task of the stage looks at it then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.kit.ports import Canonical
from schemas.checksum import event_id
from schemas.codec import Codec
from schemas.headers import Headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import Approval, Price, PriceLedger
from schemas.topics import APPROVALS, ENTITIES, PRICE_LEDGER, held
from streams.failure.routing import FailureRouting, held_key
from streams.runtime import StageContext
from streams.settings import Settings
from streams.stages.canonical import canonical_message
from streams.stages.ledger_stage import LedgerStage
from streams.stages.ledgers import Draft
from streams.stages.pricing import ledger as book
from streams.stages.pricing.ledger import Step
from streams.stages.pricing.turning import Calendar
from streams.stages.rules import Channel
from streams.stages.transform import Clock

STAGE = "pricing"
PRICES = ENTITIES["price"].every


class PricingStage(LedgerStage[PriceLedger]):
    """The stage. `channels`: the marketplaces' accounts that prices are made for."""

    name = "causeway.pricing"
    topics = (PRICES, APPROVALS)
    stage, schema, ledger = STAGE, "price_ledger", PRICE_LEDGER

    def __init__(
        self, settings: Settings, codec: Codec, routing: FailureRouting, channels: Sequence[Channel], now: Clock
    ) -> None:
        super().__init__(settings, codec, routing, now)
        self._channels = channels
        self._calendar = Calendar(settings.pricing, channels, now, self.turn)

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        await super().start(context)
        self._calendar.start()

    async def stop(self) -> None:
        """Look at no calendar any more."""
        await self._calendar.stop()

    def _restored(self, partition: int) -> None:
        for ledger in () if self._calendar.is_empty else self._books.each(partition):
            if ledger["price"]:
                self._calendar.put(partition, self._codec.decode("price", ledger["price"]))

    def _dropped(self, partition: int) -> None:
        self._calendar.drop(partition)

    async def turn(self) -> int:
        """Look again at prices whose calendar has come to a turn. Returns how many. Raises what the broker raised."""
        count = 0
        async with self._lock:
            for partition, keys in self._calendar.due().items():
                books = self._books.draft(partition)
                messages: list[Message] = []
                # A price whose chunk was refused is in the calendar, and in no book.
                prices: list[Price] = [self._codec.decode("price", books[key]["price"]) for key in keys if key in books]
                for price in prices:
                    messages += self._turned(price, books)
                await self._keep(messages, books)
                for price in prices:
                    self._calendar.put(partition, price)
                count += len(prices)
        return count

    def _turned(self, price: Price, books: Draft[PriceLedger]) -> list[Message]:
        key, version = price["key"], price["version"]
        ledger = books[key]
        encoded = ledger["price"] or b""
        id_ = event_id("price turn", key, self._now().isoformat())
        cause = Headers(id_, "odoo", "price", version, "", key, 0, self._settings.environment)
        record = Record(PRICES, 0, -1, 0, key.encode(), encoded, encode_headers(cause))
        step = book.priced(ledger, price, encoded, self._settings.pricing, self._channels, self._now())
        return self._follows(record, cause, step, books)

    def _taken(self, record: Record, headers: Headers, books: Draft[PriceLedger]) -> list[Message]:
        step = self._step(record, headers, books)
        return [] if step is None else self._follows(record, headers, step, books)

    def _follows(self, record: Record, headers: Headers, step: Step, books: Draft[PriceLedger]) -> list[Message]:
        books.put(step.ledger["key"], step.ledger)
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
                made += self._route(record, problem.reason, told[channel])
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

    def _step(self, record: Record, headers: Headers, books: Draft[PriceLedger]) -> Step | None:
        now, rules = self._now(), self._settings.pricing
        if record.topic == PRICES:
            price: Price = self._codec.decode("price", record.value)
            before = books.get(price["key"]) or book.empty(price["sku"], now)
            if self._is_older(price, before):
                return None
            self._calendar.put(record.partition, price)
            return book.priced(
                before, price, record.value or b"", rules, self._channels, now, asked_again=bool(headers.lane)
            )
        answer: Approval = self._codec.decode("approval", record.value)
        ledger = books.get(answer["key"])
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


def _held_key(key: str) -> bytes:
    """As `routing.held_key` of a state."""
    return held_key(key, STAGE, "", is_state=True)

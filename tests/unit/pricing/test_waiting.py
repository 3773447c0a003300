"""PRC-1, PRC-2: a price that lacks a rate or a pricelist is held, and goes on by itself when it is there. Nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from schemas.headers import Headers, encode_headers
from schemas.record import Message, Record
from schemas.records import Price
from schemas.topics import APPROVALS
from streams.failure.heldbook import Book, Held, original, tombstone
from streams.failure.routing import FailureRouting, sent_again
from streams.pricing_settings import ChannelPricing, PricingSettings
from streams.runtime import Chunk, Progress, StageContext
from streams.settings import Settings
from streams.stages.pricing.stage import PRICES, PricingStage
from streams.stages.pricing.waiting import Wants
from tests.unit.failure.samples import codec
from tests.unit.pricing.test_offered import NOW, entry, price

CODEC = codec()
MAIN, OTHER = ("walmart", "main"), ("walmart", "other")
RATE = {"EUR/USD": Decimal("1.10")}


class Bench:
    """The stage; what it says is kept, and what it holds is followed as the release worker does."""

    def __init__(self, channels: Sequence[tuple[str, str]] = (MAIN,)) -> None:
        self.channels = channels
        self.said: list[Message] = []
        self.held = Book(lambda value: dict(CODEC.decode("failed_record", value)))
        self.offset = 0
        self.start(PricingSettings())

    def start(self, pricing: PricingSettings) -> None:
        """Another configuration, and a process that knows what the one before wrote."""
        self.settings = Settings(pricing=pricing)
        stage = PricingStage(self.settings, CODEC, FailureRouting(CODEC, self.settings), self.channels, lambda: NOW)
        stage._producer = StageContext(self, Progress()).producer  # type: ignore[arg-type] # what stages use of it
        stage._books.open(0)
        for number, message in enumerate(self.on("price.ledger")):
            stage._books.learn(Record("price.ledger", 0, number, 0, message.key, message.value, message.headers))
        self.stage = stage

    async def deliver(self, messages: Sequence[Message]) -> None:
        self.said += messages
        for message in messages:
            if message.topic == "held.pricing":
                self.offset += 1
                self.held.apply(Record("held.pricing", 0, self.offset, 0, message.key, message.value, message.headers))

    def on(self, topic: str) -> list[Message]:
        return [message for message in self.said if message.topic == topic]

    async def take(self, topic: str, key: bytes | None, value: bytes | None, headers: Any) -> None:
        self.offset += 1
        await self.stage.process(Chunk(topic, 0, (Record(topic, 0, self.offset, 0, key, value, headers),)))

    async def priced(self, made: Price) -> None:
        headers = Headers(f"id-{made['version']}", "odoo", "price", made["version"], "c", "corr", 1, "sandbox")
        await self.take(PRICES, made["key"].encode(), CODEC.encode("price", made), encode_headers(headers))

    async def release(self) -> list[str]:
        """What the release worker does: ask, send back, end. Returns what was there."""
        found = self.held.releasable(4e9, 0)
        there = await Wants(self.settings.pricing).resolve([word for _, word in found])
        for items in [items for (_, word), items in found.items() if word in there]:
            for item in items:
                await self._back(item)
        return there

    async def _back(self, item: Held) -> None:
        sent = original(item.failed, sent_again)
        await self.take(sent.topic, sent.key, sent.value, sent.headers)
        await self.deliver([tombstone(item)])

    def asks(self) -> list[str]:
        return [CODEC.decode("price_offer", m.value)["price"]["amount"] for m in self.on("price-offers")]

    def waits(self) -> list[str]:
        return [item.waiting_for for item in self.held.all()]


async def test_a_missing_rate_holds_the_price_until_it_is_configured() -> None:
    bench = Bench()
    await bench.priced(price("10.00", "EUR"))
    assert bench.waits() == ["rate:walmart:main:EUR/USD"]
    assert not bench.on("dead.pricing")
    assert await bench.release() == []
    bench.start(PricingSettings(rates=RATE))
    assert await bench.release() == ["rate:walmart:main:EUR/USD"]
    assert bench.asks() == ["11.00"]
    assert bench.waits() == []


async def test_a_missing_pricelist_holds_the_price_until_another_is_configured() -> None:
    bench = Bench()
    bench.start(PricingSettings(default=ChannelPricing(pricelist="Wallmart")))
    await bench.priced(price(pricelists=[entry("8.50")]))
    assert bench.waits() == ["pricelist:walmart:main:Wallmart"]
    bench.start(PricingSettings(default=ChannelPricing(pricelist="Walmart")))
    await bench.release()
    assert (bench.asks(), bench.waits()) == (["8.50"], [])


@pytest.mark.parametrize("newer", [
    price("12.00", "USD", version=2), price("12.00", "USD", version=2, active=False), price("-1", "USD", version=2),
])  # fmt: skip
async def test_a_newer_price_that_does_without_ends_the_waiting(newer: Price) -> None:
    """Made, sold no more, or wrong for another reason: what was held is released by nobody, for an older price must not come back."""
    bench = Bench()
    await bench.priced(price("10.00", "EUR"))
    await bench.priced(newer)
    assert bench.waits() == []
    dead = [CODEC.decode("failed_record", message.value)["reason"] for message in bench.on("dead.pricing")]
    assert dead == (["data"] if newer["list_price"]["amount"] == "-1" else [])


async def test_of_several_prices_that_wait_the_newest_is_kept() -> None:
    bench = Bench()
    await bench.priced(price("10.00", "EUR"))
    await bench.priced(price("20.00", "EUR", version=2))
    assert len(bench.waits()) == 1
    bench.start(PricingSettings(rates=RATE))
    await bench.release()
    assert bench.asks() == ["22.00"]


async def test_an_older_price_that_comes_back_late_changes_nothing() -> None:
    """Released just before the newer one was worked out."""
    bench = Bench()
    await bench.priced(price("10.00", "EUR"))
    (late,) = bench.held.all()
    await bench.priced(price("12.00", "USD", version=2))
    bench.start(PricingSettings(rates=RATE))
    await bench._back(late)
    assert bench.asks() == ["12.00"]


async def test_channels_that_lack_nothing_are_told_and_the_others_wait_together() -> None:
    rules = {"walmart": {"main": ChannelPricing(currency="EUR")}}
    bench = Bench((MAIN, OTHER))
    bench.start(PricingSettings(channels=rules))
    await bench.priced(price("10.00", "EUR"))
    assert (bench.asks(), bench.waits()) == (["10.00"], ["rate:walmart:other:EUR/USD"])
    bench.start(PricingSettings(channels=rules, rates=RATE))
    await bench.release()
    assert (bench.asks(), bench.waits()) == (["10.00", "11.00"], [])


async def test_what_still_lacks_something_after_its_release_waits_for_that() -> None:
    rules = {"walmart": {"other": ChannelPricing(pricelist="Nowhere")}}
    bench = Bench((MAIN, OTHER))
    bench.start(PricingSettings(channels=rules))
    await bench.priced(price("10.00", "EUR"))
    bench.start(PricingSettings(channels=rules, rates=RATE))
    await bench.release()
    assert (bench.asks(), bench.waits()) == (["11.00"], ["pricelist:walmart:other:Nowhere"])


async def test_an_approval_of_a_price_that_cannot_be_made_any_more_waits_too() -> None:
    """What a person said is not lost."""
    bench = Bench()
    bench.start(PricingSettings(rates=RATE))
    await bench.priced(price("10.00", "EUR"))
    await bench.priced(price("20.00", "EUR", version=2))
    (proposed,) = [CODEC.decode("approval", message.value) for message in bench.on(APPROVALS)]
    bench.start(PricingSettings())
    said = encode_headers(Headers("id-a", "person", "approval", 0, "c", "corr", 1, "sandbox"))
    answer = proposed | {"state": "approved", "actor": "ann"}
    await bench.take(APPROVALS, answer["key"].encode(), CODEC.encode("approval", answer), said)
    assert bench.waits() == ["rate:walmart:main:EUR/USD"]
    bench.start(PricingSettings(rates=RATE))
    await bench.release()
    assert (bench.asks(), bench.waits()) == (["11.00", "22.00"], [])


@pytest.mark.parametrize(("word", "there"), [
    ("rate:walmart:main:EUR/USD", True), ("rate:walmart:main:GBP/USD", False), ("rate:walmart:main:USD/CAD", True),
    ("pricelist:walmart:main:Gone", True), ("pricelist:walmart:main:Walmart", False), ("rate:EUR/USD", False), ("order:x:y:z", False),
])  # fmt: skip
async def test_what_settings_answer(word: str, there: bool) -> None:
    """The account asks in USD now and goes by the pricelist Walmart."""
    wants = Wants(PricingSettings(default=ChannelPricing(pricelist="Walmart"), rates=RATE))
    assert await wants.resolve([word]) == ([word] if there else [])

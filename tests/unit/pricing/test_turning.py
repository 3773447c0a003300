"""Prices that change by the calendar, and what is safe when a process dies in the middle (PRC-1, PRC-2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from schemas.headers import Headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import Price
from streams.failure.routing import FailureRouting
from streams.pricing_settings import ChannelPricing, PricingSettings
from streams.runtime import Chunk
from streams.settings import Settings
from streams.stages.pricing.offered import PriceProblemError, offered
from streams.stages.pricing.stage import PRICES, PricingStage
from streams.stages.pricing.turning import next_turn
from tests.unit.failure.samples import codec
from tests.unit.pricing.test_offered import DAY, NOW, asks, entry, price

CODEC = codec()
MAIN = ("walmart", "main")
RULES = ChannelPricing(pricelist="Walmart", approve_above_percent=100)
SETTINGS = Settings(pricing=PricingSettings(default=RULES))
BASE = entry("100.00")
RUNNING = entry("90.00", NOW - DAY, NOW + 9 * DAY)
PLANNED = entry("85.00", NOW + 20 * DAY, NOW + 30 * DAY)


class DeadError(Exception):
    """The process ends here."""


class Bench:
    """A stage whose producer acknowledges `deliveries` calls and dies at the next; what was acknowledged outlives it."""

    def __init__(self, said: list[Message] | None = None) -> None:
        self.said: list[Message] = [] if said is None else said
        self.now = NOW
        self.left = 1000
        self.stage = PricingStage(SETTINGS, CODEC, FailureRouting(CODEC, SETTINGS), (MAIN,), lambda: self.now)
        self.stage._producer = self  # type: ignore[assignment] # what start() takes from the runtime
        self.stage._books.open(0)
        for number, message in enumerate(self.on("price.ledger")):
            self.stage._books.learn(Record("price.ledger", 0, number, 0, message.key, message.value, message.headers))

    async def deliver(self, messages: Sequence[Message]) -> None:
        if self.left == 0:
            raise DeadError
        self.left -= 1
        self.said += messages

    def on(self, topic: str) -> list[Message]:
        return [message for message in self.said if message.topic == topic]

    async def priced(self, made: Price) -> None:
        headers = encode_headers(Headers("id", "odoo", "price", made["version"], "c", "corr", 1, "sandbox"))
        record = Record(PRICES, 0, 1, 0, made["key"].encode(), CODEC.encode("price", made), headers)
        await self.stage.process(Chunk(PRICES, 0, (record,)))

    def sales(self) -> list[str | None]:
        """The sale price of each offer, oldest first."""
        offers = [CODEC.decode("price_offer", message.value) for message in self.on("price-offers")]
        return [offer["sale_price"]["amount"] if offer["sale_price"] else None for offer in offers]


def sale(*entries: dict[str, Any], at: datetime = NOW) -> str | None:
    found = offered(price(pricelists=[*entries]), RULES, {}, at).sale
    return found.price["amount"] if found else None


@pytest.mark.parametrize("rules", [(PLANNED, RUNNING), (RUNNING, PLANNED)])
def test_a_planned_sale_does_not_end_the_one_that_runs(rules: tuple[dict[str, Any], ...]) -> None:
    """PRC-2: whichever rule is newer."""
    assert sale(BASE, *rules) == "90.00"
    assert sale(BASE, *rules, at=NOW + 10 * DAY) == "85.00"


def test_of_two_sales_that_run_odoos_choice_counts() -> None:
    assert sale(BASE, entry("80.00", NOW - DAY), RUNNING) == "80.00"


@pytest.mark.parametrize(
    ("at", "turn"),
    [(NOW, NOW + 9 * DAY), (NOW + 10 * DAY, NOW + 20 * DAY), (NOW + 21 * DAY, NOW + 30 * DAY), (NOW + 31 * DAY, None)],
)
def test_when_the_calendar_turns(at: datetime, turn: datetime | None) -> None:
    made = price(pricelists=[BASE, RUNNING, PLANNED])
    assert next_turn(made, SETTINGS.pricing, [MAIN], at) == turn
    assert next_turn(price(pricelists=[RUNNING], active=False), SETTINGS.pricing, [MAIN], at) is None


async def test_the_next_sale_goes_out_when_the_one_before_is_over() -> None:
    """PRC-2: nothing in Odoo is written at that moment."""
    bench = Bench()
    await bench.priced(price(pricelists=[BASE, RUNNING, PLANNED]))
    assert await bench.stage.turn() == 0
    bench.now = NOW + 9 * DAY
    assert await bench.stage.turn() == 1
    bench.now = NOW + 30 * DAY
    await bench.stage.turn()
    assert await bench.stage.turn() == 0
    assert bench.sales() == ["90.00", "85.00", None]


async def test_what_the_ledger_says_was_told_was_told() -> None:
    """PRC-1, EVT-2: whatever the moment of a kill, the same price again ends in an offer."""
    for deliveries in (0, 1):
        said: list[Message] = []
        dying = Bench(said)
        dying.left = deliveries
        with pytest.raises(DeadError):
            await dying.priced(price(pricelists=[BASE]))
        after = Bench(said)
        await after.priced(price(pricelists=[BASE]))
        assert after.on("price-offers")


def test_a_floor_that_is_not_read_from_odoo_is_no_floor_and_is_told() -> None:
    """PRC-1: a lowest price must not be off in silence."""
    with pytest.raises(PriceProblemError, match="CAUSEWAY_ODOO__CAPTURE__PRICE_FIELDS") as found:
        asks(price("10.00"), floor_field="x_map")
    assert found.value.reason is Reason.MAPPING

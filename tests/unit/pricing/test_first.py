"""What a new listing costs: decided by the pricing stage and by nobody else, whichever comes first (PRC-1, PRC-2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.kit.catalogue.first_price import FirstPricing
from connectors.kit.catalogue.problems import FieldProblem
from schemas.record import Record
from schemas.records import OfferedPrice, PriceLedger
from streams.first_prices import FirstPriceTable
from streams.phases import Phase
from streams.pricing_settings import ChannelPricing, PricingSettings
from streams.settings import Settings
from streams.stages.pricing.first import first_price
from streams.stages.pricing.ledger import answered, empty, priced
from streams.stages.skus import Skus
from tests.unit.pricing.test_ledger import say
from tests.unit.pricing.test_offered import NOW, price
from tests.unit.stages.references import CODEC, tables

CHANNEL = ("walmart", "main")
ON = Settings(phases={"walmart": {"main": {"prices": Phase.ON}, "other": {"prices": Phase.SHADOW}}})
FLOOR = Decimal("12.00")
RULES = PricingSettings(default=ChannelPricing(floor_over_cost_percent=Decimal(20), approve_above_percent=Decimal(20)))
REFUSING = PricingSettings(default=ChannelPricing(floor_over_cost_percent=Decimal(20), below_floor="refuse"))
COST = {"amount": "10.00", "currency": "USD"}


def offer(amount: str = "10.00", account: str = "main", **changes: Any) -> OfferedPrice:
    plain: Any = {
        "channel": "walmart", "account": account, "version": 5, "price": {"amount": amount, "currency": "USD"} if amount else None,
        "sale_price": None, "sale_starts_at": None, "sale_ends_at": None, "proposal": "", "proposed": None, "rejected": "", "why": "",
        "waits_for": "", "problem": "",
    }  # fmt: skip
    found: OfferedPrice = plain | changes
    return found


def written(ledger: PriceLedger) -> Record:
    return Record("price.ledger", 0, 1, 0, ledger["key"].encode(), CODEC.encode("price_ledger", ledger), ())


def ledger(*offers: OfferedPrice, sku: str = "A-1") -> Record:
    return written({**empty(sku, NOW), "offers": list(offers)})


@pytest.mark.parametrize(("changes", "amount"), [
    ({}, "10.00"),
    ({"sale_price": {"amount": "8.00", "currency": "USD"}}, "10.00"),  # the reduction comes by the price flow
    ({"rejected": "p1"}, "10.00"),  # a person said that this stays
    ({"amount": ""}, None),  # nothing is decided yet
    ({"proposal": "p1"}, None),  # a person is asked
    ({"waits_for": "rate:walmart:main:EUR/USD"}, None),
    ({"problem": "list price: 5.00 lies below the lowest allowed price 12.00"}, None),
])  # fmt: skip
def test_only_what_is_decided_and_stands(changes: dict[str, Any], amount: str | None) -> None:
    found = first_price(offer(**changes))
    assert (found and found["amount"]) == amount


def test_a_price_that_cannot_be_asked_is_noted_until_one_can() -> None:
    """The channel keeps the price it has; nothing new is put on sale for it."""
    first = priced(empty("A-1", NOW), price("15.00", cost=COST), b"p", REFUSING, [CHANNEL], NOW)
    wrong = priced(first.ledger, price("5.00", cost=COST), b"p", REFUSING, [CHANNEL], NOW)
    (kept,) = wrong.ledger["offers"]
    assert (kept["price"], kept["problem"]) == (
        {"amount": "15.00", "currency": "USD"}, "list price: 5.00 lies below the lowest allowed price 12.000",
    )  # fmt: skip
    assert first_price(kept) is None
    (mended,) = priced(wrong.ledger, price("15.00", cost=COST), b"p", REFUSING, [CHANNEL], NOW).ledger["offers"]
    assert (mended["problem"], first_price(mended)) == ("", kept["price"])


def test_only_accounts_whose_prices_are_switched_on_are_decided_for() -> None:
    """OPS-7: what shadow worked out is told to nobody."""
    table = FirstPriceTable(ON, CODEC)
    table.apply(ledger(offer(), offer(account="other")))
    assert (table.decides("walmart", "main"), table.decides("walmart", "MAIN")) == (True, True)
    assert not any(table.decides(*one) for one in (("walmart", "other"), ("walmart", "third"), ("amazon", "main")))
    assert table.price_of("walmart", "main", "A-1") == {"amount": "10.00", "currency": "USD"}
    assert table.price_of("walmart", "other", "A-1") is None


def test_the_newest_state_counts_and_one_that_cannot_be_read_is_none() -> None:
    table = FirstPriceTable(ON, CODEC)
    states = [ledger(offer("10.00")), ledger(offer("11.00")), ledger(offer("12.00", proposal="p"))]
    states += [states[0], Record("price.ledger", 0, 1, 0, b"sku:A-1", b"junk", ()), states[0]]
    states += [Record("price.ledger", 0, 1, 0, b"sku:A-1", None, ())]
    found = []
    for state in states:
        table.apply(state)
        money = table.price_of("walmart", "main", "A-1")
        found.append(money["amount"] if money else "")
    assert found == ["10.00", "11.00", "", "10.00", "", "10.00", ""]


def test_a_marketplaces_own_word_has_the_price_of_odoos_sku() -> None:
    """ORD-9."""
    table = FirstPriceTable(ON, CODEC, Skus(tables(("walmart", "main", "THEIRS", "A-1"))))
    table.apply(ledger(offer()))
    assert table.price_of("walmart", "main", "THEIRS") == {"amount": "10.00", "currency": "USD"}


@dataclass
class Shop:
    """Odoo, the pricing stage, a process that lists, and the people who approve; what the stage wrote reaches the process late."""

    known: PriceLedger = field(default_factory=lambda: empty("A-1", NOW))
    newest: Any = None
    late: list[Record] = field(default_factory=list)
    table: FirstPriceTable = field(default_factory=lambda: FirstPriceTable(ON, CODEC))
    offered: set[str] = field(default_factory=set)
    listed: str = ""

    def price(self, amount: int) -> None:
        self.newest = price(f"{amount}.00", cost=COST)
        self._wrote(priced(self.known, self.newest, b"p", RULES, [CHANNEL], NOW))

    def answer(self, state: str) -> None:
        proposal = next((one["proposal"] for one in self.known["offers"]), "")
        if proposal:
            self._wrote(answered(self.known, say(state, proposal), self.newest, RULES, NOW))

    def tell(self) -> None:
        if self.late:
            self.table.apply(self.late.pop(0))

    def list_it(self) -> str:
        """What it waits for, if it does."""
        found = FirstPricing("walmart", self.table).of("main", "A-1", ["USD"])
        if isinstance(found, FieldProblem):
            return found.waiting_for
        self.listed = self.listed or found["amount"]
        return ""

    def _wrote(self, step: Any) -> None:
        self.known = step.ledger
        self.offered |= {one["price"]["amount"] for one in step.offers}
        self.late.append(written(self.known))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("price"), st.integers(5, 40)), st.tuples(st.just("answer"), st.sampled_from(["approved", "rejected"])),
        st.tuples(st.just("tell"), st.none()), st.tuples(st.just("list"), st.none()),
    ),
    max_size=25,
)  # fmt: skip


@given(STEPS)
@example([("price", 17), ("price", 5), ("answer", "rejected"), ("price", 13), ("price", 5)])
def test_no_order_of_events_lists_anything_below_the_floor_or_for_ever_waits(steps: list[tuple[str, Any]]) -> None:
    """PRC-1: prices, answers, listings, and news of them, in any order: what is listed was decided, and what is decided is listed."""
    shop = Shop()
    for what, value in steps:
        match what:
            case "price":
                shop.price(value)
            case "answer":
                shop.answer(value)
            case "tell":
                shop.tell()
            case _:
                assert shop.list_it() in ("", "price:walmart:main:A-1")
        assert not shop.listed or (shop.listed in shop.offered and Decimal(shop.listed) >= FLOOR)
    if shop.newest is None:
        shop.price(20)
    shop.answer("approved")
    while shop.late:
        shop.tell()
    names = ["price:walmart:main:A-1", "price:walmart:other:A-1", "listing:walmart:main:A-1"]
    assert FirstPricing("walmart", shop.table).resolved(names, "main") == names[:1]
    assert shop.list_it() == ""
    assert shop.listed in shop.offered

"""INV-2: whole numbers, never negative, capped; Amazon's own stock is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.amazon.stock import Stock
from connectors.kit.errors import DataError
from tests.unit.amazon_numbers.samples import delivery, settings, shown


def stock(**changes: Any) -> Stock:
    return Stock(settings(**changes))


@pytest.mark.parametrize(
    ("quantity", "sent", "notes"), [("7", 7, ()), ("7.9", 7, ()), ("0", 0, ()), ("120", 100, ("capped",))]
)
def test_whole_units_and_no_more_than_the_cap(quantity: str, sent: int, notes: tuple[str, ...]) -> None:
    kind = stock(stock_cap=100)
    value = kind.read(delivery("set_stock", quantity=quantity, urgent=False))
    assert kind.patches(value, shown()) == [
        {
            "op": "merge", "path": "/attributes/fulfillment_availability",
            "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": sent}],
        }
    ]  # fmt: skip
    assert (value.text, value.notes, value.needs_no_item) == (str(sent), notes, sent == 0)
    assert kind.parse("main", "S-1", value.text).entry == value.entry
    assert value.waits_for == "listing:amazon:main:S-1"


@pytest.mark.parametrize("quantity", ["-1", "x", "1e99"])
def test_what_is_no_number_of_units_is_refused(quantity: str) -> None:
    with pytest.raises(DataError, match="quantity"):
        stock().read(delivery("set_stock", quantity=quantity, urgent=False))


@pytest.mark.parametrize(("sku", "taken"), [("x" * 40, True), ("x" * 41, False), ("A\u200b", False)])
def test_a_sku_no_listing_can_have_is_refused(sku: str, taken: bool) -> None:
    """PRD-3, INV-4: it would wait for its listing for ever."""
    one = delivery("set_stock", sku=sku, quantity="1", urgent=False)
    if taken:
        assert stock().read(one).sku == sku
        return
    with pytest.raises(DataError, match="at most 40 printable characters"):
        stock().read(one)


def test_whether_a_listing_says_the_number() -> None:
    kind = stock()
    value = kind.read(delivery("set_stock", quantity="5", urgent=False))
    assert kind.shows(value, shown())
    assert not kind.shows(value, shown(fulfillmentAvailability=[{"fulfillmentChannelCode": "DEFAULT", "quantity": 4}]))
    assert not kind.shows(value, shown(fulfillmentAvailability=[{"fulfillmentChannelCode": "DEFAULT"}]))
    assert not kind.shows(value, shown(fulfillmentAvailability=[]))
    assert kind.told(value, shown(fulfillmentAvailability=[])) == "none"


def test_amazons_own_stock_is_none_of_ours() -> None:
    """ORD-10: a number on DEFAULT would turn the offer into one the seller ships."""
    kind = stock()
    amazons = [{"fulfillmentChannelCode": "AMAZON_NA"}]
    assert kind.not_ours(shown(fulfillmentAvailability=amazons))
    assert kind.not_ours(
        shown(fulfillmentAvailability=[*amazons, {"fulfillmentChannelCode": "DEFAULT", "quantity": 1}])
    )
    written = {"fulfillment_availability": [{"fulfillment_channel_code": "AMAZON_EU"}]}
    assert kind.not_ours(shown(fulfillmentAvailability=[], attributes=written))
    assert not kind.not_ours(shown())


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1" * 10])
def test_what_is_known_of_it_and_makes_no_sense_is_not_sent(text: str) -> None:
    with pytest.raises(DataError):
        stock().parse("main", "S-1", text)

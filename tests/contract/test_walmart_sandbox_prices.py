"""TEST-1, PRC-1: prices in the Walmart sandbox, alone and by feed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.walmart_box import Box, code_of, walmart_box
from tests.contract.walmart_seller import add, done, fates, price_entry, prices, send, truth


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as box:
        add(box, items=[{"sku": "A", "price_cents": 1000}, {"sku": "B", "price_cents": 2000}])
        yield box


def comparison(amount: float) -> dict[str, Any]:
    return {"comparisonPriceType": "BASE", "comparisonPrice": {"currency": "USD", "amount": amount}}


def test_a_price_alone_is_answered_in_a_wrapper(box: Box) -> None:
    answer = box.call("PUT", "/v3/price", json=price_entry("A", 12.34)).json()["ItemPriceResponse"]
    assert (answer["mart"], answer["sku"]) == ("WALMART_US", "A")
    assert box.call("GET", "/v3/items?sku=A").json()["ItemResponse"][0]["price"]["amount"] == 12.34


@pytest.mark.parametrize(
    "entry",
    [
        price_entry("A", 12.345),
        price_entry("A", 0),
        price_entry("A", -1),
        price_entry("A", "12"),
        price_entry("A", 5, "ODD"),
        price_entry("A", 5, "REDUCED"),
        price_entry("A", 5, "REDUCED", **comparison(4)),
        {"sku": "A", "pricing": []},
        {"sku": "A"},
        {"sku": "A", "pricing": [{"currentPrice": {"currency": "EUR", "amount": 1}}]},
    ],
)
def test_wrong_prices_are_refused_alone_and_in_a_feed(box: Box, entry: dict[str, Any]) -> None:
    """PRC-1: at most two decimals, USD, above zero."""
    assert code_of(box.call("PUT", "/v3/price", json=entry)) == (400, "INVALID_REQUEST_CONTENT")
    feed = done(box, send(box, "price", prices(entry, price_entry("B", 21))))
    assert [(sku, status) for sku, status, _ in fates(feed)] == [("A", "DATA_ERROR"), ("B", "SUCCESS")]
    assert (truth(box, "A")["price_cents"], truth(box, "B")["price_cents"]) == (1000, 2100)


def test_reduced_prices_need_what_they_compare_to(box: Box) -> None:
    entry = price_entry("A", 3, "REDUCED", **comparison(4.99))
    assert box.call("PUT", "/v3/price", json=entry).status_code == 200
    assert [one["kind"] for one in truth(box, "A")["price_history"]] == ["BASE", "REDUCED"]


def test_an_unknown_sku_has_no_price(box: Box) -> None:
    assert code_of(box.call("PUT", "/v3/price", json=price_entry("NOPE", 1))) == (404, "CONTENT_NOT_FOUND")
    feed = done(box, send(box, "price", prices(price_entry("NOPE", 1))))
    assert fates(feed) == [("NOPE", "DATA_ERROR", "CONTENT_NOT_FOUND")]


def test_one_hundred_single_prices_an_hour(box: Box) -> None:
    """RATE-1: a repricer has to use the feed."""
    answers = [box.call("PUT", "/v3/price", json=price_entry("A", n + 1)).status_code for n in range(101)]
    assert answers == [200] * 100 + [429]
    box.clock.now += 35
    assert box.call("PUT", "/v3/price", json=price_entry("A", 1)).status_code == 429
    box.clock.now += 2
    assert box.call("PUT", "/v3/price", json=price_entry("A", 1)).status_code == 200


def test_every_price_ever_written_is_kept(box: Box) -> None:
    feed_id = send(box, "price", prices(price_entry("A", 7)))
    box.clock.now += 0.1
    box.call("PUT", "/v3/price", json=price_entry("A", 8)).raise_for_status()
    done(box, feed_id)
    history = truth(box, "A")["price_history"]
    assert [(one["cents"], one["via"], one["stale"]) for one in history] == [
        (1000, "control", False),
        (800, "put", False),
        (700, "feed", True),
    ]

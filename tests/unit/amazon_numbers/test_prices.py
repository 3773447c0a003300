"""PRC-1, PRC-2: a price becomes an offer for each marketplace, with every digit, and its sale with dates."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.amazon.prices import OPEN_END, OPEN_START, PAST, Prices
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from tests.unit.amazon_numbers.samples import DE, FR, NOW, US, Json, offer, price_delivery, sale, settings, shown

SALE = {"amount": "14.99", "currency": "USD"}


def prices(*marketplaces: str, region: str = "na") -> Prices:
    return Prices(settings(*marketplaces, region=region), lambda: NOW)


def offers(kind: Prices, one: Any, *held: Json, **more: Any) -> list[Json]:
    (patch,) = kind.patches(kind.read(one), shown(*held, **more))
    assert (patch["op"], patch["path"]) == ("merge", "/attributes/purchasable_offer"), "replace would drop other offers"
    found: list[Json] = patch["value"]
    return found


def test_an_offer_names_its_selectors_and_its_price_is_a_number_with_every_digit() -> None:
    (found,) = offers(prices(), price_delivery("19.90"))
    assert found == {
        "marketplace_id": US, "currency": "USD", "audience": "ALL", "our_price": [{"schedule": [{"value_with_tax": Decimal("19.90")}]}],
    }  # fmt: skip
    assert b'"value_with_tax":19.90}' in exact_json.dumps(found)


def test_there_is_an_offer_for_each_marketplace_it_is_listed_in() -> None:
    kind, one = prices("DE", "FR", region="eu"), price_delivery("19.90", "EUR")
    assert [found["marketplace_id"] for found in offers(kind, one, places=(DE, FR))] == [DE, FR]
    assert [found["marketplace_id"] for found in offers(kind, one, places=(FR,))] == [FR]
    assert [found["marketplace_id"] for found in offers(kind, one, places=())] == [DE, FR], "nothing says where it is"


def test_a_yen_has_no_digits_and_a_cent_two() -> None:
    kind = prices("JP", region="fe")
    (found,) = offers(kind, price_delivery("1500", "JPY"), places=("A1VC38T7YXB528",))
    assert exact_json.dumps(found["our_price"]) == b'[{"schedule":[{"value_with_tax":1500}]}]'
    for each, amount, currency in ((kind, "1500.5", "JPY"), (prices(), "19.999", "USD")):
        with pytest.raises(DataError, match="amount"):
            each.read(price_delivery(amount, currency))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"amount": "0.00"}, "above zero"),
        ({"amount": "10.00", "currency": "EUR"}, "sells in USD, not in EUR"),
        ({"amount": "10.00", "sale_price": {"amount": "10.00"}}, "not below the ordinary price"),
        ({"amount": "20.00", "sale_price": SALE, "sale_starts_at": NOW, "sale_ends_at": NOW}, ""),
        (
            {
                "amount": "20.00", "sale_price": SALE, "sale_starts_at": NOW + timedelta(3), "sale_ends_at": NOW + timedelta(2),
            },
            "not after",
        ),
    ],
)  # fmt: skip
def test_what_amazon_would_not_take_is_refused(body: Json, words: str) -> None:
    if not words:  # over already: no sale at all
        assert prices().read(price_delivery(**body)).text == "20.00 USD"
        return
    with pytest.raises(DataError, match=words):
        prices().read(price_delivery(**body))


def test_a_sale_goes_with_its_dates_and_amazon_begins_and_ends_it() -> None:
    starts, ends = NOW + timedelta(days=1), NOW + timedelta(days=8)
    one = price_delivery("20.00", sale_price=SALE, sale_starts_at=starts, sale_ends_at=ends)
    value = prices().read(one)
    (found,) = offers(prices(), one)
    assert found["discounted_price"] == sale("14.99", "2026-11-21T12:00:00Z", "2026-11-28T12:00:00Z")
    assert value.changes_at is None, "nobody has to come back for it"
    assert prices().parse("main", "S-1", value.text) == value


def test_a_sale_without_dates_has_some_that_do_not_end_it() -> None:
    (found,) = offers(prices(), price_delivery("20.00", sale_price=SALE))
    assert found["discounted_price"] == sale("14.99", OPEN_START, OPEN_END)


def test_a_sale_that_is_wanted_no_more_gets_dates_that_have_passed() -> None:
    """PRC-1: merge keeps what it does not name, so a price alone would leave the sale in force."""
    running = offer("20.00", discounted_price=sale("14.99", OPEN_START, "2026-12-31T00:00:00Z"))
    (found,) = offers(prices(), price_delivery("20.00"), running)
    assert found["discounted_price"] == sale("20.00", *PAST)
    over = offer("20.00", discounted_price=sale("14.99", OPEN_START, "2026-10-31T00:00:00Z"))
    (found,) = offers(prices(), price_delivery("20.00"), over)
    assert "discounted_price" not in found


@pytest.mark.parametrize(
    ("held", "is_it"),
    [
        (offer("20.0"), True),
        (offer("20.01"), False),
        ({**offer("20"), "audience": "B2B"}, False),
        (offer("20", marketplace=DE), False),
        (offer("20", discounted_price=sale("14", OPEN_START, OPEN_END)), False),
        (offer("20", discounted_price=sale("14", *PAST)), True),
        ({"marketplace_id": US, "our_price": [{"schedule": [{"value_with_tax": "what"}]}]}, False),
        ({"marketplace_id": US, "our_price": {}}, False),
    ],
)
def test_whether_a_listing_says_the_price(held: Json, is_it: bool) -> None:
    kind = prices()
    assert kind.shows(kind.read(price_delivery("20.00")), shown(held)) is is_it


def test_a_sale_is_compared_with_its_amount_and_dates() -> None:
    kind = prices()
    ends = NOW + timedelta(days=8)
    value = kind.read(price_delivery("20.00", sale_price=SALE, sale_ends_at=ends))
    same = sale("14.99", OPEN_START, "2026-11-28T13:00:00+01:00")
    assert kind.shows(value, shown(offer("20", discounted_price=same)))
    assert not kind.shows(value, shown(offer("20", discounted_price=sale("14.98", OPEN_START, OPEN_END))))
    assert not kind.shows(value, shown(offer("20", discounted_price=sale("14.99", OPEN_START, OPEN_END))))
    assert not kind.shows(value, shown(offer("20")))


def test_it_is_in_every_marketplace_or_not_at_all() -> None:
    kind = prices("DE", "FR", region="eu")
    value = kind.read(price_delivery("20.00", "EUR"))
    here, there = offer("20", DE, "EUR"), offer("20", FR, "EUR")
    assert kind.shows(value, shown(here, there, places=(DE, FR)))
    assert not kind.shows(value, shown(here, places=(DE, FR)))


def test_what_it_says_instead_is_told_in_words() -> None:
    kind = prices()
    value = kind.read(price_delivery("20.00"))
    assert kind.told(value, shown(offer("15.5"))) == "15.5 USD"
    assert (
        kind.told(value, shown(offer("15", discounted_price=sale("9.99", OPEN_START, OPEN_END))))
        == "15 USD, on sale for 9.99"
    )
    assert kind.told(value, shown()) == "none"


@pytest.mark.parametrize("text", ["", "20 USD 3", "20.1234 USD", "x", "20 USD 3 now then"])
def test_what_is_known_of_it_and_makes_no_sense_is_not_sent(text: str) -> None:
    with pytest.raises(DataError):
        prices().parse("main", "S-1", text)

"""Countries, telephone numbers and the shipping check."""

from typing import Any, cast

import phonenumbers
import pytest

from connectors.kit.countries import ALPHA2_BY_ALPHA3, country_code
from connectors.kit.phones import e164
from connectors.kit.reading import Reader
from connectors.kit.shipping_check import no_address, read_or, shipping_problems, standing_problems
from schemas.records import Order


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("USA", "US"),
        ("usa", "US"),
        ("US", "US"),
        ("CAN", "CA"),
        ("MEX", "MX"),
        ("PRI", "PR"),
        ("XXX", None),
        ("", None),
        ("U.S.", None),
    ],
)
def test_country_code(text: str, code: str | None) -> None:
    assert country_code(text) == code


def test_the_table_knows_every_country_that_has_telephones() -> None:
    # Ascension, Tristan da Cunha and Kosovo have telephone codes but no entry in ISO 3166-1.
    assert set(phonenumbers.SUPPORTED_REGIONS) - set(ALPHA2_BY_ALPHA3.values()) == {"AC", "TA", "XK"}
    assert len(ALPHA2_BY_ALPHA3) == len(set(ALPHA2_BY_ALPHA3.values())) == 249


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("2135550112", "US", "+12135550112"),
        ("(213) 555-0112 x12", "US", "+12135550112"),
        ("1 213.555.0112 ext. 4", "US", "+12135550112"),
        ("+52 55 5550 0112", "US", "+525555500112"),  # its own country code counts
        ("0000000000", "US", "0000000000"),  # no number: as received
        ("n/a", "US", "n/a"),
        ("", "US", ""),
        ("2135550112", "", "2135550112"),  # without a country it cannot be told
    ],
)
def test_e164(text: str, country: str, number: str) -> None:
    """ORD-7."""
    assert e164(text, country) == number


ADDRESS = {"name": "A", "street": "1 Way", "city": "Austin", "state": "TX", "zip": "78701", "country": "US"}


def order(**changes: Any) -> Order:
    address = {**ADDRESS, **{k: v for k, v in changes.items() if k in ADDRESS}}
    rest = {k: v for k, v in changes.items() if k not in ADDRESS}
    plain: Any = {"fulfilment": "seller", "status": "created", "shipping_level": "Value", "ship_to": address}
    return cast(Order, {**plain, **rest})


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, []),
        ({"zip": "78701-1234"}, []),
        ({"zip": "1234"}, ["ship_to.zip"]),
        ({"zip": ""}, ["ship_to.zip"]),
        ({"zip": "00000"}, ["ship_to.zip"]),
        ({"zip": "ABCDE", "country": "CA"}, []),  # only US codes are known here
        ({"zip": "9021O", "country": "PR", "state": ""}, ["ship_to.zip"]),  # a US territory
        ({"zip": "", "country": "DE"}, ["ship_to.zip"]),
        ({"zip": "", "country": "HK"}, []),  # has none
        ({"country": "USA"}, ["ship_to.country"]),
        ({"state": "Texas"}, ["ship_to.state"]),
        ({"city": "", "name": ""}, ["ship_to.name", "ship_to.city"]),
        ({"country": ""}, ["ship_to.country"]),
        ({"shipping_level": "Teleport"}, ["shipping_level"]),
        ({"shipping_level": ""}, ["shipping_level"]),
        ({"zip": "", "status": "cancelled"}, []),  # nothing left to ship
        ({"zip": "", "status": "shipped"}, []),
        ({"zip": "", "fulfilment": "marketplace"}, []),  # not ours to ship
    ],
)
def test_shipping_problems(changes: dict[str, Any], problems: list[str]) -> None:
    """ORD-12: a failed address or shipping check is a data-quality problem with its reason."""
    assert [problem.split(":")[0] for problem in shipping_problems(order(**changes), {"value"})] == problems


def test_a_problem_does_not_tell_the_address() -> None:
    assert "90210-canary" not in str(shipping_problems(order(zip="90210-canary", state="canary"), {"value"}))


def test_what_cannot_be_read_is_told_once() -> None:
    """ORD-12: a country that is none is not missing as well, and an address that cannot be read lacks nothing more."""
    country = "ship_to.country: country: expected an ISO 3166 country code, found text of 7 characters"
    assert shipping_problems(order(country="", zip=""), {"value"}, [country]) == [country]
    whole = "ship_to: postalAddress: expected an object, found a list of 1"
    nowhere = cast(Order, {**order(), "ship_to": no_address()})
    assert shipping_problems(nowhere, {"value"}, [whole]) == [whole]
    assert shipping_problems(cast(Order, {**nowhere, "status": "shipped"}), {"value"}, [whole]) == []


def test_reading_goes_on_after_what_cannot_be_read() -> None:
    problems: list[str] = []
    assert read_or("", "ship_to.name", problems, lambda: Reader({"name": ["canary"]}).text("name")) == ""
    assert read_or("", "ship_to.name", problems, lambda: Reader({"name": "A"}).text("name")) == "A"
    assert problems == ["ship_to.name: name: expected text, found a list of 1"]


@pytest.mark.parametrize(
    ("problems", "changes", "standing"),
    [
        ([], {}, []),
        (["ship_to.zip: no US ZIP code"], {"zip": "1234"}, ["ship_to.zip"]),
        (["ship_to.zip: no US ZIP code"], {}, []),  # a person mended it
        (["ship_to.zip: no US ZIP code"], {"city": ""}, []),  # the city is the importer's own finding
        (["ship_to: postalAddress: expected an object"], {"name": ""}, ["ship_to"]),
        (["ship_to: postalAddress: expected an object"], {}, []),
        (["shipping_level: none of value"], {}, ["shipping_level"]),  # nothing here knows the marketplace's levels
        (["bill_to.country: expected"], {}, ["bill_to.country"]),
    ],
)
def test_a_problem_stands_until_it_is_mended(problems: list[str], changes: dict[str, Any], standing: list[str]) -> None:
    """ORD-12, ERR-6: an address that was mended in the order needs no second edit."""
    mended = cast(Order, {**order(**changes), "problems": problems})
    assert [problem.split(":")[0] for problem in standing_problems(mended)] == standing

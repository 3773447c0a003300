"""Countries, telephone numbers and the shipping check."""

from typing import Any, cast

import phonenumbers
import pytest

from connectors.kit.countries import ALPHA2_BY_ALPHA3, country_code
from connectors.kit.phones import e164
from connectors.kit.shipping_check import shipping_problems
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

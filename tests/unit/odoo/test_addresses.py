"""Addresses: the Postal Service's form, and what cannot be shipped to."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.errors import DataError
from connectors.odoo.addresses import check_shippable, postal
from tests.builders import address


@pytest.mark.parametrize(
    ("given", "street", "street2", "city"),
    [
        ({"street": "100 Invented Street", "street2": "apartment 5"}, "100 INVENTED ST", "APT 5", "AUSTIN"),
        ({"street": " 9  north Nowhere avenue "}, "9 N NOWHERE AVE", "", "AUSTIN"),
        # not understood: as received, white space tidied
        ({"street": "Somewhere  behind the mill", "street2": "c/o Example Hall"}, "Somewhere behind the mill", "c/o Example Hall", "Austin"),
        ({"street": "12 Rue X", "city": "Montréal", "country": "CA", "state": "QC", "zip": "H2Y 1C6"}, "12 Rue X", "", "Montréal"),
        ({"street": "1 A St", "street2": "b", "street3": "c", "country": "GB"}, "1 A St", "b, c", "Austin"),
        ({"street": "1 Road", "district": "Pudong", "city": "Shanghai", "country": "CN"}, "1 Road", "", "Pudong, Shanghai"),
    ],
)  # fmt: skip
def test_addresses_are_written_in_one_form(given: dict[str, Any], street: str, street2: str, city: str) -> None:
    """ORD-7: US ones normalised where they can be parsed; never fatal."""
    found = postal(address(**given))
    assert (found.street, found.street2, found.city) == (street, street2, city)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "name is missing"),
        ({"street": ""}, "street is missing"),
        ({"city": "", "zip": ""}, "city is missing, zip is missing"),
        ({"state": ""}, "state is missing"),
        ({"zip": "1234"}, "zip is no US postal code"),
        ({"zip": "00000"}, "zip is no US postal code"),
        ({"zip": "99999-00"}, "zip is no US postal code"),
        ({"zip": "9021O", "country": "PR"}, "zip is no US postal code"),
        ({"country": "USA"}, "country is no ISO"),
        ({"country": ""}, "country is missing"),
    ],
)
def test_what_cannot_be_shipped_to_is_named_without_its_content(given: dict[str, Any], said: str) -> None:
    """ORD-12, SEC-3"""
    with pytest.raises(DataError, match=said) as caught:
        check_shippable(postal(address(**given)))
    assert not any(value and value in str(caught.value) for value in ("Testwell", "Invented", given.get("zip")))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"zip": "11201-5502"},
        {"zip": "112015502"},
        {"country": "HK", "zip": "", "state": ""},
        {"country": "DE", "zip": "10115"},
    ],
)
def test_what_can_be_shipped_to_passes(given: dict[str, Any]) -> None:
    check_shippable(postal(address(**given)))

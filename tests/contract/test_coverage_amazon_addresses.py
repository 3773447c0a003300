"""ORD-3, ORD-7: addresses of all countries Amazon sells in, and whom to bill, part by part."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.amazon.samples import changed, mapped, raw

ADDRESS: dict[str, Any] = {
    "name": "A. Invented", "addressLine1": "1 Nowhere St", "city": "Reno", "postalCode": "89501", "stateOrRegion": "NV", "countryCode": "US",
}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        # Three lines, whichever of them are filled.
        ({"addressLine2": "Bldg 4", "addressLine3": "Apt 7"}, {"street2": "Bldg 4", "street3": "Apt 7"}),
        ({"addressLine2": "", "addressLine3": "Apt 7"}, {"street": "1 Nowhere St", "street2": "Apt 7", "street3": ""}),
        ({"addressLine1": "", "addressLine2": "Apt 7"}, {"street": "Apt 7", "street2": ""}),
        # Brazil: the number and the neighbourhood; Mexico and the Gulf: a municipality or a county instead of a city.
        (
            {"countryCode": "BR", "stateOrRegion": "SP", "extendedFields": {"neighborhood": "Vila Inventada"}},
            {"district": "Vila Inventada", "state": "SP", "country": "BR"},
        ),
        ({"city": "", "municipality": "Inventada", "countryCode": "MX"}, {"city": "Inventada"}),
        ({"city": "Reno", "municipality": "Inventada"}, {"city": "Reno"}),
        ({"districtOrCounty": "Washoe"}, {"district": "Washoe"}),
        # Japan writes the prefecture out; a code is a code however it is written.
        (
            {"countryCode": "JP", "stateOrRegion": "Tokyo", "postalCode": "100-0001"},
            {"state": "Tokyo", "zip": "100-0001"},
        ),
        ({"stateOrRegion": "nv"}, {"state": "NV"}),
        ({"companyName": "Nowhere Tools", "addressType": "COMMERCIAL"}, {"company": "Nowhere Tools", "kind": "commercial"}),
        ({"addressType": "PICKUP_POINT"}, {"kind": "pickup"}),
        ({"addressType": "MOON"}, {"kind": ""}),
        ({"phone": "(775) 555-0132"}, {"phone": "+17755550132"}),
        ({"countryCode": "DE", "stateOrRegion": "", "postalCode": "12345", "phone": "030 23125014"}, {"phone": "+493023125014"}),
    ],
)  # fmt: skip
def test_every_part_of_an_address_is_kept_where_it_belongs(told: dict[str, str], wanted: dict[str, str]) -> None:
    order = mapped(changed("recipient.deliveryAddress", {**ADDRESS, **told}))
    ship_to: Any = order["ship_to"]
    assert {name: ship_to[name] for name in wanted} == wanted
    assert order["problems"] == []


def test_whom_to_bill_is_the_buyers_registration_and_no_other() -> None:
    """ORD-7, ORD-11: Amazon tells its own registration of the marketplace beside the buyer's."""
    order = raw("order_business")
    (registration,) = order["tax"]["taxRegistrations"]
    del registration["taxRegistrationAddress"]["companyName"]
    own = {
        "entityType": "MARKETPLACE",
        "taxRegistrationNumber": "AMZ-1",
        "taxRegistrationAddress": {**ADDRESS, "city": "Seattle"},
    }
    order["tax"]["taxRegistrations"] = [own, registration]
    found = mapped(order)
    assert found["bill_to"] is not None
    assert (found["bill_to"]["city"], found["buyer"]["tax_id"]) == ("Toledo", "EX-OH-000000")
    assert found["bill_to"]["company"] == "Nowhere Tools LLC", "the legal name where the address has none"
    order["tax"]["taxRegistrations"] = [own]
    found = mapped(order)
    assert (found["bill_to"], found["buyer"]["tax_id"], found["tax_exempt"]) == (None, "", False)

"""Money to the cent: charges of a line, by table and by property."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.reading import Reader
from connectors.walmart.money import jurisdiction_of, line_money


def charge(kind: str, name: str, amount: Any, tax: Any = None) -> dict[str, Any]:
    one: dict[str, Any] = {
        "chargeType": kind,
        "chargeName": name,
        "chargeAmount": {"currency": "USD", "amount": amount},
    }
    return one if tax is None else {**one, "tax": {"taxName": "Tax", "taxAmount": {"currency": "USD", "amount": tax}}}


def money_of(*charges: dict[str, Any], units: int = 1, basis: Any = "line") -> Any:
    return line_money(Reader({"charges": {"charge": list(charges)}}), Decimal(units), basis)


@pytest.mark.parametrize(
    ("name", "jurisdiction", "code"),
    [
        ("CA State Sales Tax", "state", "CA"),
        ("Cook County Sales Tax", "county", "Cook"),
        ("Chicago City Sales Tax", "city", "Chicago"),
        ("TX Transit Sales Tax", "district", "TX"),
        ("CA District Sales Tax", "district", "CA"),
        ("Orleans Parish Tax", "county", "Orleans"),
        ("PR IVU Estatal", "state", "PR IVU"),
        ("PR IVU Municipal", "city", "PR IVU"),
        ("GST", "country", ""),
        ("QST", "state", ""),
        ("IVA", "country", ""),
        ("Sales Tax", "", ""),
        ("Tax1", "", ""),
        ("Velocity surcharge", "", ""),  # words, not parts of words
        ("", "", ""),
    ],
)
def test_jurisdiction_of(name: str, jurisdiction: str, code: str) -> None:
    """ORD-3: taxes by jurisdiction, as far as the name tells."""
    assert jurisdiction_of(name) == (jurisdiction, code)


def test_each_charge_finds_its_place() -> None:
    money = money_of(
        charge("PRODUCT", "ItemPrice", 20, 1),
        charge("PRODUCT", "Item Price", 10),  # the other spelling
        charge("PRODUCT", "SubscriptionDiscount", -3, Decimal("-0.1")),
        charge("PRODUCT", "Recycling", 2, Decimal("0.2")),
        charge("SHIPPING", "Shipping", 5, Decimal("0.4")),
        charge("SHIPPING", "Shipping Promotion", -1),
        charge("FEE", "Bottle deposit", Decimal("0.25")),
        charge("FEE", "Rebate", Decimal("-0.05")),
    )
    assert (money.item, money.shipping) == (30, 5)
    assert [(one["name"], one["amount"]["amount"]) for one in money.fees] == [
        ("Recycling", "2.00"),
        ("Bottle deposit", "0.25"),
    ]
    assert [(one["name"], one["amount"]["amount"], one["applies_to"]) for one in money.discounts] == [
        ("SubscriptionDiscount", "3.00", "item"),
        ("Shipping Promotion", "1.00", "shipping"),
        ("Rebate", "0.05", "item"),
    ]
    assert [len(taxes) for taxes in (money.taxes, money.shipping_taxes, money.other_taxes)] == [2, 1, 1]


def test_without_charges_a_line_costs_nothing() -> None:
    money = line_money(Reader({}), Decimal(1), "line")
    assert money.total() == 0
    assert money.currency == ""
    assert money.shipping is None


cents = st.integers(-100_000, 100_000).map(lambda value: Decimal(value) / 100)
charges = st.builds(
    charge,
    st.sampled_from(["PRODUCT", "SHIPPING", "FEE"]),
    st.sampled_from(["ItemPrice", "Shipping", "SubscriptionDiscount", "Other"]),
    cents,
    st.none() | cents,
)


@given(st.lists(charges, max_size=8), st.integers(1, 9))
def test_nothing_is_lost_the_parts_sum_up_to_the_cent(given_charges: list[dict[str, Any]], units: int) -> None:
    """ORD-6: whatever place a charge finds, the total is the plain sum of all charges and taxes."""
    plain = sum(
        (
            one["chargeAmount"]["amount"] + one.get("tax", {"taxAmount": {"amount": 0}})["taxAmount"]["amount"]
            for one in given_charges
        ),
        Decimal(0),
    )
    assert money_of(*given_charges).total() == plain
    assert money_of(*given_charges, units=units, basis="unit").total() == plain * units

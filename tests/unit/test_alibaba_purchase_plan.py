"""PO-1: what of a purchase order is ordered at 1688, and what keeps it from being ordered, in the buyer's words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest

from connectors.alibaba.purchase_address import delivery_address
from connectors.alibaba.purchase_plan import MOST_SPECS, OfferFacts, offer_problems, parts_of, spec_of
from connectors.alibaba.purchase_settings import AlibabaAddress, AlibabaPurchases
from connectors.kit.errors import DataError
from schemas.records import PurchaseLine, PurchaseOrder

ADDRESS = {
    "province": "浙江省", "city": "杭州市", "area": "滨江区", "street": "网商路699号", "full_name": "张三", "mobile": "13800138000",
}  # fmt: skip


def line(number: int, code: str, quantity: str = "2", price: str = "18.50") -> PurchaseLine:
    return PurchaseLine(
        line_id=str(number), sku=f"S{number}", supplier_code=code, quantity=quantity,
        unit_price={"amount": price, "currency": "CNY"}, planned_at=None,
    )  # fmt: skip


def purchase(*lines: PurchaseLine, **changes: Any) -> PurchaseOrder:
    plain: dict[str, Any] = {
        "key": "odoo:purchase_order:7", "purchase_id": 7, "name": "P00007", "version": 3, "state": "purchase",
        "supplier": "alibaba:main:SELLER", "supplier_id": 4, "supplier_reference": "", "currency": "CNY", "planned_at": None,
        "lines": list(lines), **changes,
    }  # fmt: skip
    return cast("PurchaseOrder", plain)


@pytest.mark.parametrize(
    ("code", "spec"),
    [
        ("554456348334/3332085412530/b266e0726506185beaf205cbae88530d", ("554456348334", "b266e0726506185beaf205cbae88530d")),
        ("554456348334//", ("554456348334", "")),
        ("554456348334", ("554456348334", "")),
        ("554456348334/3332085412530/", None),
        ("554456348334/3332085412530", None),
        ("LD-01-W", None),
        ("0//", None),
        ("1/2/3/4", None),
    ],
)  # fmt: skip
def test_a_vendor_code_names_offer_and_spec(code: str, spec: tuple[str, str] | None) -> None:
    """PO-1: a SKU without its spec cannot be ordered; an offer without SKUs can."""
    assert spec_of(code) == spec


def test_lines_of_one_spec_are_ordered_together_and_parts_have_fifty_specs() -> None:
    """PO-1: deterministic parts, each with its own reference."""
    lines = [line(at, f"99{at}/1/a{at}") for at in range(1, MOST_SPECS + 3)]
    again = line(99, "991/1/a1", "3", "20.00")
    parts, problems = parts_of(purchase(*lines, again), "CW-")
    assert problems == []
    assert [(part.reference, len(part.wanted)) for part in parts] == [("CW-P00007", MOST_SPECS), ("CW-P00007-2", 2)]
    first = parts[0].wanted[0]
    assert (first.quantity, first.line_ids, first.price) == (5, ["1", "99"], Decimal("19.4"))
    assert first.as_cargo() == {"offerId": 991, "quantity": 5, "specId": "a1"}
    assert parts_of(purchase(*lines, again), "CW-") == (parts, problems)
    assert "specId" not in parts_of(purchase(line(1, "12//")), "")[0][0].wanted[0].as_cargo()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (line(1, ""), "has no vendor code"),
        (line(1, "LD-01"), "not OFFERID/SKUID/SPECID"),
        (line(1, "12//", "1.5"), "whole units, not 1.5"),
        (line(1, "12//", "-1"), "no number that can be ordered"),
        (line(1, "12//", "NaN"), "no number that can be ordered"),
        (line(1, "12//", "1", "Infinity"), "price is no amount"),
        (line(1, "12//", "0"), "nothing to order"),
    ],
)
def test_what_cannot_be_ordered_is_said_by_line(wrong: PurchaseLine, words: str) -> None:
    """PO-1: in words a buyer understands."""
    (found,) = parts_of(purchase(wrong), "")[1]
    assert words in found["text"]
    assert found["line_id"] == ("" if "nothing" in words else "1")


def test_what_is_wrong_with_the_whole_is_said() -> None:
    """PO-1: another currency, a name that cannot be a reference."""
    assert "in EUR" in parts_of(purchase(line(1, "12//"), currency="EUR"), "")[1][0]["text"]
    assert "name cannot be sent" in parts_of(purchase(line(1, "12//"), name="PÖ 7"), "")[1][0]["text"]
    assert "name cannot be sent" in parts_of(purchase(line(1, "12//"), name="P" * 64), "")[1][0]["text"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (OfferFacts(supplier="OTHER"), "of another supplier"),
        (OfferFacts(is_on_sale=False), "does not sell this offer"),
        (OfferFacts(specs=frozenset({"b"})), "no such variant any more"),
        (OfferFacts(minimum=10, unit="件"), "at least 10 件 of this offer, 4 are ordered"),
        (OfferFacts(batch=3), "in lots of 3, 4 are ordered"),
        (OfferFacts(supplier="SELLER", minimum=4, batch=2, specs=frozenset({"a"})), ""),
    ],
)
def test_what_the_offer_asks_is_said_by_line(facts: OfferFacts, words: str) -> None:
    """PO-1: supplier, sale, variant, least quantity, lots."""
    parts, _ = parts_of(purchase(line(1, "12/3/a", "4")), "")
    found = offer_problems(parts, {"12": facts}, "SELLER")
    assert [words in one["text"] and one["line_id"] == "1" for one in found] == ([True] if words else [])


def test_an_address_comes_from_the_configuration_alone() -> None:
    """PO-1: a saved one by its number, or the parts; by warehouse, else the default one."""
    saved, plain = AlibabaAddress(address_id="1234567"), AlibabaAddress(**ADDRESS)
    purchases = AlibabaPurchases(addresses={"default": saved, "WH": plain})
    assert delivery_address(purchases) == {"addressId": 1234567}
    assert delivery_address(purchases, "wh2") == {"addressId": 1234567}
    assert delivery_address(purchases, "WH") == {
        "provinceText": "浙江省", "cityText": "杭州市", "areaText": "滨江区", "address": "网商路699号", "fullName": "张三",
        "mobile": "13800138000",
    }  # fmt: skip


@pytest.mark.parametrize("part", ["province", "city", "area", "street", "full_name", "mobile"])
def test_a_missing_part_of_an_address_is_named(part: str) -> None:
    """PO-1: with the setting it belongs to, without a word of the address itself."""
    purchases = AlibabaPurchases(
        addresses={"default": AlibabaAddress(**{**ADDRESS, part: " " if part != "mobile" else ""})}
    )
    with pytest.raises(
        DataError, match=f"{part} is missing; set CAUSEWAY_ALIBABA__PURCHASES__ADDRESSES__DEFAULT__{part.upper()}"
    ) as told:
        delivery_address(purchases)
    assert not any(text in str(told.value) for text in ADDRESS.values())


def test_no_address_at_all_is_told() -> None:
    """PO-1: never guessed."""
    with pytest.raises(DataError, match="there is none; set CAUSEWAY_ALIBABA__PURCHASES__ADDRESSES__DEFAULT"):
        delivery_address(AlibabaPurchases())

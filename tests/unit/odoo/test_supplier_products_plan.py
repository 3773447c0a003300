"""PRD-2, PO-3: an offer -> product, variants, prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.errors import DataError
from connectors.odoo.supplier_products_plan import OfferPlan, plan_offer
from connectors.odoo.supplier_settings import SupplierProductSettings
from tests.supplier_records import attribute, offer_of, tier, variant


def planned(*variants: Any, rules: dict[str, Any] | None = None, **changes: Any) -> OfferPlan:
    return plan_offer(offer_of("554", *variants, **changes), SupplierProductSettings.model_validate(rules or {}))


WHITE, BLACK = variant("1", color="白色", size="M"), variant("2", color="黑色", size="M")


def test_only_what_differs_is_an_attribute() -> None:
    """PRD-2: both are of size M, so the size tells nothing."""
    plan = planned(WHITE, BLACK, variant("3", color="红色"))
    assert plan.attributes == ("Color",)
    assert [one.choices for one in plan.variants] == [(("Color", "White"),), (("Color", "Black"),), (("Color", "Red"),)]
    assert plan.variants[0].said == "棉麻连衣裙 554 白色"


@pytest.mark.parametrize("one", [variant("1", color="白色"), variant("")])
def test_an_offer_with_one_variant_has_no_attributes(one: Any) -> None:
    plan = planned(one)
    assert (plan.attributes, plan.variants[0].choices) == ((), ())


def test_names_are_the_translated_ones_or_the_suppliers_own() -> None:
    """PRD-2: by the setting; what has no translation stays as it is."""
    assert planned(WHITE, BLACK).name == "Linen dress 554"
    own = planned(WHITE, BLACK, rules={"names": "original"})
    assert (own.name, own.attributes, own.variants[1].choices) == ("棉麻连衣裙 554", ("颜色",), (("颜色", "黑色"),))
    untold = planned(WHITE, variant("3", color="米白"), name_translated="")
    assert (untold.name, untold.variants[1].choices) == ("棉麻连衣裙 554", (("Color", "米白"),))
    assert "untranslated" in untold.notes
    assert untold.shape == own.shape == planned(WHITE, BLACK).shape


def test_values_translated_alike_stay_apart() -> None:
    """PRD-2: two whites must not become one variant."""
    other = variant("3", attributes=[{**attribute("颜色", "米白"), "value_translated": "white"}])
    plan = planned(WHITE, other)
    assert [one.choices[0][1] for one in plan.variants] == ["White (白色)", "white (米白)"]


@pytest.mark.parametrize(
    ("rules", "code", "barcode"),
    [
        ({}, "1688-554-1", ""),
        ({"default_code": "{offer_id}", "barcode": "{sku_id}"}, "554", "1"),
        ({"default_code": "{account}/{item_number}-{sku_id}"}, "main/LD-01-1", ""),
    ],
)
def test_reference_and_barcode_follow_their_patterns(rules: dict[str, str], code: str, barcode: str) -> None:
    """PO-3: the platform states no barcode, so there is none unless a pattern makes one."""
    plan = planned({**WHITE, "item_number": "LD-01"}, BLACK, rules=rules)
    one = plan.variants[0]
    assert (one.default_code, one.barcode, one.code) == (code, barcode, "554/1/spec1")


def test_an_offer_without_skus_leaves_no_stroke_behind() -> None:
    assert (planned().variants[0].default_code, planned().variants[0].code) == ("1688-554", "554//")


def test_a_barcode_of_two_variants_is_none() -> None:
    """PO-3: Odoo takes a barcode once."""
    plan = planned(WHITE, BLACK, rules={"barcode": "{offer_id}"})
    assert [one.barcode for one in plan.variants] == ["", ""]
    assert plan.notes == ("barcode_shared",)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (variant("3", color="红色", size="M", spec_id=""), "no_spec_id"),
        (variant("3", tier(2, "0"), color="红色", size="M"), "bad_price"),
        (variant("3", tier(2, "a lot"), color="红色", size="M"), "bad_price"),
        (variant("3", tier(2, "1"), tier(9, "1", "USD"), color="红色", size="M"), "bad_price"),
        (variant("3", size="M"), "no_attribute"),
        (variant("3/4", color="红色", size="M"), "bad_sku_id"),
        (variant("3", color="红色", size="M", spec_id="a/b"), "bad_spec_id"),
        (variant("3", color="白色", size="M"), "same_attributes"),
    ],
)
def test_what_is_wrong_with_one_variant_leaves_out_that_one(broken: Any, why: str) -> None:
    """PRD-3, PO-3: skipped with a note, the rest goes on; its standing prices are spared."""
    plan = planned(WHITE, BLACK, broken)
    assert [one.sku_id for one in plan.variants] == ["1", "2"]
    assert plan.notes == (f"variant_skipped:{broken['sku_id']}:{why}",)
    assert plan.skipped == {broken["sku_id"]}


def test_a_variant_without_any_price_is_left_out() -> None:
    """PO-3: neither its own nor the offer's."""
    plan = planned({**WHITE, "prices": [tier(2, "5")]}, BLACK, prices=[])
    assert [one.sku_id for one in plan.variants] == ["1"]
    assert plan.notes == ("variant_skipped:2:no_price",)
    assert plan.attributes == ("Color",)  # whatever is wrong today, the template is the same


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"supplier": ""}, "supplier: missing"),
        ({"offer_id": "5%"}, "offer_id: not a number"),
        ({"name": " "}, "name: missing"),
        ({"variants": []}, "variants: missing"),
        ({"minimum_quantity": "-1"}, "minimum_quantity: not above 0"),
        ({"prices": []}, r"variants: none can be used; variants\[0\].prices: missing"),
    ],
)
def test_what_all_need_and_is_missing_is_named(changes: dict[str, Any], field: str) -> None:
    """PRD-3: a dead letter that names the field."""
    with pytest.raises(DataError, match=f"^{field}$"):
        planned(**changes)


def test_an_offer_that_is_not_published_needs_no_prices() -> None:
    plan = planned(WHITE, status="member expired", prices=[])
    assert (plan.published, plan.variants, plan.notes) == (False, (), ("not_published:member expired",))
    assert plan.skipped == frozenset()  # nothing is spared: all its prices end


def test_the_vendor_is_named_by_platform_account_and_seller() -> None:
    """PO-1: the same word purchase orders are recognised by."""
    assert planned().vendor == "alibaba:main:SELLER-554"


def test_a_weight_that_makes_no_sense_says_nothing() -> None:
    assert planned({**WHITE, "weight": "0.25"}).variants[0].weight == Decimal("0.25")
    assert planned(WHITE).variants[0].weight == Decimal("0.3")
    assert planned(WHITE, weight="heavy").variants[0].weight is None


@pytest.mark.parametrize(
    "wrong",
    [{"default_code": "{sku}"}, {"default_code": " "}, {"barcode": "{0}"}, {"rates": {"CNY": "0"}}, {"owners": {"image": "odoo"}}],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="SupplierProductSettings"):
        SupplierProductSettings.model_validate(wrong)


def test_units_can_be_added_and_taken_away() -> None:
    """PRD-2: a carton is what the offer says it is, so it has no unit by default."""
    rules = SupplierProductSettings.model_validate({"units": {"箱": "Dozens", "件": ""}})
    assert (rules.unit_of("箱"), rules.unit_of("件"), rules.unit_of(" 打 ")) == ("Dozens", "", "Dozens")
    assert SupplierProductSettings().unit_of("箱") == ""

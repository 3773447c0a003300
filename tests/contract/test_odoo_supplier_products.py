"""Suppliers' products in Odoo, on the sandbox or on a real Odoo 18 (see `odoo_box`): products, variants, vendors' prices, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from connectors.kit.ports import Outcome, Result
from connectors.odoo.capture_mapping.purchases import to_purchase_order
from connectors.odoo.source.make import make_source
from schemas.reasons import Reason
from tests.builders import deps
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import delivery, put, sink_of, user_of
from tests.supplier_records import offer_of, tier, variant

UPSERT = "upsert_supplier_product"


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def number() -> str:
    """An offer's number no other test uses."""
    return str(int(tag()[1:], 36))


def products(box: OdooBox, number: str) -> list[dict[str, Any]]:
    """The offer's, by internal reference."""
    fields = ["default_code", "barcode", "name", "product_tmpl_id", "weight", "list_price", "standard_price", "sale_ok", "purchase_ok",
              "categ_id", "uom_id", "uom_po_id", "is_storable", "product_template_attribute_value_ids"]  # fmt: skip
    rows = box.call("product.product", "search_read", [["default_code", "=like", f"1688-{number}%"]], fields=fields,
                    order="default_code", context={"active_test": False})  # fmt: skip
    return list(rows)


def prices(box: OdooBox, number: str) -> list[tuple[str, float, float, str, Any]]:
    """(code, from quantity, price, currency, end) of the offer's vendor prices."""
    fields = ["product_code", "min_qty", "price", "currency_id", "date_end"]
    rows = box.rows("product.supplierinfo", [["product_code", "=like", f"{number}/%"]], fields)
    return sorted(
        (row["product_code"], row["min_qty"], row["price"], row["currency_id"][1], row["date_end"]) for row in rows
    )


def vendor(box: OdooBox, number: str) -> dict[str, Any]:
    fields = ["name", "is_company", "country_id", "property_purchase_currency_id"]
    (row,) = box.rows("res.partner", [["ref", "=", f"alibaba:main:SELLER-{number}"]], fields)
    return row


def values_of(box: OdooBox, product: dict[str, Any]) -> list[str]:
    """`Attribute: value` of a variant."""
    rows = box.rows(
        "product.template.attribute.value",
        [["id", "in", product["product_template_attribute_value_ids"]]],
        ["attribute_id", "name"],
    )
    return sorted(f"{row['attribute_id'][1]}: {row['name']}" for row in rows)


def codes(outcome: Outcome) -> set[str]:
    """Codes of its notes, without what follows the colon."""
    return {note.partition(":")[0] for note in outcome.notes}


TWO = (variant("11", tier(2, "18.50"), tier(100, "15"), color="白色"), variant("12", tier(2, "19"), color="黑色"))


async def test_an_offer_becomes_a_template_with_its_variants_and_vendor_prices(box: OdooBox, number: str) -> None:
    """PRD-2, PO-3: one template, an attribute for what differs, a row for each quantity, in the supplier's currency; nothing to be sold yet."""
    async with sink_of(box) as sink:
        (outcome,) = await put(sink, UPSERT, offer_of(number, *TWO))
    assert outcome.result is Result.APPLIED, outcome.detail
    white, black = products(box, number)
    assert white["product_tmpl_id"] == black["product_tmpl_id"]
    assert outcome.remote_id == str(white["product_tmpl_id"][0])
    assert (values_of(box, white), values_of(box, black)) == (["Color: White"], ["Color: Black"])
    assert (white["default_code"], white["name"], white["weight"]) == (
        f"1688-{number}-11",
        f"Linen dress {number}",
        0.3,
    )
    assert (white["barcode"], white["list_price"], white["sale_ok"], white["purchase_ok"]) == (False, 0.0, False, True)
    assert white["is_storable"]
    assert white["uom_id"][1] == "Units"
    assert prices(box, number) == [
        (f"{number}/11/spec11", 2.0, 18.5, "CNY", False),
        (f"{number}/11/spec11", 100.0, 15.0, "CNY", False),
        (f"{number}/12/spec12", 2.0, 19.0, "CNY", False),
    ]
    made = vendor(box, number)
    assert (made["name"], made["is_company"], made["country_id"][1]) == (f"Trading Company {number}", True, "China")
    assert made["property_purchase_currency_id"][1] == "CNY"  # else purchase orders would be in the company's
    assert {"vendor_made", "variants_made", "prices_made"} <= codes(outcome)


async def test_the_same_offer_again_changes_nothing(box: OdooBox, number: str) -> None:
    """EVT-4: neither by the same sink nor by one that remembers nothing."""
    offer = offer_of(number, *TWO)
    async with sink_of(box) as sink:
        (first,) = await put(sink, UPSERT, offer)
    before = (products(box, number), prices(box, number))
    calls = len(box.proxy.calls)
    async with sink_of(box) as sink:
        (again,) = await put(sink, UPSERT, offer)
    assert (again.result, again.remote_id) == (Result.ALREADY_APPLIED, first.remote_id)
    assert (products(box, number), prices(box, number)) == before
    assert {method for _, method in box.proxy.calls[calls:]} <= {
        "search_read", "fields_get", "check_object_reference", "context_get", "",
    }  # fmt: skip


async def test_an_older_state_is_stale(box: OdooBox, number: str) -> None:
    """EVT-2: a delivery that was overtaken writes nothing."""
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO, version=5))
        (late,) = await put(sink, UPSERT, offer_of(number, variant("11", tier(2, "1"), color="白色"), version=4))
    assert late.result is Result.STALE
    assert prices(box, number)[0][2] == 18.5


@pytest.mark.parametrize(
    ("model", "method"),
    [
        ("res.partner", "load"), ("product.attribute", "load"), ("product.attribute.value", "load"), ("product.template", "load"),
        ("product.product", "load"), ("product.supplierinfo", "load"), ("ir.attachment", "load"), ("ir.attachment", "write"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_lost_makes_nothing_twice(box: OdooBox, number: str, model: str, method: str) -> None:
    """EVT-4: at every step."""
    offer = offer_of(number, *TWO)
    box.proxy.lose(model, method, 3)
    async with sink_of(box) as sink:
        (first,) = await put(sink, UPSERT, offer)
        box.proxy.to_lose.clear()
        (second,) = await put(sink, UPSERT, offer)
    assert first.ok or first.reason is Reason.TRANSIENT, first.detail
    assert second.ok, second.detail
    assert len(products(box, number)) == 2
    assert len(prices(box, number)) == 3
    assert vendor(box, number)


async def test_two_workers_at_once_make_it_once(box: OdooBox, number: str) -> None:
    """EVT-4"""
    offer = offer_of(number, *TWO)
    async with sink_of(box) as one, sink_of(box) as other:
        found = await asyncio.gather(put(one, UPSERT, offer), put(other, UPSERT, offer))
    assert all(outcome.ok for (outcome,) in found), found
    assert len(products(box, number)) == 2
    assert len(prices(box, number)) == 3
    assert len({row["product_tmpl_id"][0] for row in products(box, number)}) == 1


async def test_an_offer_without_skus_is_one_product(box: OdooBox, number: str) -> None:
    """PRD-2"""
    async with sink_of(box) as sink:
        (outcome,) = await put(
            sink, UPSERT, offer_of(number, prices=[tier(1, "5"), tier(10, "4")], minimum_quantity="")
        )
    assert outcome.ok, outcome.detail
    (only,) = products(box, number)
    assert (only["default_code"], only["product_template_attribute_value_ids"]) == (f"1688-{number}", [])
    assert prices(box, number) == [(f"{number}//", 1.0, 5.0, "CNY", False), (f"{number}//", 10.0, 4.0, "CNY", False)]


async def test_a_new_variant_joins_the_template_and_one_that_is_gone_ends(box: OdooBox, number: str) -> None:
    """PRD-2: products are never deleted or archived; a price that is asked again begins again."""
    red = variant("13", tier(2, "20"), color="红色")
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
        await put(sink, UPSERT, offer_of(number, TWO[0], red, version=2))
        found = products(box, number)
        assert [row["default_code"][-2:] for row in found] == ["11", "12", "13"]
        assert len({row["product_tmpl_id"][0] for row in found}) == 1
        assert values_of(box, found[2]) == ["Color: Red"]
        assert [(row[0], bool(row[4])) for row in prices(box, number)] == [
            (f"{number}/11/spec11", False), (f"{number}/11/spec11", False), (f"{number}/12/spec12", True),
            (f"{number}/13/spec13", False),
        ]  # fmt: skip
        (back,) = await put(sink, UPSERT, offer_of(number, *TWO, red, version=3))
    assert back.notes[0] == "prices_written:1"
    assert not any(row[4] for row in prices(box, number))


async def test_a_changed_price_is_written_and_a_dropped_tier_ends(box: OdooBox, number: str) -> None:
    """PO-3"""
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
        dearer: Any = {**TWO[0], "prices": [tier(2, "21")]}
        (outcome,) = await put(sink, UPSERT, offer_of(number, dearer, TWO[1], version=2))
    assert set(outcome.notes) >= {"prices_written:1", "prices_ended:1"}
    rows = {(row[0][-2:], row[1]): row for row in prices(box, number)}
    assert rows["11", 2.0][2:] == (21.0, "CNY", False)
    assert rows["11", 100.0][4] == "2026-03-03"  # the day before the clock of these tests


@pytest.mark.parametrize(
    ("strategy", "rows"), [("minimum", [(2.0, 18.5)]), ("lowest", [(2.0, 15.0)]), ("tiers", [(2.0, 18.5), (100.0, 15.0)])]
)  # fmt: skip
async def test_the_strategy_of_prices_is_a_setting(
    box: OdooBox, number: str, strategy: str, rows: list[tuple[float, float]]
) -> None:
    """PO-3"""
    async with sink_of(box, supplier_products={"prices": strategy}) as sink:
        await put(sink, UPSERT, offer_of(number, variant("", *TWO[0]["prices"])))
    assert [(row[1], row[2]) for row in prices(box, number)] == rows


async def test_a_sku_made_anew_is_the_product_it_was(box: OdooBox, number: str) -> None:
    """PO-1, PRD-2: the platform gives a re-created SKU new numbers; its attributes say that it is the same."""
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
        before = products(box, number)
        anew: Any = {**TWO[0], "sku_id": "99", "spec_id": "spec99", "prices": [tier(2, "18.50")]}
        (outcome,) = await put(sink, UPSERT, offer_of(number, anew, TWO[1], version=2))
    assert "sku_replaced:99" in outcome.notes
    assert products(box, number) == before
    assert {(row[0], bool(row[4])) for row in prices(box, number)} == {
        (f"{number}/99/spec99", False), (f"{number}/99/spec99", True), (f"{number}/12/spec12", False),
    }  # fmt: skip


async def test_other_attributes_get_a_template_of_their_own(box: OdooBox, number: str) -> None:
    """PRD-2: on one that has variants Odoo would delete those."""
    sized = [variant(sku, tier(2, "9"), color=color, size=size)
             for sku, color, size in (("11", "白色", "M"), ("12", "黑色", "M"), ("13", "白色", "L"))]  # fmt: skip
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
        before = products(box, number)
        (outcome,) = await put(sink, UPSERT, offer_of(number, *sized, version=2))
        (again,) = await put(sink, UPSERT, offer_of(number, *sized, version=2))
    assert outcome.ok, outcome.detail
    white, black, large = products(box, number)
    assert [white, black] == before
    assert large["product_tmpl_id"] != white["product_tmpl_id"]
    assert values_of(box, large) == ["Color: White", "Size: L"]
    assert again.result is Result.ALREADY_APPLIED


async def test_one_variant_that_is_wrong_is_left_out_with_its_prices_as_they_are(box: OdooBox, number: str) -> None:
    """PRD-3: a note, the rest goes on."""
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
        broken: Any = {**TWO[0], "spec_id": ""}
        (outcome,) = await put(sink, UPSERT, offer_of(number, broken, {**TWO[1], "prices": [tier(2, "1")]}, version=2))
    assert "variant_skipped:11:no_spec_id" in outcome.notes
    assert [row[2] for row in prices(box, number)] == [18.5, 15.0, 1.0]
    assert not any(row[4] for row in prices(box, number))


async def test_what_all_need_and_is_missing_is_a_dead_letter_that_names_it(box: OdooBox, number: str) -> None:
    """PRD-3"""
    async with sink_of(box) as sink:
        bad, good = await put(
            sink, UPSERT, offer_of(number, supplier=""), offer_of(f"{number}0", variant("", tier(2, "1")))
        )
    assert (bad.reason, bad.detail) == (Reason.DATA, "supplier: missing")
    assert good.ok


# ---- no longer published


async def test_an_offer_that_is_gone_ends_its_prices_and_leaves_the_products(box: OdooBox, number: str) -> None:
    """PRD-2: until it is published again."""
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
        calls = len(box.proxy.calls)
        (gone,) = await put(sink, UPSERT, offer_of(number, *TWO, status="member expired", version=2))
        assert box.proxy.calls[calls:].count(("product.supplierinfo", "write")) == 1  # an offer may have hundreds
        assert set(gone.notes) == {"not_published:member expired", "prices_ended:3"}
        assert all(row[4] == "2026-03-03" for row in prices(box, number))
        assert [(row["purchase_ok"]) for row in products(box, number)] == [True, True]
        (again,) = await put(sink, UPSERT, offer_of(number, *TWO, status="member expired", version=2))
        assert (again.result, again.remote_id) == (Result.ALREADY_APPLIED, gone.remote_id)
        (back,) = await put(sink, UPSERT, offer_of(number, *TWO, version=3))
    assert "prices_written:3" in back.notes
    assert not any(row[4] for row in prices(box, number))


async def test_an_offer_that_was_never_there_and_is_gone_makes_nothing(box: OdooBox, number: str) -> None:
    async with sink_of(box) as sink:
        (outcome,) = await put(sink, UPSERT, offer_of(number, *TWO, status="deleted"))
    assert (outcome.result, outcome.notes) == (Result.ALREADY_APPLIED, ("not_published:deleted",))
    assert box.rows("res.partner", [["ref", "=", f"alibaba:main:SELLER-{number}"]], ["ref"]) == []


# ---- products that are there


async def test_a_product_that_has_the_barcode_is_taken_for_it(box: OdooBox, number: str) -> None:
    """PO-3: a duplicate barcode updates the product that has it; a person's name and reference stay, the difference is told once."""
    own = box.product(f"OWN-{number}", barcode=f"{number}11", name="Our dress")
    rules = {"barcode": "{offer_id}{sku_id}"}
    async with sink_of(box, supplier_products=rules) as sink:
        (outcome,) = await put(sink, UPSERT, offer_of(number, *TWO))
        (again,) = await put(sink, UPSERT, offer_of(number, *TWO, version=2))
    assert outcome.ok, outcome.detail
    assert [row["default_code"] for row in products(box, number)] == [f"1688-{number}-12"]
    rows = box.rows("product.supplierinfo", [["product_id", "=", own]], ["product_code"])
    assert {row["product_code"] for row in rows} == {f"{number}/11/spec11"}
    (standing,) = box.rows("product.product", [["id", "=", own]], ["name", "default_code", "weight"])
    assert (standing["name"], standing["default_code"], standing["weight"]) == ("Our dress", f"OWN-{number}", 0.3)
    assert [(e.entity, e.body["entity"], e.body["field"], e.body["action"]) for e in outcome.events] == [
        ("conflict", "supplier_product", "name", "kept")
    ]
    assert again.events == ()


async def test_conflicts_of_a_lost_outcome_are_told_again(box: OdooBox, number: str) -> None:
    """PRD-2, EVT-4: whoever writes an offer again because the outcome got lost publishes the same conflicts."""
    box.product(f"OWN-{number}", barcode=f"{number}11", name="Our dress")
    offer = offer_of(number, *TWO)
    async with sink_of(box, supplier_products={"barcode": "{offer_id}{sku_id}"}) as sink:
        (first,) = await put(sink, UPSERT, offer)
        (again,) = await put(sink, UPSERT, offer)
    assert [one.body["field"] for one in first.events] == ["name"]
    assert again.result is Result.ALREADY_APPLIED
    assert again.events == first.events


async def test_seeds_codes_product_to_reference_and_sku_to_barcode(box: OdooBox, number: str) -> None:
    """PO-3: by setting; a reference all variants share finds none of them."""
    rules = {"default_code": "{offer_id}", "barcode": "{offer_id}{sku_id}"}
    async with sink_of(box, supplier_products=rules) as sink:
        (outcome,) = await put(sink, UPSERT, offer_of(number, *TWO))
        (memory,) = box.rows("ir.attachment", [["name", "=", f"causeway alibaba:main:offer:{number}"]], ["name"])
        box.call("ir.attachment", "unlink", [memory["id"]])
        (again,) = await put(sink, UPSERT, offer_of(number, *reversed(TWO)))
    assert outcome.ok, outcome.detail
    assert again.result is Result.ALREADY_APPLIED
    rows = box.rows("product.product", [["default_code", "=", number]], ["barcode"])
    assert {row["barcode"] for row in rows} == {f"{number}11", f"{number}12"}
    priced = box.rows(
        "product.supplierinfo", [["product_id", "in", [row["id"] for row in rows]]], ["product_id", "product_code"]
    )
    barcodes = {row["id"]: row["barcode"] for row in rows}
    assert {(barcodes[row["product_id"][0]][-2:], row["product_code"].split("/")[1]) for row in priced} == {
        ("11", "11"),
        ("12", "12"),
    }


async def test_a_mapping_leads_to_a_product_of_ones_own(box: OdooBox, number: str) -> None:
    """ORD-9, PO-3: the cross-reference table says which product a SKU of the offer is."""
    own = box.product(f"OWN-{number}")
    async with sink_of(box, {("sku", f"{number}/12"): f"OWN-{number}"}) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
    rows = box.rows("product.supplierinfo", [["product_id", "=", own]], ["product_code"])
    assert [row["product_code"] for row in rows] == [f"{number}/12/spec12"]
    assert len(products(box, number)) == 1


async def test_what_a_person_changed_stays_unless_the_supplier_owns_it(box: OdooBox, number: str) -> None:
    """PRD-2: name and reference of a product made by us, renamed by a person; archived ones stay archived."""
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
        white, black = products(box, number)
        box.call("product.template", "write", [white["product_tmpl_id"][0]], {"name": "Summer dress"})
        box.call("product.product", "write", [white["id"]], {"default_code": f"1688-{number}-summer"})
        box.call("product.product", "write", [black["id"]], {"active": False})
        (outcome,) = await put(sink, UPSERT, offer_of(number, *TWO, version=2))
        assert outcome.result is Result.ALREADY_APPLIED, outcome.notes
        found = products(box, number)
        assert [(row["default_code"], row["name"]) for row in found] == [
            (f"1688-{number}-12", "Summer dress"), (f"1688-{number}-summer", "Summer dress"),
        ]  # fmt: skip
    async with sink_of(box, supplier_products={"owners": {"name": "marketplace"}}) as sink:
        (theirs,) = await put(sink, UPSERT, offer_of(number, *TWO, version=3, name_translated="New dress"))
    assert "wrote_name" in theirs.notes
    assert {row["name"] for row in products(box, number)} == {"New dress"}


async def test_what_a_person_archived_is_left_alone(box: OdooBox, number: str) -> None:
    """PRD-2: its vendor prices stay, it does not come back, and a new SKU does not join a template that was put away."""
    red = variant("13", tier(2, "20"), color="红色")
    dearer: list[Any] = [{**one, "prices": [tier(2, "30"), tier(50, "29")]} for one in TWO]
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
        white, black = products(box, number)
        box.call("product.product", "write", [black["id"]], {"active": False})
        (one,) = await put(sink, UPSERT, offer_of(number, *dearer, version=2))
        assert one.ok, one.detail
        standing = {(row[0][-2:], row[1]): row[2:] for row in prices(box, number)}
        assert standing["12", 2.0] == (19.0, "CNY", False)
        assert standing["11", 50.0] == (29.0, "CNY", False)
        box.call("product.template", "write", [white["product_tmpl_id"][0]], {"active": False})
        (both,) = await put(sink, UPSERT, offer_of(number, *dearer, red, version=3))
        (again,) = await put(sink, UPSERT, offer_of(number, *dearer, red, version=3))
    assert "variant_refused:13:archived" in both.notes
    assert again.result is Result.ALREADY_APPLIED, again.detail
    assert len(products(box, number)) == 2


# ---- what an offer refers to


async def test_a_vendor_nobody_made_holds_the_offer_where_configured(box: OdooBox, number: str) -> None:
    """PRD-2: released once a contact has the reference; nothing was made before."""
    async with sink_of(box, supplier_products={"vendors": "hold"}) as sink:
        (held,) = await put(sink, UPSERT, offer_of(number, *TWO))
        word = f"supplier:alibaba:main:SELLER-{number}"
        assert (held.reason, held.waiting_for) == (Reason.MAPPING, word)
        assert await sink.resolve([word]) == []
        assert products(box, number) == []
        box.call("res.partner", "create", {"name": "Known", "ref": f"alibaba:main:SELLER-{number}"})
        assert await sink.resolve([word]) == [word]
        (outcome,) = await put(sink, UPSERT, offer_of(number, *TWO))
    assert outcome.ok
    assert vendor(box, number)["name"] == "Known"
    assert "vendor_currency_not_CNY" in outcome.notes


async def test_category_and_unit_by_table_else_by_default_with_a_note(box: OdooBox, number: str) -> None:
    """PRD-2, PO-3: the cross-reference table first, then the configuration."""
    every = box.rows("product.category", [["complete_name", "=", "All"]], ["name"])[0]["id"]
    name = f"Dresses {number}"
    box.call("product.category", "create", {"name": name, "parent_id": every})
    rules = {"categories": {"连衣裙": f"All / {name}"}, "default_category": "All / Saleable"}
    async with sink_of(box, {("product_category", "77"): f"All / {name}"}, supplier_products=rules) as sink:
        by_table = await put(
            sink, UPSERT, offer_of(number, variant("1"), category_id="77", category_name="", unit="打")
        )
        by_name = await put(sink, UPSERT, offer_of(f"{number}1", variant("1")))
        unknown = await put(sink, UPSERT, offer_of(f"{number}2", variant("1"), category_name="鞋", unit="箱"))
    first, second, third = (products(box, one)[0] for one in (f"{number}-", f"{number}1", f"{number}2"))
    assert (first["categ_id"][1], first["uom_po_id"][1]) == (f"All / {name}", "Dozens")
    assert (second["categ_id"][1], second["uom_id"][1]) == (f"All / {name}", "Units")
    assert (third["categ_id"][1], third["uom_id"][1]) == ("All / Saleable", "Units")
    assert {"category_unmapped:1031910", "unit_unknown:箱"} <= set(unknown[0].notes)
    assert not {"category_unmapped", "unit_unknown"} & (codes(by_table[0]) | codes(by_name[0]))


def rate(box: OdooBox, value: float) -> None:
    """Yuan for one dollar from the first of January on."""
    context = {"active_test": False}
    (yuan,) = box.call("res.currency", "search", [["name", "=", "CNY"]], context=context)
    for row in box.rows("res.currency.rate", [["currency_id", "=", yuan]], ["name"]):
        box.call("res.currency.rate", "unlink", [row["id"]])
    if value:
        values = {"currency_id": yuan, "name": "2026-01-01", "company_rate": value}
        box.call("res.currency.rate", "create", values)


async def test_prices_converted_by_odoos_rate_wait_for_one(box: OdooBox, number: str) -> None:
    """PO-3: never 1 for 1; the cost of the new product is converted too."""
    offer = offer_of(number, variant("", tier(2, "18.50")))
    rate(box, 0)
    async with sink_of(box, supplier_products={"currency": "convert"}) as sink:
        (held,) = await put(sink, UPSERT, offer)
        assert (held.reason, held.waiting_for) == (Reason.MAPPING, "rate:CNY:2026-03-04")
        assert products(box, number) == []
        rate(box, 7.25)
        assert await sink.resolve([held.waiting_for]) == [held.waiting_for]
        (outcome,) = await put(sink, UPSERT, offer)
    rate(box, 0)
    assert outcome.ok, outcome.detail
    assert prices(box, number) == [(f"{number}//", 2.0, 2.55, "USD", False)]
    assert products(box, number)[0]["standard_price"] == 2.55


async def test_prices_converted_by_a_rate_of_the_configuration(box: OdooBox, number: str) -> None:
    """PO-3: it comes before Odoo's; what is less than the last digit is not bought for nothing."""
    rules = {"currency": "convert", "rates": {"cny": "0.1"}}
    cheap = variant("12", tier(2, "0.04"), color="黑色")
    async with sink_of(box, supplier_products=rules) as sink:
        (outcome,) = await put(sink, UPSERT, offer_of(number, TWO[0], cheap))
    assert prices(box, number) == [(f"{number}/11/spec11", 2.0, 1.85, "USD", False), (f"{number}/11/spec11", 100.0, 1.5, "USD", False)]  # fmt: skip
    assert "price_too_small:12" in outcome.notes


async def test_a_cost_that_no_rate_tells_is_left_to_odoo(box: OdooBox, number: str) -> None:
    """PO-3: with a note."""
    rate(box, 0)
    async with sink_of(box) as sink:
        (outcome,) = await put(sink, UPSERT, offer_of(number, variant("")))
    assert "no_rate:CNY" in outcome.notes
    assert products(box, number)[0]["standard_price"] == 0.0


async def test_a_currency_that_is_not_active_is_activated_or_waited_for(box: OdooBox, number: str) -> None:
    """PO-3"""
    foreign = offer_of(number, variant("", tier(2, "5", "TWD")))
    async with sink_of(box, supplier_products={"activate_currency": False}) as sink:
        (held,) = await put(sink, UPSERT, foreign)
        assert (held.reason, held.waiting_for) == (Reason.MAPPING, "currency:TWD")
        assert await sink.resolve(["currency:TWD"]) == []
    async with sink_of(box) as sink:
        (outcome,) = await put(sink, UPSERT, foreign)
        assert await sink.resolve(["currency:TWD"]) == ["currency:TWD"]
    assert "currency_activated:TWD" in outcome.notes
    assert prices(box, number) == [(f"{number}//", 2.0, 5.0, "TWD", False)]


async def test_lead_time_of_new_prices_is_a_setting_and_a_persons_stays(box: OdooBox, number: str) -> None:
    """PO-4"""

    def delays() -> Sequence[int]:
        rows = box.rows("product.supplierinfo", [["product_code", "=like", f"{number}/%"]], ["delay"])
        return [row["delay"] for row in rows]

    async with sink_of(box, supplier_products={"lead_days": 21}) as sink:
        await put(sink, UPSERT, offer_of(number, variant("")))
        assert delays() == [21]
        rows = box.rows("product.supplierinfo", [["product_code", "=like", f"{number}/%"]], ["id"])
        box.call("product.supplierinfo", "write", [rows[0]["id"]], {"delay": 30})
        await put(sink, UPSERT, offer_of(number, variant("", tier(2, "3")), version=2))
    assert delays() == [30]


# ---- what is bought of it


async def bought(box: OdooBox, number: str, product: int) -> tuple[str, str, str]:
    """(vendor's reference, the supplier's code, currency) as change capture tells a purchase order of this product."""
    (seller,) = box.rows(
        "res.partner", [["ref", "=", f"alibaba:main:SELLER-{number}"]], ["property_purchase_currency_id"]
    )
    values = {
        "partner_id": seller["id"], "currency_id": seller["property_purchase_currency_id"][0],
        "order_line": [[0, 0, {"product_id": product, "product_qty": 5, "price_unit": 18.5}]],
    }  # fmt: skip
    order = box.call("purchase.order", "create", values)
    source = make_source(box.settings, "main", "purchase_orders", deps())
    try:
        (fetched,) = [item async for page in source.fetch([str(order)]) for item in page.items]
    finally:
        await source.aclose()
    (told,) = to_purchase_order(fetched.payload, "main")
    return told.body["supplier_reference"], told.body["lines"][0]["supplier_code"], told.body["currency"]


async def test_a_purchase_order_of_it_says_what_to_order_at_the_supplier(box: OdooBox, number: str) -> None:
    """PO-1: vendor and OFFER/SKU/SPEC; after the SKU was made anew its new numbers, never those of a price that has ended."""
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, *TWO))
        white = products(box, number)[0]["id"]
        assert (await bought(box, number, white))[1:] == (f"{number}/11/spec11", "CNY")
        anew: Any = {**TWO[0], "sku_id": "99", "spec_id": "spec99"}
        await put(sink, UPSERT, offer_of(number, anew, TWO[1], version=2))
        assert (await bought(box, number, white))[1] == f"{number}/99/spec99"
        # The same seller sells it by another offer now, and this one is gone.
        other = f"{number}7"
        mapped = sink_of(box, {("sku", f"{other}/"): products(box, number)[0]["default_code"]})
        async with mapped as second:
            await put(second, UPSERT, offer_of(other, variant(""), supplier=f"SELLER-{number}"))
        await put(sink, UPSERT, offer_of(number, *TWO, status="deleted", version=3))
    assert (await bought(box, number, white))[1] == f"{other}//"


# ---- preview


async def test_a_preview_tells_what_would_be_written_and_writes_nothing(box: OdooBox, number: str) -> None:
    """OPS-7"""
    offer = offer_of(number, *TWO)
    async with sink_of(box) as sink:
        (new,) = await sink.preview([delivery(UPSERT, offer)])
        assert [(one.field, one.now) for one in new] == [
            (f"vendor alibaba:main:SELLER-{number}", "not in Odoo"), (f"product 1688-{number}-11", "not in Odoo"),
            (f"product 1688-{number}-12", "not in Odoo"),
        ]  # fmt: skip
        assert new[1].would_be == "made at 18.50 CNY from 2, 15 CNY from 100"
        assert products(box, number) == []
        await put(sink, UPSERT, offer)
        assert await sink.preview([delivery(UPSERT, offer)]) == [[]]
        dearer = offer_of(number, {**TWO[0], "prices": [tier(2, "21")]}, TWO[1], version=2)
        gone = offer_of(number, *TWO, status="deleted", version=2)
        bad = offer_of(number, supplier="", version=2)
        changed, ended, refused = await sink.preview([delivery(UPSERT, one) for one in (dearer, gone, bad)])
    assert [(one.now, one.would_be) for one in changed] == [("18.5", "21.0"), ("", "2026-03-03")]
    assert [one.would_be for one in ended] == ["2026-03-03"] * 3
    assert [(one.refused, one.would_be) for one in refused] == [(True, "nothing: supplier: missing")]
    assert prices(box, number)[0][2] == 18.5


# ---- rights


async def test_the_groups_named_are_enough(box: OdooBox, number: str) -> None:
    """AUTH-4: no administrator, nobody of Purchase; without the right to products the outcome says which group gives it."""
    groups = ["base.group_partner_manager", "account.group_account_manager"]
    able = user_of(box, *groups, "product.group_product_manager")
    almost = user_of(box, *groups)
    (yuan,) = box.call("res.currency", "search", [["name", "=", "CNY"]], context={"active_test": False})
    box.call("res.currency", "write", [yuan], {"active": False})
    async with sink_of(box, login=almost.login, password=almost.password) as sink:
        (refused,) = await put(sink, UPSERT, offer_of(number, *TWO))
    assert refused.reason is Reason.AUTH
    assert "may not: create product." in refused.detail
    assert refused.of_record
    async with sink_of(box, login=able.login, password=able.password) as sink:
        (outcome,) = await put(sink, UPSERT, offer_of(number, *TWO))
        (again,) = await put(sink, UPSERT, offer_of(number, *TWO))
    assert outcome.ok, outcome.detail
    assert again.result is Result.ALREADY_APPLIED
    assert len(prices(box, number)) == 3

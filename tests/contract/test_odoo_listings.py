"""Catalogue-in in Odoo, on the sandbox or on a real Odoo 18 (see `odoo_box`): each field by its owner, conflicts recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.errors import RuleError
from connectors.kit.ports import Outcome, Result
from tests.builders import money
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import delivery, put, sink_of
from tests.odoo_records import listing_of

MERGE = "merge_listing"
MARKETPLACE = {"default_owner": "marketplace"}
CREATE = {"unknown": "create"}


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def sku(box: OdooBox) -> str:
    code = f"SKU-{tag()}"
    box.product(code, list_price=10.0)
    return code


def product(box: OdooBox, sku: str) -> dict[str, Any]:
    fields = ["name", "list_price", "barcode", "description_sale", "weight", "product_tmpl_id",
              "product_template_attribute_value_ids"]  # fmt: skip
    (row,) = box.rows("product.product", [["default_code", "=", sku]], fields)
    return row


def conflicts(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """(field, Odoo's, the marketplace's, action) of the conflicts published with an outcome."""
    assert {event.entity for event in outcome.events} <= {"conflict"}
    return [(e.body["field"], e.body["odoo"], e.body["marketplace"], e.body["action"]) for e in outcome.events]


async def test_odoo_owns_its_fields_unless_told_otherwise(box: OdooBox, sku: str) -> None:
    """PRD-2: a difference is recorded, nothing is written; the same difference is not recorded again with the next version."""
    async with sink_of(box) as sink:
        (outcome,) = await put(sink, MERGE, listing_of(sku, price=money("12.50")))
        (again,) = await put(sink, MERGE, listing_of(sku, price=money("12.50"), status="unpublished", version=2))
    assert (product(box, sku)["name"], product(box, sku)["list_price"]) == (f"Product {sku}", 10)
    assert conflicts(outcome) == [
        ("name", f"Product {sku}", f"Title of {sku}", "kept"),
        ("list_price", "10.0", "12.5", "kept"),
    ]
    fields = {event.body["field"] for event in outcome.events}
    assert {event.key for event in outcome.events} == {f"walmart:MAIN:item:{sku}|{field}" for field in fields}
    assert again.result is Result.ALREADY_APPLIED
    assert again.events == ()


async def test_the_marketplace_owns_the_fields_it_is_given(box: OdooBox, sku: str) -> None:
    """PRD-2: per field: the price is the marketplace's, the name Odoo's; what Odoo lacks is filled; a lost value is recorded once."""
    owners = {"list_price": "marketplace", "description_sale": "fill"}
    first = listing_of(sku, price=money("12.50"), description="<p>Fine &amp; small</p>", title=f"Product {sku}")
    async with sink_of(box, listings={"owners": owners}) as sink:
        (outcome,) = await put(sink, MERGE, first)
        assert conflicts(outcome) == [("list_price", "10.0", "12.5", "overwritten")]
        (moved,) = await put(sink, MERGE, {**first, "price": money("13.00"), "version": 2})
        assert (moved.notes, conflicts(moved)) == (("wrote_list_price",), [])
        box.call(
            "product.product", "write", [product(box, sku)["id"]], {"list_price": 99.0, "description_sale": "Ours"}
        )
        (lost,) = await put(sink, MERGE, {**first, "price": money("14.00"), "description": "New", "version": 3})
    assert conflicts(lost) == [
        ("description_sale", "Ours", "New", "kept"),
        ("list_price", "99.0", "14.0", "overwritten"),
    ]
    assert (product(box, sku)["list_price"], product(box, sku)["description_sale"]) == (14, "Ours")


@pytest.mark.parametrize(
    ("model", "method"), [("ir.attachment", "load"), ("product.product", "write"), ("ir.attachment", "write")]
)
async def test_the_same_listing_again_changes_nothing(box: OdooBox, sku: str, model: str, method: str) -> None:
    """PRD-2, EVT-4: whichever answer got lost; the conflicts of the very same delivery are told again, so none gets lost."""
    body = listing_of(sku, price=money("12.50"), barcode=f"{int(tag()[1:], 36) % 10**12:012}")
    async with sink_of(box, listings={"owners": {"barcode": "marketplace"}}, workers=1) as sink:
        box.proxy.lose(model, method, 1)
        for _ in range(3):
            (outcome,) = await put(sink, MERGE, body)
            if outcome.ok:
                break
        (again,) = await put(sink, MERGE, body)
    assert box.proxy.to_lose[model, method] == 0
    assert outcome.ok, outcome.detail
    assert again.result is Result.ALREADY_APPLIED
    assert conflicts(again) == conflicts(outcome)
    assert [one[0] for one in conflicts(again)] == ["name", "list_price"]
    assert product(box, sku)["barcode"] == body["barcode"]


async def test_a_barcode_another_product_has_keeps_nothing_else_back(box: OdooBox, sku: str) -> None:
    """PRD-2: Odoo refuses the whole write for it; it is recorded, the rest of that product and of the batch is written."""
    taken, other = f"{int(tag()[1:], 36) % 10**12:012}", f"SKU-{tag()}"
    box.product(f"OLD-{tag()}", barcode=taken)
    box.product(other)
    bodies = [listing_of(one, barcode=taken, price=money("5.00")) for one in (sku, other)]
    async with sink_of(box, listings=MARKETPLACE) as sink:
        before = len(box.proxy.calls)
        outcomes = await put(sink, MERGE, *bodies)
    assert box.proxy.calls[before:].count(("product.product", "write")) == 2  # asked first, not refused and tried again
    assert [outcome.detail for outcome in outcomes if not outcome.ok] == []
    assert all("barcode_taken" in outcome.notes for outcome in outcomes)
    assert [product(box, one)["list_price"] for one in (sku, other)] == [5, 5]
    assert not any(product(box, one)["barcode"] for one in (sku, other))
    assert ("barcode", taken, "kept") in [(one[0], one[2], one[3]) for one in conflicts(outcomes[0])]


async def test_what_is_gone_at_the_marketplace_makes_no_product_and_takes_nothing_from_one(
    box: OdooBox, sku: str
) -> None:
    """PRD-2: the record of a listing that is no more names nothing but its SKU."""
    gone = {"status": "retired", "title": "", "price": None, "barcode": "", "brand": ""}
    before = product(box, sku)
    async with sink_of(box, listings={**CREATE, **MARKETPLACE}) as sink:
        unknown = listing_of(f"SKU-{tag()}", **gone)
        known, other = await put(sink, MERGE, listing_of(sku, **gone), unknown)
        assert await sink.preview([delivery(MERGE, unknown)]) == [[]]
    assert (known.ok, known.events, product(box, sku)) == (True, (), before)
    assert (other.result, other.notes) == (Result.ALREADY_APPLIED, ("unknown_sku",))
    assert box.rows("product.product", [["default_code", "=", unknown["sku"]]], ["id"]) == []


async def test_an_unknown_sku_is_left_alone_or_created(box: OdooBox) -> None:
    """PRD-2: configuration; two workers make one product."""
    code = f"NEW-{tag()}"
    body = listing_of(code, price=money("7.00"))
    async with sink_of(box) as sink:
        (skipped,) = await put(sink, MERGE, body)
    assert (skipped.ok, skipped.notes) == (True, ("unknown_sku",))
    assert box.rows("product.product", [["default_code", "=", code]], ["name"]) == []
    async with sink_of(box, listings=CREATE) as sink, sink_of(box, listings=CREATE) as other:
        both = await asyncio.gather(put(sink, MERGE, body), put(other, MERGE, body))
    assert all(outcome.ok for (outcome,) in both)
    assert (product(box, code)["name"], product(box, code)["list_price"]) == (f"Title of {code}", 7)


async def test_variants_of_a_group_share_a_template(box: OdooBox) -> None:
    """PRD-2: product.template with variants; a member that comes later joins it; one without attributes stands alone."""
    group, codes = f"G-{tag()}", [f"VAR-{tag()}" for _ in range(4)]
    colours = [{"Color": "Red", "Size": "M"}, {"Color": "Blue", "Size": "M"}, {"Color": "Red", "Size": "L"}, {}]
    bodies = [
        listing_of(code, variant_group=group, attributes=colour, title="Shirt")
        for code, colour in zip(codes, colours, strict=True)
    ]
    async with sink_of(box, listings=CREATE) as sink:
        for some in (bodies[:2], bodies):
            assert [one.detail for one in await put(sink, MERGE, *some) if not one.ok] == []
    found = [product(box, code) for code in codes]
    assert len({row["product_tmpl_id"][0] for row in found[:3]}) == 1
    assert len({tuple(row["product_template_attribute_value_ids"]) for row in found[:3]}) == 3
    assert found[3]["product_tmpl_id"] != found[0]["product_tmpl_id"]
    domain = [["product_tmpl_id", "=", found[0]["product_tmpl_id"][0]], ["default_code", "!=", False]]
    members = box.rows("product.product", domain, ["default_code"])
    assert sorted(row["default_code"] for row in members) == sorted(codes[:3])


async def test_any_attribute_to_any_field(box: OdooBox, sku: str) -> None:
    """PRD-5: by configuration; what does not fit the field's type is told, a field Odoo does not have is told at once."""
    fields = {"weight": "attributes.Weight", "description_sale": "brand", "name": ""}
    async with sink_of(box, listings={**MARKETPLACE, "fields": fields}) as sink:
        (outcome,) = await put(sink, MERGE, listing_of(sku, brand="Acme", attributes={"weight": "2.5"}))
        assert (product(box, sku)["weight"], product(box, sku)["description_sale"]) == (2.5, "Acme")
        assert product(box, sku)["name"] == f"Product {sku}"
        (unfit,) = await put(
            sink, MERGE, listing_of(sku, attributes={"weight": "heavy"}, price=money("1", "EUR"), version=2)
        )
    assert outcome.ok
    assert set(unfit.notes) == {"unfit_weight", "price_in_EUR"}
    async with sink_of(box, listings={"fields": {"x_no_such": "brand"}}) as sink:
        with pytest.raises(RuleError, match="x_no_such does not exist"):
            await put(sink, MERGE, listing_of(sku))


async def test_a_preview_of_a_listing_writes_nothing(box: OdooBox, sku: str) -> None:
    """OPS-7"""
    body = listing_of(sku, price=money("12.50"))
    unknown = listing_of(f"NEW-{tag()}")
    async with sink_of(box, listings={**MARKETPLACE, **CREATE}) as sink:
        found, new = await sink.preview([delivery(MERGE, body), delivery(MERGE, unknown)])
        assert [(one.field, one.now, one.would_be) for one in found] == [
            ("name", f"Product {sku}", f"Title of {sku}"), ("list_price", "10.0", "12.5"),
        ]  # fmt: skip
        assert [one.would_be for one in new] == [f"created as {unknown['sku']}"]
        assert product(box, sku)["list_price"] == 10
        await put(sink, MERGE, body)
        (after,) = await sink.preview([delivery(MERGE, body)])
    assert list(after) == []


async def test_a_preview_of_what_stays_says_nothing_would_change(box: OdooBox, sku: str) -> None:
    """OPS-7, PRD-2: Odoo owns the field, or another product has the barcode: a conflict is recorded, nothing is written."""
    code, other = "2000000000015", f"SKU-{tag()}"
    barcode = f"2{abs(hash(sku)) % 10**11:011d}5"
    box.product(other, barcode=barcode)
    body = listing_of(sku, price=money("12.50"), barcode=code)
    async with sink_of(box) as sink:
        (kept,) = await sink.preview([delivery(MERGE, body)])
    async with sink_of(box, listings={"owners": {"barcode": "marketplace"}}) as sink:
        (taken,) = await sink.preview([delivery(MERGE, {**body, "barcode": barcode})])
    assert (list(kept), list(taken)) == ([], [])

"""PO-4: what was decided of a vendor's lead time, in Odoo's vendor prices: of that SKU and vendor, once, never over a person's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.ports import Outcome, Result
from connectors.odoo.supplier_price_rows import SupplierPriceRows
from connectors.odoo.supplier_terms import SupplierTerms
from schemas.reasons import Reason
from schemas.records import VendorTerms
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import delivery, put, sink_of
from tests.supplier_records import offer_of, tier, variant

UPSERT, SET = "upsert_supplier_product", "set_vendor_terms"
TWO = (variant("11", tier(2, "18.50"), tier(100, "15"), color="白色"), variant("12", tier(2, "19"), color="黑色"))
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
async def number(box: OdooBox) -> str:
    """An offer no other test uses, with SKUs 11 (two prices, lead times 3 and 5 days) and 12 (one)."""
    found = str(int(tag()[1:], 36))
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(found, *TWO))
    first, second = rows(box, found, "11")
    write(box, first, 3)
    write(box, second, 5)
    return found


def terms(number: str, days: int | None, version: int = 1, sku: str = "11", **changes: Any) -> VendorTerms:
    base: dict[str, Any] = {
        "key": f"alibaba:main:offer:{number}:{sku}:lead_time", "source": "alibaba", "account": "main", "offer_id": number, "sku_id": sku,
        "supplier": f"SELLER-{number}", "kind": "lead_time", "version": version, "lead_days": days, "minimum_quantity": "",
        "offered_minimum": "2", "skus": [],
        "approval": "ann", "why": "the supplier has 0", "at": NOW,
    }  # fmt: skip
    return VendorTerms(**{**base, **changes})  # type: ignore[typeddict-item]


def rows(box: OdooBox, number: str, sku: str) -> list[int]:
    """Of the SKU, by quantity."""
    domain = [["product_code", "=like", f"{number}/{sku}/%"]]
    found = box.rows("product.supplierinfo", domain, ["min_qty"])
    return [row["id"] for row in sorted(found, key=lambda row: (row["min_qty"], row["id"]))]


def days(box: OdooBox, number: str, sku: str = "11") -> list[int]:
    """Lead times of the SKU, by quantity."""
    domain = [["id", "in", rows(box, number, sku)]]
    found = {row["id"]: row["delay"] for row in box.rows("product.supplierinfo", domain, ["delay"])}
    return [found[one] for one in rows(box, number, sku)]


def write(box: OdooBox, row: int, delay: int) -> None:
    """By a person."""
    box.call("product.supplierinfo", "write", [row], {"delay": delay})


async def told(box: OdooBox, *decisions: VendorTerms) -> Outcome:
    """The outcome of the last one; each by a sink that remembers nothing."""
    for one in decisions:
        async with sink_of(box) as sink:
            (outcome,) = await put(sink, SET, one)
    return outcome


@pytest.mark.parametrize("written", [" {}", "{} ", "alibaba : main:{seller}", "ALIBABA：Main：{seller}"])
async def test_a_vendor_is_found_however_a_person_wrote_its_reference(box: OdooBox, number: str, written: str) -> None:
    """PO-4, PRD-2: terms, further offers and what waits for a vendor find it, and no second contact is made."""
    seller, exact = f"SELLER-{number}", f"alibaba:main:SELLER-{number}"
    (vendor,) = [row["id"] for row in box.rows("res.partner", [["ref", "=", exact]], ["ref"])]
    box.call("res.partner", "write", [vendor], {"ref": written.format(exact, seller=seller)})
    assert (await told(box, terms(number, 9))).result is Result.APPLIED
    assert days(box, number) == [9, 9]
    async with sink_of(box) as sink:
        again = await put(sink, UPSERT, offer_of(f"{number}7", supplier=seller))
        waits = [f"supplier:{exact}", f"vendor_price:alibaba:main:{number}/11"]
        assert set(await sink.resolve([*waits, f"supplier:{exact}0", f"vendor_price:alibaba:mai:{number}/11"])) == set(
            waits
        )
    assert [one.result for one in again] == [Result.APPLIED]
    assert [row["id"] for row in box.rows("res.partner", [["ref", "ilike", seller]], ["ref"])] == [vendor]


@pytest.mark.parametrize("first", [9, 0])
async def test_a_price_that_is_made_while_its_lead_time_is_decided_has_it_too(
    box: OdooBox, number: str, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """PO-4: decided after the offer has read what stands, and before its row is there; out of stock, and in stock again."""
    if first:
        await told(box, terms(number, first))
    real = SupplierPriceRows._make

    async def late(rows: SupplierPriceRows, *given: Any) -> Any:
        await told(box, terms(number, None if first else 14, 2))
        return await real(rows, *given)

    monkeypatch.setattr(SupplierPriceRows, "_make", late)
    more = variant("11", tier(2, "18.50"), tier(100, "15"), tier(500, "12"), color="白色")
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, more, TWO[1], version=2))
    assert days(box, number) == ([3, 5, 3] if first else [14, 14, 14])
    assert days(box, number, "12") == [1]


async def test_a_lead_time_that_is_written_while_a_price_is_made_is_its_too(
    box: OdooBox, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PO-4: made after the decision has read what stands; what it had is remembered like the others'."""
    real, more = SupplierTerms._keep, variant("11", tier(2, "18.50"), tier(100, "15"), tier(500, "12"), color="白色")

    async def late(operation: SupplierTerms, key: str, memory: Any) -> None:
        if not memory.done:
            async with sink_of(box) as sink:
                await put(sink, UPSERT, offer_of(number, more, TWO[1], version=2))
        await real(operation, key, memory)

    with monkeypatch.context() as patched:
        patched.setattr(SupplierTerms, "_keep", late)
        outcome = await told(box, terms(number, 14))
    assert (days(box, number), outcome.notes) == ([14, 14, 14], ("lead_times_written:3",))
    await told(box, terms(number, None, 2))
    assert days(box, number) == [3, 5, 3]


async def test_the_lead_time_of_that_sku_and_vendor_and_back_again(box: OdooBox, number: str) -> None:
    """PO-4: each row has its own lead time again; other SKUs and other vendors' rows are left alone."""
    (product,) = box.rows("product.product", [["default_code", "=", f"1688-{number}-11"]], ["product_tmpl_id"])
    other = box.call("res.partner", "create", {"name": "Around the corner", "ref": f"alibaba:main:OTHER-{number}"})
    values = {"partner_id": other, "product_tmpl_id": product["product_tmpl_id"][0], "product_id": product["id"]}
    theirs = box.call("product.supplierinfo", "create", {**values, "product_code": "OWN-11", "delay": 4})
    outcome = await told(box, terms(number, 30))
    assert outcome.result is Result.APPLIED, outcome.detail
    assert (days(box, number), days(box, number, "12")) == ([30, 30], [1])
    back = await told(box, terms(number, None, version=2))
    assert (back.result, days(box, number)) == (Result.APPLIED, [3, 5])
    assert box.rows("product.supplierinfo", [["id", "=", theirs]], ["delay"])[0]["delay"] == 4


async def test_the_same_decision_again_writes_nothing(box: OdooBox, number: str) -> None:
    """EVT-4."""
    await told(box, terms(number, 30))
    calls = len(box.proxy.calls)
    again = await told(box, terms(number, 30))
    assert (again.result, again.events) == (Result.ALREADY_APPLIED, ())
    assert not {("product.supplierinfo", "write"), ("ir.attachment", "write")} & set(box.proxy.calls[calls:])


async def test_an_older_decision_is_stale(box: OdooBox, number: str) -> None:
    """EVT-2: a delivery that was overtaken writes nothing."""
    await told(box, terms(number, 30, version=1), terms(number, None, version=5))
    late = await told(box, terms(number, 30, version=4))
    assert (late.result, days(box, number)) == (Result.STALE, [3, 5])


async def test_a_lead_time_a_person_changed_meanwhile_stays_and_is_told(box: OdooBox, number: str) -> None:
    await told(box, terms(number, 30))
    write(box, rows(box, number, "11")[0], 12)
    outcome = await told(box, terms(number, None, version=2))
    assert (outcome.result, days(box, number)) == (Result.APPLIED, [12, 5])
    assert "lead_time_kept" in outcome.notes
    (event,) = outcome.events
    body = event.body
    assert (event.entity, body["field"], body["odoo"], body["marketplace"]) == ("conflict", "delay", "12", "as before")
    assert (body["master"], body["action"], body["entity"]) == ("odoo", "kept", "vendor_terms")
    again = await told(box, terms(number, None, version=2))  # its outcome got lost
    assert (again.result, len(again.events), days(box, number)) == (Result.ALREADY_APPLIED, 1, [12, 5])
    await told(box, terms(number, 30, version=3))  # out of stock once more
    assert days(box, number) == [30, 30]
    await told(box, terms(number, None, version=4))
    assert days(box, number) == [12, 5]


async def test_a_longer_lead_time_of_ones_own_is_not_made_shorter(box: OdooBox, number: str) -> None:
    write(box, rows(box, number, "11")[1], 45)
    await told(box, terms(number, 30))
    assert days(box, number) == [30, 45]
    await told(box, terms(number, None, version=2))
    assert days(box, number) == [3, 45]


async def test_another_lead_time_out_of_stock_keeps_what_was_before(box: OdooBox, number: str) -> None:
    await told(box, terms(number, 30), terms(number, 60, version=2))
    assert days(box, number) == [60, 60]
    await told(box, terms(number, None, version=3))
    assert days(box, number) == [3, 5]


@pytest.mark.parametrize(("model", "method"), [("product.supplierinfo", "write"), ("ir.attachment", "load"), ("ir.attachment", "write")])  # fmt: skip
async def test_an_answer_that_is_lost_keeps_the_lead_time_before(
    box: OdooBox, number: str, model: str, method: str
) -> None:
    """EVT-4: whatever was written of it, the lead time before is not forgotten; out of stock and back."""
    for version, wanted in ((1, 30), (2, None)):
        decision = delivery(SET, terms(number, wanted, version=version))
        box.proxy.lose(model, method, 3 if method == "load" else 1)  # a load that got lost is tried again at once
        async with sink_of(box) as sink:
            (lost,) = await sink.deliver([decision])
        assert lost.result is Result.FAILED
        async with sink_of(box) as sink:
            (outcome,) = await sink.deliver([decision])
        assert outcome.ok, outcome.detail
        assert "lead_time_kept" not in outcome.notes
        assert days(box, number) == ([30, 30] if wanted else [3, 5])


async def test_a_price_made_while_it_is_out_of_stock_takes_part(box: OdooBox, number: str) -> None:
    """The supplier adds a quantity: its row has the lead time of the others, and theirs when stock is back."""
    await told(box, terms(number, 30))
    more = variant("11", tier(2, "18.50"), tier(50, "17"), tier(100, "15"), color="白色")
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(number, more, TWO[1], version=2))
    assert days(box, number) == [30, 30, 30]
    await told(box, terms(number, None, version=2))
    assert days(box, number) == [3, 3, 5]


async def test_a_sku_without_vendor_prices_waits_for_them(box: OdooBox, number: str) -> None:
    outcome = await told(box, terms(number, 30, sku="13"))
    assert (outcome.result, outcome.reason) == (Result.FAILED, Reason.MAPPING)
    word = f"vendor_price:alibaba:main:{number}/13"
    assert outcome.waiting_for == word
    there = f"vendor_price:alibaba:main:{number}/11"
    async with sink_of(box) as sink:
        assert list(await sink.resolve([word, there, f"vendor_price:alibaba:other:{number}/11"])) == [there]
    back = await told(box, terms(number, None, version=2, sku="13"))
    assert back.result is Result.ALREADY_APPLIED


async def test_what_would_be_written_is_shown_and_nothing_written(box: OdooBox, number: str) -> None:
    """OPS-7."""
    async with sink_of(box) as sink:
        (shown,) = await sink.preview([delivery(SET, terms(number, 30))])
    assert [(one.field, one.now, one.would_be) for one in shown] == [
        (f"lead time of {number}/11/spec11 from 2", "3", "30"), (f"lead time of {number}/11/spec11 from 100", "5", "30"),
    ]  # fmt: skip
    assert days(box, number) == [3, 5]
    await told(box, terms(number, 30))
    write(box, rows(box, number, "11")[0], 12)
    async with sink_of(box) as sink:
        (shown, waits) = await sink.preview(
            [delivery(SET, terms(number, None, version=2)), delivery(SET, terms(number, 30, sku="13"))]
        )
    assert [(one.would_be, one.refused) for one in shown] == [("5", False), ("nothing: a person changed it", True)]
    assert [one.refused for one in waits] == [True]


async def test_an_offer_without_skus(box: OdooBox, number: str) -> None:
    single = str(int(number) + 1)
    async with sink_of(box) as sink:
        await put(sink, UPSERT, offer_of(single))
    outcome = await told(box, terms(single, 30, sku=""))
    assert (outcome.result, days(box, single, "")) == (Result.APPLIED, [30])

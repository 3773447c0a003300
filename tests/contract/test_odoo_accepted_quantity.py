"""PO-4: where another smallest order waits for a person, vendor prices in Odoo begin with the one that was accepted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.ports import Outcome, Result
from connectors.odoo.supplier_price_rows import SupplierPriceRows
from schemas.reasons import Reason
from schemas.records import SupplierProduct, VendorTerms
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import delivery, put, sink_of
from tests.contract.test_odoo_vendor_terms import NOW, SET, UPSERT
from tests.supplier_records import offer_of, tier, variant


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
async def number(box: OdooBox) -> str:
    """An offer no other test uses: SKUs 11 with two prices, 12 with the offer's; 2 were accepted, as the supplier says."""
    found = str(int(tag()[1:], 36))
    await put_all(box, UPSERT, offer(found, "2", 1))
    await put_all(box, SET, accepted(found, "2", "2", 1))
    return found


def offer(number: str, minimum: str, version: int, **changes: Any) -> SupplierProduct:
    """The supplier's smallest order is where its prices begin."""
    first = (tier(minimum, "18.50"), tier(100, "15"))
    variants = (variant("11", *first, color="白色"), variant("12", tier(minimum, "19"), color="黑色"))
    return offer_of(number, *variants, minimum_quantity=minimum, version=version, **changes)


def accepted(number: str, minimum: str, offered: str, version: int, **changes: Any) -> VendorTerms:
    skus = [
        {"sku_id": "11", "prices": [tier(offered, "18.50"), tier(100, "15")]},
        {"sku_id": "12", "prices": [tier(offered, "19")]},
    ]
    base: dict[str, Any] = {
        "key": f"alibaba:main:offer:{number}:quantity", "source": "alibaba", "account": "main", "offer_id": number, "sku_id": "",
        "supplier": f"SELLER-{number}", "kind": "quantity", "version": version, "lead_days": None, "minimum_quantity": minimum,
        "offered_minimum": offered, "skus": skus, "approval": "ann", "why": "the supplier's smallest order changed", "at": NOW,
    }  # fmt: skip
    return VendorTerms(**{**base, **changes})  # type: ignore[typeddict-item]


async def put_all(box: OdooBox, operation: str, *bodies: Any) -> Outcome:
    """The outcome of the last one; each by a sink that remembers nothing."""
    for one in bodies:
        async with sink_of(box) as sink:
            (outcome,) = await put(sink, operation, one)
        assert outcome.ok, outcome.detail
    return outcome


def standing(box: OdooBox, number: str) -> list[tuple[str, float, float]]:
    """(SKU, from quantity, price) of what holds."""
    fields = ["product_code", "min_qty", "price", "date_end"]
    rows = box.rows("product.supplierinfo", [["product_code", "=like", f"{number}/%"]], fields)
    return sorted(
        (row["product_code"].split("/")[1], row["min_qty"], row["price"]) for row in rows if not row["date_end"]
    )


TWO = [("11", 2.0, 18.5), ("11", 100.0, 15.0), ("12", 2.0, 19.0)]
FIFTY = [("11", 50.0, 18.5), ("11", 100.0, 15.0), ("12", 50.0, 19.0)]


async def test_vendor_prices_keep_to_what_was_accepted_until_another_one_is(box: OdooBox, number: str) -> None:
    """The supplier raises it: its prices are taken, its smallest order waits; approved it holds at once, and stays with later states."""
    await put_all(box, UPSERT, offer(number, "50", 2))
    assert standing(box, number) == TWO
    done = await put_all(box, SET, accepted(number, "50", "50", 2))
    assert (done.result, standing(box, number)) == (Result.APPLIED, FIFTY)
    await put_all(box, UPSERT, offer(number, "50", 3, name="新名字"))
    assert standing(box, number) == FIFTY
    await put_all(box, UPSERT, offer(number, "2", 4))  # lowered again, and nobody has answered yet
    assert standing(box, number) == FIFTY
    await put_all(box, SET, accepted(number, "2", "2", 3))
    assert standing(box, number) == TWO


async def test_without_anything_accepted_the_suppliers_word_stands_at_once(box: OdooBox) -> None:
    number = str(int(tag()[1:], 36))
    await put_all(box, UPSERT, offer(number, "2", 1), offer(number, "50", 2))
    assert standing(box, number) == FIFTY


async def test_no_longer_asked_the_suppliers_word_stands_again(box: OdooBox, number: str) -> None:
    await put_all(box, UPSERT, offer(number, "50", 2))
    await put_all(box, SET, accepted(number, "", "50", 2))
    assert standing(box, number) == FIFTY


async def test_the_same_again_writes_nothing_and_an_older_one_is_stale(box: OdooBox, number: str) -> None:
    """EVT-2, EVT-4."""
    await put_all(box, SET, accepted(number, "50", "50", 5))
    calls = len(box.proxy.calls)
    again = await put_all(box, SET, accepted(number, "50", "50", 5))
    assert again.result is Result.ALREADY_APPLIED
    assert not {"load", "write"} & {method for _, method in box.proxy.calls[calls:]}
    late = await put_all(box, SET, accepted(number, "2", "2", 4))
    assert (late.result, standing(box, number)) == (Result.STALE, FIFTY)


@pytest.mark.parametrize(
    ("model", "method"),
    [("product.supplierinfo", "load"), ("product.supplierinfo", "write"), ("ir.attachment", "write")],
)
async def test_an_answer_that_is_lost_leaves_nothing_half_done(
    box: OdooBox, number: str, model: str, method: str
) -> None:
    """EVT-4."""
    decision = delivery(SET, accepted(number, "50", "50", 2))
    box.proxy.lose(model, method, 3 if method == "load" else 1)
    async with sink_of(box) as sink:
        (lost,) = await sink.deliver([decision])
    assert lost.result is Result.FAILED
    async with sink_of(box) as sink:
        (outcome,) = await sink.deliver([decision])
    assert (outcome.ok, standing(box, number)) == (True, FIFTY)


async def test_an_archived_product_and_an_offer_that_is_gone_stay_as_they_are(box: OdooBox, number: str) -> None:
    (product,) = box.rows("product.product", [["default_code", "=", f"1688-{number}-12"]], ["id"])
    box.call("product.product", "write", [product["id"]], {"active": False})
    await put_all(box, SET, accepted(number, "50", "50", 2))
    assert standing(box, number) == [*FIFTY[:2], TWO[2]]
    await put_all(box, UPSERT, offer(number, "50", 3, status="expired"))
    await put_all(box, SET, accepted(number, "80", "80", 3))
    assert standing(box, number) == []


async def test_a_sku_without_a_price_keeps_its_rows(box: OdooBox, number: str) -> None:
    skus = [{"sku_id": "11", "prices": [tier("50", "18.50"), tier(100, "15")]}, {"sku_id": "12", "prices": []}]
    await put_all(box, SET, accepted(number, "50", "50", 2, skus=skus))
    assert standing(box, number) == [*FIFTY[:2], TWO[2]]


async def test_an_offer_written_while_another_one_is_accepted_is_written_again(
    box: OdooBox, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lanes, two processes: neither leaves the predecessor's smallest order behind."""
    write = SupplierPriceRows.write

    async def meanwhile(self: SupplierPriceRows, *args: Any) -> list[str]:
        monkeypatch.undo()
        await put_all(box, SET, accepted(number, "50", "50", 2))
        return await write(self, *args)

    monkeypatch.setattr(SupplierPriceRows, "write", meanwhile)
    late = delivery(UPSERT, offer(number, "50", 2))
    async with sink_of(box) as sink:
        (first,) = await sink.deliver([late])
        assert (first.result, first.reason) == (Result.FAILED, Reason.CONFLICT)
        (again,) = await sink.deliver([late])
    assert (again.ok, standing(box, number)) == (True, FIFTY)


async def test_what_would_be_written_is_shown(box: OdooBox, number: str) -> None:
    """OPS-7."""
    async with sink_of(box) as sink:
        (shown,) = await sink.preview([delivery(SET, accepted(number, "50", "50", 2))])
    assert {one.field for one in shown} >= {f"vendor price of {number}/11/spec11 from 50"}
    assert standing(box, number) == TWO

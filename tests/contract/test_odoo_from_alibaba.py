"""What the 1688 sandbox offers, through the platform's mapping, into Odoo: the records of both sides fit (PRD-2, PO-3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from connectors.alibaba.offer_mapping import to_supplier_product
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.ports import Outcome, Result
from connectors.odoo.sink import OdooSink
from schemas.records import SupplierProduct
from tests.contract.alibaba_box import Box, alibaba_box
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put, sink_of

UPSERT, DETAIL = "upsert_supplier_product", "product.search.queryProductDetail"
NO_PICTURES: dict[str, Any] = {"supplier_products": {"images": False}}


@pytest.fixture(scope="module")
def odoo() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def platform() -> Iterator[Box]:
    with alibaba_box() as found:
        yield found


def offered(platform: Box, offer_id: int, account: str, version: int = 1) -> SupplierProduct:
    """As the platform tells it now, of an account of its own: numbers of the sandbox come again in every run. Raises DataError."""
    body = platform.ask(DETAIL, offerDetailParam={"offerId": offer_id, "country": "en"})
    (found,) = to_supplier_product(exact_json.dumps(body), account)
    return cast(SupplierProduct, {**found.body, "version": version})


async def written(sink: OdooSink, offer: SupplierProduct) -> Outcome:
    (outcome,) = await put(sink, UPSERT, offer)
    assert outcome.ok, outcome.detail
    return outcome


def codes(odoo: OdooBox, offer: SupplierProduct) -> list[str]:
    """Supplier's codes of the standing prices of the offer's vendor for this offer."""
    reference = f"alibaba:{offer['account']}:{offer['supplier']}"
    domain = [
        ["partner_id.ref", "=", reference],
        ["product_code", "=like", f"{offer['offer_id']}/%"],
        ["date_end", "=", False],
    ]
    return [row["product_code"] for row in odoo.rows("product.supplierinfo", domain, ["product_code"])]


async def test_an_offer_of_the_platform_stands_with_all_its_specs(platform: Box, odoo: OdooBox) -> None:
    """PRD-2, PO-3: what the purchase side needs, OFFER/SKU/SPEC, is in the vendor prices; the same again changes nothing."""
    offer = offered(platform, 999000000000, tag().lower())
    async with sink_of(odoo, **NO_PICTURES) as sink:
        await written(sink, offer)
        (again,) = await put(sink, UPSERT, offer)
    wanted = {f"{offer['offer_id']}/{one['sku_id']}/{one['spec_id']}" for one in offer["variants"]}
    assert len(wanted) == 4
    assert set(codes(odoo, offer)) == wanted
    assert again.result is Result.ALREADY_APPLIED


async def test_changes_of_an_offer_follow(platform: Box, odoo: OdooBox) -> None:
    """PRD-2: price, name, a new spec, one dropped, one made anew, expired: Odoo holds what can be ordered, and products are never lost."""
    account, first = tag().lower(), 999000000000
    async with sink_of(odoo, **NO_PICTURES) as sink:
        offer = offered(platform, first, account)
        await written(sink, offer)
        before = products(odoo, offer)
        specs = [one["spec_id"] for one in offer["variants"]]
        changes: list[dict[str, Any]] = [
            {"kind": "price", "fen": 1234}, {"kind": "rename", "subject": "台灯"}, {"kind": "add_spec", "value": "紫色"},
            {"kind": "drop_spec", "spec": specs[0]}, {"kind": "respec", "spec": specs[1]}, {"kind": "minimum", "minimum": 7},
        ]  # fmt: skip
        for version, change in enumerate(changes, 2):
            platform.control(f"/sandbox/offers/{first}/change", **change)
            offer = offered(platform, first, account, version)
            await written(sink, offer)
            wanted = {f"{offer['offer_id']}/{one['sku_id']}/{one['spec_id']}" for one in offer["variants"]}
            assert set(codes(odoo, offer)) == wanted, change
        platform.control(f"/sandbox/offers/{first}/change", kind="status", status="deleted")
        gone = offered(platform, first, account, 9)
        assert "not_published:deleted" in (await written(sink, gone)).notes
    assert codes(odoo, gone) == []
    assert set(before) <= set(products(odoo, offer))


def products(odoo: OdooBox, offer: SupplierProduct) -> list[int]:
    """Ids of all products the offer's vendor has a price for, ended or not."""
    reference = f"alibaba:{offer['account']}:{offer['supplier']}"
    domain = [["partner_id.ref", "=", reference], ["product_code", "=like", f"{offer['offer_id']}/%"]]
    return [row["product_id"][0] for row in odoo.rows("product.supplierinfo", domain, ["product_id"])]


async def test_offers_as_odd_as_they_come_are_written_or_named(platform: Box, odoo: OdooBox) -> None:
    """PRD-3: each is in Odoo or an exception that names its field; none is doubled, and the second time nothing changes."""
    made = platform.control("/sandbox/offers", count=25, seed=11, mix="default")["offers"]
    account, offers, refused = tag().lower(), [], 0
    for one in made:
        try:
            offers.append(offered(platform, one["id"], account))
        except DataError:
            refused += 1
    assert len(offers) >= 15
    async with sink_of(odoo, **NO_PICTURES) as sink:
        first = await put(sink, UPSERT, *offers)
        again = await put(sink, UPSERT, *offers)
    bad = [outcome.detail for outcome in first if not outcome.ok]
    assert all(detail.split(":")[0] in ("variants", "name", "supplier") for detail in bad), bad
    assert len(bad) + refused < 8
    assert {one.result for one in again if one.ok} == {Result.ALREADY_APPLIED}
    for offer, outcome in zip(offers, first, strict=True):
        if outcome.ok and offer["status"] == "published":
            assert codes(odoo, offer), offer["offer_id"]

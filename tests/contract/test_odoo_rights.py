"""What users with few rights can do, on the sandbox or on a real Odoo 18 (see `odoo_box`), and how `verify` tells the rest (AUTH-4, AUTH-5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from connectors.kit.ports import Check, Deps
from connectors.odoo import rights
from connectors.odoo.capture_rights import capture_needs
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import FLOWS, make_source
from connectors.odoo.verify import OdooVerifier, needed
from schemas.reasons import Reason
from tests.builders import deps, money, order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put, put_orders, sink_of, user_of
from tests.odoo_records import listing_of, refunded, return_line, return_of, settlement_line, settlement_of

# The groups that remedies name.
GROUPS = {
    rights.SALES: "sales_team.group_sale_salesman_all_leads",
    rights.CONTACTS: "base.group_partner_manager",
    rights.PRODUCTS: "product.group_product_manager",
    rights.INVOICING: "account.group_account_invoice",
    rights.ACCOUNTING: "account.group_account_manager",
    rights.INVENTORY: "stock.group_stock_user",
    rights.MAKING: "mrp.group_mrp_manager",
}
CAPTURE = {"mode": "poll", "partners": True}
SALES = ("sales_team.group_sale_salesman_all_leads", "base.group_partner_manager")


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def sku(box: OdooBox) -> str:
    code = f"SKU-{tag()}"
    box.product(code)
    return code


def who(settings: OdooSettings) -> dict[str, object]:
    return {"login": settings.login, "password": settings.password}


async def test_sales_inventory_and_billing_are_enough_for_orders_holds_and_returns(box: OdooBox, sku: str) -> None:
    """AUTH-4: no administrator, once the first orders have made the service products."""
    number = tag()
    lines = [order_line(sku, 2)]
    settings = user_of(box, *SALES, "stock.group_stock_user", "account.group_account_invoice")
    async with sink_of(box) as sink:
        assert (await put_orders(sink, order(tag(), lines)))[0].ok
    async with sink_of(box, **who(settings)) as sink:  # type: ignore[arg-type]
        for version, asks in enumerate((True, False), 1):
            body = order(number, lines, status="partially_shipped", version=version, buyer_cancel_requested=asks)
            (outcome,) = await put_orders(sink, body)
            assert outcome.ok, outcome.detail
        box.ship(number)
        context = {"active_ids": [box.order(number)["id"]], "active_model": "sale.order"}
        wizard = box.call(
            "sale.advance.payment.inv", "create", {"advance_payment_method": "delivered"}, context=context
        )
        box.call("sale.advance.payment.inv", "create_invoices", [wizard], context=context)
        box.call("account.move", "action_post", box.order_field(number, "invoice_ids"))
        back = return_line(sku, 1, physical="received", **refunded("10.00"))
        (outcome,) = await put(sink, "upsert_return", return_of(number, back))
        assert outcome.ok, outcome.detail
        assert set(outcome.notes) == {"return_made", "received", "credited", "credit_posted"}


async def test_billing_alone_is_enough_for_settlements_once_their_accounts_exist(box: OdooBox) -> None:
    """AUTH-4: without the right to make an account the outcome names it; other settlements pass."""
    async with sink_of(box) as sink:
        (outcome,) = await put(sink, "post_settlement", settlement_of(tag(), settlement_line("sale", "10.00")))
        assert outcome.ok, outcome.detail
    settings = user_of(box, "account.group_account_invoice")
    async with sink_of(box, **who(settings)) as sink:  # type: ignore[arg-type]
        (outcome,) = await put(sink, "post_settlement", settlement_of(tag(), settlement_line("sale", "10.00")))
    assert outcome.ok, outcome.detail


async def test_the_right_to_products_is_enough_for_listings(box: OdooBox, sku: str) -> None:
    """AUTH-4: and a user without it is told which right is missing."""
    body = listing_of(sku, price=money("3.00"))
    for groups, fine in ((("product.group_product_manager", *SALES), True), (SALES, False)):
        settings = user_of(box, *groups)
        async with sink_of(box, listings={"default_owner": "marketplace"}, **who(settings)) as sink:  # type: ignore[arg-type]
            (outcome,) = await put(sink, "merge_listing", {**body, "title": f"Title {tag()}"})
        assert outcome.ok is fine, outcome.detail
    assert outcome.reason is Reason.AUTH
    assert "product.product" in outcome.detail or "product.template" in outcome.detail
    assert outcome.of_record


async def test_verify_asks_for_what_is_used_and_no_more(box: OdooBox) -> None:
    """AUTH-5: a user for orders is told what returns would need, and nothing of it where only orders are used."""
    settings = user_of(box, *SALES)
    before = len(box.proxy.calls)
    every = {check.subject: check for check in await OdooVerifier(settings, deps()).verify()}
    assert not every["create account.move"].ok
    assert "Invoicing / Invoicing" in every["create account.move"].remedy
    assert every["create mail.message"].ok
    assert every["account.journal MISC"].subject
    only = OdooSettings.model_validate({**settings.model_dump(), "uses": ["orders"]})
    fewer = {check.subject for check in await OdooVerifier(only, deps()).verify()}
    assert "create account.move" not in fewer
    assert "product.product fields" not in fewer
    wrong = OdooSettings.model_validate({**box.settings.model_dump(), "listings": {"fields": {"x_none": "brand"}},
                                         "settlement_accounts": {"fee": "6999999"}})  # fmt: skip
    failed = {check.subject: check for check in await OdooVerifier(wrong, deps()).verify() if not check.ok}
    assert set(failed) == {"product.product fields", "account.account 6999999"}
    assert "LISTINGS__FIELDS" in failed["product.product fields"].remedy
    asked = {method for _, method in box.proxy.calls[before:]}
    assert asked <= {"check_access_rights", "search_count", "search_read", "fields_get", "context_get", "has_group", ""}


async def checks_of(settings: OdooSettings, operations: frozenset[str] | None = None) -> list[Check]:
    return list(await OdooVerifier(settings, replace(deps(), operations=operations)).verify())


def failed(checks: list[Check]) -> dict[str, str]:
    """What fails -> what to do."""
    return {check.subject: check.remedy for check in checks if not check.ok}


def named_in(remedies: Iterable[str]) -> set[str]:
    """The groups that remedies name."""
    return {group for group in GROUPS for remedy in remedies if f"the group {group}" in remedy}


def with_(settings: OdooSettings, **changes: object) -> OdooSettings:
    return OdooSettings.model_validate({**settings.model_dump(), **changes})


async def read_all(settings: OdooSettings, flow: str) -> None:
    """A first poll of the flow. Raises ConnectorError."""
    source = make_source(settings, "main", flow, Deps("sandbox", deps().mappings, deps().now))
    try:
        async for page in source.pages(""):
            if page.last:
                break
    finally:
        await source.aclose()


@pytest.mark.parametrize(
    ("uses", "enough"),
    [
        ([], {rights.SALES, rights.INVENTORY}),
        (["orders"], {rights.SALES, rights.CONTACTS, rights.INVENTORY, rights.ACCOUNTING}),
        (["returns"], {rights.SALES, rights.INVENTORY, rights.INVOICING}),
        (["settlements"], {rights.SALES, rights.INVENTORY, rights.INVOICING, rights.ACCOUNTING}),
        (["listings"], {rights.SALES, rights.INVENTORY, rights.PRODUCTS}),
        (
            ["supplier_products"],
            {rights.SALES, rights.INVENTORY, rights.PRODUCTS, rights.CONTACTS, rights.ACCOUNTING},
        ),
    ],
)
async def test_the_groups_verify_names_are_what_is_missing_and_no_more(
    box: OdooBox, sku: str, uses: list[str], enough: set[str]
) -> None:
    """AUTH-4, AUTH-5, EVT-6: an internal user without any group is told group by group what is missing; with these, nothing is."""
    settings = with_(user_of(box, "base.group_user"), uses=uses, capture=CAPTURE, unknown_bundle="hold")
    missing = failed(await checks_of(settings))
    assert named_in(missing.values()) == enough
    given = user_of(box, *(GROUPS[group] for group in named_in(missing.values())))
    able = with_(given, uses=uses, capture=CAPTURE, unknown_bundle="hold")
    assert failed(await checks_of(able)) == {}
    if not uses:
        for flow in FLOWS:
            await read_all(able, flow)


@pytest.mark.parametrize("flow", list(FLOWS))
async def test_a_flow_asks_for_no_model_that_verify_does_not_name(box: OdooBox, sku: str, flow: str) -> None:
    """AUTH-5, EVT-6: whatever change capture reads is in the table of rights. (External ids and fields every user may ask for.)"""
    settings = with_(box.settings, capture=CAPTURE)
    number, before = tag(), len(box.proxy.calls)
    async with sink_of(box) as sink:
        await put_orders(sink, order(number, [order_line(sku, 2)], status="partially_shipped"))
    box.ship(number)
    before = len(box.proxy.calls)
    await read_all(settings, flow)
    read = {
        model for model, method in box.proxy.calls[before:] if method in ("search_read", "read_group", "search_count")
    }
    named = {one.model for one in capture_needs([flow], outbox=False)}
    assert read <= named | {"ir.model.data"}


async def test_records_a_rule_hides_are_told_although_no_right_is_missing(box: OdooBox) -> None:
    """AUTH-5: a salesperson of own documents sees no other order, a purchaser no credit note of a customer, and neither sees an error."""
    own = with_(user_of(box, "sales_team.group_sale_salesman"), uses=[], capture=CAPTURE)
    told = failed(await checks_of(own))
    assert rights.SALES in told["every order"]
    buyer = with_(user_of(box, "purchase.group_purchase_user", "stock.group_stock_user"), uses=[], capture=CAPTURE)
    told = failed(await checks_of(buyer))
    assert "every order" not in told
    assert rights.INVOICING in told["every credit note"]


async def test_only_what_is_switched_on_is_asked_for(box: OdooBox) -> None:
    """AUTH-5, OPS-7: operations that are off need no rights; capture that is off reads nothing."""
    settings = user_of(box, *SALES, "stock.group_stock_user")
    all_of_them = {check.subject for check in await checks_of(settings)}
    some = {check.subject for check in await checks_of(settings, frozenset({"upsert_order"}))}
    none = {check.subject for check in await checks_of(settings, frozenset())}
    assert {"create sale.order", "create account.move"} <= all_of_them
    assert "create sale.order" in some
    assert "create account.move" not in some
    assert none == {"transport", "login", "version"}
    captured = with_(settings, uses=[], capture=CAPTURE)
    assert {need.model for need in needed(captured)} >= {"stock.quant", "purchase.order", "product.pricelist.item"}
    assert needed(with_(settings, uses=[])) == []
    every = {
        (need.model, need.rights): need.purpose for need in needed(with_(settings, uses=["orders"], capture=CAPTURE))
    }
    assert every["sale.order", ("read",)] == "orders; capture of sale_orders, pickings, stock, refunds"


async def test_the_journal_has_to_be_there_and_readable(box: OdooBox) -> None:
    """EVT-6: in mode `outbox` the user must read and delete its rows."""
    settings = with_(user_of(box, *SALES), uses=[], capture={"mode": "outbox"})
    told = failed(await checks_of(settings))
    assert "install-outbox" in told["read x_outbox"]


async def test_what_the_settings_of_capture_name_has_to_exist(box: OdooBox) -> None:
    """AUTH-5, PRD-5: a field, pricelist or domain that is wrong reads as nothing, so it is told beforehand."""
    wrong = {
        "price_fields": ["x_none"],
        "brand_field": "x_no_brand",
        "pricelists": ["No Such List"],
        "product_domain": '[["x_no","=",1]]',
    }
    told = failed(await checks_of(with_(box.settings, uses=[], capture={**CAPTURE, **wrong})))
    assert {"capture price_fields", "capture brand_field", "capture pricelists", "capture product_domain"} <= set(told)
    assert "CAUSEWAY_ODOO__CAPTURE__PRICE_FIELDS" in told["capture price_fields"]
    right = {"price_fields": ["standard_price"], "product_domain": '[["sale_ok","=",true]]'}
    assert failed(await checks_of(with_(box.settings, uses=[], capture={**CAPTURE, **right}))) == {}

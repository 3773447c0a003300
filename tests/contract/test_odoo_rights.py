"""What users with few rights can do, on the sandbox or on a real Odoo 18 (see `odoo_box`), and how `verify` tells the rest (AUTH-4, AUTH-5)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.odoo.settings import OdooSettings
from connectors.odoo.verify import OdooVerifier
from schemas.reasons import Reason
from tests.builders import deps, money, order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put, put_orders, sink_of, user_of
from tests.odoo_records import listing_of, refunded, return_line, return_of, settlement_line, settlement_of

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
    assert "Invoicing / Billing" in every["create account.move"].remedy
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
    assert asked <= {"check_access_rights", "search_count", "search_read", "fields_get", "context_get", ""}

"""REC-1: Odoo's purchase orders as a book; on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.kit.books import Entry
from connectors.kit.ports import Deps, NoMappings
from connectors.odoo import purchase_book
from connectors.odoo.purchase_book import PurchaseBook, open_book
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_purchases import Purchase, order_id, purchase

PREFIX = "CW-"


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@asynccontextmanager
async def opened(box: OdooBox, account: str) -> AsyncIterator[PurchaseBook]:
    part = box.settings.purchases.model_copy(update={"reference_prefix": PREFIX})
    settings = box.settings.model_copy(update={"purchases": part})
    book = open_book(settings, f"alibaba:{account}", Deps("sandbox", NoMappings(), lambda: datetime.now(UTC)))
    assert isinstance(book, PurchaseBook)
    yield book
    await book.aclose()


async def listed(box: OdooBox, account: str, days: float = 1) -> dict[str, Entry]:
    async with opened(box, account) as book:
        return {one.id: one async for one in book.entries(datetime.now(UTC) - timedelta(days=days))}


def bought(box: OdooBox, account: str, *prices: float, confirm: bool = True, **values: object) -> Purchase:
    return purchase(box, prices or (18.5,), f"alibaba:{account}:S", confirm=confirm, **values)


async def test_purchase_orders_of_the_accounts_vendors_and_no_others(
    box: OdooBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REC-1: over several pages, in every state; `_` in an account's name is no wildcard."""
    monkeypatch.setattr(purchase_book, "_PAGE", 2)
    account = f"{tag().lower()}_a"
    ordered, draft, cancelled = bought(box, account), bought(box, account, confirm=False), bought(box, account)
    box.call("purchase.order", "button_cancel", [cancelled.id])
    bought(box, account.replace("_", "x"))
    bought(box, f"{account}b")
    found = await listed(box, account)
    assert {name: one.state for name, one in found.items()} == {
        ordered.name: "ordered", draft.name: "draft", cancelled.name: "cancelled",
    }  # fmt: skip
    assert await listed(box, account, days=-1) == {}


async def test_an_entry_says_what_is_compared(box: OdooBox) -> None:
    """REC-1: untaxed amount, codes of all times, numbers that stand on it, its newest change."""
    account, number = tag().lower(), order_id()
    one = bought(box, account, 18.5, 2.25, partner_ref=f"inv 7, {number}")
    vendor = one.row("partner_id")["partner_id"][0]
    (product, _) = one.products.values()
    (row,) = box.rows("product.product", [["id", "=", product]], ["product_tmpl_id"])
    for code, end in (("7/8/old", "2020-01-01"), ("7/8/new", False)):
        info = {
            "partner_id": vendor,
            "product_tmpl_id": row["product_tmpl_id"][0],
            "product_code": code,
            "date_end": end,
        }
        box.call("product.supplierinfo", "create", info)
    found = (await listed(box, account))[one.name]
    assert (found.names, found.numbers) == ((f"{PREFIX}{one.name}",), ("inv", "7", number))
    codes = {each.codes: each.quantity for each in found.lines}
    # Odoo itself adds a vendor price without a code when a purchase order is confirmed
    assert codes == {("7/8/new", "7/8/old"): Decimal(5), (): Decimal(5)}
    assert (found.amount, found.currency) == (Decimal("103.75"), one.row("currency_id")["currency_id"][1])
    assert abs(datetime.now(UTC) - found.changed_at) < timedelta(minutes=10)


async def test_what_is_received_whole_is_received(box: OdooBox) -> None:
    """REC-1."""
    account = tag().lower()
    part, whole = bought(box, account), bought(box, account)
    part.receive(2)
    whole.receive(5)
    states = {name: one.state for name, one in (await listed(box, account)).items()}
    assert states == {part.name: "ordered", whole.name: "received"}


async def test_it_is_found_by_name_and_by_number_however_old(box: OdooBox) -> None:
    """REC-1, PO-2: by name of this account's vendors only; by a number of whomever, as a whole word."""
    account, number = tag().lower(), order_id()
    ours, theirs = bought(box, account), purchase(box, vendor="SUP-9", partner_ref=f"x {number};")
    bought(box, account, partner_ref=f"{number}9")
    async with opened(box, account) as book:
        found = await book.find([f"{PREFIX}{ours.name}", f"{PREFIX}{theirs.name}", ours.name], [number])
        assert [(one.id, one.names) for one in found] == [(ours.name, (f"{PREFIX}{ours.name}",)), (theirs.name, ())]
        assert await book.find([f"{PREFIX}{theirs.name}"], []) == []
        assert await book.find([], []) == []


async def test_a_number_is_found_whatever_is_written_around_it(box: OdooBox) -> None:
    """REC-1, PO-2: as people write it, also with full-width digits."""
    number = order_id()
    wide = number.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    for written in (f"订单号：{number}", f"张三采购，{number}；急", f"PO{number}", f"（{wide}）"):
        account = tag().lower()
        one = bought(box, account, partner_ref=written)
        async with opened(box, account) as book:
            assert [each.id for each in await book.find([], [number])] == [one.name], written
        assert number in (await listed(box, account))[one.name].numbers
        one.box.call("purchase.order", "write", [one.id], {"partner_ref": False})


async def test_a_vendors_reference_with_blanks_around_it_is_the_vendors(box: OdooBox) -> None:
    """REC-1, PO-1: it is ordered from, so it is looked at."""
    account = tag().lower()
    one = purchase(box, vendor=f" alibaba:{account}:S\u3000")
    purchase(box, vendor=f"x alibaba:{account}:S")
    found = await listed(box, account)
    assert [(name, each.names) for name, each in found.items()] == [(one.name, (f"{PREFIX}{one.name}",))]


async def test_of_several_of_one_name_each_is_an_entry(box: OdooBox) -> None:
    """REC-1: as where each company counts its own, of other vendors too: none of them hides another, however it is found."""
    account, number = tag().lower(), order_id()
    first, alone, second = bought(box, account), bought(box, account), purchase(box, vendor="SUP-9")
    box.call("purchase.order", "write", [second.id], {"name": first.name, "partner_ref": number})
    names = [f"{first.name} (id {first.id})", f"{first.name} (id {second.id})"]
    found = await listed(box, account)
    assert {name: one.names for name, one in found.items()} == {
        names[0]: (f"{PREFIX}{first.name}",), alone.name: (f"{PREFIX}{alone.name}",),
    }  # fmt: skip
    async with opened(box, account) as book:
        both = await book.find([f"{PREFIX}{first.name}", f"{PREFIX}{alone.name}"], [number])
        assert sorted(one.id for one in both) == sorted([*names, alone.name])

"""FUL-3: lines of marketplace orders that a person deletes in Odoo become cancellations; on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import odoorpc
import pytest

from connectors.kit.ports import Deps, NoMappings, Result
from connectors.odoo.capture_mapping import mappings
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import make_source
from schemas.records import Order
from tests.builders import order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put_orders, sink_of, user_of

CONFIRMED: dict[str, Any] = {"stages": {"acknowledged": "confirmed"}}
REFUSED = "Once a sales order is confirmed, you can't remove one of its lines"
# Rights to orders, none to external ids.
SELLER = ("sales_team.group_sale_salesman_all_leads", "base.group_partner_manager")


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


class Sale:
    """An order of three lines that stands in Odoo, and what a person does to it."""

    def __init__(self, box: OdooBox, status: str = "created") -> None:
        self.box, self.number, self.status = box, tag(), status
        self.skus = [f"SKU-{tag()}" for _ in range(3)]
        self.products = [box.product(sku) for sku in self.skus]

    def told(self, version: int = 1, lines: Sequence[Any] = ()) -> Order:
        made = [order_line(sku, 2, line_id=str(at)) for at, sku in enumerate(self.skus, 1)]
        return order(self.number, lines or made, status=self.status, version=version)

    async def write(self, settings: dict[str, Any] | None = None, **told: Any) -> Any:
        async with sink_of(self.box, **(settings or {})) as sink:
            (outcome,) = await put_orders(sink, self.told(**told))
        assert outcome.ok, outcome.detail
        return outcome

    @property
    def id(self) -> int:
        return int(self.box.order(self.number)["id"])

    def line(self, at: int) -> int:
        """The record of a line, counted from 1."""
        domain = [["order_id", "=", self.id], ["product_id", "=", self.products[at - 1]]]
        return int(self.box.rows("sale.order.line", domain, ["id"])[0]["id"])

    def delete(self, *lines: int) -> None:
        self.box.call("sale.order.line", "unlink", lines)

    async def captured(self, settings: OdooSettings | None = None) -> dict[str, Any]:
        """What the poller publishes of it."""
        source = make_source(settings or self.box.settings, "main", "sale_orders", deps())
        try:
            pages = [page async for page in source.fetch([str(self.id)])]
        finally:
            await source.aclose()
        (item,) = [item for page in pages for item in page.items]
        found: dict[str, Any] = json.loads(item.payload)
        return found

    async def cancellation(self, settings: OdooSettings | None = None) -> dict[str, Any] | None:
        payload = json.dumps(await self.captured(settings)).encode()
        found = mappings(OdooSettings())["sale_order"](payload, "main")
        assert len(found) <= 1
        return dict(found[0].body) if found else None

    async def cancelled(self) -> dict[str, tuple[str, str]]:
        """Line id -> (SKU, what is to stay of it)."""
        found = await self.cancellation()
        return {line["line_id"]: (line["sku"], line["remaining"]) for line in found["lines"]} if found else {}


def deps() -> Deps:
    return Deps("sandbox", NoMappings(), lambda: datetime.now(UTC))


async def test_deleted_lines_of_a_quotation_are_cancelled_each(box: OdooBox) -> None:
    """FUL-3: one, then a second one; they stay cancelled when the order is confirmed and when the marketplace speaks again."""
    sale = Sale(box)
    await sale.write()
    assert await sale.cancellation() is None
    sale.delete(sale.line(2))
    first = await sale.cancellation()
    assert first is not None
    assert (first["whole"], first["order_key"]) == (False, f"walmart:MAIN:{sale.number}")
    assert first["lines"] == [{"line_id": "2", "sku": sale.skus[1], "quantity": "2", "remaining": "0"}]
    box.call("sale.order", "action_quotation_sent", [sale.id])
    sale.delete(sale.line(3))
    expected = {"2": (sale.skus[1], "0"), "3": (sale.skus[2], "0")}
    second = await sale.cancellation()
    assert second is not None
    assert second["version"] >= first["version"]
    assert await sale.cancelled() == expected
    box.call("sale.order", "action_confirm", [sale.id])
    await sale.write(version=2)
    assert await sale.cancelled() == expected


async def test_a_poll_notices_that_a_line_is_gone(box: OdooBox) -> None:
    """EVT-6, FUL-3: nothing of the line is left to be listed, so the order itself has to tell."""
    sale = Sale(box)
    await sale.write()
    source = make_source(box.settings, "main", "sale_orders", deps())
    key = f"odoo:sale_order:{sale.id}"
    position, told = "", []
    try:
        for _ in range(2):
            found: dict[str, Any] = {"lines": []}
            async for page in source.pages(position):
                position = page.position or position
                found = next((json.loads(item.payload) for item in page.items if item.key == key), found)
                if page.last:
                    break
            told.append([one["line_id"] for one in found["lines"] if one.get("deleted")])
            if len(told) == 1:
                sale.delete(sale.line(1))
    finally:
        await source.aclose()
    assert told == [[], ["1"]]


async def test_what_a_person_added_and_headings_mean_nothing(box: OdooBox) -> None:
    """FUL-3: neither while they are there nor when they are gone."""
    sale = Sale(box)
    await sale.write()
    made = [
        {"order_id": sale.id, "display_type": "line_section", "name": "For you"},
        {"order_id": sale.id, "display_type": "line_note", "name": "Thanks"},
        {"order_id": sale.id, "product_id": sale.products[0], "product_uom_qty": 1},
    ]
    added = [box.call("sale.order.line", "create", values) for values in made]
    assert await sale.cancellation() is None
    sale.delete(*added)
    assert await sale.cancellation() is None


async def test_of_a_line_at_two_prices_what_stays_is_what_the_other_price_wants(box: OdooBox) -> None:
    """FUL-3: 10.00 for three is 2 at 3.33 and 1 at 3.34."""
    sale = Sale(box)
    await sale.write(lines=[order_line(sale.skus[0], 3, amount="10.00")])
    parts = box.rows(
        "sale.order.line", [["order_id", "=", sale.id], ["product_id", "=", sale.products[0]]], ["product_uom_qty"]
    )
    assert sorted(part["product_uom_qty"] for part in parts) == [1, 2]
    sale.delete(next(part["id"] for part in parts if part["product_uom_qty"] == 2))
    assert await sale.cancelled() == {"1": (sale.skus[0], "1")}
    sale.delete(sale.line(1))
    assert await sale.cancelled() == {"1": (sale.skus[0], "0")}


async def test_a_line_that_came_later_counts_too_and_one_that_was_deleted_before_stays_so(box: OdooBox) -> None:
    """FUL-3: the marketplace adds a line to an order after a person has deleted one; then the person deletes that as well."""
    sale = Sale(box)
    lines = [order_line(sku, 2, line_id=str(at)) for at, sku in enumerate(sale.skus, 1)]
    await sale.write(lines=lines[:2])
    sale.delete(sale.line(2))
    await sale.write(lines=lines, version=2)
    assert await sale.cancelled() == {"2": (sale.skus[1], "0")}
    sale.delete(sale.line(3))
    assert await sale.cancelled() == {"2": (sale.skus[1], "0"), "3": (sale.skus[2], "0")}


async def test_a_line_with_another_external_id_is_not_taken_for_deleted(box: OdooBox) -> None:
    """FUL-3: to who may not read them all, Odoo tells one external id of each line: the one that was made first, here not ours."""
    await Sale(box).write()  # makes the products charges are booked on
    sale = Sale(box)
    user = user_of(box, *SELLER)
    async with sink_of(box, login=user.login, password=user.password) as sink:
        (outcome,) = await put_orders(sink, sale.told())
    assert outcome.ok, outcome.detail
    domain = [["model", "=", "sale.order.line"], ["res_id", "=", sale.line(1)]]
    (ours,) = box.rows("ir.model.data", domain, ["module", "name", "model", "res_id"])
    box.call("ir.model.data", "unlink", [ours.pop("id")])
    box.call("ir.model.data", "create", {**ours, "module": "__export__", "name": tag()})
    box.call("ir.model.data", "create", ours)
    assert await sale.cancellation(user) is None
    sale.delete(sale.line(2))
    found = await sale.cancellation(user)
    assert found is not None
    assert [line["line_id"] for line in found["lines"]] == ["2"]


async def test_a_confirmed_order_keeps_its_lines_unless_it_is_made_a_quotation_again(box: OdooBox) -> None:
    """FUL-3: what Odoo 18 itself refuses, and the way round it."""
    sale = Sale(box, status="acknowledged")
    await sale.write(CONFIRMED)
    heading = box.call(
        "sale.order.line", "create", {"order_id": sale.id, "display_type": "line_section", "name": "For you"}
    )
    for action in ("action_lock", "action_unlock"):
        box.call("sale.order", action, [sale.id])
        with pytest.raises(odoorpc.error.RPCError, match=REFUSED) as refused:
            sale.delete(sale.line(1), heading)
        assert refused.value.info["data"]["name"] == "odoo.exceptions.UserError"
    sale.delete(heading)
    assert await sale.cancellation() is None
    box.call("sale.order", "action_cancel", [sale.id], context={"disable_cancel_warning": True})
    box.call("sale.order", "action_draft", [sale.id])
    sale.delete(sale.line(1))
    box.call("sale.order", "action_confirm", [sale.id])
    assert await sale.cancelled() == {"1": (sale.skus[0], "0")}


async def test_a_deleted_line_of_an_order_that_is_cancelled_is_cancelled_with_it(box: OdooBox) -> None:
    """FUL-3."""
    sale = Sale(box)
    await sale.write()
    sale.delete(sale.line(1))
    box.call("sale.order", "action_cancel", [sale.id], context={"disable_cancel_warning": True})
    found = await sale.cancellation()
    assert found is not None
    assert found["whole"] is True
    assert {line["line_id"]: line["remaining"] for line in found["lines"]} == {"1": "0", "2": "0", "3": "0"}


async def test_the_order_is_no_exception_and_the_line_is_not_made_again(box: OdooBox) -> None:
    """FUL-3, ORD-6: at two prices or one."""
    sale = Sale(box)
    await sale.write()
    sale.delete(sale.line(1))
    first = await sale.write(version=2)
    assert (first.result, first.notes) == (Result.APPLIED, ("kept_lowered",))
    assert (await sale.write(version=3)).result is Result.ALREADY_APPLIED
    assert len(box.lines(sale.number)) == 2

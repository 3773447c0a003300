"""Returns in Odoo, on the sandbox or on a real Odoo 18 (see `odoo_box`): goods and money apart, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.ports import Outcome, Result
from connectors.odoo.sink import OdooSink
from schemas.reasons import Reason
from tests.builders import money, order, order_line, tax
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import cents, delivery, put, put_orders, sink_of
from tests.odoo_records import refunded, return_line, return_of

RETURN = "upsert_return"
SKIP = {"skip_backorder": True, "skip_sms": True}


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@dataclass
class Sold:
    """A delivered order: 3 units of 10.00, shipping 5.00, taxes 2.10 and 0.36, 37.46 in all."""

    box: OdooBox
    number: str
    sku: str

    @property
    def id(self) -> int:
        return int(self.box.order(self.number)["id"])

    def back(self) -> list[dict[str, Any]]:
        """Moves that bring something of it back, oldest first."""
        fields = ["product_uom_qty", "quantity", "state", "picking_id", "to_refund", "location_dest_id"]
        domain = [["sale_line_id.order_id", "=", self.id], ["origin_returned_move_id", "!=", False]]
        return self.box.rows("stock.move", domain, fields)

    def credits(self) -> list[dict[str, Any]]:
        domain = [["move_type", "=", "out_refund"], ["ref", "=", f"walmart:MAIN:return:R-{self.number}"]]
        return self.box.rows(
            "account.move", domain, ["state", "amount_total", "amount_tax", "reversed_entry_id", "name"]
        )

    def on_hand(self) -> float:
        domain = [["product_id.default_code", "=", self.sku], ["location_id.usage", "=", "internal"]]
        return float(sum(row["quantity"] for row in self.box.rows("stock.quant", domain, ["quantity"])))

    def invoice(self) -> int:
        context = {"active_ids": [self.id], "active_model": "sale.order"}
        wizard = self.box.call(
            "sale.advance.payment.inv", "create", {"advance_payment_method": "delivered"}, context=context
        )
        self.box.call("sale.advance.payment.inv", "create_invoices", [wizard], context=context)
        (invoice,) = self.box.order_field(self.number, "invoice_ids")
        self.box.call("account.move", "action_post", [invoice])
        return int(invoice)


async def sold(box: OdooBox, sink: OdooSink, *, ship: bool = True, invoice: bool = False, **changes: Any) -> Sold:
    one = Sold(box, tag(), f"SKU-{tag()}")
    box.product(one.sku)
    taxes = [tax("Return State", "2.10"), tax("Return City", "0.36", jurisdiction="city")]
    line = order_line(one.sku, 3, taxes=taxes, shipping_amount=money("5.00"))
    (outcome,) = await put_orders(sink, order(one.number, [line], status="partially_shipped", **changes))
    assert outcome.ok, outcome.detail
    if ship:
        box.ship(one.number)
    if invoice:
        one.invoice()
    return one


async def once(sink: OdooSink, body: Any) -> Outcome:
    (outcome,) = await put(sink, RETURN, body)
    assert outcome.ok, outcome.detail
    return outcome


# ---- RET-1: goods


async def test_an_announced_return_makes_a_transfer_that_is_not_taken_in(box: OdooBox) -> None:
    """RET-1, RET-2: a return transfer of the delivered move, waiting; stock is not released before the goods are received."""
    async with sink_of(box) as sink:
        one = await sold(box, sink)
        before = one.on_hand()
        outcome = await once(sink, return_of(one.number, return_line(one.sku, 2, carrier="UPS", tracking_number="1Z9")))
        again = await once(sink, return_of(one.number, return_line(one.sku, 2, tracking_number="1Z9"), version=2))
    (move,) = one.back()
    assert (move["state"], move["product_uom_qty"], move["to_refund"]) == ("assigned", 2, True)
    assert (outcome.result, outcome.remote_model) == (Result.APPLIED, "stock.picking")
    assert outcome.remote_id == str(move["picking_id"][0])
    assert again.result is Result.ALREADY_APPLIED
    assert one.on_hand() == before
    fields = ["return_id", "sale_id", "picking_type_code", "note", "carrier_tracking_ref", "origin"]
    (picking,) = box.rows("stock.picking", [["id", "=", move["picking_id"][0]]], fields)
    assert (picking["picking_type_code"], picking["carrier_tracking_ref"]) == ("incoming", "1Z9")
    assert picking["sale_id"][0] == one.id
    assert picking["return_id"]
    assert "goods announced, money pending, customer service open" in picking["note"]


async def test_goods_are_taken_in_when_the_marketplace_says_they_arrived(box: OdooBox) -> None:
    """RET-1: received: the transfer is done, stock is back, and the order's delivered quantity falls."""
    async with sink_of(box) as sink:
        one = await sold(box, sink)
        before = one.on_hand()
        await once(sink, return_of(one.number, return_line(one.sku, 2)))
        body = return_of(one.number, return_line(one.sku, 2, physical="received"), version=2)
        outcome = await once(sink, body)
        again = await once(sink, body)
    assert [(move["state"], move["quantity"]) for move in one.back()] == [("done", 2)]
    assert one.on_hand() == before + 2
    assert "received" in outcome.notes
    assert again.result is Result.ALREADY_APPLIED
    assert box.rows("sale.order.line", [["order_id", "=", one.id], ["product_id.default_code", "=", one.sku]],
                    ["qty_delivered"])[0]["qty_delivered"] == 1  # fmt: skip


async def test_parts_arrive_one_after_the_other(box: OdooBox) -> None:
    """RET-1: of two return lines one has arrived: it is taken in, the other goes on waiting; then that too. Nothing is doubled."""
    async with sink_of(box) as sink:
        one = await sold(box, sink)
        first = return_line(one.sku, 1, return_line_id="1")
        second = return_line(one.sku, 2, return_line_id="2")
        await once(sink, return_of(one.number, first, second))
        await once(sink, return_of(one.number, {**first, "physical": "received"}, second, version=2))
        assert sorted((move["state"], move["product_uom_qty"]) for move in one.back()) == [("assigned", 2), ("done", 1)]
        last = return_of(one.number, {**first, "physical": "received"}, {**second, "physical": "received"}, version=3)
        await once(sink, last)
        await once(sink, last)
    assert sorted((move["state"], move["quantity"]) for move in one.back()) == [("done", 1), ("done", 2)]


async def test_a_seller_may_have_stock_released_when_a_return_is_announced(box: OdooBox) -> None:
    """RET-1: configuration."""
    async with sink_of(box, release_returns_at="announced") as sink:
        one = await sold(box, sink)
        await once(sink, return_of(one.number, return_line(one.sku, 1)))
    assert [move["state"] for move in one.back()] == ["done"]


async def test_a_return_that_grows_or_shrinks_changes_the_open_transfer(box: OdooBox) -> None:
    """RET-2: later versions change what stands, never double it; one that is called off cancels the transfer."""
    async with sink_of(box) as sink:
        one = await sold(box, sink)
        for version, quantity in enumerate((1, 3, 2), 1):
            await once(sink, return_of(one.number, return_line(one.sku, quantity), version=version))
            assert [move["product_uom_qty"] for move in one.back()] == [quantity]
        outcome = await once(sink, return_of(one.number, return_line(one.sku, 2, physical="none"), version=4))
    assert [move["state"] for move in one.back()] == ["cancel"]
    assert "return_cancelled" in outcome.notes


async def test_goods_the_buyer_keeps_make_no_transfer(box: OdooBox) -> None:
    """RET-2: kept goods: nothing comes back; the states stand as one note on the order, however often they are told."""
    async with sink_of(box) as sink:
        one = await sold(box, sink)
        body = return_of(one.number, return_line(one.sku, 1, kept=True, physical="none"))
        outcome = await once(sink, body)
        again = await once(sink, {**body, "version": 2})
    assert one.back() == []
    assert (outcome.remote_model, outcome.notes) == ("sale.order", ("noted",))
    assert again.result is Result.ALREADY_APPLIED
    domain = [["model", "=", "sale.order"], ["res_id", "=", one.id], ["body", "like", "Return R-"]]
    assert len(box.rows("mail.message", domain, ["body"])) == 1


async def test_a_return_waits_for_its_order_and_for_its_delivery(box: OdooBox) -> None:
    """RET-2: a return that is here first is held, and released by what it waits for."""
    async with sink_of(box) as sink:
        unknown = return_of(tag(), return_line("NEVER"))
        (held,) = await put(sink, RETURN, unknown)
        assert (held.reason, held.waiting_for) == (Reason.CONFLICT, f"order:{unknown['order_key']}")
        one = await sold(box, sink, ship=False)
        (early,) = await put(sink, RETURN, return_of(one.number, return_line(one.sku)))
        words = [held.waiting_for, f"order:walmart:MAIN:{one.number}", early.waiting_for]
        assert early.waiting_for == f"delivered:walmart:MAIN:{one.number}"
        assert await sink.resolve(words) == words[1:2]
        box.ship(one.number)
        assert await sink.resolve(words) == words[1:]
        await once(sink, return_of(one.number, return_line(one.sku)))


async def test_more_than_was_delivered_is_an_exception(box: OdooBox) -> None:
    """RET-2: Odoo itself would take back any quantity."""
    async with sink_of(box) as sink:
        one = await sold(box, sink)
        (outcome,) = await put(sink, RETURN, return_of(one.number, return_line(one.sku, 4)))
    assert outcome.reason is Reason.RULE
    assert "1 more come back" in outcome.detail
    assert one.back() == []


async def test_what_a_person_took_back_by_hand_is_not_taken_back_again(box: OdooBox) -> None:
    """RET-2: two of three are on their way back by Odoo's own dialog; a return of two more is an exception, one of one is made."""
    async with sink_of(box) as sink:
        one = await sold(box, sink)
        (picking,) = box.call("stock.picking", "search", [["sale_id", "=", one.id]])
        dialog = box.call("stock.return.picking", "create", {"picking_id": picking})
        (line,) = box.call("stock.return.picking.line", "search", [["wizard_id", "=", dialog]])
        box.call("stock.return.picking.line", "write", [line], {"quantity": 2})
        box.call("stock.return.picking", "action_create_returns", [dialog])
        (outcome,) = await put(sink, RETURN, return_of(one.number, return_line(one.sku, 2)))
        assert outcome.reason is Reason.RULE
        await once(sink, return_of(one.number, return_line(one.sku, 1)))
    assert [move["product_uom_qty"] for move in one.back()] == [2, 1]


def take_back(one: Sold, units: int) -> None:
    """A person does it, with Odoo's own dialog."""
    (picking,) = one.box.call(
        "stock.picking", "search", [["sale_id", "=", one.id], ["picking_type_code", "=", "outgoing"]]
    )
    dialog = one.box.call("stock.return.picking", "create", {"picking_id": picking})
    (line,) = one.box.call("stock.return.picking.line", "search", [["wizard_id", "=", dialog]])
    one.box.call("stock.return.picking.line", "write", [line], {"quantity": units})
    made = one.box.call("stock.return.picking", "action_create_returns", [dialog])["res_id"]
    for move in one.box.rows("stock.move", [["picking_id", "=", made]], ["product_uom_qty"]):
        one.box.call("stock.move", "write", [move["id"]], {"quantity": move["product_uom_qty"], "picked": True})
    assert one.box.call("stock.picking", "button_validate", [made], context=SKIP) is True


async def test_what_a_person_took_in_first_is_the_goods_of_the_return(box: OdooBox) -> None:
    """RET-2: all 3 are back before the marketplace tells of it: no second transfer, stock once, the credit note is made, whatever comes first."""
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        before = one.on_hand()
        take_back(one, 3)
        assert one.on_hand() == before + 3
        first = await once(sink, return_of(one.number, return_line(one.sku, 3)))
        again = await once(sink, return_of(one.number, return_line(one.sku, 3)))
        await once(sink, return_of(one.number, return_line(one.sku, 3, physical="received"), version=2))
        line = return_line(one.sku, 3, physical="received", **refunded("32.46"))
        last = await once(sink, return_of(one.number, line, version=3, total_refund=money("37.46")))
    assert [(move["state"], move["quantity"]) for move in one.back()] == [("done", 3)]
    assert one.on_hand() == before + 3
    assert first.notes == ("counted", "noted")
    assert first.remote_id == str(one.back()[0]["picking_id"][0])
    assert again.result is Result.ALREADY_APPLIED
    assert "credited" in last.notes
    assert [cents(note["amount_total"]) for note in one.credits()] == [Decimal("37.46")]


async def test_a_unit_a_person_took_in_is_counted_for_one_return(box: OdooBox) -> None:
    """RET-2: 3 sold, 1 taken in by hand; return A of 1 is that one, return B of 2 makes a transfer of 2, a third has nothing left to bring."""
    async with sink_of(box) as sink:
        one = await sold(box, sink)
        before = one.on_hand()
        take_back(one, 1)
        bodies = [
            return_of(one.number, return_line(one.sku, units, physical="received"), key=f"walmart:MAIN:return:{name}-{one.number}",
                      return_id=f"{name}-{one.number}")
            for name, units in (("A", 1), ("B", 2), ("C", 1))
        ]  # fmt: skip
        (preview,) = await sink.preview([delivery(RETURN, bodies[0])])
        for body in (*bodies[:2], *bodies[:2]):
            await once(sink, body)
        (third,) = await put(sink, RETURN, bodies[2])
    assert list(preview) == []
    assert [(move["state"], move["quantity"]) for move in one.back()] == [("done", 1), ("done", 2)]
    assert one.on_hand() == before + 3
    assert third.reason is Reason.RULE


async def test_two_returns_at_once_share_what_a_person_took_in(box: OdooBox) -> None:
    """RET-2, EVT-4: 2 taken in by hand, two returns of 1 each and one of 1 more in the same moment: every unit counted once."""
    async with sink_of(box) as sink, sink_of(box) as other:
        one = await sold(box, sink)
        before = one.on_hand()
        take_back(one, 2)
        bodies = [
            return_of(one.number, return_line(one.sku, 1, physical="received"), key=f"walmart:MAIN:return:{name}-{one.number}",
                      return_id=f"{name}-{one.number}")
            for name in "ABC"
        ]  # fmt: skip
        await asyncio.gather(put(sink, RETURN, *bodies), put(other, RETURN, *reversed(bodies)))
        for body in bodies:
            await once(sink, body)
    assert [(move["state"], move["quantity"]) for move in one.back()] == [("done", 2), ("done", 1)]
    assert one.on_hand() == before + 3


@pytest.mark.parametrize(
    ("model", "method"),
    [
        ("stock.picking", "load"),
        ("stock.picking", "action_confirm"),
        ("stock.picking", "button_validate"),
        ("stock.move", "write"),
    ],
)
async def test_a_lost_answer_never_takes_goods_back_twice(box: OdooBox, model: str, method: str) -> None:
    """EVT-4: Odoo carries a call out and its answer gets lost, the delivery is tried until it succeeds: one transfer, stock once."""
    async with sink_of(box, workers=1) as sink:
        one = await sold(box, sink)
        before = one.on_hand()
        body = return_of(one.number, return_line(one.sku, 2, physical="received"))
        box.proxy.lose(model, method, 1)
        for _ in range(4):
            (outcome,) = await put(sink, RETURN, body)
            if outcome.ok:
                break
    assert outcome.ok, outcome.detail
    assert [(move["state"], move["quantity"]) for move in one.back()] == [("done", 2)]
    assert one.on_hand() == before + 2


async def test_two_workers_take_a_return_in_once(box: OdooBox) -> None:
    """EVT-4: two sinks with the same return at once: one transfer, one credit note."""
    async with sink_of(box) as sink, sink_of(box) as other:
        one = await sold(box, sink, invoice=True)
        before = one.on_hand()
        body = return_of(one.number, return_line(one.sku, 2, physical="received", **refunded("10.00")))
        await asyncio.gather(put(sink, RETURN, body), put(other, RETURN, body))
        await once(sink, body)
    assert one.on_hand() == before + 2
    assert len({move["picking_id"][0] for move in one.back()}) == 1
    assert [cents(note["amount_total"]) for note in one.credits()] == [Decimal("10.00")]


async def test_a_kit_comes_back_as_its_components(box: OdooBox) -> None:
    """RET-2, ORD-10: two kits sold, one returned: the components of one."""
    kit, parts, number = f"KIT-{tag()}", [f"PART-{tag()}" for _ in range(2)], tag()
    product = box.product(kit)
    (template,) = (
        row["product_tmpl_id"][0] for row in box.rows("product.product", [["id", "=", product]], ["product_tmpl_id"])
    )
    lines = [
        [0, 0, {"product_id": box.product(code), "product_qty": count}]
        for code, count in zip(parts, (1, 3), strict=True)
    ]
    box.call(
        "mrp.bom", "create", {"product_tmpl_id": template, "type": "phantom", "product_qty": 1, "bom_line_ids": lines}
    )
    async with sink_of(box) as sink:
        (outcome,) = await put_orders(sink, order(number, [order_line(kit, 2)], status="partially_shipped"))
        assert outcome.ok, outcome.detail
        box.ship(number)
        await once(sink, return_of(number, return_line(kit, 1)))
    assert [move["product_uom_qty"] for move in Sold(box, number, kit).back()] == [1, 3]


# ---- RET-2: money


async def test_a_refund_becomes_a_posted_credit_note_of_the_invoice(box: OdooBox) -> None:
    """RET-2: partial, with its share of each tax; refunded goods that have not come back have a credit note and no stock."""
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        before = one.on_hand()
        body = return_of(one.number, return_line(one.sku, 1, **refunded("10.70")))
        outcome = await once(sink, body)
        again = await once(sink, body)
    (note,) = one.credits()
    assert (note["state"], cents(note["amount_total"])) == ("posted", Decimal("10.70"))
    assert cents(note["amount_tax"]) == Decimal("0.70")  # 10.70 of 37.46: 0.60 of 2.10 and 0.10 of 0.36
    assert note["reversed_entry_id"]
    assert one.on_hand() == before
    assert set(outcome.notes) >= {"return_made", "credited", "credit_posted"}
    assert again.result is Result.ALREADY_APPLIED


async def test_a_refund_that_grows_is_credited_by_the_difference(box: OdooBox) -> None:
    """RET-2: partial refunds: 10.00, then all 37.46: every tax has come back to the cent at the end."""
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        part = return_line(one.sku, 1, **refunded("10.00", financial="partly_refunded"))
        await once(sink, return_of(one.number, part))
        whole = return_line(one.sku, 3, physical="received", **refunded("32.00"))
        body = return_of(one.number, whole, version=2, total_refund=money("37.46"))
        await once(sink, body)
        await once(sink, body)
    notes = one.credits()
    assert [cents(note["amount_total"]) for note in notes] == [Decimal("10.00"), Decimal("27.46")]
    assert sum(cents(note["amount_tax"]) for note in notes) == Decimal("2.46")
    assert {note["state"] for note in notes} == {"posted"}


async def test_what_the_marketplace_kept_back_is_not_credited(box: OdooBox) -> None:
    """RET-2: 12.00 for the line, 2.00 of it kept as a restocking fee: a credit note over 10.00."""
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        line = return_line(one.sku, 1, physical="received", **refunded("12.00"))
        await once(sink, return_of(one.number, line, total_refund=money("10.00")))
    assert [(note["state"], cents(note["amount_total"])) for note in one.credits()] == [("posted", Decimal("10.00"))]


@pytest.mark.parametrize(("model", "method"), [("account.move", "load"), ("account.move", "action_post")])
async def test_a_lost_answer_never_credits_twice(box: OdooBox, model: str, method: str) -> None:
    """EVT-4"""
    async with sink_of(box, workers=1) as sink:
        one = await sold(box, sink, invoice=True)
        body = return_of(one.number, return_line(one.sku, 1, **refunded("10.70")))
        box.proxy.lose(model, method, 1)
        for _ in range(3):
            (outcome,) = await put(sink, RETURN, body)
            if outcome.ok:
                break
    assert outcome.ok, outcome.detail
    assert [(note["state"], cents(note["amount_total"])) for note in one.credits()] == [("posted", Decimal("10.70"))]


async def test_a_refund_waits_for_its_invoice_and_the_goods_go_their_own_way(box: OdooBox) -> None:
    """RET-2: never silent: held until the invoice is posted, credited then."""
    async with sink_of(box) as sink:
        one = await sold(box, sink)
        back = return_of(one.number, return_line(one.sku, 1, **refunded("10.00")))
        (early,) = await put(sink, RETURN, back)
        waits = [f"invoiced:walmart:MAIN:{one.number}"]
        assert (early.reason, early.waiting_for, one.credits()) == (Reason.CONFLICT, waits[0], [])
        assert [move["state"] for move in one.back()] == ["assigned"]
        assert await sink.resolve(waits) == []
        one.invoice()
        assert await sink.resolve(waits) == waits
        (later,) = await put(sink, RETURN, back)
    assert later.ok, later.detail
    assert [cents(note["amount_total"]) for note in one.credits()] == [Decimal("10.00")]


async def test_credit_notes_can_be_left_as_drafts_or_out(box: OdooBox) -> None:
    """RET-2: configuration."""
    for setting, states in (("draft", ["draft"]), ("off", [])):
        async with sink_of(box, credit_notes=setting) as sink:
            one = await sold(box, sink, invoice=True)
            await once(sink, return_of(one.number, return_line(one.sku, 1, **refunded("10.00"))))
        assert [note["state"] for note in one.credits()] == states


async def test_a_refund_above_the_invoice_is_an_exception_and_the_goods_still_come(box: OdooBox) -> None:
    """RET-1, RET-2: goods and money are apart; what is wrong with one does not stop the other."""
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        (outcome,) = await put(sink, RETURN, return_of(one.number, return_line(one.sku, 1, **refunded("99.00"))))
        (early,) = await put(
            sink, RETURN, return_of(one.number, return_line(one.sku, 9, **refunded("9.00")), version=2)
        )
    assert outcome.reason is Reason.RULE
    assert "61.54 USD above the invoice" in outcome.detail
    assert [move["state"] for move in one.back()] == ["assigned"]
    assert early.reason is Reason.RULE
    assert [cents(note["amount_total"]) for note in one.credits()] == [Decimal("9.00")]


async def test_a_preview_of_a_return_writes_nothing(box: OdooBox) -> None:
    """OPS-7: what would be written, without writing it."""
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        body = return_of(one.number, return_line(one.sku, 2, physical="received", **refunded("10.00")))
        (found,) = await sink.preview([delivery(RETURN, body)])
        assert one.back() == []
        assert one.credits() == []
        await once(sink, body)
        (after,) = await sink.preview([delivery(RETURN, body)])
    assert [one.would_be for one in found] == ["2 coming back", "2 taken into stock", "10.00 USD"]
    assert list(after) == []

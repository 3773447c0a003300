"""Bringing back an order the marketplace refused to cancel, on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.ports import Delivery, Outcome, Result
from connectors.odoo.sink import OdooSink
from schemas.reasons import Reason
from tests.builders import order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import delivery, put_orders, sink_of
from tests.odoo_records import cancellation_of

CANCEL = {"disable_cancel_warning": True}


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


async def cancelled(box: OdooBox, sink: OdooSink, status: str = "partially_shipped") -> str:
    """The number of an order that a person cancelled in Odoo."""
    number, sku = tag(), f"SKU-{tag()}"
    box.product(sku)
    (outcome,) = await put_orders(sink, order(number, [order_line(sku, 2)], status=status))
    assert outcome.ok, outcome.detail
    box.call("sale.order", "action_cancel", [box.order(number)["id"]], context=CANCEL)
    return number


def command(box: OdooBox, number: str, **changes: Any) -> Delivery:
    key, name = f"walmart:MAIN:{number}", box.order_field(number, "name")
    body = cancellation_of(key, name, box.order(number)["id"], **changes)
    return delivery("reopen_order", body, command=True, key=key)


async def reopen(sink: OdooSink, what: Delivery) -> Outcome:
    (outcome,) = await sink.deliver([what])
    return outcome


def notes(box: OdooBox, number: str) -> int:
    domain = [["model", "=", "sale.order"], ["res_id", "=", box.order(number)["id"]], ["body", "like", "refused"]]
    return len(box.rows("mail.message", domain, ["body"]))


async def test_a_refused_cancellation_brings_a_confirmed_order_back(box: OdooBox) -> None:
    """ORD-13: confirmed again with a delivery, under its own date; told again it changes nothing."""
    async with sink_of(box) as sink:
        number = await cancelled(box, sink)
        (seen,) = await sink.preview([command(box, number)])
        assert [(one.now, one.would_be) for one in seen] == [("cancel", "sale")]
        outcome = await reopen(sink, command(box, number))
        again = await reopen(sink, command(box, number))
    assert (outcome.result, outcome.notes) == (Result.APPLIED, ("reopened", "confirmed"))
    assert again.result is Result.ALREADY_APPLIED
    assert (box.order(number)["state"], box.order(number)["date_order"]) == ("sale", "2026-03-04 05:06:07")
    pickings = box.rows("stock.picking", [["sale_id", "=", box.order(number)["id"]]], ["state"])
    assert sorted(row["state"] == "cancel" for row in pickings) == [False, True]
    assert notes(box, number) == 1


async def test_a_quotation_becomes_a_quotation_again(box: OdooBox) -> None:
    """ORD-13"""
    async with sink_of(box) as sink:
        number = await cancelled(box, sink, "acknowledged")
        outcome = await reopen(sink, command(box, number))
    assert (outcome.notes, box.order(number)["state"]) == (("reopened",), "draft")


@pytest.mark.parametrize(
    ("model", "method"),
    [
        ("mail.message", "load"),
        ("sale.order", "action_draft"),
        ("sale.order", "action_confirm"),
        ("sale.order", "write"),
    ],
)
async def test_a_lost_answer_leaves_nothing_half_done(box: OdooBox, model: str, method: str) -> None:
    """ORD-13, EVT-4: whichever answer got lost, the command delivered again ends where it should, with one open delivery."""
    async with sink_of(box, workers=1) as sink:
        number = await cancelled(box, sink)
        box.proxy.lose(model, method, 1)
        for _ in range(3):
            outcome = await reopen(sink, command(box, number))
            if outcome.ok:
                break
    assert outcome.ok, outcome.detail
    assert box.proxy.to_lose[model, method] == 0
    assert (box.order(number)["state"], box.order(number)["date_order"]) == ("sale", "2026-03-04 05:06:07")
    domain = [["sale_id", "=", box.order(number)["id"]], ["state", "!=", "cancel"]]
    assert len(box.rows("stock.picking", domain, ["state"])) == 1
    assert notes(box, number) == 1


async def test_an_order_that_stands_is_left_alone(box: OdooBox) -> None:
    """ORD-13: somebody was quicker: also one they made a quotation of is not confirmed by us."""
    async with sink_of(box) as sink:
        number = await cancelled(box, sink)
        box.call("sale.order", "action_draft", [box.order(number)["id"]])
        outcome = await reopen(sink, command(box, number))
    assert (outcome.result, outcome.notes) == (Result.ALREADY_APPLIED, ("not_cancelled",))
    assert (box.order(number)["state"], notes(box, number)) == ("draft", 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"whole": False}, "only a part"), ({"order_name": "S0"}, "the order cancelled was S0")],
)
async def test_anything_else_is_a_discrepancy_for_a_person(box: OdooBox, changes: dict[str, Any], said: str) -> None:
    """ORD-13: recorded on the order once, and told as an exception."""
    async with sink_of(box) as sink:
        number = await cancelled(box, sink)
        outcomes = [await reopen(sink, command(box, number, **changes)) for _ in range(2)]
    assert {outcome.reason for outcome in outcomes} == {Reason.CONFLICT}
    assert said in outcomes[0].detail
    assert (box.order(number)["state"], notes(box, number)) == ("cancel", 1)


async def test_an_order_whose_goods_have_left_is_not_brought_back(box: OdooBox) -> None:
    """ORD-13: Odoo cancels delivered orders without complaint; their deliveries stay done."""
    number, sku = tag(), f"SKU-{tag()}"
    box.product(sku)
    async with sink_of(box) as sink:
        await put_orders(sink, order(number, [order_line(sku, 2)], status="partially_shipped"))
        box.ship(number)
        box.call("sale.order", "action_cancel", [box.order(number)["id"]], context=CANCEL)
        outcome = await reopen(sink, command(box, number))
    assert outcome.reason is Reason.CONFLICT
    assert "deliveries that are not cancelled" in outcome.detail
    assert box.order(number)["state"] == "cancel"

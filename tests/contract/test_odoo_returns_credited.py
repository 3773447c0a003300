"""RET-2: where the seller refunds, what a person has credited is counted for the return that tells of it, and not credited again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.ports import Result
from connectors.odoo.returns_plan import REFUNDED_BY, SELLER
from schemas.reasons import Reason
from tests.contract.odoo_box import OdooBox, odoo_box
from tests.contract.odoo_deliveries import delivery, put, sink_of
from tests.contract.test_odoo_returns import RETURN, Sold, once, sold
from tests.odoo_records import refunded, return_line, return_of


@pytest.fixture
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


def told(one: Sold, refund: str, name: str = "", **more: Any) -> Any:
    """A return whose money the seller gave back."""
    body = return_of(one.number, return_line(one.sku, 1, physical="received", **refunded(refund)), **more)
    key = f"{body['key']}{name}"
    return {**body, "key": key, "extras": {**body["extras"], REFUNDED_BY: SELLER}}


def credit(one: Sold) -> None:
    """All that was invoiced, by Odoo's own dialog: 37.46."""
    (invoice,) = one.box.order_field(one.number, "invoice_ids")
    journal = one.box.call("account.move", "read", [invoice], ["journal_id"])[0]["journal_id"][0]
    about = {"active_ids": [invoice], "active_model": "account.move"}
    values = {"reason": "returned", "journal_id": journal}
    wizard = one.box.call("account.move.reversal", "create", values, context=about)
    note = one.box.call("account.move.reversal", "refund_moves", [wizard], context=about)["res_id"]
    one.box.call("account.move", "action_post", [note])


async def test_what_a_person_credited_is_not_credited_again(box: OdooBox) -> None:
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        credit(one)
        first = await once(sink, told(one, "37.46"))
        again = await once(sink, told(one, "37.46"))
    assert one.credits() == []
    assert "credit_counted" in first.notes
    assert again.result is Result.ALREADY_APPLIED


async def test_what_nobody_credited_is(box: OdooBox) -> None:
    """By hand at the marketplace, past Odoo."""
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        await once(sink, told(one, "10.00"))
    assert [note["amount_total"] for note in one.credits()] == [10.0]


async def test_a_note_is_counted_up_to_its_sum(box: OdooBox) -> None:
    """Two returns of one order share it; for what goes beyond it a person is asked."""
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        credit(one)
        await once(sink, told(one, "30.00"))
        await once(sink, told(one, "7.46", "-2"))
        (more,) = await put(sink, RETURN, told(one, "31.00"))
    assert one.credits() == []
    assert more.reason is Reason.RULE
    assert "credit it by hand" in more.detail


async def test_what_a_marketplace_gave_back_itself_is_credited_whatever_persons_did(box: OdooBox) -> None:
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        credit(one)
        body = told(one, "10.00")
        await once(sink, {**body, "extras": {}})
    assert len(one.credits()) == 1


async def test_a_preview_counts_and_writes_nothing(box: OdooBox) -> None:
    """OPS-7."""
    async with sink_of(box) as sink:
        one = await sold(box, sink, invoice=True)
        before = await sink.preview([delivery(RETURN, told(one, "37.46"))])
        credit(one)
        after = await sink.preview([delivery(RETURN, told(one, "37.46"))])
    assert [any("credit" in str(found) for found in some) for some in (*before, *after)] == [True, False]
    assert one.credits() == []
    assert not box.rows("ir.attachment", [["name", "=like", "causeway credit%"]], ["name"])

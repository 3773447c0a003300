"""PO-1, PO-2, LOG-1, EVT-4, EVT-2: a purchase order confirmed in Odoo is ordered at 1688 once, whatever becomes of the answer, and what happens to it
there comes back to Odoo: on a real broker, with both sandboxes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.odoo.sandbox.engine.database import Database
from tests.contract.alibaba_box import Json, Shop, alibaba_box
from tests.contract.odoo_capture_box import capture_box
from tests.integration.failure_kit import now_ms, unique
from tests.integration.purchase_way import Way
from tests.integration.stages_kit import settings_of

CREATE = "fastCreateOrder"
# What becomes of the answer to the first creation: carried out, or not, and seen by the list at once or later.
LOST: dict[str, list[Json]] = {
    "lost": [{"kind": "lost", "path": CREATE, "limit": 1}],
    "502, listed late": [{"kind": "late_in_list", "limit": 1}, {"kind": "answer_502", "path": CREATE, "limit": 1}],
    "never arrived": [{"kind": "reset", "path": CREATE, "limit": 1}],
}


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Purchase orders have numbers no other test's have: all share topics, and what they remember of a key."""
    first, real = now_ms() % 10**9, Database.next_id

    def next_id(database: Database, model: str) -> int:
        if model == "purchase.order":
            database.tables[model].last_id = max(database.tables[model].last_id, first)
        return real(database, model)

    monkeypatch.setattr(Database, "next_id", next_id)


@pytest.fixture
async def way(bootstrap: str, registry_url: str, tmp_path: Path, numbers: None) -> AsyncIterator[Way]:
    with capture_box() as odoo, alibaba_box(offers=2) as box:
        box.clock.now = odoo.clock.now().timestamp()
        way = Way(settings_of(bootstrap, registry_url), odoo, Shop(box), tmp_path, unique("t")[:9] + "-")
        yield way
        await way.aclose()


@pytest.mark.timeout(600)
async def test_from_a_confirmed_purchase_order_to_its_tracking_in_odoo(way: Way) -> None:
    """Drafts and other vendors' orders are left alone; what we write in Odoo is read again and ends there."""
    vendor, offer = way.vendor(), way.shop.first()
    other = way.odoo.call("res.partner", "create", {"name": "Around the corner", "ref": "SUP-9"})
    draft, elsewhere = way.purchase(vendor, offer, confirm=False), way.purchase(other, offer)
    bought = way.purchase(vendor, offer)
    await way.poll_odoo()
    assert sorted(set(await way.run())) == ["create_purchase", "note_purchase"]
    (order,) = way.orders(bought)
    assert [each["quantity"] for each in order["lines"]] == [2]
    assert order["id"] in str(way.row(bought, "partner_ref")["partner_ref"])
    assert way.orders(draft) == way.orders(elsewhere) == []
    way.shop.change(order["id"], "pay")
    shipped = way.shop.change(order["id"], "ship", bill_no="SF1234567890")
    (parcel,) = shipped["parcels"]
    way.shop.step(parcel, "accept")
    way.odoo.clock.forward(60)
    await way.poll_supplier()
    assert "update_purchase" in await way.run()
    assert way.tracking(bought) == ["SF1234567890"]
    assert {one["tracking_number"] for one in way.told("delivery_event")} == {"SF1234567890"}
    # Our own writes are changes in Odoo too: read, ordered again, found there, and that is all.
    for _ in range(3):
        way.odoo.clock.forward(60)
        await way.poll_odoo()
        last = await way.run()
    assert last == []
    assert [one["id"] for one in way.orders(bought)] == [order["id"]]
    assert way.doubled() == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", LOST)
async def test_an_answer_that_is_lost_makes_no_second_order(way: Way, fault: str) -> None:
    """EVT-4: also when other processes go on with it, and when the buyer changes the purchase order meanwhile."""
    bought = way.purchase(way.vendor(), way.shop.first())
    way.shop.box.faults(*LOST[fault])
    await way.poll_odoo()
    await way.run()
    way.shop.box.faults()
    await way.restart()
    way.odoo.call("purchase.order", "write", [bought], {"partner_ref": "by hand"})
    way.odoo.clock.forward(60)
    await way.poll_odoo()
    await way.run()
    (order,) = way.orders(bought)
    assert way.doubled() == []
    assert order["id"] in str(way.row(bought, "partner_ref")["partner_ref"])
    assert [one["status"] for one in way.told("purchase_result")][-1] == "created"


@pytest.mark.timeout(600)
async def test_a_cancellation_stays_behind_the_order_it_cancels(way: Way) -> None:
    """EVT-2: cancelled in Odoo while nobody knows whether it was ordered: in the end nothing of it is alive there."""
    bought = way.purchase(way.vendor(), way.shop.first())
    way.shop.box.faults({"kind": "late_in_list", "limit": 1}, {"kind": "lost", "path": CREATE, "limit": 1})
    await way.poll_odoo()
    assert "create_purchase" in await way.run(retries=False)
    assert way.later, "whether it was ordered is not known yet"
    way.odoo.clock.forward(5)
    way.odoo.call("purchase.order", "button_cancel", [bought])
    way.odoo.clock.forward(5)
    await way.poll_odoo()
    assert "cancel_purchase" in await way.run()
    (order,) = way.orders(bought)
    assert order["status"] in ("cancel", "cancelled", "terminated")
    assert [one["status"] for one in way.told("purchase_result")][-1] == "cancelled"


@pytest.mark.timeout(600)
async def test_cancelled_and_a_draft_again_between_two_reads(way: Way) -> None:
    """PO-1, EVT-4: nobody has read that it was cancelled; its order is, and confirmed again nothing is ordered twice."""
    bought, quotation = (
        way.purchase(way.vendor(), way.shop.first()),
        way.purchase(way.vendor(), way.shop.first(), confirm=False),
    )
    await way.poll_odoo()
    await way.run()
    (order,) = way.orders(bought)
    way.odoo.clock.forward(30)
    for step in ("button_cancel", "button_draft"):
        way.odoo.call("purchase.order", step, [bought])
    way.odoo.call("purchase.order", "write", [quotation], {"partner_ref": "ask again"})
    await way.poll_odoo()
    assert sorted(set(await way.run())) == ["cancel_purchase", "note_purchase"]
    assert [one["status"] for one in way.orders(bought)] == ["cancel"]
    assert "A draft again here, and cancelled at 1688" in way.notes(bought)[-1]
    way.odoo.clock.forward(30)
    way.odoo.call("purchase.order", "button_confirm", [bought])
    await way.poll_odoo()
    assert "create_purchase" in await way.run()
    assert [one["id"] for one in way.orders(bought)] == [order["id"]]
    assert "make a new purchase order" in way.notes(bought)[-1]
    assert way.orders(quotation) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("is_paid", [False, True])
async def test_cancelled_and_deleted_between_two_reads(way: Way, is_paid: bool) -> None:
    """PO-1: its order is cancelled by its number; one that is paid is told with it."""
    bought = way.purchase(way.vendor(), way.shop.first())
    await way.poll_odoo()
    await way.run()
    (order,) = way.orders(bought)
    if is_paid:
        way.shop.change(order["id"], "pay")
    way.odoo.clock.forward(30)
    for step in ("button_cancel", "unlink"):
        way.odoo.call("purchase.order", step, [bought])
    await way.poll_odoo()
    assert sorted(set(await way.run())) == ["cancel_purchase", "note_purchase"]
    assert way.shop.told(order["id"])["status"] == ("waitsellersend" if is_paid else "cancel")
    result = way.told("purchase_result")[-1]
    assert (result["status"], [one["order_id"] for one in result["orders"]]) == (
        "not_cancelled" if is_paid else "cancelled",
        [order["id"]],
    )
    way.odoo.clock.forward(3600)
    await way.poll_odoo()
    assert await way.run() == []


@pytest.mark.timeout(600)
async def test_a_vendor_whose_reference_leads_nowhere_is_told_on_the_purchase_order(way: Way) -> None:
    """PO-1: corrected, it is ordered."""
    vendor = way.vendor()
    ((right,),) = [[row["ref"]] for row in way.odoo.rows("res.partner", [["id", "=", vendor]], ["ref"])]
    way.odoo.call("res.partner", "write", [vendor], {"ref": str(right).replace(":main:", ":mian:")})
    bought = way.purchase(vendor, way.shop.first())
    await way.poll_odoo()
    await way.run()
    assert way.orders(bought) == []
    assert "names the account mian, which Causeway does not have" in way.notes(bought)[-1]
    way.odoo.clock.forward(30)
    way.odoo.call("res.partner", "write", [vendor], {"ref": f" {right}"})
    way.odoo.call("purchase.order", "write", [bought], {"partner_ref": "PI 7"})
    await way.poll_odoo()
    await way.run()
    assert len(way.orders(bought)) == 1
    assert "Ordered at 1688" in way.notes(bought)[-1]


@pytest.mark.timeout(600)
async def test_what_is_cancelled_before_it_was_ordered_is_not_ordered(way: Way) -> None:
    """PO-1: both changes of Odoo are read before the first is worked on."""
    bought = way.purchase(way.vendor(), way.shop.first())
    await way.poll_odoo()
    way.odoo.clock.forward(5)
    way.odoo.call("purchase.order", "button_cancel", [bought])
    way.odoo.clock.forward(5)
    await way.poll_odoo()
    assert "cancel_purchase" in await way.run()
    assert way.orders(bought) == []
    assert [one["status"] for one in way.told("purchase_result")][-1] == "cancelled"

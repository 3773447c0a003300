"""LOG-1: parcels of suppliers on incoming transfers; on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.odoo.purchase_places import MARK
from connectors.odoo.sandbox.models.pickings import Picking
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put, sink_of
from tests.contract.odoo_purchases import Purchase, order_id, parcel, purchase, supplier_order


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


async def ship(
    of: Purchase, number: str, *numbers: str, version: int = 1, state: str = "shipped", **changes: Any
) -> None:
    """The supplier's order as it is with these parcels."""
    settings = changes.pop("settings", {})
    mappings = changes.pop("mappings", None)
    parcels = [parcel(one, **changes) for one in numbers]
    body = supplier_order(of.name, number, state, version=version, parcels=parcels)
    async with sink_of(of.box, mappings, **settings) as sink:
        (outcome,) = await put(sink, "update_purchase", body)
    assert outcome.ok, outcome.detail


async def test_tracking_and_carrier_stand_on_the_receipt(box: OdooBox) -> None:
    """LOG-1: the number in its field, who carries it in the receipt's chatter, both in the buyer's note."""
    ours, number = purchase(box), order_id()
    await ship(ours, number, f"Z{number}")
    (receipt,) = ours.receipts()
    assert (receipt["carrier_tracking_ref"], receipt["carrier_id"]) == (f"Z{number}", False)
    (said,) = ours.told_at_receipt(receipt["id"])
    assert said == f"<p>Parcel Z{number} by 中通快递(ZTO), sent 2026-09-02, of 1688 order {number}.</p>"
    assert said in ours.notes()[0]


async def test_a_carrier_that_is_mapped_is_set_once_and_a_persons_choice_stays(box: OdooBox) -> None:
    """LOG-1: by the cross-reference table, else by the configuration; a method Odoo lacks keeps nothing back."""
    mark = tag()
    service = box.product(f"SHIP-{mark}", type="service", is_storable=False)
    zto, sf = (
        box.call("delivery.carrier", "create", {"name": f"{name} {mark}", "product_id": service})
        for name in ("ZTO", "SF")
    )
    ours, number = purchase(box), order_id()
    await ship(ours, number, f"Z{number}", mappings={("carrier", "ZTO"): f"ZTO {mark}"})
    assert ours.receipts()[0]["carrier_id"][0] == zto
    box.call("stock.picking", "write", [ours.receipts()[0]["id"]], {"carrier_id": sf})
    await ship(
        ours,
        number,
        f"Z{number}",
        f"Y{number}",
        version=2,
        settings={"purchases": {"carriers": {"ZTO": f"ZTO {mark}"}}},
    )
    assert ours.receipts()[0]["carrier_id"][0] == sf
    other, second = purchase(box), order_id()
    await ship(other, second, f"Z{second}", settings={"purchases": {"carriers": {"ZTO": "No Such Method"}}})
    assert (other.tracking(), other.receipts()[0]["carrier_id"]) == ([f"Z{second}"], False)


async def test_several_parcels_of_several_orders_stand_each_once_beside_what_a_person_wrote(box: OdooBox) -> None:
    """LOG-1: two orders in one parcel, two parcels of one order; a parcel of two purchase orders stands on both."""
    ours, first, second, shared = purchase(box), order_id(), order_id(), f"S{order_id()}"
    box.call("stock.picking", "write", [ours.receipts()[0]["id"]], {"carrier_tracking_ref": "truck 7"})
    await ship(ours, first, f"A{first}", shared)
    await ship(ours, second, shared, f"B{second}")
    assert ours.tracking() == [f"truck 7, A{first}, {shared}, B{second}"]
    other = purchase(box)
    await ship(other, order_id(), shared)
    assert other.tracking() == [shared]


async def test_a_new_parcel_belongs_to_the_receipt_that_is_open_and_none_moves(box: OdooBox) -> None:
    """LOG-1: partial deliveries: what stands on a finished receipt stays there, the backorder has what came later."""
    ours, number = purchase(box), order_id()
    await ship(ours, number, f"A{number}", state="part_shipped")
    ours.receive(2)
    await ship(ours, number, f"A{number}", version=2, state="part_shipped")
    assert ours.tracking() == [f"A{number}", ""]
    await ship(ours, number, f"A{number}", f"B{number}", version=3)
    assert ours.tracking() == [f"A{number}", f"B{number}"]
    ours.receive(3)
    await ship(ours, number, f"A{number}", f"B{number}", f"C{number}", version=4)
    assert ours.tracking() == [f"A{number}", f"B{number}"]
    assert f"Parcel C{number}" in ours.notes()[-1]


async def test_a_number_that_was_replaced_is_taken_off_what_is_open_only(box: OdooBox) -> None:
    """LOG-1: the platform tells of another number for the same parcel."""
    ours, number = purchase(box), order_id()
    await ship(ours, number, f"A{number}", f"B{number}")
    await ship(ours, number, f"A{number}", f"C{number}", version=2)
    assert ours.tracking() == [f"A{number}, C{number}"]
    assert f"Not valid any more: parcel B{number}" in ours.notes()[-1]
    ours.receive(5)
    await ship(ours, number, f"D{number}", version=3)
    assert ours.tracking() == [f"A{number}, C{number}"]


async def test_a_parcel_without_a_number_is_told_and_waits_for_it(box: OdooBox) -> None:
    """LOG-1: nothing is written as a number that is none."""
    ours, number = purchase(box), order_id()
    await ship(ours, number, "", parcel_id="LP1")
    assert ours.tracking() == [""]
    assert "has told no tracking number" in ours.notes()[-1]
    await ship(ours, number, f"Z 1,{number}", version=2)
    assert ours.tracking() == [f"Z1{number}"]


async def test_what_comes_back_and_what_was_cancelled_bears_no_parcel(box: OdooBox) -> None:
    """LOG-1: what goes back to the supplier is no receipt, nor is what comes back of that; a cancelled receipt gets nothing."""
    ours, number = purchase(box), order_id()
    ours.receive(5)

    def send_back(picking: int) -> int:
        dialog = box.call("stock.return.picking", "create", {"picking_id": picking}, context={"active_id": picking})
        return int(box.call("stock.return.picking", "action_create_returns_all", [dialog])["res_id"])

    back = send_back(ours.receipts()[0]["id"])
    await ship(ours, number, f"A{number}")
    assert ours.tracking() == ["", ""]
    context = {"skip_backorder": True, "skip_sms": True}
    assert box.call("stock.picking", "button_validate", [back], context=context) is True
    send_back(back)
    await ship(ours, number, f"A{number}", f"B{number}", version=2)
    assert ours.tracking() == ["", "", ""]
    gone, second = purchase(box), order_id()
    box.call("purchase.order", "button_cancel", [gone.id])
    await ship(gone, second, f"A{second}")
    assert gone.tracking() == [""]


async def test_a_receipt_that_a_person_corrected_is_left_as_it_is(box: OdooBox) -> None:
    """LOG-1, EVT-4: what stands beside our numbers, and how, is the person's."""
    ours, number = purchase(box), order_id()
    await ship(ours, number, f"A{number}")
    receipt = ours.receipts()[0]["id"]
    box.call("stock.picking", "write", [receipt], {"carrier_tracking_ref": f"A{number} HAND1"})
    await ship(ours, number, f"A{number}", version=2)
    assert ours.tracking() == [f"A{number} HAND1"]
    await ship(ours, number, f"A{number}", f"B{number}", version=3)
    assert ours.tracking() == [f"A{number} HAND1, B{number}"]


async def test_without_the_app_the_numbers_stand_in_the_receipts_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOG-1: stock_delivery brings the fields; without it nothing fails, and nothing is lost."""
    monkeypatch.delenv("CAUSEWAY_TEST_ODOO_URL", raising=False)  # of the sandbox fields can be taken away
    fewer = {name: one for name, one in Picking.fields.items() if not name.startswith("carrier_")}
    monkeypatch.setattr(Picking, "fields", fewer)
    with odoo_box() as bare:
        ours, number = purchase(bare), order_id()
        receipt = bare.rows("stock.picking", [["purchase_id", "=", ours.id]], ["note"])[0]["id"]
        bare.call("stock.picking", "write", [receipt], {"note": "<p>Fragile</p>"})
        for version, numbers in enumerate(([f"A{number}"], [f"A{number}"], [f"A{number}", f"B{number}"]), 1):
            await ship(ours, number, *numbers, version=version)
        (row,) = bare.rows("stock.picking", [["id", "=", receipt]], ["note"])
        assert row["note"] == f"<p>{MARK} A{number}, B{number}</p><p>Fragile</p>"
        assert len(ours.told_at_receipt(receipt)) == 2

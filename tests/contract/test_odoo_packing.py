"""EDGE-5: checks of packing stations in Odoo: right ones weigh, wrong ones hold the transfer until a right one comes; nothing happens twice. On the
sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.kit.ports import Outcome, Result
from connectors.odoo.holds import _MARK as BUYER_CANCELS
from connectors.odoo.packing import WORD
from connectors.odoo.sink import OdooSink
from schemas.reasons import Reason
from tests.builders import order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import delivery, put, put_orders, sink_of
from tests.packing_records import check_of

CHECK = "check_packing"


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
async def sink(box: OdooBox) -> AsyncIterator[OdooSink]:
    async with sink_of(box, stages={"acknowledged": "confirmed"}) as made:
        yield made


@dataclass
class Packed:
    """A confirmed order of 2 units of one product (with a barcode) and 1 of another, reserved."""

    box: OdooBox
    number: str
    first: str
    second: str
    name: str = ""

    @property
    def barcode(self) -> str:
        return f"BC{self.first}"

    @property
    def right(self) -> dict[str, int]:
        return {self.barcode: 2, self.second: 1}

    def row(self) -> dict[str, Any]:
        domain = [["sale_id", "=", self.box.order(self.number)["id"]]]
        (row,) = self.box.rows("stock.picking", domain, ["name", "state", "note", "shipping_weight"])
        return row

    def notes(self) -> list[str]:
        """What we told on the transfer; a done activity is told by Odoo and is not among them."""
        domain = [["model", "=", "stock.picking"], ["res_id", "=", self.row()["id"]]]
        return [
            row["body"]
            for row in self.box.rows("mail.message", domain, ["body"])
            if "<p>Packing station" in row["body"]
        ]

    def open_activities(self) -> list[dict[str, Any]]:
        domain = [["res_model", "=", "stock.picking"], ["res_id", "=", self.row()["id"]]]
        return self.box.rows("mail.activity", domain, ["summary", "note", "user_id"])

    @property
    def is_held(self) -> bool:
        return WORD in (self.row()["note"] or "")


@pytest.fixture
async def packed(box: OdooBox, sink: OdooSink) -> Packed:
    one = Packed(box, tag(), f"SKU-{tag()}", f"SKU-{tag()}")
    for sku, values in ((one.first, {"barcode": one.barcode}), (one.second, {})):
        box.stock(box.product(sku, **values), 5)
    lines = [order_line(one.first, 2), order_line(one.second, 1, line_id="2")]
    (made,) = await put_orders(sink, order(one.number, lines, status="acknowledged"))
    assert made.ok, made.detail
    one.name = one.row()["name"]
    return one


async def checked(sink: OdooSink, one: Packed, scans: dict[str, int], version: int = 1, **changes: Any) -> Outcome:
    (outcome,) = await put(sink, CHECK, check_of(scans, one.name, version, **changes))
    return outcome


async def test_a_right_check_weighs_the_transfer_and_says_so_once(packed: Packed, sink: OdooSink) -> None:
    weighed: dict[str, Any] = {"weight": "1250", "weight_unit": "g"}
    outcome = await checked(sink, packed, packed.right, **weighed)
    again = await checked(sink, packed, packed.right, **weighed)
    assert (outcome.result, outcome.notes) == (Result.APPLIED, ("checked", "weight_written"))
    assert again.result is Result.ALREADY_APPLIED
    assert packed.row()["shipping_weight"] == 1.25
    (note,) = packed.notes()
    assert "3 units checked, all right" in note
    assert "1.25 kg" in note
    assert (packed.is_held, packed.open_activities()) == (False, [])


async def test_a_weight_that_comes_late_is_written_and_told(packed: Packed, sink: OdooSink) -> None:
    await checked(sink, packed, packed.right, first_sequence=5)
    outcome = await checked(sink, packed, packed.right, 2, first_sequence=5, weight="1.5", weight_unit="kg")
    assert outcome.notes == ("checked", "weight_written")
    assert packed.row()["shipping_weight"] == 1.5
    assert ["1.50 kg" in one for one in packed.notes()] == [False, True]


async def test_a_wrong_item_holds_the_transfer_until_a_right_check_comes(
    packed: Packed, box: OdooBox, sink: OdooSink
) -> None:
    other = f"SKU-{tag()}"
    box.product(other)
    wrong = await checked(sink, packed, {packed.barcode: 2, other: 1}, weight="9", weight_unit="kg")
    assert (wrong.result, wrong.reason) == (Result.FAILED, Reason.RULE), wrong.detail
    assert wrong.waiting_for == f"packing:iotbox:bench1:{packed.name}"
    assert other in wrong.detail
    assert packed.second in wrong.detail
    assert packed.is_held
    (activity,) = packed.open_activities()
    assert other in activity["note"]
    assert packed.row()["shipping_weight"] != 9
    assert await sink.resolve([wrong.waiting_for]) == []
    again = await checked(sink, packed, {packed.barcode: 2, other: 1}, weight="9", weight_unit="kg")
    assert (again.reason, again.waiting_for) == (Reason.RULE, wrong.waiting_for)
    assert (len(packed.notes()), len(packed.open_activities()), packed.row()["note"].count(WORD)) == (1, 1, 1)
    right = await checked(sink, packed, packed.right, 2, weight="1.5", weight_unit="kg")
    assert right.notes == ("checked", "weight_written", "released", "activity_done")
    assert (packed.is_held, packed.open_activities(), len(packed.notes())) == (False, [], 2)
    assert await sink.resolve([wrong.waiting_for]) == [wrong.waiting_for]
    stale = await checked(sink, packed, {packed.barcode: 2, other: 1}, weight="9", weight_unit="kg")
    assert (stale.result, packed.is_held) == (Result.STALE, False)


@pytest.mark.parametrize(("scans", "said"), [((1, 1), "missing"), ((3, 1), "extra"), ((0, 0), "missing")])
async def test_too_few_and_too_many_hold_it(packed: Packed, sink: OdooSink, scans: tuple[int, int], said: str) -> None:
    given = {code: count for code, count in zip(packed.right, scans, strict=True) if count}
    outcome = await checked(sink, packed, given)
    assert (outcome.reason, packed.is_held) == (Reason.RULE, True)
    assert said in outcome.detail


async def test_a_later_wrong_check_says_new_words_in_the_same_activity(packed: Packed, sink: OdooSink) -> None:
    await checked(sink, packed, {packed.second: 1})
    await checked(sink, packed, {packed.barcode: 2}, 2)
    (activity,) = packed.open_activities()
    assert packed.second in activity["note"]
    assert packed.row()["note"].count(WORD) == 1


async def test_a_code_nobody_knows_is_a_data_exception_and_holds_it(
    packed: Packed, box: OdooBox, sink: OdooSink
) -> None:
    code = f"X{tag()}"
    outcome = await checked(sink, packed, {**packed.right, code: 1})
    assert (outcome.reason, packed.is_held) == (Reason.DATA, True)
    assert f"{code}: Odoo has no product of that barcode" in outcome.detail


async def test_a_transfer_nobody_knows_is_a_data_exception_that_says_what_to_do(sink: OdooSink) -> None:
    (outcome,) = await put(sink, CHECK, check_of({"A": 1}, f"WH/OUT/{tag()}"))
    assert (outcome.result, outcome.reason, outcome.waiting_for) == (Result.FAILED, Reason.DATA, "")
    assert "Odoo has no transfer" in outcome.detail
    assert "scan the barcode" in outcome.detail


async def test_a_person_who_frees_it_has_decided(packed: Packed, box: OdooBox, sink: OdooSink) -> None:
    wrong = await checked(sink, packed, {packed.second: 1})
    box.call("stock.picking", "write", [packed.row()["id"]], {"note": "<p>Fragile</p>"})
    assert await sink.resolve([wrong.waiting_for]) == [wrong.waiting_for]
    again = await checked(sink, packed, {packed.second: 1})
    assert (again.result, again.notes) == (Result.ALREADY_APPLIED, ("freed_by_a_person",))
    assert packed.row()["note"] == "<p>Fragile</p>"


async def test_what_a_person_wrote_in_the_note_stays(packed: Packed, box: OdooBox, sink: OdooSink) -> None:
    box.call("stock.picking", "write", [packed.row()["id"]], {"note": "<p>Fragile</p>"})
    await checked(sink, packed, {packed.second: 1})
    assert packed.is_held
    await checked(sink, packed, packed.right, 2)
    assert (packed.is_held, "Fragile" in packed.row()["note"]) == (False, True)


async def test_what_has_left_is_an_exception_and_held_no_more(packed: Packed, box: OdooBox, sink: OdooSink) -> None:
    box.ship(packed.number)
    right = await checked(sink, packed, packed.right, weight="1", weight_unit="kg")
    assert right.notes == ("checked", "weight_too_late")
    wrong = await checked(sink, packed, {packed.second: 1}, 2)
    assert (wrong.reason, wrong.waiting_for, packed.is_held) == (Reason.RULE, "", False)
    assert len(packed.open_activities()) == 1


async def test_a_right_check_does_not_pass_what_the_buyer_cancels(packed: Packed, box: OdooBox, sink: OdooSink) -> None:
    """FUL-3: another hold stands."""
    box.call("stock.picking", "write", [packed.row()["id"]], {"note": BUYER_CANCELS})
    outcome = await checked(sink, packed, packed.right)
    assert "the buyer asked the marketplace to cancel" in outcome.detail
    assert packed.is_held


@pytest.mark.parametrize(
    ("model", "method"),
    [
        ("stock.picking", "write"),
        ("mail.message", "load"),
        ("mail.activity", "load"),
        ("ir.attachment", "write"),
        ("ir.attachment", "load"),
    ],
)
@pytest.mark.parametrize("is_right", [True, False])
async def test_a_lost_answer_does_nothing_twice(
    packed: Packed, box: OdooBox, sink: OdooSink, model: str, method: str, is_right: bool
) -> None:
    """EVT-4"""
    if is_right:
        await checked(sink, packed, {packed.second: 1})
    scans = packed.right if is_right else {packed.second: 1}
    box.proxy.lose(model, method, 1)
    for _ in range(3):
        outcome = await checked(sink, packed, scans, 2, weight="2", weight_unit="kg")
        if outcome.reason is not Reason.TRANSIENT:
            break
    assert outcome.ok is is_right, outcome.detail
    assert packed.is_held is not is_right
    assert len(packed.open_activities()) == (0 if is_right else 1)
    assert len(packed.notes()) == (2 if is_right else 1)
    assert (packed.row()["shipping_weight"] == 2) is is_right


async def test_an_odoo_without_the_weights_field_has_it_in_the_note(
    packed: Packed, sink: OdooSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler: Any = sink._handlers[CHECK]
    handler._weight_fields = ()  # what fields_get says there
    outcome = await checked(sink, packed, packed.right, weight="1.5", weight_unit="kg")
    assert "weight_noted" in outcome.notes
    assert "1.50 kg" in packed.notes()[0]


async def test_units_of_a_dozen_are_counted_one_by_one(packed: Packed, box: OdooBox, sink: OdooSink) -> None:
    (dozen,) = box.rows("uom.uom", [["name", "=", "Dozens"]], ["factor"])
    (move, *_) = [
        row
        for row in box.rows("stock.move", [["picking_id", "=", packed.row()["id"]]], ["product_id"])
        if packed.second in row["product_id"][1]
    ]
    box.call("stock.move", "write", [move["id"]], {"product_uom": dozen["id"]})
    assert (await checked(sink, packed, packed.right)).reason is Reason.RULE
    assert (await checked(sink, packed, {packed.barcode: 2, packed.second: 12}, 2)).ok


async def test_shadow_tells_what_would_be_written_and_writes_nothing(packed: Packed, sink: OdooSink) -> None:
    """OPS-7"""
    right = check_of(packed.right, packed.name, weight="2", weight_unit="kg")
    ours = [delivery(CHECK, one) for one in (right, check_of({}, packed.name), check_of({}, "WH/OUT/NOPE"))]
    told = [[one.would_be for one in found] for found in await sink.preview(ours)]
    assert told[0] == ["3 units checked, all right", "2.00 kg"]
    assert told[1][0].startswith("held: ")
    assert "Odoo has no transfer" in told[2][0]
    assert (packed.notes(), packed.is_held, packed.open_activities()) == ([], False, [])

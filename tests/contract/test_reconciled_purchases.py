"""REC-1: purchase orders of Odoo against the orders at 1688, both sandboxes running: each kind of difference is found and named once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.odoo import purchase_book
from streams.reconcile.findings import Result
from tests.contract.purchase_books import Both, both, only, told


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Both]:
    with both(tmp_path) as found:
        yield found


async def test_after_the_normal_way_both_agree(sides: Both) -> None:
    """REC-1: ordered by the pipeline, paid, shipped, received: balanced at every step, and everything is matched."""
    numbers = [sides.wanted(place, quantity) for place, quantity in ((0, 2), (1, 3), (2, 5))]
    await sides.buy(*numbers)
    sides.later()
    report = await sides.report()
    assert (report.result, report.odoo, report.there, report.matched) == (Result.BALANCED, 3, 3, 3)
    for kind in ("pay", "ship"):
        sides.shop.change(sides.order_of(numbers[0]), kind)
        sides.later()
        assert told(await sides.report()) == []


async def test_an_order_whose_purchase_order_was_deleted(sides: Both) -> None:
    """REC-1: missing in Odoo."""
    number = sides.wanted()
    await sides.buy(number)
    order = sides.order_of(number)
    sides.delete(number)
    sides.later()
    found = only(await sides.report())
    assert (found.what, found.odoo, found.there, found.ours) == ("missing_in_odoo", "", (order,), "nothing")
    assert found.theirs.startswith("to_pay, ")
    assert "cancel the order there" in found.advice


async def test_a_purchase_order_that_was_never_ordered(sides: Both) -> None:
    """REC-1: missing at 1688; drafts, cancelled ones and other vendors' are not."""
    number = sides.wanted()
    sides.wanted(confirm=False)
    sides.odoo.call("purchase.order", "button_cancel", [sides.wanted()])
    elsewhere = sides.vendor("SUP-9")
    sides.purchase(elsewhere, (sides.product(elsewhere, "X-1", 5), 1, 5))
    other_account = sides.vendor("alibaba:mainland:S")
    sides.purchase(other_account, (sides.product(other_account, "X-2", 5), 1, 5))
    sides.later()
    found = only(await sides.report())
    assert (found.what, found.odoo, found.there, found.theirs) == ("missing_there", sides.name(number), (), "nothing")


@pytest.mark.parametrize("reference", ["alibaba:mian:BBB1", "alibaba:main:", " Alibaba：Mian：BBB1"])
async def test_one_of_a_vendor_whose_reference_leads_nowhere_is_missing(sides: Both, reference: str) -> None:
    """PO-1, REC-1: somebody waits for goods that nobody orders; a vendor of another configured account is in that one's book."""
    sides.accounts("alibaba:main", "alibaba:second")
    made: dict[str, int] = {}
    for one in (reference, "alibaba:second:BBB1", "SUP:9", "alibaba-9"):
        vendor = sides.vendor(one)
        made[one] = sides.purchase(vendor, (sides.product(vendor, f"X-{one[:2]}", 5), 1, 5))
        sides.purchase(vendor, (sides.product(vendor, f"Y-{one[:2]}", 5), 1, 5), confirm=False)
    sides.later()
    assert told(await sides.report()) == [("missing_there", sides.name(made[reference]), (), "")]


@pytest.mark.parametrize("reference", ["{}", "inv 7, {}; call first"])
async def test_an_order_made_by_hand_is_told_until_its_number_stands_in_odoo(sides: Both, reference: str) -> None:
    """REC-1, PO-2: and it counts for the purchase order then, whatever else is written there."""
    order = sides.by_hand(0, 4)
    sides.later()
    found = only(await sides.report())
    assert (found.what, found.there) == ("missing_in_odoo", (order,))
    assert "vendor reference" in found.advice
    assert told(await sides.report(hand_made="leave")) == []
    number = sides.wanted(0, 4, partner_ref=reference.format(order))
    sides.later()
    assert told(await sides.report()) == []
    sides.line(number, product_qty=5)
    sides.later()
    assert told(await sides.report()) == [("quantity", sides.name(number), (order,), only(await sides.report()).line)]


async def test_cancelled_at_1688_only(sides: Both) -> None:
    """REC-1: one finding of the status, none of quantities and amounts; balanced once the purchase order is cancelled too."""
    number = sides.wanted()
    await sides.buy(number)
    sides.shop.change(sides.order_of(number), "close", by="seller")
    sides.later()
    found = only(await sides.report())
    assert (found.what, found.odoo, found.there) == ("status", sides.name(number), (sides.order_of(number),))
    assert (found.ours, found.theirs) == ("ordered", "cancelled")
    sides.odoo.call("purchase.order", "button_cancel", [number])
    sides.later()
    assert told(await sides.report()) == []


async def test_cancelled_in_odoo_only(sides: Both) -> None:
    """REC-1."""
    number = sides.wanted()
    await sides.buy(number)
    sides.odoo.call("purchase.order", "button_cancel", [number])
    sides.later()
    found = only(await sides.report())
    assert (found.what, found.ours, found.theirs) == ("status", "cancelled", "to_pay")
    assert "cancel it there before it is paid" in found.advice


async def test_states_that_contradict_each_other_or_are_unknown(sides: Both) -> None:
    """REC-1: received before it was sent, ordered while a draft, stopped, a word nobody knows."""
    numbers = [sides.wanted(place) for place in range(4)]
    await sides.buy(*numbers)
    taken, draft, stopped, odd = numbers
    (picking,) = sides.odoo.rows("stock.picking", [["purchase_id", "=", taken]], ["move_ids"])
    sides.odoo.call("stock.move", "write", picking["move_ids"], {"quantity": 2, "picked": True})
    sides.odoo.call("stock.picking", "button_validate", [picking["id"]], context={"skip_backorder": True})
    sides.odoo.call("purchase.order", "button_cancel", [draft])
    sides.odoo.call("purchase.order", "button_draft", [draft])
    sides.shop.change(sides.order_of(stopped), "pay")
    sides.shop.change(sides.order_of(stopped), "terminate")
    sides.shop.change(sides.order_of(odd), "status", status="waitinspection")
    sides.later()
    found = {one.odoo: one for one in (await sides.report()).findings}
    assert {name: (one.what, one.ours, one.theirs) for name, one in found.items()} == {
        sides.name(taken): ("status", "received", "to_pay"), sides.name(draft): ("status", "draft", "to_pay"),
        sides.name(stopped): ("status", "ordered", "stopped"), sides.name(odd): ("doubt", "ordered", "unknown"),
    }  # fmt: skip
    assert len({one.advice for one in found.values()}) == 4
    sides.shop.change(sides.order_of(taken), "pay")
    sides.shop.change(sides.order_of(taken), "ship")
    sides.later()
    assert sides.name(taken) not in {one.odoo for one in (await sides.report()).findings}


async def test_a_quantity_that_was_changed(sides: Both) -> None:
    """REC-1: by the code of the goods, with both numbers; that the amount differs for it is not told beside."""
    number = sides.wanted(1, 3)
    await sides.buy(number)
    sides.line(number, product_qty=7)
    sides.later()
    found = only(await sides.report())
    spec = sides.shop.first()["specs"][1]["spec_id"]
    assert (found.what, found.odoo, found.line) == (
        "quantity",
        sides.name(number),
        f"{sides.shop.first()['id']}/{spec}",
    )
    assert (found.ours, found.theirs) == ("7", "3")


async def test_prices_that_were_changed_on_either_side(sides: Both) -> None:
    """REC-1: amounts within the tolerance agree, with freight or without."""
    numbers = [sides.wanted(place, 2) for place in range(3)]
    await sides.buy(*numbers)
    ours, theirs, little = numbers
    order = sides.shop.told(sides.order_of(theirs))
    line = order["lines"][0]
    sides.shop.change(order["id"], "price", lines={line["sub_id"]: 9_999_00})
    for number, more in ((ours, 10), (little, 0.01)):
        sides.line(number, price_unit=sides.price(number) + more)
    sides.later()
    report = await sides.report()
    assert told(report) == [
        ("amount", sides.name(ours), (sides.order_of(ours),), ""), ("amount", sides.name(theirs), (order["id"],), ""),
    ]  # fmt: skip
    assert "9999.00" in report.findings[1].theirs
    assert told(await sides.report(amount_tolerance=100_000)) == []


async def test_freight_may_be_meant_or_not(sides: Both) -> None:
    """REC-1: the purchase order agrees with the goods alone, and with goods and freight."""
    alone, with_freight, neither = numbers = [sides.wanted(place, 2) for place in range(3)]
    await sides.buy(*numbers)
    for number in numbers:
        sides.shop.change(sides.order_of(number), "price", freight=30_00)
    for number, more in ((with_freight, 15), (neither, 8)):  # two units each
        sides.line(number, price_unit=sides.price(number) + more)
    sides.later()
    assert told(await sides.report()) == [("amount", sides.name(neither), (sides.order_of(neither),), "")]
    assert sides.name(alone) not in {one.odoo for one in (await sides.report()).findings}


async def test_one_purchase_order_of_several_orders(sides: Both) -> None:
    """REC-1: split by the platform, in parts, and one by hand: summed; one of them too many is a quantity."""
    number = sides.wanted(0, 6)
    reference = called(sides, number)
    orders = [
        sides.by_hand(0, 2, outOrderId=reference), sides.by_hand(0, 3, outOrderId=f"{reference}-2"), sides.by_hand(0, 1),
    ]  # fmt: skip
    sides.write(number, partner_ref=orders[2])
    sides.later()
    report = await sides.report()
    assert (told(report), report.there, report.matched) == ([], 3, 1)
    twice = sides.by_hand(0, 6, outOrderId=reference)
    sides.later()
    found = only(await sides.report())
    assert (found.what, found.ours, found.theirs, set(found.there)) == ("quantity", "6", "12", {*orders, twice})
    sides.shop.change(twice, "close", by="buyer")
    sides.later()
    assert told(await sides.report()) == []


async def test_what_could_be_of_several_is_said_and_not_guessed(sides: Both) -> None:
    """REC-1: a number on two purchase orders; neither of them is called missing beside."""
    order = sides.by_hand(0, 2)
    names = sorted(sides.name(sides.wanted(0, 2, partner_ref=order)) for _ in range(2))
    sides.later()
    found = only(await sides.report())
    assert (found.what, found.odoo, found.there) == ("doubt", ", ".join(names), (order,))


async def test_two_purchase_orders_of_one_name_are_told(sides: Both) -> None:
    """REC-1, PO-1: to the platform they are one; with the number on one of them, the other has no order."""
    first, second = sides.wanted(0, 2), sides.wanted(0, 2)
    order = sides.by_hand(0, 2, outOrderId=called(sides, first))
    sides.write(second, name=sides.name(first))
    names = [f"{sides.name(first)} (id {one})" for one in (first, second)]
    sides.later()
    assert told(await sides.report()) == [("doubt", ", ".join(names), (order,), "")]
    sides.write(first, partner_ref=order)
    sides.later()
    assert told(await sides.report()) == [("missing_there", names[1], (), "")]


async def test_what_has_just_changed_is_not_judged_yet(sides: Both) -> None:
    """REC-1: told apart, by name; and judged when the grace is over."""
    number = sides.wanted()
    order = sides.by_hand()
    report = await sides.report()
    assert (report.result, report.too_fresh) == (Result.BALANCED, sorted([sides.name(number), order]))
    sides.later(30 * 60)
    assert len((await sides.report()).too_fresh) == 2
    assert len((await sides.report(grace_minutes=10)).findings) == 2
    sides.later(60 * 60)
    report = await sides.report()
    assert (len(report.findings), report.too_fresh) == (2, [])


async def test_orders_of_other_programs_are_left_alone(sides: Both) -> None:
    """REC-1: another prefix is another Odoo; they are counted."""
    sides.by_hand(0, 2, outOrderId="OTHER-P00001")
    sides.later()
    report = await sides.report()
    assert (report.result, report.left_alone) == (Result.BALANCED, 1)


async def test_the_edge_of_the_time_is_no_difference(sides: Both) -> None:
    """REC-1: an order of today for a purchase order of long ago, and the other way round, whatever part of either lies before the edge."""
    old, written = sides.wanted(0, 2), sides.wanted(2, 4)
    early = sides.by_hand(1, 3)
    sides.later(3 * 86_400)
    await sides.buy(old)
    sides.write(old, partner_ref=False)  # by its name alone
    sides.wanted(1, 3, partner_ref=early)
    sides.write(written, partner_ref=sides.by_hand(2, 4))
    sides.later()
    report = await sides.report(days=1)
    assert (told(report), report.odoo, report.there, report.matched) == ([], 1, 2, 3)
    sides.shop.change(sides.order_of(old), "close", by="seller")
    sides.later()
    assert told(await sides.report(days=1)) == [("status", sides.name(old), (sides.order_of(old),), "")]


async def test_a_variant_that_was_made_anew_is_the_same_goods(sides: Both) -> None:
    """REC-1, PRD-2: the code of then stands in a vendor price that has ended; it is not told as another line."""
    number = sides.wanted(0, 2)
    await sides.buy(number)
    vendor = sides.row(number, "partner_id")["partner_id"][0]
    (price,) = sides.odoo.rows("product.supplierinfo", [["partner_id", "=", vendor]], ["product_tmpl_id"])
    sides.odoo.call("product.supplierinfo", "write", [price["id"]], {"date_end": "2026-01-01"})
    anew = {"partner_id": vendor, "product_tmpl_id": price["product_tmpl_id"][0], "product_code": "999000000000/77/abc"}
    sides.odoo.call("product.supplierinfo", "create", anew)
    sides.later()
    assert told(await sides.report()) == []


async def test_many_differences_at_once_are_each_told_once(sides: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """REC-1: over several pages of either list, beside many that agree."""
    monkeypatch.setattr(purchase_book, "_PAGE", 3)
    numbers = [sides.wanted(place % 4, 2 + place) for place in range(8)]
    await sides.buy(*numbers)
    never, by_hand = sides.wanted(), sides.by_hand()
    lost, closed, quantity, amount = numbers[:4]
    order = {number: sides.order_of(number) for number in numbers}
    names = {number: sides.name(number) for number in (*numbers, never)}
    sides.delete(lost)
    sides.shop.change(order[closed], "close", by="seller")
    sides.line(quantity, product_qty=99)
    sides.line(amount, price_unit=9_999)
    sides.later()
    report = await sides.report()
    assert sorted((what, name, there) for what, name, there, _ in told(report)) == sorted([
        ("missing_in_odoo", "", (order[lost],)), ("missing_in_odoo", "", (by_hand,)), ("missing_there", names[never], ()),
        ("status", names[closed], (order[closed],)), ("quantity", names[quantity], (order[quantity],)),
        ("amount", names[amount], (order[amount],)),
    ])  # fmt: skip
    assert report.counts == {
        "missing_in_odoo": 2, "missing_there": 1, "status": 1, "quantity": 1, "amount": 1, "doubt": 0,
    }  # fmt: skip


async def test_more_than_may_be_looked_at_again_is_a_doubt_and_never_balanced(sides: Both) -> None:
    """REC-1: the wrong database, or a flow that is off: what was not looked at again is not called a difference."""
    for _ in range(5):
        sides.wanted()
    sides.later()
    report = await sides.report(most_looks=3)
    assert [one.what for one in report.findings] == ["missing_there"] * 3 + ["doubt"]
    assert report.findings[-1].ours.startswith("2 more")


def called(sides: Both, number: int) -> str:
    """What a purchase order is called at 1688."""
    return f"CW-{sides.name(number)}"


async def test_outside_of_a_pilot_nothing_is_missing(sides: Both) -> None:
    """REC-1, OPS-7: by the SKUs of the purchase order, as it is routed."""
    number, _ = sides.wanted(), sides.wanted(1)
    sides.later()
    (line,) = sides.odoo.rows("purchase.order.line", [["order_id", "=", number]], ["product_id"])
    (product,) = sides.odoo.rows("product.product", [["id", "=", line["product_id"][0]]], ["default_code"])
    sides.pilot = {"skus": re.escape(product["default_code"])}
    report = await sides.report()
    assert (told(report), report.left_alone) == ([("missing_there", sides.name(number), (), "")], 1)


async def test_freight_as_a_line_is_no_goods(sides: Both) -> None:
    """REC-1: a service without a vendor code is in the amount and in no quantity."""
    number = sides.wanted(0, 2)
    await sides.buy(number)
    sides.shop.change(sides.order_of(number), "price", freight=30_00)
    freight = sides.odoo.product("FREIGHT", type="service", is_storable=False)
    line = {"order_id": number, "product_id": freight, "product_qty": 1, "price_unit": 30, "taxes_id": [[5]]}
    sides.odoo.call("purchase.order.line", "create", line)
    sides.later()
    assert told(await sides.report()) == []


async def test_an_order_whose_purchase_order_has_another_vendor_now(sides: Both) -> None:
    """REC-1: it was ordered, set to draft, given another vendor and confirmed again: nobody looks after its order any more."""
    number = sides.wanted()
    await sides.buy(number)
    order = sides.order_of(number)
    for step in ("button_cancel", "button_draft"):
        sides.odoo.call("purchase.order", step, [number])
    sides.write(number, partner_id=sides.vendor(""))
    sides.odoo.call("purchase.order", "button_confirm", [number])
    sides.later()
    finding = only(await sides.report())
    assert (finding.what, finding.odoo, finding.there) == ("doubt", sides.name(number), (order,))
    assert "vendor" in finding.advice
    sides.shop.change(order, "close")
    sides.later()
    assert told(await sides.report()) == [("status", sides.name(number), (order,), "")]

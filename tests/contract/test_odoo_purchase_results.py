"""PO-1, EVT-4: what became of a purchase order, told on it; on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.ports import Outcome, Result
from connectors.odoo import rights
from connectors.odoo.settings import OdooSettings
from connectors.odoo.verify import OdooVerifier
from schemas.reasons import Reason
from tests.builders import deps
from tests.contract.odoo_box import OdooBox, odoo_box
from tests.contract.odoo_deliveries import delivery, put, sink_of, user_of
from tests.contract.odoo_purchases import Purchase, order_id, parcel, purchase, result_of, supplier_order

NOTE = "note_purchase"
_BUYING = ("purchase.group_purchase_user", "stock.group_stock_user")


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


async def tell(box: OdooBox, *results: Any) -> list[Outcome]:
    outcomes = []
    for one in results:
        async with sink_of(box) as sink:
            outcomes += await put(sink, NOTE, one)
    return outcomes


def problem(text: str, line_id: str = "") -> dict[str, str]:
    return {"line_id": line_id, "supplier_code": "1/2/3", "code": "500_004", "text": text}


def failure(
    ours: Purchase, text: str = "The supplier has not enough in stock: order less, or wait.", **changes: Any
) -> Any:
    return result_of(ours, "failed", **{"problems": [problem(text)], "reason": "rule", **changes})


async def test_an_order_that_was_made_is_told_once_with_its_numbers(box: OdooBox) -> None:
    """PO-1, EVT-4: the same of a later version of the purchase order, which our own writing makes, is no news."""
    ours, first, second = purchase(box), order_id(), order_id()
    made = result_of(ours, "created", second, first)
    (done,) = await tell(box, made)
    assert (done.result, done.remote_id) == (Result.APPLIED, str(ours.id))
    assert ours.reference == f"{first}, {second}"
    (note,) = ours.notes()
    assert "Ordered at 1688. Pay it there" in note
    assert f"Order {second}: total 100.50 CNY." in note
    again = await tell(box, made, {**made, "version": 2, "purchase_version": 9})
    assert [one.result for one in again] == [Result.ALREADY_APPLIED] * 2
    assert (len(ours.notes()), ours.activities()) == (1, [])


async def test_a_failure_is_an_activity_of_the_buyer_in_words_that_name_the_goods(box: OdooBox) -> None:
    """PO-1, ERR-3: what is wrong, with what, and what to do."""
    ours = purchase(box)
    (line,) = box.call("purchase.order.line", "search", [["order_id", "=", ours.id]])
    body = failure(ours, problems=[problem("The supplier has not enough in stock: order less, or wait.", str(line))])
    await tell(box, body)
    (activity,) = ours.activities()
    assert (activity["summary"], activity["user_id"][0]) == ("1688: not ordered", ours.buyer)
    (sku,) = ours.products
    for text in (activity["note"], ours.notes()[0]):
        assert f"[{sku}] Product {sku}: The supplier has not enough in stock" in text
        assert "Correct the purchase order, and it is sent again by itself" in text


async def test_what_was_ordered_after_all_settles_the_activity(box: OdooBox) -> None:
    """PO-1: failed, failed otherwise, created: one activity with the newest words, then none."""
    ours, number = purchase(box), order_id()
    await tell(box, failure(ours), failure(ours, "Fewer units than the supplier sells at least.", version=2))
    (activity,) = ours.activities()
    assert "Fewer units" in activity["note"]
    assert len(ours.notes()) == 2
    (done,) = await tell(box, result_of(ours, "created", number, version=3))
    assert "activity_done" in done.notes
    assert (ours.activities(), ours.reference) == ([], number)
    (old,) = await tell(box, failure(ours, version=2))
    assert old.result is Result.STALE


async def test_a_new_try_that_fails_alike_asks_again_what_was_ordered_does_not(box: OdooBox) -> None:
    """PO-1: a buyer who ticked it off and changed nothing that helps; no second note of the same words."""
    ours, number = purchase(box), order_id()
    await tell(box, failure(ours))
    box.call("mail.activity", "action_feedback", [ours.activities()[0]["id"]])
    await tell(box, failure(ours))
    assert ours.activities() == []
    before = len(ours.notes())
    await tell(box, failure(ours, version=2))
    assert (len(ours.activities()), len(ours.notes())) == (1, before)
    dear = {"what": "total", "line_id": "", "ours": "92.50 CNY", "theirs": "120.00 CNY"}
    differs = result_of(ours, "differs", number, version=3, differences=[dear])
    await tell(box, differs)
    (activity,) = ours.activities()
    assert "goods in all 120.00 CNY, here 92.50 CNY" in activity["note"]
    box.call("mail.activity", "action_feedback", [activity["id"]])
    await tell(box, {**differs, "version": 4})
    assert ours.activities() == []


@pytest.mark.parametrize(
    ("status", "has_orders", "says", "summary"),
    [
        ("differs", False, "Not ordered at 1688: it would not come as", "1688: not ordered"),
        ("differs", True, "Ordered at 1688, but not as", "1688: ordered, but not as the purchase order says"),
        ("partly", True, "Only a part of this purchase order was ordered", "1688: only a part was ordered"),
        ("waiting", False, "do not order by hand meanwhile", ""),
        ("cancelled", True, "Cancelled at 1688 too.", ""),
        ("cancelled", False, "Nothing of it was ordered at 1688.", ""),
        ("not_cancelled", True, "goods may still come", "1688: not cancelled there"),
    ],
)
async def test_every_status_has_its_words(box: OdooBox, status: str, has_orders: bool, says: str, summary: str) -> None:
    """PO-1."""
    ours, number = purchase(box), order_id()
    await tell(box, result_of(ours, status, *([number] if has_orders else [])))
    assert says in ours.notes()[0]
    assert [one["summary"] for one in ours.activities()] == ([summary] if summary else [])
    assert ours.reference == (number if has_orders else "")


async def test_waiting_leaves_what_was_asked_before(box: OdooBox) -> None:
    """PO-1: that nobody knows yet settles nothing."""
    ours = purchase(box)
    await tell(box, failure(ours), result_of(ours, "waiting", version=2))
    assert len(ours.activities()) == 1


async def test_a_deleted_purchase_order_with_orders_is_an_exception(box: OdooBox) -> None:
    """PO-1: goods are on their way for nobody: visible, with their numbers."""
    ours, number = purchase(box, confirm=False), order_id()
    box.call("purchase.order", "button_cancel", [ours.id])
    box.call("purchase.order", "unlink", [ours.id])
    (lost,) = await tell(box, result_of(ours, "created", number))
    assert (lost.reason, number in lost.detail) == (Reason.RULE, True)


@pytest.mark.parametrize(
    "call",
    [("mail.message", "load"), ("mail.activity", "load"), ("ir.attachment", "write"), ("purchase.order", "write")],
)
async def test_lost_answers_double_nothing(box: OdooBox, call: tuple[str, str]) -> None:
    """EVT-4."""
    ours, number = purchase(box), order_id()
    body = result_of(ours, "partly", number, problems=[problem("Not enough in stock.")])
    box.proxy.lose(*call, 2)
    for _ in range(4):
        (outcome,) = await tell(box, body)
        if outcome.ok:
            break
    box.proxy.lose(*call, 0)
    assert outcome.ok, outcome.detail
    assert (len(ours.notes()), len(ours.activities()), ours.reference) == (1, 1, number)


async def test_html_in_a_suppliers_words_is_text(box: OdooBox) -> None:
    """PO-1, SEC-5: what the other side says is never markup here."""
    ours = purchase(box)
    await tell(box, failure(ours, "<script>x</script> & <b>bold</b>"))
    assert "&lt;script&gt;x&lt;/script&gt; &amp; &lt;b&gt;bold&lt;/b&gt;" in ours.notes()[0]


READING = {"search_read", "fields_get", "context_get", ""}


async def test_previews_tell_what_would_be_written_and_write_nothing(box: OdooBox) -> None:
    """OPS-7: of both operations; nothing is left to tell once it is written."""
    ours, number = purchase(box), order_id()
    receipt = ours.receipts()[0]["name"]
    stopped = supplier_order(ours.name, number, "stopped", parcels=[parcel(f"Z{number}")])
    for operation, body, fields in (
        ("note_purchase", result_of(ours, "partly", number), {"vendor reference", f"{ours.name}: note", f"{ours.name}: activity"}),
        ("update_purchase", stopped, {f"{receipt}: tracking", f"{ours.name}: note", f"{ours.name}: activity"}),
    ):  # fmt: skip
        async with sink_of(box) as sink:
            before, looks = (ours.notes(), ours.activities(), ours.receipts(), ours.reference), len(box.proxy.calls)
            (found,) = await sink.preview([delivery(operation, body)])
            assert {method for _, method in box.proxy.calls[looks:]} <= READING
            assert (ours.notes(), ours.activities(), ours.receipts(), ours.reference) == before
            assert {one.field for one in found} == fields
            await put(sink, operation, body)
            assert await sink.preview([delivery(operation, body)]) == [[]]
    async with sink_of(box) as sink:
        (refused,) = await sink.preview([delivery("update_purchase", supplier_order(f"{ours.name}X", order_id()))])
        assert [one.refused for one in refused] == [True]


async def test_purchase_and_inventory_users_rights_are_enough(box: OdooBox) -> None:
    """AUTH-4: no administrator; a user without them is told which right is missing."""
    ours, number = purchase(box), order_id()
    able = user_of(box, *_BUYING)
    body = supplier_order(ours.name, number, "stopped", parcels=[parcel(f"Z{number}")])
    async with sink_of(box, login=able.login, password=able.password) as sink:
        for operation, one in (
            (NOTE, failure(ours)),
            ("update_purchase", body),
            (NOTE, result_of(ours, "created", number, version=2)),
        ):
            (outcome,) = await put(sink, operation, one)
            assert outcome.ok, outcome.detail
        (again,) = await put(sink, "update_purchase", {**body, "version": 2})
        assert again.result is Result.ALREADY_APPLIED
    assert (ours.reference, ours.tracking()) == (number, [f"Z{number}"])
    assert [one["summary"] for one in ours.activities()] == [f"1688 stopped order {number}: ask the supplier"]
    unable = user_of(box, "base.group_user")
    async with sink_of(box, login=unable.login, password=unable.password) as sink:
        (refused,) = await put(sink, "update_purchase", body)
    assert (refused.reason, "purchase.order" in refused.detail) == (Reason.AUTH, True)


async def test_another_user_of_ours_goes_on(box: OdooBox) -> None:
    """EVT-4: what one user keeps no other may read or write: the new one begins anew, tells once more and loses nothing."""
    ours, number = purchase(box), order_id()
    body = supplier_order(ours.name, number, "shipped", parcels=[parcel(f"Z{number}")])
    for user in (user_of(box, *_BUYING), user_of(box, *_BUYING)):
        async with sink_of(box, login=user.login, password=user.password) as sink:
            outcomes = [
                *await put(sink, "update_purchase", body),
                *await put(sink, "update_purchase", {**body, "version": 2}),
            ]
        assert [one.ok for one in outcomes] == [True, True], outcomes
        assert outcomes[1].result is Result.ALREADY_APPLIED
    assert (ours.reference, ours.tracking(), len(ours.notes())) == (number, [f"Z{number}"], 1)


@pytest.mark.parametrize(
    ("status", "orders", "begins", "asked"),
    [
        ("cancelled", 1, "A draft again here, and cancelled at 1688. To order it again make a new purchase order", 0),
        ("not_cancelled", 1, "A draft again here, but not cancelled at 1688", 1),
        ("cancelled", 0, "A draft again here. Nothing of it was ordered at 1688.", 0),
    ],
)
async def test_a_purchase_order_that_is_a_draft_again_is_told_so(
    box: OdooBox, status: str, orders: int, begins: str, asked: int
) -> None:
    """PO-1: what was asked of the buyer before is settled by it, or asked anew."""
    ours, number = purchase(box), order_id()
    await tell(box, failure(ours))
    box.call("purchase.order", "button_cancel", [ours.id])
    box.call("purchase.order", "button_draft", [ours.id])
    await tell(box, result_of(ours, status, *[number] * orders, version=2))
    assert begins in ours.notes()[-1]
    assert [one["summary"] for one in ours.activities()] == ["1688: not cancelled there"] * asked


async def test_verify_tells_of_vendors_whose_reference_leads_nowhere(box: OdooBox) -> None:
    """PO-1, AUTH-5: by what is written there, however it is written; others' references are nobody's business."""
    accounts = ("alibaba:main", "alibaba:second")
    settings = box.settings.model_copy(
        update={"purchases": box.settings.purchases.model_copy(update={"accounts": accounts})}
    )

    async def check() -> Any:
        (found,) = [
            one for one in await OdooVerifier(settings, deps()).verify() if one.subject == "references of vendors"
        ]
        return found

    fine = [" alibaba:main:BBB1", "Alibaba：SECOND：BBB2", "alibaba-9", "SUP:9"]
    wrong = {"alibaba:mian:BBB3": 0, "alibaba:main": 0}
    for one in fine:
        box.call("res.partner", "create", {"name": "Factory", "ref": one})
    assert (await check()).ok
    for one in wrong:
        wrong[one] = box.call("res.partner", "create", {"name": "Factory", "ref": one})
    told = await check()
    assert not told.ok
    assert told.detail == "nothing is ordered of " + ", ".join(
        f"{text!r} (contact {number})" for text, number in wrong.items()
    )
    assert "alibaba:main:SELLER or alibaba:second:SELLER" in told.remedy
    box.call("res.partner", "write", list(wrong.values()), {"active": False})
    assert (await check()).ok


async def test_verify_names_the_groups_it_takes_and_no_more(box: OdooBox) -> None:
    """AUTH-5: an internal user is told what is missing, group by group; with these nothing is."""
    for groups, missing in ((("base.group_user",), {rights.PURCHASES_GROUP, rights.INVENTORY}), (_BUYING, set())):
        settings = OdooSettings.model_validate({**user_of(box, *groups).model_dump(), "uses": ["purchases"]})
        failed = [one.remedy for one in await OdooVerifier(settings, deps()).verify() if not one.ok]
        named = {one for one in (rights.PURCHASES_GROUP, rights.INVENTORY) for remedy in failed if one in remedy}
        assert (named, bool(failed)) == (missing, bool(missing))

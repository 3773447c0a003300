"""Shipments, cancellations and refunds on the Walmart sandbox: each once, whatever gets lost (FUL-2, FUL-3, RET-2, EVT-4, ORD-13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.ports import Delivery, Difference, Outcome, Result
from schemas.reasons import Reason
from tests.contract.benches.walmart import acknowledgement
from tests.contract.recordings import recorded
from tests.contract.test_walmart_connector import Patient
from tests.contract.walmart_box import Box, walmart_box
from tests.waiting import until

Json = dict[str, Any]
PO = "9000000000001"
KEY = f"walmart:main:{PO}"
AT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@pytest.fixture
def box() -> Iterator[Box]:
    """A box with one order: line 1 of 2 units at 10.00 each with 1.60 tax, line 2 of 1 unit."""
    with walmart_box() as found:
        found.raw(an_order())
        found.clock.now += 3
        yield found


def an_order() -> Json:
    order: Json = recorded("walmart", "order_plain").order
    first = order["orderLines"]["orderLine"][0]
    order |= {"purchaseOrderId": PO, "orderDate": int(AT.timestamp() * 1000) - 3_600_000}
    order["orderLines"]["orderLine"] = [line(first, "1", "2", 20), line(first, "2", "1", 5)]
    return order


def line(plain: Json, number: str, quantity: str, price: float) -> Json:
    amount = {"unitOfMeasurement": "EACH", "amount": quantity}
    charges = [charge("PRODUCT", "ItemPrice", price, 1.6), charge("SHIPPING", "Shipping", 4, 0.4)]
    return {
        **plain, "lineNumber": number, "orderLineQuantity": amount, "charges": {"charge": charges},
        "orderLineStatuses": {"orderLineStatus": [{"status": "Created", "statusQuantity": amount}]},
    }  # fmt: skip


def charge(kind: str, name: str, amount: float, tax: float) -> Json:
    return {
        "chargeType": kind, "chargeName": name, "chargeAmount": {"currency": "USD", "amount": amount},
        "tax": {"taxName": "Tax1", "taxAmount": {"currency": "USD", "amount": tax}},
    }  # fmt: skip


def of_order(order_id: str, made: Delivery) -> Delivery:
    """The same of another order."""
    key = f"walmart:main:{order_id}"
    return replace(made, key=key, body={**made.body, "order_key": key})


def delivery(operation: str, body: Json, id_: str = "d-1") -> Delivery:
    return Delivery(id_, operation, True, KEY, "odoo", "main", 1, id_, "c-1", {"order_key": KEY, **body})


def shipped(*parcels: tuple[str, dict[str, str]], carrier: str = "ups", id_: str = "d-1", **more: Any) -> Delivery:
    """Parcels: (tracking number, {line: quantity})."""
    made = [
        {
            "tracking_number": tracking,
            "lines": [{"line_id": number, "sku": "A", "quantity": count, "serial_numbers": []} for number, count in lines.items()],
        }
        for tracking, lines in parcels
    ]  # fmt: skip
    body = {
        "key": "odoo:picking:7", "picking": "WH/OUT/00007", "version": 1, "shipped_at": AT, "carrier": carrier, "carrier_code": "",
        "tracking_url": "", "backorder": False, "parcels": made,
    }  # fmt: skip
    return delivery("ship_order", body | more, id_)


ORDERED = {"1": 2, "2": 1}


def cancelled(lines: dict[str, str] | None = None, reason: str = "out_of_stock") -> Delivery:
    """So many units of each line in all; everything when no line is named."""
    told = [
        {"line_id": number, "sku": "A", "quantity": "0", "remaining": str(ORDERED[number] - int(count))}
        for number, count in (lines or {}).items()
    ]
    body = {
        "key": "odoo:sale_order:7", "order_name": "S7", "version": 1, "cancelled_at": AT, "whole": lines is None,
        "reason": reason, "lines": told,
    }  # fmt: skip
    return delivery("cancel_lines", body)


def refund_lines(*lines: tuple[str, str, str, str, str], reference: str = "RINV/1") -> Delivery:
    """Lines: (number, item, item tax, shipping, shipping tax)."""

    def money(text: str) -> Json:
        return {"amount": text, "currency": "USD"}

    told = [
        {"line_id": number, "sku": "A", "quantity": "1", "amount": money(item), "tax": money(tax), "shipping": money(shipping),
         "shipping_tax": money(shipping_tax)}
        for number, item, tax, shipping, shipping_tax in lines
    ]  # fmt: skip
    made = refunded("1.00", reference=reference)
    return delivery("refund_order", {**made.body, "lines": told}, reference)


def refunded(
    amount: str, tax: str = "0", shipping: str = "0", shipping_tax: str = "0", reference: str = "RINV/1"
) -> Delivery:
    def money(text: str) -> Json:
        return {"amount": text, "currency": "USD"}

    told = {
        "line_id": "1", "sku": "A", "quantity": "1", "amount": money(amount), "tax": money(tax), "shipping": money(shipping),
        "shipping_tax": money(shipping_tax),
    }  # fmt: skip
    body = {
        "key": "odoo:account_move:7", "reference": reference, "version": 1, "posted_at": AT, "reason": "damaged", "return_key": "",
        "total": money(amount), "lines": [told],
    }  # fmt: skip
    return delivery("refund_order", body, reference)


async def answer(box: Box, made: Delivery, **settings: Any) -> Outcome:
    sink = Patient(box, **settings).sink()
    (found,) = await sink.deliver([made])
    await sink.aclose()
    return found


async def preview(box: Box, made: Delivery) -> list[Difference]:
    sink = Patient(box).sink()
    (found,) = await sink.preview([made])
    await sink.aclose()
    return list(found)


async def acknowledge(box: Box) -> None:
    assert (await answer(box, acknowledgement(PO))).ok


def states(box: Box, number: str = "1") -> dict[str, int]:
    """State -> units of a line."""
    order = box.call("GET", f"/v3/orders/{PO}").raise_for_status().json()["order"]
    (found,) = [one for one in order["orderLines"]["orderLine"] if one["lineNumber"] == number]
    sums: dict[str, int] = {}
    for one in found["orderLineStatuses"]["orderLineStatus"]:
        sums[one["status"]] = sums.get(one["status"], 0) + int(one["statusQuantity"]["amount"])
    return sums


def lose_answer(box: Box, operation: str, times: int = 1) -> None:
    """Carried out, but the connection breaks before the answer."""
    box.faults({"kind": "lost", "method": "POST", "path": f"/{operation}$", "limit": times})


async def test_a_partial_shipment_in_two_parcels_then_the_rest(box: Box) -> None:
    """FUL-2: partial, several parcels."""
    await acknowledge(box)
    assert (await answer(box, shipped(("T1", {"1": "1"}), ("T2", {"2": "1"})))).result is Result.APPLIED
    assert (states(box, "1"), states(box, "2")) == ({"Shipped": 1, "Acknowledged": 1}, {"Shipped": 1})
    assert (await answer(box, shipped(("T3", {"1": "1"}), id_="d-2"))).result is Result.APPLIED
    assert states(box, "1") == {"Shipped": 2}


@pytest.fixture
def theirs(box: Box) -> str:
    """An order that Walmart ships itself, and has shipped in part: line 1 wholly, line 2 not yet."""
    order = an_order() | {"purchaseOrderId": "9000000000002", "shipNode": {"type": "WFSFulfilled"}}
    first, second = order["orderLines"]["orderLine"]
    first["orderLineStatuses"]["orderLineStatus"][0]["status"] = "Shipped"
    second["orderLineStatuses"]["orderLineStatus"][0]["status"] = "Acknowledged"
    box.raw(order)
    return "9000000000002"


async def test_the_delivery_of_what_walmart_has_sent_is_closed_without_a_word(box: Box, theirs: str) -> None:
    """ORD-10: in Odoo it has no carrier and no number, and Walmart is told nothing of it."""
    closed = of_order(theirs, shipped(("", {"1": "2"}), carrier=""))
    assert await preview(box, closed) == []
    assert (await answer(box, closed)).result is Result.ALREADY_APPLIED
    assert box.http.get("/sandbox/snapshot").json()["orders"][theirs]["writes"] == {}


async def test_what_walmart_ships_itself_and_has_not_sent_is_not_ours_to_ship(box: Box, theirs: str) -> None:
    """ORD-10: it left one of our warehouses, or was closed too early."""
    found = await answer(box, of_order(theirs, shipped(("T1", {"1": "2", "2": "1"}))))
    assert (found.reason, found.detail) == (
        Reason.RULE,
        "WH/OUT/00007: Walmart ships this order itself and has sent 0 units of line 2, but 1 left in Odoo; "
        "a person has to look which warehouse they left",
    )


async def test_a_shipment_told_twice_is_one_shipment(box: Box) -> None:
    """EVT-4."""
    await acknowledge(box)
    made = shipped(("T1", {"1": "1"}))
    assert [(await answer(box, made)).result for _ in range(2)] == [Result.APPLIED, Result.ALREADY_APPLIED]
    assert states(box) == {"Shipped": 1, "Acknowledged": 1}


def calls_done(box: Box, operation: str) -> int:
    """How many calls of an operation the sandbox carried out."""
    snapshot = box.http.get("/sandbox/snapshot").raise_for_status().json()
    return int(snapshot["orders"][PO]["writes"].get(operation, 0))


async def test_a_whole_line_told_twice_is_told_once(box: Box) -> None:
    """EVT-4: nothing is open any more, which is no change of the tracking number either."""
    await acknowledge(box)
    made = shipped(("T1", {"1": "2", "2": "1"}))
    lose_answer(box, "shipping")
    found = [(await answer(box, made)).result for _ in range(2)]
    assert found == [Result.ALREADY_APPLIED, Result.ALREADY_APPLIED]
    assert calls_done(box, "shipping") == 1


async def test_another_transfer_is_no_change_of_a_tracking_number(box: Box) -> None:
    """FUL-2: one unit was cancelled, and Odoo lets two transfers of one unit go: the second is an exception, not the first's new number."""
    await acknowledge(box)
    assert (await answer(box, cancelled({"1": "1"}))).ok
    assert (await answer(box, shipped(("T1", {"1": "1"})))).ok
    found = await answer(box, shipped(("T2", {"1": "1"}), id_="d-2", picking="WH/OUT/00008"))
    assert found.reason is Reason.RULE
    assert calls_done(box, "shipping") == 1


@pytest.mark.parametrize("operation", ["shipping", "cancel", "refund"])
async def test_a_lost_answer_doubles_nothing(box: Box, operation: str) -> None:
    """EVT-4: carried out, the answer lost: what Walmart holds decides."""
    await acknowledge(box)
    if operation == "refund":
        await answer(box, shipped(("T1", {"1": "2"})))
    made = {
        "shipping": shipped(("T1", {"1": "1"})), "cancel": cancelled({"1": "1"}), "refund": refunded("3.00", "0.24")
    }[operation]  # fmt: skip
    lose_answer(box, operation)
    first = await answer(box, made)
    assert first.ok, first.detail
    assert (await answer(box, made)).result is Result.ALREADY_APPLIED
    expected = {"shipping": {"Shipped": 1, "Acknowledged": 1}, "cancel": {"Cancelled": 1, "Acknowledged": 1}}
    if operation in expected:
        assert states(box) == expected[operation]
    else:
        assert refund_total(box) == Decimal("-3.24")


async def test_two_transfers_in_one_parcel_are_both_told_and_each_once(box: Box) -> None:
    """FUL-2: a backorder that goes into the same parcel has the same tracking number."""
    await acknowledge(box)
    first = shipped(("T1", {"1": "1"}))
    second = shipped(("T1", {"1": "1"}), id_="d-2", picking="WH/OUT/00008", shipped_at=AT + timedelta(minutes=5))
    assert (await answer(box, first)).result is Result.APPLIED
    assert (await answer(box, second)).result is Result.APPLIED
    assert states(box) == {"Shipped": 2}
    assert [(await answer(box, one)).result for one in (first, second)] == [Result.ALREADY_APPLIED] * 2
    assert calls_done(box, "shipping") == 2


@pytest.mark.parametrize("operation", ["shipping", "refund"])
async def test_a_call_given_up_that_is_still_under_way_doubles_nothing(box: Box, operation: str) -> None:
    """EVT-4: Walmart carries it out after we stopped waiting, so writing again at once would do it twice."""
    await acknowledge(box)
    if operation == "refund":
        await answer(box, shipped(("T1", {"1": "2"})))
    made = {"shipping": shipped(("T1", {"1": "1"})), "refund": refunded("3.00", "0.24")}[operation]
    before = calls_done(box, operation)
    box.faults({"kind": "latency", "method": "POST", "path": f"/{operation}$", "ms": 3_000, "limit": 1})
    first = await answer(box, made, http={"read_seconds": 1.5})
    assert (first.result, first.reason) == (Result.FAILED, Reason.TRANSIENT)
    until(lambda: calls_done(box, operation) == before + 1)
    assert (await answer(box, made)).result is Result.ALREADY_APPLIED
    assert calls_done(box, operation) == before + 1


def refund_total(box: Box) -> Decimal:
    order = box.call("GET", f"/v3/orders/{PO}").raise_for_status().json()["order"]
    total = Decimal(0)
    for one in order["orderLines"]["orderLine"]:
        for item in one.get("refund", {}).get("refundCharges", {}).get("refundCharge", []):
            total += Decimal(str(item["charge"]["chargeAmount"]["amount"]))
            total += Decimal(str(item["charge"].get("tax", {}).get("taxAmount", {}).get("amount", 0)))
    return total


async def test_an_order_that_is_not_acknowledged_yet_is_shipped_later(box: Box) -> None:
    """FUL-2: a conflict that time mends."""
    found = await answer(box, shipped(("T1", {"1": "1"})))
    assert (found.reason, "not acknowledged yet" in found.detail) == (Reason.CONFLICT, True)


async def test_goods_that_left_although_the_buyer_cancelled_are_an_exception(box: Box) -> None:
    """FUL-3: the race of a shipment and a cancellation has one visible end."""
    await acknowledge(box)
    box.http.post(f"/sandbox/orders/{PO}/change", json={"kind": "cancel_line", "line": "1"}).raise_for_status()
    found = await answer(box, shipped(("T1", {"1": "2"})))
    assert found.reason is Reason.RULE
    assert "0 open ones (0 shipped, 2 cancelled)" in found.detail


async def test_a_wish_to_cancel_comes_too_late_for_what_has_left(box: Box) -> None:
    await acknowledge(box)
    box.http.post(f"/sandbox/orders/{PO}/change", json={"kind": "intent_to_cancel", "line": "1"}).raise_for_status()
    assert (await answer(box, shipped(("T1", {"1": "2"})))).ok
    assert states(box) == {"Shipped": 2}


async def test_a_carrier_walmart_does_not_know_needs_an_address_or_a_mapping(box: Box) -> None:
    """FUL-2: held, and released by the mapping; never guessed."""
    await acknowledge(box)
    made = shipped(("T1", {"1": "1"}), carrier="Local Bikes")
    found = await answer(box, made)
    assert (found.reason, found.waiting_for) == (Reason.MAPPING, "ship_carrier:walmart:main:Local Bikes")
    urls = {"tracking_urls": {"Local Bikes": "https://bikes.example/{number}"}}
    assert (await answer(box, made, fulfilment=urls)).ok


async def test_no_tracking_number_is_said_in_odoos_words(box: Box) -> None:
    await acknowledge(box)
    found = await answer(box, shipped(("", {"1": "1"})))
    assert (found.reason, "WH/OUT/00007: no tracking number" in found.detail) == (Reason.DATA, True)


async def test_no_carrier_is_the_warehouses_business_and_waits_for_no_mapping(box: Box) -> None:
    """FUL-2: a mapping of nothing cannot be made; the transfer has to be completed."""
    await acknowledge(box)
    found = await answer(box, shipped(("", {"1": "1"}), carrier=""))
    assert (found.reason, found.waiting_for) == (Reason.DATA, "")
    assert "WH/OUT/00007: no carrier; write it and the tracking number on the transfer in Odoo" in found.detail


async def test_a_changed_tracking_number_changes_it_at_walmart(box: Box) -> None:
    """FUL-2: PARTIAL_UPDATE; no second shipment."""
    await acknowledge(box)
    await answer(box, shipped(("T1", {"1": "2"})))
    found = await answer(box, shipped(("T9", {"1": "2"}), id_="d-2"))
    assert (found.result, found.notes) == (Result.APPLIED, ("tracking_changed",))
    order = box.call("GET", f"/v3/orders/{PO}").json()["order"]["orderLines"]["orderLine"][0]
    (status,) = order["orderLineStatuses"]["orderLineStatus"]
    assert (status["trackingInfo"]["trackingNumber"], status["statusQuantity"]["amount"]) == ("T9", "2")


async def test_one_unit_of_two_is_cancelled_and_later_the_other(box: Box) -> None:
    """FUL-3: per line, cumulative."""
    await acknowledge(box)
    for total, left in (("1", {"Cancelled": 1, "Acknowledged": 1}), ("1", {"Cancelled": 1, "Acknowledged": 1})):
        assert (await answer(box, cancelled({"1": total}))).ok
        assert states(box) == left
    assert (await answer(box, cancelled({"1": "2"}))).ok
    assert states(box).get("Acknowledged", 0) == 0
    assert states(box, "2") == {"Acknowledged": 1}


async def test_a_whole_cancellation_after_something_left_is_refused_whole(box: Box) -> None:
    """FUL-3, ORD-13: all or nothing, so that the compensation finds one state on both sides."""
    await acknowledge(box)
    await answer(box, shipped(("T1", {"2": "1"})))
    found = await answer(box, cancelled())
    assert found.reason is Reason.RULE
    assert "shipped meanwhile" in found.detail
    assert states(box) == {"Acknowledged": 2}


async def test_the_buyers_wish_is_told_as_walmart_wants_it(box: Box) -> None:
    """FUL-3: Walmart refuses the customer's reason where the customer did not ask, and wants it where he did."""
    await acknowledge(box)
    assert (await answer(box, cancelled({"2": "1"}, reason="customer"))).ok
    box.http.post(f"/sandbox/orders/{PO}/change", json={"kind": "intent_to_cancel", "line": "1"}).raise_for_status()
    assert (await answer(box, cancelled({"1": "2"}))).ok
    order = box.call("GET", f"/v3/orders/{PO}").json()["order"]["orderLines"]["orderLine"]
    reasons = [one["orderLineStatuses"]["orderLineStatus"][0]["cancellationReason"] for one in order]
    assert reasons == ["CUSTOMER_REQUESTED_SELLER_TO_CANCEL", "SELLER_CANCEL_OUT_OF_STOCK"]


async def test_a_refund_waits_for_its_shipment_and_goes_then(box: Box) -> None:
    """RET-2: held until something has left; no clock is watched."""
    await acknowledge(box)
    found = await answer(box, refunded("5.00", "0.40"))
    assert (found.reason, found.waiting_for) == (Reason.CONFLICT, f"shipped:{KEY}")
    sink: Any = Patient(box).sink()
    assert list(await sink.resolve([found.waiting_for])) == []
    assert (await sink.deliver([shipped(("T1", {"1": "2"}))]))[0].ok
    assert list(await sink.resolve([found.waiting_for])) == [found.waiting_for]
    assert (await sink.deliver([refunded("5.00", "0.40")]))[0].ok
    await sink.aclose()
    assert refund_total(box) == Decimal("-5.40")


async def test_two_credit_notes_of_one_line_are_two_refunds(box: Box) -> None:
    """RET-2: partial refunds, each once."""
    await acknowledge(box)
    await answer(box, shipped(("T1", {"1": "2"})))
    notes = [refunded("5.00", reference="RINV/1"), refunded("2.50", reference="RINV/2")]
    for made in (*notes, *notes):
        assert (await answer(box, made)).ok
    assert refund_total(box) == Decimal("-7.50")


async def test_a_full_refund_gives_everything_back(box: Box) -> None:
    await acknowledge(box)
    await answer(box, shipped(("T1", {"1": "2"})))
    assert (await answer(box, refunded("20.00", "1.60", "4.00", "0.40"))).ok
    assert refund_total(box) == Decimal("-26.00")


@pytest.mark.parametrize(("asked", "words"), [
    (("21.00",), "21.00 of item shall be given back, but 20 was charged"),
    (("20.00", "1.60"), "credit shipping and taxes as well"),
])  # fmt: skip
async def test_what_the_buyer_would_not_get_like_that_is_an_exception(
    box: Box, asked: tuple[str, ...], words: str
) -> None:
    """RET-2: the credit note and what Walmart gives back agree to the cent, or a person looks."""
    await acknowledge(box)
    await answer(box, shipped(("T1", {"1": "2"})))
    found = await answer(box, refunded(*asked))
    assert found.reason is Reason.RULE
    assert words in found.detail
    assert refund_total(box) == 0


async def test_a_preview_says_what_would_change_and_changes_nothing(box: Box) -> None:
    """OPS-7."""
    await acknowledge(box)
    sink: Any = Patient(box).sink()
    told = await sink._fulfilment.preview([shipped(("T1", {"1": "1"})), cancelled({"1": "1"})])
    await sink.aclose()
    assert [(one.field, one.would_be) for found in told for one in found] == [
        ("line 1", "1 Shipped T1"), ("line 1", "1 Cancelled")
    ]  # fmt: skip
    assert states(box) == {"Acknowledged": 2}


async def test_taxes_shared_out_over_lines_may_be_a_cent_off_when_the_whole_is_right(box: Box) -> None:
    """RET-2: Odoo has one tax line for the order; the sum decides, and Walmart's own parts go back."""
    await acknowledge(box)
    await answer(box, shipped(("T1", {"1": "2", "2": "1"})))
    found = await answer(
        box, refund_lines(("1", "20.00", "1.61", "4.00", "0.40"), ("2", "5.00", "1.59", "4.00", "0.40"))
    )
    assert found.ok, found.detail
    assert refund_total(box) == Decimal("-37.00")


async def test_a_note_that_is_a_cent_less_than_what_goes_back_is_an_exception(box: Box) -> None:
    """RET-2, FIN-2: not a cent in silence."""
    await acknowledge(box)
    await answer(box, shipped(("T1", {"1": "2", "2": "1"})))
    found = await answer(
        box, refund_lines(("1", "20.00", "1.60", "4.00", "0.40"), ("2", "5.00", "1.59", "4.00", "0.40"))
    )
    assert (found.reason, "Walmart refunds 37" in found.detail) == (Reason.RULE, True)
    assert refund_total(box) == 0

"""TEST-1: refunds are negative, for shipped lines, and never more than was charged (walmart.md, section 5)."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.walmart.sandbox.lifecycle import RuleError, acknowledge, ship
from connectors.walmart.sandbox.lines import lines_of
from connectors.walmart.sandbox.refunds import refund
from tests.unit.walmart_sandbox.orders import NOW_MS, Json, order_of, refund_of, shipment


def shipped() -> Json:
    return ship(acknowledge(order_of(1), NOW_MS), shipment("1", 1), NOW_MS)


def ask(order: Json, amount: float, **more: Any) -> Json:
    return refund(order, refund_of(order["purchaseOrderId"], "1", amount, **more), NOW_MS)


def returned(order: Json) -> Decimal:
    charges = lines_of(order)[0]["refund"]["refundCharges"]["refundCharge"]
    return sum((Decimal(str(c["charge"]["chargeAmount"]["amount"])) for c in charges), Decimal(0))


def test_partial_refunds_add_up_to_the_charge_and_no_further() -> None:
    order = shipped()
    item = lines_of(order)[0]["charges"]["charge"][0]["chargeAmount"]["amount"]
    order = ask(ask(order, -1.0), -2.5)
    assert returned(order) == Decimal("-3.5")
    with pytest.raises(RuleError, match="exceed"):
        ask(order, -item + 3)


def test_a_full_refund_gives_back_every_charge() -> None:
    order = shipped()
    charged = sum(Decimal(str(c["chargeAmount"]["amount"])) for c in lines_of(order)[0]["charges"]["charge"])
    order = ask(order, -0.01, full=True)
    assert returned(order) == -charged
    with pytest.raises(RuleError):
        ask(order, -0.01)


def test_the_whole_item_price_refunds_shipping_and_tax_too() -> None:
    order = shipped()
    item = lines_of(order)[0]["charges"]["charge"][0]["chargeAmount"]["amount"]
    assert returned(ask(order, -item)) < Decimal(str(-item))


@pytest.mark.parametrize("amount", [1.0, -10_000.0])
def test_positive_and_oversized_refunds_are_refused(amount: float) -> None:
    with pytest.raises(RuleError):
        ask(shipped(), amount)


def test_tax_given_back_is_bounded_too() -> None:
    with pytest.raises(RuleError, match="exceed"):
        ask(shipped(), -0.01, tax=-9_000)


def test_lines_not_shipped_and_other_orders_are_refused() -> None:
    with pytest.raises(RuleError, match="not shipped"):
        ask(order_of(1), -1.0)
    with pytest.raises(RuleError, match="does not match"):
        refund(shipped(), refund_of("123", "1", -1.0), NOW_MS)


def test_one_request_is_all_full_or_all_partial() -> None:
    order = shipped()
    body = refund_of(order["purchaseOrderId"], "1", -1.0)
    lines = body["orderRefund"]["orderLines"]["orderLine"]
    lines.append({**lines[0], "isFullRefund": True})
    with pytest.raises(RuleError, match="all full or all partial"):
        refund(order, body, NOW_MS)

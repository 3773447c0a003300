"""What becomes of an order, as control calls name it. Pure: an order and a change in, an order out (statuses: alibaba.md section 9)."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from connectors.alibaba.sandbox.orders import (
    CANCELLED,
    CONFIRMED,
    PAID,
    SHIPPED,
    SIGNED,
    SUCCESS,
    TERMINATED,
    UNPAID,
    Line,
    Order,
)
from connectors.kit.sandbox.steering import Json, RefusedError, known, number

_MOST = 10**10
_REASONS = {"buyer": "BUYER_CANCEL", "seller": "SELLER_CANCEL", "bops": "BUYER_NO_PAY"}
REFUND_STATUSES = (
    "waitselleragree",
    "refundsuccess",
    "refundclose",
    "waitbuyermodify",
    "waitbuyersend",
    "waitsellerreceive",
)


def applied(order: Order, change: Json, now: float) -> Order:
    """The order after a change: {"kind": ..., ...}, dated `now` in whole seconds. Raises RefusedError where the order's state does not allow
    it, ValueError for what makes no sense. Shipping is in shipped()."""
    kind = str(change.get("kind"))
    if kind not in _KINDS:
        raise ValueError(f"kind: one of ship, {', '.join(_KINDS)} is expected")
    second = float(int(now))
    return replace(_KINDS[kind](order, change, second), modified=second)


def shipped(order: Order, units: Mapping[str, int], now: float) -> Order:
    """After so many units per sub-order left; the order counts as shipped when nothing is left."""
    _must(order, PAID)

    def sent(line: Line) -> Line:
        if not 0 <= units.get(line.sub_id, 0) <= line.left:
            raise RefusedError(f"{line.sub_id}: {line.left} units are left to ship")
        return replace(line, shipped=line.shipped + units.get(line.sub_id, 0))

    if not units or units.keys() - {line.sub_id for line in order.lines} or not any(units.values()):
        raise RefusedError("items: units by sub-order id are expected")
    second = float(int(now))
    changed = replace(order.each(sent), modified=second)
    done = not any(line.left for line in changed.lines)
    return replace(changed, status=SHIPPED, sent=second) if done else changed


def _pay(order: Order, change: Json, now: float) -> Order:
    _must(order, UNPAID)
    return replace(order, status=PAID, paid=now)


def _price(order: Order, change: Json, now: float) -> Order:
    """The seller's: `freight` and `discount` in fen, `lines` {sub-order id: fen of the line}."""
    known(change, {"kind", "freight", "discount", "lines", "account"})
    _must(order, UNPAID)
    amounts = change.get("lines", {})
    if not isinstance(amounts, dict) or amounts.keys() - {line.sub_id for line in order.lines}:
        raise ValueError("lines: fen by sub-order id are expected")
    changed = order.each(lambda line: replace(line, amount=int(number(amounts, line.sub_id, 0, _MOST, line.amount))))
    freight = int(number(change, "freight", 0, _MOST, order.freight))
    return replace(changed, freight=freight, discount=int(number(change, "discount", -_MOST, _MOST, order.discount)))


def _sign(order: Order, change: Json, now: float) -> Order:
    _must(order, SHIPPED)
    return replace(order, status=SIGNED)


def _confirm(order: Order, change: Json, now: float) -> Order:
    _must(order, SHIPPED, SIGNED)
    return replace(order, status=CONFIRMED, confirmed=now)


def _success(order: Order, change: Json, now: float) -> Order:
    _must(order, SHIPPED, SIGNED, CONFIRMED)
    return replace(order, status=SUCCESS, confirmed=order.confirmed or now, completed=now)


def _close(order: Order, change: Json, now: float) -> Order:
    """`by`: buyer, seller or bops (the platform). Of a paid order the money goes back."""
    _must(order, UNPAID, PAID)
    by = change.get("by", "seller")
    if by not in _REASONS:
        raise ValueError(f"by: one of {', '.join(_REASONS)} is expected")
    if any(line.shipped for line in order.lines):
        raise RefusedError("a part of it was shipped: terminate it")
    refund = {"refund": order.total, "refund_status": "refundsuccess"} if order.status == PAID else {}
    reason = str(change.get("reason") or _REASONS[by])
    return replace(order, status=CANCELLED, close_reason=reason, **refund)  # type: ignore[arg-type]


def _terminate(order: Order, change: Json, now: float) -> Order:
    """Stopped after a part of it was shipped."""
    _must(order, PAID, SHIPPED, SIGNED)
    return replace(order, status=TERMINATED, close_reason=str(change.get("reason", "SELLER_GOODS_LACK")))


def _refund(order: Order, change: Json, now: float) -> Order:
    """`status`, `fen`."""
    if change.get("status", "refundsuccess") not in REFUND_STATUSES:
        raise ValueError(f"status: one of {', '.join(REFUND_STATUSES)} is expected")
    _must(order, PAID, SHIPPED, SIGNED, CONFIRMED, SUCCESS)
    return replace(
        order,
        refund=int(number(change, "fen", 0, order.total, order.total)),
        refund_status=change.get("status", "refundsuccess"),
    )


def _status(order: Order, change: Json, now: float) -> Order:
    """Any text: the list of statuses is not closed."""
    return replace(order, status=str(change["status"]))


def _touch(order: Order, change: Json, now: float) -> Order:
    return order


_KINDS: dict[str, Callable[[Order, Json, float], Order]] = {
    "pay": _pay,
    "price": _price,
    "sign": _sign,
    "confirm": _confirm,
    "success": _success,
    "close": _close,
    "terminate": _terminate,
    "refund": _refund,
    "status": _status,
    "touch": _touch,
}


def _must(order: Order, *statuses: str) -> None:
    if order.status not in statuses:
        raise RefusedError(f"the order is {order.status}; {' or '.join(statuses)} is wanted")

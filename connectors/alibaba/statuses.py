"""The platform's words for how far an order and its lines are -> ours. Neither list is closed: what is unknown says so and moves nothing."""

from __future__ import annotations

_STATES = {
    "waitbuyerpay": "to_pay",
    "waitsellersend": "paid",
    "waitlogisticstakein": "paid",
    "waitbuyerreceive": "shipped",
    "waitbuyersign": "delivered",
    "signinsuccess": "delivered",
    "confirmgoods": "delivered",
    "confirmgoodsandhassubsidy": "delivered",
    "success": "done",
    "cancel": "cancelled",
    "terminated": "stopped",
}
_LINES = {"1": "not_shipped", "2": "shipped", "3": "received", "4": "returned", "5": "part_shipped", "8": "none"}
_ON_THE_WAY = frozenset({"shipped", "part_shipped", "received"})


def state_of(status: str, lines: list[str]) -> str:
    """status: of the order, in any letters, with underscores or without; lines: our words for its lines.

    An order that is shipped in part stays `waitsellersend` there.
    """
    state = _STATES.get(status.lower().replace("_", ""), "unknown")
    return "part_shipped" if state == "paid" and _ON_THE_WAY.intersection(lines) else state


def line_state(logistics_status: str) -> str:
    """Empty for what it does not say, or says in a word unknown to us."""
    return _LINES.get(logistics_status, "")

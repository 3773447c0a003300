"""What became of a purchase order at the supplier's side, in the buyer's words: what happened and what to do (PO-1). Pure, plain text."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.odoo.purchase_words import platform, told
from schemas.records import PurchaseResult, ResultDifference, ResultOrder, ResultProblem

CREATED, PARTLY, DIFFERS, FAILED = "created", "partly", "differs", "failed"
WAITING, CANCELLED, NOT_CANCELLED = "waiting", "cancelled", "not_cancelled"
_MOST = 20  # of each kind in one note

_AGAIN = "Correct the purchase order, and it is sent again by itself; or order elsewhere and cancel it."
_HEADS = {
    CREATED: "Ordered at {platform}. Pay it there: the supplier sends nothing before.",
    PARTLY: "Only a part of this purchase order was ordered at {platform}. Order the rest elsewhere, or on a new purchase order.",
    DIFFERS: "Ordered at {platform}, but not as this purchase order says. Correct it here, or cancel the order there before it is paid.",
    FAILED: f"Not ordered at {{platform}}. {_AGAIN}",
    WAITING: "{platform} has not said whether the order was made. Causeway looks there again by itself: do not order by hand meanwhile.",
    CANCELLED: "Cancelled at {platform} too.",
    NOT_CANCELLED: "Cancelled here, but not at {platform}: goods may still come, and be paid for. Below is what to do there.",
}
_DRAFT_AGAIN = {
    CANCELLED: "A draft again here, and cancelled at {platform}. To order it again make a new purchase order, for {platform} has this name already.",
    NOT_CANCELLED: "A draft again here, but not cancelled at {platform}: goods may still come, and be paid for. Confirm it again if they are "
    "wanted; else below is what to do there.",
}
_STOPPED = f"Not ordered at {{platform}}: it would not come as this purchase order says. {_AGAIN}"
_NOTHING = "Cancelled here. Nothing of it was ordered at {platform}."
_NOTHING_OF_A_DRAFT = "A draft again here. Nothing of it was ordered at {platform}."
_SUMMARIES = {
    PARTLY: "{platform}: only a part was ordered",
    DIFFERS: "{platform}: ordered, but not as the purchase order says",
    FAILED: "{platform}: not ordered",
    NOT_CANCELLED: "{platform}: not cancelled there",
}
_WHAT = {
    "price": "price of a unit", "freight": "freight", "total": "goods in all", "quantity": "quantity", "line": "not on the purchase order",
}  # fmt: skip


def lines_of(result: PurchaseResult, names: Mapping[str, str], *, is_draft: bool = False) -> tuple[str, ...]:
    """The note. names: of the purchase order's lines, by their ids; is_draft: it is no longer confirmed, and not cancelled either."""
    head = _head(result, is_draft=is_draft)
    lines = [head.format(platform=platform(result["source"]))]
    for some in (
        [_order(one) for one in result["orders"]],
        [_problem(one, names) for one in result["problems"]],
        [_difference(one, names) for one in result["differences"]],
    ):
        lines += some[:_MOST]
        lines += [f"... and {len(some) - _MOST} more."] if len(some) > _MOST else []
    return tuple(lines)


def summary_of(result: PurchaseResult) -> str:
    """Of the activity; empty where nobody has to do anything."""
    words = _SUMMARIES[FAILED] if _is_stopped(result) else _SUMMARIES.get(result["status"], "")
    return words.format(platform=platform(result["source"]))


def is_final(result: PurchaseResult) -> bool:
    """Whether what was asked of the buyer before is settled by it."""
    return result["status"] in (CREATED, CANCELLED)


def is_nothing_ordered(result: PurchaseResult) -> bool:
    """Whether each further try that fails is worth telling."""
    return result["status"] in (FAILED, DIFFERS) and not result["orders"]


def _head(result: PurchaseResult, *, is_draft: bool) -> str:
    if _is_stopped(result):
        return _STOPPED
    if result["status"] == CANCELLED and not result["orders"]:
        return _NOTHING_OF_A_DRAFT if is_draft else _NOTHING
    if is_draft and result["status"] in _DRAFT_AGAIN:
        return _DRAFT_AGAIN[result["status"]]
    return _HEADS.get(result["status"], f"{{platform}}: {result['status']}.")


def _is_stopped(result: PurchaseResult) -> bool:
    return result["status"] == DIFFERS and not result["orders"]


def _order(one: ResultOrder) -> str:
    parts = [
        f"{name} {told(amount)}" for name, amount in (("total", one["total"]), ("freight", one["freight"])) if amount
    ]
    return f"Order {one['order_id']}" + (f": {', '.join(parts)}." if parts else ".")


def _problem(one: ResultProblem, names: Mapping[str, str]) -> str:
    return f"{_label(one['line_id'], names)}{one['text']}"


def _difference(one: ResultDifference, names: Mapping[str, str]) -> str:
    what = _WHAT.get(one["what"], one["what"])
    if one["what"] == "line":
        return f"{_label(one['line_id'], names)}{what}: {one['theirs']}."
    limit = "at most " if one["what"] == "freight" else ""
    return f"{_label(one['line_id'], names)}{what} {one['theirs']}, here {limit}{one['ours']}."


def _label(line_id: str, names: Mapping[str, str]) -> str:
    return f"{names.get(line_id, f'line {line_id}')}: " if line_id else ""

"""`purchase_result`: what became of a purchase order, for the buyer in Odoo (PO-1). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connectors.alibaba.purchase_answers import MadeOrder
from connectors.alibaba.purchase_plan import CNY
from connectors.kit.money import as_money
from connectors.kit.ports import Canonical
from connectors.kit.reading import millis_of
from schemas.reasons import Reason
from schemas.records import Money, PurchaseOrder, PurchaseResult, ResultDifference, ResultOrder, ResultProblem

ENTITY = "purchase_result"
CREATED, PARTLY, DIFFERS, FAILED = "created", "partly", "differs", "failed"
WAITING, CANCELLED, NOT_CANCELLED = "waiting", "cancelled", "not_cancelled"


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that exists, and what of ours is in it."""

    order: MadeOrder
    reference: str
    line_ids: Sequence[str]


def result(
    account: str, order: PurchaseOrder, status: str, at: datetime, *, placed: Sequence[Placed] = (),
    differences: Sequence[ResultDifference] = (), problems: Sequence[ResultProblem] = (), reason: Reason | None = None,
) -> Canonical:  # fmt: skip
    """at: when it is so; aware UTC."""
    body = PurchaseResult(
        key=order["key"], source="alibaba", account=account, purchase_id=order["purchase_id"], purchase_name=order["name"],
        version=millis_of(at), purchase_version=order["version"], status=status,
        orders=[_order(one) for one in placed], differences=list(differences), problems=list(problems),
        reason="" if reason is None else reason.value,
    )  # fmt: skip
    return Canonical(ENTITY, body["key"], body["version"], body)


def told(problems: Sequence[ResultProblem], differences: Sequence[ResultDifference]) -> str:
    """The first ones, in one line, for the failure's detail."""
    words = [f"{_line(one['line_id'])}{one['text']}" for one in problems]
    words += [f"{_line(one['line_id'])}{one['what']} is {one['theirs']}, not {one['ours']}" for one in differences]
    more = f"; {len(words) - 3} more" if len(words) > 3 else ""
    return "; ".join(words[:3]) + more


def _line(line_id: str) -> str:
    return f"line {line_id}: " if line_id else ""


def _order(one: Placed) -> ResultOrder:
    return ResultOrder(
        order_id=one.order.order_id, our_reference=one.reference, total=_money(one.order.total),
        freight=_money(one.order.freight), line_ids=list(one.line_ids),
    )  # fmt: skip


def _money(amount: Decimal | None) -> Money | None:
    return None if amount is None else as_money(amount, CNY)

"""Orders that a person has placed at 1688 and written down on the purchase order: read, so that they are followed from here on (PO-1, PO-2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.alibaba.mapping import to_supplier_order
from connectors.alibaba.purchase_plan import problem
from connectors.alibaba.reading import OrderReader
from connectors.kit import exact_json
from connectors.kit.ports import Canonical
from schemas.records import ResultProblem

_MOST = 10
_CANCELLED = "cancelled"


async def as_they_are(
    reader: OrderReader, account: str, numbers: Sequence[str]
) -> tuple[list[Canonical], list[ResultProblem]]:
    """What the platform says of them, as the flow `orders` would tell it; of one that is none of this account's a word to the buyer. Raises
    ConnectorError."""
    told: list[Canonical] = []
    problems: list[ResultProblem] = []
    for number in numbers[:_MOST]:
        content = await reader.read(number)
        if content is not None:
            told += to_supplier_order(exact_json.dumps(content), account)
            continue
        words = (
            f"Its vendor reference has {number}, which looks like an order's number at 1688, but this 1688 account has no such order: correct the "
            "number, or take it off to have this ordered."
        )
        problems.append(problem(words))
    return told, problems


def of_nothing(orders: Sequence[Canonical], prefix: str) -> list[ResultProblem]:
    """A word to the buyer on each, where none of them brings the goods of this purchase order: all are cancelled, or made for another one. Pure."""
    said = [_of_nothing(one.body, prefix) for one in orders if one.entity == "supplier_order"]
    return [problem(words) for words in said if words] if all(said) else []


def _of_nothing(order: Mapping[str, Any], prefix: str) -> str:
    called = order["our_reference"]
    if order["state"] == _CANCELLED:
        how = "which is cancelled at 1688"
    elif prefix and called.startswith(prefix):
        how = f"which is called {called} there"
    else:
        return ""
    return (
        f"The vendor reference has {order['order_id']}, {how}: nothing is ordered for this purchase order. Take the number out if it shall be "
        "ordered."
    )

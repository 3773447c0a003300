"""Orders of a purchase order that its name does not lead to (any more): by their numbers, as the pipeline or the vendor reference has them (PO-1).

A purchase order may have been renamed since, or deleted; the list by names goes three months back only, and what was ordered by hand has no name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import cast

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.errors import NO_ORDER, NO_RIGHT_TO_ORDER
from connectors.alibaba.purchase_answers import FoundOrder, found_orders
from connectors.alibaba.purchase_lookup import Standing, judged
from connectors.alibaba.purchase_plan import problem
from connectors.kit.errors import DataError, RuleError, TransientError
from connectors.kit.order_numbers import order_numbers
from connectors.kit.ports import Delivery
from connectors.kit.rate import Priority
from schemas.records import PurchaseOrder, ResultProblem

CANCELLED = "cancel"


@dataclass
class ByNumber:
    """orders: of this purchase order; problems: for a person, who has to see whose the others are, or what has become of them."""

    orders: list[FoundOrder] = field(default_factory=list)
    problems: list[ResultProblem] = field(default_factory=list)


def made_for(delivery: Delivery) -> list[str]:
    """Numbers of the orders that Causeway has made for it, as far as the pipeline knows."""
    known = delivery.known.remote_id.split(",") if delivery.known is not None else []
    return [one for one in dict.fromkeys(known) if one]


def written_on(order: PurchaseOrder) -> list[str]:
    """Numbers in its vendor reference."""
    return order_numbers(order["supplier_reference"])


async def order_by_number(client: AlibabaClient, number: str) -> FoundOrder | None:
    """As it is now; None where the platform shows this buyer no such order. Raises ConnectorError."""
    try:
        body = await client.call("order_view", {"webSite": "1688", "orderId": number}, priority=Priority.ORDERS)
    except (DataError, RuleError) as error:
        if error.code == NO_ORDER or error.code in NO_RIGHT_TO_ORDER:
            return None
        raise
    found = found_orders([body.get("result")])
    if not found or found[0].order_id != number:
        raise TransientError(f"order_view {number}: the answer is not that order")
    return found[0]


async def orders_made_for(client: AlibabaClient, delivery: Delivery) -> list[FoundOrder]:
    """All that Causeway has made for it, as they are now; none where 1688 does not show one of them. Raises ConnectorError."""
    found = [await order_by_number(client, one) for one in made_for(delivery)]
    shown = [one for one in found if one is not None]
    return shown if len(shown) == len(found) else []


async def with_known(
    client: AlibabaClient, delivery: Delivery, standings: Sequence[Standing]
) -> tuple[list[Standing], list[str]]:
    """Where some parts are there and others are not, for the list shows late what was made: those that are missing, by the numbers that were made
    for it. Also the numbers of which nobody knows whether they are what is missing. Raises ConnectorError."""
    seen = {order.order_id for one in standings for order in one.orders}
    if not seen or all(one.exists for one in standings):
        return list(standings), [] if seen else made_for(delivery)
    called = {one.part.reference for one in standings}
    beside: list[FoundOrder] = []
    lost: list[str] = []
    for number in made_for(delivery):
        found = await order_by_number(client, number) if number not in seen else None
        if found is not None and found.reference in called:
            beside.append(found)
        elif number not in seen and (found is None or found.is_alive):
            lost.append(number)
    return [one if one.exists else _with(one, beside) for one in standings], lost


def _with(standing: Standing, orders: Sequence[FoundOrder]) -> Standing:
    mine = [one for one in orders if one.reference == standing.part.reference]
    return judged(standing.part, mine) if mine else standing


async def by_number(client: AlibabaClient, delivery: Delivery, seen: Collection[str]) -> ByNumber:
    """What it has beside those that its name led to (`seen`). A number that was written on a draft is there for its confirmation: what it is of is
    left alone. Raises ConnectorError."""
    order, ours, found = cast("PurchaseOrder", delivery.body), made_for(delivery), ByNumber()
    shared: set[str] = set()  # references of those made for it: what is split off bears the same
    for number in _numbers(ours, written_on(order) if order["state"] == CANCELLED else (), seen):
        one = await order_by_number(client, number)
        if one is None:
            found.problems.append(problem(_not_shown(number, is_ours=number in ours)))
        elif number in ours or not one.is_alive or one.reference in shared:
            found.orders.append(one)
            shared |= {one.reference} - {""} if number in ours else set()
        else:
            called = f"is called {one.reference}" if one.reference else "was placed by hand"
            words = (
                f"Order {number} stands in the vendor reference and {called} at 1688; it is not known to be made for this purchase order, "
                "so it was left alone: cancel it there if it is not wanted."
            )
            found.problems.append(problem(words))
    return found


def _numbers(ours: Sequence[str], written: Sequence[str], seen: Collection[str]) -> list[str]:
    return [one for one in dict.fromkeys((*ours, *written)) if one not in seen]


def _not_shown(number: str, *, is_ours: bool) -> str:
    if is_ours:
        return f"Order {number} was made for this purchase order, but 1688 does not show it any more: look there what has become of it."
    return f"The vendor reference has {number}, which looks like an order's number, but this 1688 account has no such order: see whose it is."

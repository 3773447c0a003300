"""Orders that live at 1688 although the purchase order, as it is now, does not lead to them (PO-1): it was edited after it was ordered, so that it
cannot be ordered any more, or has fewer parts than were sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.doubts import Doubt
from connectors.alibaba.purchase_compare import LINE
from connectors.alibaba.purchase_earlier import standings_before, standings_under
from connectors.alibaba.purchase_lookup import Standing, Whose, orders_of
from connectors.alibaba.purchase_numbers import made_for, order_by_number
from connectors.alibaba.purchase_plan import PurchasePart, reference_of
from connectors.alibaba.purchase_results import Placed
from connectors.kit.ports import Delivery
from schemas.records import PurchaseOrder, ResultDifference


async def living_of(
    client: AlibabaClient, delivery: Delivery, parts: Sequence[PurchasePart], doubt: Doubt | None, prefix: str
) -> list[Placed]:
    """Those that are known to be made for it, by their numbers, those of its name, and of names it had when it may have been sent. Raises
    ConnectorError."""
    whose = Whose.of(delivery)
    parts = parts or [_part(delivery, prefix, 0)]
    found: dict[str, Placed] = {}
    for number in made_for(delivery):
        one = await order_by_number(client, number)
        if one is not None and one.is_alive:
            found[number] = Placed(one.made(), one.reference, ())
    standings: list[Standing] = []
    if cast("PurchaseOrder", delivery.body)["name"]:
        standings += await standings_under(client, parts[0].reference, parts, doubt, whose)
    standings += await standings_before(client, parts[0].reference, parts, doubt, whose)
    placed = [one for standing in standings for one in standing.placed]
    if cast("PurchaseOrder", delivery.body)["name"]:
        placed += await behind(client, delivery, len(parts), whose, prefix)
    return list((found | {one.order.order_id: one for one in placed}).values())


async def behind(client: AlibabaClient, delivery: Delivery, place: int, whose: Whose, prefix: str) -> list[Placed]:
    """Of the references behind its last part, until one has no order of it: it may have been larger when it was sent. Those whose numbers are known
    alone, for such a name may be another purchase order's. Raises ConnectorError."""
    found: list[Placed] = []
    while True:
        reference = reference_of(cast("PurchaseOrder", delivery.body), prefix, place)
        ours = [one for one in await orders_of(client, reference) if one.order_id in whose.numbers]
        if not ours:
            return found
        found += [Placed(one.made(), reference, ()) for one in ours if one.is_alive]
        place += 1


def not_wanted(one: Placed) -> ResultDifference:
    """A word on a whole order that the purchase order does not want any more."""
    return ResultDifference(what=LINE, line_id="", ours="", theirs=f"order {one.order.order_id} ({one.reference})")


def _part(delivery: Delivery, prefix: str, place: int) -> PurchasePart:
    return PurchasePart(reference_of(cast("PurchaseOrder", delivery.body), prefix, place), ())

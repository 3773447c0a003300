"""What a purchase order has become under a name it does not have any more (EVT-4, PO-1): it was renamed while nobody knew what had become of its
creation. So before anything is sent under today's name, each reference that the doubt remembers is looked for; what was begun under one goes on under
it, so that all its parts bear one name.

A process that died has left no reference (`doubts`). Then the orders made since it began are looked through: one of ours, alive, with goods of this
purchase order may be its or another's, and a person says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.doubts import Doubt
from connectors.alibaba.purchase_answers import FoundOrder, found_orders
from connectors.alibaba.purchase_lookup import Standing, Whose, standing_of
from connectors.alibaba.purchase_plan import PurchasePart, further, problem
from connectors.alibaba.source import order_rows
from connectors.alibaba.times import stamp
from connectors.kit.errors import TransientError
from connectors.kit.ports import Delivery
from connectors.kit.rate import Priority
from schemas.records import ResultProblem

_PAGE = 20
_CLOCKS_APART = timedelta(minutes=5)  # ours and the platform's


def under(reference: str, parts: Sequence[PurchasePart]) -> list[PurchasePart]:
    """The same parts, called after that one. Pure."""
    return [replace(part, reference=further(reference, at)) for at, part in enumerate(parts)]


async def standings_of(
    client: AlibabaClient, delivery: Delivery, parts: Sequence[PurchasePart], doubt: Doubt | None
) -> list[Standing]:
    """Of its parts, under the name it has now; where nothing is there, under one it had when something may have been sent. Raises ConnectorError."""
    whose, reference = Whose.of(delivery), parts[0].reference
    found = await standings_under(client, reference, parts, doubt, whose)
    if any(one.exists for one in found):
        return found
    return await standings_before(client, reference, parts, doubt, whose) or found


async def standings_under(
    client: AlibabaClient, reference: str, parts: Sequence[PurchasePart], doubt: Doubt | None, whose: Whose
) -> list[Standing]:
    """Of all parts under that reference. Raises ConnectorError."""
    known = replace(whose, may_be_sent=doubt is not None and doubt.may_be(reference))
    return [await standing_of(client, part, known) for part in under(reference, parts)]


async def standings_before(
    client: AlibabaClient, reference: str, parts: Sequence[PurchasePart], doubt: Doubt | None, whose: Whose
) -> list[Standing]:
    """Of all parts under the first of the other references that has an order of it; none where nothing was found. reference: today's, "" for
    none. Raises ConnectorError."""
    for other in doubt.called if doubt is not None else ():
        if other == reference:
            continue
        found = await standings_under(client, other, parts, doubt, whose)
        if any(one.exists for one in found):
            return found
        if found[0].others:  # its name is like a part's, so they may be another purchase order's
            return [replace(found[0], problems=[_whose(found[0].others)])]
    return []


async def maybe_its(
    client: AlibabaClient, doubt: Doubt | None, parts: Sequence[PurchasePart], prefix: str
) -> list[ResultProblem]:
    """A word on what was made while a process that died may have sent it under a name nobody knows. Raises ConnectorError."""
    if doubt is None or not doubt.since:
        return []
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (doubt.since, doubt.sent))
    wanted = {one.offer_id for part in parts for one in part.wanted}
    made = await _made_between(client, begin - _CLOCKS_APART, end + _CLOCKS_APART)
    found = [one for one in made if one.is_alive and one.reference and one.reference.startswith(prefix)]
    if wanted:  # of a purchase order that is gone nobody knows the goods
        found = [one for one in found if not one.cargo or wanted & {offer_id for offer_id, _ in one.cargo}]
    return [_whose(found)] if found else []


async def _made_between(client: AlibabaClient, begin: datetime, end: datetime) -> list[FoundOrder]:
    """Raises TransientError for a list that does not hold what it counts: what it lost may be the one."""
    query = {"createStartTime": stamp(begin), "createEndTime": stamp(end), "pageSize": _PAGE}
    found: dict[str, FoundOrder] = {}
    page = 1
    while True:
        rows, total = await order_rows(client, {**query, "page": page}, Priority.ORDERS)
        orders = found_orders(rows)
        if orders is None:
            raise TransientError("order list: an order in it cannot be read")
        found |= {one.order_id: one for one in orders}
        if not rows or page * _PAGE >= total:
            break
        page += 1
    if len(found) != total:
        raise TransientError("order list: its pages do not hold the orders it counts")
    return list(found.values())


def _whose(orders: Sequence[FoundOrder]) -> ResultProblem:
    told = ", ".join(f"{one.order_id} ({one.reference})" for one in orders[:5])
    more = f" and {len(orders) - 5} more" if len(orders) > 5 else ""
    return problem(
        f"It may have been ordered when it had another name. Orders made at 1688 then: {told}{more}. If one of them is meant for this purchase "
        "order, write its number into the vendor reference; if none is, cancel it here and make it anew."
    )

"""Which orders a purchase order has become: looked up by `outOrderId` before anything is sent, for a creation makes whatever it makes, however often
it comes (EVT-4, PO-1). What is found is held against what was wanted.

One reference may have several orders: the platform splits them. More units than were wanted mean that it was ordered twice, or changed since.

A reference may be that of several purchase orders: `P7-2` is the second part of `P7`, or the purchase order of that name. What is found under it
is ours when its number is known (`Whose`), or when it has just the goods of the part. All else is another's: never adopted, never cancelled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.purchase_answers import FoundOrder, found_orders
from connectors.alibaba.purchase_compare import LINE, QUANTITY
from connectors.alibaba.purchase_plan import PurchasePart, Spec, problem
from connectors.alibaba.purchase_results import Placed
from connectors.alibaba.source import order_rows
from connectors.kit.errors import RuleError, TransientError
from connectors.kit.order_numbers import words_of
from connectors.kit.ports import Delivery
from connectors.kit.rate import Priority
from schemas.records import PurchaseOrder, ResultDifference, ResultProblem

_PAGE = 20
_LIKE_A_PART = re.compile(r".+-([2-9]|[1-9][0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Whose:
    """What is known of whose orders are. numbers: of this purchase order's, by the pipeline or by its vendor reference; may_be_sent: something of it
    may be on its way, under the reference that is looked for."""

    numbers: frozenset[str]
    may_be_sent: bool = False

    @classmethod
    def of(cls, delivery: Delivery) -> Whose:
        known = delivery.known.remote_id.split(",") if delivery.known is not None else []
        written = words_of(cast("PurchaseOrder", delivery.body)["supplier_reference"])
        return cls(frozenset(filter(None, (*known, *written))))


@dataclass(frozen=True, slots=True)
class Standing:
    """A part and what there is of it. With problems a person has to look: it is neither right nor absent. others: orders of that reference that
    are another purchase order's."""

    part: PurchasePart
    orders: Sequence[FoundOrder] = ()
    differences: Sequence[ResultDifference] = field(default=())
    problems: Sequence[ResultProblem] = field(default=())
    others: Sequence[FoundOrder] = ()

    @property
    def exists(self) -> bool:
        return bool(self.orders)

    @property
    def placed(self) -> list[Placed]:
        return [Placed(one.made(), self.part.reference, self._lines(one)) for one in self.orders if one.is_alive]

    def _lines(self, order: FoundOrder) -> list[str]:
        cargo = _units(self.part, [order])
        if not cargo:
            return self.part.line_ids if len(self.orders) == 1 else []
        return [line_id for one in self.part.wanted if one.spec in cargo for line_id in one.line_ids]


async def orders_of(client: AlibabaClient, reference: str) -> list[FoundOrder]:
    """Every order of that reference, cancelled ones too. Raises TransientError for a list that cannot be read, RuleError for one that does not
    go by references: then nobody knows what exists, and nothing may be sent."""
    query = {"outOrderId": reference, "page": 1, "pageSize": _PAGE}
    rows, total = await order_rows(client, query, Priority.ORDERS)
    found = found_orders(rows)
    if found is None:
        raise TransientError("order list: an order in it cannot be read")
    if total > len(rows) or any(one.reference and one.reference != reference for one in found):
        raise RuleError("order list: it does not go by outOrderId, so what exists cannot be told; nothing is ordered")
    return found


async def standing_of(client: AlibabaClient, part: PurchasePart, whose: Whose) -> Standing:
    """What there is of a part. A reference that only others have is a problem: what would be made under it could not be told from theirs."""
    orders = await orders_of(client, part.reference)
    ours = ours_of(part, orders, whose)
    others = [one for one in orders if one not in ours]
    if not others or ours:
        return replace(judged(part, ours), others=others)
    ids = ", ".join(one.order_id for one in others[:5])
    words = (
        f"1688 has an order called {part.reference} already, with other goods ({ids}): rename this purchase order, or make it anew under another "
        "name. If that order is meant for this one, write its number into the vendor reference."
    )
    return Standing(part, problems=[problem(words)], others=others)


def ours_of(part: PurchasePart, orders: Sequence[FoundOrder], whose: Whose) -> list[FoundOrder]:
    """Those that are this purchase order's: known to be, or with just the part's goods, in one or split. A name that no part of another purchase
    order can have is enough where anything of the goods is the same, or something may have been sent."""
    if not _LIKE_A_PART.fullmatch(part.reference):
        wanted = {one.spec for one in part.wanted}
        if whose.may_be_sent or any(not one.cargo or wanted & _units(part, [one]).keys() for one in orders):
            return list(orders)
    elif any(_is_all(part, some) for some in (orders, [one for one in orders if one.is_alive])):
        return list(orders)
    return [one for one in orders if one.order_id in whose.numbers or _is_all(part, [one])]


def _is_all(part: PurchasePart, orders: Sequence[FoundOrder]) -> bool:
    wanted = {one.spec: one.quantity for one in part.wanted}
    return bool(wanted) and _units(part, orders) == wanted


def judged(part: PurchasePart, orders: Sequence[FoundOrder]) -> Standing:
    """What is found, held against what was wanted."""
    alive = [one for one in orders if one.is_alive]
    if orders and not alive:
        words = "It was ordered and cancelled at 1688: make a new purchase order to order it again."
        return Standing(part, orders, problems=[problem(words)])
    units = _units(part, alive)
    unclear = len(alive) > 1 and any(not one.cargo for one in alive)
    wanted = {one.spec: one.quantity for one in part.wanted}
    too_many = any(count > wanted.get(spec, 0) for spec, count in units.items())
    if len(alive) > 1 and (too_many or unclear):
        ids = ", ".join(one.order_id for one in alive[:5])
        return Standing(
            part, orders, problems=[problem(f"1688 has several orders for it ({ids}): cancel those too many.")]
        )
    return Standing(part, orders, differences=_differences(part, units) if units else ())


def _units(part: PurchasePart, orders: Sequence[FoundOrder]) -> dict[Spec, int]:
    """By spec; of an offer that is wanted without one, by the offer."""
    plain = {one.offer_id for one in part.wanted if not one.spec_id}
    units: dict[Spec, int] = {}
    for order in orders:
        for (offer_id, spec_id), count in order.cargo.items():
            spec = (offer_id, "" if offer_id in plain else spec_id)
            units[spec] = units.get(spec, 0) + count
    return units


def _differences(part: PurchasePart, units: dict[Spec, int]) -> list[ResultDifference]:
    found = []
    for one in part.wanted:
        theirs = units.pop(one.spec, 0)
        if theirs != one.quantity:
            found.append(_told(QUANTITY, one.line_ids[0], str(one.quantity), str(theirs)))
    return found + [_told(LINE, "", "", f"offer {offer_id}: {count}") for (offer_id, _), count in units.items()]


def _told(what: str, line_id: str, ours: str, theirs: str) -> ResultDifference:
    return ResultDifference(what=what, line_id=line_id, ours=ours, theirs=theirs)

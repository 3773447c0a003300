"""Acknowledging orders (FUL-1).

Acknowledging covers a whole order. Walmart lets it be repeated, so doing it twice would do no harm; still we look first:

- An order that is acknowledged, shipped or delivered already: nothing is written, `already_applied`. This also spares the quota, which is
  60 acknowledgements a minute against 5,000 reads.
- An order that is cancelled meanwhile: nothing to acknowledge any more, `stale`.
- An order that Walmart fulfils itself (WFS): Walmart takes no acknowledgement of it, `already_applied`.
- Walmart refuses (a rule, or the order moved between our look and our call): we look again, and only if it is still open the refusal stands.
- No answer: we look; what Walmart holds decides.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.kit.each_order import look_and_write
from connectors.kit.line_states import UNKNOWN
from connectors.kit.ports import Delivery, Difference, Outcome, Result, failed
from connectors.kit.reading import Reader
from connectors.walmart.client import WalmartClient
from connectors.walmart.order_state import is_walmarts
from connectors.walmart.statuses import CANONICAL
from schemas.reasons import Reason

MODEL = "order"
WALMART_SHIPS = "walmart_ships_it"


async def acknowledge(client: WalmartClient, delivery: Delivery) -> Outcome:
    """Bring one order to acknowledged. Raises ConnectorError."""
    order_id = Reader(dict(delivery.body)).needed_text("order_id")

    async def look() -> Outcome | None:
        return _settled(await client.get_order(order_id), order_id)

    async def write() -> Outcome:
        return _acknowledged(await client.acknowledge(order_id), order_id)

    return await look_and_write(look, write, is_repeatable=True)


async def acknowledgement(client: WalmartClient, delivery: Delivery) -> list[Difference]:
    """What acknowledging would change now; reads only. Raises ConnectorError."""
    order_id = Reader(dict(delivery.body)).needed_text("order_id")
    order = await client.get_order(order_id)
    settled = _settled(order, order_id)
    if settled is not None:
        return [] if settled.ok else [Difference("order", "not there", "acknowledged")]
    return [Difference("status", ", ".join(sorted(states_of(order))), "acknowledged")]


def _acknowledged(order: object, order_id: str) -> Outcome:
    """What Walmart's answer to an acknowledgement says."""
    if "created" in states_of(order):
        return failed(Reason.CONFLICT, "Walmart accepted the acknowledgement but shows lines that are still Created")
    return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=order_id)


def states_of(order: object) -> set[str]:
    """The canonical states of all parts of an order's lines. Raises DataError for an order that cannot be read."""
    lines = Reader(order).an_object()["orderLines"].children("orderLine")
    parts = [part for line in lines for part in line["orderLineStatuses"].children("orderLineStatus")]
    return {CANONICAL.get(part.text("status").lower(), UNKNOWN) for part in parts}


def _settled(order: Mapping[str, object] | None, order_id: str) -> Outcome | None:
    """What is to be said without writing, None when the order is still to be acknowledged."""
    if order is None:
        return failed(Reason.DATA, "Walmart has no order of this purchaseOrderId; check the account and the id")
    if is_walmarts(order):
        return Outcome(Result.ALREADY_APPLIED, remote_model=MODEL, remote_id=order_id, notes=(WALMART_SHIPS,))
    states = states_of(order)
    if not states or "created" in states or states == {UNKNOWN}:
        return None
    result = Result.STALE if states == {"cancelled"} else Result.ALREADY_APPLIED
    notes = ("order_cancelled",) if states == {"cancelled"} else ()
    return Outcome(result, remote_model=MODEL, remote_id=order_id, notes=notes)

"""What becomes of a number, in outcomes. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from connectors.kit.errors import ConnectorError
from connectors.kit.jobs import CHANGE
from connectors.kit.outgoing.deciding import Item
from connectors.kit.outgoing.marketplace import Marketplace
from connectors.kit.outgoing.values import STOCK, Value
from connectors.kit.ports import Outcome, Result, failed, submitted
from schemas.reasons import Reason

GIVEN_UP = "feed_given_up"
NOT_LISTED = "not_listed"


def applied(item: Item[Value], model: str, detail: str, until: int, now: datetime) -> Outcome:
    """It holds what was sent. `until`: when another value was due, as seen then: the delivery comes back for that one, at once where the
    moment has passed meanwhile. What `item.value` is now need not be what was sent."""
    value = item.value
    if until:
        wait = max(until - now.timestamp(), 1.0)
        return replace(submitted(item.bound(CHANGE, f"{CHANGE}:{until}"), wait), notes=value.notes)
    return Outcome(Result.APPLIED, detail=detail, remote_model=model, remote_id=value.text, notes=value.notes)


def sent_again(at: Marketplace, feed_id: str, patience_hours: float | None) -> Outcome:
    """Its feed is gone, or takes longer than we have patience for (`patience_hours`, None: gone). That counts as a try: a person hears of one
    that never ends."""
    if patience_hours is None:
        return replace(failed(Reason.TRANSIENT, f"the feed has vanished at {at.name}; sent again"), of_record=True)
    detail = f"feed {feed_id} is not over after {patience_hours:g} hours and given up; sent again"
    return replace(failed(Reason.TRANSIENT, detail), of_record=True, notes=(GIVEN_UP,))


def refused(at: Marketplace, item: Item[Value], error: ConnectorError) -> Outcome:
    """The marketplace would not take it, or could not be asked."""
    if at.is_missing(error) and item.value.waits_for:
        return no_item(at, item, str(error))
    return at.outcome_of(error, item.delivery.attempt)


def no_item(at: Marketplace, item: Item[Value], detail: str) -> Outcome:
    """There is no item of its SKU."""
    waiting = failed(Reason.MAPPING, f"{detail}; {at.no_item()}", waiting_for=item.value.waits_for)
    return none_needed(item, waiting)


def none_needed(item: Item[Value], failure: Outcome) -> Outcome:
    """An item that the marketplace does not have cannot be sold: that is what a 0 wants, and no reason to list it."""
    if not (item.value.needs_no_item and failure.waiting_for and failure.waiting_for == item.value.waits_for):
        return failure
    return Outcome(
        Result.APPLIED, remote_model=STOCK, remote_id=item.value.text, detail=failure.detail, notes=(NOT_LISTED,)
    )

"""What becomes of a number, in outcomes. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from connectors.kit.errors import ConnectorError
from connectors.kit.jobs import CHANGE
from connectors.kit.ports import Outcome, Result, failed, submitted
from connectors.walmart import errors
from connectors.walmart.deciding import Item
from connectors.walmart.value_kinds import STOCK, Value
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


def sent_again(feed_id: str, patience_hours: float | None) -> Outcome:
    """Its feed is gone, or takes longer than we have patience for (`patience_hours`, None: gone). That counts as a try: a person hears of one
    that never ends."""
    if patience_hours is None:
        return replace(failed(Reason.TRANSIENT, "the feed has vanished at Walmart; sent again"), of_record=True)
    detail = f"feed {feed_id} is not over after {patience_hours:g} hours and given up; sent again"
    return replace(failed(Reason.TRANSIENT, detail), of_record=True, notes=(GIVEN_UP,))


def refused(item: Item[Value], error: ConnectorError) -> Outcome:
    """Walmart would not take it, or could not be asked."""
    if error.code == errors.NOT_FOUND and item.value.waits_for:
        return no_item(item, str(error))
    return errors.outcome_of(error, item.delivery.attempt)


def no_item(item: Item[Value], detail: str) -> Outcome:
    """Walmart has no item of its SKU."""
    waiting = failed(Reason.MAPPING, f"{detail}; Walmart has no item of this SKU", waiting_for=item.value.waits_for)
    return none_needed(item, waiting)


def none_needed(item: Item[Value], failure: Outcome) -> Outcome:
    """An item that Walmart does not have cannot be sold: that is what a 0 wants, and no reason to list it."""
    if not (item.value.needs_no_item and failure.waiting_for and failure.waiting_for == item.value.waits_for):
        return failure
    return Outcome(
        Result.APPLIED, remote_model=STOCK, remote_id=item.value.text, detail=failure.detail, notes=(NOT_LISTED,)
    )

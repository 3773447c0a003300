"""What a marketplace says of a feed and of each item in it -> outcomes. Pure. Words are ours; a connector's `feed_results.py` reads its own.

Of a feed: PROCESSED is over, and each item has a status of its own; ERROR is over, and nothing (or nobody knows what) was processed; any other
word: it is not over.

    SUCCESS                       applied
    DATA_ERROR                    the item is wrong: failed, with the codes there; a SKU that is not there: waits for its listing
    SYSTEM_ERROR, TIMEOUT_ERROR   the marketplace's trouble with this item: sent again later
    INPROGRESS                    asked again later
    not named at all              failed, and never silent, unless the marketplace names only what went wrong (`FeedState.unnamed`)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from connectors.kit.ports import Outcome, failed
from schemas.reasons import Reason

PROCESSED, ERROR = "PROCESSED", "ERROR"
SUCCESS, INPROGRESS, DATA_ERROR, SYSTEM_ERROR = "SUCCESS", "INPROGRESS", "DATA_ERROR", "SYSTEM_ERROR"
_LONGEST_DETAIL = 450


@dataclass(frozen=True, slots=True)
class ItemError:
    """One error. kind: DATA_ERROR, SYSTEM_ERROR, TIMEOUT_ERROR; empty where it is not told."""

    code: str
    words: str = ""
    field: str = ""
    kind: str = ""

    @property
    def text(self) -> str:
        told = ": ".join(part for part in (self.field, self.words) if part)
        return f"{self.code} ({told})" if told else self.code


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item. sku: the item's name in the feed; reason: whose business its errors are, with DATA_ERROR; unknown_sku: whether
    the marketplace says that it has no item of this SKU."""

    sku: str
    status: str
    item_id: str = ""
    errors: tuple[ItemError, ...] = ()
    reason: Reason = Reason.DATA
    unknown_sku: bool = False


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed. received: items it has; sent_at: aware UTC, None when not told; errors: of the feed as a whole; items: by SKU; unnamed: status of
    items that are not named, "" where every one is."""

    feed_id: str
    status: str
    received: int
    sent_at: datetime | None
    errors: tuple[ItemError, ...] = ()
    items: Mapping[str, ItemResult] = field(default_factory=lambda: MappingProxyType({}))
    unnamed: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it can change nothing any more."""
        busy = any(item.status == INPROGRESS for item in self.items.values())
        return self.status in (PROCESSED, ERROR) and not busy

    def with_items(self, items: Sequence[ItemResult]) -> FeedState:
        return replace(self, items=MappingProxyType({item.sku: item for item in items}))

    def item(self, sku: str) -> ItemResult | None:
        """What became of one, None when nothing says so."""
        found = self.items.get(sku)
        return ItemResult(sku, self.unnamed) if found is None and self.unnamed else found

    def age_seconds(self, now: datetime) -> float:
        """Since it was sent; 0 when the marketplace does not tell."""
        return max(0.0, (now - self.sent_at).total_seconds()) if self.sent_at else 0.0


def told(found: Sequence[ItemError]) -> str:
    """The errors in one line, bounded."""
    return "; ".join(error.text for error in found)[:_LONGEST_DETAIL]


def failure_of(state: FeedState, sku: str, listing_name: str) -> Outcome | None:
    """The failed outcome of an item of a feed that is over; None when it succeeded. `listing_name`: what an unknown SKU waits for, "" = nothing."""
    item = state.item(sku)
    where = f"feed {state.feed_id}"
    if state.status == ERROR and item is None:
        return _whole(state, where)
    if item is None:
        return failed(Reason.BUG, f"{where} is over but does not name this SKU")
    if item.status == SUCCESS:
        return None
    said = f"{where}: {item.status} {told(item.errors)}".rstrip()
    if item.status != DATA_ERROR:
        return replace(failed(Reason.TRANSIENT, f"{said}; sent again later"), of_record=True)
    if item.unknown_sku and listing_name:
        return failed(Reason.MAPPING, f"{said}; there is no item of this SKU there", waiting_for=listing_name)
    return failed(item.reason, said)


def _whole(state: FeedState, where: str) -> Outcome:
    why = f"{where} was refused as a whole: {told(state.errors) or 'it is not said why'}"
    if any(error.kind and error.kind != DATA_ERROR for error in state.errors):
        return replace(failed(Reason.TRANSIENT, f"{why}; sent again later"), of_record=True)
    return failed(Reason.DATA, why)

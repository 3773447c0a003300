"""What Walmart says of a feed and of each item in it -> outcomes. Pure. (Source: model feeds.json.)

SUCCESS                       applied
DATA_ERROR                    the item is wrong: failed, with Walmart's codes; a SKU it does not know: waits for its listing
SYSTEM_ERROR, TIMEOUT_ERROR   Walmart's trouble with this item: sent again later
INPROGRESS                    asked again later
not named at all              failed, and never silent
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from connectors.kit.ports import Outcome, failed
from connectors.kit.reading import Reader
from connectors.walmart import errors
from schemas.reasons import Reason

PROCESSED, ERROR = "PROCESSED", "ERROR"
SUCCESS, INPROGRESS, DATA_ERROR = "SUCCESS", "INPROGRESS", "DATA_ERROR"
_MOST_ERRORS = 5
_LONGEST_DETAIL = 450
# What stands for "there is no item of this SKU" in an item's errors is not published; the words and the API's own code are taken.
_UNKNOWN_SKU_CODES = frozenset({errors.NOT_FOUND, "SKU_NOT_FOUND"})
_UNKNOWN_SKU_WORDS = re.compile(
    r"\b(sku|item)\b.{0,40}\b(not found|does not exist|not set ?up|unknown)\b|\bno item with this sku\b", re.I
)
# The product is known to Walmart under other details, or the SKU belongs to another product: a person decides which is right.
RULE_CODES = frozenset({"ERR_EXT_DATA_0101119", "ERR_EXT_DATA_0101211"})


@dataclass(frozen=True, slots=True)
class ItemError:
    """One ingestion error. kind: DATA_ERROR, SYSTEM_ERROR, TIMEOUT_ERROR."""

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
    """What became of one item."""

    sku: str
    status: str
    item_id: str = ""
    errors: tuple[ItemError, ...] = ()

    @property
    def unknown_sku(self) -> bool:
        """Whether Walmart says that it has no item of this SKU."""
        return any(error.code in _UNKNOWN_SKU_CODES or _UNKNOWN_SKU_WORDS.search(error.words) for error in self.errors)


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed. received: items it has; sent_at: aware UTC, None when not told; errors: of the feed as a whole; items: by SKU."""

    feed_id: str
    status: str
    received: int
    sent_at: datetime | None
    errors: tuple[ItemError, ...] = ()
    items: Mapping[str, ItemResult] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_over(self) -> bool:
        """Whether it can change nothing any more."""
        busy = any(item.status == INPROGRESS for item in self.items.values())
        return self.status in (PROCESSED, ERROR) and not busy

    def with_items(self, items: Sequence[ItemResult]) -> FeedState:
        return replace(self, items=MappingProxyType({item.sku: item for item in items}))

    def age_seconds(self, now: datetime) -> float:
        """Since it was sent; 0 when Walmart does not tell."""
        return max(0.0, (now - self.sent_at).total_seconds()) if self.sent_at else 0.0


def read_state(answer: Reader) -> FeedState:
    """A feed of the list or alone, without its items. Raises DataError."""
    return FeedState(
        feed_id=answer.needed_text("feedId"),
        status=answer.text("feedStatus").upper(),
        received=int(answer.decimal("itemsReceived")) if not answer["itemsReceived"].missing else 0,
        sent_at=answer.time("feedSubmissionDate") or answer.time("feedDate"),
        errors=_errors(answer),
    )


def read_items(answer: Reader) -> list[ItemResult]:
    """The items on a page of details. Raises DataError."""
    return [
        ItemResult(
            sku=item.text("sku"),
            status=item.text("ingestionStatus").upper(),
            item_id=item.text("itemid") or item.text("wpid"),
            errors=_errors(item),
        )
        for item in answer["itemDetails"].children("itemIngestionStatus")
    ]


def _errors(holder: Reader) -> tuple[ItemError, ...]:
    """`ingestionErrors.ingestionError`: a list in the model, a single object has been seen."""
    found = holder["ingestionErrors"].children("ingestionError")
    return tuple(
        ItemError(
            code=error.text("code").strip()[:60],
            words=errors.plain_words(error.text("description")),
            field=error.text("field")[:60],
            kind=error.text("type"),
        )
        for error in found[:_MOST_ERRORS]
    )


def told(found: Sequence[ItemError]) -> str:
    """The errors in one line, bounded."""
    return "; ".join(error.text for error in found)[:_LONGEST_DETAIL]


def failure_of(state: FeedState, sku: str, listing_name: str) -> Outcome | None:
    """The failed outcome of an item of a feed that is over; None when it succeeded. `listing_name`: what an unknown SKU waits for, "" = nothing."""
    item = state.items.get(sku)
    where = f"feed {state.feed_id}"
    if state.status == ERROR and item is None:
        why = f"{where} was refused as a whole: {told(state.errors) or 'Walmart does not say why'}"
        if any(error.kind and error.kind != DATA_ERROR for error in state.errors):
            return replace(failed(Reason.TRANSIENT, f"{why}; sent again later"), of_record=True)
        return failed(Reason.DATA, why)
    if item is None:
        return failed(Reason.BUG, f"{where} is over but does not name this SKU")
    if item.status == SUCCESS:
        return None
    said = f"{where}: {item.status} {told(item.errors)}".rstrip()
    if item.status != DATA_ERROR:
        return replace(failed(Reason.TRANSIENT, f"{said}; sent again later"), of_record=True)
    if item.unknown_sku and listing_name:
        return failed(Reason.MAPPING, f"{said}; Walmart has no item of this SKU", waiting_for=listing_name)
    is_rule = any(error.code in RULE_CODES for error in item.errors)
    return failed(Reason.RULE if is_rule else Reason.DATA, said)

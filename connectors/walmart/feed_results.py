"""What Walmart says of a feed and of each item in it, in the kit's words, which are Walmart's own. Pure. (Source: model feeds.json.)"""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.kit.feed_results import FeedState, ItemError, ItemResult
from connectors.kit.reading import Reader
from connectors.kit.words import plain_words
from connectors.walmart import errors
from schemas.reasons import Reason

_MOST_ERRORS = 5
# What stands for "there is no item of this SKU" in an item's errors is not published; the words and the API's own code are taken.
_UNKNOWN_SKU_CODES = frozenset({errors.NOT_FOUND, "SKU_NOT_FOUND"})
_UNKNOWN_SKU_WORDS = re.compile(
    r"\b(sku|item)\b.{0,40}\b(not found|does not exist|not set ?up|unknown)\b|\bno item with this sku\b", re.I
)
# The product is known to Walmart under other details, or the SKU belongs to another product: a person decides which is right.
RULE_CODES = frozenset({"ERR_EXT_DATA_0101119", "ERR_EXT_DATA_0101211"})


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
    return [_item(item, _errors(item)) for item in answer["itemDetails"].children("itemIngestionStatus")]


def whole_items(answer: Reader) -> list[ItemResult]:
    """The same of a feed that is over: whatever decides what becomes of its items has to be there. An empty list is one. Raises DataError."""
    items = answer["itemDetails"]["itemIngestionStatus"]
    if items.missing:
        raise items.wrong("a list")
    for item in answer["itemDetails"].children("itemIngestionStatus"):
        for name in ("sku", "ingestionStatus"):
            item.needed_text(name)
    return read_items(answer)


def _item(item: Reader, found: Sequence[ItemError]) -> ItemResult:
    return ItemResult(
        sku=item.text("sku"),
        status=item.text("ingestionStatus").upper(),
        item_id=item.text("itemid") or item.text("wpid"),
        errors=tuple(found),
        reason=Reason.RULE if any(error.code in RULE_CODES for error in found) else Reason.DATA,
        unknown_sku=any(
            error.code in _UNKNOWN_SKU_CODES or _UNKNOWN_SKU_WORDS.search(error.words) is not None for error in found
        ),
    )


def _errors(holder: Reader) -> tuple[ItemError, ...]:
    """`ingestionErrors.ingestionError`: a list in the model, a single object has been seen."""
    found = holder["ingestionErrors"].children("ingestionError")
    return tuple(
        ItemError(
            code=error.text("code").strip()[:60],
            words=plain_words(error.text("description")),
            field=error.text("field")[:60],
            kind=error.text("type"),
        )
        for error in found[:_MOST_ERRORS]
    )

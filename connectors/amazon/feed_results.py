"""What Amazon says of a feed and of each item in it, in the kit's words. Pure.

    DONE        PROCESSED: only what went wrong is named, so an item that is not named has succeeded, if all that went wrong is named
    FATAL       ERROR: some, none or all of it may have been carried out; sent again later unless the result says what is wrong with it
    CANCELLED   ERROR: somebody cancelled it before it began; sent again later
    IN_QUEUE, IN_PROGRESS   not over

Items are called by their SKU, those of order feeds `ORDER/ITEM`. (Sources: model feeds_2021-06-30, listings-feed-processing-report-schema-v2;
the report on flat files as Seller Central hands it out.)
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.amazon.feed_documents import LISTINGS
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.feed_results import (
    DATA_ERROR,
    ERROR,
    PROCESSED,
    SUCCESS,
    SYSTEM_ERROR,
    FeedState,
    ItemError,
    ItemResult,
)
from connectors.kit.reading import Reader
from connectors.kit.words import plain_words

DONE, FATAL, CANCELLED = "DONE", "FATAL", "CANCELLED"
NOT_OVER = ("IN_QUEUE", "IN_PROGRESS")
_WORDS = {DONE: PROCESSED, FATAL: ERROR, CANCELLED: ERROR}
# The first column of the table in the result of a flat file.
TABLE = "original-record-number"
_MOST_ERRORS = 5
_FAILURE = "ERROR"
# 13013 is "This SKU does not exist in the Amazon catalog" of all feeds; the words are those of the Listings API.
_UNKNOWN_SKU_CODES = frozenset({"13013"})
_UNKNOWN_SKU_WORDS = re.compile(
    r"\bsku\b.{0,60}\b(not found|does not exist|not match any|unknown)\b|\bno such sku\b", re.I
)
_COUNTED = re.compile(r"number of records (processed|successful)\s+(\d+)", re.I)


@dataclass(slots=True)
class Report:
    """What a result document says. processed, failed: items, None where it does not tell; items: errors by item; whole: of the file."""

    processed: int | None = None
    failed: int | None = None
    items: dict[str, list[ItemError]] = field(default_factory=lambda: defaultdict(list))
    whole: list[ItemError] = field(default_factory=list)

    @property
    def tells_all(self) -> bool:
        """Whether all that went wrong is named."""
        return not self.whole and self.failed is not None and self.failed <= len(self.items)


def read_state(feed: Reader) -> FeedState:
    """A feed of the list or alone, without its result. Raises DataError."""
    word = feed.needed_text("processingStatus").upper()
    errors: tuple[ItemError, ...] = ()
    if word == CANCELLED:
        errors = (ItemError(CANCELLED, "cancelled before it was processed", kind=SYSTEM_ERROR),)
    elif word == FATAL:
        errors = (ItemError(FATAL, "aborted by Amazon", kind=SYSTEM_ERROR),)
    return FeedState(feed.needed_text("feedId"), _WORDS.get(word, word), 0, feed.time("createdTime"), errors)


def with_report(state: FeedState, report: Report | None) -> FeedState:
    """A feed that is over, with what its result says; None: it has none. A feed is never taken to have succeeded because nobody says otherwise."""
    if report is None:
        return replace(state, unnamed=SYSTEM_ERROR if state.status == PROCESSED else "")
    items = [_item(name, found) for name, found in report.items.items()]
    state = replace(state.with_items(items), received=report.processed or 0)
    if state.status == PROCESSED:
        return replace(state, unnamed=SUCCESS if report.tells_all else SYSTEM_ERROR, errors=tuple(report.whole))
    # What the result says is wrong with the file is no passing trouble.
    return replace(state, errors=tuple(report.whole[:_MOST_ERRORS])) if report.whole else state


def read_report(kind: str, content: bytes) -> Report:
    """A result document. Raises DataError for one that cannot be read."""
    return _of_listings(content) if kind == LISTINGS else _of_flat_file(content)


def item_name(order_id: str, item_id: str) -> str:
    """What an item of an order feed is called."""
    return f"{order_id}/{item_id}"


def _item(name: str, found: Sequence[ItemError]) -> ItemResult:
    unknown = any(
        error.code in _UNKNOWN_SKU_CODES or _UNKNOWN_SKU_WORDS.search(error.words) is not None for error in found
    )
    return ItemResult(name, DATA_ERROR, errors=tuple(found[:_MOST_ERRORS]), unknown_sku=unknown)


def _of_listings(content: bytes) -> Report:
    try:
        whole = Reader(exact_json.loads(content)).an_object()
    except ValueError:
        raise DataError("the result of the feed is no JSON") from None
    summary = whole["summary"]
    report = Report(_count(summary, "messagesProcessed"), _count(summary, "messagesInvalid"))
    for issue in whole.objects("issues"):
        if issue.text("severity").upper() != _FAILURE:
            continue
        error = _error(issue.text("code"), issue.text("message"), issue.text("attributeName"))
        if sku := issue.text("sku"):
            report.items[sku].append(error)
        else:
            report.whole.append(error)
    return report


def _of_flat_file(content: bytes) -> Report:
    """A summary in lines of their own, then a table with a line for each record that failed."""
    lines = content.decode("utf-8-sig", errors="replace").splitlines()
    counts: dict[str, int] = {}
    columns: list[str] = []
    report = Report()
    for line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if columns:
            if any(cells):
                _failed_record(report, dict(zip(columns, cells, strict=False)))
        elif found := _COUNTED.search(line):
            counts[found[1].lower()] = int(found[2])
        elif TABLE in cells:
            columns = cells
    if "processed" not in counts:
        raise DataError("the result of the feed tells no number of records")
    report.processed = counts["processed"]
    report.failed = report.processed - counts["successful"] if "successful" in counts else None
    return report


def _failed_record(report: Report, row: Mapping[str, str]) -> None:
    if row.get("error-type", _FAILURE).upper() != _FAILURE:
        return
    error = _error(row.get("error-code", ""), row.get("error-message", ""), "")
    order_id, item_id = row.get("order-id", ""), row.get("order-item-id") or row.get("amazon-order-item-code", "")
    if order_id:
        report.items[item_name(order_id, item_id)].append(error)
    else:
        report.whole.append(error)


def _error(code: str, words: str, place: str) -> ItemError:
    return ItemError(code.strip()[:60], plain_words(words), place[:60], DATA_ERROR)


def _count(summary: Reader, name: str) -> int | None:
    return None if summary[name].missing else int(summary.decimal(name))

"""ERR-1, RATE-1: a feed's document, and what its result means for each item: nothing has succeeded because nobody says otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.amazon.feed_documents import (
    CANCELLATIONS,
    COLUMNS,
    LINES,
    LISTINGS,
    MESSAGES,
    document_of,
    tab_separated,
)
from connectors.amazon.feed_results import read_report, read_state, with_report
from connectors.kit.errors import DataError
from connectors.kit.feed_results import failure_of
from connectors.kit.feeds import Feed, Lost, lost_in
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from schemas.reasons import Reason

HEAD = "Feed Processing Summary:\n\tNumber of records processed\t\t{}\n\tNumber of records successful\t\t{}\n\n"
COLS = "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\n"
ITEM = "1-2/3"


def listing_result(issues: list[dict[str, Any]], processed: Any = 2, invalid: Any = 1) -> bytes:
    summary = {
        "errors": 1,
        "warnings": 0,
        "messagesProcessed": processed,
        "messagesAccepted": 1,
        "messagesInvalid": invalid,
    }
    found = {name: value for name, value in summary.items() if value is not None}
    return json.dumps({"header": {"feedId": "1"}, "issues": issues, "summary": found}).encode()


def issue(sku: str | None = "A", severity: str = "ERROR", code: str = "99022", message: str = "no") -> dict[str, Any]:
    plain = {
        "messageId": 1,
        "sku": sku,
        "code": code,
        "severity": severity,
        "message": message,
        "attributeName": "price",
    }
    return {name: value for name, value in plain.items() if value is not None}


def outcome(kind: str, content: bytes | None, item: str, status: str = "DONE", listing: str = "listing:x") -> Any:
    state = read_state(Reader({"feedId": "1", "processingStatus": status, "createdTime": "2026-11-20T12:00:00Z"}))
    return failure_of(with_report(state, read_report(kind, content) if content is not None else None), item, listing)


@pytest.mark.parametrize(("issues", "invalid", "reason", "of_record"), [
    ([], 0, None, False),
    ([issue(severity="WARNING")], 0, None, False),
    ([issue()], 1, Reason.DATA, False),
    ([issue("B")], 1, None, False),  # another's
    ([issue("B")], 2, Reason.TRANSIENT, True),  # one more has failed, and nobody says which
    ([issue(None)], 0, Reason.TRANSIENT, True),  # something about the file
    ([], None, Reason.TRANSIENT, True),  # no summary
    ([issue(code="13013")], 1, Reason.MAPPING, False),
    ([issue(message="SKU A was not found in the catalog")], 1, Reason.MAPPING, False),
])  # fmt: skip
def test_a_result_of_listings(
    issues: list[dict[str, Any]], invalid: Any, reason: Reason | None, of_record: bool
) -> None:
    found = outcome(LISTINGS, listing_result(issues, invalid=invalid), "A")
    assert (found.reason if found else None, bool(found) and found.of_record) == (reason, of_record)


@pytest.mark.parametrize(("text", "reason"), [
    (HEAD.format(1, 1) + COLS, None),
    (HEAD.format(1, 1), None),
    (HEAD.format(2, 1) + COLS + "1\t1-2\t3\t18027\tError\ttoo much\n", Reason.DATA),
    (HEAD.format(2, 1) + COLS + "1\t1-2\t9\t18027\tError\ttoo much\n", None),
    (HEAD.format(2, 2) + COLS + "1\t1-2\t3\t1\tWarning\tfunny\n", None),
    (HEAD.format(2, 0) + COLS + "1\t1-2\t9\t18027\tError\ttoo much\n", Reason.TRANSIENT),
    (HEAD.format(0, 0) + COLS + "\t\t\t90200\tError\tno columns\n", Reason.TRANSIENT),
])  # fmt: skip
def test_a_result_of_a_flat_file(text: str, reason: Reason | None) -> None:
    """Whatever its line ends."""
    for content in (text.encode(), text.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + text.encode()):
        found = outcome(CANCELLATIONS, content, ITEM)
        assert (found.reason if found else None) == reason


@pytest.mark.parametrize(("status", "content", "reason", "words"), [
    ("DONE", None, Reason.TRANSIENT, "SYSTEM_ERROR"),  # over, without a result
    ("FATAL", None, Reason.TRANSIENT, "aborted by Amazon"),
    ("CANCELLED", None, Reason.TRANSIENT, "cancelled before"),
    ("FATAL", HEAD.format(0, 0) + COLS + "\t\t\t90200\tError\tno columns\n", Reason.DATA, "90200"),
    ("FATAL", HEAD.format(1, 0) + COLS + "1\t1-2\t3\t1\tError\tbad\n", Reason.DATA, "bad"),
])  # fmt: skip
def test_a_feed_that_did_not_end_well(status: str, content: str | None, reason: Reason, words: str) -> None:
    found = outcome(CANCELLATIONS, content.encode() if content else None, ITEM, status)
    assert (found.reason, words in found.detail) == (reason, True)


def test_words_are_told_without_persons() -> None:
    found = outcome(LISTINGS, listing_result([issue(message="ask ava@shop.example")]), "A")
    assert "ava@" not in found.detail
    assert "99022" in found.detail


@pytest.mark.parametrize(
    ("kind", "content"), [(LISTINGS, b"<html>"), (LISTINGS, b"[]"), (CANCELLATIONS, b""), (CANCELLATIONS, b"\xff\xfe")]
)
def test_what_is_no_result_is_a_data_error(kind: str, content: bytes) -> None:
    with pytest.raises(DataError):
        read_report(kind, content)


@pytest.mark.parametrize(
    ("word", "over"),
    [("IN_QUEUE", False), ("IN_PROGRESS", False), ("DONE", True), ("FATAL", True), ("CANCELLED", True), ("NEW", False)],
)
def test_when_a_feed_is_over(word: str, over: bool) -> None:
    assert read_state(Reader({"feedId": "1", "processingStatus": word})).is_over is over


def test_messages_are_numbered_when_all_that_go_together_are_known() -> None:
    feed = Feed(LISTINGS, {MESSAGES: [{"sku": "A"}, {"sku": "B"}]}, ["A", "B"], "m", Priority.STOCK, "US")
    whole = json.loads(document_of(feed, "SELLER1"))
    assert whole["header"] == {"sellerId": "SELLER1", "version": "2.0", "issueLocale": "en_US"}
    assert [one["messageId"] for one in whole["messages"]] == [1, 2]


def test_a_flat_file_has_a_line_each_and_no_line_becomes_two() -> None:
    feed = Feed(
        CANCELLATIONS, {COLUMNS: ("a", "b"), LINES: [{"a": "1"}, {"b": "2", "a": "3"}]}, ["x"], "m", Priority.ORDERS
    )
    assert document_of(feed, "S") == b"a\tb\r\n1\t\r\n3\t2\r\n"
    for value in ("x\ty", "x\ny", "x\ry"):
        with pytest.raises(DataError):
            tab_separated(["a"], [{"a": value}])


def test_a_lost_feed_is_named_by_what_is_known_of_it() -> None:
    lost = Lost(CANCELLATIONS, 3, 1_795_000_000_000, "mark")
    assert lost_in(lost.name) == lost
    assert lost.name == f"lost:{CANCELLATIONS}/3/1795000000000/mark"

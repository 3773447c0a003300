"""What Walmart says of the items of a feed -> outcomes (INV-4, ERR-3): every shape met, nothing silent, nothing personal."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.errors import DataError
from connectors.kit.feed_results import FeedState, failure_of, told
from connectors.kit.reading import Reader
from connectors.walmart.feed_results import read_items, read_state
from schemas.reasons import Reason
from tests.unit.walmart.fake import NOW

LISTING = "listing:walmart:main:A"


def answer(status: str = "PROCESSED", *items: dict[str, Any], received: Any = None, **more: Any) -> Reader:
    count = len(items) if received is None else received
    detail = {"itemDetails": {"itemIngestionStatus": list(items)}} if items else {}
    return Reader({"feedId": "F@1", "feedStatus": status, "itemsReceived": count, **detail, **more})


def item(status: str, *errors: dict[str, Any], sku: str = "A", **more: Any) -> dict[str, Any]:
    held: Any = {"ingestionError": list(errors)} if errors else None
    return {"martId": 0, "sku": sku, "index": 0, "ingestionStatus": status, "ingestionErrors": held, **more}


def state(*items: dict[str, Any], status: str = "PROCESSED", **more: Any) -> FeedState:
    found = answer(status, *items, **more)
    return read_state(found).with_items(read_items(found))


def error(code: str, words: str = "", kind: str = "DATA_ERROR", **more: Any) -> dict[str, Any]:
    return {"type": kind, "code": code, "description": words, **more}


def test_success_is_no_failure() -> None:
    assert failure_of(state(item("SUCCESS")), "A", LISTING) is None


@pytest.mark.parametrize(
    ("found", "reason", "waits", "of_record"),
    [
        (item("DATA_ERROR", error("ERR_PDI_0047", "invalid check-digit")), Reason.DATA, "", False),
        (item("DATA_ERROR", error("ERR_EXT_DATA_0101119", "other details")), Reason.RULE, "", False),
        (item("DATA_ERROR", error("CONTENT_NOT_FOUND", "nothing")), Reason.MAPPING, LISTING, False),
        (item("DATA_ERROR", error("ERR_X", "Item not found for the given SKU")), Reason.MAPPING, LISTING, False),
        (item("DATA_ERROR", error("ERR_X", "The SKU does not exist in our catalog")), Reason.MAPPING, LISTING, False),
        (item("DATA_ERROR"), Reason.DATA, "", False),
        (item("SYSTEM_ERROR", error("ERR_PDI_0005", kind="SYSTEM_ERROR")), Reason.TRANSIENT, "", True),
        (item("TIMEOUT_ERROR"), Reason.TRANSIENT, "", True),
        (item("SUCCESS", sku="B"), Reason.BUG, "", False),  # ours is not named: never silent
    ],
)
def test_each_status_has_its_reason(found: dict[str, Any], reason: Reason, waits: str, of_record: bool) -> None:
    """ERR-3: data is for people, Walmart's own trouble is tried again, a missing item starts the product flow."""
    failure = failure_of(state(found), "A", LISTING)
    assert failure is not None
    assert (failure.reason, failure.waiting_for, failure.of_record) == (reason, waits, of_record)


def test_codes_and_words_are_told_bounded_and_without_persons() -> None:
    many = [error(f"ERR_{n}", "w" * 500, field="f" * 200) for n in range(30)]
    failure = failure_of(
        state(item("DATA_ERROR", error("ERR_1", "ask ava@shop.example or 555-123-4567"), *many)), "A", ""
    )
    assert failure is not None
    assert "ava@" not in failure.detail
    assert "555" not in failure.detail
    assert "ERR_1" in failure.detail
    assert len(failure.detail) < 500


def test_a_single_error_stands_for_a_list_of_one() -> None:
    one = item("DATA_ERROR")
    one["ingestionErrors"] = {"ingestionError": error("ERR_PDI_0047", "invalid check-digit", field="productId")}
    (found,) = read_items(answer("PROCESSED", one))
    assert told(found.errors) == "ERR_PDI_0047 (productId: invalid check-digit)"


@pytest.mark.parametrize(
    ("kind", "reason"), [("DATA_ERROR", Reason.DATA), ("SYSTEM_ERROR", Reason.TRANSIENT), ("", Reason.DATA)]
)
def test_a_feed_refused_as_a_whole_fails_each_item(kind: str, reason: Reason) -> None:
    refused = state(
        status="ERROR", received=0, ingestionErrors={"ingestionError": [error("ERR_EXT_DATA_0503009", "no", kind)]}
    )
    failure = failure_of(refused, "A", LISTING)
    assert failure is not None
    assert (failure.reason, "ERR_EXT_DATA_0503009" in failure.detail) == (reason, True)


@pytest.mark.parametrize(
    ("status", "found", "over"),
    [
        ("RECEIVED", "INPROGRESS", False),
        ("INPROGRESS", "SUCCESS", False),
        ("PROCESSED", "SUCCESS", True),
        ("PROCESSED", "INPROGRESS", False),  # processed, but one is still worked on
        ("ERROR", "DATA_ERROR", True),
    ],
)
def test_processed_is_over_only_when_no_item_is_in_progress(status: str, found: str, over: bool) -> None:
    assert state(item(found), status=status).is_over is over


def test_its_age_is_told_from_either_name_of_the_time() -> None:
    millis = int(NOW.timestamp() * 1000) - 90_000
    assert read_state(answer(feedSubmissionDate=millis)).age_seconds(NOW) == 90
    assert read_state(answer(feedDate=millis)).age_seconds(NOW) == 90
    assert read_state(answer()).age_seconds(NOW) == 0


@pytest.mark.parametrize("bad", [{}, {"feedId": "F", "itemsReceived": "many"}, {"feedId": "F", "itemDetails": [1]}])
def test_what_is_no_feed_is_a_data_error(bad: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        (read_items(Reader(bad)), read_state(Reader(bad)))

"""TEST-1, INV-4: a listings feed is read as a whole first, then message by message; what is wrong with one is said of that one."""

import json
from typing import Any

import pytest

from connectors.amazon.sandbox.listing_feed import MAX_MESSAGES, FileError, Message, count, messages_of, read
from tests.unit.amazon_sandbox_goods.goods import US, full, op, stock

Json = dict[str, Any]
SELLER = "A1"
PATCH: Json = {
    "operationType": "PATCH",
    "productType": "PRODUCT",
    "patches": [op("merge", "fulfillment_availability", stock(3))],
}


def message(number: Any = 1, sku: Any = "S-1", **more: Any) -> Json:
    return {"messageId": number, "sku": sku, **(more or PATCH)}


def file(*messages: Any, **header: Any) -> bytes:
    return json.dumps({"header": {"sellerId": SELLER, "version": "2.0", **header}, "messages": messages}).encode()


def read_one(given: Any) -> Message:
    (found,) = read([given], (US,), 7.0, "feed-1")
    return found


@pytest.mark.parametrize(
    "content",
    [
        b"sku\tquantity\r\nS-1\t3\r\n",
        b"[]",
        b"{}",
        file(),
        file(message(), version="1.0"),
        file(message(), sellerId="someone"),
        json.dumps({"header": {"sellerId": SELLER, "version": "2.0"}, "messages": [0] * (MAX_MESSAGES + 1)}).encode(),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(FileError):
        messages_of(content, SELLER)


def test_a_file_of_as_many_messages_as_allowed_is_read() -> None:
    content = json.dumps({"header": {"sellerId": SELLER, "version": "2.0"}, "messages": [0] * MAX_MESSAGES}).encode()
    assert len(messages_of(content, SELLER)) == count(content) == MAX_MESSAGES
    assert count(b"no feed") == 0


@pytest.mark.parametrize(
    ("given", "about"),
    [
        (7, "object"),
        (message(0), "messageId"),
        (message("1"), "messageId"),
        (message(True), "messageId"),
        (message(sku=""), "sku"),
        (message(sku="x" * 41), "sku"),
        (message(operationType="REMOVE"), "operationType"),
        (message(**{**PATCH, "attributes": full()}), "attributes"),
        (message(operationType="DELETE", productType="PRODUCT"), "productType"),
        (message(operationType="PATCH", patches=PATCH["patches"]), "productType"),
        (message(operationType="PATCH", productType="PRODUCT", patches=[]), "patches"),
        (
            message(
                operationType="PATCH", productType="PRODUCT", patches=[{"op": "remove", "path": "/attributes/color"}]
            ),
            "op",
        ),
        (
            message(
                operationType="PATCH",
                productType="PRODUCT",
                patches=[{"op": "add", "path": "/attributes/color", "value": {"value": "red"}}],
            ),
            "value",
        ),
        (message(operationType="UPDATE", productType="PRODUCT", attributes={}), "attributes"),
        (message(operationType="UPDATE", productType="PRODUCT", attributes={"color": "red"}), "color"),
        (message(operationType="UPDATE", productType="PRODUCT", attributes=full(), requirements="ALL"), "requirements"),
    ],
)
def test_a_wrong_message_is_named_and_no_other(given: Any, about: str) -> None:
    wrong, right = read([given, message(2)], (US,), 7.0, "feed-1")
    assert (wrong.change, right.issues) == (None, ())
    assert about in wrong.issues[0].message
    assert right.change is not None


def test_a_number_used_twice_counts_once() -> None:
    first, second = read([message(5), message(5, "S-2")], (US,), 7.0, "feed-1")
    assert first.change is not None
    assert second.change is None


def test_operations_are_the_calls_of_the_api() -> None:
    update = read_one(
        message(operationType="UPDATE", productType="LAMP", attributes=full(), requirements="LISTING_PRODUCT_ONLY")
    ).change
    assert update is not None
    assert (update.kind, update.product_type, update.requirements) == ("put", "LAMP", "LISTING_PRODUCT_ONLY")
    partial = read_one(
        message(operationType="PARTIAL_UPDATE", productType="LAMP", attributes={"fulfillment_availability": [stock(4)]})
    ).change
    assert partial is not None
    assert partial.patches == [op("replace", "fulfillment_availability", stock(4))]
    delete = read_one(message(operationType="DELETE")).change
    assert delete is not None
    assert (delete.kind, delete.places) == ("delete", (US,))


def test_a_message_knows_when_its_feed_was_sent() -> None:
    """INV-5: the history tells an older number by this."""
    change = read_one(message()).change
    assert change is not None
    assert (change.sent_at, change.via, change.reference) == (7.0, "feed", "feed-1")

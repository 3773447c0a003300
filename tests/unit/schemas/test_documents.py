"""ERR-6: a record as JSON and back, held against its schema, every problem with its place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.codec import schema_names
from schemas.documents import DocumentError, from_document, to_document
from schemas.views import view_record
from tests.unit.failure.samples import KEY, codec

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def order() -> dict[str, Any]:
    """Every field of an order, as the codec decodes it."""
    money = {"amount": "10.00", "currency": "USD"}
    short = {
        "key": KEY, "source": "walmart", "account": "ACME", "order_id": "1", "version": 7, "status": "created", "ordered_at": AT,
        "updated_at": AT, "currency": "USD", "total": money, "tax_total": money, "buyer": {"name": "Ann"}, "ship_to": {"country": "US"},
    }  # fmt: skip
    decoded: dict[str, Any] = codec().decode("order", codec().encode("order", short))
    return decoded


def test_there_and_back_is_the_same_record() -> None:
    assert from_document("order", to_document("order", order())) == order()


def test_fields_with_a_default_may_be_left_out() -> None:
    document = to_document("order", order())
    del document["lines"], document["buyer_note"], document["ship_by"]
    assert from_document("order", document) == order()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"colour": 1}, "colour: there is no such field"),
        ({"version": "7"}, "version: must be a whole number, is str"),
        ({"version": True}, "version: must be a whole number"),
        ({"test": 1}, "test: must be true or false"),
        ({"status": None}, "status: must be text"),
        ({"lines": {}}, "lines: must be a list"),
        ({"lines": ["x"]}, r"lines\[0\]: must be an object"),
        ({"buyer": {"name": 5}}, "buyer.name: must be text"),
        ({"total": {"amount": "1"}}, "total.currency: is missing"),
        ({"ordered_at": "yesterday"}, "ordered_at: must be a time"),
        ({"extras": {"a": 1}}, "extras.a: must be text"),
    ],
)
def test_every_problem_names_its_place(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(DocumentError, match=problem):
        from_document("order", to_document("order", order()) | change)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(DocumentError) as caught:
        from_document("order", to_document("order", order()) | {"colour": 1, "version": "x"})
    assert "colour" in str(caught.value)
    assert "version" in str(caught.value)


@pytest.mark.parametrize("content", [None, [], "x", 5])
def test_what_is_no_object_is_no_record(content: Any) -> None:
    with pytest.raises(DocumentError, match="must be an object"):
        from_document("order", content)


@pytest.mark.parametrize("name", schema_names())
def test_every_schema_can_be_walked(name: str) -> None:
    """A new kind of type in a schema is noticed here."""
    with pytest.raises(DocumentError, match="is missing"):
        from_document(name, {})
    assert view_record(name, {}) == {}

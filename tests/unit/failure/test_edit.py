"""ERR-6: an edit is held against the schema, the original is kept, and nobody takes the edited record for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.checksum import checksum
from schemas.headers import decode_headers, encode_headers
from streams.failure.dead import Letter
from streams.failure.edit import EditError, apply_sets, changed_places, edited_messages, open_draft, parse_json
from tests.unit.failure.samples import KEY, codec, deliver_value, headers

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def acknowledge() -> bytes:
    command = {"key": KEY, "source": "walmart", "account": "ACME", "order_id": "1", "accepted_at": AT}
    return codec().encode("acknowledge_order", command)


def raw_value(payload: bytes) -> bytes:
    event = {
        "source": "walmart", "account": "ACME", "entity": "order", "key": KEY, "payload": payload, "fetched_at": AT, "checksum": "c",
        "correlation": "x",
    }  # fmt: skip
    return codec().encode("raw_event", event)


def letter(value: bytes, target: str = "deliver.walmart.critical", raw: dict[str, bytes] | None = None) -> Letter:
    failed: dict[str, Any] = {
        "id": "failed-1", "destination": "walmart", "operation": "acknowledge_order", "target": target, "value": value, "correlation": "corr-1",
        "headers": dict(encode_headers(headers())) if raw is None else raw, "env": "sandbox", "state": "dead",
    }  # fmt: skip
    return Letter("dead.walmart/0/1", KEY.encode(), failed)


def edited(found: Letter, *sets: str) -> tuple[Any, Any]:
    draft = open_draft(codec(), found)
    document = apply_sets(draft.document, sets)
    return edited_messages(codec(), draft, document, actor="me", at=AT, note="why")


def test_the_body_of_a_delivery_is_what_is_edited() -> None:
    message, noted = edited(letter(deliver_value(body=acknowledge())), "order_id=2", "accepted_at=2026-11-22T00:00:00Z")
    value = codec().decode("deliver", message.value)
    body = codec().decode("acknowledge_order", value["body"])
    assert (body["order_id"], body["accepted_at"]) == ("2", datetime(2026, 11, 22, tzinfo=UTC))
    assert (message.topic, message.key) == ("deliver.walmart.critical", KEY.encode())
    known = decode_headers(message.headers)
    assert value["id"] == known.id != "d" * 32
    assert value["checksum"] == known.checksum != "c" * 32
    assert known.correlation == "corr-1"
    assert dict(message.headers)["edited_from"] == b"failed-1"
    assert [entry.topic for entry in noted] == ["dead.actions", "audit"]


def test_a_sources_own_json_keeps_every_digit() -> None:
    found = letter(raw_value(b'{"price": 10.10000000000000000001, "qty": "x"}'), "raw.walmart.orders")
    message, _ = edited(found, "qty=2")
    value = codec().decode("raw_event", message.value)
    assert value["payload"] == b'{"price": 10.10000000000000000001, "qty": "2"}'
    assert value["checksum"] == decode_headers(message.headers).checksum == checksum(value["payload"])


def test_a_record_whose_headers_are_lost_gets_new_ones() -> None:
    message, _ = edited(letter(deliver_value(body=acknowledge()), raw={}), "order_id=2")
    known = decode_headers(message.headers)
    assert (known.source, known.correlation, known.version, known.env) == ("walmart", "corr-1", 7, "sandbox")


@pytest.mark.parametrize(
    ("sets", "problem"),
    [
        (["order_id"], "PLACE=VALUE"),
        (["order_id="], ""),  # empty text is text
        (["colour=red"], "colour: there is no such field"),
        (["accepted_at=soon"], "accepted_at: must be a time"),
        (["accepted_at=2026-01-01T00:00:00"], "with its zone"),
        (["a..b=1"], "is no place"),
        (["order_id[0]=1"], "no entry 0"),
        (["nowhere.below=1"], "there is nothing at 'nowhere'"),
        (['order_id="1"'], "nothing was changed"),
    ],
)
def test_what_cannot_be_sent_is_told_by_place(sets: list[str], problem: str) -> None:
    found = letter(deliver_value(body=acknowledge()))
    if not problem:
        edited(found, *sets)
        return
    with pytest.raises(EditError, match=problem.replace("[", r"\[")):
        edited(found, *sets)


@pytest.mark.parametrize(
    "found",
    [
        letter(b"rubbish"),
        letter(deliver_value(body=b"rubbish")),
        letter(raw_value(b"{broken"), "raw.walmart.orders"),
        letter(deliver_value(), "no.such.topic"),
    ],
)
def test_what_cannot_be_read_cannot_be_edited(found: Letter) -> None:
    with pytest.raises(EditError):
        open_draft(codec(), found)


def test_digits_where_text_stood_are_text() -> None:
    """Quantities and amounts are decimal text."""
    assert apply_sets({"quantity": "x", "version": 1}, ["quantity=2", "version=2"]) == {"quantity": "2", "version": 2}


def test_the_draft_itself_is_never_changed() -> None:
    document = {"lines": [{"sku": "A"}]}
    assert apply_sets(document, ["lines[0].sku=B"]) == {"lines": [{"sku": "B"}]}
    assert document == {"lines": [{"sku": "A"}]}


def test_changed_places_are_named() -> None:
    before = {"a": 1, "b": {"c": [1, 2]}, "d": [1]}
    after = {"a": 1, "b": {"c": [1, 3]}, "d": [1, 2], "e": 5}
    assert changed_places(before, after) == ["b.c[1]", "d", "e"]
    assert changed_places(before, before) == []


def test_hostile_json_is_refused_in_words() -> None:
    with pytest.raises(EditError):
        parse_json("[" * 100_000)

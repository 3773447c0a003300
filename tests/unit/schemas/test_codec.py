"""Avro in Confluent wire format; whatever else comes is refused in words (SEC-5), without quoting content (SEC-3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import MAX_RECORD_BYTES, DecodeError
from tests.unit.failure.samples import codec
from tests.unit.stages.samples import order

CODEC = codec()
CURSOR = {"account": "walmart:a", "flow": "orders", "position": "{}", "at": datetime(2026, 1, 1, tzinfo=UTC)}


def test_round_trip_of_a_whole_order() -> None:
    made = order()
    assert CODEC.decode("order", CODEC.encode("order", made)) == made


def test_wire_format() -> None:
    data = CODEC.encode("cursor", CURSOR)
    assert data[0] == 0
    assert int.from_bytes(data[1:5], "big") > 0


@pytest.mark.parametrize(
    "data",
    [None, b"", b"\x00", b"\x01\x00\x00\x00\x01x", b"\x00\xff\xff\xff\xffx", b"{}", b"\x00" * (MAX_RECORD_BYTES + 1)],
)
def test_what_is_no_record_is_refused(data: bytes | None) -> None:
    with pytest.raises(DecodeError):
        CODEC.decode("cursor", data)


def test_truncated_and_overlong_records_are_refused() -> None:
    data = CODEC.encode("cursor", CURSOR)
    for bad in (data[:-1], data + b"\x00"):
        with pytest.raises(DecodeError):
            CODEC.decode("cursor", bad)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_raise_anything_else(data: bytes) -> None:
    for prefix in (b"", b"\x00\x00\x00\x00\x05"):
        try:
            CODEC.decode("order", prefix + data)
        except DecodeError:
            continue


@pytest.mark.parametrize(
    ("change", "names"),
    [({"account": 5}, "account"), ({"at": None}, "at")],
)
def test_a_record_that_does_not_fit_is_refused_by_the_name_of_its_field(change: dict[str, Any], names: str) -> None:
    with pytest.raises(ValueError, match=names):
        CODEC.encode("cursor", CURSOR | change)


def test_the_error_does_not_quote_the_content() -> None:
    with pytest.raises(ValueError, match="order") as raised:
        CODEC.encode("order", order(currency={"secret": "Mina Invented"}))
    assert "Mina" not in str(raised.value)

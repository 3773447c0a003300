"""Digits survive; hostile text is a ValueError, never a crash."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit import exact_json


@pytest.mark.parametrize(
    "number",
    ["10.10", "0.1", "12.50", "10", "1234567890123456789012345678901234567890", "-0.30", "0.1000000000000000055"],
)
def test_every_digit_survives(number: str) -> None:
    assert exact_json.dumps(exact_json.loads(f'{{"amount":{number}}}'.encode())) == f'{{"amount":{number}}}'.encode()


def test_no_number_becomes_a_float() -> None:
    assert exact_json.loads(b"[0.1, 1]") == [Decimal("0.1"), 1]
    assert not any(isinstance(value, float) for value in exact_json.loads(b"[0.1, 1, 1e5, 1E-3]"))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a":1', b"<html>", b"NaN", b"[Infinity]", b"\xff\xfe", b"[" * 100_000, b'{"a":"' + b"x" * 10],
)
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|UTF-8"):
        exact_json.loads(body)


def test_a_number_python_refuses_to_read_does_not_spoil_the_rest() -> None:
    content = exact_json.loads(b'[{"a":' + b"9" * 10_000 + b'},{"b":1}]')
    assert content[1] == {"b": 1}
    assert exact_json.dumps(content).count(b"9") == 10_000


def test_half_a_surrogate_pair_is_carried() -> None:
    assert exact_json.dumps(exact_json.loads(rb'["\ud83d"]')) == rb'["\ud83d"]'


def test_an_error_does_not_quote_the_content() -> None:
    with pytest.raises(ValueError) as caught:
        exact_json.loads(b'{"email":"jo@example.com"')
    assert "jo@" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_a_value_error(body: bytes) -> None:
    try:
        exact_json.dumps(exact_json.loads(body))
    except ValueError:
        return


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_reading_what_was_written_gives_the_same(value: object) -> None:
    assert exact_json.loads(exact_json.dumps(value)) == value
    assert json.loads(exact_json.dumps(value)) == value

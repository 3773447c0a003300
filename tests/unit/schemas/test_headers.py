"""Record headers: few, bounded, one failure set at most (ERR-5, SEC-3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.headers import (
    DETAIL_LIMIT_CHARACTERS,
    Failure,
    Headers,
    decode_failure,
    decode_headers,
    encode_headers,
    without_failure,
)
from schemas.reasons import Reason

HEADERS = Headers("i" * 32, "walmart", "order", 1700000000000, "c" * 32, "corr", 5, "sandbox", "00-a-b-01", "bulk")
FAILURE = Failure(
    "odoo", "deliver.odoo.critical", Reason.THROTTLED, "busy", 3, 1, 2, 3, "deliver.odoo.critical/0/7", "sku:a", 2
)


def test_round_trip() -> None:
    raw = encode_headers(HEADERS, FAILURE)
    assert decode_headers(raw) == HEADERS
    assert decode_failure(raw) == FAILURE
    assert decode_failure(without_failure(raw)) is None
    assert decode_headers(without_failure(raw)) == HEADERS


def test_a_failure_replaces_the_last_one_and_never_grows() -> None:
    once = encode_headers(HEADERS, FAILURE)
    later = replace(FAILURE, attempt=9, detail="x" * 10_000)
    twice = encode_headers(decode_headers(once), later)
    assert len(twice) == len(once)
    found = decode_failure(twice)
    assert found is not None
    assert (found.attempt, len(found.detail)) == (9, DETAIL_LIMIT_CHARACTERS)


@pytest.mark.parametrize("missing", ["id", "source", "version", "checksum", "fetched", "env"])
def test_a_missing_header_is_named(missing: str) -> None:
    raw = tuple(item for item in encode_headers(HEADERS) if item[0] != missing)
    with pytest.raises(ValueError, match=repr(missing)):
        decode_headers(raw)


def test_an_unreadable_header_is_named() -> None:
    raw = (("version", b"soon"), *(item for item in encode_headers(HEADERS) if item[0] != "version"))
    with pytest.raises(ValueError, match="version"):
        decode_headers(raw)


@pytest.mark.parametrize(("name", "value"), [("fetched", 10**18), ("fetched", -1), ("version", 2**70)])
def test_numbers_nothing_can_hold_are_refused_here_not_where_they_are_used(name: str, value: int) -> None:
    raw = ((name, str(value).encode()), *(item for item in encode_headers(HEADERS) if item[0] != name))
    with pytest.raises(ValueError, match=name):
        decode_headers(raw)

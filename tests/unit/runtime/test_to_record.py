"""What the client hands over becomes a Record whatever a foreign producer wrote (SEC-5)."""

from __future__ import annotations

from types import SimpleNamespace

from streams.runtime.consumer import _to_record


def source(headers: object) -> SimpleNamespace:
    return SimpleNamespace(topic="orders", partition=1, offset=2, timestamp=3, key=b"k", value=b"v", headers=headers)


def test_a_header_without_a_value_is_an_empty_one() -> None:
    """Kafka allows null header values; everything behind this line reads bytes."""
    assert _to_record(source((("replays", None), ("id", b"x")))).headers == (("replays", b""), ("id", b"x"))


def test_headers_are_taken_as_they_are() -> None:
    headers = (("id", b"x"),)
    assert _to_record(source(headers)).headers is headers
    assert _to_record(source(())).headers == ()

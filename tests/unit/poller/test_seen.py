"""REC-4: what was published of an entity, by key and newest version, from the raw topic's headers alone."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.headers import Headers, encode_headers
from schemas.record import Record
from streams.poller import seen
from streams.poller.flows import Names
from streams.poller.seen import Seen

SINCE = datetime(2026, 11, 12, tzinfo=UTC)


def record(key: str, version: int, offset: int) -> Record:
    headers = Headers("id", "amazon", "order", version, "c", "c", 1, "sandbox")
    return Record("raw.amazon.orders", 0, offset, 0, key.encode(), b"never decoded", encode_headers(headers))


async def test_the_newest_version_of_each_key(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Sequence[str], Any]] = []

    def told(config: Any, topics: Sequence[str], *, since_ms: int) -> Iterator[Record]:
        asked.append((topics, since_ms))
        yield from (record("a", 5, 0), record("b", 1, 1), record("a", 3, 2))
        yield Record("raw.amazon.orders", 0, 3, 0, b"c", b"", ())  # not ours: counts as not seen

    monkeypatch.setattr(seen, "read_to_end", told)
    assert await Seen({}, Names("t."))("amazon", "order", SINCE) == {"a": 5, "b": 1}
    assert asked == [(["t.raw.amazon.orders"], int(SINCE.timestamp() * 1000))]

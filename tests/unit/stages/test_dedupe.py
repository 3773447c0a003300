"""ORD-5: the same state of an order goes on once; a change goes on; an older state does not."""

from __future__ import annotations

import pytest

from schemas.headers import Headers, encode_headers
from schemas.record import Record
from streams.stages.dedupe import Memory, Seen, Verdict, judge


@pytest.mark.parametrize(
    ("seen", "version", "checksum", "verdict"),
    [
        (None, 5, "a", Verdict.NEW),  # never seen
        (Seen(5, "a"), 5, "a", Verdict.DUPLICATE),  # polls overlap
        (Seen(5, "a"), 9, "a", Verdict.DUPLICATE),  # touched at the source, nothing changed
        (Seen(5, "a"), 6, "b", Verdict.NEW),  # a change
        (Seen(5, "a"), 5, "b", Verdict.NEW),  # same version through newer mapping code
        (Seen(5, "a"), 4, "b", Verdict.SUPERSEDED),  # an old page, late
        (Seen(5, "a"), 4, "a", Verdict.SUPERSEDED),
    ],
)
def test_judge(seen: Seen | None, version: int, checksum: str, verdict: Verdict) -> None:
    assert judge(seen, version, checksum) is verdict


def record(key: str, version: int, checksum: str) -> Record:
    headers = Headers("id", "walmart", "order", version, checksum, key, 0, "sandbox")
    return Record("orders.current", 0, version, 0, key.encode(), b"x", encode_headers(headers))


def test_memory_is_restored_from_the_compacted_topic_and_dropped_with_its_partition() -> None:
    memory = Memory()
    memory.restore(0, [record("k1", 1, "a"), record("k1", 2, "b"), Record("orders.current", 0, 3, 0, b"k2", b"", ())])
    assert memory.draft(0).judge(b"k1", 2, "b") is Verdict.DUPLICATE
    assert memory.draft(0).judge(b"k2", 2, "b") is Verdict.NEW  # unreadable headers count as not seen
    memory.drop(0)
    assert memory.draft(0).judge(b"k1", 2, "b") is Verdict.NEW


def test_a_chunk_that_was_not_delivered_leaves_no_trace() -> None:
    """A chunk whose records the broker did not take comes again: it must not find itself to be a duplicate."""
    memory = Memory()
    draft = memory.draft(0)
    draft.add(b"k", 1, "a")
    assert draft.judge(b"k", 1, "a") is Verdict.DUPLICATE  # within the chunk it counts
    assert memory.draft(0).judge(b"k", 1, "a") is Verdict.NEW
    draft.keep()
    assert memory.draft(0).judge(b"k", 1, "a") is Verdict.DUPLICATE

"""ERR-2: what is due leaves at that millisecond and in order; of the rest only a little is kept in memory."""

from __future__ import annotations

from streams.failure.due import Place
from streams.failure.waiting import LEAD_MS, MOST_BYTES, Parked, Waiting
from tests.unit.failure.samples import record

A, B = ("retry.30s", 0), ("retry.30s", 1)


def parked(place: Place, offset: int, due_ms: int, value: bytes = b"v") -> Parked:
    return Parked(record((), topic=place[0], partition=place[1], offset=offset, value=value), None, due_ms)


def filled(*items: Parked) -> Waiting:
    waiting = Waiting()
    for item in items:
        waiting.add(item)
    return waiting


def test_only_what_is_due_leaves_and_the_next_event_is_the_next_head() -> None:
    waiting = filled(parked(A, 1, 100), parked(A, 2, 200), parked(B, 7, 150))
    assert waiting.next_event() == 100
    assert [item.record.offset for item in waiting.take_due(99)] == []
    assert [item.record.offset for item in waiting.take_due(150)] == [1, 7]
    assert waiting.next_event() == 200


def test_a_record_never_overtakes_the_one_before_it() -> None:
    """EVT-2: due earlier by a wrong clock, it still waits behind its head."""
    waiting = filled(parked(A, 1, 200), parked(A, 2, 100))
    assert waiting.take_due(150) == []
    assert [item.record.offset for item in waiting.take_due(200)] == [1, 2]


def test_what_could_not_be_sent_is_in_front_again() -> None:
    waiting = filled(parked(A, 1, 100), parked(A, 2, 100), parked(A, 3, 300))
    waiting.put_back(waiting.take_due(100))
    assert waiting.next_event() == 100
    assert [item.record.offset for item in waiting.take_due(300)] == [1, 2, 3]


def test_a_partition_is_paused_when_what_is_kept_reaches_far_and_resumed_ahead_of_time() -> None:
    waiting = filled(parked(A, 1, 100_000), parked(B, 1, LEAD_MS - 1))
    assert waiting.to_pause(0) == [A]
    assert waiting.to_pause(0) == []  # it is paused already
    assert waiting.to_resume(100_000 - LEAD_MS - 1) == []
    assert waiting.next_event() == LEAD_MS - 1
    assert waiting.to_resume(100_000 - LEAD_MS) == [A]
    assert waiting.to_pause(100_000 - LEAD_MS) == []


def test_a_partition_with_large_records_is_paused_until_its_head_has_left() -> None:
    waiting = filled(parked(A, 1, 1000, b"x" * (MOST_BYTES + 1)))
    assert waiting.to_pause(0) == [A]
    assert waiting.to_resume(999) == []
    assert waiting.to_resume(1000) == [A]


def test_a_partition_given_away_is_forgotten() -> None:
    waiting = filled(parked(A, 1, 100_000), parked(B, 1, 100_000))
    waiting.to_pause(0)
    waiting.forget([A])
    assert waiting.to_resume(1_000_000) == [B]
    assert [item.place for item in waiting.take_due(1_000_000)] == [B]
    assert waiting.next_event() is None


def test_an_empty_partition_is_not_paused() -> None:
    waiting = filled(parked(A, 1, 5000))
    waiting.take_due(5000)
    assert waiting.to_pause(5000) == []

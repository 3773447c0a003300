"""EDGE-3: whatever is published twice, a reader takes each event once, in the order of its device; a late first try is no repeat."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.once import KEPT, Once


def taken(sequences: list[int], once: Once | None = None, key: str = "box:b:d") -> list[int]:
    found = once or Once()
    return [number for number in sequences if found.takes(key, number)]


def test_repeats_are_dropped() -> None:
    assert taken([1, 2, 3, 1, 2, 3, 4, 4]) == [1, 2, 3, 4]


def test_one_that_failed_first_and_stands_behind_its_successor_is_taken() -> None:
    """Kafka may take the second of two records and not the first; the batch comes again."""
    assert taken([1, 3, 1, 2, 3, 4]) == [1, 3, 2, 4]


def test_holes_of_any_width_between_sequences_of_one_device() -> None:
    assert taken([5, 10**12, 7, 5, 10**12]) == [5, 10**12, 7]


def test_devices_and_boxes_do_not_meet() -> None:
    once = Once()
    assert [
        once.takes_event({"box": box, "device": device, "sequence": 1})
        for box, device in [("a", "d"), ("a", "e"), ("b", "d")]
    ] == [True] * 3
    assert not once.takes_event({"box": "a", "device": "d", "sequence": 1})


def test_what_is_older_than_all_that_is_remembered_is_a_repeat() -> None:
    once = Once()
    taken(list(range(1, 10 * KEPT)), once)
    assert taken([1, 5 * KEPT, 9 * KEPT], once) == []
    assert len(once.state["box:b:d"]) == KEPT


def test_a_reader_that_begins_anew_goes_on_with_its_state() -> None:
    once = Once()
    taken([1, 2, 4], once)
    assert taken([1, 2, 3, 4, 5], Once(once.state)) == [3, 5]


@pytest.mark.parametrize("sequence", [0, -1, 2**63])
def test_what_is_no_sequence(sequence: int) -> None:
    with pytest.raises(ValueError, match="sequence"):
        Once().takes("key", sequence)


@given(st.integers(0, 2**32))
def test_batches_that_come_again_and_overlap(seed: int) -> None:
    """Batches as gateways publish them: each begins at most where everything before it is there already."""
    chance, log, there = random.Random(seed), list[int](), 0
    while there < 200:
        first = chance.randint(max(1, there - 40), there + 1)
        batch = range(first, first + chance.randint(1, 50))
        log += batch
        there = max(there, batch[-1])
    assert taken(log) == list(range(1, there + 1))

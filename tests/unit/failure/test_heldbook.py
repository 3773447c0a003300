"""ORD-9: held records are released when what they wait for exists, lost never, and not sent round in circles."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.reasons import Reason
from schemas.record import Message, Record
from streams.failure.heldbook import FAILED_ID, Book, not_before, original, tombstone
from streams.failure.routing import FailureRouting, sent_again
from streams.settings import Settings
from tests.unit.failure.samples import NOW, codec, record

SKU = "sku:walmart:ACME:B-1"


def held_message(offset: int = 41, waiting_for: str = SKU, replays: int = 0, now_ms: int = NOW) -> Message:
    source = record((*record().headers, ("replays", str(replays).encode())), offset=offset)
    routed = FailureRouting(codec(), Settings()).route(
        source,
        destination="odoo",
        operation="upsert_order",
        reason=Reason.MAPPING,
        detail="",
        now_ms=now_ms,
        waiting_for=waiting_for,
    )
    return routed.messages[0]


def stored(message: Message, offset: int, partition: int = 0) -> Record:
    return Record(message.topic, partition, offset, NOW, message.key, message.value, message.headers)


def book() -> Book:
    return Book(lambda value: dict(codec().decode("failed_record", value)))


def test_the_newest_held_state_of_a_key_is_the_one_that_counts() -> None:
    made = book()
    made.apply(stored(held_message(offset=1), 10))
    made.apply(stored(held_message(offset=2), 11))
    assert len(made) == 1


def test_a_release_ends_it_and_sends_the_record_as_it_was() -> None:
    made = book()
    made.apply(stored(held_message(), 10))
    (item,) = made.all()
    message = original(item.failed, sent_again)
    source = record()
    assert (message.topic, message.key, message.value) == (source.topic, source.key, source.value)
    assert dict(message.headers) == {**dict(source.headers), "replays": b"1"}
    assert made.apply(stored(tombstone(item), 11)) is None
    assert len(made) == 0


def test_a_tombstone_does_not_take_a_newer_record_of_its_key_with_it() -> None:
    """Written between release and tombstone: it is written again, or compaction would lose it."""
    made = book()
    made.apply(stored(held_message(offset=1), 10))
    (older,) = made.all()
    newer = held_message(offset=2)
    made.apply(stored(newer, 11))
    assert made.apply(stored(tombstone(older), 12)) == newer
    assert len(made) == 1


def test_removing_what_was_released_leaves_a_newer_one() -> None:
    made = book()
    made.apply(stored(held_message(offset=1), 10))
    (older,) = made.all()
    made.apply(stored(held_message(offset=2), 11))
    made.remove([older])
    assert len(made) == 1
    made.remove(made.all())
    assert len(made) == 0


def test_a_partition_given_away_is_forgotten() -> None:
    made = book()
    made.apply(stored(held_message(), 10, partition=3))
    made.forget([("held.odoo", 3)])
    assert len(made) == 0


def test_what_waits_for_a_person_is_not_released_by_itself() -> None:
    made = book()
    made.apply(stored(held_message(waiting_for=""), 10))
    assert made.releasable(NOW, 30) == {}


@pytest.mark.parametrize(
    ("replays", "seconds"),
    [
        (1, 60),  # held again: one check is left out
        (2, 120),
        (5, 960),
        (50, 3600),  # never longer than an hour
    ],
)
def test_held_again_for_the_same_it_waits_longer_each_time(replays: int, seconds: int) -> None:
    made = book()
    made.apply(stored(held_message(replays=replays), 10))
    at = NOW / 1000 + seconds
    assert made.releasable(at - 1, 30) == {}
    assert list(made.releasable(at, 30)) == [("odoo", SKU)]


def test_the_first_release_waits_for_nothing() -> None:
    failed: dict[str, Any] = {"replays": 0}
    assert not_before(failed, 30) == 0.0


def test_tombstones_name_the_record_they_are_for() -> None:
    made = book()
    made.apply(stored(held_message(), 10))
    (item,) = made.all()
    assert dict(tombstone(item).headers) == {FAILED_ID: item.id.encode()}

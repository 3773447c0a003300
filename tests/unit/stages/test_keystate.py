"""What lanes know of a key together, though each writes its records without having read the other's (INV-5, EVT-4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from connectors.kit.jobs import sending
from connectors.kit.ports import Delivery, Known, Outcome, Result
from schemas.record import Message, Record
from streams.stages.batching import KeyView, plan
from streams.stages.keystate import KeyTable
from tests.unit.failure.samples import codec

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CODEC = codec()
NOTHING = KeyView()


def delivery(version: int, job: str = "", *, is_command: bool = False) -> Delivery:
    return Delivery(f"d{version}", "set_stock", is_command, "k", "odoo", "a", version, f"c{version}", "k", {}, job=job)


def applied(version: int) -> Outcome:
    return Outcome(Result.APPLIED, remote_model="inventory", remote_id=str(version))


@dataclass(frozen=True)
class Waiting:
    """What is planned."""

    delivery: Delivery
    asks_again: bool = False


class Lane:
    """A lane with its table, writing to a log that several share."""

    def __init__(self, log: list[Message]) -> None:
        self.log = log
        self.table = KeyTable("walmart", CODEC)
        self.read = 0

    @property
    def view(self) -> KeyView:
        return self.table.views(0).get("k", NOTHING)

    def write(self, one: Delivery, outcome: Outcome | None = None, **more: Any) -> None:
        before = self.view
        after = self.table.after(before, one, outcome, parked=False, now=NOW, **more)
        self.put(after, before)

    def announce(self, one: Delivery) -> None:
        self.put(self.table.before(self.view, one, NOW), self.view)

    def put(self, after: KeyView, before: KeyView) -> None:
        self.log.append(self.table.message("k", after, NOW, before))
        self.table.remember(0, "k", after)

    def catch_up(self) -> KeyView:
        new, self.read = self.log[self.read :], len(self.log)
        self.table.learn(0, as_records(new))
        self.log += self.table.torn(0, NOW)
        return self.view


def as_records(messages: Sequence[Message]) -> list[Record]:
    return [Record(one.topic, 0, place, 0, one.key, one.value) for place, one in enumerate(messages)]


def restored(log: Sequence[Message]) -> KeyView:
    """What a lane knows that starts with the log."""
    table = KeyTable("walmart", CODEC)
    table.learn(0, as_records(log))
    return table.views(0)["k"]


def settled(lanes: Sequence[Lane]) -> KeyView:
    """All of them read until nobody has anything to say; they agree then."""
    log = lanes[0].log
    for _ in range(5):
        for lane in lanes:
            lane.catch_up()
    length = len(log)
    assert {lane.catch_up() for lane in lanes} == {lanes[0].view}
    assert len(log) == length
    assert restored(log) == restored(log[-1:]) == lanes[0].view  # what compaction leaves is enough
    return lanes[0].view


@pytest.fixture
def lanes() -> tuple[Lane, Lane]:
    log: list[Message] = []
    return Lane(log), Lane(log)


def test_an_older_versions_end_leaves_the_newer_ones_job(lanes: tuple[Lane, Lane]) -> None:
    one, _ = lanes
    one.write(delivery(1), job="feed:F1|1")
    one.write(delivery(2), job="after:feed:F1|2")
    one.write(delivery(1, "feed:F1|1"), applied(1))
    assert one.view.jobs == {"after:feed:F1|2"}


def test_jobs_of_two_lanes_that_did_not_know_of_each_other_are_both_known(lanes: tuple[Lane, Lane]) -> None:
    one, two = lanes
    one.write(delivery(1), job="feed:F1|1")
    two.write(delivery(2), job="feed:F2|2")
    assert settled(lanes).jobs == {"feed:F1|1", "feed:F2|2"}


def test_of_two_that_announce_at_the_same_moment_each_learns_of_the_other(lanes: tuple[Lane, Lane]) -> None:
    one, two = lanes
    one.announce(delivery(1))
    two.announce(delivery(2))
    assert one.catch_up().jobs == two.catch_up().jobs == {sending(1, NOW), sending(2, NOW)}


def test_a_version_never_falls_back(lanes: tuple[Lane, Lane]) -> None:
    one, two = lanes
    one.write(delivery(2), applied(2))
    two.write(delivery(1), applied(1))
    assert settled(lanes).known == Known(2, "c2", "inventory", "2")


def test_a_commands_version_does_not_outdate_states(lanes: tuple[Lane, Lane]) -> None:
    """ORD-13: an order taken up again in Odoo (Odoo's clock) must still take in what the marketplace says of it (its own clock)."""
    one, _ = lanes
    one.write(delivery(5), applied(5))
    one.write(delivery(9, is_command=True), applied(9))
    assert one.view.known == Known(5, "c9", "inventory", "9")
    planned = plan([Waiting(delivery(6))], {"k": one.view}, 10)
    assert [item.delivery.version for batch in planned.batches for item in batch] == [6]


def test_what_has_ended_does_not_come_back_with_a_writer_who_did_not_know(lanes: tuple[Lane, Lane]) -> None:
    one, two = lanes
    one.write(delivery(1), job="feed:F1|1")
    two.catch_up()
    one.write(delivery(1, "feed:F1|1"), applied(1))
    two.write(delivery(3), job="settle|3")
    assert settled(lanes) == KeyView(Known(1, "c1", "inventory", "1"), jobs=frozenset({"settle|3"}))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_whoever_comes_first_all_is_known_in_the_end(order: tuple[int, ...]) -> None:
    log: list[Message] = []
    lanes = [Lane(log) for _ in range(3)]
    lanes[0].write(delivery(1), job="feed:F1|1")
    for lane in lanes:
        lane.catch_up()
    acts = [
        lambda: lanes[0].write(delivery(1, "feed:F1|1"), applied(1)),
        lambda: lanes[1].write(delivery(5), applied(5)),
        lambda: lanes[2].write(delivery(7), job="lost:m|7", set_aside=True),
    ]
    for place in order:
        acts[place]()
    assert settled(lanes) == KeyView(Known(5, "c5", "inventory", "5"), set_aside=7, jobs=frozenset({"lost:m|7"}))


def test_reading_ones_own_records_changes_nothing_and_says_nothing(lanes: tuple[Lane, Lane]) -> None:
    one, _ = lanes
    one.write(delivery(1), job="feed:F1|1")
    one.write(delivery(1, "feed:F1|1"), applied(1))
    one.write(delivery(2), job="settle|2")
    before = one.view
    assert one.catch_up() == before
    assert len(one.log) == 3


def test_what_was_being_sent_is_gone_with_the_outcome_whatever_it_is(lanes: tuple[Lane, Lane]) -> None:
    one, _ = lanes
    for version, more in ((1, {"job": "feed:F1|1"}), (2, {}), (3, {"set_aside": True})):
        one.announce(delivery(version))
        one.write(delivery(version), **more)
        assert sending(version, NOW) not in one.view.jobs
    one.announce(delivery(4))
    one.write(delivery(5), applied(5))
    assert sending(4, NOW) in one.view.jobs  # another one's


def test_a_failed_call_that_may_be_under_way_leaves_its_trace(lanes: tuple[Lane, Lane]) -> None:
    one, _ = lanes
    one.write(delivery(1), job=sending(1, NOW))
    assert one.view.jobs == {sending(1, NOW)}
    one.write(delivery(1), applied(1))
    assert not one.view.jobs


def test_sendings_of_processes_that_are_long_dead_are_forgotten(lanes: tuple[Lane, Lane]) -> None:
    one, _ = lanes
    one.announce(delivery(1))
    view = one.table.after(one.view, delivery(2), applied(2), parked=False, now=NOW + timedelta(hours=1))
    assert not view.jobs


def test_jobs_that_only_wait_do_not_pile_up(lanes: tuple[Lane, Lane]) -> None:
    one, _ = lanes
    one.write(delivery(1), job="feed:F1|1")
    for version in range(2, 50):
        one.write(delivery(version), job=f"behind:feed:F1|{version}")
    one.write(delivery(50), job="settle|50")
    one.write(delivery(51), job="settle|51")
    assert one.view.jobs == {"feed:F1|1", "behind:feed:F1|49", "settle|51"}


def test_records_of_the_time_when_there_was_one_job(lanes: tuple[Lane, Lane]) -> None:
    """A worker of the released version before this one may run side by side while they are replaced."""
    one, _ = lanes
    one.write(delivery(1), job="feed:F1|1")
    old = CODEC.decode("key_state", one.log[0].value) | {"jobs": [], "opened": [], "closed": [], "job": "feed:F0"}
    log = [Message("state.walmart", b"k", CODEC.encode("key_state", old))]
    assert restored(log).jobs == {"feed:F0"}
    assert restored([*one.log, *log]).jobs == {"feed:F0", "feed:F1|1"}
    ended = Message("state.walmart", b"k", CODEC.encode("key_state", old | {"job": ""}))
    assert restored([*one.log, *log, ended]).jobs == {"feed:F1|1"}
    one.log += log
    one.catch_up()
    one.write(delivery(2), job="settle|2")
    assert restored(one.log).jobs == {"feed:F0", "feed:F1|1", "settle|2"}


def test_what_cannot_be_read_is_not_known(lanes: tuple[Lane, Lane]) -> None:
    one, _ = lanes
    one.write(delivery(1), applied(1))
    one.table.learn(0, [Record("state.walmart", 0, 1, 0, b"k", b"\xff")])
    assert one.view == NOTHING

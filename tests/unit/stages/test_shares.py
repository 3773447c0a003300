"""The quota is shared by the partitions a process owns (RATE-1)."""

from __future__ import annotations

from schemas.topics import Lane
from streams.stages.shares import Owned
from tests.unit.stages.test_deliver import FakeSink


class Quoted(FakeSink):
    """A sink with a quota."""

    def __init__(self) -> None:
        super().__init__()
        self.shares: list[float] = []

    def set_share(self, share: float) -> None:
        self.shares.append(round(share, 3))


def test_who_owns_half_of_the_work_takes_half_of_the_quota() -> None:
    sink = Quoted()
    owned = Owned(sink, partitions=6)
    for lane in Lane:
        owned.add(lane, set(range(6)))
    owned.remove(Lane.BULK, set(range(6)))
    owned.remove(Lane.NORMAL, {0, 1, 2})
    assert sink.shares == [0.333, 0.667, 1.0, 0.667, 0.5]


def test_shares_of_all_processes_never_exceed_the_whole() -> None:
    """However partitions are shared out, also while the same one is counted once."""
    first, second = Quoted(), Quoted()
    one, other = Owned(first, 6), Owned(second, 6)
    for lane in Lane:
        one.add(lane, {0, 1, 2})
        one.add(lane, {2})
        other.add(lane, {3, 4, 5})
    assert first.shares[-1] + second.shares[-1] == 1.0


def test_a_sink_without_a_quota_and_a_process_without_work_are_left_alone() -> None:
    Owned(FakeSink(), 6).add(Lane.CRITICAL, {1})
    sink = Quoted()
    owned = Owned(sink, 6)
    owned.remove(Lane.CRITICAL, {1})
    assert sink.shares == []

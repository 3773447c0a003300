"""OPS-8: the watchdog asks the broker where logs end, and ends the process for a stall, a rebalance without end or a blocked loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streams.runtime.chunk import Partition
from streams.runtime.settings import RuntimeSettings
from streams.runtime.stall import Doing, Sight
from streams.runtime.watchdog import Watchdog

P = Partition("t", 0)
SETTINGS = RuntimeSettings(stalled=60.0, joining=300.0)


@dataclass
class FakeStage:
    name: str = "stage"
    settled: bool = True
    partitions: list[Partition] = field(default_factory=lambda: [P])
    doing: Doing = Doing.IDLE
    done: int = 10

    def is_settled(self) -> bool:
        return self.settled

    def assignment(self) -> Sequence[Partition]:
        return self.partitions

    def sights(self, ends: Mapping[Partition, tuple[int, int]]) -> Sequence[Sight]:
        end = ends[P][1] if P in ends else None
        return [Sight(p, self.doing, self.done, self.done, end) for p in self.partitions]


class Rig:
    def __init__(self, stage: FakeStage, end: int | None = 20) -> None:
        self.now = 0.0
        self.end = end
        self.died: list[str] = []
        self.stage = stage
        self.dog = Watchdog([stage], SETTINGS, self.ask, self.died.append, lambda: self.now)

    def ask(self, partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        if self.end is None:
            raise TimeoutError
        return dict.fromkeys(partitions, (0, self.end))

    def look(self, at: float, *, beat: bool = True) -> tuple[str, ...]:
        self.now = at
        if beat:
            self.dog.beat()
        return self.dog.look()


def test_lag_without_movement_is_found_and_remembered_for_health() -> None:
    rig = Rig(FakeStage())
    assert rig.look(0.0) == ()
    (line,) = rig.look(60.0)
    assert line.startswith("stage=stage t/0 no progress for 60 s")
    assert rig.dog.verdict == (line,)
    assert rig.dog.seen["stage"][0].lag == 10


def test_nothing_is_concluded_while_the_broker_does_not_answer() -> None:
    rig = Rig(FakeStage(), end=None)
    rig.look(0.0)
    assert rig.look(1000.0) == ()
    rig.end = 20
    assert rig.look(1001.0) == (), "the clock starts when the broker is back"
    assert rig.look(1061.0) != ()


def test_rebalance_without_end_is_found() -> None:
    rig = Rig(FakeStage(settled=False, partitions=[]))
    rig.look(0.0)
    assert rig.look(299.0) == ()
    assert rig.look(300.0) == ("stage=stage without an assignment for 300 s",)


def test_worker_without_partitions_is_fine() -> None:
    rig = Rig(FakeStage(partitions=[]))
    rig.look(0.0)
    assert rig.look(10_000.0) == ()


def test_blocked_event_loop_is_found_unless_a_chunk_is_in_work() -> None:
    rig = Rig(FakeStage(done=20))
    rig.look(0.0)
    assert rig.look(60.0, beat=False) == ("the event loop has not turned for 60 s",)
    rig.stage.doing = Doing.WORKING
    assert rig.look(61.0, beat=False) == (), "its own time limit judges that"

"""EDGE-3: power cuts and kills at any moment. Nothing an append returned is lost, nothing comes out twice or out of order, no number is missing.

CAUSEWAY_TEST_EDGE_CUTS    how many cuts (200)          CAUSEWAY_TEST_EDGE_SEED    where the seeds begin (1)
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_iotbox.spool import Limits, Spool
from tests.edge.power import Card, read_files, tear, write_files
from tests.edge.stage import Receiver, SetClock, deliver_all, draft, opened

CUTS = int(os.environ.get("CAUSEWAY_TEST_EDGE_CUTS", "200"))
SEED = int(os.environ.get("CAUSEWAY_TEST_EDGE_SEED", "1"))
CUTS_OF_A_STORY = 4
STORIES = max(
    1, -(-CUTS // (2 * CUTS_OF_A_STORY))
)  # of each of the two kinds, rounded up: not one cut fewer than asked for
STEPS = ("append", "append", "append", "send", "send", "checkpoint", "expire")
ROOT = Path(__file__).parents[2]


@dataclass
class Story:
    """One Box through several cuts. `kept`: number and value of what an append returned; `torn`: of what a cut may have swallowed."""

    folder: Path
    chance: random.Random
    limits: Limits
    receiver: Receiver = field(default_factory=Receiver)
    kept: list[tuple[int, str]] = field(default_factory=list)
    torn: set[str] = field(default_factory=set)
    clock: SetClock = field(default_factory=SetClock)
    boots: int = 0
    count: int = 0

    def boot(self) -> Spool:
        self.boots += 1
        name = str(uuid.UUID(int=self.chance.getrandbits(128)))
        return opened(self.folder, self.limits, self.clock, name, checkpoint_pages=0)

    def step(self, spool: Spool, step: str) -> bool:
        """Does one thing; whether it is durable by promise. Values of an append are given in `self.last`."""
        self.last: list[tuple[int, str]] = []
        if step == "append":
            drafts = [
                draft(f"{self.count + index}" + "x" * self.chance.randrange(900), self.clock)
                for index in range(self.chance.choice((1, 1, 1, 2, 7)))
            ]
            self.count += len(drafts)
            self.last = [
                (event.sequence, event.value) for event in spool.append(drafts, {"last_event": str(self.count)})
            ]
            return True
        if step == "send":
            through = self.receiver.take(spool.batch(self.chance.randrange(1, 12)))
            assert through is not None, "a hole without a word"
            spool.give_back() if self.chance.random() < 0.3 else spool.acknowledge(through)
            return False
        spool.checkpoint() if step == "checkpoint" else spool.expire()
        return True

    def until_cut(self) -> str:
        """Runs, and is cut within a step. The step's name."""
        spool = self.boot()
        spool.prove(self.receiver.through)
        card = Card(self.folder, read_files(self.folder))
        for left in range(self.chance.randrange(1, 25), -1, -1):
            step = self.chance.choice(STEPS)
            durable = self.step(spool, step)
            if left:
                self.kept += self.last
                if durable:
                    card.synced()
                continue
            self.torn |= {value for _, value in self.last}
            files = card.cut(self.chance, step)
            spool.close()
            write_files(self.folder, files)
        return step

    def judge(self) -> None:
        """The whole account, at the end."""
        spool = self.boot()
        deliver_all(spool, self.receiver)
        spool.close()
        taken, values = self.receiver.taken, self.receiver.values
        assert {event.kind for event in taken} <= {"scan", "dropped"}, "no cut is damage: nothing to tell of"
        assert not [value for value, times in Counter(values).items() if times > 1], "doubled"
        assert len({event.id for event in taken}) == len(taken)
        gone = [range(event.first_sequence, event.sequence + 1) for event in taken if event.kind == "dropped"]
        arrived = set(values)
        lost = [
            number for number, value in self.kept if value not in arrived and not any(number in span for span in gone)
        ]
        assert lost == []
        assert arrived <= {value for _, value in self.kept} | self.torn
        order = [int(value.rstrip("x")) for value in values]
        assert order == sorted(order)
        counted = sum(json.loads(event.payload)["count"] for event in taken if event.kind == "dropped")
        assert len(values) + counted >= len(self.kept)


@pytest.mark.parametrize("small", [False, True], ids=["room enough", "letting go"])
@pytest.mark.timeout(3600)
def test_no_cut_loses_doubles_or_hides_anything(small: bool, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for number in range(STORIES):
        seed = SEED * 1_000_000 + number + (500_000 if small else 0)
        story = Story(tmp_path / str(seed), random.Random(seed), Limits(max_bytes=12_000 if small else 10**9))
        try:
            for _ in range(CUTS_OF_A_STORY):
                seen[story.until_cut()] += 1
            story.judge()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    assert 2 * sum(seen.values()) >= CUTS
    assert CUTS < 200 or set(seen) == set(STEPS)  # fewer may miss one by chance


def test_a_torn_file_is_between_the_two() -> None:
    """The tool itself: with every sector it is the new file, with none the old; in between it is neither."""
    old, new = b"a" * 4096, b"b" * 8192
    results = {tear(old, new, random.Random(seed)) for seed in range(200)}
    assert old in results
    assert new in results
    assert any(b"a" in result and b"b" in result for result in results)
    assert all(4096 <= len(result) <= 8192 for result in results)


KILLS = max(4, CUTS // 20)


@pytest.mark.timeout(3600)
def test_kill_9_at_any_moment(tmp_path: Path) -> None:
    """A real process, killed between or within its writes; what it said to have kept is there, and goes out once."""
    chance, receiver, kept = random.Random(SEED), Receiver(), []
    for number in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.edge.spool_child", str(tmp_path), str(number)], stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert child.stdout is not None
        with child.stdout as lines:
            kept += [lines.readline().strip() for _ in range(chance.randrange(1, 60))]
            child.send_signal(signal.SIGKILL)
            child.wait(30)
            kept += [line.strip() for line in lines if line.endswith("\n")]
        spool = opened(tmp_path, boot=str(uuid.uuid4()))
        spool.prove(receiver.through)
        through = receiver.take(spool.batch(chance.randrange(1, 40)))
        assert through is not None
        if chance.random() < 0.5:
            spool.acknowledge(through)
        spool.close()
    spool = opened(tmp_path, boot=str(uuid.uuid4()))
    deliver_all(spool, receiver)
    assert set(kept) <= set(receiver.values)
    assert len(receiver.values) == len(set(receiver.values))
    assert [event.sequence for event in receiver.taken] == list(range(1, len(receiver.taken) + 1))

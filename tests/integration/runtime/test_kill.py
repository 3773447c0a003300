"""Promise: workers that are killed at any moment lose no record (TEST-3, EVT-4)."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable

import pytest

from tests.integration.runtime.kit import Workers, fill, reading
from tests.integration.runtime.worker import Plan

RECORDS = 12_000


@pytest.mark.parametrize("seed", [1, 2])
def test_kill_9_in_mid_flow_loses_nothing(plan: Callable[..., Plan], workers: Workers, seed: int) -> None:
    dice = random.Random(seed)
    # Chunks are long in work and commits frequent: an offset that moves ahead of its chunk is lost with nearly every kill.
    what = plan(partitions=4, delay_seconds=0.25, limits={"chunk_records": 250}, settings={"commit": 0.05})
    values = [b"%d" % number for number in range(RECORDS)]
    fill(what.bootstrap, what.source, values)
    alive = [workers.start(what) for _ in range(3)]

    with reading(what.bootstrap, what.target) as out:
        for share in sorted(dice.uniform(0.05, 0.8) for _ in range(3)):
            out.until(lambda seen, share=share: len(seen) >= share * RECORDS, f"{share:.0%} arrived")  # type: ignore[misc]
            victim = alive.pop(dice.randrange(len(alive)))
            victim.send(signal.SIGKILL)
            alive.append(workers.start(what))
        seen = out.until(lambda seen: len(seen) == RECORDS, "every record arrived")

    assert set(seen) == set(values)
    repeated = seen.total() - RECORDS
    assert repeated <= 0.4 * RECORDS, f"{repeated} repeated: offsets of finished chunks are not committed in time"

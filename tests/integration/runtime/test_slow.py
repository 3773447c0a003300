"""Promise: a chunk may take longer than the session: its worker keeps its partitions, nobody rebalances, nothing is done twice (OPS-8)."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.runtime.kit import QUICK, Workers, fill, reading
from tests.integration.runtime.worker import Plan


def test_chunk_longer_than_the_session_costs_no_rebalance(plan: Callable[..., Plan], workers: Workers) -> None:
    what = plan(partitions=2, delay_seconds=QUICK["session"] + 2)
    team = [workers.start(what) for _ in range(2)]
    for worker in team:
        worker.wait_event("assigned")
    fill(what.bootstrap, what.source, [b"0"], partition=0)
    fill(what.bootstrap, what.source, [b"1"], partition=1)
    with reading(what.bootstrap, what.target) as out:
        out.until(lambda seen: len(seen) == 2, "both chunks arrived")
        seen = out.poll()
    assert seen == {b"0": 1, b"1": 1}
    before = sum(len(worker.events("revoked")) for worker in team)
    assert before <= 1, "only the second worker's arrival may have moved partitions"

"""RATE-1, TEST-2: hours at full quota, on virtual time (`tests.bench.quota_day`, whose day `make bench` runs whole): nothing here depends on how
fast the machine is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from connectors.amazon.rates import PUBLISHED, AmazonRates
from connectors.kit.budget import Budget
from connectors.kit.rate import Priority
from connectors.kit.sandbox.buckets import Limit
from tests.bench.quota_day import QUICK, SLOW, FarSide, Used, Worker, at_full_quota

ENOUGH_PERCENT = 95.0
_HOURS = {"slow": (SLOW, 2.0), "quick": (QUICK, 0.05)}


def longest_allowed(used: Mapping[str, Used], processes: int) -> dict[str, float]:
    """Seconds until the next call grows, in the share of a process. The feed's is createFeed's."""
    rates = {name: PUBLISHED.get(name, PUBLISHED["createFeed"])[0] for name in used}
    return {name: processes / rate + 0.01 for name, rate in rates.items()}


@pytest.mark.parametrize("which", _HOURS)
@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5), (0.6, 0.2, 0.2)])
def test_the_whole_quota_is_used_and_amazon_refuses_nothing(shares: Sequence[float], which: str) -> None:
    """RATE-1: while work waits, whichever the class of calls, by one process or by several that share."""
    classes, hours = _HOURS[which]
    used = at_full_quota(shares, hours=hours, classes=classes)
    assert {name: one.refused for name, one in used.items()} == dict.fromkeys(used, 0)
    enough = ENOUGH_PERCENT if len(shares) < 3 else 90.0  # a part of a call that has grown is nobody's yet
    assert {name: one.percent for name, one in used.items() if one.percent < enough} == {}


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5)])
def test_calls_that_are_held_up_and_come_all_at_once_find_room(shares: Sequence[float]) -> None:
    """RATE-1: Amazon, or the way there, stands still for three seconds in twenty. Its bucket is full then, and overflows: that quota nobody can use;
    but what comes after is no more than a bucket holds."""
    used = at_full_quota(shares, hours=0.05, classes=QUICK, stands=(20.0, 3.0))
    assert {name: one.refused for name, one in used.items()} == dict.fromkeys(used, 0)
    assert {name: one.percent for name, one in used.items() if one.percent < 80} == {}


@pytest.mark.parametrize("which", _HOURS)
@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_urgent_is_passed_by_no_bulk(which: str, processes: int) -> None:
    """RATE-1: it leaves with the next call that grows."""
    classes, hours = _HOURS[which]
    used = at_full_quota((1 / processes,) * processes, hours=hours, classes=classes)
    urgent = {one.operation for one in classes if one.every}
    assert all(used[name].urgent >= 3 for name in urgent), used
    assert sum(one.passed for one in used.values()) == 0
    longest = longest_allowed(used, processes)
    assert {name: one.longest for name, one in used.items() if one.longest > longest[name]} == {}


def test_bulk_that_may_pass_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ruler itself: with priorities of no account, urgent ones are passed."""
    take = Budget.take

    async def all_alike(budget: Budget, operation: str, priority: Priority = Priority.ORDERS) -> float:
        return await take(budget, operation, Priority.REPORTS)

    monkeypatch.setattr(Budget, "take", all_alike)
    used = at_full_quota(hours=0.02, classes=QUICK)
    assert sum(one.passed for one in used.values()) > 0


def test_a_budget_that_believes_in_more_is_refused_again_and_again() -> None:
    """The ruler itself: Amazon does refuse here. A rate that is told puts it right, a burst nobody tells costs refusals."""
    used = at_full_quota(hours=0.5, classes=SLOW[1:2], rates=AmazonRates(burst={"getOrder": 60}))
    assert used["getOrder"].refused >= 1


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_a_rate_that_amazon_changes_is_followed(factor: float) -> None:
    """RATE-1: told by the header, up or down: few calls are refused until then, and no more after."""

    def changed(far: FarSide, _: Sequence[Worker]) -> None:
        rate, burst = PUBLISHED["getOrder"]
        far.limits["getOrder"] = Limit(int(burst), burst / (rate * factor))

    used = at_full_quota(hours=2, classes=SLOW[1:2], half_way=changed)["getOrder"]
    allowed = 30 + 0.5 * 3600 * (1 + factor)
    assert used.answered >= allowed * ENOUGH_PERCENT / 100
    assert used.refused <= 3


def test_a_process_that_takes_over_uses_the_share_of_the_other() -> None:
    """RATE-1: one of two ends half-way; the other has all of the work then, and all of the quota."""

    def alone(_: FarSide, workers: Sequence[Worker]) -> None:
        ended, left = workers
        ended.end()
        left.budget.set_share(1.0)

    used = at_full_quota((0.5, 0.5), hours=2, classes=SLOW[1:2], half_way=alone)["getOrder"]
    assert used.percent >= ENOUGH_PERCENT
    assert used.refused <= 3

"""RATE-1: the rate budget, decided without a clock."""

import asyncio
import heapq
from collections.abc import Coroutine
from typing import Any

import pytest

from connectors.kit.budget import Budget
from connectors.kit.rate import Bucket, Plan, Priority, Quota, Waiter, decide, forecast_seconds, full

OPEN = float("-inf")
PLAN = Plan(
    quotas={"orders": Quota(2), "acknowledge": Quota(60, 60, burst=3), "items": Quota(5)},
    draws={"list": ("orders",), "acknowledge": ("orders", "acknowledge"), "items": ("items",)},
)


def waiter(operation: str, priority: Priority = Priority.ORDERS, ticket: int = 0) -> Waiter:
    return Waiter(priority, ticket, operation)


def ask(levels: dict[str, Bucket], line: list[Waiter], who: Waiter, now: float = 0.0) -> float:
    return decide(PLAN, levels, line, who, now)[1]


def test_a_call_draws_from_all_its_buckets() -> None:
    who = waiter("acknowledge")
    levels, wait = decide(PLAN, full(PLAN, 0), [who], who, 0)
    assert wait == 0
    assert (levels["orders"].level, levels["acknowledge"].level, levels["items"].level) == (1, 2, 5)


@pytest.mark.parametrize(
    ("level", "now", "wait"),
    [
        (0.0, 0.0, 0.5),  # 2 a second: half a second for one
        (0.4, 0.0, 0.3),
        (0.0, 0.25, 0.25),  # refilled meanwhile
        (0.0, 10.0, 0.0),
        (1.0, -5.0, 0.0),  # a clock that goes back takes nothing away
    ],
)
def test_an_empty_bucket_says_how_long_to_wait(level: float, now: float, wait: float) -> None:
    levels = {**full(PLAN, 0), "orders": Bucket(level, 0)}
    assert ask(levels, [waiter("list")], waiter("list"), now) == pytest.approx(wait)


def test_a_bucket_never_holds_more_than_its_depth() -> None:
    assert Bucket(0, 0).refilled(Quota(60, 60, burst=3), 1000).level == 3


def test_orders_go_before_reports_whoever_came_first() -> None:
    """RATE-1: orders > stock > prices > products > reports."""
    one_left = {**full(PLAN, 0), "orders": Bucket(1, 0)}
    report, order = waiter("list", Priority.REPORTS, 1), waiter("list", Priority.ORDERS, 2)
    assert ask(one_left, [report, order], order) == 0
    assert ask(one_left, [report, order], report) > 0
    assert list(Priority) == [Priority.ORDERS, Priority.STOCK, Priority.PRICES, Priority.PRODUCTS, Priority.REPORTS]


def test_one_who_lacks_a_bucket_does_not_block_those_who_do_not_need_it() -> None:
    levels = {**full(PLAN, 0), "acknowledge": Bucket(0, 0), "orders": Bucket(1, 0)}
    blocked, free = waiter("acknowledge", ticket=1), waiter("list", Priority.REPORTS, 2)
    assert ask(levels, [blocked, free], blocked) > 0
    assert ask(levels, [blocked, free], free) == 0


@pytest.mark.parametrize(
    ("left", "wait", "level", "closed_until"),
    [
        (5.0, 3.0, 2.0, OPEN),  # never raised: what we read is old
        (1.0, 3.0, 1.0, OPEN),
        (0.0, 3.0, 0.0, 13.0),  # none left: closed until the other side refills
        (0.0, None, 0.0, OPEN),
        (None, 3.0, 2.0, OPEN),  # without a count the time says nothing
    ],
)
def test_headers_of_a_live_answer_lower_a_bucket(
    left: float | None, wait: float | None, level: float, closed_until: float
) -> None:
    told = Bucket(2.0, 10.0).told(left, wait, now=10.0)
    assert (told.level, told.closed_until) == (level, closed_until)


def test_a_share_divides_rate_and_burst_but_leaves_room_for_one_call() -> None:
    half = PLAN.shared(0.5)
    assert half.quotas["items"].per_second == 2.5
    assert half.quotas["items"].depth == 2.5
    assert PLAN.shared(0.01).quotas["items"].depth == 1


def test_forecast_counts_the_calls_and_the_closed_time() -> None:
    levels = {**full(PLAN, 0), "acknowledge": Bucket(3, 0, closed_until=2)}
    assert forecast_seconds(PLAN, levels, "acknowledge", 2, 0) == 2
    assert forecast_seconds(PLAN, levels, "acknowledge", 10, 0) == 7


def test_a_plan_with_an_unknown_quota_is_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        Plan(quotas={}, draws={"list": ("nowhere",)})


class Time:
    """A clock that stands still until everybody sleeps, then goes on to the first who wakes."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        heapq.heappush(self._sleepers, (self.now + seconds, len(self._sleepers), event))
        await event.wait()

    async def run(self, *work: Coroutine[Any, Any, Any]) -> None:
        tasks = [asyncio.create_task(one) for one in work]
        while not all(task.done() for task in tasks):
            for _ in range(10):
                await asyncio.sleep(0)
            if self._sleepers:
                self.now = self._sleepers[0][0]
                while self._sleepers and self._sleepers[0][0] <= self.now:
                    heapq.heappop(self._sleepers)[2].set()
        await asyncio.gather(*tasks)


def a_budget() -> tuple[Budget, Time]:
    time = Time()
    return Budget(PLAN, time, time.sleep), time


async def test_calls_flow_at_the_rate_of_the_quota() -> None:
    budget, time = a_budget()
    await time.run(*(budget.take("list") for _ in range(12)))
    assert time.now == pytest.approx(5.0)  # two at once, then two a second


async def test_a_refused_call_closes_its_own_quota_only() -> None:
    budget, time = a_budget()
    budget.refused("acknowledge", 30)
    await time.run(budget.take("list"))
    assert time.now == 0
    await time.run(budget.take("acknowledge"))
    assert time.now == pytest.approx(30)


async def test_the_first_in_line_is_served_first() -> None:
    budget, time = a_budget()
    served: list[str] = []

    async def call(name: str, priority: Priority) -> None:
        await budget.take("list", priority)
        served.append(name)

    await budget.take("list")
    await budget.take("list")
    names = [("report", Priority.REPORTS), ("product", Priority.PRODUCTS), ("order", Priority.ORDERS)]
    await time.run(*(call(name, priority) for name, priority in names))
    assert served == ["order", "product", "report"]


async def test_a_process_with_half_the_work_calls_half_as_often() -> None:
    """RATE-1: shared by all workers, each takes the share of what it owns."""
    budget, time = a_budget()
    budget.set_share(0.5)
    await time.run(*(budget.take("list") for _ in range(6)))
    assert time.now == pytest.approx(5.0)  # one at once, then one a second


async def test_one_who_gives_up_leaves_the_line() -> None:
    budget, _ = a_budget()
    budget.refused("list", 1000)
    task = asyncio.create_task(budget.take("list"))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert budget._line == set()


async def test_an_unknown_operation_is_an_error() -> None:
    budget, _ = a_budget()
    with pytest.raises(KeyError):
        await budget.take("dance")
    with pytest.raises(ValueError, match="share"):
        budget.set_share(0)


async def test_a_rate_the_other_side_tells_counts_up_and_down() -> None:
    """RATE-1: adapted from live answers."""
    for rate, seconds in ((4.0, 0.25), (0.5, 2.0)):
        time = Time()
        budget = Budget(Plan({"one": Quota(1, 1, 1)}, {"call": ("one",)}), time, time.sleep)
        budget.rated("call", rate)
        await time.run(budget.take("call"), budget.take("call"))
        assert time.now == pytest.approx(seconds)
        budget.set_share(0.5)
        assert budget.forecast("call", 1) == pytest.approx(2 / rate)


async def test_a_bucket_that_was_found_empty_fills_from_nothing() -> None:
    """RATE-1: whatever we thought was in it; a little later than at the moment one call has grown again."""
    time = Time()
    budget = Budget(Plan({"one": Quota(1, 1, 20)}, {"call": ("one",)}), time, time.sleep)
    budget.emptied("call")
    await time.run(budget.take("call"), budget.take("call"))
    assert time.now == pytest.approx(2.02)

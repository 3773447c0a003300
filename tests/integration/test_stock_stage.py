"""The stock stage on a real broker: no number is lost or goes back, whatever happens to its workers (INV-2, INV-3, INV-5)."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.records import Demand, StockLevel
from tests.integration.stock_kit import StockBroker, StockWorker, Told
from tests.integration.stock_process import CHANNELS, Plan
from tests.unit.stock.samples import AMAZON, demand, level
from tests.waiting import until

SKUS = 60
STOCK = 50
ORDERS = 900
Workers = Callable[[Plan], StockWorker]


@pytest.fixture
def broker(bootstrap: str, topic: Callable[..., str]) -> Iterator[StockBroker]:
    made = StockBroker.make(bootstrap, topic)
    yield made
    made.close()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Workers]:
    started: list[StockWorker] = []

    def start(plan: Plan) -> StockWorker:
        started.append(StockWorker(plan, tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.stop(signal.SIGKILL)


def inventory() -> list[StockLevel]:
    return [level(STOCK, sku=f"SKU-{number}") for number in range(SKUS)]


def orders(dice: random.Random) -> list[Demand]:
    return [
        demand(1, str(number), sku=f"SKU-{dice.randrange(SKUS)}", channel=AMAZON, version=number + 1)
        for number in range(ORDERS)
    ]


def expected(sold: list[Demand]) -> dict[str, int]:
    left = {f"SKU-{number}": STOCK for number in range(SKUS)}
    for one in sold:
        left[one["sku"]] -= 1
    return {f"stock:{channel}:{account}:{sku}": number for sku, number in left.items() for channel, account in CHANNELS}


def check_order(told: list[Told]) -> None:
    """A version says one number for ever; one that comes after a greater one is a repetition, and orders only ever lower the number."""
    said: dict[tuple[str, int], int] = {}
    greatest: dict[str, int] = {}
    for one in told:
        assert said.setdefault((one.key, one.version), one.quantity) == one.quantity, (
            f"{one} says another number than before"
        )
        greatest[one.key] = max(greatest.get(one.key, 0), one.version)
    for key in greatest:
        numbers = [said[key, version] for name, version in sorted(said) if name == key]
        assert numbers == sorted(numbers, reverse=True), f"{key} went back: {numbers}"


@pytest.mark.parametrize("seed", [1, 2])
def test_workers_killed_in_mid_flow_lose_no_number_and_none_goes_back(
    broker: StockBroker, worker: Workers, seed: int
) -> None:
    """TEST-3, INV-5: two workers, kill -9 three times while orders come in."""
    dice = random.Random(seed)
    sold = orders(dice)
    plan = broker.plan(flush_minutes=0.05, low_stock=0)
    alive = [worker(plan), worker(plan)]
    broker.send("inventory", inventory())
    broker.until(expected([]))
    for share in range(3):
        broker.send("demand", sold[share * ORDERS // 3 : (share + 1) * ORDERS // 3])
        victim = alive.pop(dice.randrange(2))
        before = len(broker.told)
        until(lambda before=before: len(broker.poll()) > before, "orders are worked on")  # type: ignore[misc]
        victim.stop(signal.SIGKILL)
        alive.append(worker(plan))
    broker.until(expected(sold))
    check_order(broker.poll())


def test_partitions_move_to_a_second_worker_and_back(broker: StockBroker, worker: Workers) -> None:
    """A level and a demand of a SKU meet in one worker, also after both have moved."""
    sold = orders(random.Random(3))
    plan = broker.plan(flush_minutes=0.05, low_stock=0)
    first = worker(plan)
    broker.send("inventory", inventory())
    broker.until(expected([]))
    second = worker(plan)
    until(second.is_restored, "the second worker has partitions")
    broker.send("demand", sold[:300])
    broker.until(expected(sold[:300]))
    assert first.stop() == 0
    broker.send("demand", sold[300:])
    broker.until(expected(sold))
    check_order(broker.poll())
    assert second.stop() == 0


def test_what_waits_for_the_window_survives_a_restart(broker: StockBroker, worker: Workers) -> None:
    """INV-1: nothing goes out before the window ends, and nothing is forgotten when the worker ends before it."""
    first = worker(broker.plan(flush_minutes=1440))
    broker.send("inventory", inventory())
    until(lambda: len(broker.ledgers()) >= SKUS, "the levels are folded")
    assert first.stop() == 0
    assert broker.poll() == []
    worker(broker.plan(flush_minutes=0.05))
    broker.until(expected([]))
    assert len(broker.told) == SKUS * len(CHANNELS)


def test_an_order_lowers_the_other_channel_before_its_window_ends(broker: StockBroker, worker: Workers) -> None:
    """INV-3: the window is a day long."""
    first = worker(broker.plan(flush_minutes=0.05))
    broker.send("inventory", inventory())
    broker.until(expected([]))
    assert first.stop() == 0
    second = worker(broker.plan(flush_minutes=1440))
    until(second.is_restored, "the worker has partitions")
    sold = [demand(5, "1", sku="SKU-1", channel=AMAZON)]
    broker.send("demand", sold)
    broker.until(expected([]) | {"stock:walmart:main:SKU-1": STOCK - 5})
    assert [one for one in broker.told if one.quantity != STOCK and not one.urgent] == []

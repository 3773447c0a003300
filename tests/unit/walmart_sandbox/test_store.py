"""TEST-1: the sandbox keeps what it holds, and shows orders when their time has come."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.kit.sandbox.batches import Batch
from connectors.walmart.sandbox.mix import HEAVY, PLAIN, mix_from
from connectors.walmart.sandbox.query import parse
from connectors.walmart.sandbox.settings import SandboxSettings
from connectors.walmart.sandbox.world import World
from tests.unit.walmart_sandbox.orders import PLACED, order_of

NOW = PLACED.timestamp()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> Iterator[World]:
    world = World(SandboxSettings(), clock)
    yield world
    world.close()


def listed(world: World, clock: Clock, **params: str) -> list[str]:
    query = parse(params, PLACED.fromtimestamp(world.now(), PLACED.tzinfo), released=False, history_days=180)
    return [order.po for order in world.store.page("a", query, clock.now)]


def test_orders_appear_at_their_rate(world: World, clock: Clock) -> None:
    world.add_batch("a", Batch(10, 1, PLAIN, rate=2.0))
    seen = []
    for clock.now in (NOW, NOW + 1, NOW + 2.6, NOW + 10):
        seen.append(len(listed(world, clock)))
    assert seen == [1, 3, 6, 10]


def test_the_same_seed_again_adds_nothing(world: World) -> None:
    assert len(world.add_batch("a", Batch(5, 1, PLAIN))) == 5
    assert world.add_batch("a", Batch(5, 1, PLAIN)) == []
    assert len(world.add_batch("b", Batch(5, 1, PLAIN))) == 5


def test_a_late_order_appears_with_dates_already_past(world: World, clock: Clock) -> None:
    world.add_batch("a", Batch(1, 1, mix_from({"base": "plain", "late": 1.0, "late_minutes": [5, 6]}), rate=1.0))
    (order,) = world.store.all("a")
    assert order.created == order.modified == order.body["orderDate"]
    assert 299 <= order.visible_at - order.created / 1000 <= 361


def test_changes_happen_once_when_due_and_move_the_modified_date(world: World, clock: Clock) -> None:
    mix = mix_from({"base": "plain", "changing": 1.0, "change_seconds": [5, 5]})
    world.add_batch("a", Batch(20, 1, mix))
    before = {order.po: order for order in world.store.all("a")}
    clock.now += 4
    assert world.state("a")["pending_changes"] == 20
    clock.now += 2
    assert world.state("a")["pending_changes"] == 0
    after = world.store.all("a")
    assert all(order.modified == int((NOW + 5) * 1000) for order in after)
    assert all(order.body != before[order.po].body for order in after)


def test_filters_find_by_status_sku_id_and_modified_date(world: World, clock: Clock) -> None:
    world.add_raw("a", [order_of(1)])
    (po,) = listed(world, clock)
    sku = world.store.all("a")[0].body["orderLines"]["orderLine"][0]["item"]["sku"]
    assert listed(world, clock, status="Created", sku=sku, purchaseOrderId=po) == [po]
    assert listed(world, clock, status="Shipped") == []
    assert listed(world, clock, sku=sku[:-1]) == []
    assert listed(world, clock, lastModifiedStartDate="2026-11-20T12:00:01Z") == []
    assert listed(world, clock, shipNodeType="WFSFulfilled") == []
    assert listed(world, clock, replacementInfo="true", orderType="REPLACEMENT") == []


def test_orders_and_writes_survive_a_new_start(tmp_path: Path, clock: Clock) -> None:
    """The first store is not closed: as after kill -9, only what was committed counts."""
    settings = SandboxSettings(data_dir=tmp_path)
    first = World(settings, clock)
    po = first.add_batch("a", Batch(3, 1, PLAIN, rate=0.01))[0]
    first.write("a", po, "acknowledge", lambda order, now: {**order, "mark": 1})
    again = World(settings, clock)
    assert again.state("a") == first.state("a")
    assert again.store.get("a", po, clock.now) == first.store.get("a", po, clock.now)
    assert [write["operation"] for write in again.state("a")["writes"]] == ["acknowledge"]
    first.close()
    again.close()


def test_a_failed_write_changes_nothing(world: World, clock: Clock) -> None:
    po = world.add_batch("a", Batch(1, 1, PLAIN))[0]

    def explode(order: dict[str, object], now: int) -> dict[str, object]:
        raise ZeroDivisionError

    before = world.state("a")
    with pytest.raises(Exception, match="damaged"):
        world.write("a", po, "acknowledge", explode)
    assert world.state("a") == before


def test_the_state_tells_every_order_even_damaged_ones(world: World) -> None:
    world.add_batch("a", Batch(300, 3, HEAVY))
    orders = world.state("a")["orders"]
    assert len(orders) == 300
    assert all(order["total"] for order in orders if "malformed" not in order["traits"])


def test_reset_forgets_one_account_or_all(world: World) -> None:
    for account in ("a", "b"):
        world.add_batch(account, Batch(2, 1, HEAVY))
    world.reset("a")
    assert (len(world.store.all("a")), len(world.store.all("b"))) == (0, 2)
    world.reset()
    assert world.store.all("b") == []

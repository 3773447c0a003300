"""The table of consumer groups is held against the stages themselves: a group that status does not know would be invisible."""

from __future__ import annotations

import pytest

from schemas.topics import Lane
from streams.connectors import compose_settings, discover, part_of, written_to
from streams.failure.breaker import Breakers
from streams.failure.routing import FailureRouting
from streams.observe.groups import retry_group, stage_groups
from streams.settings import RetrySettings, Settings
from streams.stages.deliver import DeliverStage
from streams.stages.packing.stage import PackingStage
from streams.stages.pricing.stage import PricingStage
from streams.stages.route import Router, RouteStage, Switches
from streams.stages.stock.stage import StockStage
from streams.stages.supply.stage import SupplyStage
from streams.stages.transform import Transformer, TransformStage, raw_topics
from streams.worker import now, stage_names
from tests.unit.failure.samples import codec
from tests.unit.stages.test_deliver import FakeSink


def test_groups_and_topics_are_those_of_the_stages() -> None:
    settings, codec_ = Settings(), codec()
    routing = FailureRouting(codec_, settings)
    connectors = discover()
    connected = compose_settings(connectors)()
    sources = tuple(raw_topics({c.name: c.entity_mappings(part_of(connected, c)) for c in connectors}))
    built: list[TransformStage | RouteStage | StockStage | PricingStage | SupplyStage | DeliverStage] = [
        TransformStage(settings, Transformer(settings, codec_, {}, routing, now), sources, 10),
        RouteStage(Router(codec_, routing, now, Switches(frozenset(), ())), 10),
    ]
    built += [StockStage(settings, codec_, routing, (), now), PricingStage(settings, codec_, routing, (), now)]
    built.append(SupplyStage(settings, codec_, routing, now))
    for group in stage_groups(connectors, connected)[len(built) :]:
        _, destination, lane = group.stage.split(".")
        sink = FakeSink()
        sink.destination = destination
        built.append(DeliverStage(settings, Lane(lane), sink, Breakers(1, 1, 1), codec_, routing, now))
    assert [(g.name, g.topics) for g in stage_groups(connectors, connected)] == [
        (stage.name, stage.topics) for stage in built
    ]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """A packing station."""
    monkeypatch.setenv("CAUSEWAY_PACKING__STATIONS__BENCH1__BOX", "b8:27:eb:00:00:01")
    monkeypatch.setenv("CAUSEWAY_PACKING__STATIONS__BENCH1__SCANNER", "usb_05e0:1200")


@pytest.mark.usefixtures("bench")
def test_stages_are_called_as_the_worker_takes_them() -> None:
    connectors = discover()
    connected = compose_settings(connectors)()
    names = stage_names(written_to(connected, connectors))
    assert tuple(group.stage for group in stage_groups(connectors, connected)) == names[:-2]


@pytest.mark.usefixtures("bench")
def test_the_group_of_packing_stations_is_that_of_its_stage() -> None:
    (group,) = (one for one in stage_groups((), compose_settings(())()) if one.stage == "packing")
    assert (group.name, group.topics) == (PackingStage.name, PackingStage.topics)


def test_without_a_packing_station_nothing_runs_for_it() -> None:
    connectors = discover()
    connected = compose_settings(connectors)()
    names = stage_names(written_to(connected, connectors))
    groups = tuple(group.stage for group in stage_groups(connectors, connected))
    assert [name for name in names[:-2] if name not in groups] == ["packing"]


def test_a_suppliers_platform_without_an_account_costs_no_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who buys nowhere runs nothing for it; its lanes can be asked for all the same, and are there with its first account."""
    connectors = discover()
    monkeypatch.delenv("CAUSEWAY_ALIBABA__ACCOUNTS__MAIN__APP_KEY", raising=False)
    lanes = {f"deliver.alibaba.{lane.value}" for lane in Lane}

    def run_for(settings: Settings) -> set[str]:
        return set(stage_names(written_to(settings, connectors)))

    without = compose_settings(connectors)()
    assert set(stage_names(connectors)) - run_for(without) == lanes
    assert not lanes & {group.stage for group in stage_groups(connectors, without)}
    monkeypatch.setenv("CAUSEWAY_ALIBABA__ACCOUNTS__MAIN__APP_KEY", "1")
    monkeypatch.setenv("CAUSEWAY_ALIBABA__ACCOUNTS__MAIN__APP_SECRET", "s")
    connected = compose_settings(connectors)()
    assert lanes <= run_for(connected)
    assert lanes <= {group.stage for group in stage_groups(connectors, connected)}


def test_the_retry_group_reads_the_configured_tiers() -> None:
    settings = Settings(retry=RetrySettings(tiers=("1s", "90s", "2h")))
    assert retry_group(settings).topics == ("retry.1s", "retry.90s", "retry.2h")

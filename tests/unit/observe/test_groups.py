"""The table of consumer groups is held against the stages themselves: a group that status does not know would be invisible."""

from __future__ import annotations

from schemas.topics import Lane
from streams.connectors import compose_settings, discover, part_of
from streams.failure.breaker import Breakers
from streams.failure.routing import FailureRouting
from streams.observe.groups import retry_group, stage_groups
from streams.settings import RetrySettings, Settings
from streams.stages.deliver import DeliverStage
from streams.stages.pricing.stage import PricingStage
from streams.stages.route import Router, RouteStage, Switches
from streams.stages.stock.stage import StockStage
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
    built: list[TransformStage | RouteStage | StockStage | PricingStage | DeliverStage] = [
        TransformStage(settings, Transformer(settings, codec_, {}, routing, now), sources, 10),
        RouteStage(Router(codec_, routing, now, Switches(frozenset(), ())), 10),
    ]
    built += [StockStage(settings, codec_, routing, (), now), PricingStage(settings, codec_, routing, (), now)]
    for group in stage_groups(connectors, connected)[4:]:
        _, destination, lane = group.stage.split(".")
        sink = FakeSink()
        sink.destination = destination
        built.append(DeliverStage(settings, Lane(lane), sink, Breakers(1, 1, 1), codec_, routing, now))
    assert [(g.name, g.topics) for g in stage_groups(connectors, connected)] == [
        (stage.name, stage.topics) for stage in built
    ]


def test_stages_are_called_as_the_worker_takes_them() -> None:
    connectors = discover()
    connected = compose_settings(connectors)()
    assert tuple(group.stage for group in stage_groups(connectors, connected)) == stage_names(connectors)[:-2]


def test_the_retry_group_reads_the_configured_tiers() -> None:
    settings = Settings(retry=RetrySettings(tiers=("1s", "90s", "2h")))
    assert retry_group(settings).topics == ("retry.1s", "retry.90s", "retry.2h")

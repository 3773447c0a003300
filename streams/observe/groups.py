"""Who works on what: every consumer group of the pipeline, its topics, and the name `causeway worker --stage` knows it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.kit.ports import Connector
from schemas.topics import MAPPINGS, OUTCOMES, Lane, deliver, retry
from streams.connectors import mappings_of, written_to
from streams.failure import held, retry_worker
from streams.poller.flows import Names
from streams.settings import Settings
from streams.stages.packing.stage import PackingStage
from streams.stages.pricing.stage import PricingStage
from streams.stages.rules import ENTITY_OF
from streams.stages.stock import folding as stock
from streams.stages.stock.folding import StockTopics
from streams.stages.supply.stage import SupplyStage
from streams.stages.transform import raw_topics


@dataclass(frozen=True, slots=True)
class Group:
    """One consumer group. `stage`: its short name."""

    stage: str
    name: str
    topics: tuple[str, ...]


def stage_groups(connectors: Sequence[Connector], settings: Settings) -> tuple[Group, ...]:
    """The stages in the order things happen. A test holds these against the stages themselves."""
    sources = tuple(raw_topics(mappings_of(settings, connectors)))
    found = [
        Group("transform", "causeway.transform", sources),
        Group("route", "causeway.route", (*ENTITY_OF, OUTCOMES, MAPPINGS)),
        Group("stock", f"causeway.{stock.STAGE}", (StockTopics().inventory, StockTopics().demand)),
        Group("pricing", PricingStage.name, PricingStage.topics),
        Group("supply", SupplyStage.name, SupplyStage.topics),
    ]
    if settings.packing.stations:
        found.append(Group("packing", PackingStage.name, PackingStage.topics))
    for connector in written_to(settings, connectors):
        for lane in Lane:
            topic = deliver(connector.name, lane)
            found.append(Group(topic, f"causeway.{topic}", (topic,)))
    return tuple(found)


def retry_group(settings: Settings) -> Group:
    """The worker that brings records of the retry tiers back."""
    return Group("retry", retry_worker.GROUP, tuple(retry(tier) for tier in settings.retry.delays()))


RELEASE = Group("release", held.GROUP, ())  # reads compacted topics from their beginning: it has no lag
POLLER = Group("poller", Names().group, ())  # its topic gives it ownership, not work

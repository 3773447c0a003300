"""Orders on their way that no outcome speaks of yet: their keys, from the records that the stages between the poller and Odoo have not finished.

Offsets are asked hop by hop in the order of travel, and all of it before the outcomes are read. So an order that moves on meanwhile is seen at
the next hop or in the outcomes, never nowhere; one that is seen twice is still one key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.kit.ports import Connector
from schemas.topics import ENTITIES, RAW, Lane, deliver, raw
from streams.kafka import reader
from streams.observe.groups import Group, stage_groups
from streams.observe.lag import read_offsets
from streams.observe.newest import Span, newest, read_spans
from streams.observe.operations import is_order
from streams.settings import Settings
from streams.stages.rules import RULES

MOST_RECORDS = 20_000
ORDER = "order"


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """Keys of orders in records that are not finished. `is_cut`: there are more records than were looked at."""

    keys: frozenset[str] = frozenset()
    is_cut: bool = False


def order_hops(connectors: Sequence[Connector], settings: Settings) -> list[list[Group]]:
    """The groups an order goes through, hop by hop, each with only the topics that orders travel on."""
    own = {
        raw(source, f"{name}s")
        for source, found in RAW.items()
        for name, canonical in found.items()
        if canonical == ORDER
    }
    lanes = {deliver(RULES[ORDER].destination, lane) for lane in Lane}
    hops = (own, {ENTITIES[ORDER].every}, lanes)
    groups = stage_groups(connectors, settings)
    return [[_only(group, topics) for group in groups if topics & set(group.topics)] for topics in hops]


def orders_on_the_way(settings: Settings, connectors: Sequence[Connector], most: int = MOST_RECORDS) -> OnTheWay:
    """As the topics are now. Raises BrokerError."""
    config = settings.kafka.librdkafka()
    spans = [span for groups in order_hops(connectors, settings) for span in _unfinished(config, groups)]
    if not spans:
        return OnTheWay()
    read = read_spans(reader(config), newest(spans, most))
    keys = frozenset((record.key or b"").decode(errors="replace") for record in read)
    return OnTheWay(frozenset(filter(is_order, keys)), sum(span.records for span in spans) > most)


def _unfinished(config: Mapping[str, Any], groups: Sequence[Group]) -> list[Span]:
    return [Span(*place, done, end) for (_, place), (done, end) in read_offsets(config, groups).items() if done < end]


def _only(group: Group, topics: set[str]) -> Group:
    return replace(group, topics=tuple(topic for topic in group.topics if topic in topics))

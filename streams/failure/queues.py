"""How many records wait in the retry tiers and how many of them are due. Asks the broker's index by time; reads no record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from schemas import topics
from streams.kafka import BrokerError, committed_of, partitions_of
from streams.offsets import KeptAdmin, at_times, begins, ends
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Depth:
    """One partition of a tier. `waiting`: not due yet, `due`: due and not brought back yet."""

    topic: str
    partition: int
    waiting: int
    due: int


def depths(
    settings: Settings, group: str, now: float, only: Iterable[tuple[str, int]] | None = None
) -> list[Depth]:  # fmt: skip
    """The depth of every partition of the tiers (or `only` these). `now` is epoch seconds. Raises BrokerError.

    A record is due one tier after it was written, so the first record younger than `now` minus the tier is the first that still waits.
    """
    config = settings.kafka.librdkafka()
    tiers = {topics.retry(tier): tier for tier in settings.retry.delays()}
    try:
        admin = _admin(tuple(sorted(config.items())))
        places = admin.ask(partial(_all_places, config=config, names=tiers)) if only is None else list(only)
        last = admin.ask(partial(ends, places=places))
        first = admin.ask(partial(begins, places=places))
        moments = {place: int((now - tiers[place[0]].total_seconds()) * 1000) for place in places}
        edge = admin.ask(partial(at_times, moments=moments))
    except KafkaException as error:
        raise BrokerError(f"Kafka cannot say how many records wait: {error.args[0]}") from error
    done = committed_of(config, group, places) if places else {}
    return [_depth(place, max(done.get(place, 0), first[place]), edge[place], last[place]) for place in places]


def _all_places(admin: AdminClient, config: Mapping[str, Any], names: Iterable[str]) -> list[tuple[str, int]]:
    return [(place.topic, place.partition) for place in partitions_of(admin, config, names)]


def _depth(place: tuple[str, int], done: int, edge: int, end: int) -> Depth:
    first_waiting = end if edge < 0 else max(edge, done)  # the broker answers -1 when every record is older
    return Depth(*place, waiting=max(0, end - first_waiting), due=max(0, first_waiting - done))


@lru_cache(maxsize=4)
def _admin(config: tuple[tuple[str, Any], ...]) -> KeptAdmin:
    return KeptAdmin(dict(config))

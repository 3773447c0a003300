"""The endpoint of one process and what is measured of the process itself: its build, and its stages as the watchdog last saw them (OPS-1, OPS-8).

Numbers of stages are made when somebody scrapes: nothing is measured for nobody.
"""

from __future__ import annotations

import logging
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from prometheus_client import REGISTRY, CollectorRegistry, Gauge, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.codec import Codec
from schemas.record import Record
from schemas.registry import Registry
from streams.kafka import BrokerError
from streams.observe.health import Endpoint, HealthCheck, Notes
from streams.observe.lag import read_heads
from streams.observe.standing import FAMILIES, Following, Standing, StandingCollector
from streams.offsets import Place
from streams.runtime.chunk import Partition
from streams.runtime.stall import Sight
from streams.settings import ConfigurationError, Settings

logger = logging.getLogger(__name__)

HEADS_KEPT_SECONDS = 10.0
HEADS_LIMIT_SECONDS = 1.0

BUILD = Gauge("causeway_build_info", "Always 1; what runs here", ["version", "python", "environment", "process"])

_STAGE_FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "causeway_stage_lag_records": ("Records this process has assigned and not finished", ("stage", "topic")),
    "causeway_stage_lag_seconds": ("Age of the oldest of them; 0 when there is none", ("stage", "topic")),
    "causeway_stage_done_offset": ("Everything below is worked off", ("stage", "topic", "partition")),
    "causeway_stage_committed_offset": ("Everything below is committed", ("stage", "topic", "partition")),
    "causeway_stage_lanes": ("Partitions by what they do: idle, working, overdue, paused", ("stage", "doing")),
    "causeway_stage_paused_lanes": ("Partitions that wait on purpose, by reason", ("stage", "reason")),
}
STAGE_METRICS = tuple(_STAGE_FAMILIES)
_FAMILIES = {**_STAGE_FAMILIES, **FAMILIES}  # all that collectors make

ReadHeads = Callable[[Mapping[Place, int]], Mapping[Place, Record]]


class Watched(Protocol):
    """What a runtime says of its stages. From any thread."""

    def sights(self) -> Mapping[str, Sequence[Sight]]: ...

    def pauses(self) -> Mapping[str, Sequence[tuple[Partition, str]]]: ...


class StageCollector(Collector):
    """The metrics of the stages of this process. `clock` answers epoch seconds."""

    def __init__(self, runtime: Watched, read: ReadHeads, clock: Callable[[], float] = time.time) -> None:
        self._runtime = runtime
        self._read = read
        self._clock = clock
        self._heads: Mapping[Place, Record] = {}
        self._read_at = 0.0

    def describe(self) -> Iterable[Metric]:
        """So that registering asks nothing yet."""
        return (GaugeMetricFamily(name, about) for name, (about, _) in _STAGE_FAMILIES.items())

    def collect(self) -> Iterator[Metric]:
        """One scrape."""
        families = {
            name: GaugeMetricFamily(name, about, labels=labels) for name, (about, labels) in _STAGE_FAMILIES.items()
        }
        sights = self._runtime.sights()
        heads = self._oldest(
            {(s.partition.topic, s.partition.partition): s.done for found in sights.values() for s in found if s.lag}
        )
        for name, found in sights.items():
            stage = _short(name)
            self._add_lag(families, stage, found, heads)
            for doing, count in Counter(sight.doing.value for sight in found).items():
                families["causeway_stage_lanes"].add_metric((stage, doing), count)
        for name, pauses in self._runtime.pauses().items():
            for reason, count in Counter(reason for _, reason in pauses).items():
                families["causeway_stage_paused_lanes"].add_metric((_short(name), reason), count)
        yield from families.values()

    def close(self) -> None:
        """It holds nothing open."""

    def _add_lag(
        self, families: Mapping[str, GaugeMetricFamily], stage: str, found: Sequence[Sight], heads: Mapping[Place, Record]
    ) -> None:  # fmt: skip
        for topic in sorted({sight.partition.topic for sight in found}):
            mine = [sight for sight in found if sight.partition.topic == topic]
            times = [head.timestamp_ms for s in mine if s.lag and (head := heads.get((topic, s.partition.partition)))]
            seconds = max(0.0, self._clock() - min(times) / 1000) if times else 0.0
            families["causeway_stage_lag_records"].add_metric((stage, topic), sum(sight.lag or 0 for sight in mine))
            families["causeway_stage_lag_seconds"].add_metric((stage, topic), seconds)
            for sight in mine:
                place = (stage, topic, str(sight.partition.partition))
                families["causeway_stage_done_offset"].add_metric(place, sight.done)
                if sight.committed is not None:
                    families["causeway_stage_committed_offset"].add_metric(place, sight.committed)

    def _oldest(self, behind: Mapping[Place, int]) -> Mapping[Place, Record]:
        """The oldest record of each place; asked again only after a while, and only while something is behind."""
        if behind and self._clock() - self._read_at >= HEADS_KEPT_SECONDS:
            self._read_at = self._clock()
            try:
                self._heads = self._read(behind)
            except BrokerError as error:
                logger.warning("lag_not_measured detail=%s", error)
        # A head that is worked off by now says nothing any more.
        return {place: head for place, head in self._heads.items() if place in behind and head.offset >= behind[place]}


def _short(group: str) -> str:
    """The stage's name as `causeway worker --stage` takes it."""
    return group.removeprefix("causeway.")


@contextmanager
def observed(
    settings: Settings, process: str, healthy: HealthCheck, runtime: Watched | None = None, registry: CollectorRegistry = REGISTRY,
    notes: Notes = lambda: (),
) -> Iterator[Endpoint | None]:  # fmt: skip
    """While inside, this process is served at the configured port; without one nothing is. Raises ConfigurationError for a port in use."""
    if not settings.stage.metrics_port:
        yield None
        return
    # A second series for every counter, which Prometheus does not use.
    disable_created_metrics()  # type: ignore[no-untyped-call] # has no types
    BUILD.labels(_version(), platform.python_version(), settings.environment.value, process).set(1)
    config: dict[str, Any] = settings.kafka.librdkafka()
    collectors: list[StageCollector | StandingCollector] = []
    if runtime:
        collectors.append(StageCollector(runtime, lambda behind: read_heads(config, behind, HEADS_LIMIT_SECONDS)))
        schemas = Registry(settings.registry.client())
        collectors.append(StandingCollector(Standing(Codec(schemas)), Following(config, schemas.close)))
    try:
        endpoint = Endpoint(settings.stage.metrics_port, healthy, settings.stage.metrics_host, notes)
    except OSError as error:
        raise ConfigurationError(
            f"CAUSEWAY_STAGE__METRICS_PORT: cannot listen on {settings.stage.metrics_host}:{settings.stage.metrics_port}: "
            f"{error.strerror}; give each process on this machine a port of its own"
        ) from None
    for collector in collectors:
        registry.register(collector)
    try:
        yield endpoint
    finally:
        for collector in collectors:
            registry.unregister(collector)
        endpoint.close()
        for collector in collectors:
            collector.close()


def _version() -> str:
    try:
        return version("causeway")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"

"""A worker process: builds the stages it is asked to run and everything they need, and runs them until told to stop.

The root of the program: here, and only here, settings, connectors, codec, producer and clocks come together.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from connectors.kit.ports import Connector, Deps, Sink
from connectors.kit.settings import Part
from schemas.codec import Codec
from schemas.record import Record
from schemas.registry import Registry, RegistryError
from schemas.topics import DESTINATIONS, SOURCES, SUPPLIERS, Lane, shadow
from streams.connectors import (
    check_credentials,
    discover,
    load_connected_settings,
    mappings_of,
    part_of,
    stock_caps,
    stock_minutes,
    written_to,
)
from streams.failure.breaker import Breakers
from streams.failure.held import ReleaseWorker, Resolver
from streams.failure.mappings import MappingTable
from streams.failure.retry_worker import RetryWorker
from streams.failure.routing import FailureRouting
from streams.first_prices import FirstPriceTable
from streams.kafka import ensure_topics, read_to_end
from streams.observe.process import observed
from streams.runtime import InfrastructureError, Runtime, RuntimeSettings, Stage
from streams.runtime.runtime import EXIT_FAILED
from streams.settings import ConfigurationError, Settings, StageSettings
from streams.stages.catching_up import CatchingUp
from streams.stages.deliver import DeliverStage
from streams.stages.filters import exclusion
from streams.stages.newest import newest_of
from streams.stages.packing.stage import PackingStage
from streams.stages.pricing.stage import STAGE as PRICING
from streams.stages.pricing.stage import PricingStage
from streams.stages.pricing.waiting import Wants
from streams.stages.renamed import Renaming
from streams.stages.route import Router, RouteStage, Switches
from streams.stages.rules import Channel
from streams.stages.shares import Owned
from streams.stages.skus import Skus
from streams.stages.stock.stage import StockStage
from streams.stages.supply.stage import SupplyStage
from streams.stages.transform import Transformer, TransformStage, raw_topics

logger = logging.getLogger(__name__)

RETRY = "retry"
RELEASE = "release"


def now() -> datetime:
    """The clock of the running program, aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """What stages are built from."""

    settings: Settings
    connectors: tuple[Connector, ...]
    codec: Codec
    routing: FailureRouting
    deps: Deps
    mappings: MappingTable
    registry: Registry
    first_prices: FirstPriceTable


class Ids:
    """Schema ids of the registry, as stages want them: a registry that cannot be asked is no fault of the record in hand."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def id_of(self, name: str) -> int:
        """As Registry.id_of. Raises InfrastructureError."""
        try:
            return self._registry.id_of(name)
        except RegistryError as error:
            raise InfrastructureError(str(error)) from error

    def schema_of(self, schema_id: int) -> dict[str, Any]:
        """As Registry.schema_of. Raises KeyError for an unknown id, InfrastructureError."""
        try:
            return self._registry.schema_of(schema_id)
        except RegistryError as error:
            raise InfrastructureError(str(error)) from error


def stage_names(connectors: Sequence[Connector]) -> tuple[str, ...]:
    """What `causeway worker --stage` takes: the stages in the order things happen, then the two workers of the failure path. Of connectors that
    are `written_to` it is what a worker runs that is asked for none."""
    lanes = [f"deliver.{connector.name}.{lane.value}" for connector in connectors if connector.sink for lane in Lane]
    return ("transform", "route", "stock", "pricing", "supply", "packing", *lanes, RETRY, RELEASE)


def environment_problems(settings: Settings, connectors: Iterable[Connector]) -> dict[str, str]:
    """Connector -> why it is of another world: keys, hosts and databases of sandbox, staging and production never meet (AUTH-7, TEST-4)."""
    problems = {}
    for connector in connectors:
        part: Part = part_of(settings, connector)
        if connector.accounts(part):
            try:
                part.check_environment(settings.environment.value)
            except ValueError as error:
                problems[connector.name] = str(error)
    return problems


def check_environments(settings: Settings, connectors: Iterable[Connector]) -> None:
    """No connector of another world. Raises ConfigurationError naming all of them."""
    if problems := environment_problems(settings, connectors):
        raise ConfigurationError(
            "the environments in the configuration do not fit together:\n  " + "\n  ".join(problems.values())
        )


def needed_sinks(connectors: Sequence[Connector], names: Sequence[str]) -> list[tuple[Connector, str]]:
    """The connectors these stages write to or ask, and which stage does. The release worker asks all whether what records wait for is there."""
    return [
        (connector, name)
        for connector in connectors
        if connector.sink
        for name in names
        if name == RELEASE or name in {f"deliver.{connector.name}.{lane.value}" for lane in Lane}
    ]


def prepare(settings: Settings, connectors: tuple[Connector, ...]) -> Parts:
    """Topics and schemas are there, mappings are loaded.

    Raises ConfigurationError when a connector belongs to another environment, BrokerError or RegistryError saying what cannot be reached.
    """
    check_environments(settings, connectors)
    ensure_topics(settings)
    registry = Registry(settings.registry.client())
    registry.register(settings.topic_table())
    codec = Codec(Ids(registry))
    mappings = MappingTable(settings, codec)
    mappings.start()
    first_prices = FirstPriceTable(settings, codec, Skus(mappings))
    deps = Deps(settings.environment.value, mappings, now, first_prices=first_prices)
    return Parts(settings, connectors, codec, FailureRouting(codec, settings), deps, mappings, registry, first_prices)


def build_stages(parts: Parts, wanted: Sequence[str], sinks: dict[str, Sink]) -> list[Stage]:
    """The stages of that name (without `retry` and `release`, which are no stages). Fills `sinks` with what was opened for them."""
    settings, codec, routing = parts.settings, parts.codec, parts.routing
    breakers = Breakers(
        settings.breaker.failures, settings.breaker.probe_after_seconds, settings.breaker.probe_limit_seconds
    )
    stages: list[Stage] = []
    skus = Skus(parts.mappings)
    owned: dict[str, Owned] = {}
    if "transform" in wanted:
        mappings = raw_topics(mappings_of(settings, parts.connectors))
        transformer = Transformer(settings, codec, mappings, routing, now)
        stages.append(TransformStage(settings, transformer, tuple(mappings), settings.stage.chunk_records))
    if "route" in wanted:
        excluded = partial(exclusion, filters=settings.filters, environment=settings.environment)
        router = Router(codec, routing, now, switches(parts), skus, excluded)
        chunk_records = settings.stage.chunk_records
        stages.append(RouteStage(router, chunk_records, renaming(parts, router), catching_up(parts, router)))
    if "stock" in wanted:
        caps, minutes = stock_caps(settings, parts.connectors), stock_minutes(parts.connectors)
        stages.append(
            StockStage(settings, codec, routing, channels_of(parts), now, caps=caps, minutes=minutes, skus=skus)
        )
    if "pricing" in wanted:
        stages.append(PricingStage(settings, codec, routing, channels_of(parts), now))
    if "supply" in wanted:
        stages.append(SupplyStage(settings, codec, routing, now))
    if "packing" in wanted and settings.packing.stations:
        stages.append(PackingStage(settings, codec, routing, now))
    for connector in parts.connectors:
        for lane in Lane:
            if f"deliver.{connector.name}.{lane.value}" in wanted:
                sink = open_sink(parts, connector, sinks)
                share = owned.setdefault(connector.name, Owned(sink, settings.topics.partitions))
                stages.append(DeliverStage(settings, lane, sink, breakers, codec, routing, now, share))
    return stages


def channels_of(parts: Parts, among: Sequence[str] = SOURCES) -> tuple[Channel, ...]:
    """The configured accounts of marketplaces that can be written to; or `among` others."""
    return tuple(
        (connector.name, account)
        for connector in parts.connectors
        if connector.sink and connector.name in among
        for account in connector.accounts(part_of(parts.settings, connector))
    )


def switches(parts: Parts) -> Switches:
    """Who can be written to, and how far each flow is switched on."""
    destinations = {connector.name for connector in parts.connectors if connector.sink}
    phases, pilots = parts.settings.phases, parts.settings.pilot
    return Switches(destinations, channels_of(parts), phases, pilots, channels_of(parts, SUPPLIERS))


def renaming(parts: Parts, router: Router) -> Renaming:
    """What follows from entries of the cross-reference of SKUs."""
    settings = parts.settings
    return Renaming(
        parts.codec, router, parts.mappings, router.switches.channels, settings.environment.value,
        partial(newest_of, settings.kafka.librdkafka()), lambda: int(now().timestamp() * 1000),
    )  # fmt: skip


def catching_up(parts: Parts, router: Router) -> CatchingUp:
    """What shadow kept of flows that are on now."""
    config, topics = parts.settings.kafka.librdkafka(), [shadow(name) for name in DESTINATIONS]

    def read(numbers: Sequence[int]) -> Iterable[Record]:
        return read_to_end(config, topics, partitions=frozenset(numbers))

    return CatchingUp(parts.codec, router.switches, router.skus, parts.settings.environment.value, read, now)


def open_sink(parts: Parts, connector: Connector, sinks: dict[str, Sink]) -> Sink:
    """The sink of a connector, opened once per process: its lanes share it, and so its rate budget and connections. Raises BrokerError."""
    if connector.sink is None:
        raise ConfigurationError(f"nothing is written to {connector.name}")
    if connector.name not in sinks:
        if connector.name in SOURCES:
            parts.first_prices.start()
        sinks[connector.name] = connector.sink(part_of(parts.settings, connector), parts.deps)
    return sinks[connector.name]


async def run_worker(wanted: Sequence[str] = ()) -> int:
    """Run these stages (all when empty) until SIGTERM or SIGINT. Returns the exit code of the process (see `streams.runtime.runtime`).

    Raises ConfigurationError for unknown names and missing passwords, BrokerError or RegistryError when these cannot be reached.
    """
    connectors = discover()
    settings = load_connected_settings(connectors)
    names = tuple(wanted) or stage_names(written_to(settings, connectors))
    unknown = [name for name in names if name not in stage_names(connectors)]
    if unknown:
        raise ConfigurationError(
            f"there is no stage {', '.join(unknown)}; there are: {', '.join(stage_names(connectors))}"
        )
    check_credentials(settings, needed_sinks(connectors, names))
    parts = await asyncio.to_thread(prepare, settings, connectors)
    sinks: dict[str, Sink] = {}
    stages = build_stages(parts, names, sinks)
    sides = Sides(_side_workers(parts, names, sinks))
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(parts.registry.close)
        stack.callback(parts.mappings.close)
        stack.callback(parts.first_prices.close)
        stack.push_async_callback(_close_all, sinks)
        return await _run(stages, settings, sides, stack)


async def _run(stages: list[Stage], settings: Settings, sides: Sides, stack: contextlib.AsyncExitStack) -> int:
    runtime = Runtime(stages, settings.kafka, _runtime_settings(settings.stage)) if stages else None
    stack.enter_context(observed(settings, "worker", lambda: _problem(runtime, sides), runtime))
    stopped = asyncio.Event()
    sides.start(asyncio.get_running_loop(), runtime.stop if runtime else stopped.set)
    try:
        code = await runtime.run() if runtime else await _until_signal(stopped)
    finally:
        await asyncio.to_thread(sides.stop)
    return code or (EXIT_FAILED if sides.failed else 0)


def _runtime_settings(stage: StageSettings) -> RuntimeSettings:
    session = stage.session_seconds
    return RuntimeSettings(
        stalled=stage.stalled_after_seconds, session=session, heartbeat=session / 6, request=max(60.0, session)
    )


class Sides:
    """The failure path's workers, each in a thread of its own. One that ends by an error ends the process: it is started again."""

    def __init__(self, workers: Mapping[str, Callable[[threading.Event], None]]) -> None:
        self._workers = workers
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.failed: list[str] = []

    def start(self, loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
        """Start them; `end` is called in the loop when one fails."""

        def work(name: str, run: Callable[[threading.Event], None]) -> None:
            try:
                run(self._stop)
            except Exception as error:  # noqa: BLE001 - the one place that turns errors of these threads into an exit code
                logger.critical("worker_failed worker=%s kind=%s detail=%s", name, type(error).__name__, error)
                self.failed.append(name)
                loop.call_soon_threadsafe(end)

        self._threads = [threading.Thread(target=work, args=item, name=item[0]) for item in self._workers.items()]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask them to finish what they have in hand and wait for it."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)


def _side_workers(
    parts: Parts, names: Sequence[str], sinks: dict[str, Sink]
) -> dict[str, Callable[[threading.Event], None]]:
    workers: dict[str, Callable[[threading.Event], None]] = {}
    if RETRY in names:
        workers[RETRY] = RetryWorker(parts.settings, parts.codec).run
    if RELEASE in names:
        for connector in parts.connectors:
            if connector.sink:
                open_sink(parts, connector, sinks)
        resolvers: dict[str, Resolver] = {**sinks, PRICING: Wants(parts.settings.pricing)}
        workers[RELEASE] = ReleaseWorker(parts.settings, parts.codec, resolvers).run
    return workers


async def _until_signal(stopped: asyncio.Event) -> int:
    loop = asyncio.get_running_loop()
    logger.info("worker_started")
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    return 0


async def _close_all(sinks: Mapping[str, Sink]) -> None:
    for sink in sinks.values():
        await sink.aclose()


def _problem(runtime: Runtime | None, sides: Sides) -> str:
    if sides.failed:
        return f"failed: {', '.join(sides.failed)}"
    return "" if runtime is None or runtime.is_healthy() else "stalled"

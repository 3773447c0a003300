"""The poller's process: wire everything, take part until told to stop, leave in order.

1. stop taking commands and polling      2. flows end at their next safe point, the page in hand is published
3. finished commands are committed       4. the group is left, others take over       5. the producer is flushed
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from confluent_kafka.admin import AdminClient

from connectors.kit.hints import Hints
from connectors.kit.ports import Connector, Deps, Source
from connectors.kit.pushes import Pushed, Pushes
from schemas import topics
from schemas.checksum import event_id
from schemas.codec import Codec
from schemas.registry import Registry
from schemas.topics import Topic
from streams.connectors import check_credentials, discover, load_connected_settings, part_of
from streams.failure.routing import FailureRouting
from streams.kafka import QUIET, ensure_topics, partitions_of
from streams.observe import logs
from streams.observe.process import observed
from streams.poller.commands import Action
from streams.poller.flows import Flow, FlowKey, Names, by_partition, configured_flows
from streams.poller.hints import listening
from streams.poller.known import Known
from streams.poller.loop import Clock, RealClock, Tools
from streams.poller.metrics import failing_flows
from streams.poller.owner import Owner
from streams.poller.ownership import Member, consumer_config
from streams.poller.partition import partition_of
from streams.poller.publisher import Delivers, Publisher
from streams.poller.pushes import letterbox
from streams.poller.records import STAGE, Shaper
from streams.poller.seen import Seen
from streams.poller.takeover import Ground
from streams.reconcile.daily import Timer, World, ticking
from streams.reconcile.events import read_newest
from streams.reconcile.places import reconciled, watched
from streams.runtime.producer import Producer
from streams.settings import ConfigurationError, Settings

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 10.0
PULSE_SECONDS = 60.0
DoorT = TypeVar("DoorT")
MOST_THREADS = 32  # cursors written at a time


class OpenProducer(Delivers, Protocol):
    """A producer that is closed in the end."""

    async def stop(self, limit_seconds: float) -> int: ...


class NoMappings:
    """Sources ask no mapping tables; sinks do."""

    def lookup(self, kind: str, source: str, account: str, external: str) -> str | None:
        """Nothing is known here."""
        return None


def _nothing(_step: str) -> None:
    """The default of `Hooks.at_step`."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What tests replace: names of topics and group, clock, chance, the producer; `at_step` is where they crash. `at_pulse`: see Tools."""

    names: Names = field(default_factory=Names)
    clock: Clock = field(default_factory=RealClock)
    chance: Callable[[], float] = random.random
    at_step: Callable[[str], None] = _nothing
    at_pulse: Callable[[], None] = lambda: None
    producer: Callable[[Mapping[str, Any]], OpenProducer] = Producer


async def run_poller(
    settings: Settings, connectors: Sequence[Connector], stop: asyncio.Event, *, hooks: Hooks | None = None
) -> None:
    """Poll every configured flow that the group gives to this process, until `stop` is set.

    Raises ConfigurationError when there is nothing to poll or a password missing, RegistryError when the schemas cannot be had, BrokerError when the
    process should be started again.
    """
    hooks = hooks or Hooks()
    flows = configured_flows(settings, connectors)
    if not flows:
        raise ConfigurationError(
            "no account is configured to poll: set one, for example CAUSEWAY_WALMART__ACCOUNTS__..."
        )
    deps = Deps(settings.environment.value, NoMappings(), hooks.clock.now)
    check_credentials(settings, ((flow.connector, f"polling {flow.key.owner} {flow.key.flow}") for flow in flows))
    for flow in flows:
        await build_source(
            settings, deps, flow
        ).aclose()  # what cannot be built is told at start, not at the first poll
    codec = await asyncio.to_thread(prepare, settings, hooks.names)
    kafka = settings.kafka.librdkafka()
    deps = replace(deps, known=Known(kafka, codec, hooks.names), seen=Seen(kafka, hooks.names))
    make_source = partial(build_source, settings, deps)
    partitions = await asyncio.to_thread(shared_partitions, settings, hooks.names)
    threads = ThreadPoolExecutor(min(len(flows), MOST_THREADS) + 2, thread_name_prefix="poller")
    producer = hooks.producer(settings.kafka.librdkafka())
    shaper = _shaper(settings, hooks.names, codec)
    owner = _owner(settings, hooks, by_partition(flows, partitions), make_source, shaper, producer, threads)
    member = Member(
        consumer_config(settings.kafka.librdkafka(), hooks.names.group, settings.poll),
        hooks.names.commands, owner, asyncio.get_running_loop(),
    )  # fmt: skip
    owner.member = member
    logger.info("poller_started flows=%d partitions=%d", len(flows), partitions)
    try:
        async with contextlib.AsyncExitStack() as doors:
            for source, hints in listeners(settings, connectors):
                own = {flow.key.flow: flow.key for flow in flows if flow.key.source == source}
                wake = partial(_wake, own, shaper, producer, hooks.clock)
                await doors.enter_async_context(listening(source, hints, wake, hooks.clock))
            for source, pushes in letterboxes(settings, connectors):
                own_keys = {flow.key for flow in flows if flow.key.source == source}
                wish = partial(_wish, source, own_keys, shaper, producer, hooks.clock, pushes.flow)
                await doors.enter_async_context(letterbox(source, pushes, wish, hooks.clock))
            owns = _owns(owner, partitions)
            await doors.enter_async_context(ticking(_timer(settings, connectors, hooks, deps, codec, producer, owns)))
            await _until_stopped(owner, member, stop)
    finally:
        await producer.stop(FLUSH_SECONDS)
        threads.shutdown(wait=False, cancel_futures=True)
        logger.info("poller_ended")


def listeners(settings: Settings, connectors: Sequence[Connector]) -> list[tuple[str, Hints]]:
    """The ports to listen on for wake-ups, by source. Raises ConfigurationError for a secret that cannot be read or is weak."""
    return _doors(settings, ((one, one.hints) for one in connectors), "the webhook")


def letterboxes(settings: Settings, connectors: Sequence[Connector]) -> list[tuple[str, Pushes]]:
    """The ports to listen on for messages, by source. Raises ConfigurationError for a secret that cannot be read or is missing."""
    return _doors(settings, ((one, one.pushes) for one in connectors), "the webhook for messages")


def _doors(
    settings: Settings, offered: Iterable[tuple[Connector, Callable[[Any], DoorT | None] | None]], what: str
) -> list[tuple[str, DoorT]]:
    found = []
    for connector, read in offered:
        try:
            door = read(part_of(settings, connector)) if read else None
        except (ValueError, OSError) as error:
            raise ConfigurationError(f"{what} of {connector.name} cannot be opened: {error}") from error
        if door is not None:
            found.append((connector.name, door))
    return found


def _timer(
    settings: Settings, connectors: Sequence[Connector], hooks: Hooks, deps: Deps, codec: Codec, producer: Delivers, owns: Callable[[str], bool]
) -> Timer:  # fmt: skip
    """What the poller does by itself besides polling: reconciliation, each place of it by whoever owns its key's partition."""
    world = World(
        newest=partial(asyncio.to_thread, read_newest, settings, codec, hooks.names.prefix),
        look=lambda place: reconciled(settings, connectors, place, deps),
        publish=producer.deliver,
        owns=owns,
        codec=codec,
        clock=hooks.clock,
        prefix=hooks.names.prefix,
    )
    return Timer(settings.reconcile, watched(settings, connectors), world)


def _owns(owner: Owner, partitions: int) -> Callable[[str], bool]:
    return lambda key: owner.owns(partition_of(key.encode(), partitions))


async def _wish(
    source: str, flows: AbstractSet[FlowKey], shaper: Shaper, producer: Delivers, clock: Clock, odd_of: str, account: str, message: Pushed
) -> None:  # fmt: skip
    """What a message names, for whichever poller owns the flow, or its dead letter; safe when this returns. Raises DeliveryError."""
    commands = []
    if message.odd is not None:
        commands.append(shaper.problem(FlowKey(source, account, odd_of), message.odd, "pushed", clock.now()))
    for flow, ids in message.wanted.items():
        if (key := FlowKey(source, account, flow)) in flows:
            name, said = event_id("pushed", str(key), message.id), "a message of the platform"
            commands.append(
                shaper.command(key, name, Action.FETCH_IDS.value, clock.now(), ids=tuple(ids), requested_by=said)
            )
    if commands:
        await producer.deliver(commands)


async def _wake(flows: Mapping[str, FlowKey], shaper: Shaper, producer: Delivers, clock: Clock, flow: str) -> None:
    """A wish for whichever poller owns the flow. Raises DeliveryError."""
    if flow in flows:
        command = shaper.command(
            flows[flow], shaper.random_bytes(16).hex(), Action.POLL_NOW.value, clock.now(), requested_by="webhook"
        )
        await producer.deliver([command])


def build_source(settings: Settings, deps: Deps, flow: Flow) -> Source:
    """The source of a flow. Raises ConfigurationError for keys or hosts that cannot be (AUTH-7)."""
    assert flow.connector.source is not None
    try:
        return flow.connector.source(part_of(settings, flow.connector), flow.key.account, flow.key.flow, deps)
    except ValueError as error:
        raise ConfigurationError(f"{flow.key} cannot be polled: {error}") from error


def prepare(settings: Settings, names: Names) -> Codec:
    """Topics and schemas are there, and all schema ids known, so the registry may go away afterwards (EVT-1)."""
    needed = needed_topics(settings)
    ensure_topics(settings, [replace(topic, name=names.prefix + topic.name) for topic in needed])
    registry = Registry(settings.registry.client())
    registry.register(needed)
    return Codec(registry)


def needed_topics(settings: Settings) -> list[Topic]:
    """What a poller reads and writes, by the topic table."""
    own = (topics.POLL_COMMANDS, topics.POLL_CURSORS, topics.RECONCILIATIONS, topics.dead(STAGE))
    return [topic for topic in settings.topic_table() if topic.name in own or topic.value == "raw_event"]


def shared_partitions(settings: Settings, names: Names) -> int:
    """How many partitions commands and cursors have. Raises ConfigurationError when a topic is missing or they differ, BrokerError."""
    config = settings.kafka.librdkafka()
    found = partitions_of(AdminClient({**QUIET, **config}), config, (names.commands, names.cursors))
    counts = {name: sum(place.topic == name for place in found) for name in (names.commands, names.cursors)}
    missing = [name for name, count in counts.items() if count == 0]
    if missing:
        raise ConfigurationError(f"{settings.kafka.bootstrap} has no topic {', '.join(missing)}: make the topics first")
    if len(set(counts.values())) != 1:
        raise ConfigurationError(f"the topics must have the same number of partitions, not {counts}")
    return counts[names.commands]


async def _until_stopped(owner: Owner, member: Member, stop: asyncio.Event) -> None:
    thread = asyncio.create_task(asyncio.to_thread(member.run), name="poller-group")
    stopped = asyncio.create_task(stop.wait())
    try:
        first: list[asyncio.Future[Any]] = [thread, stopped, owner.failure]
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        await owner.stop()
        member.stop()
        await asyncio.wait([thread])
        await owner.stop()  # what was assigned between the two
    for ended in (owner.failure, thread):
        if ended.done() and not ended.cancelled():
            ended.result()


def _shaper(settings: Settings, names: Names, codec: Codec) -> Shaper:
    return Shaper(
        names=names,
        codec=codec,
        routing=FailureRouting(codec, settings),
        environment=settings.environment.value,
        checksum_key=settings.checksum_key.get_secret_value().encode(),
        random_bytes=os.urandom,
    )


def _owner(
    settings: Settings, hooks: Hooks, shared: Mapping[int, Sequence[Flow]], make_source: Callable[[Flow], Source], shaper: Shaper,
    producer: Delivers, threads: Executor,
) -> Owner:  # fmt: skip
    tools = Tools(
        settings=settings.poll,
        publisher=Publisher(shaper, producer, hooks.clock.now),
        clock=hooks.clock,
        chance=hooks.chance,
        at_step=hooks.at_step,
        at_pulse=hooks.at_pulse,
        owner=settings.poll.instance or f"{socket.gethostname()}:{os.getpid()}",
    )

    ground = Ground(
        kafka=settings.kafka.librdkafka(),
        cursors=hooks.names.cursors,
        transaction=hooks.names.transaction,
        codec=shaper.codec,
        environment=shaper.environment,
        make_source=make_source,
        threads=threads,
    )
    return Owner(shared, ground, tools)


async def run_process() -> None:
    """`causeway poll run`: by the configuration of this process, until SIGTERM or SIGINT. Raises as `run_poller`."""
    connectors = discover()
    settings = load_connected_settings(connectors)
    logs.set_up(settings.log, "poller")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    pulse = Pulse(time.monotonic)
    with observed(settings, "poller", pulse.problem, notes=failing_flows):
        await run_poller(settings, connectors, stop, hooks=Hooks(at_pulse=pulse.beat))


class Pulse:
    """Whether the process is well: liveness means progress (OPS-8)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        """It is."""
        self._last = self._clock()

    def problem(self) -> str:
        """Empty while it beats."""
        since = self._clock() - self._last
        return f"no sign of life for {since:.0f} s" if since > PULSE_SECONDS else ""

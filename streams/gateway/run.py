"""The gateway's process: wire everything, answer until told to stop, leave in order.

1. no new calls, those at work are answered   2. the producer is flushed   3. following ends
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from confluent_kafka.admin import AdminClient

from schemas import topics
from schemas.codec import Codec
from schemas.registry import Registry
from streams.connectors import discover, load_connected_settings
from streams.door import serving
from streams.gateway import entries
from streams.gateway.book import Writer
from streams.gateway.boxes import Boxes
from streams.gateway.credentials import RandomBytes
from streams.gateway.enrolling import Enrolling
from streams.gateway.intake import Delivers, Intake, Place
from streams.gateway.metrics import BoxMetrics
from streams.gateway.quotas import Quotas
from streams.gateway.server import Gateway, Parts
from streams.gateway.tls import Certificate
from streams.kafka import QUIET, ensure_topics, partitions_of
from streams.observe import logs
from streams.observe.process import observed
from streams.poller.loop import Clock, RealClock
from streams.runtime.errors import DeliveryError, RejectedError
from streams.runtime.producer import Producer
from streams.settings import ConfigurationError, Settings

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 10.0
ENDING_SECONDS = 10
IDLE_SECONDS = 75  # longer than an agent's pause between calls, so that it need not shake hands each time
TIDY_SECONDS = 6 * 3600.0


class OpenProducer(Delivers, Protocol):
    """A producer that is closed in the end."""

    async def stop(self, limit_seconds: float) -> int: ...


def _nothing(_step: str) -> None:
    """The default of `Hooks.at_step`."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What tests replace: a prefix of the topics, the clock, chance, the producer; `at_step` is where they crash."""

    prefix: str = ""
    clock: Clock = field(default_factory=RealClock)
    random_bytes: RandomBytes = os.urandom
    at_step: Callable[[str], None] = _nothing
    producer: Callable[[Mapping[str, Any]], OpenProducer] = Producer


async def run_process() -> None:
    """`causeway gateway run`: by the configuration of this process, until SIGTERM or SIGINT. Raises as `open_gateway`."""
    settings = load_connected_settings(discover())
    logs.set_up(settings.log, "gateway")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with observed(settings, "gateway", lambda: ""):
        async with open_gateway(settings):
            await stop.wait()


@asynccontextmanager
async def open_gateway(settings: Settings, hooks: Hooks | None = None) -> AsyncIterator[int]:
    """While inside, agents are answered; gives the port.

    Raises ConfigurationError for a port or certificate that cannot be, RegistryError when the schemas cannot be had, BrokerError without Kafka.
    """
    hooks = hooks or Hooks()
    if problem := settings.gateway.problem():
        raise ConfigurationError(problem)
    certificate = (
        Certificate(settings.gateway.certificate, settings.gateway.key) if settings.gateway.certificate else None
    )
    place = Place(
        events=hooks.prefix + topics.HARDWARE_EVENTS, boxes=hooks.prefix + topics.EDGE_BOXES, audit=hooks.prefix + topics.AUDIT,
        environment=settings.environment.value, name=f"{socket.gethostname()}:{os.getpid()}",
    )  # fmt: skip
    with Registry(settings.registry.client()) as registry:
        codec = await asyncio.to_thread(prepare, settings, registry, hooks.prefix)
        async with _opened(settings, hooks, place, codec, certificate) as port:
            yield port


@asynccontextmanager
async def _opened(
    settings: Settings, hooks: Hooks, place: Place, codec: Codec, certificate: Certificate | None
) -> AsyncIterator[int]:
    config = settings.kafka.librdkafka()
    boxes = _boxes(config, place, codec)
    await asyncio.to_thread(boxes.start)
    producer = hooks.producer({**config, "message.timeout.ms": int(settings.gateway.publish_seconds * 1000)})
    tasks = [asyncio.create_task(_tidying(boxes, producer, place, hooks.clock), name="gateway-tidying")]
    if certificate:
        tasks.append(asyncio.create_task(certificate.keep_renewed(), name="gateway-certificate"))
    try:
        app = Gateway(_parts(settings, hooks, boxes, producer, codec, place))
        async with serving(
            "the gateway", app, settings.gateway.host, settings.gateway.port, tls=certificate.context if certificate else None,
            connections=settings.gateway.connections, idle_seconds=IDLE_SECONDS, ending_seconds=ENDING_SECONDS,
        ) as port:  # fmt: skip
            logger.info("gateway_listening host=%s port=%d tls=%s", settings.gateway.host, port, bool(certificate))
            yield port
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await producer.stop(FLUSH_SECONDS)
        await asyncio.to_thread(boxes.close)
        logger.info("gateway_ended")


def prepare(settings: Settings, registry: Registry, prefix: str = "") -> Codec:
    """Topics and schemas are there, and all schema ids known, so the registry may go away afterwards (EVT-1). Raises ConfigurationError."""
    needed = needed_topics(settings)
    ensure_topics(settings, [replace(topic, name=prefix + topic.name) for topic in needed])
    config, name = settings.kafka.librdkafka(), prefix + topics.EDGE_BOXES
    if (count := len(partitions_of(AdminClient({**QUIET, **config}), config, [name]))) != 1:
        raise ConfigurationError(f"the topic {name} must have one partition, not {count}: the order of its log decides")
    registry.register(needed)
    return Codec(registry)


def needed_topics(settings: Settings) -> list[topics.Topic]:
    """What a gateway reads and writes, by the topic table."""
    own = (topics.HARDWARE_EVENTS, topics.EDGE_BOXES, topics.AUDIT)
    return [topic for topic in settings.topic_table() if topic.name in own]


def _boxes(config: Mapping[str, Any], place: Place, codec: Codec) -> Boxes:
    boxes = Boxes(config, place.boxes, codec, lambda name: metrics.changed(name))
    metrics = BoxMetrics(boxes.book)
    return boxes


def _parts(
    settings: Settings, hooks: Hooks, boxes: Boxes, producer: Delivers, codec: Codec, place: Place
) -> Parts:  # fmt: skip
    own, clock = settings.gateway, hooks.clock
    return Parts(
        boxes=boxes,
        intake=Intake(boxes, producer, codec, place, Writer(hooks.random_bytes), clock.now, hooks.at_step),
        enrolling=Enrolling(boxes, producer, codec, place, hooks.random_bytes, clock.now),
        producer=producer,
        codec=codec,
        place=place,
        quotas=Quotas(own.requests_per_second, own.events_per_second),
        clock=clock,
        body_seconds=own.body_seconds,
    )


async def _tidying(boxes: Boxes, producer: Delivers, place: Place, clock: Clock) -> None:
    """Throws away what says nothing any more, at the start and now and then. Until cancelled."""
    while True:
        keys = boxes.book.litter(clock.now())
        if keys:
            with contextlib.suppress(DeliveryError, RejectedError):  # the next time, then
                await producer.deliver([entries.tombstone(place.boxes, key) for key in keys])
                logger.info("gateway_tidied entries=%d", len(keys))
        await asyncio.sleep(TIDY_SECONDS)

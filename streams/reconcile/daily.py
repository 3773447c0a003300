"""Reconciliation by itself (REC-1): a timer in the poller, and what it remembers is the topic.

Each place belongs to whoever owns the partition of `poll.commands` its key falls into, as flows do: one process at a time, another one when
that is gone. Two at once would do no harm, for nothing is changed anywhere.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from schemas.codec import Codec, DecodeError
from schemas.record import Message
from schemas.records import Reconciliation
from schemas.registry import RegistryError
from streams.kafka import BrokerError
from streams.reconcile import metrics
from streams.reconcile.findings import Place, Report
from streams.reconcile.settings import ReconcileSettings
from streams.reconcile.telling import message_of, record_of
from streams.runtime.errors import InfrastructureError
from streams.settings import ConfigurationError

logger = logging.getLogger(__name__)

TICK_SECONDS = 10.0  # how soon it is seen that a place is ours
LOOK_AFTER = timedelta(minutes=5)  # how often the topic is read: a look by hand shows in the metrics then
AGAIN = timedelta(hours=1)  # after a run that could not look
_WORLD = (BrokerError, RegistryError, DecodeError, InfrastructureError, ConfigurationError)


class Ticks(Protocol):
    """See `streams.poller.loop.Clock`."""

    def now(self) -> datetime: ...

    async def wait(self, wake: asyncio.Event, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class World:
    """What a timer is given. newest: the topic's newest event of each key; look: one run; publish: returns when it is safe; owns: whether a key is
    this process's now; prefix: of topics, for tests."""

    newest: Callable[[], Awaitable[Mapping[str, Reconciliation]]]
    look: Callable[[Place], Awaitable[Report]]
    publish: Callable[[Sequence[Message]], Awaitable[None]]
    owns: Callable[[str], bool]
    codec: Codec
    clock: Ticks
    prefix: str = ""


def is_due(
    settings: ReconcileSettings, told: Reconciliation | None, tried: datetime | None, started: datetime, now: datetime
) -> bool:
    """told: the newest event; tried: when this process last tried, None = it has not; started: when it began. Pure.

    A place nobody ever looked at waits for its time of day. What was missed while no poller ran is made up for. A run that failed is
    repeated after an hour.
    """
    if not settings.is_on:
        return False
    tries = [one for one in (tried, told["at"] if told and told["failure"] else None) if one is not None]
    if tries and now - max(tries) < AGAIN:
        return False
    looked = told["looked_at"] if told else None
    return (looked or started) < settings.newest_due(now)


@dataclass
class Timer:
    """`run` until cancelled. Nothing that goes wrong here harms the polls beside it."""

    settings: ReconcileSettings
    places: Sequence[Place]
    world: World
    tried: dict[str, datetime] = field(default_factory=dict)
    mine: Sequence[Place] = ()  # as of the last reading
    read_at: datetime | None = None

    async def run(self) -> None:
        started = self.world.clock.now()
        while True:
            try:
                await self.tick(started)
            except _WORLD as error:
                logger.warning("reconciliation_not_done detail=%s", error)
            except Exception:
                logger.exception("reconciliation_bug")
            await self.world.clock.wait(asyncio.Event(), TICK_SECONDS)

    async def tick(self, started: datetime) -> None:
        """What is due is done; metrics say what the topic says. Raises what the world does."""
        mine, now = [place for place in self.places if self.world.owns(place.key)], self.world.clock.now()
        if mine == self.mine and self.read_at is not None and now - self.read_at < LOOK_AFTER:
            return
        self.mine, self.read_at = mine, now
        for place in self.places:
            if place not in mine:
                metrics.forget(place)
        newest = await self.world.newest() if mine else {}
        for place in mine:
            if (told := newest.get(place.key)) is not None:
                metrics.show(told)
        for place in mine:
            told = newest.get(place.key)
            if is_due(self.settings, told, self.tried.get(place.key), started, now):
                await self._do(place, told)

    async def _do(self, place: Place, before: Reconciliation | None) -> None:
        self.tried[place.key] = self.world.clock.now()
        logger.info("reconciliation_started place=%s", place.key)
        report = await self._looked(place)
        record = record_of(report, before, self.settings.most_findings)
        message = message_of(self.world.codec, record)
        await self.world.publish([replace(message, topic=self.world.prefix + message.topic)])
        metrics.RUNS.labels(place.kind, place.source, place.account, report.result.value).inc()
        metrics.show(record)
        level = logging.INFO if report.result.value == "balanced" else logging.WARNING
        logger.log(
            level, "reconciliation_done place=%s result=%s differences=%d odoo=%d there=%d too_fresh=%d",
            place.key, report.result.value, len(report.findings), report.odoo, report.there, len(report.too_fresh),
        )  # fmt: skip

    async def _looked(self, place: Place) -> Report:
        """A book that cannot be opened in this process is told as any other that could not be read."""
        try:
            return await self.world.look(place)
        except ConfigurationError as error:
            now = self.world.clock.now()
            return Report(place, now, now, failure=str(error))


@asynccontextmanager
async def ticking(timer: Timer) -> AsyncIterator[None]:
    """While inside, it runs; with nothing to watch over nothing does. A run under way is given up in the end: the next process makes it."""
    if not (timer.places and timer.settings.is_on):
        yield
        return
    task = asyncio.create_task(timer.run(), name="reconciliation")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

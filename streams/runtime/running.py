"""One stage while it runs: its lanes, its Faust app, and what the watchdog may see of both."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence

from streams.runtime.app import StageApp, build_app
from streams.runtime.chunk import Partition
from streams.runtime.errors import InfrastructureError
from streams.runtime.lanes import Lanes
from streams.runtime.producer import Producer
from streams.runtime.progress import Progress
from streams.runtime.settings import RuntimeSettings
from streams.runtime.stage import Stage, StageContext
from streams.runtime.stall import Doing, Sight
from streams.settings import KafkaSettings

logger = logging.getLogger(__name__)


class RunningStage:
    """Wires one stage. `fail` is called from the loop with an error that must end the process."""

    def __init__(
        self, stage: Stage, kafka: KafkaSettings, settings: RuntimeSettings, fail: Callable[[str, BaseException], None]
    ) -> None:
        self.name = stage.name
        self.progress = Progress()
        self._stage = stage
        self._fail = fail
        self._settings = settings
        self._lanes = Lanes(stage, self.progress, lambda error: fail(stage.name, error))
        self._app: StageApp = build_app(stage, self._lanes, kafka, settings)
        self._tasks: list[asyncio.Task[None]] = []
        self._is_begun = False

    async def start(self, producer: Producer) -> None:
        """Start the stage, then its app in the background: that ends only when the group has given it partitions."""
        await self._stage.start(StageContext(producer, self.progress))
        self._is_begun = True
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._start_app(), name=f"start-{self.name}"),
            loop.create_task(self._watch_app(), name=f"watch-{self.name}"),
        ]

    async def _start_app(self) -> None:
        try:
            await self._app.start()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - a stage that does not start ends the process
            self._fail(self.name, error)

    async def _watch_app(self) -> None:
        await self._app.wait_until_stopped()
        if self._app.crashed:
            reason = self._app.crash_reason
            error = InfrastructureError(f"Faust gave up: {type(reason).__name__}: {reason}")
            error.__cause__ = reason
            self._fail(self.name, error)

    async def stop(self, limit_seconds: float) -> None:
        """In order: begin nothing, finish what is in work, commit, leave the group, stop the stage.

        Raises TimeoutError when that takes too long; what is finished is committed by then.
        """
        deadline = time.monotonic() + limit_seconds
        for task in self._tasks[1:]:
            task.cancel()
        self._lanes.close()
        if self._app.consumer_is_there():
            await self._lanes.settle(limit_seconds / 2)
            async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
                await self._app.consumer.commit_all()
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
        async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
            await self._app.stop()
            await self._lanes.revoked()
            if self._is_begun:
                await self._stage.stop()

    # For the watchdog

    def is_settled(self) -> bool:
        """See `Watched`."""
        return self._lanes.is_open and not self._app.rebalancing

    def assignment(self) -> Sequence[Partition]:
        """See `Watched`."""
        return sorted(self._lanes.assignment)

    def sights(self, ends: Mapping[Partition, tuple[int, int]]) -> Sequence[Sight]:
        """See `Watched`."""
        now = time.monotonic()
        return [self._sight(partition, ends.get(partition), now) for partition in self.assignment()]

    def _sight(self, partition: Partition, bounds: tuple[int, int] | None, now: float) -> Sight:
        committed = self._app.committed(partition)
        start, end = bounds if bounds is not None else (0, None)
        done = self._lanes.position(partition)
        if done is None:
            done = max(committed or 0, start)
        return Sight(partition, self._doing(partition, now), done, committed, end)

    def _doing(self, partition: Partition, now: float) -> Doing:
        work = self.progress.work(partition)
        if work is None:
            return Doing.IDLE
        if work.is_paused:
            return Doing.PAUSED
        return Doing.OVERDUE if work.is_overdue(now) else Doing.WORKING

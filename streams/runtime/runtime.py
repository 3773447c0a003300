"""All stages of one process, from start to end.

Ends with one of these codes:

    0    asked to stop (SIGTERM, SIGINT, `stop`), everything in work finished and committed
    70   a stage failed in a way that must not be acknowledged, or could not start
    75   the watchdog found it stalled
    76   asked to stop, but stopping took too long; what was finished is committed
    130  asked to stop twice: ended at once

Whoever starts the process starts it again after anything but 0. Nothing is lost by any of them: offsets move only behind finished chunks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import NoReturn

from streams.runtime.chunk import Partition
from streams.runtime.cluster import check_topics, log_ends
from streams.runtime.errors import InfrastructureError, MisuseError
from streams.runtime.guards import check_faust
from streams.runtime.isolate import where
from streams.runtime.logs import quiet_libraries
from streams.runtime.memory import calm_collector
from streams.runtime.producer import Producer
from streams.runtime.running import RunningStage
from streams.runtime.settings import RuntimeSettings
from streams.runtime.stage import Stage
from streams.runtime.stall import Sight
from streams.runtime.watchdog import Watchdog
from streams.settings import KafkaSettings

logger = logging.getLogger(__name__)

EXIT_OK, EXIT_FAILED, EXIT_STALLED, EXIT_STOP_TIMEOUT, EXIT_INTERRUPTED = 0, 70, 75, 76, 130
_BEAT_SECONDS = 1.0
_STOP_AFTER_FAILURE_SECONDS = (
    10.0  # the other stages of the process may finish what they have, but not hold up the restart
)
_GRACE_SECONDS = 10.0


class Runtime:
    """Runs stages until asked to stop, a failure or a stall. One per process; for one event loop, in the main thread."""

    def __init__(
        self, stages: Sequence[Stage], kafka: KafkaSettings, settings: RuntimeSettings | None = None, *, producer: Producer | None = None
    ) -> None:  # fmt: skip
        names = [stage.name for stage in stages]
        if not names or len(set(names)) != len(names):
            raise MisuseError(f"stages must have names of their own: {', '.join(names) or 'there is none'}")
        self._settings = settings or RuntimeSettings()
        self._kafka = kafka
        self._stages = stages
        self._running: list[RunningStage] = []
        self._watchdog: Watchdog | None = None
        self._stop = asyncio.Event()
        self._code = EXIT_OK
        self.producer = producer or Producer(kafka.librdkafka())

    async def run(self) -> int:
        """Start everything, wait, stop everything. Returns the process's exit code; does not raise for what goes wrong inside."""
        quiet_libraries(self._kafka.librdkafka())
        beat: asyncio.Task[None] | None = None
        with self._signals(), calm_collector():
            try:
                await self._start()
                beat = asyncio.get_running_loop().create_task(self._keep_beating(), name="beat")
                await self._stop.wait()
            except Exception as error:  # noqa: BLE001 - the one place that turns errors into an exit code
                self._fail("start", error)
            finally:
                await self._end()
                if beat is not None:
                    beat.cancel()
        logger.info("runtime_ended code=%d", self._code)
        return self._code

    def stop(self) -> None:
        """Ask to stop, as SIGTERM does. From the event loop."""
        self._stop.set()

    def is_healthy(self) -> bool:
        """Liveness means progress: False once something is stalled. From any thread."""
        return self._watchdog is None or not self._watchdog.verdict

    def is_ready(self) -> bool:
        """Whether every stage has its assignment."""
        return bool(self._running) and all(stage.is_settled() for stage in self._running)

    def sights(self) -> dict[str, Sequence[Sight]]:
        """The watchdog's last look, per stage: done, committed and end of each partition, for metrics and status."""
        return dict(self._watchdog.seen) if self._watchdog is not None else {}

    def pauses(self) -> dict[str, Sequence[tuple[Partition, str]]]:
        """What waits on purpose, per stage."""
        return {stage.name: stage.progress.pauses() for stage in self._running}

    async def _start(self) -> None:
        check_faust()
        config = self._kafka.librdkafka()
        topics = {topic for stage in self._stages for topic in stage.topics}
        await asyncio.to_thread(check_topics, config, topics, self._settings.topic_check)
        await self.producer.start()
        for stage in self._stages:
            running = RunningStage(stage, self._kafka, self._settings, self._fail)
            self._running.append(running)
            await running.start(self.producer)
        self._watchdog = Watchdog(self._running, self._settings, log_ends(config), self._die_stalled)
        self._watchdog.start()
        logger.info("runtime_started stages=%s", ",".join(stage.name for stage in self._stages))

    async def _end(self) -> None:
        if self._watchdog is not None:
            self._watchdog.stop()
        began = time.monotonic()
        limit = self._settings.stop if self._code == EXIT_OK else min(self._settings.stop, _STOP_AFTER_FAILURE_SECONDS)
        with _given_up_after(limit + _GRACE_SECONDS):
            results = await asyncio.gather(*(stage.stop(limit) for stage in self._running), return_exceptions=True)
            for stage, result in zip(self._running, results, strict=True):
                if isinstance(result, BaseException):
                    logger.error("stage_stop_failed stage=%s %s", stage.name, where(result))
                    self._code = self._code or EXIT_STOP_TIMEOUT
            await self.producer.stop(max(1.0, limit - (time.monotonic() - began)))

    def _fail(self, name: str, error: BaseException) -> None:
        if self._stop.is_set() and self._code == EXIT_OK:
            logger.warning("failed_while_stopping stage=%s %s", name, where(error))
            return
        text = f" detail={error}" if isinstance(error, InfrastructureError | MisuseError) else ""
        logger.critical("stage_failed stage=%s %s%s", name, where(error), text)
        self._code = EXIT_FAILED
        self._stop.set()

    async def _keep_beating(self) -> None:
        while self._watchdog is not None:
            self._watchdog.beat()
            await asyncio.sleep(_BEAT_SECONDS)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _on_signal(self, number: int) -> None:
        if self._stop.is_set():
            logger.error("stopped_at_once signal=%s", signal.Signals(number).name)
            end_process(EXIT_INTERRUPTED)
        logger.info("stopping signal=%s", signal.Signals(number).name)
        self._stop.set()

    @staticmethod
    def _die_stalled(reason: str) -> None:
        end_process(EXIT_STALLED)


@contextlib.contextmanager
def _given_up_after(seconds: float) -> Iterator[None]:
    """Faust's consumer, its broker away, may not let itself be stopped nor cancelled. What is not committed by then is done again by whoever is
    next."""

    def give_up() -> None:
        logger.critical("stop_given_up seconds=%.0f", seconds)
        end_process(EXIT_STOP_TIMEOUT)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def run_stages(stages: Sequence[Stage], kafka: KafkaSettings, settings: RuntimeSettings | None = None) -> NoReturn:
    """Run stages as the whole of this process, and end it with the code (see the top of this page)."""

    async def main() -> NoReturn:
        end_process(await Runtime(stages, kafka, settings).run())

    asyncio.run(main())
    raise AssertionError("the process has ended")


def end_process(code: int) -> NoReturn:
    """End now, best from within the event loop.

    Not sys.exit: Faust's consumer thread is not a daemon and would keep a stuck process alive. Nor the end of asyncio.run, which waits for
    tasks: those of Faust, its broker away, do not let themselves be cancelled, and a process that does not end is not started again.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)

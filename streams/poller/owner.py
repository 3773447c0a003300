"""The flows this process owns: taken over on assignment, given up on revocation; commands on their way to them and back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from connectors.kit.ports import Source
from schemas.codec import Codec, DecodeError
from schemas.reasons import Reason
from schemas.record import Record
from schemas.records import Cursor
from streams.poller.commands import Command, read_command
from streams.poller.cursors import ENV, CursorWriter, decode_cursor, first_cursor, read_cursors
from streams.poller.errors import CommandError, FencedError
from streams.poller.flows import Flow, FlowKey
from streams.poller.loop import FlowLoop, Tools
from streams.poller.schedule import OURS, backoff
from streams.poller.tracks import Wish
from streams.runtime.watermark import Watermarks
from streams.settings import ConfigurationError

logger = logging.getLogger(__name__)

T = TypeVar("T")

STOP_SECONDS = 20.0  # for publishing the page in hand; reading is interrupted at once
READ_SECONDS = 90.0  # longer than the broker lets a forgotten transaction hide a cursor
PENDING_COMMANDS = 500  # of one partition, before reading more of them waits


class Acknowledges(Protocol):
    """The side of `ownership.Member` that commands come back to."""

    def commit(self, partition: int, offset: int) -> None: ...
    def pause(self, partition: int) -> None: ...
    def resume(self, partition: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What owning a flow stands on. `kafka` is librdkafka's configuration; `make_source` builds the source of a flow."""

    kafka: Mapping[str, Any]
    cursors: str
    transaction: Callable[[FlowKey], str]
    codec: Codec
    environment: str
    make_source: Callable[[Flow], Source]
    threads: Executor

    async def in_thread(self, action: Callable[..., T], *args: Any) -> T:
        """Do something that blocks: not in the loop's own threads, which a broker that is away would use up."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, action, *args)


class PartitionOwner:
    """All flows whose keys fall into one partition."""

    def __init__(self, number: int, flows: Sequence[Flow], ground: Ground, tools: Tools) -> None:
        self.number = number
        self._ground = ground
        self._tools = tools
        self._stopping = asyncio.Event()
        self.loops = {flow.key: FlowLoop(flow, tools, partial(ground.make_source, flow)) for flow in flows}
        self._writers = {
            key: CursorWriter(ground.kafka, ground.transaction(key), ground.cursors, tools.at_step)
            for key in self.loops
        }

    async def run(self) -> None:
        """Take over and poll until stopped. A flow that is fenced ends alone; any other error ends all (and the process)."""
        try:
            cursors = await self._taken_over()
            if cursors is not None:
                async with asyncio.TaskGroup() as group:
                    for key, loop in self.loops.items():
                        group.create_task(self._run_flow(loop, cursors[key]), name=f"poll {key}")
        finally:
            for loop in self.loops.values():
                loop.forget()
            for writer in self._writers.values():
                writer.close()

    def stop(self) -> None:
        """End every flow at its next safe point."""
        self._stopping.set()
        for loop in self.loops.values():
            loop.stop()

    async def _taken_over(self) -> dict[FlowKey, Cursor] | None:
        """The order of `cursors`: fence, then read. Tried until it works; None when told to stop before."""
        failures = 0
        while not self._stopping.is_set():
            try:
                await asyncio.gather(*(self._ground.in_thread(writer.open) for writer in self._writers.values()))
                self._tools.at_step("taken_over")
                return await self._read_cursors()
            except OURS as error:
                failures += 1
                pause = backoff(failures, self._tools.settings, self._tools.chance())
                logger.warning(
                    "poll_take_over_failed partition=%d failures=%d pause_seconds=%.1f detail=%s",
                    self.number, failures, pause, error,
                )  # fmt: skip
                await self._tools.clock.wait(self._stopping, pause)
        return None

    async def _read_cursors(self) -> dict[FlowKey, Cursor]:
        if not self.loops:
            return {}
        records = await self._ground.in_thread(
            read_cursors, self._ground.kafka, self._ground.cursors, [self.number], READ_SECONDS
        )
        cursors = {key: await self._cursor(key, records.get(key.encode())) for key in self.loops}
        self._tools.at_step("cursors_read")
        return cursors

    async def _cursor(self, key: FlowKey, record: Record | None) -> Cursor:
        if record is None:
            return first_cursor(key, self._tools.clock.now())
        env = dict(record.headers).get(ENV, b"").decode()
        if env != self._ground.environment:
            raise ConfigurationError(
                f"the cursor of {key} in {self._ground.cursors} was written by environment {env!r}, this is {self._ground.environment!r}: "
                "environments must not share a cluster's topics; check CAUSEWAY_ENVIRONMENT and CAUSEWAY_KAFKA__BOOTSTRAP"
            )
        try:
            return await self._ground.in_thread(decode_cursor, self._ground.codec, record)
        except DecodeError as error:
            raise ConfigurationError(
                f"the cursor of {key} at {record.origin} cannot be read: {error}; to begin anew, delete it: write a tombstone under its key"
            ) from error

    async def _run_flow(self, loop: FlowLoop, cursor: Cursor) -> None:
        key, writer = loop.flow.key, self._writers[loop.flow.key]

        async def save(changed: Cursor) -> None:
            value = self._ground.codec.encode("cursor", changed)
            await self._ground.in_thread(writer.write, key.encode(), value, {ENV: self._ground.environment})

        with contextlib.suppress(FencedError):  # said loudly by the loop; its commands are the new owner's
            await loop.run(cursor, save)


class Owner:
    """The handler of `ownership.Member`: all partitions of this process."""

    def __init__(self, shared: Mapping[int, Sequence[Flow]], ground: Ground, tools: Tools) -> None:
        self._shared = shared
        self._ground = ground
        self._tools = tools
        self._owned: dict[int, tuple[PartitionOwner, asyncio.Task[None]]] = {}
        self._marks: Watermarks[int] = Watermarks()
        self.member: Acknowledges
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def assigned(self, partitions: Sequence[int]) -> None:
        """Start the flows of these partitions."""
        for number in partitions:
            await self._give_up(number)  # assigned again without having been revoked: begin anew
            owner = PartitionOwner(number, self._shared.get(number, ()), self._ground, self._tools)
            task = asyncio.create_task(owner.run(), name=f"partition {number}")
            task.add_done_callback(self._ended)
            self._owned[number] = (owner, task)
            self.member.resume(number)  # it may have been paused when it was ours before

    async def answer(self) -> None:
        """The event loop is alive, and so is the group's thread, who asked."""
        self._tools.at_pulse()

    async def revoked(self, partitions: Sequence[int]) -> None:
        """Return when no flow of these partitions runs any more."""
        await asyncio.gather(*(self._give_up(number) for number in partitions))

    async def received(self, record: Record) -> None:
        """A command: to its flow, or to the dead letters when it is none."""
        ticket = self._marks.take(record.partition, record.offset)
        if self._marks.pending(record.partition) >= PENDING_COMMANDS:
            self.member.pause(record.partition)

        def done() -> None:
            if self._marks.finish(record.partition, ticket):
                position = self._marks.position(record.partition)
                assert position is not None
                self.member.commit(record.partition, position)
                if self._marks.pending(record.partition) < PENDING_COMMANDS:
                    self.member.resume(record.partition)

        command = await self._checked(record)
        owned = self._owned.get(record.partition)
        if owned is None:  # given up meanwhile: the next owner reads the command again
            return
        loop = owned[0].loops.get(command.flow) if command else None
        if command and loop:
            loop.ask(Wish(command, done))
            return
        if command:
            await self._refuse(record, f"{command.flow} is not configured here; all pollers share one configuration")
        done()

    async def stop(self) -> None:
        """Give up everything."""
        await self.revoked(list(self._owned))

    async def _checked(self, record: Record) -> Command | None:
        try:
            return await self._ground.in_thread(read_command, self._ground.codec, record)
        except CommandError as error:
            await self._refuse(record, str(error))
            return None

    async def _refuse(self, record: Record, detail: str) -> None:
        logger.error("poll_command_refused origin=%s detail=%s", record.origin, detail)
        await self._tools.publisher.refused(record, None, Reason.DATA, detail)

    async def _give_up(self, number: int) -> None:
        owner, task = self._owned.pop(number, (None, None))
        self._marks.forget(number)
        if owner is None or task is None:
            return
        owner.stop()
        _, late = await asyncio.wait({task}, timeout=STOP_SECONDS)
        if late:
            logger.error("poll_stop_late partition=%d: cancelled while publishing; the page will be repeated", number)
            task.cancel()
            await asyncio.wait({task})

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self.failure.done():
            self.failure.set_exception(_first(error))


def _first(error: BaseException) -> BaseException:
    """A task group wraps its errors; people want the error."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

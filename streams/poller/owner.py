"""The flows this process owns: taken over on assignment, given up on revocation; commands on their way to them and back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.reasons import Reason
from schemas.record import Record
from streams.poller.commands import Command, read_command
from streams.poller.errors import CommandError
from streams.poller.flows import Flow
from streams.poller.loop import Tools
from streams.poller.takeover import Ground, PartitionOwner
from streams.poller.tracks import Wish
from streams.runtime.watermark import Watermarks

logger = logging.getLogger(__name__)

STOP_SECONDS = 20.0  # for publishing the page in hand; reading is interrupted at once
PENDING_COMMANDS = 500  # of one partition, before reading more of them waits


class Acknowledges(Protocol):
    """The side of `ownership.Member` that commands come back to."""

    def commit(self, partition: int, offset: int) -> None: ...
    def pause(self, partition: int) -> None: ...
    def resume(self, partition: int) -> None: ...
    async def is_ours(self, partition: int) -> bool: ...


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
            owner = PartitionOwner(number, self._shared.get(number, ()), self._ground, self._tools, self.member.is_ours)
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

    def owns(self, partition: int) -> bool:
        """Whether what hangs on this partition is this process's now."""
        return partition in self._owned

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

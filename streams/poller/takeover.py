"""The flows of one partition: taken over, polled, given up.

A flow whose cursor is refused (fenced) or whose last write nobody knows the end of stops at once and asks the group whether it still owns the
partition:

    the group says yes      no other poller took over: the broker ended our transaction while it was away. Take over again, read the cursor,
                            which says what was written, and go on.
    no, or it cannot say    stay stopped and ask again; a poller that was replaced learns that it lost the partition and gives it up.

So a zombie never writes, and a true owner never stays stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from connectors.kit.ports import Source
from schemas.codec import Codec, DecodeError
from schemas.record import Record
from schemas.records import Cursor
from streams.poller.cursors import ENV, CursorWriter, decode_cursor, first_cursor, read_cursors
from streams.poller.errors import CursorError, FencedError
from streams.poller.flows import Flow, FlowKey
from streams.poller.loop import FlowLoop, Tools
from streams.poller.schedule import OURS, backoff
from streams.settings import ConfigurationError

logger = logging.getLogger(__name__)

T = TypeVar("T")
READ_SECONDS = 90.0


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
    """All flows whose keys fall into one partition. `is_ours` asks the group whether it is still assigned to this process."""

    def __init__(
        self,
        number: int,
        flows: Sequence[Flow],
        ground: Ground,
        tools: Tools,
        is_ours: Callable[[int], Awaitable[bool]],
    ) -> None:
        self.number = number
        self._is_ours = is_ours
        self._ground = ground
        self._tools = tools
        self._stopping = asyncio.Event()
        self.loops = {flow.key: FlowLoop(flow, tools, partial(ground.make_source, flow)) for flow in flows}
        self._writers = {
            key: CursorWriter(ground.kafka, ground.transaction(key), ground.cursors, tools.at_step)
            for key in self.loops
        }

    async def run(self) -> None:
        """Take over and poll until stopped. An error that is none of a source or the cluster ends all (and the process)."""
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
                await self._pause(failures, str(error))
        return None

    async def _taken_again(self, key: FlowKey) -> Cursor | None:
        """One flow, after its cursor was refused: only once the group says it is ours. None when told to stop before."""
        failures = 0
        while not self._stopping.is_set():
            try:
                if await self._is_confirmed():
                    await self._ground.in_thread(self._writers[key].open)
                    return (await self._read_cursors())[key]
                detail = f"the group does not confirm that {key} is ours"
            except OURS as error:
                detail = str(error)
            failures += 1
            await self._pause(failures, detail)
        return None

    async def _is_confirmed(self) -> bool:
        """What the group says; False when told to stop meanwhile."""
        asked = asyncio.ensure_future(self._is_ours(self.number))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({asked, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return asked.done() and asked.result()
        finally:
            asked.cancel()
            stopping.cancel()

    async def _pause(self, failures: int, detail: str) -> None:
        pause = backoff(failures, self._tools.settings, self._tools.chance())
        logger.warning(
            "poll_take_over_failed partition=%d failures=%d pause_seconds=%.1f detail=%s",
            self.number, failures, pause, detail,
        )  # fmt: skip
        await self._tools.clock.wait(self._stopping, pause)

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

        taken: Cursor | None = cursor
        while taken is not None:
            try:
                await loop.run(taken, save)
            except (FencedError, CursorError) as error:
                logger.error("poll_cursor_refused flow=%s detail=%s", key, error)
                taken = await self._taken_again(key)
                if taken is not None:
                    logger.warning("poll_taken_again flow=%s pages=%d", key, taken["pages"])
            else:
                return

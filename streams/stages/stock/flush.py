"""The stage's clock: tells each channel, when its window ends, every number it does not know yet (INV-1)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from streams.runtime import Beside, RejectedError
from streams.stages.stock.codec import milliseconds, moment
from streams.stages.stock.folding import Folding, Result
from streams.stages.stock.ledger import Channel
from streams.stages.stock.memory import Shelf, Table
from streams.stages.stock.windows import Windows

logger = logging.getLogger(__name__)

_BATCH_SKUS = 100  # a partition's records wait for no longer than this many
_LONGEST_SLEEP_SECONDS = 20.0  # the wall clock may be set meanwhile
_AGAIN_SECONDS = 2.0
MOST_FAILURES = 5

Send = Callable[[Result], Awaitable[None]]


class Flusher(Beside):
    """A channel that was being told when it is stopped is told the rest with the next start."""

    def __init__(
        self, shelf: Shelf, folding: Folding, windows: Windows[Channel], send: Send, now: Callable[[], datetime]
    ) -> None:
        super().__init__("stock-flush")
        self._shelf = shelf
        self._folding = folding
        self._windows = windows
        self._send = send
        self._now = now
        self._ended: frozenset[Channel] = frozenset()
        self.failures = 0  # in a row

    async def _run(self) -> None:
        while True:
            await self._until_a_window_ends()
            try:
                await self.flush(self._ended)
            except Exception as error:  # noqa: BLE001 - nobody awaits this task; the stage ends the process when it goes on failing
                self.failures += 1
                logger.error("stock_flush_failed kind=%s failures=%d", type(error).__name__, self.failures)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                self._ended, self.failures = frozenset(), 0

    async def _until_a_window_ends(self) -> None:
        while not (self._ended or (ended := self._windows.ended(milliseconds(self._now())))):
            end = self._windows.next_ms()
            left = _LONGEST_SLEEP_SECONDS if end is None else end / 1000 - self._now().timestamp()
            await asyncio.sleep(min(max(left, 0.001), _LONGEST_SLEEP_SECONDS))
        self._ended = self._ended or ended

    async def flush(self, channels: frozenset[Channel]) -> int:
        """Tell these channels what they do not know yet. Returns how many numbers were told."""
        count = 0
        for partition, table in self._shelf:
            skus = table.due_for(channels, milliseconds(self._now()))
            for start in range(0, len(skus), _BATCH_SKUS):
                count += await self._tell(table, skus[start : start + _BATCH_SKUS], channels, partition)
                await asyncio.sleep(0)
        if count:
            logger.info("stock_flushed channels=%d numbers=%d", len(channels), count)
        return count

    async def _tell(self, table: Table, skus: list[str], channels: frozenset[Channel], partition: int) -> int:
        async with table.lock:
            if not self._shelf.owns(partition, table):
                return 0
            at = moment(table.next_batch_ms(milliseconds(self._now())))
            result = self._folding.flush(table, skus, channels, at, partition)
            try:
                await self._send(result)
            except RejectedError:
                if len(skus) == 1:
                    logger.error("stock_number_refused sku=%s", skus[0])
                    return 0
            else:
                table.keep(result.entries)
                return len(result.changes)
        middle = len(skus) // 2
        return sum([await self._tell(table, part, channels, partition) for part in (skus[:middle], skus[middle:])])

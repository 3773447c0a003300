"""inventory, demand -> availability: one stock truth for all channels (INV-2, INV-3).

The two topics have one partition count and one key, `sku:SKU`, so what is known of a SKU meets in one worker, partition by partition. For a
chunk:

1. fold every record into the ledger of its SKU; one that cannot be read becomes a dead letter
2. work out every channel's number, and who is told at once (`changes`)
3. write the ledgers, and wait until Kafka has them
4. send the numbers (and what kits ask of their parts), and wait until Kafka has them

What is not urgent waits for the channel's window (`flush`). Killed between 3 and 4, the numbers of the partition's newest batch are said
again at the next start (`memory`), with the same ids and versions. Killed before 3, the records are read again and nothing was said.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from schemas.codec import Codec, DecodeError
from schemas.reasons import Reason
from schemas.record import Record
from streams.failure.routing import FailureRouting
from streams.kafka import read_to_end
from streams.runtime import Chunk, InfrastructureError, MisuseError, Partition, RejectedError, StageContext, StageLimits
from streams.settings import ConfigurationError, Settings
from streams.stages.last_resort import deliver_or_bury
from streams.stages.skus import SAME, Skus
from streams.stages.stock import metrics
from streams.stages.stock.allocation import Allocations
from streams.stages.stock.codec import Book, milliseconds
from streams.stages.stock.flush import MOST_FAILURES, Flusher
from streams.stages.stock.folding import STAGE, Folding, Result, StockTopics, batch_of
from streams.stages.stock.homing import Homing
from streams.stages.stock.ledger import Channel, Limits
from streams.stages.stock.memory import Shelf, Table, newest_values
from streams.stages.stock.windows import Windows

logger = logging.getLogger(__name__)

_CHUNK_RECORDS = (
    200  # an order waits for the chunk of its partition that is in work, and all partitions share one processor
)
_RECORDS_AT_ONCE = 20  # then others in the loop have their turn


class StockStage:
    """The stage: one consumer group over `inventory` and `demand`. `channels`: (marketplace, account) of those configured;
    `caps`: what a marketplace takes at most; `minutes`: how often numbers go there usually; `skus`: what it calls them."""

    def __init__(
        self, settings: Settings, codec: Codec, routing: FailureRouting, channels: Sequence[Channel], now: Callable[[], datetime],
        *, caps: Mapping[str, int] | None = None, minutes: Mapping[str, float] | None = None, skus: Skus = SAME,
        name: str = f"causeway.{STAGE}", topics: StockTopics | None = None,
    ) -> None:  # fmt: skip
        if problems := settings.stock.problems(channels):
            raise ConfigurationError("the configuration of stock has problems:\n  " + "\n  ".join(problems))
        self._topics = topics or StockTopics()
        self.name = name
        self.topics: tuple[str, ...] = (self._topics.inventory, self._topics.demand)
        self.limits = StageLimits(chunk_records=min(_CHUNK_RECORDS, settings.stage.chunk_records))
        self._settings = settings
        self._now = now
        self.shelf = Shelf()
        allocations = Allocations(settings.stock, channels, caps or {}, skus)
        self._folding = folding_of(settings, codec, routing, allocations, self._topics)
        lengths = {channel: int(settings.stock.flush_minutes_of(channel[0], minutes) * 60_000) for channel in channels}
        windows = Windows(lengths, milliseconds(now()))
        self.flusher = Flusher(self.shelf, self._folding, windows, self._send, now)
        self.homing = Homing(skus, self.send_home)

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        self._producer = context.producer

    async def stop(self) -> None:
        """Tell nobody any more."""
        await self.flusher.stop()
        await self.homing.stop()

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """Remember these partitions' ledgers, and say again what may not have got out. Raises MisuseError for topics that do not fit."""
        numbers = self._numbers(partitions)
        config = self._settings.kafka.librdkafka()
        found = await asyncio.to_thread(lambda: list(read_to_end(config, [self._topics.ledger], partitions=numbers)))
        for number in sorted(numbers):
            await self._restore(number, [record for record in found if record.partition == number])
        self._show()
        self.flusher.start()
        self.homing.start()

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """Forget them: another worker may change them."""
        await self.flusher.stop()
        await self.homing.stop()
        for partition in partitions:
            self.shelf.drop(partition.partition)
        self._show()

    async def process(self, chunk: Chunk) -> None:
        """Everything that follows from these records is acknowledged when this returns."""
        if self.flusher.failures >= MOST_FAILURES:
            raise InfrastructureError(f"numbers could not be sent {MOST_FAILURES} times in a row")
        table = self.shelf.table(chunk.partition)
        async with table.lock:
            batch = batch_of(table, milliseconds(self._now()))
            for index, record in enumerate(chunk.records, 1):
                self._folding.take(record, batch)
                if index % _RECORDS_AT_ONCE == 0:
                    await asyncio.sleep(0)
            result = self._folding.finish(batch, chunk.partition)
            await self._send(result)
            table.keep(result.entries)
        self._show()

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """What the broker refused, or a bug: dead letters."""
        reason = Reason.DATA if isinstance(error, RejectedError) else Reason.BUG
        for record in chunk.records:
            messages = self._folding.failed(record, reason, type(error).__name__, self._now())
            await deliver_or_bury(self._producer, messages, self._folding.routing, record, STAGE, self._now())

    async def send_home(self) -> int:
        """Orders that ask this SKU and should ask another are sent there. Returns how many SKUs had some."""
        count = 0
        for _, table in self.shelf:
            for sku, messages in self._folding.moves(table):
                logger.info("stock_demand_moved sku=%s records=%d", sku, len(messages))
                await self._producer.deliver(messages)
                count += 1
        return count

    async def _send(self, result: Result) -> None:
        await self._producer.deliver(result.first)
        await self._producer.deliver(result.then)
        now = self._now()
        for change in result.changes:
            channel, cause = change.standing.channel[0], change.cause
            metrics.OFFERS.labels(channel, str(change.urgent).lower()).inc()
            if change.urgent and cause.why == "order":
                metrics.WINDOW.labels(channel).observe(max(0.0, (now - cause.at).total_seconds()))

    async def _restore(self, number: int, records: Sequence[Record]) -> None:
        table = Table()
        table.values, written = newest_values(records)
        table.newest_ms = max(written.values(), default=0)
        for index, sku in enumerate(tuple(table.values), 1):
            try:
                table.keep([(sku, self._folding.restored(table, sku))])
            except DecodeError as error:
                logger.error("stock_ledger_unreadable sku=%s detail=%s", sku, error)
                del table.values[sku]
            if index % _RECORDS_AT_ONCE == 0:
                await asyncio.sleep(0)
        newest = [sku for sku in table.values if written[sku] == table.newest_ms]
        await self._producer.deliver(self._folding.said_last(table, newest))
        self.shelf.put(number, table)
        logger.info("stock_restored partition=%d skus=%d waiting=%d", number, len(table.values), len(table.waiting))

    def _numbers(self, partitions: AbstractSet[Partition]) -> set[int]:
        by_topic = {topic: {one.partition for one in partitions if one.topic == topic} for topic in self.topics}
        numbers = set().union(*by_topic.values())
        if any(found != numbers for found in by_topic.values()):
            raise MisuseError(
                f"{' and '.join(self.topics)} must have the same number of partitions: what is known of a SKU meets in one"
            )
        return numbers

    def _show(self) -> None:
        metrics.KNOWN.labels("known").set(self.shelf.skus)
        metrics.KNOWN.labels("waiting").set(self.shelf.waiting)


def folding_of(
    settings: Settings, codec: Codec, routing: FailureRouting, allocations: Allocations, topics: StockTopics
) -> Folding:
    """The core as configured."""
    stock, environment = settings.stock, settings.environment.value
    limits = Limits(
        timedelta(days=stock.shipped_days), timedelta(days=stock.open_days), timedelta(days=stock.remember_days)
    )
    book = Book(codec, environment, settings.checksum_key.get_secret_value().encode())
    return Folding(book, codec, allocations, limits, routing, topics, environment)

"""The book of Boxes, followed: what every gateway and command line wrote is known here within moments, and surely after `caught_up`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from confluent_kafka import KafkaException

from schemas.codec import Codec
from schemas.record import Record
from streams.following import Following
from streams.gateway import entries
from streams.gateway.book import Book
from streams.kafka import BrokerError
from streams.offsets import KeptAdmin, ends

logger = logging.getLogger(__name__)

CATCH_UP_SECONDS = 10.0


class CaughtUp(Protocol):
    """A book that can be brought up to date."""

    book: Book

    async def caught_up(self) -> None:
        """Return when everything that was acknowledged before the call is in the book. Raises BrokerError when that cannot be had."""
        ...


class Boxes:
    """`start` before use, `close` at the end; both block. `changed`: told a Box's name when more is known of it, in the following thread."""

    def __init__(
        self, config: Mapping[str, Any], topic: str, codec: Codec, changed: Callable[[str], None] = lambda box: None
    ) -> None:
        self.book = Book()
        self._topic, self._codec, self._changed = topic, codec, changed
        self._following = Following(config, topic, self._apply)
        self._admin = KeptAdmin(config)
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Returns when all that is there is known. Raises BrokerError."""
        self._following.start()

    def close(self) -> None:
        """Stop following."""
        self._following.close()

    async def caught_up(self) -> None:
        """See CaughtUp. Those who ask while a question is on its way share the next one, for the answer to the first may be older than their call."""
        if self._next is None:
            self._next = asyncio.create_task(self._asked(), name="boxes-caught-up")
        await asyncio.shield(self._next)

    async def _asked(self) -> None:
        async with self._turn:
            self._next = None
            await asyncio.to_thread(self._catch_up)

    def _catch_up(self) -> None:
        place = (self._topic, 0)
        try:
            end = self._admin.ask(lambda client: ends(client, [place])[place])
        except (KafkaException, TimeoutError) as error:
            raise BrokerError(f"Kafka cannot say where {self._topic} ends: {error}") from error
        if not self._following.wait_for(0, end, CATCH_UP_SECONDS):
            raise BrokerError(f"{self._topic} was not read to its end within {CATCH_UP_SECONDS:.0f} s")

    def _apply(self, record: Record) -> None:
        try:
            key, entry = entries.read(self._codec, record)
            box = self.book.apply(record.offset, key, entry)
        except (ValueError, TypeError, KeyError) as error:
            logger.error("box_entry_unreadable origin=%s kind=%s", record.origin, type(error).__name__)
            return
        if box:
            self._changed(box)

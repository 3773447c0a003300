"""Brings a page to Kafka: returns when every record of it is acknowledged by all replicas.

The producer is idempotent but not transactional: the raw topics are read by Faust (see `cursors` for why that matters).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from connectors.kit.ports import Page
from schemas.reasons import Reason
from schemas.record import Message, Record
from streams.poller.flows import FlowKey
from streams.poller.records import Shaper
from streams.runtime.errors import RejectedError

logger = logging.getLogger(__name__)


class Delivers(Protocol):
    """A producer: `streams.runtime.Producer`."""

    async def deliver(self, messages: Sequence[Message]) -> None:
        """Return when all are acknowledged. Raises RejectedError for a record the broker refuses, DeliveryError for anything else."""
        ...


class Publisher:
    """Publishes what sources say. Raises DeliveryError when the cluster cannot be reached: nothing counts then."""

    def __init__(self, shaper: Shaper, producer: Delivers, now: Callable[[], datetime]) -> None:
        self._shaper = shaper
        self._producer = producer
        self._now = now

    async def page(self, flow: FlowKey, page: Page, lane: str) -> None:
        """All entities and problems of a page."""
        messages = self._shaper.page(flow, page, lane, self._now())
        try:
            await self._producer.deliver(messages)
        except RejectedError:
            await self._one_by_one(messages)

    async def refused(self, record: Record, flow: FlowKey | None, reason: Reason, detail: str) -> None:
        """A command that cannot be carried out."""
        now = self._now()
        try:
            await self._producer.deliver([self._shaper.refused(record, flow, reason, detail, now)])
        except RejectedError:  # nearly as large as the broker allows: with what a dead letter adds it is too large
            short = self._shaper.refused(record, flow, reason, detail, now, keeps_value=False)
            await self._producer.deliver([short])

    async def _one_by_one(self, messages: Sequence[Message]) -> None:
        """The broker refuses one of them and does not say which: find it, keep the rest."""
        for message in messages:
            try:
                await self._producer.deliver([message])
            except RejectedError as error:
                key = (message.key or b"").decode(errors="replace")
                size = len(message.value or b"")
                logger.error("poll_record_refused key=%s bytes=%d", key, size)
                detail = f"{size} bytes: {error}; fetch it by its id once the broker takes records of that size"
                await self._producer.deliver([self._shaper.too_large(message, detail, self._now())])

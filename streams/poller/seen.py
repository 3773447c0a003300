"""What the pollers have published of an entity: told by the raw topic itself, so that a census can tell what was missed (REC-4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.headers import decode_headers
from streams.kafka import read_to_end
from streams.poller.flows import Names

logger = logging.getLogger(__name__)


class Seen:
    """`Deps.seen`. Reads the raw topic from that time on, headers only. Raises BrokerError."""

    def __init__(self, kafka: Mapping[str, Any], names: Names) -> None:
        self._kafka, self._names = kafka, names

    async def __call__(self, source: str, entity: str, since: datetime) -> Mapping[str, int]:
        return await asyncio.to_thread(self._read, source, entity, since)

    def _read(self, source: str, entity: str, since: datetime) -> Mapping[str, int]:
        """Keys with the newest version of each. What has no headers of ours counts as not seen, which at worst has it fetched again."""
        newest: dict[str, int] = {}
        topic, since_ms = self._names.raw(source, entity), int(since.timestamp() * 1000)
        for record in read_to_end(self._kafka, [topic], since_ms=since_ms):
            try:
                version = decode_headers(record.headers).version
            except ValueError as error:
                logger.warning("seen_unreadable origin=%s problem=%s", record.origin, error)
                continue
            key = (record.key or b"").decode(errors="replace")
            newest[key] = max(version, newest.get(key, version))
        logger.info("seen topic=%s keys=%d", topic, len(newest))
        return newest

"""What the pipeline holds of an entity: read back from its compacted topic, so that a source can tell what has gone while nobody looked (EVT-6)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from schemas.codec import Codec, DecodeError
from streams.kafka import read_to_end
from streams.poller.flows import Names

logger = logging.getLogger(__name__)

SHOWN = ("published", "unpublished")  # statuses of listings


class Known:
    """`Deps.known`. Reads the whole topic each time it is asked: a source asks once, when it begins. Raises BrokerError, RegistryError."""

    def __init__(self, kafka: Mapping[str, Any], codec: Codec, names: Names) -> None:
        self._kafka, self._codec, self._names = kafka, codec, names

    async def __call__(self, entity: str) -> frozenset[str]:
        return await asyncio.to_thread(self._read, entity)

    def _read(self, entity: str) -> frozenset[str]:
        """Keys whose newest record says that it is there. One that cannot be read counts as not known, which at worst leaves something unnoticed."""
        active: set[str] = set()
        for record in read_to_end(self._kafka, [self._names.current(entity)]):
            key = (record.key or b"").decode(errors="replace")
            active.discard(key)
            try:
                if record.value is not None and is_there(self._codec.decode(entity, record.value)):
                    active.add(key)
            except DecodeError as error:
                logger.warning("known_unreadable origin=%s problem=%s", record.origin, error)
        logger.info("known entity=%s active=%d", entity, len(active))
        return frozenset(active)


def is_there(body: Mapping[str, Any]) -> bool:
    """`active` says it, of a listing its status: that a marketplace shows it, or keeps it from being shown."""
    return bool(body["active"]) if "active" in body else body["status"] in SHOWN

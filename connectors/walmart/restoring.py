"""A newer number that may lie under an older one is written again: the older one has taken effect meanwhile, or may have (INV-5)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from connectors.kit.errors import ConnectorError, DataError
from connectors.kit.jobs import SETTLE, Job
from connectors.kit.outgoing.deciding import Deciding, Item
from connectors.kit.outgoing.values import Value, ValueKind
from connectors.kit.outgoing.written import Written
from connectors.kit.ports import Outcome, Result, failed, submitted
from connectors.walmart.client import WalmartClient
from schemas.reasons import Reason

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 30.0
RESTORED = "newer_written_again"


class Restoring:
    """For one operation, with the memory of what this process has written."""

    def __init__(self, kind: ValueKind[WalmartClient], written: Written, deciding: Deciding[Value]) -> None:
        self._kind = kind
        self._written = written
        self._deciding = deciding

    async def outcomes(self, client: WalmartClient, items: Sequence[Item[Value]]) -> dict[str, Outcome]:
        """One for each. What is known to be newest of its key (`Delivery.known`) is written, not what the delivery brings."""
        found = await asyncio.gather(*(self._one(client, item) for item in items))
        return {item.id: outcome for item, outcome in zip(items, found, strict=True)}

    async def _one(self, client: WalmartClient, item: Item[Value]) -> Outcome:
        known = item.delivery.known
        assert known is not None
        try:
            value = self._kind.parse(item.delivery.account, item.sku, known.remote_id)
            async with self._written.lock(item.key):
                if self._written.newest(item.key) > known.version:
                    return Outcome(Result.STALE)
                await self._kind.put(client, value)
        except DataError as error:
            return replace(
                failed(Reason.CONFLICT, f"a newer value could not be written again: {error}"), of_record=True
            )
        except ConnectorError as error:
            wait = error.retry_after or SETTLE_SECONDS
            return submitted(Job(SETTLE, "", item.delivery.version).name, wait)
        logger.warning("walmart_newer_written_again key=%s version=%d", item.key, known.version)
        if self._deciding.alone:
            return Outcome(Result.STALE, notes=(RESTORED,))
        return replace(submitted(Job(SETTLE, "", known.version).name, SETTLE_SECONDS), notes=(RESTORED,))

"""Documents that came damaged are downloaded again, for a while (ERR-2).

A download that was cut short or changed on the way says nothing of the document. So the read ends with DamagedError, as if nobody had answered:
whoever asked comes again with his ordinary pauses, and nothing of it counts until then. When that has happened PATIENCE times in a row (the
poller's pauses make it ten minutes), it is the document that is damaged: StaysDamagedError, which people get to see, and what stands behind it
goes on. The count is this process's; a restart begins anew.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from connectors.kit.errors import DataError, TransientError

logger = logging.getLogger(__name__)

PATIENCE = 8
_KEPT = 1000
T = TypeVar("T")


class DamagedError(TransientError):
    """What was downloaded is not what lies there: cut short, changed on the way, or something else in its place."""


class StaysDamagedError(DataError):
    """It came damaged each of PATIENCE times: it is the document that is."""


class Rereading:
    """How often in a row each document of an account came damaged. `system`: the other side, in the log."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._damaged: OrderedDict[str, int] = OrderedDict()

    async def read(self, document_id: str, download: Callable[[], Awaitable[T]]) -> T:
        """What `download` gives; it raises DamagedError for what is not whole, and is tried once. Raises StaysDamagedError for a document
        that stayed so, else what `download` does."""
        try:
            found = await download()
        except DamagedError as error:
            raise self._told(document_id, error) from None
        self._damaged.pop(document_id, None)
        return found

    def _told(self, document_id: str, error: DamagedError) -> DamagedError | StaysDamagedError:
        times = self._damaged.pop(document_id, 0) + 1
        logger.warning("%s_document_damaged document=%s times=%d error=%s", self._system, document_id, times, error)
        if times >= PATIENCE:
            return StaysDamagedError(f"{error}; so it was each of {times} times it was read", code="DATA")
        self._damaged[document_id] = times
        if len(self._damaged) > _KEPT:
            self._damaged.popitem(last=False)
        return error

"""The way into the spool for everything that is heard and seen. What it does not take is counted, and told with the next events it takes.

The count is kept in the spool too where that can be written, so that a restart forgets none of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence

from edge_iotbox.counters import Counters
from edge_iotbox.events import Teller
from edge_iotbox.spool import Spool, SpoolFullError
from schemas.hardware import Event

logger = logging.getLogger(__name__)

LOST = "lost"


class Intake:
    """May be used from any thread."""

    def __init__(self, spool: Spool, teller: Teller, counters: Counters) -> None:
        self._spool, self._teller, self._counters = spool, teller, counters
        self._lock = threading.Lock()
        before = spool.state(LOST, "0")
        self._lost = int(before) if before.isdigit() else 0

    @property
    def lost(self) -> int:
        """Events that were not taken, and nobody was told of yet."""
        return self._lost

    def take(self, events: Sequence[Event], state: Mapping[str, str], waiting: Sequence[Event] = ()) -> bool:
        """Into the spool, `waiting` first, or not at all; whether it took them. `waiting`: what the caller goes on to keep when it did not."""
        with self._lock:
            drafts = [*waiting, *events]
            if self._lost:
                drafts.insert(0, self._teller.own("gap", {"why": "spool_full", "lost": self._lost}))
            if not drafts:
                return True
            try:
                self._spool.append(drafts, {**state, LOST: "0"})
            except SpoolFullError as error:
                self._refused(len(events), error)
                return False
            if self._lost:
                logger.info("spool_takes_again lost=%d", self._lost)
            self._lost = 0
            return True

    def keep(self, state: Mapping[str, str]) -> None:
        """Named values without an event; forgotten where the card cannot be written, which the spool says."""
        try:
            self._spool.keep(state)
        except SpoolFullError:
            return

    def _refused(self, count: int, error: SpoolFullError) -> None:
        if not count:
            return
        if not self._lost:
            logger.error("spool_refused problem=%s; what comes is counted and told later", error)
        self._lost += count
        self._counters.refused_full += count
        self.keep({LOST: str(self._lost)})

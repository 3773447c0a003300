"""How a spool keeps within its limits: the oldest go, and one `dropped` event stands in their place. Everything here happens inside a transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from edge_iotbox.clock import Clock
from edge_iotbox.events import Teller, numbered
from edge_iotbox.spool_store import Row, Store, row_of

logger = logging.getLogger(__name__)

OLDEST, REFUSE = "oldest", "refuse"
DROPPED = "dropped"  # the name under which the store counts them
_LOW_WATER = 0.95  # letting go goes on down to this part of the limit, so that it does not happen at every append


@dataclass(frozen=True, slots=True)
class Limits:
    """max_bytes: of all events with what a row costs; max_age_ms: None = any; when_full: `oldest` lets those go, `refuse` takes no more."""

    max_bytes: int = 256 * 1024 * 1024
    max_age_ms: int | None = 30 * 24 * 3600 * 1000
    when_full: str = OLDEST

    def refuses(self, size: int) -> bool:
        """Whether so many bytes are more than it takes."""
        return self.when_full == REFUSE and size > self.max_bytes


def let_go(store: Store, teller: Teller, limits: Limits, size: int, lent: int) -> int:
    """Of `size` bytes the oldest go until the limits hold, none that is lent (numbers up to `lent`). How many events went."""
    victims: list[Row] = []
    over = limits.when_full == OLDEST and size > limits.max_bytes
    for row in store.rows(lent):
        full = over and size > limits.max_bytes * _LOW_WATER
        if not full and not row.spans and not is_too_old(row, limits, teller.boot, teller.clock):
            break
        victims.append(row)
        size -= row.size
    fresh = sum(not row.spans for row in victims)
    if fresh:  # otherwise those that stand for others stay as they are
        leave(store, teller, victims, "bytes" if over else "age")
    return fresh


def leave(store: Store, teller: Teller, victims: Sequence[Row], why: str) -> None:
    """One `dropped` event in the place of these neighbours."""
    first, last, count = victims[0].first_sequence, victims[-1].sequence, sum(row.stands_for for row in victims)
    about = {
        "why": why, "from": first, "through": last, "count": count,
        "oldest_at": min(row.received_at for row in victims), "newest_at": max(row.received_at for row in victims),
    }  # fmt: skip
    store.remove(victims[0].sequence, last)
    store.put(row_of(numbered(teller.own("dropped", about), last, first), count))
    fresh = sum(not row.spans for row in victims)
    store.set(DROPPED, str(int(store.get(DROPPED, "0")) + fresh))
    logger.warning("spool_dropped why=%s from=%d through=%d count=%d", why, first, last, count)


def is_too_old(row: Row, limits: Limits, boot: str, clock: Clock) -> bool:
    """By the wall clock only when it could be trusted then and now; else by the machine's clock within one boot. Pure."""
    most = limits.max_age_ms
    if most is None:
        return False
    if row.boot == boot:
        return clock.monotonic_ms() - row.monotonic_ms > most
    return bool(row.trusted) and clock.trusted() and (clock.now() - row.received_at) // 1000 > most

"""The spool: what was heard is kept here until the other side has it, through restarts, power cuts and days offline (EDGE-3).

Promises, each with its test:
- An append that returned survives a power cut; numbers are given inside it, so a number is never given twice and has no hole.
- What leaves the spool unsent leaves a `dropped` event in its place, in the same transaction: it takes the number of the last one let go and
  stands for all of them. What is lost with a damaged file is told by a `gap` event that stands for every number that may have been in it.
- What is lent to a sender is not let go under its hands.

A spool does not know whether its own past is whole: a card may lie about fsync, a file may be restored from a copy. So numbers above those of the
last contact count as unproved until the other side has said how far it is (`prove`); if it is further, they move up (nothing of them was taken).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_iotbox.events import Teller, numbered
from edge_iotbox.letting_go import DROPPED, OLDEST, REFUSE, Limits, leave, let_go
from edge_iotbox.numbers import BLOCK, Numbers, read_numbers, write_numbers
from edge_iotbox.spool_store import NAME, Row, SpoolDamagedError, SpoolFullError, Store, row_of, set_aside
from schemas.hardware import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, Event

__all__ = ["OLDEST", "REFUSE", "Depth", "Limits", "Spool", "SpoolDamagedError", "SpoolFullError"]

logger = logging.getLogger(__name__)

_NEXT, _ACKED, _UNPROVED = "next", "acked", "unproved"


@dataclass(frozen=True, slots=True)
class Depth:
    """What is in the spool. `oldest_at`: epoch microseconds of the oldest event, 0 when empty."""

    events: int
    bytes: int
    oldest_at: int
    next_sequence: int
    acked: int
    dropped: int


class Spool:
    """All methods may be called from any thread. Those that write raise SpoolDamagedError for a damaged file, SpoolFullError for a full card."""

    def __init__(self, store: Store, folder: Path, limits: Limits, teller: Teller) -> None:
        self._store, self._folder, self._limits, self._teller = store, folder, limits, teller
        self._lock = threading.RLock()
        self._arrived = threading.Condition(self._lock)
        self._lent = 0
        self._read_totals()
        self._reserved = 0

    @classmethod
    def open(cls, folder: Path, limits: Limits, teller: Teller, checkpoint_pages: int = 256) -> Spool:
        """Opens the spool of a folder, makes a new one where there is none or the old one is damaged (which is said and set aside)."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        had_one, why = (folder / NAME).exists(), "spool_missing"
        try:
            store = Store.open(folder, checkpoint_pages)
        except SpoolDamagedError as error:
            place = set_aside(folder)
            logger.error("spool_damaged aside=%s problem=%s", place, error)
            had_one, why = False, "spool_damaged"
            store = Store.open(folder, checkpoint_pages)
        spool = cls(store, folder, limits, teller)
        with spool._lock, store.transaction():
            spool._begin(had_one and store.get(_NEXT) != "", why)
        return spool

    # -- what is heard

    def append(self, drafts: Sequence[Event], state: Mapping[str, str] | None = None) -> list[Event]:
        """Takes drafts, gives them numbers and ids; `state` is kept in the same transaction. Raises SpoolFullError and takes nothing then."""
        with self._lock:
            events = [numbered(draft, self._next + index) for index, draft in enumerate(drafts)]
            rows = [row_of(event) for event in events]
            size = sum(row.size for row in rows)
            if self._limits.refuses(self._bytes + size):
                raise SpoolFullError("the spool is full")
            self._reserve(self._next + len(drafts))
            with self._store.transaction():
                for row in rows:
                    self._store.put(row)
                self._store.set(_NEXT, str(self._next + len(rows)))
                for name, value in (state or {}).items():
                    self._store.set(f"agent.{name}", value)
                gone = let_go(self._store, self._teller, self._limits, self._bytes + size, self._lent)
            self._read_totals() if gone else self._grew(rows)
            self._arrived.notify_all()
            return events

    def state(self, name: str, default: str = "") -> str:
        """What was kept under a name."""
        with self._lock:
            return self._store.get(f"agent.{name}", default)

    def keep(self, state: Mapping[str, str]) -> None:
        """Keeps named values, without an event."""
        with self._lock, self._store.transaction(durable=False):
            for name, value in state.items():
                self._store.set(f"agent.{name}", value)

    def expire(self) -> int:
        """Lets go of what is too old by the settings. How many events went."""
        with self._lock, self._store.transaction():
            gone = let_go(self._store, self._teller, self._limits, self._bytes, self._lent)
        with self._lock:
            self._read_totals()
        return gone

    def use(self, limits: Limits) -> None:
        """Other limits from now on."""
        with self._lock:
            self._limits = limits

    # -- what is sent

    def batch(self, most_events: int = MAX_BATCH_EVENTS, most_bytes: int = MAX_BATCH_BYTES - 4096) -> list[Event]:
        """The oldest events, lent until `acknowledge` or `give_back`. One event alone may exceed `most_bytes`; damaged ones are told as dropped."""
        with self._lock:
            events, broken = self._oldest(most_events, most_bytes)
            while broken is not None:
                self._replace(broken, "damaged")
                events, broken = self._oldest(most_events, most_bytes)
            self._lent = events[-1].sequence if events else 0
            return events

    def wait(self, seconds: float) -> bool:
        """Waits until there is something to send, at most so long. Whether there is."""
        with self._lock:
            return self._arrived.wait_for(lambda: self._count > 0, seconds)

    def give_back(self) -> None:
        """What was lent was not taken."""
        with self._lock:
            self._lent = 0

    def acknowledge(self, through: int) -> None:
        """All up to that number are safe at the other side. A number that was never given is not believed."""
        with self._lock:
            self._lent = 0
            through = min(through, self._next - 1)
            if through <= self._acked:
                return
            with self._store.transaction(durable=False):
                self._store.remove(0, through)
                self._store.set(_ACKED, str(through))
                self._store.set(_UNPROVED, "")
            self._read_totals()

    def set_aside(self, sequence: int, why: str) -> Event | None:
        """An event the other side will never take: a `dropped` event takes its place. Gives the one that went; None when it is not there."""
        with self._lock:
            self._lent = 0
            row = next(self._store.rows(sequence - 1), None)
            if row is None or row.sequence != sequence:
                return None
            self._replace(row, why)
            return row.event()

    def prove(self, through: int) -> int:
        """The other side has everything up to `through` of this Box. How far unproved numbers had to move up: 0 when all is well."""
        with self._lock:
            known = self._store.get(_UNPROVED)
            base = int(known) if known else self._next - 1
            moved = max(0, through - base)
            with self._store.transaction():
                if moved:
                    self._move(base, moved)
                    self._tell_gap({"why": "spool_behind", "from": base + 1, "through": through})
                self._store.set(_UNPROVED, "")
            self.acknowledge(min(through, base + moved))
            return moved

    def settle(self, through: int, last: str) -> int:
        """`prove` where the other side's event with the number `through`, whose id is `last`, may be another spool's: what waits here is let go of
        only if that event is one of it. Else all of it moves above, for nobody has it. How far numbers had to move up."""
        with self._lock:
            row, first = next(self._store.rows(through - 1), None), next(self._store.rows(), None)
            event = row.event() if row is not None and row.sequence == through else None
            if first is not None:
                is_ours = event is not None and event.id == last
                with self._store.transaction():
                    self._store.set(_UNPROVED, str(self._next - 1 if is_ours else first.first_sequence - 1))
            return self.prove(through)

    def explain(self, expected: int) -> str:
        """The other side misses `expected`. What was done about it: `skipped`, `gap`, `moved` or `nothing`."""
        with self._lock:
            self._lent = 0
            first = next(iter(self._store.rows()), None)
            if first is None:
                return "nothing"
            if expected > first.sequence:
                if expected >= self._next:
                    self._move(0, expected - first.first_sequence)
                    return "moved"
                self.acknowledge(expected - 1)
                return "skipped"
            if expected >= first.first_sequence:
                return "nothing"
            draft = self._teller.own(
                "gap", {"why": "receiver_behind", "from": expected, "through": first.first_sequence - 1}
            )
            with self._store.transaction():
                self._store.put(row_of(numbered(draft, first.first_sequence - 1, expected), 0))
            self._read_totals()
            return "gap"

    def depth(self) -> Depth:
        """What is in it now."""
        with self._lock:
            first = next(iter(self._store.rows()), None)
            dropped = int(self._store.get(DROPPED, "0"))
            return Depth(self._count, self._bytes, first.received_at if first else 0, self._next, self._acked, dropped)

    def is_there(self) -> bool:
        """Whether what it takes would be found after a restart."""
        return self._store.is_there()

    def checkpoint(self) -> None:
        with self._lock:
            self._store.checkpoint()

    def close(self) -> None:
        with self._lock:
            self._store.close()

    # -- inside

    def _begin(self, had_one: bool, why: str) -> None:
        """Numbers go on where they were; where that is not known, surely above, and a gap event stands for what may have been."""
        numbers = read_numbers(self._folder)
        if had_one:
            self._next = int(self._store.get(_NEXT))
            self._reserved = numbers.reserved if numbers else 0
            self._reserve(self._next)
            self._doubt(self._next - 1)
            return
        before = numbers.reserved if numbers else 0
        self._store.set(_NEXT, str(before + 1))
        self._store.set(_ACKED, str(numbers.acked if numbers else 0))
        self._next, self._acked, self._reserved = before + 1, numbers.acked if numbers else 0, before
        if numbers is not None and before:
            self._doubt(before)
            self._tell_gap({"why": why, "from": self._acked + 1, "through": before}, first=self._acked + 1)
        else:
            self._doubt(0)
            if why == "spool_damaged":
                self._tell_gap({"why": why})

    def _doubt(self, base: int) -> None:
        if not self._store.get(_UNPROVED):
            self._store.set(_UNPROVED, str(base))

    def _tell_gap(self, about: Mapping[str, object], first: int | None = None) -> None:
        """A gap event at the end, which may stand for numbers before it."""
        self._reserve(self._next + 1)
        event = numbered(self._teller.own("gap", about), self._next, first)
        with self._store.transaction():
            self._store.put(row_of(event, 0))
            self._store.set(_NEXT, str(self._next + 1))
        self._read_totals()
        self._arrived.notify_all()

    def _reserve(self, upto: int) -> None:
        if upto > self._reserved:
            reserved = upto + BLOCK
            try:
                write_numbers(self._folder, Numbers(reserved, min(self._acked, reserved)))
            except OSError as error:
                raise SpoolFullError(f"the spool cannot be written: {error}") from error
            self._reserved = reserved

    def _oldest(self, most_events: int, most_bytes: int) -> tuple[list[Event], Row | None]:
        """The oldest events within the limits, or the first row that is damaged."""
        events: list[Event] = []
        size = 0
        for row in self._store.rows():
            size += len(row.body) + 1
            if len(events) == most_events or (events and size > most_bytes):
                break
            event = row.event()
            if event is None:
                return [], row
            events.append(event)
        return events, None

    def _replace(self, row: Row, why: str) -> None:
        with self._store.transaction():
            leave(self._store, self._teller, [row], why)
        self._read_totals()

    def _move(self, above: int, by: int) -> None:
        """Numbers above `above` go up by so many; ids go with them."""
        rows = list(self._store.rows(above))
        self._reserve(self._next + by)
        with self._store.transaction():
            self._store.remove(above + 1, self._next)
            for row in rows:
                event = row.event() or self._teller.own("dropped", {"why": "damaged"})
                self._store.put(row_of(numbered(event, row.sequence + by, row.first_sequence + by), row.stands_for))
            self._store.set(_NEXT, str(self._next + by))
        logger.error("spool_renumbered above=%d by=%d events=%d", above, by, len(rows))
        self._read_totals()

    def _grew(self, rows: Sequence[Row]) -> None:
        self._count += len(rows)
        self._bytes += sum(row.size for row in rows)
        self._next += len(rows)

    def _read_totals(self) -> None:
        self._count, self._bytes, _, _ = self._store.totals()
        self._next = int(self._store.get(_NEXT, "1"))
        self._acked = int(self._store.get(_ACKED, "0"))

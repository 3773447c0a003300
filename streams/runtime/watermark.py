"""How far a partition is done: the end of the leading run of finished chunks, and nothing beyond it.

    chunks handed out    [100-149] done   [150-199] in work   [200-249] done
    position              150                                               -> 200-249 waits until 150-199 is done

Chunks are handed out in offset order and may finish in any order. Losing a partition, or seeking in it, forgets what is out: a ticket from
before then counts for nothing when it is finished later, because its records are read again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)


@dataclass(slots=True, eq=False)
class Ticket:
    """One chunk that is out. `end` is the offset after its last record; `records`: how many it has."""

    end: int
    records: int = 1
    is_done: bool = False
    is_live: bool = True


class Watermark:
    """Of one partition."""

    __slots__ = ("_out", "position")

    def __init__(self) -> None:
        self._out: deque[Ticket] = deque()
        self.position: int | None = None  # everything below is done; None until something is

    @property
    def pending(self) -> int:
        """Records out that are not yet below the position."""
        return sum(ticket.records for ticket in self._out)

    def take(self, last_offset: int, records: int = 1) -> Ticket:
        """A chunk that ends with this offset goes out. Raises ValueError when it does not follow the one before."""
        if self._out and last_offset < self._out[-1].end:
            raise ValueError(f"chunk up to {last_offset} goes out after one up to {self._out[-1].end - 1}")
        ticket = Ticket(last_offset + 1, records)
        self._out.append(ticket)
        return ticket

    def finish(self, ticket: Ticket) -> bool:
        """The chunk is done. Returns whether the position moved."""
        ticket.is_done = True
        moved = False
        while self._out and self._out[0].is_done:
            self.position = self._out.popleft().end
            moved = True
        return moved

    def forget(self) -> None:
        """The partition is lost or sought: nothing is out any more and the position is unknown."""
        for ticket in self._out:
            ticket.is_live = False
        self._out.clear()
        self.position = None


class Watermarks(Generic[P]):
    """Of all partitions of one consumer."""

    def __init__(self) -> None:
        self._marks: dict[P, Watermark] = {}

    def take(self, partition: P, last_offset: int, records: int = 1) -> Ticket:
        """A chunk of this partition goes out."""
        return self._marks.setdefault(partition, Watermark()).take(last_offset, records)

    def finish(self, partition: P, ticket: Ticket) -> bool:
        """A chunk is done; one from before the partition was forgotten changes nothing. Returns whether the position moved."""
        mark = self._marks.get(partition)
        return ticket.is_live and mark is not None and mark.finish(ticket)

    def forget(self, partition: P) -> None:
        """See `Watermark.forget`."""
        mark = self._marks.pop(partition, None)
        if mark is not None:
            mark.forget()

    def forget_all(self) -> None:
        """All of them."""
        for partition in tuple(self._marks):
            self.forget(partition)

    def pending(self, partition: P) -> int:
        """How many records of it are out."""
        mark = self._marks.get(partition)
        return mark.pending if mark else 0

    def position(self, partition: P) -> int | None:
        """Everything below this offset is done; None when nothing is known."""
        mark = self._marks.get(partition)
        return mark.position if mark else None

    def __iter__(self) -> Iterator[P]:
        """Partitions that something is known of."""
        return iter(tuple(self._marks))

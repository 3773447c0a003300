"""Seen before? The decision, and the memory it takes: the newest version and checksum of each key, one table per partition (ORD-5).

    nothing known of the key              -> new
    older than what is known              -> superseded: a later state went on already
    same checksum as what is known        -> duplicate
    anything else                         -> new (a change, or the same version through newer mapping code)

The memory is restored from the compacted topic of the same keys. Losing it costs work, never a double order: the destination is asked anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from schemas.headers import decode_headers
from schemas.record import Record


class Verdict(Enum):
    """What a state of a key is, compared with what is known of it."""

    NEW = "new"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one key."""

    version: int
    checksum: str


def judge(seen: Seen | None, version: int, checksum: str) -> Verdict:
    """Compare a state with what is known of its key."""
    if seen is None:
        return Verdict.NEW
    if version < seen.version:
        return Verdict.SUPERSEDED
    return Verdict.DUPLICATE if checksum == seen.checksum else Verdict.NEW


class Memory:
    """Partition -> key -> Seen. Changes of a chunk become part of it only when the chunk's records are safe."""

    def __init__(self) -> None:
        self._partitions: dict[int, dict[bytes, Seen]] = {}
        self._failed: dict[int, dict[bytes, str]] = {}

    def restore(self, partition: int, records: Iterable[Record]) -> int:
        """Take what a partition of the compacted topic says; returns how many keys are known. Unreadable headers count as not seen."""
        table: dict[bytes, Seen] = {}
        for record in records:
            if record.key is None:
                continue
            try:
                headers = decode_headers(record.headers)
            except ValueError:
                continue
            table[record.key] = Seen(headers.version, headers.checksum)
        self._partitions[partition] = table
        return len(table)

    def drop(self, partition: int) -> None:
        """The partition is not ours any more."""
        self._partitions.pop(partition, None)
        self._failed.pop(partition, None)

    def draft(self, partition: int) -> Draft:
        """A view to judge one chunk by; `keep()` makes it part of the memory."""
        return Draft(self._partitions.setdefault(partition, {}), self._failed.setdefault(partition, {}))


class Draft:
    """The memory of a partition as one chunk changes it."""

    def __init__(self, table: dict[bytes, Seen], failed: dict[bytes, str]) -> None:
        self._table = table
        self._failed = failed
        self._changed: dict[bytes, Seen] = {}
        self._newly_failed: dict[bytes, str] = {}

    def judge(self, key: bytes, version: int, checksum: str) -> Verdict:
        """Compare with what is known, records of this chunk included."""
        return judge(self._changed.get(key) or self._table.get(key), version, checksum)

    def add(self, key: bytes, version: int, checksum: str) -> None:
        """From now on this is what is known of the key."""
        self._changed[key] = Seen(version, checksum)

    def failed_before(self, key: bytes, raw_checksum: str) -> bool:
        """Whether this very payload could not be mapped before: polls overlap, one dead letter for it is enough."""
        return (self._newly_failed.get(key) or self._failed.get(key)) == raw_checksum

    def add_failed(self, key: bytes, raw_checksum: str) -> None:
        """This payload could not be mapped."""
        self._newly_failed[key] = raw_checksum

    def keep(self) -> None:
        """The chunk's records are safe: remember them."""
        self._table.update(self._changed)
        self._failed.update(self._newly_failed)

"""The unit of work of every stage: all records of one partition of one fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from schemas.record import Record


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records of one partition in offset order, at least one. Offsets may have gaps (compaction), they never repeat."""

    topic: str
    partition: int
    records: tuple[Record, ...]

    @property
    def first_offset(self) -> int:
        """Offset of the first record."""
        return self.records[0].offset

    @property
    def last_offset(self) -> int:
        """Offset of the last record."""
        return self.records[-1].offset

    def part(self, start: int, stop: int) -> Chunk:
        """The records from index `start` up to, without, `stop`, as a chunk of their own."""
        return Chunk(self.topic, self.partition, self.records[start:stop])

    def __len__(self) -> int:
        return len(self.records)

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.first_offset}-{self.last_offset}"


def joined(chunks: Sequence[Chunk]) -> Chunk:
    """Chunks of one partition, one after the other, at least one, as a single one."""
    return (
        replace(chunks[0], records=tuple(chain.from_iterable(one.records for one in chunks)))
        if chunks[1:]
        else chunks[0]
    )

"""The stage's memory: the ledger of every SKU of the partitions it owns, as bytes, because there may be a hundred thousand of them (INV-2).

It is the compacted topic `stock.ledger`, read when partitions are assigned. Every batch of ledgers that is written together carries one
time, greater than that of the batch before, whatever the clock says. That time tells two things at the next start:

- of two records of a SKU the one with the greater time is the newer one, also when a worker that was frozen wrote the other one later
- the newest batch of a partition is the only one whose offers may not have got out: they are said again, with the same ids and versions
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from schemas.headers import decode_headers
from schemas.record import Record
from streams.stages.stock.ledger import Channel

Name = tuple[str, str, str]  # marketplace, account, its word for a SKU
Value = TypeVar("Value")

_PREFIX = "sku:"


def sku_of(key: bytes | None) -> str:
    """`sku:SKU` -> SKU. Raises ValueError for another key."""
    text = (key or b"").decode(errors="replace")
    if not text.startswith(_PREFIX) or len(text) == len(_PREFIX):
        raise ValueError(f"the key {text[:80]!r} is not sku:SKU")
    return text.removeprefix(_PREFIX)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a SKU after a batch.

    value      its ledger, encoded
    waiting    channels that do not know their number yet
    due_ms     when time alone may change it, 0 = never
    named      (marketplace, account, its word) of what open orders ask of it
    """

    value: bytes
    waiting: frozenset[Channel]
    due_ms: int
    named: frozenset[Name] = frozenset()


@dataclass(slots=True)
class Table:
    """One partition. `waiting`, `due_ms` and `named` hold an entry for few SKUs only; `values` has them all."""

    values: dict[str, bytes] = field(default_factory=dict)
    waiting: dict[str, frozenset[Channel]] = field(default_factory=dict)
    due_ms: dict[str, int] = field(default_factory=dict)
    named: dict[str, frozenset[Name]] = field(default_factory=dict)
    newest_ms: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def next_batch_ms(self, now_ms: int) -> int:
        """The time of the next batch."""
        self.newest_ms = max(now_ms, self.newest_ms + 1)
        return self.newest_ms

    def keep(self, entries: Iterable[tuple[str, Entry]]) -> None:
        """The records are safe: remember them."""
        for sku, entry in entries:
            self.values[sku] = entry.value
            _put(self.waiting, sku, entry.waiting)
            _put(self.due_ms, sku, entry.due_ms)
            _put(self.named, sku, entry.named)

    def due_for(self, channels: frozenset[Channel], now_ms: int) -> list[str]:
        """SKUs to look at in a flush of these channels."""
        found = [sku for sku, waits in self.waiting.items() if waits & channels]
        return found + [sku for sku, due in self.due_ms.items() if due <= now_ms and sku not in self.waiting]


class Shelf:
    """The tables of all partitions that are ours."""

    def __init__(self) -> None:
        self._tables: dict[int, Table] = {}

    def table(self, partition: int) -> Table:
        """Of this partition; empty when nothing was restored."""
        return self._tables.setdefault(partition, Table())

    def put(self, partition: int, table: Table) -> None:
        """The partition as restored."""
        self._tables[partition] = table

    def drop(self, partition: int) -> None:
        """Not ours any more."""
        self._tables.pop(partition, None)

    def owns(self, partition: int, table: Table) -> bool:
        """Whether this very table still counts."""
        return self._tables.get(partition) is table

    def __iter__(self) -> Iterator[tuple[int, Table]]:
        return iter(tuple(self._tables.items()))

    @property
    def skus(self) -> int:
        """How many are known."""
        return sum(len(table.values) for table in self._tables.values())

    @property
    def waiting(self) -> int:
        """How many wait for a flush."""
        return sum(len(table.waiting) for table in self._tables.values())


def newest_values(records: Iterable[Record]) -> tuple[dict[str, bytes], dict[str, int]]:
    """SKU -> its newest ledger, and when that was written. Records that cannot be read count as not there."""
    values: dict[str, bytes] = {}
    written: dict[str, int] = {}
    for record in records:
        try:
            sku, at = sku_of(record.key), decode_headers(record.headers).version
        except ValueError:
            continue
        if record.value and at >= written.get(sku, 0):
            values[sku], written[sku] = record.value, at
    return values, written


def _put(table: dict[str, Value], sku: str, value: Value) -> None:
    if value:
        table[sku] = value
    else:
        table.pop(sku, None)

"""How new the records are that commands state: a purchase order that Odoo has since changed, cancelled or taken back is not carried out as it was.

A command happens once each, but `create_purchase` and `cancel_purchase` bring the whole purchase order as it stood. One that comes later than
its time (replayed, tried again, released from shadow) is stale once a newer one is on the canonical topic, also one that leads to no delivery:
a draft, another vendor. That topic is compacted and has the partitions of the deliver topics, so nothing is lost with a process. Called in threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from schemas.headers import decode_headers
from schemas.record import Record
from schemas.topics import ENTITIES

TOPIC = ENTITIES["purchase_order"].current
_PASSED_BY = 1000  # records of other partitions that are kept unread at most, each


class Reads(Protocol):
    """`follow.Follower`."""

    def follow(self, partitions: set[int]) -> None: ...
    def forget(self, partitions: set[int]) -> None: ...
    def catch_up(self, partition: int) -> list[Record]: ...
    def passed_by(self, least: int) -> dict[int, list[Record]]: ...
    def close(self) -> None: ...


class NewestFacts:
    """Key -> newest version, by partition."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._versions: dict[int, dict[str, int]] = {}

    def follow(self, partitions: set[int]) -> None:
        """From now on these."""
        self._reads.follow(partitions)
        self._versions = {number: self._versions.get(number, {}) for number in partitions}

    def forget(self, partitions: set[int]) -> None:
        """These are somebody else's now."""
        self._reads.forget(partitions)
        for number in partitions:
            self._versions.pop(number, None)

    def catch_up(self, partition: int) -> None:
        """Learn what was published since. Raises BrokerError."""
        self._learn(partition, self._reads.catch_up(partition))
        for other, records in self._reads.passed_by(_PASSED_BY).items():
            self._learn(other, records)

    def of(self, partition: int) -> Mapping[str, int]:
        """Key -> newest version."""
        return self._versions.get(partition, {})

    def close(self) -> None:
        """Let go of the connection."""
        self._reads.close()

    def _learn(self, partition: int, records: Iterable[Record]) -> None:
        versions = self._versions.setdefault(partition, {})
        for record in records:
            key = (record.key or b"").decode(errors="replace")
            try:
                version = decode_headers(record.headers).version
            except ValueError:
                continue
            versions[key] = max(versions.get(key, 0), version)

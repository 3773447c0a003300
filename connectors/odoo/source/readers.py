"""What a reader of entities is: database ids in, entities read whole out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from connectors.kit import exact_json
from connectors.kit.ports import Fetched


@dataclass(frozen=True, slots=True)
class Asked:
    """What to read.

    ids      database ids of the flow's model
    own      those whose own record changed: one that is not wanted any more is told of
    stamp    milliseconds of this reading, greater than of any before
    deleted  names (SKUs) of deleted records by id, where a deletion was seen
    """

    ids: Sequence[int]
    own: Collection[int]
    stamp: int
    deleted: Mapping[int, str]


class Reader(Protocol):
    """Reads the entities of one flow. Every method raises ConnectorError."""

    async def read(self, asked: Asked) -> list[Fetched]:
        """Their state now; nothing for ids that mean nothing to us."""
        ...

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        """SKUs, names or database ids, as people write them -> database ids; those that exist."""
        ...

    def keep(self) -> None:
        """What was read last is safe in Kafka."""
        ...


class Stamps:
    """Milliseconds that only grow: versions of what has no date of its own."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.last = 0

    def next(self) -> int:
        """Now, or one more than the last."""
        self.last = max(int(self._now().timestamp() * 1000), self.last + 1)
        return self.last

    def not_before(self, version: int) -> None:
        """An earlier poller has given this version already."""
        self.last = max(self.last, version)


def fetched(key: str, entity: str, version: int, payload: Mapping[str, Any]) -> Fetched:
    """An entity; `version` is part of its payload, where the mapping finds it."""
    return Fetched(key, entity, exact_json.dumps({"version": version, **payload}), version)

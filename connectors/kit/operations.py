"""What a sink takes, as a table: for each operation who delivers it and who can say what it would change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.kit.ports import Delivery, Difference, Outcome, failed
from schemas.reasons import Reason

Handler = Callable[[Sequence[Delivery]], Awaitable[Sequence[Outcome]]]
Preview = Callable[[Sequence[Delivery]], Awaitable[Sequence[Sequence[Difference]]]]


class Announcer(Protocol):
    """A handler some of whose deliveries others must know of before they are sent."""

    def announces(self, delivery: Delivery) -> bool: ...


class Shared(Protocol):
    """A handler that works differently where other processes do the same work."""

    alone: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """handle: one outcome for each delivery, in order, never a ConnectorError; preview: what they would change; announcer, shared: the handler
    once more, where it is one."""

    handle: Handler
    preview: Preview | None = None
    announcer: Announcer | None = None
    shared: Shared | None = None


class Operations:
    """The table of one sink. `name`: what people call the destination."""

    def __init__(self, name: str, table: Mapping[str, Operation]) -> None:
        self._name = name
        self._table = table

    @property
    def names(self) -> frozenset[str]:
        """What it takes."""
        return frozenset(self._table)

    @property
    def previewed(self) -> frozenset[str]:
        """What it can say something of before."""
        return frozenset(name for name, operation in self._table.items() if operation.preview)

    async def deliver(self, batch: Sequence[Delivery]) -> list[Outcome]:
        """One outcome per delivery, in order. Never raises ConnectorError: what concerns one account must not touch another's."""
        outcomes: dict[int, Outcome] = {}
        for operation, places in _places(batch).items():
            mine = [batch[place] for place in places]
            found = await self._table[operation].handle(mine) if operation in self._table else self._unknown(mine)
            outcomes.update(zip(places, found, strict=True))
        return [outcomes[place] for place in range(len(batch))]

    async def preview(self, batch: Sequence[Delivery]) -> list[Sequence[Difference]]:
        """What each would change there now; reads only. Raises ConnectorError when the destination cannot be asked."""
        found: dict[int, Sequence[Difference]] = {}
        for operation, places in _places(batch).items():
            preview = self._table[operation].preview if operation in self._table else None
            shown = await preview([batch[place] for place in places]) if preview else [()] * len(places)
            found.update(zip(places, shown, strict=True))
        return [found[place] for place in range(len(batch))]

    def announces(self, delivery: Delivery) -> bool:
        """Whether other processes must know of it before it is sent."""
        found = self._table.get(delivery.operation)
        return found is not None and found.announcer is not None and found.announcer.announces(delivery)

    def set_alone(self, alone: bool) -> None:
        """Whether no other process does the same work."""
        for operation in self._table.values():
            if operation.shared is not None:
                operation.shared.alone = alone

    def _unknown(self, batch: Sequence[Delivery]) -> list[Outcome]:
        return [
            failed(Reason.BUG, f"{self._name}'s sink knows no operation {delivery.operation[:60]!r}")
            for delivery in batch
        ]


def _places(batch: Sequence[Delivery]) -> dict[str, list[int]]:
    """Operation -> where its deliveries stand."""
    found: dict[str, list[int]] = {}
    for place, delivery in enumerate(batch):
        found.setdefault(delivery.operation, []).append(place)
    return found

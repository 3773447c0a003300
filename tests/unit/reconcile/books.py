"""Small books for tests of reconciliation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.kit.books import Entry, EntryLine, MadeBy
from connectors.kit.errors import ConnectorError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)
LONG_AGO = NOW - timedelta(days=2)


def lines(**units: float) -> tuple[EntryLine, ...]:
    return tuple(EntryLine((code,), Decimal(str(number))) for code, number in units.items())


def ours(name: str = "P1", *numbers: str, **changes: Any) -> Entry:
    """A confirmed purchase order of two A for 10 CNY."""
    return _entry({"id": name, "state": "ordered", "names": (name,), "numbers": numbers, **changes})


def theirs(number: str = "1", *names: str, **changes: Any) -> Entry:
    """Its order there; without names it was made by hand."""
    made_by = MadeBy.US if names else MadeBy.HAND
    return _entry(
        {"id": number, "state": "to_pay", "names": names, "numbers": (number,), "made_by": made_by, **changes}
    )


def _entry(changes: dict[str, Any]) -> Entry:
    plain: dict[str, Any] = {
        "made_at": LONG_AGO, "changed_at": LONG_AGO, "lines": lines(A=2), "amount": Decimal(10), "currency": "CNY",
    }  # fmt: skip
    return Entry(**{**plain, **changes})


@dataclass
class Shelf:
    """A `Book`: what it lists, what it finds, what goes wrong with it, and what it was asked for."""

    listed: Sequence[Entry] = ()
    there: Sequence[Entry] | None = None
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    begin: datetime | None = None

    async def entries(self, since: datetime) -> AsyncIterator[Entry]:
        for entry in self.listed:
            yield entry
        if self.error is not None:
            raise self.error

    async def find(self, names: Collection[str], numbers: Collection[str]) -> Sequence[Entry]:
        self.asked += sorted((*names, *numbers))
        every = self.listed if self.there is None else self.there
        return [one for one in every if {*one.names} & {*names} or {*one.numbers} & {*numbers}]

    def called(self, code: str) -> str:
        return code

    async def aclose(self) -> None:
        self.asked.append("closed")


def broken(words: str = "the other side is down") -> ConnectorError:
    return ConnectorError(words)

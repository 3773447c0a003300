"""Books: what two systems hold of the same things, read live from each, so that they can be held against each other (REC-1).

A connector offers a book for each KIND it can tell of (`purchases`); Odoo offers one of each kind too. A book is read from the outside system
itself and never from topics: reconciliation proves what topics say.

Two entries belong together where a name the thing was given here is one it has there, else where a number that the one side gave stands in
the other's book. What could belong to several belongs to none, and is told (`streams.reconcile`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

ZERO = Decimal(0)


class MadeBy(StrEnum):
    """Who made an entry of the outside system."""

    US = "us"  # Causeway, for something in Odoo
    HAND = "hand"  # a person, there
    OTHERS = "others"  # another program: it has a name, and none of ours


@dataclass(frozen=True, slots=True)
class EntryLine:
    """Goods of an entry. codes: what they may be called, the likeliest first; () = they have no code the other side would know."""

    codes: tuple[str, ...]
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a book. Nothing in it is personal.

    id          what it is called there, for people: `P00012`, an order's number. One entry for each id
    state       how far it is, in the words of its kind (`streams.reconcile.kinds`)
    names       of Odoo: what it is called at the other side. Of the other side: the names in Odoo it may be of
    numbers     of Odoo: the other side's numbers that stand on it. Of the other side: its own
    lines       goods; lines of nothing are left out
    amount      what it comes to, None = not said
    apart       part of the amount that the other side may leave out (freight)
    made_at     when it was made, or became valid; aware UTC
    changed_at  its newest change; aware UTC
    made_by     see MadeBy
    skus        of Odoo: of its goods, by which a pilot is told from all others
    problem     why it cannot be read: then nothing else of it counts but id, names, numbers and times
    """

    id: str
    state: str
    made_at: datetime
    changed_at: datetime
    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    lines: tuple[EntryLine, ...] = ()
    amount: Decimal | None = None
    apart: Decimal = ZERO
    currency: str = ""
    made_by: MadeBy = MadeBy.US
    skus: tuple[str, ...] = ()
    problem: str = ""


class Book(Protocol):
    """What one system holds of a kind, of one account. Reads only. Raises `connectors.kit.errors.ConnectorError`: then nothing is known, for a
    book that was read in part tells of things that are not missing.

    begin   what was made before it is none of ours unless it is asked for, None = nothing says so
    """

    begin: datetime | None

    def entries(self, since: datetime) -> AsyncIterator[Entry]:
        """Everything made since then, each at least once, whatever pages do meanwhile. Raises RuleError where it does not go back so far."""
        ...

    async def find(self, names: Collection[str], numbers: Collection[str]) -> Sequence[Entry]:
        """What it has now under these names and numbers, of either side, however old."""
        ...

    def called(self, code: str) -> str:
        """A code of the other side's goods as this book writes it; "" for what is none here."""
        ...

    async def aclose(self) -> None: ...


# (settings of the connector, whose: `source:account` of the outside system, Deps) -> its book. Raises ValueError for configuration that cannot be.
OpenBook = Callable[[Any, str, Any], Book]

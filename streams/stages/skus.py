"""Which SKU is which (ORD-9): the marketplace's word and Odoo's, both ways, by the cross-reference tables (`causeway mapping set sku`).

    in     the marketplace's SKU        -> Odoo's, where there is an entry, else the same word
    out    Odoo's SKU                   -> the marketplace's words for it on that account

Out, an entry stands in place of Odoo's own word: with `A is OURS` the item there is called A and nothing else, for an item OURS is not
expected there. Where there is one, an entry `OURS is OURS` says so; workers make it themselves where they know of the item (see `renamed`).
With several entries each item is told the whole number and the same price. The listing goes to the item OURS where there is one, else to
each: another code of an article must not be listed anew only because its product changed. A word that
an entry gives to another SKU of Odoo is that one's: the SKU of Odoo that is spelt like it has no item there (`()`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

KIND = "sku"

Channel = tuple[str, str]  # marketplace, account


class CrossReference(Protocol):
    """The tables, as `streams.failure.mappings.MappingTable` has them. `revision` grows with every change."""

    @property
    def revision(self) -> int: ...

    def lookup(self, kind: str, source: str, account: str, external: str) -> str | None: ...

    def externals(self, kind: str, source: str, account: str, internal: str) -> Sequence[str]: ...

    def made_at(self, kind: str, source: str, account: str, external: str) -> datetime | None: ...


class Skus:
    """The words of both sides. Without tables they are the same."""

    def __init__(self, tables: CrossReference | None = None) -> None:
        self._tables = tables

    @property
    def revision(self) -> int:
        """Grows with every change."""
        return self._tables.revision if self._tables else 0

    def internal(self, source: str, account: str, external: str) -> str:
        """Odoo's SKU."""
        found = self._tables.lookup(KIND, source, account, external) if self._tables else None
        return found or external

    def names(self, channel: Channel, sku: str) -> tuple[str, ...]:
        """What the marketplace calls it on this account: its own word when nobody says else, () when that word is another's."""
        if self._tables is None:
            return (sku,)
        found = self._tables.externals(KIND, *channel, sku)
        return tuple(found) or ((sku,) if self.internal(*channel, sku) == sku else ())

    def listed_as(self, channel: Channel, sku: str) -> tuple[str, ...]:
        """Under which of these words the product is listed."""
        names = self.names(channel, sku)
        return (sku,) if sku in names else names

    def meant(self, channels: Iterable[Channel], word: str) -> dict[Channel, str]:
        """What the word is in Odoo on the accounts that mean something else by it than Odoo does."""
        found = {channel: self.internal(*channel, word) for channel in channels}
        return {channel: sku for channel, sku in found.items() if sku != word}

    def since_ms(self, channel: Channel, name: str) -> int:
        """Epoch milliseconds at which the word came to mean what it means, 0 = always did.

        What is told under the word is at least of this version: it wins over whatever its former owner said there (INV-5).
        """
        at = self._tables.made_at(KIND, *channel, name) if self._tables else None
        return int(at.timestamp() * 1000) if at else 0


SAME = Skus()

"""What makes a marketplace's items of products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.kit.errors import ConnectorError
from schemas.records import Product


@dataclass(frozen=True, slots=True)
class Made:
    """item: the item as it is sent; notes: what was changed on the way."""

    item: dict[str, Any]
    product_type: str
    notes: tuple[str, ...] = ()


class Maker(Protocol):
    """Makes items of products."""

    async def make(self, account: str, products: Sequence[Product]) -> Sequence[Made | ConnectorError]:
        """One for each, in order: the item, or what is wrong with the product."""
        ...

    def resolved(self, waiting_for: Sequence[str], account: str) -> Sequence[str]:
        """Of the table lines that held products wait for, those that are there now."""
        ...

    async def aclose(self) -> None: ...

"""What the writes that go out in order need to know of a marketplace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Outcome


@dataclass(frozen=True, slots=True)
class Marketplace:
    """name: for people; outcome_of: what an error of a delivery means at that attempt; is_missing: whether it says that there is no such item;
    item: what a thing with a SKU is called there."""

    name: str
    outcome_of: Callable[[ConnectorError, int], Outcome]
    is_missing: Callable[[ConnectorError], bool]
    item: str = "item"

    def no_item(self) -> str:
        return f"{self.name} has no {self.item} of this SKU"

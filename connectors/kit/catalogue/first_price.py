"""What a new listing costs at first (PRC-1, PRC-2): what the pricing stage decided for that account, or the listing waits for it, by the name
`price:MARKETPLACE:ACCOUNT:SKU`. An account whose prices do not come by the price flow goes by its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.kit.catalogue.problems import FieldProblem
from connectors.kit.ports import FirstPrices, NoFirstPrices
from schemas.records import Money

PRICE = "price"
NO_PRICE, WRONG_CURRENCY = "NO_PRICE", "WRONG_CURRENCY"


@dataclass(frozen=True, slots=True)
class FirstPricing:
    """Of one marketplace, `source`."""

    source: str
    prices: FirstPrices = field(default_factory=NoFirstPrices)

    def decides(self, account: str) -> bool:
        """Whether the tables have no say in it."""
        return self.prices.decides(self.source, account)

    def of(self, account: str, sku: str, currencies: Sequence[str]) -> Money | FieldProblem:
        """The decided price, or what it waits for. currencies: those the account sells in; empty = not known."""
        price = self.prices.price_of(self.source, account, sku)
        if price is None:
            detail = "no price is decided for it yet, or the newest waits for a person or a setting: causeway price explain shows it"
            return FieldProblem(NO_PRICE, PRICE, detail, f"{PRICE}:{self.source}:{account}:{sku}")
        if currencies and price["currency"] not in currencies:
            sold = ", ".join(currencies)
            detail = (
                f"decided in {price['currency']}, this account sells in {sold}: set the currency of its pricing right"
            )
            return FieldProblem(WRONG_CURRENCY, PRICE, detail)
        return price

    def resolved(self, waiting_for: Sequence[str], account: str) -> list[str]:
        """Of the prices that held products wait for, those that are decided now, and all when nobody waits for them any more."""
        mine = f"{PRICE}:{self.source}:{account}:"
        names = [name for name in waiting_for if name.startswith(mine)]
        return [name for name in names if self._is_there(account, name.removeprefix(mine))]

    def _is_there(self, account: str, sku: str) -> bool:
        return not self.decides(account) or self.prices.price_of(self.source, account, sku) is not None

"""The stock stage's part of the configuration: CAUSEWAY_STOCK__..., or `[stock]` (INV-1, INV-2).

What is said for fewer things wins: `[stock]` itself, then the channel, then its account, then each rule that fits, the last one most.

    [stock]
    buffer = 1                                  # everywhere
    [stock.channels.walmart]
    ratio = 0.8
    [stock.channels.walmart.accounts.main]
    warehouses = ["WH", "EAST"]
    [[stock.rules]]
    channel = "walmart"
    skus = "CLEARANCE-.*"
    buffer = 0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pydantic import Field, model_validator

from connectors.kit.settings import Part
from schemas.topics import SOURCES
from streams.settings_names import named_for_stock
from streams.settings_patterns import Pattern
from streams.settings_places import dotted

Channel = tuple[str, str]  # marketplace, account


class StockTerms(Part):
    """How a number is made from what there is. None = as the more general says."""

    offer: bool | None = Field(None, description="false: not sold here; 0 is sent where something was offered before")
    warehouses: tuple[str, ...] | None = Field(
        None, description="codes of the warehouses that ship for it; empty = all"
    )
    buffer: Decimal | None = Field(None, ge=0, le=1_000_000, description="units never offered")
    ratio: Decimal | None = Field(None, ge=0, le=1, description="share of what is left, 0 to 1")
    floor: int | None = Field(None, ge=0, description="units offered at least, as far as there are so many")
    cap: int | None = Field(None, ge=0, description="units offered at most")
    low_stock: int | None = Field(None, ge=0, description="a number that falls to this or below goes out at once")

    @model_validator(mode="after")
    def _in_order(self) -> StockTerms:
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            raise ValueError(f"floor ({self.floor}) is more than cap ({self.cap})")
        return self


class ChannelStock(StockTerms):
    """What holds for all accounts of a marketplace."""

    flush_minutes: float | None = Field(
        None, gt=0, le=1440, description="changes that are not urgent go out this often"
    )
    accounts: dict[str, StockTerms] = Field(default_factory=dict, description="what holds for one account of it")


class StockRule(StockTerms):
    """What holds for some SKUs: those that fit everything that is said."""

    channel: str = Field("", description="marketplace; empty = all")
    account: str = Field("", description="one account of it; empty = all")
    skus: Pattern = Field("", description="regular expression for the whole SKU; empty = all")
    categories: tuple[str, ...] = Field((), description="complete names; sub-categories belong to them; empty = all")
    kits: bool | None = Field(None, description="true: only kits; false: everything but kits")

    @model_validator(mode="after")
    def _names_something(self) -> StockRule:
        if self.account and not self.channel:
            raise ValueError("a rule for an account must say its channel too")
        if not (self.channel or self.skus or self.categories or self.kits is not None):
            raise ValueError("a rule must say what it is for: channel, account, skus, categories or kits")
        return self


class StockSettings(StockTerms):
    """INV-1, INV-2: what is offered where. Every field has a default; what a marketplace takes at most is said by its connector."""

    offer: bool = Field(True, description="sell at all")
    warehouses: tuple[str, ...] = Field((), description="codes of the warehouses that ship; empty = all")
    buffer: Decimal = Field(Decimal(0), ge=0, le=1_000_000, description="units never offered")
    ratio: Decimal = Field(Decimal(1), ge=0, le=1, description="share of what is left, 0 to 1")
    floor: int = Field(0, ge=0, description="units offered at least, as far as there are so many")
    cap: int | None = Field(None, ge=0, description="units offered at most; empty = what the marketplace takes")
    low_stock: int = Field(3, ge=0, description="a number that falls to this or below goes out at once")
    flush_minutes: float = Field(
        15,
        gt=0,
        le=1440,
        description="changes that are not urgent go out this often; while nothing is said, to Amazon every 180",
    )
    channels: dict[str, ChannelStock] = Field(default_factory=dict, description="what holds for one marketplace")
    rules: tuple[StockRule, ...] = Field((), description="what holds for some SKUs; of several that fit the last wins")
    shipped_days: float = Field(
        7,
        ge=0,
        le=365,
        description="a shipped order that Odoo never accounted for counts until so long after it was placed",
    )
    open_days: float = Field(
        90, gt=0, le=3650, description="an order still open so long after it was placed no longer counts"
    )
    remember_days: float = Field(
        3,
        gt=0,
        le=365,
        description="how long an order that counts no more is remembered, against old states that arrive late",
    )

    def problems(self, channels: Sequence[Channel]) -> list[str]:
        """Names of marketplaces and accounts that do not exist, one line each. `channels`: those configured."""
        accounts: dict[str, list[str]] = {name: [] for name in SOURCES}
        for marketplace, account in channels:
            accounts.setdefault(marketplace.casefold(), []).append(account)
        said = named_for_stock(self.model_dump(include={"channels", "rules"}))
        found = [(one.key, one.problem(accounts)) for one in said]
        return [f"{dotted(key)}: {problem}" for key, problem in found if problem]

    def flush_minutes_of(self, channel: str, usual: Mapping[str, float] | None = None) -> float:
        """How often what is not urgent goes out to that marketplace (INV-1): as is said for it, else for all, else as is `usual` there."""
        own = next((part for name, part in self.channels.items() if name.casefold() == channel.casefold()), None)
        if own is not None and own.flush_minutes is not None:
            return own.flush_minutes
        said_for_all = "flush_minutes" in self.model_fields_set
        return self.flush_minutes if said_for_all else (usual or {}).get(channel, self.flush_minutes)

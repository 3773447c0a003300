"""Which terms hold for one SKU on one channel: the configuration's layers put on top of each other (INV-2). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from schemas.records import StockLevel
from streams.stages.skus import SAME, Skus
from streams.stages.stock.ledger import Channel
from streams.stock_settings import StockRule, StockSettings, StockTerms

_FIELDS = tuple(StockTerms.model_fields)
_NO_CAPS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Allocation:
    """The terms, which setting each comes from (only those that are not the default), and the items there that are told the number."""

    offer: bool = True
    warehouses: tuple[str, ...] = ()
    buffer: Decimal = Decimal(0)
    ratio: Decimal = Decimal(1)
    floor: int = 0
    cap: int | None = None
    low_stock: int = 0
    said_by: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ("",)

    def setting(self, name: str) -> str:
        """The setting that a term comes from, for the explanation."""
        return self.said_by.get(name, f"stock.{name}")


class Allocations:
    """Answers for every channel and SKU. Built once from the configuration.

    caps    marketplace -> what it takes at most by its own word, unless the configuration says otherwise (INV-2)
    skus    what the marketplace calls a SKU (ORD-9)
    """

    def __init__(
        self,
        settings: StockSettings,
        channels: Sequence[Channel],
        caps: Mapping[str, int] = _NO_CAPS,
        skus: Skus = SAME,
    ) -> None:
        self.channels = tuple(channels)
        self.skus = skus
        self._bases = {channel: _base(settings, channel, caps.get(channel[0])) for channel in channels}
        self._rules = tuple(
            (f"stock.rules[{index}]", rule, re.compile(rule.skus)) for index, rule in enumerate(settings.rules, 1)
        )

    def of(self, channel: Channel, sku: str, level: StockLevel | None) -> Allocation:
        """The terms of one SKU on one of the channels."""
        allocation = self._bases[channel]
        for name, rule, pattern in self._rules:
            if _fits(rule, channel, level) and (not rule.skus or pattern.fullmatch(sku)):
                allocation = _on_top(allocation, rule, name)
        return replace(allocation, names=self.skus.names(channel, sku))


def _base(settings: StockSettings, channel: Channel, cap: int | None) -> Allocation:
    name, account = (part.casefold() for part in channel)
    stated = {field: getattr(settings, field) for field in _FIELDS}
    allocation = Allocation(**stated)
    if settings.cap is None and cap is not None:
        allocation = replace(allocation, cap=cap, said_by={"cap": f"{channel[0]}'s own limit"})
    for known, part in settings.channels.items():
        if known.casefold() == name:
            allocation = _on_top(allocation, part, f"stock.channels.{known}")
            for own, terms in part.accounts.items():
                if own.casefold() == account:
                    allocation = _on_top(allocation, terms, f"stock.channels.{known}.accounts.{own}")
    return allocation


def _on_top(allocation: Allocation, terms: StockTerms, where: str) -> Allocation:
    stated: dict[str, Any] = {name: value for name in _FIELDS if (value := getattr(terms, name)) is not None}
    if not stated:
        return allocation
    said_by = allocation.said_by | {name: f"{where}.{name}" for name in stated}
    return replace(allocation, **stated, said_by=said_by)


def _fits(rule: StockRule, channel: Channel, level: StockLevel | None) -> bool:
    name, account = channel
    if rule.channel and rule.channel.casefold() != name.casefold():
        return False
    if rule.account and rule.account.casefold() != account.casefold():
        return False
    if rule.kits is not None and rule.kits is not (level is not None and level["kit"]):
        return False
    if not rule.categories:
        return True
    category = level["category"] if level is not None else ""
    return any(category == one or category.startswith(f"{one} / ") for one in rule.categories)

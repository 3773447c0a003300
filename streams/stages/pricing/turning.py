"""Prices that change by the calendar alone: a rule of a pricelist begins or ends, and nothing in Odoo is written for that. Pure.

A channel is told of one sale at a time. When it is over, or when a better one begins, the price is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from schemas.records import Price
from streams.pricing_settings import PricingSettings
from streams.stages.rules import Channel


def next_turn(price: Price, settings: PricingSettings, channels: Iterable[Channel], now: datetime) -> datetime | None:
    """When a rule that counts for one of the channels begins or ends next; None when none does."""
    if not price["active"]:
        return None
    lists = {settings.of(*channel).pricelist for channel in channels} - {""}
    moments = (
        moment
        for entry in price["pricelists"]
        if entry["pricelist"] in lists
        for moment in (entry["starts_at"], entry["ends_at"])
        if moment is not None and moment > now
    )
    return min(moments, default=None)


def due(turns: Mapping[str, datetime], now: datetime) -> list[str]:
    """Keys whose moment has come, earliest first."""
    return sorted((key for key, moment in turns.items() if moment <= now), key=lambda key: turns[key])

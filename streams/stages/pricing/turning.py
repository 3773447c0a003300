"""Prices that change by the calendar alone: a rule of a pricelist begins or ends, and nothing in Odoo is written for that.

A channel is told of one sale at a time. When it is over, or when a better one begins, the price is looked at again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime

from schemas.records import Price
from streams.pricing_settings import PricingSettings
from streams.runtime import Beside
from streams.stages.rules import Channel

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0


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


class Calendar(Beside):
    """Remembers when the price of which SKU turns, by partition, and calls `look` twice a minute."""

    def __init__(
        self, settings: PricingSettings, channels: Sequence[Channel], now: Callable[[], datetime], look: Callable[[], Awaitable[object]]
    ) -> None:  # fmt: skip
        super().__init__("prices-by-the-calendar")
        self._settings = settings
        self._channels = channels
        self._now = now
        self._look = look
        self._turns: dict[int, dict[str, datetime]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no channel goes by a pricelist, so that nothing ever turns."""
        return not any(self._settings.of(*channel).pricelist for channel in self._channels)

    def put(self, partition: int, price: Price) -> None:
        """The newest price of a SKU."""
        turns, key = self._turns.setdefault(partition, {}), price["key"]
        turns.pop(key, None)
        if (moment := next_turn(price, self._settings, self._channels, self._now())) is not None:
            turns[key] = moment

    def drop(self, partition: int) -> None:
        """It is not ours any more."""
        self._turns.pop(partition, None)

    def due(self) -> dict[int, list[str]]:
        """Partition -> keys whose moment has come; they stay until their price is put again."""
        now = self._now()
        return {partition: due(turns, now) for partition, turns in self._turns.items()}

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - nobody awaits this task; what is due stays due
                logger.error("price_turn_failed kind=%s", type(error).__name__)

"""What held prices wait for, and whether it is there (PRC-1, PRC-2). Pure.

    rate:walmart:main:EUR/USD            a rate of the pair in `pricing.rates`, or the account no longer asks in that currency
    pricelist:walmart:main:NAME          the account no longer goes by that pricelist

Both are settings, so they are there after a restart. What comes from Odoo needs no release: a price that says more is a new record, is worked
out as any, and ends the waiting of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.pricing_settings import PricingSettings
from streams.stages.rules import Channel


def word_of(channel: Channel, waiting_for: str) -> str:
    """`rate:EUR/USD` -> `rate:walmart:main:EUR/USD`."""
    kind, _, name = waiting_for.partition(":")
    return f"{kind}:{channel[0]}:{channel[1]}:{name}"


class Wants:
    """Answers by the settings of this start."""

    def __init__(self, settings: PricingSettings) -> None:
        self._settings = settings

    async def resolve(self, waiting_for: Sequence[str]) -> list[str]:
        """Those that need not be waited for any more."""
        return [word for word in waiting_for if self._is_there(word)]

    def _is_there(self, word: str) -> bool:
        parts = word.split(":", 3)
        if len(parts) != 4:
            return False
        kind, channel, account, name = parts
        rules = self._settings.of(channel, account)
        if kind == "rate":
            return name in self._settings.rates or not name.endswith(f"/{rules.currency}")
        return kind == "pricelist" and rules.pricelist != name

"""What the pricing stage decided for each SKU and channel, for sinks that put something on sale for the first time (PRC-1, PRC-2).

It is read from `price.ledger`, all of it by each process that lists products: a listing and the price of its SKU have keys of their own, so they
may be worked on in different places, and come in any order. Only accounts whose prices flow is switched on are kept: what is worked out for
others is told to nobody, and the tables of products say what they begin with.
"""

from __future__ import annotations

import logging

from schemas.codec import Codec, DecodeError
from schemas.record import Record
from schemas.records import Money
from schemas.topics import PRICE_LEDGER
from streams.following import Following
from streams.phases import Flow, Phase, Phases, phase_of
from streams.settings import Settings
from streams.stages.pricing.first import first_price
from streams.stages.skus import SAME, Channel, Skus

logger = logging.getLogger(__name__)

LOAD_SECONDS = 120.0


class FirstPriceTable:
    """Implements `connectors.kit.ports.FirstPrices`. `start` before use, `close` at the end; it may be asked from any thread."""

    def __init__(self, settings: Settings, codec: Codec, skus: Skus = SAME) -> None:
        self._phases = settings.phases
        self._codec = codec
        self._skus = skus
        self._prices: dict[str, dict[Channel, Money]] = {}
        self._following = Following(settings.kafka.librdkafka(), PRICE_LEDGER, self.apply, load_seconds=LOAD_SECONDS)
        self._is_followed = False

    def start(self) -> None:
        """Once, and only where some account's prices are switched on; returns when all prices are loaded. Raises BrokerError."""
        if not self._is_followed and _is_any_on(self._phases):
            self._is_followed = True
            self._following.start()

    def close(self) -> None:
        """Stop following."""
        if self._is_followed:
            self._following.close()

    def decides(self, source: str, account: str) -> bool:
        """Whether the prices of this account come by the price flow."""
        return phase_of(self._phases, source, account, Flow.PRICES) is Phase.ON

    def price_of(self, source: str, account: str, sku: str) -> Money | None:
        """`sku`: as the marketplace calls it."""
        found = self._prices.get(self._skus.internal(source, account, sku), {})
        return found.get((source, account))

    def apply(self, record: Record) -> None:
        """One record of the ledger. What cannot be read is logged, and nothing is known of that SKU: its listing waits."""
        sku = (record.key or b"").decode(errors="replace").removeprefix("sku:")
        try:
            offers = self._codec.decode("price_ledger", record.value)["offers"] if record.value else []
        except DecodeError as error:
            offers = []
            logger.error("price_ledger_unreadable origin=%s detail=%s", record.origin, error)
        found = {
            (offer["channel"], offer["account"]): price
            for offer in offers
            if self.decides(offer["channel"], offer["account"]) and (price := first_price(offer)) is not None
        }
        if found:
            self._prices[sku] = found
        else:
            self._prices.pop(sku, None)


def _is_any_on(phases: Phases) -> bool:
    return any(
        phase_of(phases, source, account, Flow.PRICES) is Phase.ON
        for source, accounts in phases.items()
        for account in accounts
    )

"""Writes to Walmart: each operation has its handler, in a module of its own that says what it promises.

acknowledge_order      acknowledge
set_stock, set_price   values, with stock and prices
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

from connectors.kit.ports import Delivery, Outcome, failed
from connectors.walmart.accounts import Accounts, OpenClient
from connectors.walmart.acknowledge import Acknowledge
from connectors.walmart.follower import Follower
from connectors.walmart.prices import Prices
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.stock import Stock
from connectors.walmart.values import Values
from schemas.reasons import Reason

ACKNOWLEDGE, SET_STOCK, SET_PRICE = "acknowledge_order", "set_stock", "set_price"

Handler = Callable[[Sequence[Delivery]], Awaitable[Sequence[Outcome]]]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class WalmartSink:
    """`Sink` for all accounts. `open_client` makes the client of an account; it is asked once per account. `now`: the clock, aware UTC."""

    destination = "walmart"
    batch_limit = 200

    def __init__(
        self, settings: WalmartSettings, open_client: OpenClient, now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._settings = settings
        self._accounts = Accounts(open_client)
        follower = Follower(settings, self._accounts, now)
        self._stock = Values(settings, self._accounts, Stock(settings), follower, now)
        self._prices = Values(settings, self._accounts, Prices(settings, now), follower, now)
        self._handlers: Mapping[str, Handler] = {
            ACKNOWLEDGE: Acknowledge(settings, self._accounts),
            SET_STOCK: self._stock,
            SET_PRICE: self._prices,
            # Shipments, cancellations and refunds come here: connectors/walmart/fulfilment.py.
        }

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """One outcome per delivery, in order. Never raises ConnectorError: what concerns one account must not touch another's."""
        outcomes: dict[int, Outcome] = {}
        for operation in dict.fromkeys(delivery.operation for delivery in batch):
            places = [place for place, delivery in enumerate(batch) if delivery.operation == operation]
            found = await self._handled(operation, [batch[place] for place in places])
            outcomes.update(zip(places, found, strict=True))
        return [outcomes[place] for place in range(len(batch))]

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        """Nothing is ever held for Walmart."""
        return ()

    async def aclose(self) -> None:
        await self._accounts.aclose()

    async def _handled(self, operation: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        handler = self._handlers.get(operation)
        if handler is None:
            refusal = failed(Reason.BUG, f"Walmart's sink knows no operation {operation[:60]!r}")
            return [refusal] * len(batch)
        return await handler(batch)

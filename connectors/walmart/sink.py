"""Writes to Walmart: each operation has its handler, in a module of its own that says what it promises.

acknowledge_order      acknowledge
ship_order, cancel_lines, refund_order   fulfilment
set_stock, set_price   values, with stock and prices
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

from connectors.kit.ports import Delivery, Mappings, NoMappings, Outcome, failed
from connectors.walmart.accounts import Accounts, OpenClient
from connectors.walmart.acknowledge import acknowledge
from connectors.walmart.client import WalmartClient
from connectors.walmart.each_order import EachOrder
from connectors.walmart.follower import Follower
from connectors.walmart.fulfilment import CANCEL, REFUND, SHIP, Fulfilment
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
        self, settings: WalmartSettings, open_client: OpenClient, now: Callable[[], datetime] = _utc_now,
        mappings: Mappings | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._open = open_client
        self._share = 1.0
        self._accounts = Accounts(self._opened)
        follower = Follower(settings, self._accounts, now)
        self._stock = Values(settings, self._accounts, Stock(settings), follower, now)
        self._prices = Values(settings, self._accounts, Prices(settings, now), follower, now)
        self._fulfilment = Fulfilment(settings, self._accounts, mappings or NoMappings())
        self._handlers: Mapping[str, Handler] = {
            ACKNOWLEDGE: EachOrder(settings, self._accounts, "acknowledge", acknowledge),
            SHIP: self._fulfilment.ship,
            CANCEL: self._fulfilment.cancel,
            REFUND: self._fulfilment.refund,
            SET_STOCK: self._stock,
            SET_PRICE: self._prices,
        }

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """One outcome per delivery, in order. Never raises ConnectorError: what concerns one account must not touch another's."""
        outcomes: dict[int, Outcome] = {}
        for operation in dict.fromkeys(delivery.operation for delivery in batch):
            places = [place for place, delivery in enumerate(batch) if delivery.operation == operation]
            found = await self._handled(operation, [batch[place] for place in places])
            outcomes.update(zip(places, found, strict=True))
        return [outcomes[place] for place in range(len(batch))]

    def set_share(self, share: float) -> None:
        """This process's part of the work, above 0 up to 1: of every account's quotas it uses that part (RATE-1)."""
        self._share = share
        for client in self._accounts.opened:
            client.set_share(share)
        for values in (self._stock, self._prices):
            values.alone = share >= 1

    def _opened(self, account: str) -> WalmartClient:
        client = self._open(account)
        client.set_share(self._share)
        return client

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        """`shipped:` (see `fulfilment`)."""
        return await self._fulfilment.resolve(waiting_for)

    async def aclose(self) -> None:
        await self._accounts.aclose()

    async def _handled(self, operation: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        handler = self._handlers.get(operation)
        if handler is None:
            refusal = failed(Reason.BUG, f"Walmart's sink knows no operation {operation[:60]!r}")
            return [refusal] * len(batch)
        return await handler(batch)

"""Writes to Walmart: each operation has its handler, in a module of its own that says what it promises.

acknowledge_order                          acknowledge
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from connectors.kit.ports import Delivery, Outcome, failed
from connectors.walmart.accounts import Accounts, OpenClient
from connectors.walmart.acknowledge import Acknowledge
from connectors.walmart.settings import WalmartSettings
from schemas.reasons import Reason

ACKNOWLEDGE = "acknowledge_order"

Handler = Callable[[Sequence[Delivery]], Awaitable[Sequence[Outcome]]]


class WalmartSink:
    """`Sink` for all accounts. `open_client` makes the client of an account; it is asked once per account."""

    destination = "walmart"
    batch_limit = 200

    def __init__(self, settings: WalmartSettings, open_client: OpenClient) -> None:
        self._accounts = Accounts(open_client)
        self._handlers: Mapping[str, Handler] = {
            ACKNOWLEDGE: Acknowledge(settings, self._accounts),
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

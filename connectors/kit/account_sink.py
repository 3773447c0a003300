"""A sink over the accounts of a marketplace: what is the same for all, whatever its table of operations holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Generic

from connectors.kit.accounts import Accounts, ClientT, OpenClient
from connectors.kit.operations import Operations
from connectors.kit.ports import Delivery, Difference, Outcome
from connectors.kit.resolving import Resolving


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


class AccountSink(Generic[ClientT]):
    """`Sink` for all accounts. `open_client` makes the client of an account; it is asked once per account.

    A subclass names its destination, and sets `operations` and `resolving` once it has put them together.
    """

    destination: str
    batch_limit = 200
    operations: Operations
    resolving: Resolving[ClientT]

    def __init__(self, open_client: OpenClient[ClientT]) -> None:
        self._open = open_client
        self.share = 1.0
        self.accounts = Accounts(self._opened)

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """See `Operations.deliver`."""
        return await self.operations.deliver(batch)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        """See `Operations.preview`."""
        return await self.operations.preview(batch)

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        """Of what held deliveries wait for, what is there now. Never raises ConnectorError."""
        return await self.resolving.resolve(waiting_for)

    def announces(self, delivery: Delivery) -> bool:
        """Whether others must know of it before it is sent: so that an older value never stays over a newer one (INV-5), and what was being
        sent when its process died is not sent again where that does harm."""
        return self.operations.announces(delivery)

    def set_share(self, share: float) -> None:
        """This process's part of the work, above 0 up to 1: of every account's quotas it uses that part (RATE-1)."""
        self.share = share
        for client in self.accounts.opened:
            client.set_share(share)
        self.operations.set_alone(share >= 1)

    async def aclose(self) -> None:
        await self.accounts.aclose()

    def _opened(self, account: str) -> ClientT:
        client = self._open(account)
        client.set_share(self.share)
        return client

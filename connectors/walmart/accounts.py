"""The clients of the accounts, one each, opened when first asked for: all handlers of a sink share them."""

from __future__ import annotations

from collections.abc import Callable

from connectors.kit.errors import DataError
from connectors.walmart.client import WalmartClient

OpenClient = Callable[[str], WalmartClient]


class Accounts:
    """`open_client` makes the client of an account; it is asked once per account."""

    def __init__(self, open_client: OpenClient) -> None:
        self._open = open_client
        self._clients: dict[str, WalmartClient] = {}

    def __call__(self, account: str) -> WalmartClient:
        """Raises DataError for an account that is not configured, saying what to set."""
        if account not in self._clients:
            try:
                self._clients[account] = self._open(account)
            except ValueError as error:
                raise DataError(str(error)) from None
        return self._clients[account]

    @property
    def opened(self) -> tuple[WalmartClient, ...]:
        """Those that are open."""
        return tuple(self._clients.values())

    async def aclose(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

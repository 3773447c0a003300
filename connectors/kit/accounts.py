"""The clients of the accounts, one each, opened when first asked for: all handlers of a sink share them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from connectors.kit.calls import AccountClient
from connectors.kit.errors import DataError

ClientT = TypeVar("ClientT", bound=AccountClient)
OpenClient = Callable[[str], ClientT]


class Accounts(Generic[ClientT]):
    """`open_client` makes the client of an account; it is asked once per account."""

    def __init__(self, open_client: OpenClient[ClientT]) -> None:
        self._open = open_client
        self._clients: dict[str, ClientT] = {}

    def __call__(self, account: str) -> ClientT:
        """Raises DataError for an account that is not configured, saying what to set."""
        if account not in self._clients:
            try:
                self._clients[account] = self._open(account)
            except ValueError as error:
                raise DataError(str(error)) from None
        return self._clients[account]

    @property
    def opened(self) -> tuple[ClientT, ...]:
        """Those that are open."""
        return tuple(self._clients.values())

    async def aclose(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

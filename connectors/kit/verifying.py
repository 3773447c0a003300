"""`causeway verify` over the accounts of a marketplace (AUTH-5): one after the other; without a token nothing else of an account is tried."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, Generic

from connectors.kit.accounts import ClientT, OpenClient
from connectors.kit.errors import ConnectorError, RetryError
from connectors.kit.ports import Check

UNREACHED = "see whether this machine reaches that host: its network, the proxy and the addresses in the settings"


class AccountVerifier(ABC, Generic[ClientT]):
    """`Verifier`. A subclass says what there is to try.

    system        as the connector is called
    to_configure  the settings without which there is no account
    refused       what to do when no token is given
    """

    system: ClassVar[str]
    to_configure: ClassVar[str]
    refused: ClassVar[str]

    def __init__(self, names: Iterable[str], open_client: OpenClient[ClientT]) -> None:
        self._names = tuple(names)
        self._open = open_client

    async def verify(self) -> Sequence[Check]:
        """One line for each call or right. Never raises ConnectorError."""
        if not self._names:
            return [Check(self.system, False, "no account is configured", f"set {self.to_configure}")]
        checks: list[Check] = []
        for name in self._names:
            client = self._open(name)
            try:
                checks += await self._account(name, client)
            finally:
                await client.aclose()
        return checks

    async def _account(self, name: str, client: ClientT) -> list[Check]:
        subject = f"{self.system} {name}"
        try:
            await client.ask_token()
        except ConnectorError as error:
            # Who did not answer has refused nothing.
            remedy = UNREACHED if isinstance(error, RetryError) else self.refused
            return [Check(f"{subject}: get token", False, str(error), remedy)]
        return [
            Check(f"{subject}: get token", True, self._where(name)),
            *await self._rights(subject, name, client),
        ]

    @abstractmethod
    def _where(self, name: str) -> str:
        """Where an account's tokens are for, for people."""

    @abstractmethod
    async def _rights(self, subject: str, name: str, client: ClientT) -> Sequence[Check]:
        """What works with the token. Never raises ConnectorError."""

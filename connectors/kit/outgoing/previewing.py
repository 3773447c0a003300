"""What a delivery of a number would change at a marketplace (OPS-7): read, compared, nothing written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from connectors.kit.accounts import ClientT, OpenClient
from connectors.kit.errors import ConnectorError, DataError
from connectors.kit.outgoing.values import ValueKind
from connectors.kit.ports import Delivery, Difference

Differences = Sequence[Difference]


def refused(error: ConnectorError) -> Differences:
    """What cannot be written at all: its reason."""
    return (Difference(error.reason.value, "", str(error)[:300], refused=True),)


class ValuePreview(Generic[ClientT]):
    """Of stock or prices."""

    def __init__(self, open_client: OpenClient[ClientT], kind: ValueKind[ClientT]) -> None:
        self._open = open_client
        self._kind = kind

    async def __call__(self, batch: Sequence[Delivery]) -> list[Differences]:
        """One for each, in order. Raises ConnectorError when the marketplace cannot be asked."""
        found: list[Differences] = []
        for delivery in batch:
            try:
                value = self._kind.read(delivery)
            except DataError as error:
                found.append(refused(error))
                continue
            client = self._open(delivery.account)
            found.append(await self._kind.differences(client, delivery.account, value))
        return found

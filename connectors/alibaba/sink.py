"""Writes to 1688: purchase orders out.

create_purchase   creating: looked up, previewed, made once
cancel_purchase   cancelling: what is not paid yet
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from connectors.alibaba.cancelling import Cancelling
from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.creating import Creating
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.account_sink import AccountSink, utc_now
from connectors.kit.accounts import OpenClient
from connectors.kit.operations import Operation, Operations
from connectors.kit.ports import Delivery, Difference
from connectors.kit.resolving import Resolving

CREATE, CANCEL = "create_purchase", "cancel_purchase"
OPERATIONS = frozenset({CREATE, CANCEL})


class AlibabaSink(AccountSink[AlibabaClient]):
    """`now`: the clock, aware UTC. Nothing here waits for anything by name."""

    destination = "alibaba"

    def __init__(
        self, settings: AlibabaSettings, purchases: AlibabaPurchases, open_client: OpenClient[AlibabaClient],
        now: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        super().__init__(open_client)
        creating = Creating(settings, purchases, self.accounts, now)
        cancelling = Cancelling(settings, purchases, self.accounts, now)
        self.resolving = Resolving(self.destination, self.accounts, {}, purchases.patience_seconds)

        async def creations(batch: Sequence[Delivery]) -> list[Sequence[Difference]]:
            return [await creating.differences(delivery) for delivery in batch]

        async def cancellations(batch: Sequence[Delivery]) -> list[Sequence[Difference]]:
            return [await cancelling.differences(delivery) for delivery in batch]

        self.operations = Operations(
            "1688",
            {
                CREATE: Operation(creating, creations, announcer=creating),
                CANCEL: Operation(cancelling, cancellations),
            },
        )

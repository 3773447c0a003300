"""What held deliveries wait for, and which of it is there now.

    listing:walmart:ACCOUNT:SKU      an item at Walmart
    shipped:walmart:ACCOUNT:PO       something of the order has left (see `fulfilment`)
    category:..., value:...          lines in our tables

Walmart is asked one name at a time, within the quota and for a bounded time; a thousand names take several turns, each beginning where the last one
stopped. What cannot be asked (an account that was removed, an order that cannot be read) keeps nobody else waiting.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError
from connectors.kit.rate import Priority
from connectors.walmart.client import WalmartClient
from connectors.walmart.fulfilment import SHIPPED
from connectors.walmart.item_maker import Maker
from connectors.walmart.items import get_item

logger = logging.getLogger(__name__)

LISTING = "listing"
TURN_SECONDS = 20.0  # the release worker gives a sink a minute for all it waits for
_TABLES = ("category", "value")
_QUOTAS = {LISTING: "get_item", SHIPPED: "get_order"}
HasShipped = Callable[[WalmartClient, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True, order=True)
class _Name:
    """`KIND:walmart:ACCOUNT:WHAT`."""

    whole: str
    kind: str
    account: str
    what: str


class Resolving:
    """See the module's first lines. `patience`: seconds; a quota that takes longer leaves its names to the next turn."""

    def __init__(
        self, open_client: OpenClient[WalmartClient], maker: Maker, has_shipped: HasShipped, patience: float, *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._open = open_client
        self._maker = maker
        self._has_shipped = has_shipped
        self._patience = patience
        self._clock = clock
        self._last = ""

    async def resolve(self, waiting_for: Sequence[str]) -> list[str]:
        """Those that are there now, in order. Never raises ConnectorError."""
        names = [name for name in map(_read, waiting_for) if name is not None]
        found = {
            *self._in_tables([name for name in names if name.kind in _TABLES]),
            *await self._at_walmart(sorted(name for name in names if name.kind in _QUOTAS)),
        }
        return [word for word in waiting_for if word in found]

    def _in_tables(self, names: Sequence[_Name]) -> list[str]:
        found: list[str] = []
        for account in dict.fromkeys(name.account for name in names):
            mine = [name.whole for name in names if name.account == account]
            try:
                found += self._maker.resolved(mine, account)
            except ConnectorError as error:
                logger.warning("cannot_resolve account=%s names=%d kind=%s", account, len(mine), type(error).__name__)
        return found

    async def _at_walmart(self, names: Sequence[_Name]) -> list[str]:
        found: list[str] = []
        ends = self._clock() + TURN_SECONDS
        start = bisect_right([name.whole for name in names], self._last)
        for name in (*names[start:], *names[:start]):
            if self._clock() >= ends:
                break
            self._last = name.whole
            try:
                if await self._is_there(name):
                    found.append(name.whole)
            except ConnectorError as error:
                logger.warning(
                    "cannot_resolve account=%s kind=%s reason=%s", name.account, name.kind, error.reason.value
                )
        return found

    async def _is_there(self, name: _Name) -> bool:
        client = self._open(name.account)
        if client.forecast_seconds(_QUOTAS[name.kind], 1) > self._patience:
            return False
        if name.kind == SHIPPED:
            return await self._has_shipped(client, name.what)
        return await get_item(client, name.what, Priority.PRODUCTS) is not None


def _read(word: str) -> _Name | None:
    kind, _, rest = word.partition(":")
    source, _, rest = rest.partition(":")
    account, _, what = rest.partition(":")
    return _Name(word, kind, account, what) if source == "walmart" and what else None

"""Open orders whose SKU got another name: what they ask goes to the SKU that the cross-reference says now (ORD-9, INV-3).

An order counts on the SKU that its line belonged to when it was routed. An entry that is made, changed or taken out later changes that. So
what each ledger remembers of open orders is held against the table again and again; whatever belongs elsewhere is said anew, there with its
quantity, here with 0, in this order: counted twice for a moment, which is the safe side. Nothing is remembered of having done so: as long
as a ledger has what is another's, it is said again, and demands that are known change nothing. A worker whose table lags behind may say it
the wrong way round; the next look says it right.

What stays: parts of bundles and kits, for they follow from what is asked for; and orders that Odoo holds as this SKU, for an entry changes
nothing about the orders that are in Odoo already.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from schemas.records import Demand
from streams.runtime import Beside, RejectedError
from streams.stages.demand import quantity_text, sku_key
from streams.stages.skus import Skus
from streams.stages.stock.ledger import Asked, Ledger
from streams.stages.stock.memory import Name

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
ANYHOW_LOOKS = 20  # then also when no entry changed: a demand may have been routed by a table that lagged behind


def names_of(ledger: Ledger) -> frozenset[Name]:
    """What marketplaces call this SKU in the orders that ask for some of it."""
    return frozenset((one.source, one.account, _word(ledger, one)) for one in _by_themselves(ledger))


def strays(named: Mapping[str, Iterable[Name]], skus: Skus) -> list[str]:
    """The SKUs of which something belongs to another."""
    return [sku for sku, names in named.items() if any(skus.internal(*name) != sku for name in names)]


def moved(ledger: Ledger, skus: Skus) -> list[Demand]:
    """What is to be said so that it counts where it belongs: there first."""
    said = []
    for one in _by_themselves(ledger):
        word = _word(ledger, one)
        home = skus.internal(one.source, one.account, word)
        if home != ledger.sku:
            said.append(_demand(one, home, word, quantity_text(one.quantity)))
            said.append(_demand(one, ledger.sku, one.external, "0"))
    return said


def _by_themselves(ledger: Ledger) -> list[Asked]:
    there = {order["order_key"] for order in ledger.level["orders"]} if ledger.level else set()
    mine = (one for one in ledger.asked.values() if not one.via and one.quantity and not one.closed)
    return [one for one in mine if one.order_key not in there]


def _word(ledger: Ledger, one: Asked) -> str:
    """The marketplace's; what was remembered before it was told is called as the SKU."""
    return one.external or ledger.sku


def _demand(one: Asked, sku: str, external: str, quantity: str) -> Demand:
    return Demand(
        key=sku_key(sku), sku=sku, order_key=one.order_key, source=one.source, account=one.account, version=one.version,
        quantity=quantity, status=one.status, seen_at=one.seen_at, ordered_at=one.ordered_at, via="", external=external,
    )  # fmt: skip


class Homing(Beside):
    """Looks whenever an entry has changed, and now and then anyhow; at first when it is started."""

    def __init__(self, skus: Skus, look: Callable[[], Awaitable[int]], every_seconds: float = LOOK_SECONDS) -> None:
        super().__init__("stock-homing")
        self._skus = skus
        self._look = look
        self._every = every_seconds

    async def _run(self) -> None:
        seen, idle = -1, 0
        while True:
            now = self._skus.revision
            if now != seen or idle >= ANYHOW_LOOKS:
                seen, idle = await self._try(now, seen), 0
            idle += 1
            await asyncio.sleep(self._every)

    async def _try(self, now: int, before: int) -> int:
        """The revision that was looked at; that of before when it has to be done again."""
        try:
            await self._look()
        except RejectedError as error:
            logger.error("stock_demand_refused kind=%s", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - nobody awaits this task
            logger.error("stock_homing_failed kind=%s", type(error).__name__)
            return before
        return now

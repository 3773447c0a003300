"""The sink `odoo`: canonical orders in, sale orders out, one outcome for each delivery.

1  what the pipeline knows already: newer there -> stale, the same there -> already applied
2  plan each order (pure); what is wrong in itself fails here
3  find or make everything the orders refer to, once for the batch; what is unknown holds its own order only
4  write in chunks, as many at a time as Odoo has workers
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from typing import cast

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Delivery, Deps, Outcome, Result
from connectors.odoo.client import Odoo
from connectors.odoo.mapping import Rules, plan_order
from connectors.odoo.orders import Orders, failure
from connectors.odoo.places import NAMED
from connectors.odoo.plan import Goods, OrderPlan
from connectors.odoo.products import Wanted
from connectors.odoo.references import References, Resolved
from connectors.odoo.settings import OdooSettings
from schemas.reasons import Reason
from schemas.records import Order

logger = logging.getLogger(__name__)

UPSERT_ORDER = "upsert_order"


class OdooSink:
    """See `connectors.kit.ports.Sink`. Idempotent by external ids: delivering again finds what the first time made."""

    destination = "odoo"

    def __init__(self, settings: OdooSettings, deps: Deps) -> None:
        production = "production" in (settings.environment, deps.environment)
        if deps.environment != "production" and settings.environment == "production":
            logger.info("odoo_database_counts_as_production test_orders=refused")
        self.batch_limit = settings.batch * settings.workers
        self._settings = settings
        self._mappings = deps.mappings
        self._rules = Rules(settings, production=production)
        self._odoo = Odoo(settings)
        self._references = References(self._odoo, settings, deps.mappings, deps.now)
        self._orders = Orders(self._odoo, self._references.products.services)

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """Raises ConnectorError when Odoo cannot be used at all; then nothing was written for any of them that counts."""
        outcomes: dict[int, Outcome] = {}
        plans: dict[int, OrderPlan] = {}
        for index, delivery in enumerate(batch):
            answer = settled(delivery) or self._planned(delivery)
            if isinstance(answer, Outcome):
                outcomes[index] = answer
            else:
                plans[index] = answer
        ready = await self._resolved(plans, outcomes)
        if ready:
            await self._written(ready, outcomes)
        await self._once_more({index: one.plan for index, one in ready.items()}, outcomes)
        return [outcomes[index] for index in range(len(batch))]

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        """Which of them exist by now: `sku:source:account:SKU` as a product, `carrier:...` as a mapping, `pricelist:EUR`."""
        self._references.forget()
        wanted = {}
        for word in waiting_for:
            kind, _, rest = word.partition(":")
            source, _, tail = rest.partition(":")
            account, _, sku = tail.partition(":")
            if kind == "sku" and sku:
                wanted[word] = Wanted(source, account, Goods(sku, "", "", ""))
        found = await self._references.products.find(wanted.values())
        answer = {word for word, one in wanted.items() if one in found}
        for word in set(waiting_for) - wanted.keys():
            if await self._exists(word):
                answer.add(word)
        return [word for word in waiting_for if word in answer]

    async def aclose(self) -> None:
        await self._odoo.aclose()

    async def _exists(self, word: str) -> bool:
        kind, _, rest = word.partition(":")
        if kind in NAMED:
            model, field = NAMED[kind]
            return bool(await self._odoo.rows(model, [[field, "=", rest]], [field], limit=1))
        if kind == "pricelist":
            return bool(
                await self._odoo.rows("product.pricelist", [["currency_id.name", "=", rest]], ["name"], limit=1)
            )
        if kind == "carrier" and rest.count(":") >= 2:
            source, account, level = rest.split(":", 2)
            name = self._mappings.lookup("carrier", source, account, level) or self._settings.carriers.get(level)
            return bool(name) and bool(
                await self._odoo.rows("delivery.carrier", [["name", "=", name]], ["name"], limit=1)
            )
        return False

    def _planned(self, delivery: Delivery) -> OrderPlan | Outcome:
        if delivery.operation != UPSERT_ORDER:
            return Outcome(Result.FAILED, Reason.BUG, f"the sink odoo knows no operation {delivery.operation!r}")
        try:
            return plan_order(cast(Order, delivery.body), self._rules)
        except ConnectorError as error:
            return failure(error)

    async def _resolved(self, plans: dict[int, OrderPlan], outcomes: dict[int, Outcome]) -> dict[int, Resolved]:
        if not plans:
            return {}
        await self._references.prepare(list(plans.values()))
        ready: dict[int, Resolved] = {}
        for index, plan in plans.items():
            try:
                ready[index] = self._references.resolved(plan)
            except ConnectorError as error:
                outcomes[index] = failure(error)
        return ready

    async def _written(self, ready: dict[int, Resolved], outcomes: dict[int, Outcome]) -> None:
        chunks = split(list(ready), self._settings.batch, self._settings.workers)
        written = await asyncio.gather(
            *(self._orders.write([ready[index] for index in chunk]) for chunk in chunks), return_exceptions=True
        )
        errors = [answer for answer in written if isinstance(answer, BaseException)]
        if len(errors) == len(written) or any(not isinstance(error, ConnectorError) for error in errors):
            raise errors[0]
        for chunk, answer in zip(chunks, written, strict=True):
            if isinstance(answer, ConnectorError):
                outcomes.update(dict.fromkeys(chunk, failure(answer)))
            elif not isinstance(answer, BaseException):
                outcomes.update(zip(chunk, answer, strict=True))

    async def _once_more(self, plans: dict[int, OrderPlan], outcomes: dict[int, Outcome]) -> None:
        """Orders that Odoo itself refused, with everything looked up anew: what was remembered may have been deleted meanwhile."""
        refused = {index: plan for index, plan in plans.items() if outcomes[index].reason is Reason.DATA}
        if not refused:
            return
        self._references.forget()
        ready = await self._resolved(refused, outcomes)
        if ready:
            await self._written(ready, outcomes)


def settled(delivery: Delivery) -> Outcome | None:
    """The outcome of what the pipeline knows to stand in Odoo already, None for what has to be written."""
    known = delivery.known
    if known is None or not known.remote_id:
        return None
    if known.version > delivery.version:
        return Outcome(Result.STALE, remote_model=known.remote_model, remote_id=known.remote_id)
    if known.version == delivery.version and known.checksum == delivery.checksum:
        return Outcome(Result.ALREADY_APPLIED, remote_model=known.remote_model, remote_id=known.remote_id)
    return None


def split(items: Sequence[int], most: int, ways: int) -> list[Sequence[int]]:
    """Even chunks of at most `most`, at least `ways` of them where that leaves a reasonable number in each."""
    count = max(math.ceil(len(items) / most), min(ways, math.ceil(len(items) / 20)))
    size = math.ceil(len(items) / count)
    return [items[start : start + size] for start in range(0, len(items), size)]

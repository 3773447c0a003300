"""Operation `upsert_order`: canonical orders in, sale orders out, one outcome for each delivery.

1  what the pipeline knows already: newer there -> stale, the same there -> already applied
2  plan each order (pure); what is wrong in itself fails here
3  find or make everything the orders refer to, once for the batch; what is unknown holds its own order only, and only while it is not in Odoo
4  write in chunks, as many at a time as Odoo has workers
5  hold or release the deliveries of orders whose buyer asked to cancel
6  tell a person of orders in a state that nobody knows
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import cast

from connectors.kit.errors import ConnectorError, MappingError
from connectors.kit.ports import Delivery, Difference, Outcome, Result
from connectors.odoo.client import Odoo
from connectors.odoo.handling import failure, settled
from connectors.odoo.holds import Holds, Request
from connectors.odoo.mapping import Rules, plan_order
from connectors.odoo.order_preview import OrderPreview
from connectors.odoo.orders import Orders
from connectors.odoo.orders_unknown import NOTE as UNKNOWN_STATUS
from connectors.odoo.orders_unknown import UnknownStates, odd_of
from connectors.odoo.plan import OrderPlan
from connectors.odoo.references import References, Resolved
from connectors.odoo.settings import OdooSettings, Stage
from schemas.reasons import Reason
from schemas.records import Order


class OrderUpserts:
    """Idempotent by external ids: delivering again finds what the first time made."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, references: References, rules: Rules) -> None:
        self._settings, self._rules, self._references = settings, rules, references
        self._orders = Orders(odoo, settings.module, references.now, is_captured=settings.capture.mode != "off")
        self._holds = Holds(odoo, settings.module)
        self._unknown = UnknownStates(odoo, settings.module)
        self._preview = OrderPreview(odoo, rules, references.products, self._holds)

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
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
        await self._held(batch, {index: one.plan for index, one in ready.items()}, outcomes)
        await self._told(batch, ready, outcomes)
        return [_signed(outcomes[index], delivery) for index, delivery in enumerate(batch)]

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return await self._preview.over(batch, [asks_to_cancel(cast(Order, one.body)) for one in batch])

    def _planned(self, delivery: Delivery) -> OrderPlan | Outcome:
        try:
            return plan_order(cast(Order, delivery.body), self._rules)
        except ConnectorError as error:
            return failure(error)

    async def _resolved(self, plans: dict[int, OrderPlan], outcomes: dict[int, Outcome]) -> dict[int, Resolved]:
        if not plans:
            return {}
        standing = await self._references.prepare(list(plans.values()))
        ready: dict[int, Resolved] = {}
        lacking: list[int] = []
        # Nothing is awaited in between: what was prepared may be forgotten by another batch.
        for index, plan in plans.items():
            try:
                ready[index] = self._references.resolved(plan, stands=plan.xid in standing)
            except ConnectorError as error:
                outcomes[index] = failure(error)
                if isinstance(error, MappingError) and plan.xid not in standing:
                    lacking.append(index)
        await self._let_through({index: plans[index] for index in lacking}, ready, outcomes)
        return ready

    async def _let_through(
        self, lacking: Mapping[int, OrderPlan], ready: dict[int, Resolved], outcomes: dict[int, Outcome]
    ) -> None:
        """What is missing holds an order that is to be made, none that is in Odoo: a wish to cancel it must get through."""
        there = await self._references.standing(list(lacking.values()))
        for index, plan in lacking.items():
            if plan.xid in there:
                try:
                    ready[index] = self._references.resolved(plan, stands=True)
                    del outcomes[index]
                except ConnectorError as error:
                    outcomes[index] = failure(error)

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

    async def _held(self, batch: Sequence[Delivery], plans: dict[int, OrderPlan], outcomes: dict[int, Outcome]) -> None:
        """Orders that stand as they should, and any that stands while its buyer's request does: what else is wrong with it must not let the goods
        go. Those just made without a request have no delivery that could be held."""
        wanted = {index: asks_to_cancel(cast(Order, batch[index].body)) for index in plans}
        asked = [
            index
            for index, plan in plans.items()
            if (outcomes[index].ok or (wanted[index] and outcomes[index].remote_id))
            and plan.stage not in (Stage.CANCELLED, Stage.LOCKED)
            and (wanted[index] or "created" not in outcomes[index].notes)
        ]
        requests = [
            Request(int(outcomes[index].remote_id), batch[index].key, batch[index].version, wanted[index])
            for index in asked
        ]
        try:
            answers = await self._holds.settle(requests)
        except ConnectorError as error:
            outcomes.update(dict.fromkeys((index for index in asked if outcomes[index].ok), failure(error)))
            return
        for index, answer in zip(asked, answers, strict=True):
            if not outcomes[index].ok:
                continue
            if answer.error is not None:
                outcomes[index] = failure(answer.error)
            elif answer.did:
                notes = (*outcomes[index].notes, *answer.did)
                outcomes[index] = replace(outcomes[index], result=Result.APPLIED, notes=notes)

    async def _told(self, batch: Sequence[Delivery], ready: Collection[int], outcomes: dict[int, Outcome]) -> None:
        """Of orders in an unknown state that stand; what is wrong with others is an exception anyway."""
        odd = {
            index: one
            for index in ready
            if outcomes[index].ok
            and (one := odd_of(cast(Order, batch[index].body), int(outcomes[index].remote_id))) is not None
        }
        for index, error in zip(odd, await self._unknown.tell(list(odd.values())), strict=True):
            outcome = outcomes[index]
            told = replace(outcome, notes=(*outcome.notes, UNKNOWN_STATUS))
            outcomes[index] = failure(error) if error is not None else told


def _signed(outcome: Outcome, delivery: Delivery) -> Outcome:
    """Its events with the version and the correlation id of the delivery."""
    events = (
        replace(one, version=delivery.version, body={**one.body, "correlation": delivery.correlation})
        for one in outcome.events
    )
    return replace(outcome, events=tuple(events)) if outcome.events else outcome


def asks_to_cancel(order: Order) -> bool:
    """Whether the buyer's request to cancel the order, or a line that is not cancelled yet, stands."""
    lines = (line for line in order["lines"] if line["status"] != "cancelled")
    return order["buyer_cancel_requested"] or any(line["buyer_cancel_requested"] for line in lines)


def split(items: Sequence[int], most: int, ways: int) -> list[Sequence[int]]:
    """Even chunks of at most `most`, at least `ways` of them where that leaves a reasonable number in each."""
    count = max(math.ceil(len(items) / most), min(ways, math.ceil(len(items) / 20)))
    size = math.ceil(len(items) / count)
    return [items[start : start + size] for start in range(0, len(items), size)]

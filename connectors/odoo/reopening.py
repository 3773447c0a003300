"""Operation `reopen_order` (ORD-13, compensation): Odoo cancelled an order, the marketplace refused to; the order is brought back.

Only an order that is as the cancellation left it: cancelled as a whole, under the name it had, nothing shipped, nothing invoiced. Anything else
was touched by somebody since, or was never cancelled as a whole: then a note on the order tells the discrepancy, once, and a person decides.

    1  a note with the delivery's own external id: from then on this command is under way, whatever happens between two calls
    2  back to draft
    3  confirm, if it had been confirmed (it has cancelled deliveries); put its date back, which confirming overwrites
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from connectors.kit.errors import ConflictError, ConnectorError, RuleError
from connectors.kit.ports import Delivery, Difference, Outcome
from connectors.odoo.chatter import note
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.handling import done, each
from connectors.odoo.keys import xid
from connectors.odoo.loading import CONTEXT
from connectors.odoo.settings import OdooSettings
from schemas.records import Cancellation

MODEL = "sale.order"
_FIELDS = ("name", "state", "locked", "date_order", "invoice_ids")
_DATE = re.compile(r"Its date: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")


class Reopening:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, settings: OdooSettings) -> None:
        self._odoo, self._module = odoo, settings.module

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await each(batch, self._written)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        found: list[Sequence[Difference]] = []
        for delivery in batch:
            body = cast(Cancellation, delivery.body)
            row = await self._order(body)
            problem = await self._unlike(body, row)
            if row["state"] != "cancel":
                found.append(())
            elif problem:
                found.append([Difference(f"{row['name']}: note", "", f"not brought back: {problem}")])
            else:
                confirmed = bool(await self._deliveries(row["id"]))
                found.append([Difference(f"{row['name']}: state", "cancel", "sale" if confirmed else "draft")])
        return found

    async def _written(self, delivery: Delivery) -> Outcome:
        body = cast(Cancellation, delivery.body)
        row = await self._order(body)
        key = xid(self._module, "reopen", delivery.id)
        begun = (await find(self._odoo, [key])).get(key, 0)
        if not begun:
            if problem := await self._unlike(body, row):
                return await self._discrepancy(delivery, row, problem)
            if row["state"] != "cancel":
                return done((), MODEL, row["id"], ["not_cancelled"])
            text = "The marketplace refused the cancellation of this order; it is brought back."
            begun = await note(self._odoo, key, MODEL, row["id"], [text, f"Its date: {row['date_order']}"])
        return done(await self._brought_back(row, begun), MODEL, row["id"])

    async def _order(self, body: Cancellation) -> dict[str, Any]:
        for number in (await find(self._odoo, [xid(self._module, "order", body["order_key"])])).values():
            return await self._read(number)
        raise ConflictError("its order is not in Odoo", waiting_for=f"order:{body['order_key']}")

    async def _read(self, number: int) -> dict[str, Any]:
        (row,) = await self._odoo.rows(MODEL, [["id", "=", number]], _FIELDS)
        return row

    async def _deliveries(self, order: int) -> list[dict[str, Any]]:
        return await self._odoo.rows("stock.picking", [["sale_id", "=", order]], ["state"])

    async def _unlike(self, body: Cancellation, row: Mapping[str, Any]) -> str:
        """How the order differs from what the cancellation left; empty when it does not."""
        if not body["whole"]:
            return "only a part of it was cancelled in Odoo"
        if row["state"] != "cancel":
            return ""
        if body["order_name"] and row["name"] != body["order_name"]:
            return f"the order cancelled was {body['order_name']}"
        if any(one["state"] != "cancel" for one in await self._deliveries(row["id"])):
            return "it has deliveries that are not cancelled"
        domain = [["id", "in", row["invoice_ids"]], ["state", "!=", "cancel"]]
        if row["invoice_ids"] and await self._odoo.rows("account.move", domain, ["state"], limit=1):
            return "it has invoices that are not cancelled"
        return ""

    async def _discrepancy(self, delivery: Delivery, row: Mapping[str, Any], problem: str) -> Outcome:
        key = xid(self._module, "discrepancy", delivery.id)
        text = "The marketplace refused a cancellation made in Odoo, and the order could not be brought back"
        await note(self._odoo, key, MODEL, row["id"], [f"{text}: {problem}. Decide which side is right."])
        raise ConflictError(f"the marketplace refused the cancellation; not brought back: {problem}")

    async def _brought_back(self, row: Mapping[str, Any], begun: int) -> list[str]:
        number, did = row["id"], []
        if row["state"] == "cancel":
            did.append("reopened")
            row = await self._step("action_draft", number, "draft")
        if row["state"] == "draft" and await self._deliveries(number):
            did.append("confirmed")
            row = await self._step("action_confirm", number, "sale")
        (message,) = await self._odoo.rows("mail.message", [["id", "=", begun]], ["body"])
        said = _DATE.search(message["body"])
        if said and row["date_order"] != said.group(1):
            await self._odoo.tell(MODEL, "write", [number], {"date_order": said.group(1)}, context=CONTEXT)
        return did

    async def _step(self, method: str, number: int, wanted: str) -> dict[str, Any]:
        """The order after it. Only the state read afterwards counts, whatever was answered."""
        try:
            await self._odoo.tell(MODEL, method, [number], context=CONTEXT)
        except ConnectorError:
            row = await self._read(number)
            if row["state"] != wanted:
                raise
            return row
        row = await self._read(number)
        if row["state"] != wanted:
            raise RuleError(f"{method} left the order {row['state']}")
        return row

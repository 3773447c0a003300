"""The lines of orders that stand in Odoo, looked up and told of: which are ours, which a person deleted, what was kept and what was changed.

Which lines were written once is kept in Odoo with each order that may lose some, in the name of an attachment of no record (`order_memory`), which
only its maker and administrators can read: Odoo itself forgets a deleted line with its external id. It is read here only where a line is missing;
it costs one call for each chunk of new orders. Without it (a right is missing, the call failed) a missing line counts as new: it is made again,
with a note. Change capture reads it too, to tell the marketplace of lines that were deleted.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.errors import ConnectorError
from connectors.odoo.chatter import note
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.keys import below, hidden_xid
from connectors.odoo.line_changes import READ_LINE, Kept, Standing, absent
from connectors.odoo.loading import CONTEXT, load
from connectors.odoo.order_memory import memory_xid, read, said
from connectors.odoo.plan import OrderPlan

logger = logging.getLogger(__name__)
LINE, ATTACHMENT = "sale.order.line", "ir.attachment"


class OrderLines:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module

    async def look(self, orders: Mapping[int, OrderPlan]) -> dict[int, Standing]:
        """The lines of these orders, by the orders' ids. Raises ConnectorError."""
        if not orders:
            return {}
        domain = [["order_id", "in", sorted(orders)], ["display_type", "=", False]]
        rows: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
        for row in await self._odoo.rows(LINE, domain, READ_LINE):
            rows[row["order_id"][0]][row["id"]] = row
        records = [record for some in rows.values() for record in some]
        told: dict[str, str] = await self._odoo.ask(LINE, "get_external_id", records) if records else {}
        found = {}
        for order, plan in orders.items():
            ids = {
                told[str(record)]: record
                for record in rows[order]
                if told.get(str(record), "").startswith(f"{plan.xid}/")
            }
            found[order] = await self._completed(plan, Standing(rows[order], ids))
        return found

    async def _completed(self, plan: OrderPlan, standing: Standing) -> Standing:
        """Odoo tells one external id of each record; one that has several (an export gives it another) is asked for by ours."""
        lacking = absent(plan.lines, plan.xid, standing)
        if not lacking:
            return standing
        memory = self._memory(plan)
        found = await find(self._odoo, [memory, *(below(plan.xid, "line", line_id) for line_id in lacking)])
        number = found.pop(memory, 0)
        ids = {**standing.ids, **{one: record for one, record in found.items() if record in standing.rows}}
        rows = await self._odoo.rows(ATTACHMENT, [["id", "=", number]], ["name"]) if number else []
        return Standing(standing.rows, ids, read(rows[0]["name"]).lines if rows else ())

    async def remember(self, plans: Sequence[OrderPlan], *, again: bool = False) -> None:
        """Keep which lines were written; `again`: of orders that got more of them. What fails here fails no order."""
        rows = [[[self._memory(plan), said(plan)]] for plan in plans]
        try:
            for plan, one in zip(plans, await load(self._odoo, ATTACHMENT, ["id", "name"], rows), strict=True):
                if isinstance(one, ConnectorError):
                    raise one
                if again:
                    await self._odoo.tell(ATTACHMENT, "write", [one], {"name": said(plan)}, context=CONTEXT)
        except ConnectorError as error:
            logger.warning("odoo_lines_not_remembered orders=%d error=%s", len(plans), type(error).__name__)

    async def tell_kept(self, order: int, plan: OrderPlan, kept: Sequence[Kept]) -> bool:
        """One note for each such difference, however often it is seen. Whether this was the first time."""
        words = [one.words for one in kept]
        key = hidden_xid(self._module, "order_kept", (plan.key, *words))
        if await find(self._odoo, [key]):
            return False
        text = f"Lowered in Odoo, so {plan.source} was not followed; where changes are captured it is told there as cancelled:"
        await note(self._odoo, key, "sale.order", order, [text, *words])
        return True

    async def tell_changed(self, order: int, plan: OrderPlan, since: str, words: Sequence[str]) -> None:
        """`since`: when the order was last written before; so the note stands once although the write after it is tried again."""
        key = hidden_xid(self._module, "order_changed", (plan.key, str(plan.version), since, *words))
        await note(self._odoo, key, "sale.order", order, [f"Made what {plan.source} says:", *words])

    def _memory(self, plan: OrderPlan) -> str:
        return memory_xid(self._module, plan.key)

"""Mode `outbox`: rows Odoo itself writes, in the transaction of the change, by the automations `causeway odoo install-outbox` makes.

Nothing is there for work that was rolled back, and deletions are caught, with the name of what was deleted. Ids are not in the order of commits, but
a row stays until its page is safe in Kafka and every poll begins with the lowest id, so none can be skipped. A crash before rows are deleted
repeats their page. Each flow has rows of its own, so one never takes what another has not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.errors import RuleError
from connectors.odoo.source.entities import Entities, Touched
from connectors.odoo.source.models import Models, Row, text
from connectors.odoo.source.watches import Plan, Watch

MODEL = "x_outbox"
FIELDS = ("x_model", "x_res_id", "x_op", "x_parent", "x_label")
DELETED = "unlink"
WRITTEN = "write"
_ID = re.compile(r"\d+")


class Journal:
    """The journal of one flow."""

    def __init__(self, flow: str, plan: Plan, models: Models, entities: Entities, page_rows: int) -> None:
        self._flow, self._plan, self._models, self._entities = flow, plan, models, entities
        self._page_rows = page_rows

    async def read(self, after: int, touched: Touched, deleted: dict[int, str], taken: list[int]) -> int:
        """Add what the next rows tell; the last one's id, 0 when there are no more. Raises RuleError where there is no journal."""
        if not await self._models.has(MODEL):
            raise RuleError("Odoo has no journal: run `causeway odoo install-outbox`, or set CAPTURE__MODE=poll")
        domain = [["x_flow", "=", self._flow], ["id", ">", after]]
        rows = await self._models.rows(MODEL, domain, FIELDS, limit=self._page_rows)
        taken += [row["id"] for row in rows]
        for watch in self._plan.watches:
            mine = [row for row in rows if row["x_model"] == watch.model]
            await self._written([row["x_res_id"] for row in mine if row["x_op"] != DELETED], watch, touched)
            await self._deleted([row for row in mine if row["x_op"] == DELETED], watch, touched, deleted)
        return rows[-1]["id"] if rows else 0

    async def forget(self, ids: Sequence[int]) -> None:
        """Their page is safe in Kafka. Deleting twice does no harm."""
        if ids:
            there = [row["id"] for row in await self._models.rows(MODEL, [["id", "in", list(ids)]], ())]
            if there:
                await self._models.odoo.tell(MODEL, "unlink", there)

    async def _written(self, ids: Sequence[int], watch: Watch, touched: Touched) -> None:
        rows = await self._models.by_id(watch.model, ids, watch.fields)
        await self._entities.of(watch, list(rows.values()), touched)

    async def _deleted(self, rows: Sequence[Row], watch: Watch, touched: Touched, deleted: dict[int, str]) -> None:
        """x_parent: the entity the deleted row was a part of, x_label: the SKU of a deleted product."""
        match watch.about:
            case "id" if watch.own:
                touched.add(row["x_res_id"] for row in rows)
                deleted.update({row["x_res_id"]: text(row["x_label"]) for row in rows if row["x_label"]})
            case "rule":
                await self._entities.under_gone_rules([row["x_res_id"] for row in rows], touched)
            case "kit":
                await self._entities.after_bom({parent_of(row) for row in rows} - {0}, touched)
            case "kit_line":
                of_bom = [{"id": row["x_res_id"], "bom_id": [parent_of(row), ""]} for row in rows]
                await self._entities.of(watch, of_bom, touched)
            case "product_tmpl_id.variants":
                await self._entities.of_templates({parent_of(row) for row in rows} - {0}, touched)
            case "everything":
                touched.everything |= bool(rows)
            case "category" | "template":  # what was in it is gone as well, and told of itself
                return
            case _:
                touched.add(parent_of(row) for row in rows)


def parent_of(row: Mapping[str, Any]) -> int:
    """The record a deleted one was a part of, written down as Odoo shows it, `product.product(7,)`: its id, 0 for none."""
    found = _ID.search(text(row["x_parent"]))
    return int(found.group()) if found else 0

"""Lines of goods that a person deleted (FUL-3): written once by our sink, and gone.

Odoo refuses to delete a line of a confirmed order (`sale.order.line._unlink_except_confirmed`). Of a quotation, sent or not, and of a cancelled order
that is made a quotation again it lets everybody; nothing of the line is left then, not even its external id.

What was written is read before the lines are, so that a line written in between does not look deleted; and before a line counts as deleted its own
external id is asked for, because Odoo tells one of each record and people give lines others (an export does).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.odoo.keys import xid
from connectors.odoo.order_memory import Written, WrittenPart, read
from connectors.odoo.source.links import ATTACHMENT, Links
from connectors.odoo.source.models import Models, Row, text


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an order as they were read, and the key of the marketplace order."""

    order_key: str
    rows: Sequence[Row]


class DeletedLines:
    """Without the right to read attachments nothing counts as deleted."""

    def __init__(self, models: Models, links: Links, module: str) -> None:
        self._models, self._links, self._module = models, links, module

    async def written(self, orders: Mapping[int, str]) -> dict[int, Written]:
        """By order, of those whose lines were kept. orders: sale.order id -> key of the marketplace order."""
        memories = await self._links.memories(orders.values())
        rows = (
            await self._models.optional(ATTACHMENT, [["id", "in", sorted(memories.values())]], ("name",))
            if memories
            else []
        )
        names = {row["id"]: text(row["name"]) for row in rows}
        return {one: read(names.get(memories.get(key, 0), "")) for one, key in orders.items()}

    async def among(self, written: Mapping[int, Written], orders: Mapping[int, Lines]) -> dict[int, list[WrittenPart]]:
        """By order, the lines that were written and are not among these any more."""
        there = {row["id"] for lines in orders.values() for row in lines.rows}
        told = set((await self._links.names_of_lines(there)).values())
        missing: dict[str, tuple[int, WrittenPart]] = {}
        for one, lines in orders.items():
            parent = xid(self._module, "order", lines.order_key)
            for part, what in (written[one].parts if one in written else {}).items():
                if f"{parent}/{part}" not in told:
                    missing[f"{parent}/{part}"] = (one, what)
        standing = await self._links.records("sale.order.line", list(missing))
        found: dict[int, list[WrittenPart]] = {one: [] for one in orders}
        for name, (one, what) in missing.items():
            if standing.get(name) not in there:
                found[one].append(what)
        return found

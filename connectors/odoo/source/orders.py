"""Marketplace orders as they stand in Odoo: state, quantities, tags. Who bought is left out; nobody needs it here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.kit.ports import Fetched
from connectors.odoo.capture_settings import CaptureSettings
from connectors.odoo.order_memory import WrittenPart
from connectors.odoo.source.deleted_lines import DeletedLines, Lines
from connectors.odoo.source.documents import LINE, ORDER, by_parent, named, selected, skus_of
from connectors.odoo.source.links import GOODS, LineLink, Links
from connectors.odoo.source.models import Models, Row, link, newest, number, plain, text
from connectors.odoo.source.readers import Asked, fetched

# Made by `causeway odoo install-field` (and `install-outbox`), computed once when a line is made: what was ordered, whatever is changed later.
ORDERED_FIELD = "x_causeway_ordered"
_HEADER = ("name", "state", "locked", "date_order", "tag_ids", "write_date")
_LINE = ("product_id", "product_uom_qty", "qty_delivered", "display_type", "write_date", ORDERED_FIELD)


class OrderReader:
    """`readers.Reader` of the flow `sale_orders`: orders that came from a marketplace, no others."""

    def __init__(self, models: Models, links: Links, settings: CaptureSettings, deleted: DeletedLines) -> None:
        self._models, self._links, self._settings, self._deleted = models, links, settings, deleted

    async def read(self, asked: Asked) -> list[Fetched]:
        keys = await self._links.orders(asked.ids)
        wanted = await selected(self._models, ORDER, list(keys), self._settings.orders_wanted)
        fields = (*_HEADER, *filter(None, [self._settings.cancel_reason_field]))
        orders = await self._models.by_id(ORDER, wanted, fields)
        written = await self._deleted.written({one: keys[one] for one in orders})  # first: see there
        lines = await by_parent(self._models, LINE, "order_id", list(orders), _LINE)
        gone = await self._deleted.among(written, {one: Lines(keys[one], lines[one]) for one in orders})
        every = [line for some in lines.values() for line in some]
        stands_for = await self._links.lines(line["id"] for line in every)
        skus = await skus_of(self._models, [link(line["product_id"]) for line in every])
        tags = await self._tags(list(orders.values()))
        found = []
        for one, order in orders.items():
            content = self._header(order, keys[one], tags)
            content["lines"] = [_line(line, stands_for.get(line["id"]), skus) for line in lines[one]]
            content["lines"] += [_deleted_line(part, order) for part in gone[one]]
            found.append(fetched(f"odoo:sale_order:{one}", "sale_order", newest([order, *lines[one]]), content))
        return found

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        found = await named(self._models, ORDER, names)
        keys = await self._links.orders(found.values())
        return {name: one for name, one in found.items() if one in keys}

    def keep(self) -> None:
        """Nothing is remembered."""

    def _header(self, order: Row, key: str, tags: dict[int, str]) -> dict[str, Any]:
        field = self._settings.cancel_reason_field
        return {
            "id": order["id"],
            "order_key": key,
            "name": text(order["name"]),
            "state": text(order["state"]),
            "locked": bool(order["locked"]),
            "date_order": text(order["date_order"]),
            "write_date": text(order["write_date"]),
            "tags": [tags[one] for one in order.get("tag_ids") or () if one in tags],
            "reason": text(order.get(field)) if field else "",
        }

    async def _tags(self, orders: Sequence[Row]) -> dict[int, str]:
        ids = {one for order in orders for one in order.get("tag_ids") or ()}
        rows = await self._models.optional("crm.tag", [["id", "in", sorted(ids)]], ("name",)) if ids else []
        return {row["id"]: text(row["name"]) for row in rows}


def _line(line: Row, stands_for: LineLink | None, skus: dict[int, str]) -> dict[str, Any]:
    content = {
        "id": line["id"],
        "kind": stands_for.kind if stands_for else "",
        "line_id": stands_for.line_id if stands_for else "",
        "sku": skus.get(link(line["product_id"]), ""),
        "quantity": plain(number(line["product_uom_qty"])),
        "delivered": plain(number(line.get("qty_delivered"))),
        "write_date": text(line["write_date"]),
    }
    if line.get(ORDERED_FIELD):
        content["ordered"] = plain(number(line[ORDERED_FIELD]))
    return content


def _deleted_line(part: WrittenPart, order: Row) -> dict[str, Any]:
    """Nothing of it is left; that it is gone changed its order."""
    content = {
        "id": 0,
        "kind": GOODS,
        "line_id": part.line_id,
        "sku": part.sku,
        "quantity": "0",
        "delivered": "0",
        "write_date": text(order["write_date"]),
        "deleted": True,
    }
    return {**content, "ordered": part.units} if part.units else content

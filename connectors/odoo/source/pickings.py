"""Deliveries of marketplace orders: what is in them, who carries them, tracking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.ports import Fetched
from connectors.odoo.source.documents import LINE, by_parent, named, skus_of
from connectors.odoo.source.kits import Kits, Units
from connectors.odoo.source.links import GOODS, LineLink, Links
from connectors.odoo.source.models import Models, Row, link, link_name, newest, number, plain, text
from connectors.odoo.source.readers import Asked, fetched
from connectors.odoo.source.watches import OUTGOING

MODEL = "stock.picking"
_PICKING = (
    "name", "state", "date_done", "sale_id", "carrier_id", "carrier_tracking_ref", "carrier_tracking_url", "backorder_id",
    "return_id", "write_date",
)  # fmt: skip
_MOVE = ("product_id", "product_uom_qty", "quantity", "product_uom", "state", "sale_line_id", "write_date")
_DETAIL = ("lot_id", "lot_name", "result_package_id", "quantity", "write_date")


class PickingReader:
    """`readers.Reader` of the flow `pickings`."""

    def __init__(self, models: Models, links: Links, kits: Kits, units: Units) -> None:
        self._models, self._links, self._kits, self._units = models, links, kits, units

    async def read(self, asked: Asked) -> list[Fetched]:
        outgoing = [["id", "in", list(asked.ids)], ["sale_id", "!=", False], OUTGOING]
        pickings = {row["id"]: row for row in await self._models.rows(MODEL, outgoing, _PICKING)}
        keys = await self._links.orders(link(row["sale_id"]) for row in pickings.values())
        pickings = {one: row for one, row in pickings.items() if link(row["sale_id"]) in keys}
        moves = await by_parent(self._models, "stock.move", "picking_id", list(pickings), _MOVE)
        carriers = await self._carriers(list(pickings.values()))
        more = await self._backorders(list(pickings))
        content_of = await self._content([move for some in moves.values() for move in some])
        found = []
        for one, picking in pickings.items():
            content = {
                "id": one,
                "order_key": keys[link(picking["sale_id"])],
                "name": text(picking["name"]),
                "state": text(picking["state"]),
                "date_done": text(picking["date_done"]),
                "carrier": link_name(picking.get("carrier_id")),
                "carrier_code": carriers.get(link(picking.get("carrier_id")), ""),
                "tracking": text(picking.get("carrier_tracking_ref")),
                "tracking_url": text(picking.get("carrier_tracking_url")),
                "backorder": one in more,
                "moves": [content_of[move["id"]] for move in moves[one]],
            }
            version = newest([picking, *moves[one]])
            found.append(fetched(f"odoo:picking:{one}", "picking", version, content))
        return found

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        return await named(self._models, MODEL, names, [OUTGOING])

    def keep(self) -> None:
        """Nothing is remembered."""

    async def _carriers(self, pickings: Sequence[Row]) -> dict[int, str]:
        ids = sorted({link(row.get("carrier_id")) for row in pickings} - {0})
        rows = await self._models.optional("delivery.carrier", [["id", "in", ids]], ("delivery_type",)) if ids else []
        return {row["id"]: text(row.get("delivery_type")) for row in rows}

    async def _backorders(self, ids: Sequence[int]) -> set[int]:
        """Those of which more is still to come."""
        domain = [["backorder_id", "in", list(ids)], ["state", "!=", "cancel"]]
        rows = await self._models.rows(MODEL, domain, ("backorder_id",)) if ids else []
        return {link(row["backorder_id"]) for row in rows}

    async def _content(self, moves: Sequence[Row]) -> dict[int, dict[str, Any]]:
        """move -> what it says, with the order line it is for."""
        lines = await self._models.by_id(
            LINE, (link(move["sale_line_id"]) for move in moves), ("product_id", "product_uom_qty")
        )
        links = await self._links.lines(lines)
        products = {link(move["product_id"]) for move in moves} | {link(line["product_id"]) for line in lines.values()}
        units = await self._models.by_id("product.product", products, ("uom_id",))
        skus = await skus_of(self._models, sorted(products))
        details = await self._details([move["id"] for move in moves])
        await self._units.load()
        self._kits.forget()  # this flow does not watch bills of materials
        found = {}
        for move in moves:
            line = lines.get(link(move["sale_line_id"]))
            content = self._move(move, skus, {one: link(row["uom_id"]) for one, row in units.items()})
            content |= await self._of_line(move, line, links, skus)
            found[move["id"]] = content | details.get(move["id"], {})
        return found

    def _move(self, move: Row, skus: Mapping[int, str], units: Mapping[int, int]) -> dict[str, Any]:
        product, unit = link(move["product_id"]), link(move.get("product_uom"))
        into = units.get(product, unit)
        return {
            "id": move["id"],
            "state": text(move["state"]),
            "product_sku": skus.get(product, ""),
            "quantity": plain(self._units.convert(number(move["quantity"]), unit, into)),
            "demanded": plain(self._units.convert(number(move["product_uom_qty"]), unit, into)),
        }

    async def _of_line(
        self, move: Row, line: Row | None, links: Mapping[int, LineLink], skus: Mapping[int, str]
    ) -> dict[str, Any]:
        """per_unit: how much of the moved product one unit of the order line takes; of a kit it is the component's share."""
        known = links.get(line["id"]) if line else None
        if line is None or known is None or known.kind != GOODS:
            return {}
        content = {"line": line["id"], "line_id": known.line_id, "sku": skus.get(link(line["product_id"]), "")}
        if link(line["product_id"]) != link(move["product_id"]):
            parts = await self._kits.components(link(line["product_id"]))
            share = next((one.quantity for one in parts if one.product == link(move["product_id"])), None)
            content["per_unit"] = plain(share) if share else ""
            content["ordered"] = plain(number(line["product_uom_qty"]))
        return content

    async def _details(self, moves: Sequence[int]) -> dict[int, dict[str, Any]]:
        """move -> serial numbers and packages."""
        rows = (
            await self._models.optional("stock.move.line", [["move_id", "in", list(moves)]], ("move_id", *_DETAIL))
            if moves
            else []
        )
        found: dict[int, dict[str, Any]] = {}
        for row in rows:
            one = found.setdefault(link(row["move_id"]), {"serials": [], "packages": []})
            serial = link_name(row.get("lot_id")) or text(row.get("lot_name"))
            one["serials"] += [serial] if serial else []
            if link(row.get("result_package_id")):
                package = {"id": link(row["result_package_id"]), "name": link_name(row["result_package_id"])}
                one["packages"].append(package | {"quantity": plain(number(row["quantity"]))})
        return {one: content for one, content in found.items() if any(content.values())}

"""Posted credit notes of marketplace orders, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.ports import Fetched
from connectors.odoo.source.documents import LINE, by_parent, named, skus_of
from connectors.odoo.source.links import LineLink, Links
from connectors.odoo.source.models import Models, Row, link, link_name, newest, number, plain, text
from connectors.odoo.source.readers import Asked, fetched

MODEL = "account.move"
POSTED = [["move_type", "=", "out_refund"], ["state", "=", "posted"]]
_HEADER = (
    "name", "ref", "state", "date", "invoice_date", "invoice_origin", "reversed_entry_id", "currency_id", "amount_total", "amount_tax",
    "write_date",
)  # fmt: skip
_LINE = (
    "product_id",
    "name",
    "quantity",
    "price_subtotal",
    "price_total",
    "display_type",
    "sale_line_ids",
    "sale_line_id",
)
_GOODS = [["display_type", "=", "product"]]


class RefundReader:
    """`readers.Reader` of the flow `refunds`. `services`: references of our service products -> what is booked on them."""

    def __init__(self, models: Models, links: Links, services: Mapping[str, str]) -> None:
        self._models, self._links, self._services = models, links, services

    async def read(self, asked: Asked) -> list[Fetched]:
        notes = {
            row["id"]: row for row in await self._models.rows(MODEL, [["id", "in", list(asked.ids)], *POSTED], _HEADER)
        }
        lines = await by_parent(self._models, "account.move.line", "move_id", list(notes), _LINE, _GOODS)
        sold = await self._sold(notes, lines)
        every = {one for some in sold.values() for one in some}
        order_lines = await self._models.by_id(LINE, every, ("order_id", "product_id"))
        keys = await self._links.orders(link(row["order_id"]) for row in order_lines.values())
        links = await self._links.lines(order_lines)
        skus = await skus_of(self._models, [link(line["product_id"]) for some in lines.values() for line in some])
        returns = await self._links.returns(notes)
        found = []
        for one, note in notes.items():
            orders = {link(order_lines[line]["order_id"]) for line in sold[one] if line in order_lines}
            known = sorted({keys[order] for order in orders if order in keys})
            if not known:
                continue
            content = _header(note, known, returns.get(one, ""))
            mine = {line: order_lines[line] for line in sold[one] if line in order_lines}
            content["lines"] = [self._line(line, mine, links, skus) for line in lines[one]]
            found.append(fetched(f"odoo:account_move:{one}", "refund", newest([note]), content))
        return found

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        return await named(self._models, MODEL, names, POSTED)

    def keep(self) -> None:
        """Nothing is remembered."""

    async def _sold(self, notes: Mapping[int, Row], lines: Mapping[int, Sequence[Row]]) -> dict[int, list[int]]:
        """credit note -> lines of sale orders it is about: its own, else those of the invoice it takes back, else those of the order it names."""
        found = {one: [sold for line in lines[one] for sold in _sold_by(line)] for one in notes}
        invoices = {one: link(note["reversed_entry_id"]) for one, note in notes.items() if not found[one]}
        billed = await by_parent(
            self._models, "account.move.line", "move_id", sorted({i for i in invoices.values() if i}), _LINE, _GOODS
        )
        for one, invoice in invoices.items():
            found[one] = [sold for line in billed.get(invoice, ()) for sold in _sold_by(line)]
        names = {one: text(notes[one]["invoice_origin"]) for one in notes if not found[one]}
        wanted = sorted({name for name in names.values() if name})
        rows = await self._models.rows(LINE, [["order_id.name", "in", wanted]], ("order_id",)) if wanted else []
        for one, name in names.items():
            found[one] = [row["id"] for row in rows if name and link_name(row["order_id"]) == name]
        return found

    def _line(
        self, line: Row, sold: Mapping[int, Row], links: Mapping[int, LineLink], skus: Mapping[int, str]
    ) -> dict[str, Any]:
        """kind: goods, shipping, tax, extra, other as our sink booked it; "" for what a person added."""
        product = link(line["product_id"])
        of_product = [one for one, row in sold.items() if product and link(row["product_id"]) == product]
        own = _sold_by(line) or (of_product if product else [])
        stands_for = next((links[one] for one in own if one in links), None)
        sku = skus.get(product, "")
        subtotal, total = number(line["price_subtotal"]), number(line["price_total"])
        return {
            "id": line["id"],
            "kind": stands_for.kind if stands_for else self._services.get(sku, ""),
            "line_id": stands_for.line_id if stands_for else "",
            "sku": sku,
            "quantity": plain(number(line["quantity"])),
            "amount": plain(subtotal),
            "tax": plain(total - subtotal),
        }


def _header(note: Row, keys: Sequence[str], return_key: str) -> dict[str, Any]:
    """order_keys: one, unless a person refunded several orders in one credit note."""
    return {
        "id": note["id"],
        "order_keys": list(keys),
        "return_key": return_key,
        "name": text(note["name"]),
        "reason": text(note["ref"]),
        "date": text(note["date"]),
        "currency": link_name(note["currency_id"]),
        "total": plain(number(note["amount_total"])),
    }


def _sold_by(line: Row) -> list[int]:
    """The sale order lines an invoice line is of."""
    many = line.get("sale_line_ids")
    if isinstance(many, list) and many:
        return [int(one) for one in many]
    one = link(line.get("sale_line_id"))
    return [one] if one else []

"""What Odoo's pricelists are made of, product by product: base prices and the rules that apply to one unit. Computing is the mapping's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.ports import Fetched
from connectors.odoo.capture_settings import CaptureSettings
from connectors.odoo.products_made import marks
from connectors.odoo.source.catalogue import Catalogue, Item
from connectors.odoo.source.models import Models, Row, link, link_name, number, plain, text
from connectors.odoo.source.readers import Asked, fetched

_TAGS = "product_tag_ids"
_PRODUCT = ("lst_price", "standard_price", "currency_id", "cost_currency_id", _TAGS)
_RULE = (
    "pricelist_id", "applied_on", "product_tmpl_id", "product_id", "categ_id", "min_quantity", "date_start", "date_end", "compute_price",
    "base", "base_pricelist_id", "fixed_price", "percent_price", "price_discount", "price_markup", "price_round", "price_surcharge",
    "price_min_margin", "price_max_margin",
)  # fmt: skip
_NUMBERS = (
    "min_quantity", "fixed_price", "percent_price", "price_discount", "price_markup", "price_round", "price_surcharge",
    "price_min_margin", "price_max_margin",
)  # fmt: skip


class PriceReader:
    """`readers.Reader` of the flow `prices`."""

    def __init__(self, models: Models, catalogue: Catalogue, settings: CaptureSettings, module: str) -> None:
        self._models, self._catalogue, self._settings, self._module = models, catalogue, settings, module

    async def read(self, asked: Asked) -> list[Fetched]:
        more = self._settings.price_fields
        items = await self._catalogue.items(asked, (*_PRODUCT, *more))
        live = [item.row for item in items if item.active and item.row]
        lists = await self._pricelists()
        lines = await self._ancestry(live)
        rules, bases = await self._rules(live, lists, lines)
        rates = await self._rates([*lists.values(), *bases.values()])
        unreviewed = await self._marks(live)
        found = []
        for item in items:
            content: dict[str, Any] = {"id": item.product, "sku": item.sku, "active": item.active}
            if item.active and item.row:
                content |= self._content(item, more)
                content["unreviewed"] = not unreviewed.isdisjoint(item.row.get(_TAGS) or ())
                content["rates"] = rates
                content["rules"] = [rule for rule in rules if _concerns(rule, item.row, lines)]
                content["pricelists"] = [_list(row, offered=one in lists) for one, row in (lists | bases).items()]
            found.append(fetched(f"sku:{item.sku}", "price", asked.stamp, content))
        return found

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        return await self._catalogue.find(names)

    def keep(self) -> None:
        self._catalogue.keep()

    @staticmethod
    def _content(item: Item, more: Sequence[str]) -> dict[str, Any]:
        row = item.row or {}
        currency = link_name(row.get("currency_id"))
        return {
            "category": link_name(row["categ_id"]),
            "list_price": plain(number(row["lst_price"])),
            "currency": currency,
            "cost": plain(number(row.get("standard_price"))) if row.get("standard_price") else "",
            "cost_currency": link_name(row.get("cost_currency_id")) or currency,
            "fields": {name: row[name] for name in more if name in row},
        }

    async def _marks(self, products: Sequence[Row]) -> frozenset[int]:
        """The tags that say: made for an order, and nobody has looked at the price yet. Asked for where a product has a tag at all."""
        return await marks(self._models.odoo, self._module) if any(row.get(_TAGS) for row in products) else frozenset()

    async def _pricelists(self) -> dict[int, Row]:
        wanted = self._settings.pricelists
        domain: list[Any] = [["active", "=", True]] + ([["name", "in", list(wanted)]] if wanted else [])
        rows = await self._models.rows("product.pricelist", domain, ("name", "currency_id"), order="sequence, id")
        return {row["id"]: row for row in rows}

    async def _ancestry(self, products: Sequence[Row]) -> dict[int, tuple[int, ...]]:
        """category -> itself and the ones it lies in, outermost first."""
        own = {link(row["categ_id"]) for row in products} - {0}
        if not own:
            return {}
        rows = await self._models.rows("product.category", [["id", "parent_of", sorted(own)]], ("parent_id",))
        above = {row["id"]: link(row["parent_id"]) for row in rows}
        found = {}
        for one in own:
            line = [one]
            while (parent := above.get(line[0], 0)) and parent not in line:
                line.insert(0, parent)
            found[one] = tuple(line)
        return found

    async def _rules(
        self, rows: Sequence[Row], lists: Mapping[int, Row], lines: Mapping[int, Sequence[int]]
    ) -> tuple[list[dict[str, Any]], dict[int, Row]]:
        """The rules of these pricelists and of those they are based on, for one unit of these products; and the latter."""
        scope: list[Any] = [
            ["min_quantity", "<=", 1],
            "|", ["categ_id", "=", False], ["categ_id", "in", sorted({one for line in lines.values() for one in line})],
            "|", ["product_tmpl_id", "=", False], ["product_tmpl_id", "in", sorted({link(row["product_tmpl_id"]) for row in rows})],
            "|", ["product_id", "=", False], ["product_id", "in", [row["id"] for row in rows]],
        ]  # fmt: skip
        found: list[Row] = []
        read: set[int] = set()
        bases: dict[int, Row] = {}
        wave = set(lists)
        while wave and rows:
            some = await self._models.rows(
                "product.pricelist.item", [["pricelist_id", "in", sorted(wave)], *scope], _RULE
            )
            found += some
            read |= wave
            wave = {link(row.get("base_pricelist_id")) for row in some if row.get("base") == "pricelist"} - read - {0}
            bases |= await self._models.by_id("product.pricelist", wave - set(lists), ("name", "currency_id"))
        return [_rule(row) for row in found], bases

    async def _rates(self, lists: Sequence[Row]) -> dict[str, str]:
        """currency -> how many of it one unit of the company's currency is, today; empty where all are in one."""
        ids = {link(row["currency_id"]) for row in lists}
        rows = await self._models.by_id("res.currency", ids, ("name", "rate"))
        return {text(row["name"]): f"{number(row.get('rate')) or number(1.0):f}" for row in rows.values()}


def _list(row: Row, *, offered: bool) -> dict[str, Any]:
    """offered: its price is asked for; else it is only the base of another."""
    return {"id": row["id"], "name": text(row["name"]), "currency": link_name(row["currency_id"]), "offered": offered}


def _rule(row: Row) -> dict[str, Any]:
    content: dict[str, Any] = {name: plain(number(row.get(name))) for name in _NUMBERS}
    for name in ("pricelist_id", "product_tmpl_id", "product_id", "categ_id", "base_pricelist_id"):
        content[name] = link(row.get(name))
    for name in ("applied_on", "compute_price", "date_start", "date_end"):
        content[name] = text(row.get(name))
    return content | {
        "id": row["id"],
        "base": text(row.get("base")) or "list_price",
        "category": link_name(row.get("categ_id")),
    }


def _concerns(rule: Mapping[str, Any], row: Row, lines: Mapping[int, Sequence[int]]) -> bool:
    match rule["applied_on"]:
        case "0_product_variant":
            return bool(rule["product_id"] == row["id"])
        case "1_product":
            return bool(rule["product_tmpl_id"] == link(row["product_tmpl_id"]))
        case "2_product_category":
            return rule["categ_id"] in lines.get(link(row["categ_id"]), ())
    return True

"""Products for SKUs Odoo does not know yet, where the configuration wants them made (PRD-2). Variants of one group share a template.

Everything is loaded with external ids, so two listings of a group in two processes make one template. Attributes are of the kind `dynamic`:
Odoo makes only the variants that are asked for, not every combination. A group's member without any of the configured attributes, or with
those another member has, becomes a product of its own.

A product made is at the listing's price from the first moment, or at 0, which no channel is told: Odoo's own default, 1.00, would be told to all.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.errors import ConnectorError
from connectors.odoo.client import Odoo
from connectors.odoo.keys import xid
from connectors.odoo.loading import CONTEXT, Cell, Loaded, load
from connectors.odoo.settings import OdooSettings
from schemas.records import Listing

_ALONE = ("id", "default_code", "name", "type", "is_storable", "list_price")


class ListingProducts:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, settings: OdooSettings) -> None:
        self._odoo, self._settings = odoo, settings
        self._currency = ""

    async def make(self, listings: Sequence[Listing], currency: str) -> list[Loaded]:
        """For each listing its product, or what keeps it from being made. `currency`: the company's. Raises ConnectorError for what concerns all."""
        self._currency = currency
        alone = [one for one in listings if not self._choices(one)]
        rows: list[list[list[Cell]]] = [[self._alone(one)] for one in alone]
        made = dict(zip(map(_same, alone), await load(self._odoo, "product.product", _ALONE, rows), strict=True))
        for one in listings:
            if _same(one) not in made:
                made[_same(one)] = await self._variant(one)
        return [made[_same(one)] for one in listings]

    def _alone(self, listing: Listing) -> list[Cell]:
        return [
            self._key(listing),
            listing["sku"],
            listing["title"] or listing["sku"],
            "consu",
            "1",
            self._price(listing),
        ]

    def _price(self, listing: Listing) -> str:
        price = listing["price"] if self._settings.listings.wanted().get("list_price") == "price" else None
        if price is None or price["currency"] != self._currency:
            return "0"
        return price["amount"]

    def _key(self, listing: Listing) -> str:
        """The same as for a product made for an order: the SKU alone."""
        return xid(self._settings.module, "product", listing["sku"])

    def _choices(self, listing: Listing) -> dict[str, str]:
        """Attribute -> value, of those that tell variants apart."""
        if not listing["variant_group"]:
            return {}
        wanted = {name.casefold() for name in self._settings.listings.variant_attributes}
        return {
            name: text.strip()
            for name, text in listing["attributes"].items()
            if name.casefold() in wanted and text.strip()
        }

    async def _variant(self, listing: Listing) -> Loaded:
        module = self._settings.module
        group = xid(module, "variants", listing["source"], listing["account"], listing["variant_group"])
        try:
            shown = listing["title"] or listing["sku"]
            header: dict[str, Cell] = {"id": group, "name": shown, "type": "consu", "is_storable": "1"}
            header["list_price"] = self._price(listing)
            template = await self._one("product.template", header)
            chosen = [await self._chosen(group, template, *choice) for choice in sorted(self._choices(listing).items())]
            return await self._member(listing, template, chosen)
        except ConnectorError as error:
            return error

    async def _member(self, listing: Listing, template: int, chosen: Sequence[int]) -> int:
        """The variant of this combination. Odoo makes a template's first variant by itself, without a reference: that one is taken."""
        fields = ["default_code", "product_template_attribute_value_ids"]
        rows = await self._odoo.rows("product.product", [["product_tmpl_id", "=", template]], fields)
        same = [row for row in rows if set(row["product_template_attribute_value_ids"]) == set(chosen)]
        if any(row["default_code"] == listing["sku"] for row in same):
            return next(int(row["id"]) for row in same if row["default_code"] == listing["sku"])
        if same and same[0]["default_code"]:
            return await self._one("product.product", dict(zip(_ALONE, self._alone(listing), strict=True)))
        if same:
            await self._odoo.tell(
                "product.product", "write", [same[0]["id"]], {"default_code": listing["sku"]}, context=CONTEXT
            )
            return int(same[0]["id"])
        values: dict[str, Cell] = {
            "id": self._key(listing),
            "product_tmpl_id/.id": template,
            "default_code": listing["sku"],
        }
        values["product_template_attribute_value_ids/.id"] = ",".join(map(str, chosen))
        return await self._one("product.product", values)

    async def _chosen(self, group: str, template: int, name: str, text: str) -> int:
        """The template's own record of an attribute's value."""
        attribute = await self._named("product.attribute", [["name", "=", name]], {
            "id": xid(self._settings.module, "attribute", name), "name": name, "create_variant": "dynamic",
        })  # fmt: skip
        value = await self._named("product.attribute.value", [["attribute_id", "=", attribute], ["name", "=", text]], {
            "id": xid(self._settings.module, "attribute", name, text), "name": text, "attribute_id/.id": attribute,
        })  # fmt: skip
        line = await self._named(
            "product.template.attribute.line", [["product_tmpl_id", "=", template], ["attribute_id", "=", attribute]],
            {"id": f"{group}/{attribute}", "product_tmpl_id/.id": template, "attribute_id/.id": attribute, "value_ids/.id": str(value)},
        )  # fmt: skip
        (row,) = await self._odoo.rows("product.template.attribute.line", [["id", "=", line]], ["value_ids"])
        if value not in row["value_ids"]:
            values = {"value_ids": [[4, value]]}
            await self._odoo.tell("product.template.attribute.line", "write", [line], values, context=CONTEXT)
        domain = [["attribute_line_id", "=", line], ["product_attribute_value_id", "=", value]]
        (own,) = await self._odoo.rows("product.template.attribute.value", domain, ["product_attribute_value_id"])
        return int(own["id"])

    async def _named(self, model: str, domain: list[list[object]], values: dict[str, Cell]) -> int:
        """The oldest such record, whoever made it, else a new one."""
        found = await self._odoo.rows(model, domain, ["id"], limit=1)
        return int(found[0]["id"]) if found else await self._one(model, values)

    async def _one(self, model: str, values: dict[str, Cell]) -> int:
        (made,) = await load(self._odoo, model, list(values), [[list(values.values())]])
        if isinstance(made, ConnectorError):
            raise made
        return made


def _same(listing: Listing) -> str:
    return listing["sku"]

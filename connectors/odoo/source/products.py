"""Products as they are to be listed: texts, codes, measures, variants, pictures (by reference, never their bytes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.ports import Fetched
from connectors.odoo.capture_settings import CaptureSettings
from connectors.odoo.products_made import MARK
from connectors.odoo.source.catalogue import MODEL, Catalogue
from connectors.odoo.source.models import Models, Row, link, link_name, milliseconds, number, plain, text
from connectors.odoo.source.readers import Asked, fetched

_FIELDS = (
    "name", "description", "description_sale", "description_ecommerce", "barcode", "lst_price", "currency_id", "weight", "volume",
    "weight_uom_name", "volume_uom_name", "product_template_attribute_value_ids", "product_tag_ids",
)  # fmt: skip
IMAGE = "image_1920"
_VALUES = "product.template.attribute.value"


class ProductReader:
    """`readers.Reader` of the flow `products`."""

    def __init__(self, models: Models, catalogue: Catalogue, settings: CaptureSettings) -> None:
        self._models, self._catalogue, self._settings = models, catalogue, settings

    async def read(self, asked: Asked) -> list[Fetched]:
        more = [*self._settings.product_fields, *filter(None, [self._settings.brand_field])]
        items = await self._catalogue.items(asked, (*_FIELDS, *more))
        live = [item.row for item in items if item.active and item.row]
        values = await self._values(live)
        groups = await self._groups(live)
        tags = await self._names("product.tag", live, "product_tag_ids")
        images = await self._images(live)
        found = []
        for item in items:
            content: dict[str, Any] = {"id": item.product, "sku": item.sku, "active": item.active}
            version = asked.stamp
            if item.active and item.row:
                row = item.row
                version = milliseconds(row["write_date"])
                content |= self._content(row) | groups[link(row["product_tmpl_id"])]
                content["attributes"] = [
                    values[one] for one in row.get("product_template_attribute_value_ids") or () if one in values
                ]
                content["tags"] = [tags[one] for one in row.get("product_tag_ids") or () if tags.get(one, MARK) != MARK]
                content["images"] = images.get(item.product, [])
                content["fields"] = {name: row[name] for name in more if name in row}
            found.append(fetched(f"sku:{item.sku}", "product", version, content))
        return found

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        return await self._catalogue.find(names)

    def keep(self) -> None:
        self._catalogue.keep()

    def _content(self, row: Row) -> dict[str, Any]:
        brand = row.get(self._settings.brand_field) if self._settings.brand_field else ""
        return {
            "template_id": link(row["product_tmpl_id"]),
            "name": text(row["name"]),
            "description": text(row.get("description_ecommerce")) or text(row.get("description_sale")) or text(row.get("description")),
            "barcode": text(row["barcode"]),
            "brand": link_name(brand) or (text(brand) if not isinstance(brand, list) else ""),
            "category": link_name(row["categ_id"]),
            "list_price": plain(number(row["lst_price"])),
            "currency": link_name(row.get("currency_id")),
            "weight": plain(number(row.get("weight"))),
            "weight_unit": text(row.get("weight_uom_name")) or "kg",
            "volume": plain(number(row.get("volume"))),
            "volume_unit": text(row.get("volume_uom_name")) or "m³",
            "unit": link_name(row["uom_id"]),
        }  # fmt: skip

    async def _values(self, rows: Sequence[Row]) -> dict[int, dict[str, str]]:
        """Attribute values by id."""
        ids = {one for row in rows for one in row.get("product_template_attribute_value_ids") or ()}
        found = await self._models.by_id(_VALUES, ids, ("attribute_id", "name")) if ids else {}
        return {
            one: {"attribute": link_name(row["attribute_id"]), "value": text(row["name"])} for one, row in found.items()
        }

    async def _groups(self, rows: Sequence[Row]) -> dict[int, dict[str, Any]]:
        """template -> how many variants it has, and which attributes tell them apart."""
        templates = sorted({link(row["product_tmpl_id"]) for row in rows})
        counted = await self._models.by_id("product.template", templates, ("product_variant_count",))
        domain = [["product_tmpl_id", "in", templates]]
        lines = (
            await self._models.rows(
                "product.template.attribute.line", domain, ("product_tmpl_id", "attribute_id", "value_ids")
            )
            if templates
            else []
        )
        return {
            one: {
                "variants": int(counted.get(one, {}).get("product_variant_count") or 1),
                "choices": [
                    link_name(line["attribute_id"])
                    for line in lines
                    if link(line["product_tmpl_id"]) == one and len(line["value_ids"]) > 1
                ],
            }
            for one in templates
        }

    async def _names(self, model: str, rows: Sequence[Row], field: str) -> dict[int, str]:
        ids = sorted({one for row in rows for one in row.get(field) or ()})
        found = await self._models.optional(model, [["id", "in", ids]], ("name",)) if ids else []
        return {row["id"]: text(row["name"]) for row in found}

    async def _images(self, rows: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
        """product -> its pictures, the main one first. mark: changes when the picture does."""
        ids = [row["id"] for row in rows]
        sized = await self._models.by_id(MODEL, ids, (IMAGE, "write_date"), context={"bin_size": True})
        sums = await self._attachments(rows)
        found: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            one = sized.get(row["id"], {})
            if one.get(IMAGE):
                stored = sums.get((MODEL, row["id"])) or sums.get(("product.template", link(row["product_tmpl_id"])))
                mark = stored or f"{one[IMAGE]} {one['write_date']}"
                found[row["id"]] = [{"model": MODEL, "record_id": row["id"], "field": IMAGE, "mark": mark}]
        return await self._further(rows, found)

    async def _attachments(self, rows: Sequence[Row]) -> dict[tuple[str, int], str]:
        """(model, id) -> checksum of its picture as Odoo keeps it, where we may read that."""
        ids = sorted({row["id"] for row in rows} | {link(row["product_tmpl_id"]) for row in rows})
        domain = [
            ["res_model", "in", [MODEL, "product.template"]], ["res_id", "in", ids], ["res_field", "in", [IMAGE, "image_variant_1920"]],
        ]  # fmt: skip
        fields = ("res_model", "res_id", "checksum")
        if not rows or not {"checksum", "res_field"} <= await self._models.fields("ir.attachment"):
            return {}
        found = await self._models.optional("ir.attachment", domain, fields)
        return {(text(one["res_model"]), one["res_id"]): text(one["checksum"]) for one in found}

    async def _further(
        self, rows: Sequence[Row], found: Mapping[int, Sequence[dict[str, Any]]]
    ) -> dict[int, list[dict[str, Any]]]:
        """With the extra pictures the e-commerce app keeps, where it is installed."""
        every = {one: list(images) for one, images in found.items()}
        templates = sorted({link(row["product_tmpl_id"]) for row in rows})
        fields = ("product_tmpl_id", "product_variant_id", "write_date", "sequence")
        domain = ["|", ["product_tmpl_id", "in", templates], ["product_variant_id", "in", [row["id"] for row in rows]]]
        extra = await self._models.optional("product.image", domain, fields, order="sequence, id") if rows else []
        for row in rows:
            for image in extra:
                own = link(image.get("product_variant_id")) or row["id"]
                if own == row["id"] and link(image["product_tmpl_id"]) in (0, link(row["product_tmpl_id"])):
                    one = {"model": "product.image", "record_id": image["id"], "field": IMAGE}
                    every.setdefault(row["id"], []).append(one | {"mark": text(image["write_date"])})
        return every

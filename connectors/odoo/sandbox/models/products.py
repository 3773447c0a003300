"""Products: a template with its variants. A template with one variant shows and sets the variant's own fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import (
    Field,
    Fields,
    Kind,
    Row,
    choice,
    derived,
    many2many,
    many2one,
    one2many,
)
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError, ValidationError
from connectors.odoo.sandbox.models.availability import available
from connectors.odoo.sandbox.models.images import checked_image
from connectors.odoo.sandbox.models.messages import Thread
from connectors.odoo.sandbox.models.variants import make_variants, variant_label, variants_of

# Kept per variant; the template shows them when it has exactly one.
OF_VARIANT: dict[str, Kind] = {
    "default_code": "char", "barcode": "char", "standard_price": "float", "weight": "float", "volume": "float",
}  # fmt: skip
# Smaller images are made by the server; here they are the same bytes.
SIZES = (1024, 512, 256, 128)
QUANTITIES = ("qty_available", "free_qty", "virtual_available", "incoming_qty", "outgoing_qty")


def _only_variant(env: Env, template: int) -> int | None:
    found = variants_of(env, template)
    return found[0] if len(found) == 1 else None


def _from_variant(name: str, kind: Kind) -> Field:
    blank: Any = 0.0 if kind == "float" else None

    def compute(env: Env, row: Row) -> Any:
        only = _only_variant(env, row["id"])
        return blank if only is None else env.row("product.product", only).get(name)

    def assign(env: Env, record_id: int, value: Any) -> None:
        only = _only_variant(env, record_id)
        if only is not None:
            env.write("product.product", only, {name: value})

    return derived(kind, compute, name.replace("_", " ").title(), assign=assign, sortable=name == "default_code")


def _quantity(name: str) -> Field:
    return derived("float", lambda env, row: available(env, row, name), name.replace("_", " ").capitalize())


def _template_quantity(name: str) -> Field:
    def compute(env: Env, row: Row) -> float:
        return sum(available(env, env.row("product.product", one), name) for one in variants_of(env, row["id"]))

    return derived("float", compute, name.replace("_", " ").capitalize())


class ProductCategory(Model):
    name = "product.category"
    label = "Product Category"
    order = "complete_name"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "parent_id": many2one("product.category", "Parent Category", ondelete="cascade"),
        "complete_name": derived("char", lambda env, row: _path(env, row), "Complete Name", sortable=True),
    }

    def display_name(self, env: Env, row: Row) -> str:
        return _path(env, row)


def _path(env: Env, row: Row) -> str:
    parent = env.find("product.category", row["parent_id"])
    return f"{_path(env, parent)} / {row['name']}" if parent else str(row["name"])


class ProductTag(Model):
    name = "product.tag"
    label = "Product Tag"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True, index=True),
        "sequence": Field("integer", "Sequence", default=10),
        "color": Field("char", "Color", default="#3C3C3C"),
    }

    def check(self, env: Env, row: Row) -> None:
        if len(list(env.table(self.name).having("name", (row["name"],)))) > 1:
            raise ValidationError("The operation cannot be completed: Tag name already exists!")


class ProductTemplate(Thread):
    name = "product.template"
    label = "Product"
    order = "name, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True, index=True),
        "type": choice("consu=Goods", "service", "combo", label="Product Type", default="consu", required=True),
        "is_storable": Field("boolean", "Track Inventory"),
        "tracking": choice(
            "serial=By Unique Serial Number", "lot=By Lots", "none=By Quantity", default="none", required=True
        ),
        "list_price": Field("float", "Sales Price", digits=2, default=1.0),
        "taxes_id": many2many("account.tax", "Sales Taxes", default=lambda env: _tax(env, "account_sale_tax_id")),
        "supplier_taxes_id": many2many(
            "account.tax", "Purchase Taxes", default=lambda env: _tax(env, "account_purchase_tax_id")
        ),
        "categ_id": many2one(
            "product.category", "Product Category", required=True,
            default=lambda env: env.ref("product.product_category_all"),
        ),
        "uom_id": many2one("uom.uom", "Unit of Measure", required=True, default=lambda env: env.ref("uom.product_uom_unit")),
        "uom_po_id": many2one("uom.uom", "Purchase Unit", required=True, default=lambda env: env.ref("uom.product_uom_unit")),
        "sale_ok": Field("boolean", "Sales", default=True),
        "purchase_ok": Field("boolean", "Purchase", default=True),
        "active": Field("boolean", "Active", default=True),
        "description": Field("html", "Description"),
        "description_sale": Field("text", "Sales Description"),
        "description_purchase": Field("text", "Purchase Description"),
        "invoice_policy": choice("order=Ordered quantities", "delivery=Delivered quantities", default="order"),
        "hs_code": Field("char", "HS Code"),
        "country_of_origin": many2one("res.country", "Origin of Goods"),
        "image_1920": Field("binary", "Image"),
        **{f"image_{size}": derived("binary", lambda env, row: row["image_1920"], f"Image {size}") for size in SIZES},
        "company_id": many2one("res.company", "Company"),
        "currency_id": derived(
            "many2one", lambda env, row: env.company["currency_id"], "Currency", relation="res.currency"
        ),
        "product_tag_ids": many2many("product.tag", "Product Template Tags"),
        "attribute_line_ids": one2many("product.template.attribute.line", "product_tmpl_id", "Product Attributes"),
        "product_variant_ids": one2many("product.product", "product_tmpl_id", "Products"),
        "seller_ids": one2many("product.supplierinfo", "product_tmpl_id", "Vendors"),
        "product_variant_id": derived(
            "many2one", lambda env, row: next(iter(variants_of(env, row["id"])), None), "Product",
            relation="product.product",
        ),
        "product_variant_count": derived("integer", lambda env, row: len(variants_of(env, row["id"])), "# Variants"),
        **{name: _from_variant(name, kind) for name, kind in OF_VARIANT.items()},
        **{name: _template_quantity(name) for name in QUANTITIES},
    }  # fmt: skip

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        return checked_image(values)

    def changing(self, env: Env, ids: Sequence[int], values: dict[str, Any]) -> dict[str, Any]:
        return checked_image(values)

    def created(self, env: Env, record_id: int, given: Values) -> None:
        if env.context.get("create_product_product", True):
            make_variants(env, record_id)
            only = _only_variant(env, record_id)
            own = {name: given[name] for name in OF_VARIANT if name in given}
            if only is not None and own:
                env.write("product.product", only, own)

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        for one in ids:
            if "attribute_line_ids" in values:
                make_variants(env, one)
            every = list(env.table("product.product").having("product_tmpl_id", (one,)))
            for variant in every:
                # write_date of a variant follows its template.
                env.patch(
                    "product.product", variant, **({"active": bool(values["active"])} if "active" in values else {})
                )

    def display_name(self, env: Env, row: Row) -> str:
        code = env.value("product.template", row, "default_code")
        return f"[{code}] {row['name']}" if code else str(row["name"])


def _tax(env: Env, which: str) -> list[Any]:
    tax = env.company[which]
    return [[6, 0, [tax]]] if tax else []


class Product(Thread):
    name = "product.product"
    label = "Product Variant"
    order = "default_code, name, id"
    inherits = ("product_tmpl_id", "product.template")
    fields: ClassVar[Fields] = {
        "product_tmpl_id": many2one("product.template", "Product Template", required=True, ondelete="cascade"),
        "default_code": Field("char", "Internal Reference", index=True),
        "barcode": Field("char", "Barcode", index=True),
        "active": Field("boolean", "Active", default=True),
        "standard_price": Field("float", "Cost"),
        "weight": Field("float", "Weight", digits=2),
        "volume": Field("float", "Volume", digits=2),
        "lst_price": derived(
            "float",
            lambda env, row: env.value("product.product", row, "list_price") + _extra(env, row),
            "Sales Price",
            assign=lambda env, one, value: env.write(
                "product.template", env.row("product.product", one)["product_tmpl_id"], {"list_price": value}
            ),
        ),
        "price_extra": derived("float", lambda env, row: _extra(env, row), "Variant Price Extra"),
        "product_template_attribute_value_ids": many2many("product.template.attribute.value", "Attribute Values"),
        "product_template_variant_value_ids": derived(
            "many2many", lambda env, row: row["product_template_attribute_value_ids"], "Variant Values",
            relation="product.template.attribute.value",
        ),
        "combination_indices": Field("char", "Combination Indices", index=True),
        "partner_ref": derived("char", lambda env, row: env.display("product.product", row["id"]), "Customer Ref"),
        **{name: _quantity(name) for name in QUANTITIES},
    }  # fmt: skip

    def write_many(self, env: Env, ids: Sequence[int], given: Values) -> None:
        """A picture written to several variants in one call: a real server was seen to give it to the first of them only (see the demo's)."""
        if len(ids) > 1 and given.get("image_1920"):
            super().write_many(env, ids[:1], {"image_1920": given["image_1920"]})
            given = {name: value for name, value in given.items() if name != "image_1920"}
        super().write_many(env, ids, given)

    def create_parent(self, env: Env, parent: str, values: Values) -> int:
        return env.with_context(create_product_product=False).create(parent, values)

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        given = values.get("product_template_attribute_value_ids") or []
        ids = [one for command in given for one in (command[2] if command[0] == 6 else command[1:2])]
        return {**values, "combination_indices": ",".join(map(str, sorted(ids)))}

    def check(self, env: Env, row: Row) -> None:
        if not row["barcode"] or not row["active"]:
            return
        table = env.table(self.name)
        twins = [one for one in table.having("barcode", (row["barcode"],)) if table.rows[one]["active"]]
        if len(twins) > 1:
            names = " and ".join(env.display(self.name, one) for one in sorted(twins))
            raise ValidationError(
                "Barcode(s) already assigned:\n\n"
                f'- Barcode "{row["barcode"]}" already assigned to product(s): {names}\n\n'
                "Note: products that you don't have access to will not be shown above."
            )

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        """A template without an active variant is archived, and comes back with its first one."""
        if "active" not in values:
            return
        for template in {env.row(self.name, one)["product_tmpl_id"] for one in ids}:
            env.patch_if_changed("product.template", template, active=bool(variants_of(env, template)))

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        if any(list(env.table("stock.quant").having("product_id", (one,))) for one in ids):
            raise UserError("You cannot delete products that are in stock; archive them instead.")

    def deleted(self, env: Env, rows: Sequence[Row]) -> None:
        super().deleted(env, rows)
        templates = env.table("product.product")
        for template in {row["product_tmpl_id"] for row in rows}:
            left = list(templates.having("product_tmpl_id", (template,)))
            if not left and not env.children("product.template.attribute.line", "product_tmpl_id", template):
                env.unlink("product.template", [template])

    def display_name(self, env: Env, row: Row) -> str:
        name = variant_label(env, row)
        return f"[{row['default_code']}] {name}" if row["default_code"] else name

    def is_named(self, env: Env, row: Row, operator: str, name: str) -> bool:
        return name in (row["default_code"], row["barcode"]) or super().is_named(env, row, operator, name)


def _extra(env: Env, row: Row) -> float:
    values = env.rows("product.template.attribute.value")
    return float(
        sum(values[one]["price_extra"] for one in row["product_template_attribute_value_ids"] if one in values)
    )


PRODUCTS: list[Any] = [ProductCategory, ProductTag, ProductTemplate, Product]

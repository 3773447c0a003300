"""Which rows tell of a change, flow by flow, and which entity each is about.

Odoo bumps write_date of the record that was written, seldom of the one a person would call changed: an order line's text leaves the order
as it was, a move's quantity its picking, a stock change the product (seen on 18.0, see docs/capture.md). So every part is watched itself, with
the fields that matter, and the entity it belongs to is read whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OUTGOING = ["picking_type_code", "=", "outgoing"]


@dataclass(frozen=True, slots=True)
class Watch:
    """A model whose changed rows are listed.

    fields   what of a row matters; a row with the same date and the same of these is not new
    about    the field that names the entity: "id" = the row is it; a many2one; or one of the names `capture.Entities` resolves
    own      the row is the entity itself: one that is not wanted any more is told of
    dated    False: a change shows in the date of another watched model, but is written down under this one
    """

    model: str
    fields: tuple[str, ...]
    about: str = "id"
    domain: tuple[Any, ...] = ()
    own: bool = False
    dated: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """A flow. entity: as its records are called; model: what its ids are of; products: its entities are SKUs, all of which can be swept."""

    entity: str
    model: str
    watches: tuple[Watch, ...]
    products: bool = False


_PRODUCT = ("default_code", "active", "sale_ok", "type", "categ_id", "uom_id")
_BOM = Watch("mrp.bom", ("product_tmpl_id", "product_id", "type", "product_qty", "active"), "kit")
_BOM_LINE = Watch("mrp.bom.line", ("bom_id", "product_id", "product_qty"), "kit_line")
_TEMPLATE = Watch("product.template", (), "template", dated=False)
_CATEGORY = Watch("product.category", ("complete_name", "parent_id"), "category")
_RULE = Watch(
    "product.pricelist.item",
    ("pricelist_id", "applied_on", "product_tmpl_id", "product_id", "categ_id", "min_quantity", "date_start",
     "date_end", "compute_price", "base", "base_pricelist_id", "fixed_price", "percent_price", "price_discount",
     "price_markup", "price_round", "price_surcharge", "price_min_margin", "price_max_margin"),
    "rule",
)  # fmt: skip

PLANS: Mapping[str, Plan] = {
    "sale_orders": Plan(
        "sale_order",
        "sale.order",
        (
            Watch("sale.order", ("state", "locked", "amount_total", "tag_ids"), own=True),
            Watch("sale.order.line", ("order_id", "product_id", "product_uom_qty", "qty_delivered"), "order_id"),
        ),
    ),
    "pickings": Plan(
        "picking",
        "stock.picking",
        (
            Watch("stock.picking", ("state", "carrier_id", "carrier_tracking_ref", "date_done", "backorder_id"), domain=(OUTGOING,), own=True),
            # Of all transfers: a condition on the transfer's type makes PostgreSQL gather every outgoing one; the reader leaves the others out.
            Watch("stock.move", ("picking_id", "product_id", "product_uom_qty", "quantity", "state"), "picking_id"),
            Watch("stock.move.line", ("picking_id", "product_id", "quantity", "lot_id", "result_package_id", "state"), "picking_id"),
        ),
    ),
    "stock": Plan(
        "quant",
        "product.product",
        (
            Watch("product.product", _PRODUCT, own=True),
            Watch("stock.quant", ("product_id", "location_id", "quantity", "reserved_quantity"), "product_id"),
            Watch("stock.move", ("product_id", "state", "product_uom_qty", "quantity", "location_id", "location_dest_id"), "product_id"),
            _BOM,
            _BOM_LINE,
            _CATEGORY,
            _TEMPLATE,
        ),
        products=True,
    ),
    "products": Plan(
        "product",
        "product.product",
        (Watch("product.product", (*_PRODUCT, "name", "barcode", "lst_price"), own=True), _CATEGORY, _TEMPLATE),
        products=True,
    ),
    "prices": Plan(
        "price",
        "product.product",
        (
            Watch("product.product", (*_PRODUCT, "lst_price", "standard_price"), own=True),
            Watch("product.template.attribute.value", ("price_extra", "product_tmpl_id"), "product_tmpl_id.variants"),
            _RULE,
            Watch("product.pricelist", ("name", "currency_id", "active"), "everything"),
            Watch("res.currency.rate", ("currency_id", "rate", "name"), "everything"),
            _CATEGORY,
            _TEMPLATE,
        ),
        products=True,
    ),
    "refunds": Plan(
        "refund",
        "account.move",
        (Watch("account.move", ("state", "name", "ref", "amount_total"), domain=(["move_type", "=", "out_refund"],), own=True),),
    ),
    "purchase_orders": Plan(
        "purchase_order",
        "purchase.order",
        (
            Watch("purchase.order", ("state", "partner_ref", "date_planned", "picking_type_id"), own=True),
            Watch("purchase.order.line", ("order_id", "product_id", "product_qty", "price_unit", "date_planned"), "order_id"),
        ),
    ),
    "partners": Plan("partner", "res.partner", (Watch("res.partner", ("name", "active", "ref"), own=True),)),
}  # fmt: skip

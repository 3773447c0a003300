"""Warehouses, locations and kinds of transfers; carriers."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import ValidationError

CODES = ("incoming=Receipt", "outgoing=Delivery", "internal=Internal Transfer", "mrp_operation=Manufacturing")
# (field of the warehouse, code, sequence code, name)
TYPES = (
    ("in_type_id", "incoming", "IN", "Receipts"),
    ("out_type_id", "outgoing", "OUT", "Delivery Orders"),
    ("int_type_id", "internal", "INT", "Internal Transfers"),
)


class Location(Model):
    name = "stock.location"
    label = "Inventory Locations"
    order = "complete_name, id"
    parent_field = "location_id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Location Name", required=True),
        "complete_name": derived("char", lambda env, row: _path(env, row), "Full Location Name", sortable=True),
        "usage": choice(
            "supplier=Vendor Location", "view", "internal=Internal Location", "customer=Customer Location",
            "inventory=Inventory Loss", "production", "transit=Transit Location", default="internal", required=True,
            label="Location Type",
        ),
        "location_id": many2one("stock.location", "Parent Location"),
        "child_ids": one2many("stock.location", "location_id", "Contains"),
        "warehouse_id": many2one("stock.warehouse", "Warehouse"),
        "company_id": many2one("res.company", "Company", default=lambda env: env.company["id"]),
        "barcode": Field("char", "Barcode"),
        "scrap_location": Field("boolean", "Is a Scrap Location?"),
        "active": Field("boolean", "Active", default=True),
    }  # fmt: skip

    def display_name(self, env: Env, row: Row) -> str:
        return _path(env, row)


def _path(env: Env, row: Row) -> str:
    parent = env.find("stock.location", row["location_id"])
    return f"{_path(env, parent)}/{row['name']}" if parent and row["usage"] != "view" else str(row["name"])


class Warehouse(Model):
    name = "stock.warehouse"
    label = "Warehouse"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Warehouse", required=True),
        "code": Field("char", "Short Name", required=True, index=True),
        "active": Field("boolean", "Active", default=True),
        "sequence": Field("integer", "Sequence", default=10),
        "company_id": many2one("res.company", "Company", required=True, default=lambda env: env.company["id"]),
        "partner_id": many2one("res.partner", "Address"),
        "view_location_id": many2one("stock.location", "View Location"),
        "lot_stock_id": many2one("stock.location", "Location Stock"),
        "reception_steps": choice("one_step", "two_steps", "three_steps", default="one_step", required=True),
        "delivery_steps": choice("ship_only", "pick_ship", "pick_pack_ship", default="ship_only", required=True),
        **{field: many2one("stock.picking.type", name) for field, _, _, name in TYPES},
    }

    def check(self, env: Env, row: Row) -> None:
        twins = [
            one for one in env.rows(self.name).values() if row["code"] == one["code"] or row["name"] == one["name"]
        ]
        if len(twins) > 1:
            raise ValidationError("The name and the code of the warehouse must be unique per company!")

    def created(self, env: Env, record_id: int, given: Values) -> None:
        row = env.row(self.name, record_id)
        view = env.create(
            "stock.location",
            {"name": row["code"], "usage": "view", "location_id": env.ref("stock.stock_location_locations"),
             "warehouse_id": record_id},
        )  # fmt: skip
        stock = env.create("stock.location", {"name": "Stock", "location_id": view, "warehouse_id": record_id})
        env.patch(self.name, record_id, view_location_id=view, lot_stock_id=stock)
        customers, vendors = env.ref("stock.stock_location_customers"), env.ref("stock.stock_location_suppliers")
        ways = {"incoming": (vendors, stock), "outgoing": (stock, customers), "internal": (stock, stock)}
        for field, code, sequence_code, name in TYPES:
            source, target = ways[code]
            values = {"name": name, "code": code, "sequence_code": sequence_code, "warehouse_id": record_id}
            places = {"default_location_src_id": source, "default_location_dest_id": target}
            env.patch(self.name, record_id, **{field: env.create("stock.picking.type", {**values, **places})})


class PickingType(Model):
    name = "stock.picking.type"
    label = "Picking Type"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Operation Type", required=True),
        "code": choice(*CODES, label="Type of Operation", default="incoming", required=True),
        "sequence_code": Field("char", "Sequence Prefix", required=True),
        "warehouse_id": many2one("stock.warehouse", "Warehouse"),
        "default_location_src_id": many2one("stock.location", "Source Location"),
        "default_location_dest_id": many2one("stock.location", "Destination Location"),
        "sequence": Field("integer", "Sequence"),
        "company_id": many2one("res.company", "Company", default=lambda env: env.company["id"]),
        "active": Field("boolean", "Active", default=True),
    }

    def display_name(self, env: Env, row: Row) -> str:
        warehouse = env.find("stock.warehouse", row["warehouse_id"])
        return f"{warehouse['name']}: {row['name']}" if warehouse else str(row["name"])


class Carrier(Model):
    name = "delivery.carrier"
    label = "Shipping Methods"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Delivery Method", required=True),
        "product_id": many2one("product.product", "Delivery Product", required=True, ondelete="restrict"),
        "delivery_type": choice("base_on_rule=Based on Rules", "fixed=Fixed Price", default="fixed", required=True),
        "fixed_price": Field("float", "Fixed Price", digits=2),
        "integration_level": choice("rate=Get Rate", "rate_and_ship=Get Rate and Create Shipment", default="rate"),
        "invoice_policy": choice("estimated=Estimated cost", "real=Real cost", default="estimated"),
        "tracking_url": Field("char", "Tracking Link"),
        "sequence": Field("integer", "Sequence", default=10),
        "company_id": many2one("res.company", "Company"),
        "active": Field("boolean", "Active", default=True),
    }


STOCK_PLACES: list[Any] = [Location, Warehouse, PickingType, Carrier]

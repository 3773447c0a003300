"""Stock on hand: one row per product and location; counting it (inventory) and moving it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, derived, many2one
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.kits import kit_of
from connectors.odoo.sandbox.models.system import parameter

SUMMED = ("quantity", "reserved_quantity", "inventory_quantity")
KIT_REFUSAL = "You should update the components quantity instead of directly updating the quantity of the kit product."


def _difference(env: Env, row: Row) -> float:
    return float(row["inventory_quantity"] - row["quantity"]) if row["inventory_quantity_set"] else 0.0


class Quant(Model):
    name = "stock.quant"
    label = "Quants"
    rec_name = "product_id"
    fields: ClassVar[Fields] = {
        "product_id": many2one("product.product", "Product", required=True, ondelete="restrict"),
        "product_tmpl_id": derived(
            "many2one", lambda env, row: env.value("product.product", row["product_id"], "product_tmpl_id"),
            "Product Template", relation="product.template",
        ),
        "location_id": many2one("stock.location", "Location", required=True, ondelete="restrict"),
        "warehouse_id": derived(
            "many2one", lambda env, row: env.row("stock.location", row["location_id"])["warehouse_id"], "Warehouse",
            relation="stock.warehouse",
        ),
        "company_id": many2one("res.company", "Company", default=lambda env: env.company["id"]),
        "quantity": Field("float", "Quantity"),
        "reserved_quantity": Field("float", "Reserved Quantity", required=True),
        "available_quantity": derived("float", lambda env, row: row["quantity"] - row["reserved_quantity"], "Available"),
        "inventory_quantity": Field("float", "Counted"),
        "inventory_quantity_set": Field("boolean", "Inventory Quantity Set"),
        "inventory_diff_quantity": derived("float", _difference, "Difference", sortable=True),
        "inventory_quantity_auto_apply": derived(
            "float",
            lambda env, row: row["quantity"],
            "Inventoried Quantity",
            assign=lambda env, one, value: _count_and_apply(env, one, float(value)),
        ),
        "in_date": Field("datetime", "Incoming Date", default=lambda env: env.now),
    }  # fmt: skip

    def display_name(self, env: Env, row: Row) -> str:
        return (
            f"{env.display('stock.location', row['location_id'])} - {env.display('product.product', row['product_id'])}"
        )

    def create_many(self, env: Env, values: Iterable[Values]) -> list[int]:
        """Counting (context inventory_mode) again at the same place answers the quant that is there."""
        ids = []
        for one in values:
            if env.context.get("inventory_mode") and any(name.startswith("inventory_quantity") for name in one):
                ids.append(self._count(env, one))
            else:
                ids += super().create_many(env, [one])
        return ids

    def _count(self, env: Env, values: Values) -> int:
        counted = {name: value for name, value in values.items() if name.startswith("inventory_quantity")}
        if kit_of(env, env.row("product.product", values["product_id"])):
            raise UserError(KIT_REFUSAL)
        there = quant_at(env, values["product_id"], values["location_id"])
        if there is None:
            others = {name: value for name, value in values.items() if name not in counted}
            there = super().create_many(env, [{**others, "quantity": 0.0}])[0]
        env.write(self.name, there, counted)
        return there

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        if "inventory_quantity" in values:
            for one in ids:
                env.patch(self.name, one, inventory_quantity_set=True)

    @exposed()
    def action_apply_inventory(self, env: Env, ids: list[int]) -> None:
        for one in ids:
            if env.row(self.name, one)["inventory_quantity_set"]:
                apply_count(env, one)

    @exposed(records=False)
    def action_view_inventory(self, env: Env) -> dict[str, Any]:
        """Opening the view tidies up first, unless the parameter stock.skip_quant_tasks says otherwise."""
        if not parameter(env, "stock.skip_quant_tasks"):
            tidy(env)
        return {
            "name": "Physical Inventory",
            "type": "ir.actions.act_window",
            "res_model": self.name,
            "view_mode": "list",
        }


def quants_of(env: Env, product: int, location: int | None = None) -> list[Row]:
    """Oldest first. Several for one product and place are normal."""
    table = env.table("stock.quant")
    rows = [table.rows[one] for one in sorted(table.having("product_id", (product,)))]
    return [row for row in rows if location is None or row["location_id"] == location]


def quant_at(env: Env, product: int, location: int, *, unlocked: bool = False) -> int | None:
    """The oldest there; unlocked: one that no open transaction has changed (Odoo asks with SKIP LOCKED)."""
    for row in quants_of(env, product, location):
        if not unlocked or not env.db.locks.holds("stock.quant", row["id"]):
            return int(row["id"])
    return None


def unreserve(env: Env, product: int, location: int, quantity: float) -> None:
    """Take back so much from what is reserved at a place, whichever of its quants have it."""
    left = quantity
    for row in reversed(quants_of(env, product, location)):
        part = min(left, row["reserved_quantity"])
        if part > 0:
            env.patch("stock.quant", row["id"], reserved_quantity=row["reserved_quantity"] - part)
            left -= part


def _count_and_apply(env: Env, quant: int, counted: float) -> None:
    env.patch("stock.quant", quant, inventory_quantity=counted, inventory_quantity_set=True)
    apply_count(env, quant)


def apply_count(env: Env, quant: int) -> None:
    """The difference becomes a done move from or to the place of inventory losses; it is the counted quant's own."""
    from connectors.odoo.sandbox.models.moves import serve_waiting

    row = env.row("stock.quant", quant)
    difference = _difference(env, row)
    loss = env.ref("stock.location_inventory")
    here, name = row["location_id"], env.context.get("inventory_name") or "Product Quantity Updated"
    if difference:
        source, target = (loss, here) if difference > 0 else (here, loss)
        env.create(
            "stock.move",
            {"name": name, "product_id": row["product_id"], "product_uom_qty": abs(difference), "location_id": source,
             "location_dest_id": target, "quantity": abs(difference), "state": "done", "picked": True},
        )  # fmt: skip
        shift(env, row["product_id"], loss or here, -difference)
        env.patch("stock.quant", quant, quantity=row["quantity"] + difference)
    env.patch("stock.quant", quant, inventory_quantity=0.0, inventory_quantity_set=False)
    if difference > 0:
        serve_waiting(env, row["product_id"], here)


def shift(env: Env, product: int, location: int, quantity: float) -> None:
    """Add to (or take from) what is at a place; virtual places go below zero. A second quant appears where the first is
    locked by a transaction that is still open."""
    there = quant_at(env, product, location, unlocked=True)
    if there is None:
        env.create("stock.quant", {"product_id": product, "location_id": location, "quantity": quantity})
    else:
        env.patch("stock.quant", there, quantity=env.row("stock.quant", there)["quantity"] + quantity)


# ---- what the scheduler does, too


def tidy(env: Env) -> dict[str, int]:
    """Merge quants, then delete empty ones: {"merged": rows that vanished, "deleted": rows that were empty}."""
    return {"merged": merge(env), "deleted": delete_empty(env)}


def merge(env: Env) -> int:
    """By SQL: the oldest of a place has the sum and keeps its write_date, the others vanish; no automation hears of it."""
    groups: dict[tuple[int, int, int | None], list[Row]] = {}
    for one in sorted(env.rows("stock.quant")):
        row = env.row("stock.quant", one)
        groups.setdefault((row["product_id"], row["location_id"], row["company_id"]), []).append(row)
    gone = 0
    for rows in groups.values():
        if len(rows) > 1:
            kept, *others = rows
            sums = {name: sum(row[name] for row in rows) for name in SUMMED}
            env.tx.put("stock.quant", kept["id"], {**kept, **sums, "in_date": min(row["in_date"] for row in rows)})
            for row in others:
                env.tx.put("stock.quant", row["id"], None)
            gone += len(others)
    return gone


def delete_empty(env: Env) -> int:
    empty = [row["id"] for row in env.rows("stock.quant").values() if not any(row[name] for name in SUMMED)]
    env.unlink("stock.quant", empty)
    return len(empty)


QUANTS: list[Any] = [Quant]

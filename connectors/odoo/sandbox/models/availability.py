"""How much of a product there is: on hand, free, expected; over all warehouses or those the context names.

Context: warehouse_id (one id) or location (id or list of ids). The key `warehouse` is ignored, as in Odoo 18.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.odoo.sandbox.engine.domains import compile_domain
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Row
from connectors.odoo.sandbox.models.kits import kit_of

OPEN = ("confirmed", "waiting", "partially_available", "assigned")
Inside = Callable[[int], bool]


def available(env: Env, product: Row, name: str) -> float:
    """name: qty_available | free_qty | virtual_available | incoming_qty | outgoing_qty."""
    kit = kit_of(env, product)
    if kit and name in ("qty_available", "free_qty", "virtual_available"):
        parts = [available(env, env.row("product.product", one), name) // need for one, need in kit if need]
        return float(min(parts, default=0.0))
    if not env.value("product.product", product, "is_storable"):
        return 0.0
    return float(_FIGURES[name](env, product["id"], _scope(env)))


def _scope(env: Env) -> Inside:
    internal: Inside = lambda one: env.row("stock.location", one)["usage"] in ("internal", "transit")  # noqa: E731
    if env.context.get("location"):
        given = env.context["location"]
        roots: list[int] = list(given) if isinstance(given, (list, tuple)) else [given]
    elif env.context.get("warehouse_id"):
        given = env.context["warehouse_id"]
        warehouses = list(given) if isinstance(given, (list, tuple)) else [given]
        roots = [env.row("stock.warehouse", one)["view_location_id"] for one in warehouses]
    else:
        return internal
    below = compile_domain(env, env["stock.location"], [("id", "child_of", roots)])
    return lambda one: below(env.row("stock.location", one)) and internal(one)


def _quants(env: Env, product: int, inside: Inside, field: str) -> float:
    table = env.table("stock.quant")
    rows = (table.rows[one] for one in table.having("product_id", (product,)))
    return float(sum(row[field] for row in rows if inside(row["location_id"])))


def _moves(env: Env, product: int, goes: Callable[[Row], bool]) -> float:
    table = env.table("stock.move")
    rows = (table.rows[one] for one in table.having("product_id", (product,)))
    return float(sum(row["product_uom_qty"] for row in rows if row["state"] in OPEN and goes(row)))


def _on_hand(env: Env, product: int, inside: Inside) -> float:
    return _quants(env, product, inside, "quantity")


def _free(env: Env, product: int, inside: Inside) -> float:
    return _on_hand(env, product, inside) - _quants(env, product, inside, "reserved_quantity")


def _incoming(env: Env, product: int, inside: Inside) -> float:
    return _moves(env, product, lambda m: inside(m["location_dest_id"]) and not inside(m["location_id"]))


def _outgoing(env: Env, product: int, inside: Inside) -> float:
    return _moves(env, product, lambda m: inside(m["location_id"]) and not inside(m["location_dest_id"]))


def _virtual(env: Env, product: int, inside: Inside) -> float:
    return _on_hand(env, product, inside) + _incoming(env, product, inside) - _outgoing(env, product, inside)


_FIGURES: dict[str, Any] = {
    "qty_available": _on_hand, "free_qty": _free, "virtual_available": _virtual, "incoming_qty": _incoming,
    "outgoing_qty": _outgoing,
}  # fmt: skip

"""What the sandbox holds, as data and as a page."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from connectors.kit.sandbox.calls import CallLog
from connectors.kit.sandbox.fault_rules import FaultPlan
from connectors.kit.sandbox.page import Table, calls_table, faults_table, page, shown_time
from connectors.odoo.sandbox.calls import RpcCalls
from connectors.odoo.sandbox.engine.database import SUPERUSER, Database
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.settings import SandboxSettings

NEWEST = 100
# Part of the clean database and of no interest to somebody who looks at orders.
FURNITURE = (
    "ir.model",
    "ir.model.fields",
    "ir.model.access",
    "res.country",
    "res.country.state",
    "res.currency",
    "ir.module.module",
)
TRANSFER = ("name", "origin", "picking_type_code", "state", "carrier_id", "carrier_tracking_ref", "date_done")
ORDER = ("name", "client_order_ref", "partner_id", "state", "locked", "date_order", "amount_total", "delivery_status")


def state_of(database: Database, calls: RpcCalls) -> dict[str, Any]:
    """Orders (the newest, with the count and sums of all), records per model, calls."""

    def look(env: Env) -> dict[str, Any]:
        return {"orders": _orders(env), "transfers": _transfers(env), "records": _records(env)}

    found = database.call(look, SUPERUSER, {}, reads=True)
    found["open_transactions"] = database.holds.open_count()
    return {**found, "webhooks": database.automations.webhooks.as_json(), "calls": calls.as_json()}


def _orders(env: Env) -> dict[str, Any]:
    every = env.rows("sale.order").values()
    by_state: dict[str, int] = {}
    total = 0.0
    for row in every:
        by_state[row["state"]] = by_state.get(row["state"], 0) + 1
        total += row["amount_total"]
    ids = env.search("sale.order", [], order="id desc", limit=NEWEST)
    newest = env["sale.order"].read(env, ids, ORDER)
    for order in newest:
        order["partner_id"] = order["partner_id"][1]
        order["lines"] = len(env.children("sale.order.line", "order_id", order["id"]))
    return {"count": len(every), "by_state": by_state, "amount_total": round(total, 2), "newest": newest}


def _transfers(env: Env) -> list[dict[str, Any]]:
    """The newest, with what moved or is reserved, by SKU."""
    ids = env.search("stock.picking", [], order="id desc", limit=NEWEST)
    newest = env["stock.picking"].read(env, ids, TRANSFER)
    for transfer in newest:
        moves = env.related("stock.move", "picking_id", transfer["id"])
        transfer["goods"] = {
            env.row("product.product", move["product_id"])["default_code"] or "": move["quantity"] for move in moves
        }
    return newest


def _records(env: Env) -> dict[str, int]:
    counts = {name: len(table.rows) for name, table in sorted(env.db.tables.items())}
    return {name: count for name, count in counts.items() if count}


def page_of(settings: SandboxSettings, state: dict[str, Any], log: CallLog, plan: FaultPlan) -> Response:
    orders = state["orders"]
    states = ", ".join(f"{count} {name}" for name, count in sorted(orders["by_state"].items()))
    held = f" Transactions held open: {state['open_transactions']}." if state["open_transactions"] else ""
    note = f"Stands for an Odoo 18 server.{held} Database {settings.db}; API at /jsonrpc; the same as JSON at /sandbox/state."
    about = f"{orders['count']} in all ({states}), together {orders['amount_total']:.2f}." if orders["count"] else ""
    return page(
        "Odoo sandbox",
        note,
        [
            Table(
                "Sale orders", _ORDER_COLUMNS, [_order_row(one) for one in orders["newest"]], about, "No orders yet."
            ),
            Table("Transfers", _TRANSFER_COLUMNS, [_transfer_row(one) for one in state["transfers"]]),
            Table("Records", ("Model", "Records"), _record_rows(state["records"])),
            Table("RPC", ("Time", "Model", "Method", "ms", "Error"), _call_rows(state["calls"])),
            faults_table(plan),
            calls_table(log),
        ],
    )


_ORDER_COLUMNS = ("Order", "Reference", "Customer", "State", "Delivery", "Ordered (UTC)", "Lines", "Total")


def _order_row(order: dict[str, Any]) -> tuple[Any, ...]:
    state = f"{order['state']}, locked" if order["locked"] else order["state"]
    reference, delivery = order["client_order_ref"] or "", order["delivery_status"] or ""
    money = f"{order['amount_total']:.2f}"
    return order["name"], reference, order["partner_id"], state, delivery, order["date_order"], order["lines"], money


_TRANSFER_COLUMNS = ("Transfer", "Of", "Kind", "State", "Carrier", "Tracking", "Done (UTC)", "Goods")


def _transfer_row(one: dict[str, Any]) -> tuple[Any, ...]:
    goods = ", ".join(f"{quantity:g} x {sku}" for sku, quantity in one["goods"].items())
    carrier = one["carrier_id"][1] if one["carrier_id"] else ""
    texts = (one["name"], one["origin"], one["picking_type_code"], one["state"], carrier)
    return (*(text or "" for text in texts), one["carrier_tracking_ref"] or "", one["date_done"] or "", goods)


def _record_rows(records: dict[str, int]) -> list[tuple[str, int]]:
    return [(name, count) for name, count in records.items() if name not in FURNITURE]


def _call_rows(calls: dict[str, Any]) -> list[tuple[Any, ...]]:
    newest = calls["latest"][:-26:-1]
    return [(shown_time(c["at"]), c["model"], c["method"], round(c["ms"], 1), c["error"]) for c in newest]

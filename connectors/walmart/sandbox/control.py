"""The sandbox's own side: orders to add, changes, the truth, accounts, the page. Bad requests get 400 and say why."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.batches import batch_from
from connectors.kit.sandbox.page import Table, page, shown_time
from connectors.kit.sandbox.standard_control import StandardControl
from connectors.kit.sandbox.steering import account_in, answered, known, number
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.mix import mix_from
from connectors.walmart.sandbox.seller_page import seller_tables
from connectors.walmart.sandbox.world import World

_SHOWN = 50


class Control(StandardControl):
    """Handlers at /sandbox and /."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page, methods=["GET"]),
            *self.standard_routes(),
            Route("/sandbox/orders", self.add, methods=["POST"]),
            Route("/sandbox/orders/raw", self.add_raw, methods=["POST"]),
            Route("/sandbox/orders/{po}/change", self.change, methods=["POST"]),
            Route("/sandbox/accounts/{client_id}", self.account, methods=["PUT"]),
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/reset", self.reset, methods=["POST"]),
        ]

    async def add(self, request: Request) -> Response:
        return await answered(request, self._add)

    async def add_raw(self, request: Request) -> Response:
        return await answered(request, self._add_raw)

    async def change(self, request: Request) -> Response:
        def changed(body: Json) -> Json:
            order = self.world.change(self._account(body), request.path_params["po"], body)
            return {"purchaseOrderId": order.po, "modified": order.modified}

        return await answered(request, changed)

    async def account(self, request: Request) -> Response:
        """New secret or scopes for an account: {"client_secret": ..., "scopes": {"orders": "no_access"}}."""

        def changed(body: Json) -> Json:
            client_id = self._account({"account": request.path_params["client_id"]})
            account = self.world.accounts[client_id]
            secret, scopes = body.get("client_secret", account.client_secret), body.get("scopes", account.scopes)
            self.world.accounts[client_id] = replace(account, client_secret=str(secret), scopes=dict(scopes))
            if body.get("revoke_tokens"):
                self.world.tokens.clear()
            return {"account": client_id, "scopes": dict(scopes)}

        return await answered(request, changed)

    async def state(self, request: Request) -> Response:
        """The truth. Query: account (default: the first)."""
        try:
            account = self._account(request.query_params)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({**self.world.state(account), **self.seen(), "tokens_issued": self.world.tokens.issued})

    async def reset(self, request: Request) -> Response:
        """Forget all orders, tokens, throttles, faults and calls."""
        self.world.reset()
        self.forget()
        return JSONResponse({"status": "reset"})

    async def page(self, request: Request) -> Response:
        tables = self.seen_tables()
        for client_id in self.world.accounts:
            shown = [_orders_table(self.world.state(client_id)), *seller_tables(self.world, client_id)]
            tables = [*shown, *tables]
        note = "Invented data. Behaves like the Marketplace API as far as this sandbox's README says."
        return page("Walmart Marketplace sandbox", note, tables)

    def _add(self, body: Json) -> Json:
        """{"count": 200, "seed": 7, "mix": "default", "rate": 5, "spread_minutes": 0, "account": ...}"""
        batch = batch_from(body, mix_from)
        added = self.world.add_batch(self._account(body), batch)
        return {"added": len(added), "known": batch.count - len(added), "purchaseOrderIds": added}

    def _add_raw(self, body: Json) -> Json:
        """{"orders": [...], "traits": [...], "modified": epoch ms, "account": ...}"""
        known(body, {"orders", "traits", "modified", "account"})
        orders = body.get("orders")
        if not isinstance(orders, list) or not all(isinstance(o, dict) and o.get("purchaseOrderId") for o in orders):
            raise ValueError("orders: a list of orders with a purchaseOrderId each is expected")
        modified = int(number(body, "modified", 0, 2**53)) if "modified" in body else None
        added = self.world.add_raw(self._account(body), orders, body.get("traits", []), modified)
        return {"added": len(added), "purchaseOrderIds": added}

    def _account(self, given: Mapping[str, Any]) -> str:
        return account_in(self.world.accounts, given)


def _orders_table(state: Json) -> Table:
    orders = state["orders"]
    newest = [order for order in orders if order["visible"]][: -_SHOWN - 1 : -1]
    rows = [
        (
            order["purchaseOrderId"],
            shown_time(order["created"] / 1000),
            order["status"],
            len(order["lines"]),
            order["total"]["total"] if order["total"] else "?",
            ", ".join(order["traits"]),
        )
        for order in newest
    ]
    waiting = f"{state['pending_arrivals']} still to appear, {state['pending_changes']} changes to come"
    note = f"{len(orders)} in all, {waiting}, {len(state['writes'])} writes; the newest {len(rows)} that are visible."
    columns = ("Purchase order", "Ordered", "Status", "Lines", "Total USD", "Traits")
    return Table(f"Orders of {state['account']}", columns, rows, note, "No orders. POST /sandbox/orders adds some.")

"""The sandbox's own side: orders to add, changes, the clock, the truth, sellers, the page. Bad requests get 400 and say why."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.amazon.sandbox.mix import mix_from
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.batches import batch_from
from connectors.kit.sandbox.page import Table, page
from connectors.kit.sandbox.standard_control import StandardControl
from connectors.kit.sandbox.steering import Json, account_in, answered, known, number

# Where PUT /sandbox/accounts/{seller_id} may change something.
_SELLER_FIELDS = {"client_secret", "refresh_token", "roles", "authorised"}


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
            Route("/sandbox/orders/{order_id}/change", self.change, methods=["POST"]),
            Route("/sandbox/orders/{order_id}/hide", self.hide, methods=["POST"]),
            Route("/sandbox/accounts/{seller_id}", self.account, methods=["PUT"]),
            Route("/sandbox/clock", self.clock, methods=["POST"]),
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/snapshot", self.snapshot, methods=["GET"]),
            Route("/sandbox/reset", self.reset, methods=["POST"]),
        ]

    async def add(self, request: Request) -> Response:
        return await answered(request, self._add)

    async def add_raw(self, request: Request) -> Response:
        return await answered(request, self._add_raw)

    async def change(self, request: Request) -> Response:
        """{"kind": "pay" | "ship" | "cancel" | "ask_to_cancel" | "address" | "touch", ...}: changes.applied."""

        def changed(body: Json) -> Json:
            order = self.world.change(self._account(body), request.path_params["order_id"], body)
            return {"orderId": order.id, "status": order.status, "updated": order.updated}

        return await answered(request, changed)

    async def hide(self, request: Request) -> Response:
        """{"seconds": 600}: the order is absent from lists so long."""

        def hidden(body: Json) -> Json:
            seconds = number(body, "seconds", 0, 10**9)
            order = self.world.hide(self._account(body), request.path_params["order_id"], seconds)
            return {"orderId": order.id, "hidden_until": order.hidden_until}

        return await answered(request, hidden)

    async def account(self, request: Request) -> Response:
        """What becomes of a seller: {"client_secret", "refresh_token", "roles", "authorised": false, "revoke_tokens": true}.
        A new secret is the application's, so it holds for all its sellers."""

        def changed(body: Json) -> Json:
            known(body, {*_SELLER_FIELDS, "revoke_tokens"})
            seller_id = self._account({"account": request.path_params["seller_id"]})
            fields = {name: value for name, value in body.items() if name in _SELLER_FIELDS}
            secret = fields.pop("client_secret", None)
            seller = self.world.sellers[seller_id]
            if "roles" in fields:
                fields["roles"] = tuple(fields["roles"])
            self.world.sellers[seller_id] = replace(seller, **fields)
            for one in list(self.world.sellers.values()) if secret else ():
                if one.client_id == seller.client_id:
                    self.world.sellers[one.seller_id] = replace(one, client_secret=str(secret))
            if body.get("revoke_tokens"):
                self.world.tokens.clear()
            return {"account": seller_id, "roles": list(self.world.sellers[seller_id].roles)}

        return await answered(request, changed)

    async def clock(self, request: Request) -> Response:
        """{"seconds": 3600}: moves the sandbox's clock ahead of the real one by so much more."""

        def moved(body: Json) -> Json:
            self.world.ahead += number(body, "seconds", 0, 10**9, 0)
            return {"now": self.world.now(), "ahead": self.world.ahead}

        return await answered(request, moved)

    async def state(self, request: Request) -> Response:
        """The truth. Query: account (default: the first)."""

        def told(_: Json) -> Json:
            account, now = self._account(request.query_params), self.world.now()
            held = self._held(account, now)
            return {"account": account, "at": now, **held, **self.seen(), "tokens_issued": self.world.tokens.issued}

        return await answered(request, told)

    async def snapshot(self, request: Request) -> Response:
        """What the marketplace holds, for a ledger. Query: account, sections=orders,feeds,..."""

        def told(_: Json) -> Json:
            account, now = self._account(request.query_params), self.world.now()
            held = self._held(account, now)
            wanted = request.query_params.get("sections", ",".join(held)).split(",")
            if unknown := sorted(set(wanted) - set(held)):
                raise ValueError(f"sections: unknown {', '.join(unknown)}; known: {', '.join(held)}")
            return {"account": account, "at": now, **{name: held[name] for name in wanted}}

        return await answered(request, told)

    async def reset(self, request: Request) -> Response:
        """Forget all orders, tokens, quotas, faults and calls."""
        self.world.reset()
        self.forget()
        return JSONResponse({"status": "reset"})

    async def page(self, request: Request) -> Response:
        self.world.now()
        tables: list[Table] = []
        for account in self.world.sellers:
            tables += [table for part in self.world.parts for table in part.tables(account)]
        tables += self.seen_tables()
        note = "Invented data. Behaves like the Selling Partner API as far as this sandbox's README says."
        return page("Amazon Selling Partner sandbox", note, tables)

    def _held(self, account: str, now: float) -> Json:
        return {name: value for part in self.world.parts for name, value in part.snapshot(account, now).items()}

    def _add(self, body: Json) -> Json:
        """{"count": 200, "seed": 7, "mix": "default", "rate": 5, "spread_minutes": 0, "account": ...}"""
        batch = batch_from(body, mix_from)
        added = self.world.add_batch(self._account(body), batch)
        return {"added": len(added), "known": batch.count - len(added), "orderIds": added}

    def _add_raw(self, body: Json) -> Json:
        """{"orders": [...], "traits": [...], "account": ...}"""
        known(body, {"orders", "traits", "account"})
        orders = body.get("orders")
        if not isinstance(orders, list) or not all(isinstance(o, dict) and o.get("orderId") for o in orders):
            raise ValueError("orders: a list of orders with an orderId each is expected")
        added = self.world.add_raw(self._account(body), orders, body.get("traits", []))
        return {"added": len(added), "orderIds": added}

    def _account(self, given: Mapping[str, Any]) -> str:
        return account_in(self.world.sellers, given)

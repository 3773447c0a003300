"""The sandbox's own side: orders to add, changes, the clock, the truth, sellers, the page. Bad requests get 400 and say why."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox.mix import OrderMix, mix_from
from connectors.amazon.sandbox.world import MOST_AHEAD, World
from connectors.kit.sandbox.page import Table, page
from connectors.kit.sandbox.selling_control import SellingControl
from connectors.kit.sandbox.steering import Json, answered, known, number, texts, wanted_sections

# What PUT /sandbox/accounts/{seller_id} may change, besides the roles.
_SELLER_FIELDS = {"client_secret": str, "refresh_token": str, "authorised": bool}


class Control(SellingControl[OrderMix]):
    """Handlers at /sandbox and /."""

    order_id = "orderId"

    def __init__(self, world: World) -> None:
        super().__init__(world, lambda: world.sellers, mix_from)
        self.world = world

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page, methods=["GET"]),
            *self.selling_routes(),
            Route("/sandbox/orders/{order_id}/change", self.change, methods=["POST"]),
            Route("/sandbox/orders/{order_id}/hide", self.hide, methods=["POST"]),
            Route("/sandbox/accounts/{seller_id}", self.account, methods=["PUT"]),
            Route("/sandbox/clock", self.clock, methods=["POST"]),
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/snapshot", self.snapshot, methods=["GET"]),
        ]

    def add_as_given(self, account: str, orders: Sequence[Json], traits: Sequence[str], body: Json) -> list[str]:
        return self.world.add_raw(account, orders, traits)

    async def change(self, request: Request) -> Response:
        """{"kind": "pay" | "ship" | "cancel" | "ask_to_cancel" | "address" | "touch", ...}: changes.applied."""

        def changed(body: Json) -> Json:
            order = self.world.change(self.account_of(body), request.path_params["order_id"], body)
            return {"orderId": order.id, "status": order.status, "updated": order.updated}

        return await answered(request, changed)

    async def hide(self, request: Request) -> Response:
        """{"seconds": 600}: the order is absent from lists so long."""

        def hidden(body: Json) -> Json:
            seconds = number(body, "seconds", 0, 10**9)
            order = self.world.hide(self.account_of(body), request.path_params["order_id"], seconds)
            return {"orderId": order.id, "hidden_until": order.hidden_until}

        return await answered(request, hidden)

    async def account(self, request: Request) -> Response:
        """What becomes of a seller: {"client_secret", "refresh_token", "roles", "authorised": false, "revoke_tokens": true}.
        A new secret is the application's, so it holds for all its sellers."""

        def changed(body: Json) -> Json:
            known(body, {*_SELLER_FIELDS, "roles", "revoke_tokens"})
            seller_id = self.account_of({"account": request.path_params["seller_id"]})
            fields = _seller_fields(body)
            secret = fields.pop("client_secret", None)
            seller = self.world.sellers[seller_id]
            self.world.sellers[seller_id] = replace(seller, **fields)
            for one in list(self.world.sellers.values()) if secret else ():
                if one.client_id == seller.client_id:
                    self.world.sellers[one.seller_id] = replace(one, client_secret=secret)
            if body.get("revoke_tokens"):
                self.world.tokens.clear()
            return {"account": seller_id, "roles": list(self.world.sellers[seller_id].roles)}

        return await answered(request, changed)

    async def clock(self, request: Request) -> Response:
        """{"seconds": 3600}: moves the sandbox's clock ahead of the real one by so much more."""

        def moved(body: Json) -> Json:
            now = self.world.move(number(body, "seconds", 0, MOST_AHEAD, 0))
            return {"now": now, "ahead": self.world.ahead}

        return await answered(request, moved)

    async def state(self, request: Request) -> Response:
        """The truth. Query: account (default: the first)."""

        def told(_: Json) -> Json:
            account, now = self.account_of(request.query_params), self.world.now()
            held = self._held(account, now)
            return {"account": account, "at": now, **held, **self.seen(), "tokens_issued": self.world.tokens.issued}

        return await answered(request, told)

    async def snapshot(self, request: Request) -> Response:
        """What the marketplace holds, for a ledger. Query: account, sections=orders,feeds,..."""

        def told(_: Json) -> Json:
            account, now = self.account_of(request.query_params), self.world.now()
            held = self._held(account, now)
            wanted = wanted_sections(request.query_params.get("sections"), held)
            return {"account": account, "at": now, **{name: held[name] for name in wanted}}

        return await answered(request, told)

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


def _seller_fields(body: Json) -> Json:
    """Raises ValueError for a field of the wrong type."""
    for name, kind in _SELLER_FIELDS.items():
        if name in body and not isinstance(body[name], kind):
            raise ValueError(f"{name}: {'true or false' if kind is bool else 'text'} is expected")
    fields = {name: body[name] for name in _SELLER_FIELDS if name in body}
    return {**fields, "roles": texts(body, "roles")} if "roles" in body else fields

"""The sandbox's own side: orders to add, changes, the truth, accounts, the page. Bad requests get 400 and say why."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.kit.sandbox.page import Table, page, shown_time
from connectors.kit.sandbox.selling_control import SellingControl
from connectors.kit.sandbox.steering import an_object, answered, number
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.mix import OrderMix, mix_from
from connectors.walmart.sandbox.seller_page import seller_tables
from connectors.walmart.sandbox.world import World

_SHOWN = 50


class Control(SellingControl[OrderMix]):
    """Handlers at /sandbox and /."""

    order_id = "purchaseOrderId"
    raw_fields = frozenset({"modified"})

    def __init__(self, world: World) -> None:
        super().__init__(world, lambda: world.accounts, mix_from)
        self.world = world

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page, methods=["GET"]),
            *self.selling_routes(),
            Route("/sandbox/orders/{po}/change", self.change, methods=["POST"]),
            Route("/sandbox/accounts/{client_id}", self.account, methods=["PUT"]),
            Route("/sandbox/state", self.state, methods=["GET"]),
        ]

    def add_as_given(self, account: str, orders: Sequence[Json], traits: Sequence[str], body: Json) -> list[str]:
        """modified: when they were changed last, epoch milliseconds."""
        modified = int(number(body, "modified", 0, 2**53)) if "modified" in body else None
        return self.world.add_raw(account, orders, traits, modified)

    async def change(self, request: Request) -> Response:
        def changed(body: Json) -> Json:
            order = self.world.change(self.account_of(body), request.path_params["po"], body)
            return {"purchaseOrderId": order.po, "modified": order.modified}

        return await answered(request, changed)

    async def account(self, request: Request) -> Response:
        """New secret or scopes for an account: {"client_secret": ..., "scopes": {"orders": "no_access"}}."""

        def changed(body: Json) -> Json:
            client_id = self.account_of({"account": request.path_params["client_id"]})
            account = self.world.accounts[client_id]
            secret = body.get("client_secret", account.client_secret)
            scopes = an_object(body.get("scopes", dict(account.scopes)), "scopes")
            self.world.accounts[client_id] = replace(account, client_secret=str(secret), scopes=scopes)
            if body.get("revoke_tokens"):
                self.world.tokens.clear()
            return {"account": client_id, "scopes": scopes}

        return await answered(request, changed)

    async def state(self, request: Request) -> Response:
        """The truth. Query: account (default: the first)."""

        def told(_: Json) -> Json:
            account = self.account_of(request.query_params)
            return {**self.world.state(account), **self.seen(), "tokens_issued": self.world.tokens.issued}

        return await answered(request, told)

    async def page(self, request: Request) -> Response:
        tables = self.seen_tables()
        for client_id in self.world.accounts:
            shown = [_orders_table(self.world.state(client_id)), *seller_tables(self.world, client_id)]
            tables = [*shown, *tables]
        note = "Invented data. Behaves like the Marketplace API as far as this sandbox's README says."
        return page("Walmart Marketplace sandbox", note, tables)


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

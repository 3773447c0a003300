"""Orders 2026-01-01: searchOrders and getOrder (amazon.md section 6)."""

import random

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import damage
from connectors.amazon.sandbox.blocks import shown
from connectors.amazon.sandbox.errors import invalid
from connectors.amazon.sandbox.gate import Passed, only
from connectors.amazon.sandbox.moments import iso
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.search import PageTokens, Rules, Search, included_data, parse
from connectors.amazon.sandbox.store import StoredOrder
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.fault_rules import BAD_RECORD
from connectors.kit.sandbox.faults import CallFaults, faults_of
from connectors.kit.sandbox.steering import Json

PATH = "/orders/2026-01-01/orders"
# Misbehaviours of the list, besides the middleware's: the next token leads to the same page; a page given twice; an order
# left out (each order is a draw), though a call by its id finds it.
TOKEN_LOOP, DUPLICATE_PAGE, ABSENT_ORDER = "token_loop", "duplicate_page", "absent_order"
ORDER_KINDS = (BAD_RECORD, TOKEN_LOOP, DUPLICATE_PAGE, ABSENT_ORDER)


class OrdersApi(Part):
    """Handlers over a World."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.pages = PageTokens(world.settings.seed, world.settings.page_token_seconds)

    def routes(self) -> list[Route]:
        return [
            Route(PATH, self.search, methods=["GET"]),
            Route(f"{PATH}/{{order_id}}", self.order, methods=["GET"]),
        ]

    async def order(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getOrder")
        only(request.query_params, {"includedData"})
        included = included_data(request.query_params)
        order_id = request.path_params["order_id"]
        if len(order_id.split("-")) != 3 or not order_id.replace("-", "").isdigit():
            raise invalid(f"orderId: {order_id[:40]} is no order id.")
        found = self.world.order(passed.account, order_id, passed.now)
        return passed.answer({"order": shown(found.body, included, passed.seller.roles)})

    async def search(self, request: Request) -> Response:
        passed, params = self.world.gate.enter(request, "searchOrders"), request.query_params
        now_ms = int(passed.now * 1000)
        horizon = now_ms - int(self.world.settings.horizon_seconds * 1000)
        search = parse(params, Rules(now_ms, horizon, passed.seller.marketplaces))
        if "paginationToken" in params:
            search = self.pages.followed(search, params["paginationToken"], passed.now)
        return passed.answer(self._page(passed, search, faults_of(request.scope)))

    def _page(self, passed: Passed, search: Search, faults: CallFaults) -> Json:
        found = self.world.store.page(passed.account, search, passed.now)
        page, more = found[: search.limit], len(found) > search.limit
        bodies = [
            shown(order.body, search.included, passed.seller.roles)
            for order in page
            if not faults.strikes(ABSENT_ORDER)
        ]
        if bodies and faults.strikes(BAD_RECORD):
            rng = random.Random(f"{faults.plan.seed}:{faults.plan.counts[BAD_RECORD]}")
            at = rng.randrange(len(bodies))
            bodies[at] = damage.damaged(bodies[at], rng)
        answer: Json = {"orders": bodies, "pagination": {}, search.before_name: iso(search.before)}
        if more:
            answer["pagination"] = {"nextToken": self._next(search, page, faults, passed.now)}
        else:
            del answer["pagination"]
        return answer

    def _next(self, search: Search, page: list[StoredOrder], faults: CallFaults, now: float) -> str:
        position = _position(search, page[-1])
        if faults.strikes(TOKEN_LOOP) or faults.strikes(DUPLICATE_PAGE):
            # Both lead to this page again; the one asked again strikes again, the other leads on.
            position = search.position or (search.after, "")
        return self.pages.made(search, position, now)


def _position(search: Search, order: StoredOrder) -> tuple[int, str]:
    return (order.created if search.column == "created" else order.updated), order.id

"""The Walmart side: /v3/token, /v3/token/detail and /v3/orders with its writes."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.fault_rules import BAD_RECORD, EXPIRED_TOKEN
from connectors.kit.sandbox.faults import CallFaults, faults_of
from connectors.walmart.sandbox import damage, lifecycle, refunds
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.errors import GATEWAY, ApiError
from connectors.walmart.sandbox.gate import check_headers, json_body
from connectors.walmart.sandbox.query import OrderQuery, at_offset, cursor, parse
from connectors.walmart.sandbox.settings import SCOPES, Account
from connectors.walmart.sandbox.tokens import basic_account
from connectors.walmart.sandbox.world import World

# Misbehaviours of the list, besides the middleware's: next cursor leads to the same page; a page given twice; a huge
# body; an empty result as 404; a 200 that holds errors.
CURSOR_LOOP, DUPLICATE_PAGE, OVERSIZED = "cursor_loop", "duplicate_page", "oversized"
EMPTY_404, ERRORS_IN_200 = "empty_404", "errors_in_200"
APP_KINDS = (EXPIRED_TOKEN, BAD_RECORD, CURSOR_LOOP, DUPLICATE_PAGE, OVERSIZED, EMPTY_404, ERRORS_IN_200)
Act = Callable[[Json, int], Json]


class Api:
    """Handlers over a World; routes() puts them at their paths."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gate = world.gate

    def routes(self) -> list[Route]:
        writes = [
            Route(f"/v3/orders/{{po}}/{operation}", handler, methods=["POST"], name=operation)
            for operation, handler in (
                ("acknowledge", self.acknowledge),
                ("shipping", self.shipping),
                ("cancel", self.cancel),
                ("refund", self.refund),
            )
        ]
        return [
            Route("/v3/token", self.token, methods=["POST"]),
            Route("/v3/token/detail", self.token_detail, methods=["GET"]),
            Route("/v3/orders", self.orders, methods=["GET"]),
            Route("/v3/orders/released", self.released, methods=["GET"]),
            Route("/v3/orders/{po}", self.order, methods=["GET"]),
            *writes,
        ]

    async def token(self, request: Request) -> Response:
        now = self.world.now()
        account = basic_account(request.headers.get("authorization"), self.world.accounts)
        headers = self.gate.throttled(account, "token", now)
        check_headers(request)
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise ApiError("UNSUPPORTED_MEDIA_TYPE", "application/x-www-form-urlencoded is expected", component=GATEWAY)
        form = parse_qs((await request.body()).decode("latin-1"))
        if form.get("grant_type") != ["client_credentials"]:
            # The other grants belong to solution providers; their codes and refresh tokens are not modelled.
            raise ApiError(
                "INVALID_REQUEST_PARAM", "client_credentials is expected", field="grant_type", component=GATEWAY
            )
        text = self.world.tokens.issue(account.client_id, now)
        body = {"access_token": text, "token_type": "Bearer", "expires_in": self.world.tokens.lifetime_seconds}
        return JSONResponse(body, headers=headers)

    async def token_detail(self, request: Request) -> Response:
        account, token = self.gate.authenticated(request, self.world.now())
        scopes = {area: account.access(area) for area in SCOPES}
        times = {"expire_at": str(int(token.expires_at * 1000)), "issued_at": str(int(token.issued_at * 1000))}
        return JSONResponse({**times, "is_valid": True, "is_channel_match": True, "scopes": scopes})

    async def orders(self, request: Request) -> Response:
        return self._list(request, released=False)

    async def released(self, request: Request) -> Response:
        return self._list(request, released=True)

    async def order(self, request: Request) -> Response:
        passed = self.gate.enter(request, "orders", "orders")
        found = self.world.order(passed.account.client_id, request.path_params["po"], passed.now)
        flags = {name: request.query_params.get(name) == "true" for name in ("productInfo", "replacementInfo")}
        shown = shown_order(found.body, product_info=flags["productInfo"], replacement_info=flags["replacementInfo"])
        return JSONResponse({"order": shown}, headers=passed.headers)

    async def acknowledge(self, request: Request) -> Response:
        return await self._write(request, "acknowledge", lambda body: lifecycle.acknowledge, with_body=False)

    async def shipping(self, request: Request) -> Response:
        return await self._write(request, "shipping", lambda body: lambda order, at: lifecycle.ship(order, body, at))

    async def cancel(self, request: Request) -> Response:
        return await self._write(request, "cancel", lambda body: lambda order, at: lifecycle.cancel(order, body, at))

    async def refund(self, request: Request) -> Response:
        return await self._write(request, "refund", lambda body: lambda order, at: refunds.refund(order, body, at))

    async def _write(
        self, request: Request, operation: str, act_on: Callable[[Any], Act], *, with_body: bool = True
    ) -> Response:
        passed = self.gate.enter(request, operation, "orders", change=True)
        body = await json_body(request) if with_body else None
        changed = self.world.write(passed.account.client_id, request.path_params["po"], operation, act_on(body))
        return JSONResponse({"order": shown_order(changed)}, headers=passed.headers)

    def _list(self, request: Request, *, released: bool) -> Response:
        passed = self.gate.enter(request, "orders", "orders")
        account, headers, now = passed.account, passed.headers, passed.now
        moment, settings = datetime.fromtimestamp(now, UTC), self.world.settings
        query = parse(request.query_params, moment, released=released, history_days=settings.history_days)
        total = self.world.store.count(account.client_id, query, now)
        if total > settings.result_cap:
            text = f"{total} orders match, at most {settings.result_cap} can be listed; narrow the time window"
            raise ApiError("INVALID_REQUEST", text)
        faults = faults_of(request.scope)
        if total == 0 and faults.strikes(EMPTY_404):
            raise ApiError("CONTENT_NOT_FOUND", "no orders match")
        if faults.strikes(ERRORS_IN_200):
            error = ApiError("SYSTEM_ERROR", "fault injected: errors inside a 200")
            return JSONResponse({"list": {"errors": [error.as_json()]}}, headers=headers)
        answer = self._page(account, query, total, now, faults, released=released)
        if faults.strikes(OVERSIZED):
            answer["padding"] = "x" * settings.oversized_bytes
        return JSONResponse(answer, headers=headers)

    def _page(
        self, account: Account, query: OrderQuery, total: int, now: float, faults: CallFaults, *, released: bool
    ) -> Json:
        again = query.offset > 0 and faults.strikes(DUPLICATE_PAGE)
        served = at_offset(query, max(0, query.offset - query.limit)) if again else query
        rows = self.world.store.page(account.client_id, served, now)
        bodies = [
            shown_order(row.body, product_info=query.product_info, replacement_info=query.replacement_info)
            for row in rows
        ]
        if bodies and faults.strikes(BAD_RECORD):
            rng = random.Random(f"{faults.plan.seed}:{faults.plan.counts[BAD_RECORD]}")
            at = rng.randrange(len(bodies))
            bodies[at] = damage.damaged(bodies[at], rng)
        following = query.offset if again or faults.strikes(CURSOR_LOOP) else query.offset + len(rows)
        meta: Json = {"totalCount": total, "limit": query.limit}
        if following < total and rows:
            meta["nextCursor"] = cursor(at_offset(query, following), total, account.partner_id, released=released)
        return {"list": {"meta": meta, "elements": {"order": bodies}}}


def shown_order(body: Json, *, product_info: bool = False, replacement_info: bool = False) -> Json:
    """An order as the API gives it: some fields come only when asked for."""
    hidden = () if replacement_info else ("orderType", "originalCustomerOrderID")
    shown = {name: value for name, value in body.items() if name not in hidden}
    holder = shown.get("orderLines")
    found = holder.get("orderLine") if isinstance(holder, dict) else None
    if product_info or not isinstance(found, list):
        return shown
    return {**shown, "orderLines": {"orderLine": [_without_product_info(line) for line in found]}}


def _without_product_info(line: Any) -> Any:
    if not isinstance(line, dict) or not isinstance(line.get("item"), dict):
        return line
    return {**line, "item": {k: v for k, v in line["item"].items() if k not in ("imageUrl", "weight")}}

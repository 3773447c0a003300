"""Returns over HTTP (walmart.md section 6)."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.fault_rules import BAD_RECORD
from connectors.kit.sandbox.faults import faults_of
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.errors import RETURNS, ApiError
from connectors.walmart.sandbox.gate import invalid, json_body, number_of
from connectors.walmart.sandbox.lifecycle import RuleError
from connectors.walmart.sandbox.query import check_order, iso_of, moment_of, one_of
from connectors.walmart.sandbox.return_bodies import TYPES
from connectors.walmart.sandbox.return_store import ReturnQuery
from connectors.walmart.sandbox.world import World

MAX_LIMIT, DEFAULT_LIMIT = 200, 10
STATUSES = ("INITIATED", "DELIVERED", "COMPLETED")
CURSOR_LOOP = "cursor_loop"
_PAIRS = (
    ("returnCreationStartDate", "returnCreationEndDate"),
    ("returnLastModifiedStartDate", "returnLastModifiedEndDate"),
)
_REPLACEMENT = ("replacementCustomerOrderId", "returnType", "rechargeReason", "returnCancellationReason")


class ReturnApi:
    """Handlers over a World."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [
            Route("/v3/returns", self.list, methods=["GET"]),
            Route("/v3/returns/{id}/refund", self.refund, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "returns", "returns")
        account, faults = passed.account, faults_of(request.scope)
        query = parse(request, account.partner_id)
        total = self.world.returns.store.count(account.client_id, query)
        found = self.world.returns.store.page(account.client_id, query)
        shown: list[Any] = [shown_return(one.body, replacement_info=query.replacement_info) for one in found]
        if shown and faults.strikes(BAD_RECORD):
            rng = random.Random(f"{faults.plan.seed}:{faults.plan.counts[BAD_RECORD]}")
            shown[rng.randrange(len(shown))].pop(rng.choice(("returnOrderLines", "customerOrderId")))
        meta: Json = {"totalCount": total, "limit": query.limit}
        following = query.offset if faults.strikes(CURSOR_LOOP) else query.offset + len(found)
        if found and following < total:
            meta["nextCursor"] = f"?{_cursor(query, following, account.partner_id)}"
        return JSONResponse({"meta": meta, "returnOrders": shown}, headers=passed.headers)

    async def refund(self, request: Request) -> Response:
        """Quantities only; what they are worth Walmart knows."""
        passed = self.world.gate.enter(request, "return_refund", "returns", change=True)
        body, account = await json_body(request), passed.account.client_id
        try:
            found = self.world.returns.refund(account, request.path_params["id"], body, passed.now)
        except RuleError as error:
            text = error.description
            raise ApiError("INVALID_REQUEST_CONTENT", text, field=error.field, component=RETURNS) from error
        answer = {
            "returnOrderId": found.return_id,
            "customerOrderId": found.body["customerOrderId"],
            "refundLines": body["refundLines"],
        }
        return JSONResponse(answer, headers=passed.headers)


def parse(request: Request, partner_id: str) -> ReturnQuery:
    """The query of a call. A cursor counts only as it was given, to the letter: sent as parameters that were taken apart and put
    together again it leads to the first page once more, as sellers have met it. Raises ApiError."""
    params = request.query_params
    for start, end in _PAIRS:
        if (start in params) != (end in params):
            raise invalid(start if start in params else end, f"{start} and {end} go together")
    query = ReturnQuery(
        return_id=params.get("returnOrderId"),
        customer_order=params.get("customerOrderId"),
        status=one_of(params, "status", STATUSES),
        kind=one_of(params, "returnType", TYPES),
        created_from=moment_of(params, _PAIRS[0][0]),
        created_to=moment_of(params, _PAIRS[0][1], end=True),
        modified_from=moment_of(params, _PAIRS[1][0]),
        modified_to=moment_of(params, _PAIRS[1][1], end=True),
        limit=number_of(request, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT),
        replacement_info=params.get("replacementInfo") == "true",
    )
    check_order(params, _PAIRS[0][0], query.created_from, _PAIRS[0][1], query.created_to)
    check_order(params, _PAIRS[1][0], query.modified_from, _PAIRS[1][1], query.modified_to)
    offset = number_of(request, "offset", 0, 10**9, 0)
    if request.url.query != _cursor(query, offset, partner_id):
        return query
    return replace(query, offset=offset)


def _cursor(query: ReturnQuery, offset: int, partner_id: str) -> str:
    fields: Mapping[str, str | int | None] = {
        "sellerId": partner_id,
        "limit": query.limit,
        "offset": offset,
        "returnOrderId": query.return_id,
        "customerOrderId": query.customer_order,
        "status": query.status,
        "returnType": query.kind,
        "returnCreationStartDate": iso_of(query.created_from),
        "returnCreationEndDate": iso_of(query.created_to),
        "returnLastModifiedStartDate": iso_of(query.modified_from),
        "returnLastModifiedEndDate": iso_of(query.modified_to),
        "replacementInfo": "true" if query.replacement_info else None,
    }
    kept = {name: value for name, value in fields.items() if value is not None}
    return urlencode(kept, safe=":", quote_via=quote)


def shown_return(body: Json, *, replacement_info: bool) -> Json:
    """replacementInfo=true adds what belongs to replacements; returnType itself is always there."""
    if replacement_info:
        return dict(body)
    return {name: value for name, value in body.items() if name not in _REPLACEMENT or name == "returnType"}

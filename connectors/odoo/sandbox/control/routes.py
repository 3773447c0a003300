"""The routes of the control side; README.md lists them. A body that is wrong is 400, what Odoo refuses is 409."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio.to_thread
import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.odoo.sandbox.control import goods, orders, shipping, stocktaking, transactions
from connectors.odoo.sandbox.control.client import HandError, Hands
from connectors.odoo.sandbox.errors import wire_message, wire_name
from connectors.odoo.sandbox.rpc import Answerer

Body = TypeVar("Body", bound=BaseModel)
Endpoint = Callable[[Request], Awaitable[Response]]
WAIT_SECONDS = 10.0


def control_routes(answerer: Answerer) -> list[Route]:
    hands, holds = Hands(answerer), answerer.database.holds

    def by_hand(path: str, shape: type[Body], work: Callable[[Hands, Body], dict[str, Any]]) -> Route:
        return _post(path, shape, lambda body: work(hands, body))

    async def shown(request: Request) -> Response:
        rule = request.query_params.get("rule")
        if rule is None:
            return JSONResponse(holds.as_json())
        seconds = float(request.query_params.get("seconds", WAIT_SECONDS))
        return await _answered(lambda: transactions.wait_open(holds, int(rule), seconds))

    return [
        Route("/sandbox/transactions", shown, methods=["GET"]),
        _post("/sandbox/transactions/hold", transactions.Hold, lambda body: transactions.hold(holds, body)),
        _post("/sandbox/transactions/release", transactions.Release, lambda body: transactions.release(holds, body)),
        _post("/sandbox/transactions/begin", transactions.Begin, lambda body: transactions.begin(hands, holds, body)),
        _post("/sandbox/transactions/clear", stocktaking.Nothing, lambda _: _cleared(answerer)),
        by_hand("/sandbox/quants/merge", stocktaking.Nothing, stocktaking.merge),
        by_hand("/sandbox/quants/split", stocktaking.Split, stocktaking.split),
        by_hand("/sandbox/warehouse/scheduler", stocktaking.Nothing, stocktaking.schedule),
        by_hand("/sandbox/warehouse/deliver", shipping.Deliver, shipping.deliver),
        by_hand("/sandbox/warehouse/return", shipping.Return, shipping.send_back),
        by_hand("/sandbox/warehouse/receive", shipping.Receive, shipping.receive),
        by_hand("/sandbox/warehouse/cancel", orders.Cancel, orders.cancel),
        by_hand("/sandbox/warehouse/reopen", orders.Order, orders.reopen),
        by_hand("/sandbox/warehouse/refund", orders.Refund, orders.refund),
        by_hand("/sandbox/warehouse/stock", goods.Stock, goods.set_stock),
        by_hand("/sandbox/warehouse/products", goods.Products, goods.make_products),
        by_hand("/sandbox/warehouse/price", goods.Price, goods.set_price),
        by_hand("/sandbox/warehouse/product", goods.Product, goods.change_product),
    ]


def _cleared(answerer: Answerer) -> dict[str, Any]:
    answerer.database.holds.clear()
    return answerer.database.holds.as_json()


def _post(path: str, shape: type[Body], work: Callable[[Body], dict[str, Any]]) -> Route:
    async def endpoint(request: Request) -> Response:
        content = await request.body()
        return await _answered(lambda: work(shape.model_validate(orjson.loads(content or b"{}"))))

    return Route(path, endpoint, methods=["POST"])


async def _answered(work: Callable[[], dict[str, Any]]) -> Response:
    """Control calls have threads of their own: calls that are held may have taken all of the workers."""
    try:
        return JSONResponse(await anyio.to_thread.run_sync(work))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors()]
        return JSONResponse({"error": "bad body", "problems": problems}, 400)
    except (HandError, orjson.JSONDecodeError) as error:
        return JSONResponse({"error": str(error)}, 400)
    except Exception as error:  # noqa: BLE001 - whatever a model refuses, as over RPC
        return JSONResponse({"error": wire_message(error), "name": wire_name(error)}, 409)

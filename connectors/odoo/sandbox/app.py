"""The ASGI app of the sandbox: Odoo's routes, the page at ``/`` and the control side at ``/sandbox/...``.

POST  /jsonrpc                        the API
POST  /web/webclient/version_info     asked by odoorpc's constructor
GET   /                               a page that shows what the sandbox holds
GET   /sandbox/state                  the same as JSON
POST  /sandbox/reset                  back to the clean database
*     /sandbox/transactions...        transactions that stay open (control/transactions.py)
POST  /sandbox/warehouse/..., /sandbox/quants/...   what people in the warehouse do (README.md lists them)
*     /sandbox/faults                 faults on demand (connectors.kit.sandbox.faults)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.kit.sandbox.calls import CallLog
from connectors.kit.sandbox.fault_rules import FaultRule, standard_presets
from connectors.kit.sandbox.faults import FaultsMiddleware, faults_of
from connectors.odoo.sandbox.control.routes import control_routes
from connectors.odoo.sandbox.engine.automations import Automations
from connectors.odoo.sandbox.engine.database import Clock, Database
from connectors.odoo.sandbox.engine.registry import Registry
from connectors.odoo.sandbox.engine.store import Store
from connectors.odoo.sandbox.models import all_models
from connectors.odoo.sandbox.rpc import VERSION, Answerer
from connectors.odoo.sandbox.seed.clean import clean_database
from connectors.odoo.sandbox.settings import SandboxSettings
from connectors.odoo.sandbox.show import page_of, state_of
from connectors.odoo.sandbox.strikes import APP_KINDS, NO_STRIKES, PRESET_KINDS, Strikes, drawn

FILE_NAME = "odoo-sandbox.sqlite"
# The proxy that stands before a production Odoo is what throttles and breaks.
PRESETS = standard_presets({"Retry-After": "1"}, PRESET_KINDS, path="^/jsonrpc")
BAD_REQUEST = "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>{}</p>\n"


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_database(settings: SandboxSettings, clock: Clock = utc_now) -> Database:
    """The stored database, or a clean one. Raises sqlite3.Error when the file cannot be opened."""
    store = Store(settings.data / FILE_NAME if settings.data else None)
    return Database(Registry(all_models()), store, clock, clean_database(settings), Automations())


def create_app(settings: SandboxSettings, clock: Clock = utc_now) -> ASGIApp:
    """The whole sandbox: call log, faults, Odoo. Closes its database when the server stops."""
    sandbox = _Sandbox(settings, open_database(settings, clock))
    routes = [
        Route("/jsonrpc", sandbox.jsonrpc, methods=["GET", "POST"]),
        Route("/web/webclient/version_info", sandbox.version_info, methods=["POST"]),
        Route("/json/2/{rest:path}", sandbox.to_login, methods=["GET", "POST"]),
        Route("/", sandbox.page),
        Route("/sandbox/state", sandbox.state),
        Route("/sandbox/reset", sandbox.reset, methods=["POST"]),
        *control_routes(sandbox.answerer),
    ]
    faults = FaultsMiddleware(Starlette(routes=routes, lifespan=sandbox.lifespan), PRESETS, APP_KINDS, proxy_error)
    sandbox.faults, sandbox.log = faults, CallLog(faults)
    return sandbox.log


def proxy_error(rule: FaultRule) -> Response:
    text = f"<html><head><title>{rule.code}</title></head><body><center><h1>{rule.code}</h1></center></body></html>"
    return Response(text, rule.code, media_type="text/html")


class _Sandbox:
    faults: FaultsMiddleware
    log: CallLog

    def __init__(self, settings: SandboxSettings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.answerer = Answerer(settings, database)
        self._workers = anyio.CapacityLimiter(settings.workers)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        await anyio.to_thread.run_sync(self.database.close)

    # ---- Odoo's routes

    async def jsonrpc(self, request: Request) -> Response:
        envelope = await _envelope(request)
        if isinstance(envelope, Response):
            return envelope
        strikes = _strikes(request, envelope)
        reply = await self._in_thread(lambda: self.answerer.answer(envelope, strikes))
        return _json(reply)

    async def version_info(self, request: Request) -> Response:
        envelope = await _envelope(request)
        if isinstance(envelope, Response):
            return envelope
        return _json({"jsonrpc": "2.0", "id": envelope.get("id"), "result": VERSION})

    async def to_login(self, request: Request) -> Response:
        """No bearer API in Odoo 18."""
        return RedirectResponse("/web/login", 303)

    # ---- the sandbox's own

    async def page(self, request: Request) -> Response:
        state = await self._in_thread(lambda: state_of(self.database, self.answerer.calls))
        return page_of(self.settings, state, self.log, self.faults.plan)

    async def state(self, request: Request) -> Response:
        state = await self._in_thread(lambda: state_of(self.database, self.answerer.calls))
        faults = self.faults.plan.as_json()
        return _json({**state, "http": self.log.as_json(), "faults": faults})

    async def reset(self, request: Request) -> Response:
        await anyio.to_thread.run_sync(self.database.reset)
        return JSONResponse({"reset": True})

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        """A client that goes away does not stop the work, as on a real server."""
        return await anyio.to_thread.run_sync(work, limiter=self._workers)


async def _envelope(request: Request) -> dict[str, Any] | Response:
    if request.method != "POST" or "json" not in request.headers.get("content-type", ""):
        text = "Request inferred type is compatible with ('http',) but the route is type='json'."
        return Response(BAD_REQUEST.format(text), 400, media_type="text/html")
    try:
        envelope = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return Response(BAD_REQUEST.format("Invalid JSON data"), 400, media_type="text/html")
    if not isinstance(envelope, dict):
        return Response(BAD_REQUEST.format("Invalid JSON-RPC data"), 400, media_type="text/html")
    return envelope


def _strikes(request: Request, envelope: dict[str, Any]) -> Strikes:
    faults = faults_of(request.scope)
    params = envelope.get("params")
    if not faults.plan.rules or not isinstance(params, dict) or not isinstance(params.get("args"), list):
        return NO_STRIKES
    args = params["args"]
    call_args = args[5] if params.get("method") == "execute_kw" and len(args) > 5 else args[5:]
    return drawn(faults, params.get("service"), args[4] if len(args) > 4 else None, call_args)


def _json(content: Any) -> Response:
    # Odoo closes the connection after every answer.
    return Response(orjson.dumps(content), media_type="application/json", headers={"Connection": "close"})

"""The sandbox put together: call log around faults around the API and the control routes."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.kit.sandbox.calls import CallLog
from connectors.kit.sandbox.fault_rules import BAD_RECORD, EXPIRED_TOKEN, standard_presets
from connectors.kit.sandbox.faults import FaultsMiddleware
from connectors.walmart.sandbox.api import (
    APP_KINDS,
    CURSOR_LOOP,
    DUPLICATE_PAGE,
    EMPTY_404,
    ERRORS_IN_200,
    Api,
)
from connectors.walmart.sandbox.control import Control
from connectors.walmart.sandbox.errors import GATEWAY, ApiError
from connectors.walmart.sandbox.feed_api import FEED_KINDS, FeedApi
from connectors.walmart.sandbox.inventory_api import InventoryApi
from connectors.walmart.sandbox.item_api import ItemApi
from connectors.walmart.sandbox.report_api import REPORT_ERROR, ReportApi
from connectors.walmart.sandbox.return_api import ReturnApi
from connectors.walmart.sandbox.seller_control import SellerControl
from connectors.walmart.sandbox.settings import SandboxSettings
from connectors.walmart.sandbox.throttle import COUNT_HEADER, TIME_HEADER
from connectors.walmart.sandbox.world import Clock, World

# In the named presets; the huge body is left to explicit rules, it costs memory on both sides.
PRESET_KINDS = (EXPIRED_TOKEN, BAD_RECORD, CURSOR_LOOP, DUPLICATE_PAGE, EMPTY_404, ERRORS_IN_200)
ALL_KINDS = (*APP_KINDS, *FEED_KINDS, REPORT_ERROR)
PRESETS = standard_presets({COUNT_HEADER: "0", TIME_HEADER: "1"}, PRESET_KINDS)


class WalmartSandbox:
    """The ASGI app. Tests reach its parts: `world`, `faults`, `calls`."""

    def __init__(self, settings: SandboxSettings, clock: Clock = time.time) -> None:
        self.world = World(settings, clock)
        control = Control(self.world)
        parts = (Api, InventoryApi, FeedApi, ItemApi, ReturnApi, ReportApi, SellerControl)
        routes = [route for part in parts for route in part(self.world).routes()]
        routes += control.routes()
        handlers = {ApiError: self._refused, 404: self._no_such_path, 405: self._no_such_method}
        inner = Starlette(routes=routes, exception_handlers=handlers, lifespan=self._lifespan)
        self.faults = FaultsMiddleware(inner, PRESETS, ALL_KINDS, self.world.envelopes.refusal)
        self.calls = CallLog(self.faults, clock=clock)
        control.faults, control.calls = self.faults, self.calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.calls(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        self.world.close()

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        # Errors tell what is left of the quota as answers do.
        error.headers = error.headers or getattr(request.state, "throttle", {})
        return self.world.envelopes.answer(error)

    async def _no_such_path(self, request: Request, error: Exception) -> Response:
        return self.world.envelopes.answer(ApiError("URI_NOT_FOUND", "no such resource", component=GATEWAY))

    async def _no_such_method(self, request: Request, error: Exception) -> Response:
        return self.world.envelopes.answer(ApiError("METHOD_NOT_ALLOWED", "method not allowed", component=GATEWAY))


def create_app(settings: SandboxSettings | None = None, clock: Clock = time.time) -> WalmartSandbox:
    """The sandbox as an ASGI app. Raises ValueError for wrong settings, sqlite3.Error for an unusable data folder."""
    return WalmartSandbox(settings or SandboxSettings(), clock)

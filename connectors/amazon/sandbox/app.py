"""The sandbox put together: call log around faults around the API and the control routes."""

import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from connectors.amazon.sandbox import errors
from connectors.amazon.sandbox.control import Control
from connectors.amazon.sandbox.errors import ApiError
from connectors.amazon.sandbox.gate import REQUEST_ID_HEADER
from connectors.amazon.sandbox.lwa import Lwa
from connectors.amazon.sandbox.order_ledger import OrderLedger
from connectors.amazon.sandbox.orders_api import ABSENT_ORDER, DUPLICATE_PAGE, ORDER_KINDS, OrdersApi
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.settings import SandboxSettings
from connectors.amazon.sandbox.world import Clock, World
from connectors.kit.sandbox.calls import CallLog
from connectors.kit.sandbox.fault_rules import BAD_RECORD, EXPIRED_TOKEN, standard_presets
from connectors.kit.sandbox.faults import FaultsMiddleware

# In the order of their routes and of their tables on the page.
PARTS: tuple[Callable[[World], Part], ...] = (OrdersApi, OrderLedger)
# The page that leads to itself is left to explicit rules: only a client that notices ever gets away from it.
PRESET_KINDS = (EXPIRED_TOKEN, BAD_RECORD, DUPLICATE_PAGE, ABSENT_ORDER)
ALL_KINDS = (EXPIRED_TOKEN, *ORDER_KINDS)
PRESETS = standard_presets({}, PRESET_KINDS)


class AmazonSandbox:
    """The ASGI app. Tests reach its parts: `world`, `faults`, `calls`."""

    def __init__(self, settings: SandboxSettings, clock: Clock = time.time) -> None:
        self.world = World(settings, clock)
        self.world.parts = [make(self.world) for make in PARTS]
        control = Control(self.world)
        routes = [*Lwa(self.world).routes(), *control.routes()]
        routes += [route for part in self.world.parts for route in part.routes()]
        handlers = {ApiError: self._refused, 404: self._no_such_path, 405: self._no_such_method}
        inner = Starlette(routes=routes, exception_handlers=handlers, lifespan=self._lifespan)
        self.faults = FaultsMiddleware(inner, PRESETS, ALL_KINDS, errors.refusal)
        self.calls = CallLog(self.faults, clock=clock)
        control.faults, control.calls = self.faults, self.calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.calls(scope, receive, _with_request_id(send) if scope["type"] == "http" else send)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        self.world.close()

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        response = errors.answer(error)
        # Errors after the gate tell the rate as answers do.
        response.headers.update(getattr(request.state, "headers", {}))
        return response

    async def _no_such_path(self, request: Request, error: Exception) -> Response:
        return errors.answer(ApiError(404, "The resource specified does not exist."))

    async def _no_such_method(self, request: Request, error: Exception) -> Response:
        return errors.answer(ApiError(405, "The method is not allowed."))


def _with_request_id(send: Send) -> Send:
    """Every answer carries its id."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            header = (REQUEST_ID_HEADER.lower().encode(), str(uuid.uuid4()).encode())
            message = {**message, "headers": [*message.get("headers", []), header]}
        await send(message)

    return marked


def create_app(settings: SandboxSettings | None = None, clock: Clock = time.time) -> AmazonSandbox:
    """The sandbox as an ASGI app. Raises ValueError for wrong settings, sqlite3.Error for an unusable data folder."""
    return AmazonSandbox(settings or SandboxSettings(), clock)

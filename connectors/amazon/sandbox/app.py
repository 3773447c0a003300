"""The sandbox put together: call log around faults around the API and the control routes."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from connectors.amazon.sandbox import errors
from connectors.amazon.sandbox.account_api import AccountApi
from connectors.amazon.sandbox.catalog_api import CatalogApi
from connectors.amazon.sandbox.control import Control
from connectors.amazon.sandbox.definitions_api import DefinitionsApi
from connectors.amazon.sandbox.documents import Documents
from connectors.amazon.sandbox.errors import ApiError
from connectors.amazon.sandbox.fba_api import FbaApi
from connectors.amazon.sandbox.feeds import FEED_KINDS, Feeds
from connectors.amazon.sandbox.gate import NO_RATE_HEADER, REGION, REQUEST_ID_HEADER
from connectors.amazon.sandbox.listings_api import LISTING_KINDS, ListingsApi
from connectors.amazon.sandbox.lwa import Lwa
from connectors.amazon.sandbox.marketplaces import REGIONS
from connectors.amazon.sandbox.notifications import NOTIFICATION_KINDS, Notifications
from connectors.amazon.sandbox.order_feeds import OrderFeeds
from connectors.amazon.sandbox.order_ledger import OrderLedger
from connectors.amazon.sandbox.order_report import OrderReport
from connectors.amazon.sandbox.orders_api import ABSENT_ORDER, DUPLICATE_PAGE, ORDER_KINDS, OrdersApi
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.reports import REPORT_KINDS, Reports
from connectors.amazon.sandbox.return_reports import ReturnReports
from connectors.amazon.sandbox.settings import SandboxSettings
from connectors.amazon.sandbox.settlement_reports import SettlementReports
from connectors.amazon.sandbox.shipment import Shipment
from connectors.amazon.sandbox.world import Clock, World
from connectors.kit.sandbox.calls import CallLog
from connectors.kit.sandbox.fault_rules import BAD_RECORD, EXPIRED_TOKEN, standard_presets
from connectors.kit.sandbox.faults import FaultsMiddleware

# What the sandbox has besides the core, in the order of its routes and of its tables on the page: add yours here.
PARTS: tuple[Callable[[World], Part], ...] = (
    OrdersApi,
    OrderLedger,
    Shipment,
    OrderFeeds,
    OrderReport,
    AccountApi,
    ListingsApi,
    FbaApi,
    DefinitionsApi,
    CatalogApi,
    ReturnReports,
    SettlementReports,
)
# The page that leads to itself is left to explicit rules: only a client that notices ever gets away from it.
PRESET_KINDS = (EXPIRED_TOKEN, BAD_RECORD, DUPLICATE_PAGE, ABSENT_ORDER)
ALL_KINDS = (
    EXPIRED_TOKEN,
    NO_RATE_HEADER,
    *ORDER_KINDS,
    *FEED_KINDS,
    *REPORT_KINDS,
    *NOTIFICATION_KINDS,
    *LISTING_KINDS,
)
PRESETS = standard_presets({}, PRESET_KINDS)


class AmazonSandbox:
    """The ASGI app. Tests reach its parts: `world`, `faults`, `calls`."""

    def __init__(self, settings: SandboxSettings, clock: Clock = time.time) -> None:
        self.world = World(settings, clock)
        core = _core(self.world)
        self.world.parts = [*(make(self.world) for make in PARTS), *core]
        control = Control(self.world)
        routes = [*Lwa(self.world).routes(), *control.routes()]
        routes += [route for part in self.world.parts for route in part.routes()]
        handlers = {ApiError: self._refused, 404: self._no_such_path, 405: self._no_such_method}
        inner = Starlette(routes=routes, exception_handlers=handlers, lifespan=self._lifespan)
        self.faults = FaultsMiddleware(inner, PRESETS, ALL_KINDS, errors.refusal)
        self.calls = CallLog(self.faults, clock=clock)
        control.faults, control.calls = self.faults, self.calls
        self.world.strikes = lambda kind: self.faults.plan.strikes(kind, "SEND", "/notifications")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope, send = _of_region(scope), _with_request_id(send)
        await self.calls(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(self._tick())
        yield
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
        self.world.close()

    async def _tick(self) -> None:
        """Lets happen what is due when nobody calls, such as notifications of orders that appear."""
        while seconds := self.world.settings.tick_seconds:
            await asyncio.sleep(seconds)
            self.world.now()

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


def _core(world: World) -> list[Part]:
    """What other parts build on, in the order they need each other."""
    world.documents = Documents(world)
    world.feeds = Feeds(world)
    world.reports = Reports(world)
    world.notifications = Notifications(world)
    return [world.feeds, world.reports, world.notifications, world.documents]


def _of_region(scope: Scope) -> Scope:
    """A path that begins with a region (``/eu/orders/...``) is that region's host: sellers of others are refused there."""
    first, _, rest = str(scope["path"]).removeprefix("/").partition("/")
    if first not in REGIONS:
        return scope
    return {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode(), REGION: first}


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

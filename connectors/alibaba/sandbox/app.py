"""The sandbox put together: call log around faults around the gateway and the control routes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from connectors.alibaba.sandbox import errors
from connectors.alibaba.sandbox.addresses import AddressesApi
from connectors.alibaba.sandbox.carriers import CarriersApi
from connectors.alibaba.sandbox.control import Control
from connectors.alibaba.sandbox.gate import ANSWER_502, FLOW_CONTROL, GATE_KINDS, Gate
from connectors.alibaba.sandbox.ledger import Ledger
from connectors.alibaba.sandbox.logistics_api import LogisticsApi
from connectors.alibaba.sandbox.oauth import OAUTH_KINDS, OAuth
from connectors.alibaba.sandbox.offers_control import OffersControl
from connectors.alibaba.sandbox.ordering import (
    FLAT_ANSWER,
    FLAT_FALSE,
    LATE_IN_LIST,
    ORDERING_KINDS,
    SPLIT_ORDER,
    OrderingApi,
)
from connectors.alibaba.sandbox.orders_api import ABSENT_ORDER, ORDER_KINDS, OrdersApi
from connectors.alibaba.sandbox.orders_control import OrdersControl
from connectors.alibaba.sandbox.parts import Handler, Part
from connectors.alibaba.sandbox.products_api import ProductsApi
from connectors.alibaba.sandbox.push import PUSH_KINDS, Push
from connectors.alibaba.sandbox.push_control import PushControl
from connectors.alibaba.sandbox.replay_api import ReplayApi
from connectors.alibaba.sandbox.settings import SandboxSettings
from connectors.alibaba.sandbox.system_api import SystemApi
from connectors.alibaba.sandbox.world import Clock, World
from connectors.kit.sandbox.calls import CallLog
from connectors.kit.sandbox.fault_rules import BAD_RECORD, EXPIRED_TOKEN, standard_presets
from connectors.kit.sandbox.faults import FaultsMiddleware

# What the sandbox has besides the core, in the order of its tables on the page: add yours here.
PARTS: tuple[Callable[[World], Part], ...] = (
    SystemApi,
    OrderingApi,
    OrdersApi,
    LogisticsApi,
    OrdersControl,
    Ledger,
    Push,
    PushControl,
    ReplayApi,
    ProductsApi,
    OffersControl,
    AddressesApi,
    CarriersApi,
)
# What would make an order differ from what was asked is left to explicit rules.
PRESET_KINDS = (
    EXPIRED_TOKEN,
    FLOW_CONTROL,
    ANSWER_502,
    SPLIT_ORDER,
    FLAT_ANSWER,
    FLAT_FALSE,
    LATE_IN_LIST,
    BAD_RECORD,
    ABSENT_ORDER,
    *PUSH_KINDS,
)
ALL_KINDS = (*GATE_KINDS, *OAUTH_KINDS, *ORDERING_KINDS, *ORDER_KINDS, *PUSH_KINDS)
PRESETS = standard_presets({}, PRESET_KINDS)


class AlibabaSandbox:
    """The ASGI app. Tests reach its parts: `world`, `faults`, `calls`."""

    def __init__(self, settings: SandboxSettings, clock: Clock = time.time) -> None:
        self.world = World(settings, clock)
        self.world.parts = [make(self.world) for make in PARTS]
        self.push = next(part for part in self.world.parts if isinstance(part, Push))
        handlers: dict[str, Handler] = {}
        for part in self.world.parts:
            handlers |= part.handlers()
        gate, oauth = Gate(self.world, handlers), OAuth(self.world)
        self.control = control = Control(self.world, gate, oauth)
        routes = [*oauth.routes(), *gate.routes(), *control.routes()]
        routes += [route for part in self.world.parts for route in part.routes()]
        inner = Starlette(routes=routes, lifespan=self._lifespan)
        self.faults = FaultsMiddleware(inner, PRESETS, ALL_KINDS, errors.refusal)
        self.calls = CallLog(self.faults, clock=clock)
        control.faults, control.calls = self.faults, self.calls
        self.world.strikes = lambda kind: self.faults.plan.strikes(kind, "SEND", "/push")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.calls(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(self._tick())
        yield
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
        await self.push.close()
        self.world.close()

    async def _tick(self) -> None:
        """Lets happen what is due when nobody calls."""
        while seconds := self.world.settings.tick_seconds:
            await asyncio.sleep(seconds)
            await self.push.flush()


def create_app(settings: SandboxSettings | None = None, clock: Clock = time.time) -> AlibabaSandbox:
    """The sandbox as an ASGI app. Raises ValueError for wrong settings, sqlite3.Error for an unusable data folder."""
    return AlibabaSandbox(settings or SandboxSettings(), clock)

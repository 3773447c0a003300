"""The sandbox put together: call log around faults around the Box, which may be away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from connectors.kit.sandbox.calls import CallLog
from connectors.kit.sandbox.fault_rules import FaultRule, Preset
from connectors.kit.sandbox.faults import FaultsMiddleware
from connectors.kit.sandbox.server import DROP
from edge_iotbox.sandbox.clock import BoxClock
from edge_iotbox.sandbox.control import Control
from edge_iotbox.sandbox.devices import Device
from edge_iotbox.sandbox.routes import BOX_KINDS, DUPLICATE, NO_EVENT, REORDER, BoxRoutes
from edge_iotbox.sandbox.world import MAC, World

_POLL = "/hw_drivers/event"


def _mix(share: float) -> Preset:
    """Polls go wrong in all ways that lose nothing for a client that asks again at once, and once from before where a poll waited."""
    each = share / 7
    ending = [FaultRule(kind, each, path=_POLL) for kind in ("reset", "lost", "malformed", "truncated")]
    return (
        *ending,
        FaultRule("status", each, path=_POLL, code=502),
        *(FaultRule(kind, each) for kind in (DUPLICATE, REORDER, NO_EVENT)),
    )


PRESETS: dict[str, Preset] = {"default": _mix(0.05), "heavy": _mix(0.3)}


class BoxSandbox:
    """The ASGI app. Tests reach its parts: `world`, `faults`, `calls`."""

    dates_itself = True  # connectors/kit/sandbox/server.py: no Date of the machine's

    def __init__(self, speed: float = 1.0, mac: str = MAC, devices: list[Device] | None = None) -> None:
        self.world = World(BoxClock(speed), mac, devices)
        control = Control(self.world)
        app = Starlette(routes=[*BoxRoutes(self.world).routes(), *control.routes()], lifespan=self._living)
        self.faults = control.faults = FaultsMiddleware(app, PRESETS, BOX_KINDS)
        self.calls = control.calls = CallLog(self._dated)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.calls(scope, receive, send)

    async def _dated(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The Box's web server tells its own time in every answer; where the Box is away, nobody answers."""
        steering = scope["type"] != "http" or scope["path"] == "/" or scope["path"].startswith("/sandbox")
        if steering:
            await self.faults(scope, receive, send)
            return
        if self.world.away:
            await _hang_up(scope, receive)
            return

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self.world.clock.now(), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", []), (b"date", date)]}
            await send(message)

        asked = await _whole(receive)
        work = asyncio.ensure_future(self.faults(scope, asked.receive, dated))
        ends = [asyncio.ensure_future(self.world.restarted.wait()), asyncio.ensure_future(asked.gone.wait())]
        watch = asyncio.ensure_future(asked.watch())
        try:
            await asyncio.wait((work, *ends), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                if not asked.gone.is_set():
                    await _hang_up(scope, asked.receive)
            else:
                await work
        finally:
            for one in (*ends, watch):
                one.cancel()

    @asynccontextmanager
    async def _living(self, app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            self.world.restarted.set()  # polls that wait must not hold up the end


class _Asked:
    """A call whose body has come whole; `gone` when its client hung up."""

    def __init__(self, messages: list[Message], receive: Receive) -> None:
        self._messages, self._receive = messages, receive
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        if self._messages:
            return self._messages.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone.set()


async def _whole(receive: Receive) -> _Asked:
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return _Asked(messages, receive)


async def _hang_up(scope: Scope, receive: Receive) -> None:
    drop = scope.get("extensions", {}).get(DROP)
    if drop is None:
        raise ConnectionResetError("the Box is away")
    drop(hard=True)
    while (await receive())["type"] != "http.disconnect":
        pass


def create_app(speed: float = 1.0, mac: str = MAC, devices: list[Device] | None = None) -> BoxSandbox:
    """speed: Box seconds in one of ours; devices: one of each class unless given."""
    return BoxSandbox(speed, mac, devices)

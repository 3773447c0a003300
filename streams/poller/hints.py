"""Wake-ups from outside: a call to a small HTTP port makes flows be polled now (EVT-6). Off unless a connector's settings name a port.

    POST /hints/<secret>     or with the header X-Causeway-Secret; the body is the other side's own

Nothing of a call is believed but which flows it may be about (`connectors.kit.hints`), and all it leads to is the command `poll_now`, which any
poller of the group carries out: so one port wakes flows of all processes. However many calls come, a flow is woken once in `pause`
seconds at most; and once more `pause` after the last call, because the other side may call before it has committed what it calls about.

202 taken, also when it is about nothing we read; 400 unreadable, 403 wrong secret, 404 or 405 not ours, 408 slow, 413 too large, 429 too many
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.kit.hints import Hints
from streams.door import MOST_PER_SECOND, Allowance, posted, serving
from streams.poller.loop import Clock
from streams.poller.metrics import HINTS
from streams.runtime.errors import DeliveryError, RejectedError

logger = logging.getLogger(__name__)

PATH = "/hints"
HEADER = "x-causeway-secret"
MOST_BYTES = 64 * 1024

Wake = Callable[[str], Awaitable[None]]


class Wakes:
    """When which flow is to be woken. Pure: seconds that never go back are passed in. It remembers one moment for each flow."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._woken: dict[str, float] = {}
        self._until: dict[str, float] = {}

    def hint(self, flows: Sequence[str], now: float) -> None:
        """Something of these flows may have changed, or will have in a moment."""
        for flow in flows:
            self._until[flow] = now + self._pause

    def due(self, now: float) -> list[str]:
        """The flows to wake now; they count as woken."""
        found = [flow for flow in self._until if self._at(flow) <= now]
        for flow in found:
            self._woken[flow] = now
            if now >= self._until[flow]:
                del self._until[flow]
        return found

    def wait(self, now: float) -> float:
        """Seconds until one is due; infinity when none is."""
        return min((max(0.0, self._at(flow) - now) for flow in self._until), default=math.inf)

    def _at(self, flow: str) -> float:
        return self._woken.get(flow, -math.inf) + self._pause


class Doorbell:
    """The ASGI app of one connector's port. `ring` is told the flows a call may be about; `seconds` is a clock that never goes back."""

    def __init__(
        self, source: str, hints: Hints, ring: Callable[[Sequence[str]], None], seconds: Callable[[], float]
    ) -> None:
        self._source, self._hints, self._ring, self._seconds = source, hints, ring, seconds
        self._allowance = Allowance(MOST_PER_SECOND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        with contextlib.suppress(ClientDisconnect):
            status, result = await self._answer(Request(scope, receive))
            HINTS.labels(self._source, result).inc()
            if result not in ("taken", "unknown"):
                logger.warning("hint_refused source=%s result=%s", self._source, result)
            await Response(status_code=status)(scope, receive, send)

    async def _answer(self, request: Request) -> tuple[int, str]:
        """(status, result of the metric)."""
        path = request.url.path.rstrip("/")
        if path != PATH and not path.startswith(f"{PATH}/"):
            return 404, "lost"
        if not self._is_known(path[len(PATH) + 1 :] or request.headers.get(HEADER, "")):
            return 403, "forbidden"
        body = await posted(request, self._allowance, self._seconds(), MOST_BYTES)
        return self._taken(body) if isinstance(body, bytes) else body

    def _taken(self, body: bytes) -> tuple[int, str]:
        try:
            flows = self._hints.flows_of(body)
        except ValueError:
            return 400, "unreadable"
        if not flows:
            return 202, "unknown"
        self._ring(flows)
        return 202, "taken"

    def _is_known(self, told: str) -> bool:
        return hmac.compare_digest(told.encode(errors="replace"), self._hints.secret.encode())


class Ringing:
    """Wakes flows for one connector while it runs. `wake` writes the command for a flow's name; what it raises costs that wake-up alone."""

    def __init__(self, hints: Hints, wake: Wake, clock: Clock) -> None:
        self._wakes, self._wake, self._clock = Wakes(hints.pause), wake, clock
        self._rung = asyncio.Event()

    def ring(self, flows: Sequence[str]) -> None:
        """They may have changed."""
        self._wakes.hint(flows, self._clock.seconds())
        self._rung.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for flow in self._wakes.due(self._clock.seconds()):
                await self._woken(flow)
            self._rung.clear()
            wait = self._wakes.wait(self._clock.seconds())
            if wait > 0:
                await self._clock.wait(self._rung, wait)

    async def _woken(self, flow: str) -> None:
        try:
            await self._wake(flow)
        except (DeliveryError, RejectedError) as error:
            logger.warning("hint_lost flow=%s detail=%s", flow, error)


@asynccontextmanager
async def listening(source: str, hints: Hints, wake: Wake, clock: Clock) -> AsyncIterator[int]:
    """While inside, the port is served, by this event loop; gives its number. Raises ConfigurationError for a port that cannot be had."""
    ringing = Ringing(hints, wake, clock)
    bell = Doorbell(source, hints, ringing.ring, clock.seconds)
    async with serving(f"the webhook of {source}", bell, hints.host, hints.port) as port:
        waking = asyncio.create_task(ringing.run(), name=f"wakes {source}")
        logger.info("hints_listening source=%s host=%s port=%d", source, hints.host, port)
        try:
            yield port
        finally:
            waking.cancel()
            await asyncio.wait([waking])

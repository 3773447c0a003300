"""Messages from outside: a source's own system posts what changed, signed, and that is fetched (SEC-5). Off unless a connector's settings name a
port.

    POST /webhooks/SOURCE/ACCOUNT

What a message names is fetched by whichever poller owns the flow: it becomes a command `fetch_ids` for it, and is answered with 200 when that is
safe in Kafka. Whatever else it says is not believed. One that comes again is answered well and does nothing; two that come at the same
moment lead to the same command, which harms nothing.

200 taken, a repeat, or of a type that means nothing to us, which is a dead letter then; 401 wrong signature; 400 unreadable, or from outside
the time window: the other side
keeps it, and its replay is read; 404 or 405 not ours, 408 slow, 413 too large, 429 too many, 503 Kafka does not take it now: they come again
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.kit.pushes import Pushed, Pushes, UnreadableError, WrongSignatureError
from streams.door import MOST_PER_SECOND, Allowance, posted, serving
from streams.poller.loop import Clock
from streams.poller.metrics import PUSHES
from streams.runtime.errors import DeliveryError, RejectedError

logger = logging.getLogger(__name__)

PATH = "/webhooks"
MOST_BYTES = 256 * 1024
MOST_KEPT = 100_000
_WELL = ("taken", "repeated")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,60}")

Wish = Callable[[str, Pushed], Awaitable[None]]


class Taken:
    """The messages that were taken, the newest of them. Pure."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._ids: OrderedDict[tuple[str, str], None] = OrderedDict()

    def has(self, account: str, message: str) -> bool:
        """Whether it came before."""
        return (account, message) in self._ids

    def add(self, account: str, message: str) -> None:
        """What it wished for is safe."""
        self._ids[account, message] = None
        while len(self._ids) > self._most:
            self._ids.popitem(last=False)


class Letterbox:
    """The ASGI app of one connector's port. `wish` returns when what a message names is asked for, safely; raises DeliveryError."""

    def __init__(self, source: str, pushes: Pushes, wish: Wish, clock: Clock) -> None:
        self._source, self._pushes, self._wish, self._clock = source, pushes, wish, clock
        self._allowance = Allowance(MOST_PER_SECOND)
        self._taken = Taken()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        with contextlib.suppress(ClientDisconnect):
            request = Request(scope, receive)
            account = self._account(request.url.path)
            status, result = await self._answer(request, account)
            PUSHES.labels(self._source, account, result).inc()
            if result not in _WELL:
                logger.warning("push_refused source=%s account=%s result=%s", self._source, account, result)
            await Response(status_code=status)(scope, receive, send)

    def _account(self, path: str) -> str:
        """Empty for an address that is none of ours."""
        parts = path.strip("/").split("/")
        ours = len(parts) == 3 and f"/{parts[0]}" == PATH and parts[1] == self._source
        return parts[2] if ours and parts[2] in self._pushes.accounts else ""

    async def _answer(self, request: Request, account: str) -> tuple[int, str]:
        """(status, result of the metric)."""
        if not account:
            return 404, "lost"
        body = await posted(request, self._allowance, self._clock.seconds(), MOST_BYTES)
        if not isinstance(body, bytes):
            return body
        try:
            message = self._pushes.read(account, body, request.url.query)
        except WrongSignatureError:
            return 401, "forbidden"
        except (ValueError, RecursionError) as error:
            why = str(error) if isinstance(error, UnreadableError) else type(error).__name__
            logger.warning("push_unreadable source=%s account=%s detail=%s", self._source, account, why)
            return 400, "unreadable"
        return await self._carried(account, message)

    async def _carried(self, account: str, message: Pushed) -> tuple[int, str]:
        if not self._is_in_time(message):
            return 400, "late"
        if self._taken.has(account, message.id):
            return 200, "repeated"
        if message.odd is not None:
            kind = message.kind if _PLAIN.fullmatch(message.kind) else "?"
            logger.warning(
                "push_unknown source=%s account=%s kind=%s key=%s", self._source, account, kind, message.odd.key
            )
        if message.alert:
            logger.error("%s source=%s account=%s", message.alert, self._source, account)
        try:
            await self._wish(account, message)
        except (DeliveryError, RejectedError) as error:
            logger.warning("push_not_written source=%s account=%s detail=%s", self._source, account, error)
            return 503, "failed"
        self._taken.add(account, message.id)
        return 200, "taken" if message.odd is None else "unknown"

    def _is_in_time(self, message: Pushed) -> bool:
        """One that does not say when it was made could be played to us for ever."""
        now = self._clock.now()
        return message.born is not None and now - self._pushes.window <= message.born <= now + self._pushes.ahead


@asynccontextmanager
async def letterbox(source: str, pushes: Pushes, wish: Wish, clock: Clock) -> AsyncIterator[int]:
    """While inside, the port is served; gives its number. Raises ConfigurationError for a port that cannot be had."""
    box = Letterbox(source, pushes, wish, clock)
    async with serving(f"the webhook of {source}", box, pushes.host, pushes.port) as port:
        logger.info("pushes_listening source=%s host=%s port=%d", source, pushes.host, port)
        yield port

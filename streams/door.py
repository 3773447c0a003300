"""What every port we open has: bodies of a limited size, a limited number of calls, a server in the event loop of the process."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from streams.settings import ConfigurationError

MOST_PER_SECOND = 200
READ_SECONDS = 5.0
HEAD_SECONDS = 10.0
_CONNECTIONS = 64


class Allowance:
    """So many calls a second, in a bucket of as many or of `burst`. Pure.

    A call may cost more than one: it is taken while anything is left, and what it costs beyond that has to come in again before the next.
    """

    def __init__(self, per_second: float, burst: float = 0.0) -> None:
        self._per_second, self._most = per_second, burst or per_second
        self._left, self._at = self._most, -math.inf

    def takes(self, now: float, cost: float = 1.0) -> bool:
        """Whether one more may be looked at."""
        self._fill(now)
        if self._left < min(1.0, cost):
            return False
        self._left -= cost
        return True

    def wait(self, now: float) -> float:
        """Seconds until the next is taken."""
        self._fill(now)
        return max(0.0, (1.0 - self._left) / self._per_second)

    def _fill(self, now: float) -> None:
        self._left = min(self._most, self._left + max(0.0, now - self._at) * self._per_second)
        self._at = now


async def posted(request: Request, allowance: Allowance, now: float, most_bytes: int) -> bytes | tuple[int, str]:
    """The body of a call; or (status, result of the metric) of one that is not taken."""
    if request.method != "POST":
        return 405, "lost"
    if not allowance.takes(now):
        return 429, "limited"
    return await body_of(request, most_bytes, READ_SECONDS)


async def body_of(request: Request, most_bytes: int, seconds: float) -> bytes | tuple[int, str]:
    """The body, or (status, result) of one that is too large or comes too slowly: then the rest is not read."""
    try:
        async with asyncio.timeout(seconds):
            body = await _body(request, most_bytes)
    except TimeoutError:
        return 408, "slow"
    return (413, "too_large") if body is None else body


async def _body(request: Request, most_bytes: int) -> bytes | None:
    """None when it is larger than allowed: then the rest is not read."""
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length) > most_bytes:
        return None
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > most_bytes:
            return None
    return found


@asynccontextmanager
async def serving(
    what: str,
    app: ASGIApp,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    connections: int = _CONNECTIONS,
    idle_seconds: int = 5,
    ending_seconds: int = 1,
) -> AsyncIterator[int]:
    """While inside, the port is served, by this event loop; gives its number. Raises ConfigurationError for a port that cannot be had.

    what             who listens, for the error: "the webhook of odoo"
    connections      at a time; whoever comes then gets 503
    ending_seconds   calls that are being answered have this long at the end
    """
    sock = _socket(what, host, port)
    server = _Server(
        uvicorn.Config(
            app, http=_Protocol, ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False, server_header=False,
            limit_concurrency=connections, timeout_keep_alive=idle_seconds, timeout_graceful_shutdown=ending_seconds,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
    )  # fmt: skip
    task = asyncio.create_task(server.serve([sock]), name=f"door: {what}")
    number: int = sock.getsockname()[1]
    try:
        yield number
    finally:
        server.should_exit = True
        await asyncio.wait([task])
        sock.close()


class _Protocol(H11Protocol):
    """Whoever connects asks something soon, or is let go: uvicorn itself waits for ever for the first line, and for the end of every head."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering():
            self._rest()
        else:
            self._watch()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEAD_SECONDS, self._let_go)

    def _rest(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _let_go(self) -> None:
        self._waiting = None
        if not self._is_answering():
            self.transport.close()


class _Server(uvicorn.Server):
    """Signals are the process's own business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _socket(what: str, host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=128)
    except OSError as error:
        raise ConfigurationError(
            f"{what} cannot listen on {host}:{port}: {error.strerror}; "
            "give each process on this machine a port of its own, or let one of them listen"
        ) from None

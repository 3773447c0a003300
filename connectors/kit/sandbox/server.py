"""Serve an ASGI app on loopback: blocking for ``python -m``, or in a background thread for tests.

The connection class adds one thing ASGI lacks: ``scope["extensions"][DROP]``, a function that drops the client's
connection. Faults need it, because an ASGI app that answers nothing is turned into a polite 500 by the server.
"""

import asyncio
import socket
import struct
import sys
import threading
import time
from asyncio import Transport
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

DROP = "causeway.drop"
HOST = "127.0.0.1"
START_SECONDS = 10.0
STOP_SECONDS = 10.0
GRACE_SECONDS = 2  # for answers under way
# SO_LINGER on with zero seconds: closing throws away unsent bytes and sends RST instead of FIN (socket(7)).
_LINGER_ZERO = struct.pack("ii", 1, 0)


class DroppableConnection(H11Protocol):
    """An HTTP/1.1 connection that the app may drop: ``scope["extensions"][DROP](hard=True)`` resets it (the client
    sees a connection reset), ``hard=False`` sends what was written so far and hangs up."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn says the same
        super().connection_made(transport)
        inner = self.app

        def drop(*, hard: bool) -> None:
            if not hard:
                transport.close()
                return
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            transport.abort()

        async def with_drop(scope: Scope, receive: Receive, send: Send) -> None:
            await inner({**scope, "extensions": {**scope.get("extensions", {}), DROP: drop}}, receive, send)

        self.app = with_drop


class _Server(uvicorn.Server):
    """Tells a waiting thread when it is ready (or has failed), and stops when told to: uvicorn's own looks ten times a second whether it shall, and
    then gives connections a tenth of a second to end, which thousands of tests would wait for."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()
        self._told: Callable[[], None] | None = None

    def stop(self) -> None:
        """May be called from another thread."""
        self.should_exit = True
        if self._told is not None:
            self._told()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.settled.set()

    async def main_loop(self) -> None:
        loop, stopping, ticks = asyncio.get_running_loop(), asyncio.Event(), 0

        def told() -> None:
            with suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(stopping.set)

        self._told = told
        while not await self.on_tick(ticks):
            ticks = (ticks + 1) % 864000
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        deadline = time.monotonic() + GRACE_SECONDS
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.002)  # uvicorn keeps sets and tells nobody
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()


def _listener(port: int) -> socket.socket:
    # The protocol is named because asyncio turns Nagle's delay off (40 ms per answer) only where it reads TCP.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise OSError(
            error.errno, f"sandbox cannot listen on {HOST}:{port}: {error.strerror}; choose another port"
        ) from error
    return sock


def _server(app: ASGIApp) -> _Server:
    options: dict[str, Any] = {"log_config": None, "log_level": "warning", "access_log": False, "proxy_headers": False}
    options["date_header"] = not getattr(app, "dates_itself", False)  # a sandbox whose clock may be wrong tells its own
    return _Server(
        uvicorn.Config(
            app,
            http=DroppableConnection,
            ws="none",
            timeout_graceful_shutdown=GRACE_SECONDS,
            lifespan="auto",
            **options,
        )
    )


def serve(app: ASGIApp, port: int, name: str = "sandbox") -> None:
    """Serve until SIGINT or SIGTERM. Says the address on standard output once it listens; port 0 takes a free one.

    Raises OSError when the port is taken."""
    sock = _listener(port)
    sys.stdout.write(f"{name} listening on http://{HOST}:{sock.getsockname()[1]}\n")
    sys.stdout.flush()
    _server(app).run(sockets=[sock])


@contextmanager
def running(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve in a background thread; gives the base URL without a trailing slash, stops and joins on leaving.

    Raises OSError when the port is taken, RuntimeError when the app does not start."""
    sock = _listener(port)
    url = f"http://{HOST}:{sock.getsockname()[1]}"
    server = _server(app)

    def run() -> None:
        try:
            server.run(sockets=[sock])
        finally:
            server.settled.set()

    thread = threading.Thread(target=run, name="sandbox-server", daemon=True)
    thread.start()
    try:
        if not server.settled.wait(START_SECONDS) or not server.started:
            raise RuntimeError(f"sandbox at {url} did not start")
        yield url
    finally:
        server.stop()
        thread.join(STOP_SECONDS)
        sock.close()
        if thread.is_alive():
            raise RuntimeError(f"sandbox at {url} did not stop within {STOP_SECONDS} seconds")

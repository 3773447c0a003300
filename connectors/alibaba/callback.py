"""The page the browser comes back to after a buyer has let the app in (AUTH-3): one address, open while somebody authorises, and for nobody else:
only what carries the state that was given out is taken, and only once. The code it brings is told to nobody but the set-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_CLOSED_SECONDS = 5.0
_LONGEST_CODE = 500


class RefusedError(Exception):
    """The buyer said no."""


class CallbackPage:
    """The ASGI app. path: of redirect_uri; state: what was given out with the address to click on; `code` is there when somebody came back."""

    def __init__(self, path: str, state: str) -> None:
        self._path = path or "/"
        self._state = state
        self.code: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        status, words = self._answer(request.method, request.url.path, request.url.query)
        await PlainTextResponse(words, status, headers=_HEADERS)(scope, receive, send)

    def _answer(self, method: str, path: str, query: str) -> tuple[int, str]:
        if path != self._path:
            return 404, "There is nothing here."
        if method != "GET":
            return 405, "This page is only to come back to."
        given = {name: values[-1] for name, values in parse_qs(query, errors="replace").items()}
        if not hmac.compare_digest(given.get("state", "").encode(errors="replace"), self._state.encode()):
            return (
                400,
                "This is not what was asked for: the state differs. Begin again at the address that the set-up shows.",
            )
        if self.code.done():
            return 409, "This was used already."
        code = given.get("code", "")
        if 0 < len(code) <= _LONGEST_CODE:
            self.code.set_result(code)
            return 200, "Thank you. The set-up goes on; you may close this page."
        self.code.set_exception(RefusedError())
        return 200, "The app was not authorised. The set-up ends; you may close this page."


@asynccontextmanager
async def served(page: CallbackPage, host: str, port: int) -> AsyncIterator[int]:
    """Open at that address, plain http; gives the port. Raises OSError when the address cannot be taken."""
    listener = socket.create_server((host, port))
    config = uvicorn.Config(
        page, http="h11", ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False, server_header=False,
        timeout_keep_alive=1, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = _Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(task, _CLOSED_SECONDS)
        listener.close()


class _Server(uvicorn.Server):
    """Signals belong to the program, not to this page."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listens_at(listen: str, redirect_uri: str) -> tuple[str, int]:
    """(host, port) of the page: as configured, else that of redirect_uri. Raises ValueError saying what is wrong."""
    place = urlsplit(f"//{listen}" if listen else redirect_uri)
    if not listen and place.scheme != "http":
        raise ValueError(
            "redirect_uri is not plain http, so something in front has to lead to the page; say where: CALLBACK_LISTEN=HOST:PORT"
        )
    try:
        host, port = place.hostname, place.port
    except ValueError:
        host = port = None
    if not host or port is None:
        raise ValueError("write HOST:PORT" if listen else "redirect_uri needs a port, or set CALLBACK_LISTEN=HOST:PORT")
    return host, port

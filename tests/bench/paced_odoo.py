"""The Odoo sandbox at the pace of a real Odoo 18: `python -m tests.bench.paced_odoo --port N --data DIR --db NAME --login NAME --password WORD`.

The sandbox writes an order in half a millisecond, Odoo in nine. Against the sandbox as it is, the sink bench would measure the sandbox. So each
call is held until it took as long as on the real server this was measured on (docs/benchmarks.md), two calls at a time, as Odoo with two
workers serves them. What it cannot mend: the sandbox lets no one read while it writes, Odoo does; a contender that makes more calls waits more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.kit.sandbox.server import serve
from connectors.odoo.sandbox.__main__ import arguments, settings_from
from connectors.odoo.sandbox.app import create_app

WORKERS = 2
# CPU seconds of Odoo and PostgreSQL, medians of calls with 100 records. A record with its children: an order with its lines, a customer with an
# address, for which the sink makes two calls of `load` that cost as much as 200 records.
CALL_SECONDS = 0.007
WRITTEN_SECONDS = {
    ("sale.order", "create"): 0.0079, ("sale.order", "load"): 0.0091,
    ("res.partner", "create"): 0.0057, ("res.partner", "load"): 0.0024,
}  # fmt: skip
READ_SECONDS = 0.0001


def seconds_of(envelope: Any) -> float:
    """How long a real server takes for this call. 0 for what is no call of a model."""
    params = envelope.get("params") if isinstance(envelope, dict) else None
    if not isinstance(params, dict) or params.get("service") != "object":
        return 0.0
    model, method, *rest = params["args"][3:]
    args = rest[0] if rest else []
    if method in ("create", "load"):
        return CALL_SECONDS + WRITTEN_SECONDS.get((model, method), 0.0) * _records(method, args)
    return CALL_SECONDS + (READ_SECONDS * len(args[0]) if method == "read" else 0.0)


def _records(method: str, args: Sequence[Any]) -> int:
    """Rows of a `load` whose first cell is empty belong to the record above."""
    return len(args[0]) if method == "create" else sum(1 for row in args[1] if row[0])


class Paced:
    """ASGI middleware: answers are held back until a real server would have had them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._workers = asyncio.Semaphore(WORKERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/jsonrpc":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        async with self._workers:
            clock = asyncio.get_running_loop().time
            due = clock() + seconds_of(orjson.loads(body))

            async def held(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await asyncio.sleep(due - clock())
                await send(message)

            await self._app(scope, _given(body), held)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _given(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


if __name__ == "__main__":
    options = arguments()
    app = create_app(settings_from(options, {}))
    serve(Paced(app), options.port, "Odoo sandbox at Odoo's pace")

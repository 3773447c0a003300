"""A log of the latest calls to a sandbox, for its page and for tests that count calls. Keeps no bodies, no headers."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

DROPPED = 0


@dataclass(frozen=True)
class Call:
    """at: epoch seconds; status: HTTP status, DROPPED where no answer was begun; ms: time to the end of the call."""

    at: float
    method: str
    path: str
    status: int
    ms: float


class CallLog:
    """ASGI middleware, put outermost. `latest` holds the newest calls, `counts` all of them by method, path, status."""

    def __init__(self, app: ASGIApp, keep: int = 200, clock: Callable[[], float] = time.time) -> None:
        self.app = app
        self.latest: deque[Call] = deque(maxlen=keep)
        self.counts: Counter[int] = Counter()
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/" or scope["path"].startswith("/sandbox"):
            await self.app(scope, receive, send)
            return
        began, status = self._clock(), DROPPED

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            self.latest.append(Call(began, scope["method"], scope["path"], status, (self._clock() - began) * 1000))
            self.counts[status] += 1

    def clear(self) -> None:
        self.latest.clear()
        self.counts.clear()

    def as_json(self) -> dict[str, Any]:
        by_status = {str(status): count for status, count in sorted(self.counts.items())}
        return {"total": sum(self.counts.values()), "by_status": by_status, "latest": [asdict(c) for c in self.latest]}

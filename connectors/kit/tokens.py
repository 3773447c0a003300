"""Access tokens, kept and renewed: asked for once for all who need one, never logged (AUTH-1).

A token is renewed 5 minutes before it expires, or a third of its lifetime before where that is shorter. Whoever needs one while it is
being fetched waits for that one fetch, whichever thread or event loop it runs in; if the fetch fails, all of them get its error. A token
the other side refuses is dropped, but only if it is still the one in use: ten calls refused together cause one fetch.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from connectors.kit.errors import ConnectorError
from connectors.kit.metrics import TOKENS

RENEW_BEFORE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token endpoint gave: the token and how long it lives."""

    value: SecretStr
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Token:
    """A token in use. Times are aware UTC."""

    value: SecretStr
    renew_at: datetime
    expires_at: datetime

    def fresh(self, now: datetime) -> bool:
        """Whether it need not be renewed yet."""
        return now < self.renew_at


def token_of(grant: Grant, asked_at: datetime) -> Token:
    """`asked_at`: when we asked, not when the answer came, so a slow answer never makes a token look younger than it is."""
    early = min(RENEW_BEFORE, grant.lifetime / 3)
    return Token(grant.value, asked_at + grant.lifetime - early, asked_at + grant.lifetime)


class TokenStore(Protocol):
    """Where tokens are kept between calls: this process's memory, or something several processes share."""

    def load(self, name: str) -> Token | None: ...

    def save(self, name: str, token: Token | None) -> None: ...


class MemoryTokens:
    """Tokens of this process. Each operation is atomic."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def load(self, name: str) -> Token | None:
        return self._tokens.get(name)

    def save(self, name: str, token: Token | None) -> None:
        if token is None:
            self._tokens.pop(name, None)
        else:
            self._tokens[name] = token


class _AbandonedError(Exception):
    """Whoever fetched was cancelled; those who waited try again."""


Fetch = Callable[[], Awaitable[Grant]]


class TokenCache:
    """The token of one account. `name` tells it apart in the store and begins with the system's, `walmart:...`; `now` is the clock, aware UTC."""

    def __init__(self, name: str, now: Callable[[], datetime], store: TokenStore | None = None) -> None:
        self._name = name
        self._system = name.partition(":")[0]
        self._now = now
        self._store = store or MemoryTokens()
        self._lock = threading.Lock()
        self._flight: Future[Token] | None = None

    async def token(self, fetch: Fetch) -> Token:
        """A token that is fresh. `fetch` asks for a new one when there is none. Raises what `fetch` raises."""
        while True:
            with self._lock:
                held = self._store.load(self._name)
                if held is not None and held.fresh(self._now()):
                    return held
                flight = self._flight
                if flight is None:
                    mine = self._flight = Future()
            if flight is None:
                return await self._fly(fetch, mine)
            try:
                # Shielded: whoever stops waiting must not cancel the fetch of the others.
                return await asyncio.shield(asyncio.wrap_future(flight))
            except _AbandonedError:
                continue

    def refused(self, token: Token) -> bool:
        """The other side did not accept this token: the next call fetches a new one. False when another caller had it replaced already."""
        with self._lock:
            is_current = self._store.load(self._name) == token
            if is_current:
                self._store.save(self._name, None)
            return is_current

    async def _fly(self, fetch: Fetch, flight: Future[Token]) -> Token:
        try:
            asked_at = self._now()
            token = token_of(await fetch(), asked_at)
        except BaseException as error:
            TOKENS.labels(self._system, "failed").inc()
            self._land()
            flight.set_exception(error if isinstance(error, ConnectorError) else _AbandonedError())
            raise
        TOKENS.labels(self._system, "ok").inc()
        self._land(token)
        flight.set_result(token)
        return token

    def _land(self, token: Token | None = None) -> None:
        with self._lock:
            self._flight = None
            if token is not None:
                self._store.save(self._name, token)

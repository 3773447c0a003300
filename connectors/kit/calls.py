"""The calls of one account: each waits for its quota, carries a fresh token, and is tried again where that does no harm.

Within one call (one correlation id): a refused token is renewed at once, one time; failing systems and used-up quotas are tried again with
growing waits, at most `attempts` times in all; anything that may have been carried out and must not be done twice is not repeated here.

What differs between APIs is said by a subclass: where tokens come from, the headers, what else an answer tells.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import httpx

from connectors.kit import exact_json
from connectors.kit.budget import Budget
from connectors.kit.errors import AuthError, ConnectorError, ForbiddenError, ThrottledError, TransientError
from connectors.kit.http import Answer, HttpClient
from connectors.kit.rate import Priority
from connectors.kit.tokens import Fetch, Token, TokenCache

# Waits between tries double.
_FIRST_WAIT_SECONDS = 0.5
_FIRST_THROTTLE_WAIT_SECONDS = 2.0
_LARGEST_JITTER = 0.25
_MOST_REFUSALS = 5
NO_CONTENT = 204
JSON = "application/json"

# An answer and what its body says.
Said = tuple[Answer, Any]


@dataclass(frozen=True, slots=True)
class File:
    """The one part named `file` of a multipart body. data: its bytes; name: any; kind: its media type."""

    data: bytes
    name: str = "feed.json"
    kind: str = JSON


@dataclass(frozen=True, slots=True)
class Request:
    """One call, all its tries. operation: a name of the rate plan; path: with its query, as text.

    content      the body and its media type
    repeatable   whether doing it twice does no harm; None: reading is, writing is not
    accept       media type of the answer; anything but JSON is not decoded
    grant        whose token it carries, where an API has several kinds
    """

    operation: str
    method: str
    path: str
    priority: Priority = Priority.ORDERS
    content: bytes | None = None
    content_type: str = ""
    repeatable: bool | None = None
    accept: str = JSON
    grant: str = ""

    @property
    def headers(self) -> dict[str, str]:
        kind = {"Content-Type": self.content_type} if self.content_type else {}
        return kind if self.accept == JSON else {**kind, "Accept": self.accept}

    def decoded(self, answer: Answer) -> Any:
        """What the body says; None for a 204, and for what is no JSON on purpose."""
        return None if answer.status == NO_CONTENT or self.accept != JSON else answer.json()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a client takes from outside, so that tests are exact: the clock, waiting, chance (0..1), ids."""

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]
    new_id: Callable[[], str]


def real_surroundings(now: Callable[[], datetime]) -> Surroundings:
    """The world as it is."""
    return Surroundings(now, asyncio.sleep, random.SystemRandom().random, lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Patience:
    """attempts: how often a call is tried in all; longest_wait_seconds: between tries; who asks for more gets the call back."""

    attempts: int
    longest_wait_seconds: float


class AccountClient:
    """Calls of one account. Raises `connectors.kit.errors` only. A subclass overrides what raises NotImplementedError.

    renews_when_forbidden   a 403 may mean an old token here, so it is renewed once for that too
    """

    renews_when_forbidden: ClassVar[bool] = False

    def __init__(self, http: HttpClient, budget: Budget, surroundings: Surroundings, patience: Patience) -> None:
        self._http = http
        self._budget = budget
        self._out = surroundings
        self._patience = patience

    def forecast_seconds(self, operation: str, calls: int, priority: Priority = Priority.REPORTS) -> float:
        """How long that many calls would take by the quota alone, behind those that wait and go first."""
        return self._budget.forecast(operation, calls, priority)

    def waiting(
        self, operation: str, calls: int, priority: Priority = Priority.ORDERS
    ) -> AbstractContextManager[Callable[[], None]]:
        """See `Budget.waiting`."""
        return self._budget.waiting(operation, calls, priority)

    def used(self, operation: str) -> float:
        """Part of this operation's own quota that is used up now, 0 to 1."""
        return self._budget.used()[self._budget.own(operation)]

    def postpone_seconds(self, operation: str, patience_seconds: float = 0.0) -> float:
        """See `Budget.postpone`."""
        return self._budget.postpone(operation, patience_seconds)

    def set_share(self, share: float) -> None:
        """See `Budget.set_share`."""
        self._budget.set_share(share)

    async def ask_token(self, grant: str = "") -> Token:
        """A fresh token, from the cache where it holds one."""
        cache, fetch = self._tokens_for(grant)
        return await cache.token(fetch)

    async def aclose(self) -> None:
        await self._http.aclose()

    def _tokens_for(self, grant: str) -> tuple[TokenCache, Fetch]:
        """Where tokens of that kind are kept, and how one is asked for."""
        raise NotImplementedError

    def _headers(self, request: Request, token: Token, correlation: str) -> Mapping[str, str]:
        """The headers of one try, without those of the request."""
        raise NotImplementedError

    def _look_into(self, answer: Answer, content: Any) -> None:
        """Raises the error that stands inside an answer of 2xx."""

    def _told(self, request: Request, headers: Mapping[str, str]) -> None:
        """What the headers of an answer say of the quota."""

    def _refused(self, request: Request, error: ThrottledError) -> None:
        """The quota is used up at the other side."""
        self._budget.refused(request.operation, error.retry_after or _FIRST_THROTTLE_WAIT_SECONDS)

    def _counts_elsewhere(self, error: ConnectorError, method: str) -> bool:
        """Whether this failure is not tried again here, although it could be."""
        return False

    async def _call(self, request: Request) -> Said:
        correlation = self._out.new_id()
        attempt, renewals, refusals = 1, 0, 0
        cache, fetch = self._tokens_for(request.grant)
        while True:
            token: Token | None = None
            try:
                token = await cache.token(fetch)
                async with self._budget.calling(request.operation, request.priority):
                    return await self._once(request, token, correlation)
            except AuthError as error:
                if isinstance(error, ForbiddenError) and not self.renews_when_forbidden:
                    raise
                # Many calls share a token: only a refusal of the one in use is our renewal, a refusal of one replaced meanwhile is not.
                refusals += 1
                renewals += token is not None and cache.refused(token)
                if token is None or renewals > 1 or refusals >= _MOST_REFUSALS:
                    raise
            except (TransientError, ThrottledError) as error:
                wait = self._wait_seconds(error, attempt)
                if attempt >= self._patience.attempts or wait is None or self._counts_elsewhere(error, request.method):
                    raise
                attempt += 1
                await self._out.sleep(wait)

    async def _once(self, request: Request, token: Token, correlation: str) -> Said:
        try:
            answer = await self._http.call(
                request.operation.replace("_", " "),
                request.method,
                request.path,
                headers={**self._headers(request, token, correlation), **request.headers},
                content=request.content,
                repeatable=request.repeatable,
                correlation=correlation,
            )
            # Read here, so that an answer cut short is tried again like one that never came.
            content = request.decoded(answer)
            self._look_into(answer, content)
        except ThrottledError as error:
            self._refused(request, error)
            raise
        self._told(request, answer.headers)
        return answer, content

    def _wait_seconds(self, error: ConnectorError, attempt: int) -> float | None:
        """How long before the next try; None when the other side wants more patience than a call has."""
        longest, asked_for = self._patience.longest_wait_seconds, error.retry_after
        if asked_for is not None and asked_for > longest:
            return None
        first = _FIRST_THROTTLE_WAIT_SECONDS if isinstance(error, ThrottledError) else _FIRST_WAIT_SECONDS
        wait = min(first * 2 ** (attempt - 1), longest) if asked_for is None else asked_for
        return wait * (1 + _LARGEST_JITTER * self._out.chance())


def content_of(body: Any, file: File | None = None) -> tuple[bytes | None, str]:
    """Bytes and media type: multipart with a boundary of httpx's choice for a file, JSON for a body, nothing for neither."""
    if file is not None:
        request = httpx.Request("POST", "http://localhost/", files={"file": (file.name, file.data, file.kind)})
        return request.read(), request.headers["Content-Type"]
    return (None, "") if body is None else (exact_json.dumps(body), JSON)

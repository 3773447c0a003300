"""The only one that talks to Walmart. One object per account; calls wait for the rate budget, carry a fresh token and are tried again.

Within one call (one correlation id): a refused token is renewed at once, one time; failing systems and used-up quotas are tried again with
growing waits, at most `attempts` times in all; anything that may have been carried out and must not be done twice is not repeated here.
"""

from __future__ import annotations

import asyncio
import random
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from connectors.kit import exact_json
from connectors.kit.budget import Budget
from connectors.kit.errors import AuthError, ConnectorError, DataError, ForbiddenError, ThrottledError, TransientError
from connectors.kit.http import Answer, HttpClient
from connectors.kit.http_errors import Asked
from connectors.kit.metrics import watch_quotas
from connectors.kit.rate import Priority
from connectors.kit.shared import Shared
from connectors.kit.tokens import Grant, Token, TokenCache
from connectors.walmart import errors
from connectors.walmart.auth import Caller, ask_for_token
from connectors.walmart.rates import DRAWS
from connectors.walmart.settings import WalmartAccount, WalmartSettings
from connectors.walmart.signing import signed_headers

ORDERS = "/v3/orders"
# Purchase order ids are digits so far; other systems' habits are allowed for, what could change an address is not.
ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Waits between tries double. Walmart's page on throttling says 2, 4, 8 ... seconds where no header names a time.
_FIRST_WAIT_SECONDS = 0.5
_FIRST_THROTTLE_WAIT_SECONDS = 2.0
_LARGEST_JITTER = 0.25
_MOST_REFUSALS = 5
NO_CONTENT = 204
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of the order list. orders: elements as they came; total: what the list says it holds, None when it does not."""

    orders: tuple[Any, ...]
    next_cursor: str
    total: int | None


# An answer and what its body says.
Said = tuple[Answer, Any]


@dataclass(frozen=True, slots=True)
class File:
    """What a feed is sent as: the one part named `file` of a multipart body. data: its bytes; name: any; kind: its media type."""

    data: bytes
    name: str = "feed.json"
    kind: str = JSON


@dataclass(frozen=True, slots=True)
class Request:
    """One call, all its tries. operation: a name of the rate plan; path: with its query, as text.

    content      the body and its media type
    repeatable   whether doing it twice does no harm; None: reading is, writing is not
    accept       media type of the answer; anything but JSON is not decoded
    """

    operation: str
    method: str
    path: str
    priority: Priority = Priority.ORDERS
    content: bytes | None = None
    content_type: str = ""
    repeatable: bool | None = None
    accept: str = JSON

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


class WalmartClient:
    """Calls of one account. Raises `connectors.kit.errors` only."""

    def __init__(
        self, settings: WalmartSettings, account: WalmartAccount, http: HttpClient, tokens: TokenCache, budget: Budget,
        surroundings: Surroundings,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._account = account
        self._http = http
        self._tokens = tokens
        self._budget = budget
        self._out = surroundings
        self._caller = Caller(settings.service_name, settings.channel_type)

    async def list_orders(self, query: Mapping[str, str] | str, priority: Priority = Priority.ORDERS) -> OrderPage:
        """A page: of a first query's parameters, or of a cursor, which is appended to the path exactly as it came."""
        text = query if isinstance(query, str) else "?" + urlencode(query)
        try:
            answer, content = await self._call(Request("list_orders", "GET", ORDERS + text, priority))
        except DataError as error:
            if error.code == errors.NOT_FOUND:
                return OrderPage((), "", 0)
            raise
        return page_in(answer.asked, content)

    async def get_order(self, order_id: str) -> Any | None:
        """One order as it came, None when there is none of that id."""
        try:
            answer, content = await self._call(Request("get_order", "GET", order_path(order_id)))
        except DataError as error:
            if error.code == errors.NOT_FOUND:
                return None
            raise
        return order_in(answer.asked, content)

    async def acknowledge(self, order_id: str) -> Any:
        """Acknowledge the whole order (FUL-1), once. Gives the order. Raises UncertainError when no answer came: look before trying again."""
        answer, content = await self._call(Request("acknowledge", "POST", order_path(order_id, "/acknowledge")))
        return order_in(answer.asked, content)

    async def call(
        self, operation: str, method: str, path: str, *, body: Any = None, file: File | None = None,
        priority: Priority = Priority.ORDERS, repeatable: bool | None = None,
    ) -> Said:  # fmt: skip
        """Any call: `path` with its query as text, everything in it percent-encoded; `body` goes as JSON, `file` as a feed is sent.

        `operation` is one of the rate plan's (`settings.WalmartRates.plan`). Gives the answer and its decoded body, None for a 204.
        Raises UncertainError when a write may have been carried out, unless `repeatable` says that doing it twice does no harm.
        """
        content, kind = content_of(body, file)
        return await self._call(Request(operation, method, path, priority, content, kind, repeatable))

    async def download(self, operation: str, path: str, priority: Priority = Priority.REPORTS) -> Answer:
        """A file as it came (`answer.body`), for example a reconciliation report."""
        answer, _ = await self._call(Request(operation, "GET", path, priority, accept="application/octet-stream"))
        return answer

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
        return self._budget.used()[DRAWS[operation][-1]]

    def postpone_seconds(self, operation: str) -> float:
        """See `Budget.postpone`."""
        return self._budget.postpone(operation)

    def set_share(self, share: float) -> None:
        """See `Budget.set_share`."""
        self._budget.set_share(share)

    async def ask_token(self) -> Token:
        """A fresh token, from the cache where it holds one."""
        return await self._tokens.token(self._fetch_token)

    async def token_detail(self) -> Mapping[str, Any]:
        """What the token may do: validity and scopes."""
        answer, content = await self._call(Request("token_detail", "GET", "/v3/token/detail"))
        if not isinstance(content, dict):
            raise answer.asked.left("gave no token detail")
        return content

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _call(self, request: Request) -> Said:
        correlation = self._out.new_id()
        attempt, renewals, refusals = 1, 0, 0
        while True:
            token: Token | None = None
            try:
                token = await self.ask_token()
                await self._budget.take(request.operation, request.priority)
                return await self._once(request, token, correlation)
            except ForbiddenError:
                raise
            except AuthError:
                # Many calls share a token: only a refusal of the one in use is our renewal, a refusal of one replaced meanwhile is not.
                refusals += 1
                renewals += token is not None and self._tokens.refused(token)
                if token is None or renewals > 1 or refusals >= _MOST_REFUSALS:
                    raise
            except (TransientError, ThrottledError) as error:
                wait = self._wait_seconds(error, attempt)
                if attempt >= self._settings.attempts or wait is None or _counts_elsewhere(error, request.method):
                    raise
                attempt += 1
                await self._out.sleep(wait)

    async def _once(self, request: Request, token: Token, correlation: str) -> Said:
        # Signed anew for each try: a signature lives five minutes only.
        signed = signed_headers(self._account.signing, request.operation, self._out.now())
        try:
            answer = await self._http.call(
                request.operation.replace("_", " "),
                request.method,
                request.path,
                headers={**self._caller.with_token(correlation, token.value), **request.headers, **signed},
                content=request.content,
                repeatable=request.repeatable,
                correlation=correlation,
            )
            # Read here, so that an answer cut short is tried again like one that never came.
            content = request.decoded(answer)
            _check_for_errors(answer, content, self._out.now())
        except ThrottledError as error:
            self._budget.refused(request.operation, error.retry_after or _FIRST_THROTTLE_WAIT_SECONDS)
            raise
        left = errors.calls_left(answer.headers)
        self._budget.told(request.operation, left, errors.retry_after(answer.headers, self._out.now()))
        return answer, content

    def _wait_seconds(self, error: ConnectorError, attempt: int) -> float | None:
        """How long before the next try; None when the other side wants more patience than a call has."""
        asked_for = error.retry_after
        if asked_for is not None and asked_for > self._settings.longest_wait_seconds:
            return None
        first = _FIRST_THROTTLE_WAIT_SECONDS if isinstance(error, ThrottledError) else _FIRST_WAIT_SECONDS
        grown = min(first * 2 ** (attempt - 1), self._settings.longest_wait_seconds)
        wait = grown if asked_for is None else asked_for
        return wait * (1 + _LARGEST_JITTER * self._out.chance())

    async def _fetch_token(self) -> Grant:
        await self._budget.take("token", Priority.ORDERS)
        return await ask_for_token(self._http, self._account, self._caller, self._out.new_id())


def _counts_elsewhere(error: ConnectorError, method: str) -> bool:
    """A write's patience is that of its deliveries, which look at the order in between: ERR-3 allows five tries for a system code in all,
    and a used-up quota would keep a worker standing."""
    return method != "GET" and (isinstance(error, ThrottledError) or error.code in errors.SYSTEM_CODES)


def content_of(body: Any, file: File | None) -> tuple[bytes | None, str]:
    """Bytes and media type: multipart with a boundary of httpx's choice for a file, JSON for a body, nothing for neither."""
    if file is not None:
        request = httpx.Request("POST", "http://localhost/", files={"file": (file.name, file.data, file.kind)})
        return request.read(), request.headers["Content-Type"]
    return (None, "") if body is None else (exact_json.dumps(body), JSON)


def order_path(order_id: str, action: str = "") -> str:
    """`/v3/orders/ID/...`. Raises DataError for what cannot be an order id."""
    if not ORDER_ID.fullmatch(order_id):
        raise DataError("order_id: not a Walmart purchaseOrderId (letters and digits, at most 64)")
    return f"{ORDERS}/{quote(order_id, safe='')}{action}"


def page_in(asked: Asked, content: Any) -> OrderPage:
    """The page in an answer. A list without the parts of a list is an answer gone wrong: transient."""
    listed = content.get("list") if isinstance(content, dict) else None
    if not isinstance(listed, dict):
        raise asked.left("gave no `list`")
    meta = listed.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    elements = listed.get("elements")
    found = elements.get("order") if isinstance(elements, dict) else elements
    orders = [] if found is None else found if isinstance(found, list) else [found]
    cursor = meta.get("nextCursor")
    cursor = cursor.strip() if isinstance(cursor, str) else ""
    if cursor and not cursor.startswith("?"):
        raise asked.left("gave a nextCursor that does not start with `?`")
    return OrderPage(tuple(orders), cursor, count_in(meta.get("totalCount")))


def order_in(asked: Asked, content: Any) -> Any:
    """The order in `{"order": {...}}`; also without the wrapper, as the model's schema has it."""
    order = content.get("order", content) if isinstance(content, dict) else None
    if not isinstance(order, dict):
        raise asked.left("gave no `order`")
    return order


def _check_for_errors(answer: Answer, content: Any, now: datetime) -> None:
    """Errors inside a 200 (seen in the order list's schema). Raises them; warnings pass."""
    found = [error for error in errors.errors_in(content) if error.severity not in ("INFO", "WARN")]
    if found:
        raise errors.error_of(answer, found, now)


def count_in(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 10**9 else None
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


def real_surroundings(now: Callable[[], datetime]) -> Surroundings:
    """The world as it is."""
    return Surroundings(now, asyncio.sleep, random.SystemRandom().random, lambda: str(uuid.uuid4()))


# Once per process and account, whoever asks: source and sink share one token and one budget (AUTH-1, RATE-1).
_TOKENS: Shared[TokenCache] = Shared()
_BUDGETS: Shared[Budget] = Shared()


def budget_of(settings: WalmartSettings, account: str) -> Budget:
    """The rate budget of an account in this process. A worker that owns part of the work calls `set_share` on it."""
    identity = (settings.base_url, settings.account(account).client_id)

    def make() -> Budget:
        plan = settings.rates.plan()
        budget = Budget(plan)
        sizes = {name: quota.depth for name, quota in plan.quotas.items()}
        watch_quotas("walmart", account, sizes, budget.left, budget.used, budget.backlog)
        return budget

    return _BUDGETS.get((*identity, repr(settings.rates)), make)


def open_client(settings: WalmartSettings, account: str, now: Callable[[], datetime]) -> WalmartClient:
    """A client of an account. Opens no connection yet. Raises ValueError for an account that is not configured."""
    keys = settings.account(account)
    name = f"walmart:{settings.base_url}:{keys.client_id}"
    tokens = _TOKENS.get(name, lambda: TokenCache(name, now))
    http = HttpClient(settings.base_url, settings.http, refusal=errors.refusal(now), system="walmart")
    return WalmartClient(settings, keys, http, tokens, budget_of(settings, account), real_surroundings(now))

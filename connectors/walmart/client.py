"""The only one that talks to Walmart. One object per account; calls wait for the rate budget, carry a fresh token and are tried again, as
`connectors.kit.calls` says. Here is what is Walmart's: its calls, headers, signatures and answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from connectors.kit.budget import Budget
from connectors.kit.calls import (
    AccountClient,
    File,
    Patience,
    Request,
    Said,
    Surroundings,
    content_of,
    real_surroundings,
)
from connectors.kit.errors import ConnectorError, DataError, ThrottledError
from connectors.kit.http import Answer, HttpClient
from connectors.kit.http_errors import Asked
from connectors.kit.metrics import watch_quotas
from connectors.kit.rate import Priority
from connectors.kit.shared import Shared
from connectors.kit.tokens import Fetch, Grant, Token, TokenCache
from connectors.walmart import errors
from connectors.walmart.auth import Caller, ask_for_token
from connectors.walmart.settings import WalmartAccount, WalmartSettings
from connectors.walmart.signing import signed_headers

ORDERS = "/v3/orders"
# Purchase order ids are digits so far; other systems' habits are allowed for, what could change an address is not.
ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of the order list. orders: elements as they came; total: what the list says it holds, None when it does not."""

    orders: tuple[Any, ...]
    next_cursor: str
    total: int | None


class WalmartClient(AccountClient):
    """Calls of one account. Raises `connectors.kit.errors` only."""

    def __init__(
        self, settings: WalmartSettings, account: WalmartAccount, http: HttpClient, tokens: TokenCache, budget: Budget,
        surroundings: Surroundings,
    ) -> None:  # fmt: skip
        # Walmart's page on throttling says 2, 4, 8 ... seconds where no header names a time.
        super().__init__(http, budget, surroundings, Patience(settings.attempts, settings.longest_wait_seconds))
        self._account = account
        self._tokens = tokens
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

    async def token_detail(self) -> Mapping[str, Any]:
        """What the token may do: validity and scopes."""
        answer, content = await self._call(Request("token_detail", "GET", "/v3/token/detail"))
        if not isinstance(content, dict):
            raise answer.asked.left("gave no token detail")
        return content

    def _tokens_for(self, grant: str) -> tuple[TokenCache, Fetch]:
        return self._tokens, self._fetch_token

    async def _fetch_token(self) -> Grant:
        await self._budget.take("token", Priority.ORDERS)
        return await ask_for_token(self._http, self._account, self._caller, self._out.new_id())

    def _headers(self, request: Request, token: Token, correlation: str) -> Mapping[str, str]:
        # Signed anew for each try: a signature lives five minutes only.
        signed = signed_headers(self._account.signing, request.operation, self._out.now())
        return {**self._caller.with_token(correlation, token.value), **signed}

    def _look_into(self, answer: Answer, content: Any) -> None:
        """Errors inside a 200 (seen in the order list's schema). Raises them; warnings pass."""
        found = [error for error in errors.errors_in(content) if error.severity not in ("INFO", "WARN")]
        if found:
            raise errors.error_of(answer, found, self._out.now())

    def _told(self, request: Request, headers: Mapping[str, str]) -> None:
        self._budget.told(request.operation, errors.calls_left(headers), errors.retry_after(headers, self._out.now()))

    def _counts_elsewhere(self, error: ConnectorError, method: str) -> bool:
        """A write's patience is that of its deliveries, which look at the order in between: ERR-3 allows five tries for a system code in
        all, and a used-up quota would keep a worker standing."""
        return method != "GET" and (isinstance(error, ThrottledError) or error.code in errors.SYSTEM_CODES)


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


def count_in(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value < 10**9 else None
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


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

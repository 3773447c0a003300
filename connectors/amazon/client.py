"""The only one that talks to Amazon's Selling Partner API. How calls wait for quota, carry tokens and are tried again is the kit's
(`connectors.kit.calls`). Here is what is Amazon's: its calls, tokens, headers and answers.

Accounts of one selling partner share a quota, and those of one refresh token a token, whatever they are called here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from connectors.amazon import errors
from connectors.amazon.auth import (
    RESTRICTED_PATH,
    SELLER,
    ask_for_token,
    headers_with,
    restricted_grant,
    restricted_request,
)
from connectors.amazon.rates import told_rate
from connectors.amazon.settings import AmazonAccount, AmazonSettings
from connectors.kit.budget import Budget
from connectors.kit.calls import AccountClient, Patience, Request, Said, Surroundings, content_of, real_surroundings
from connectors.kit.errors import ConnectorError, DataError, ThrottledError
from connectors.kit.http import HttpClient
from connectors.kit.http_errors import Asked
from connectors.kit.metrics import watch_quotas
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.kit.shared import Shared
from connectors.kit.tokens import Fetch, Grant, Token, TokenCache

ORDERS = "/orders/2026-01-01/orders"
ORDER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
# A restricted token's grant: this word, the method, the path and the data elements.
_RESTRICTED = "restricted"
Query = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of searchOrders. orders: as they came; next_token: "" = the last one; until: what the list reaches to, None when untold."""

    orders: tuple[Any, ...]
    next_token: str = ""
    until: datetime | None = None


class Tokens:
    """The tokens of one authorisation, by kind of grant: a refresh token has one of each in a process (AUTH-2)."""

    def __init__(self, name: str, now: Callable[[], datetime]) -> None:
        self._name, self._now = name, now
        self._caches: Shared[TokenCache] = Shared()

    def of(self, grant: str) -> TokenCache:
        return self._caches.get(grant, lambda: TokenCache(f"{self._name}:{grant}", self._now))


class AmazonClient(AccountClient):
    """Calls of one account. Raises `connectors.kit.errors` only."""

    # Expired tokens and missing roles have the same status; only a text tells them apart.
    renews_when_forbidden: ClassVar[bool] = True

    def __init__(
        self, account: AmazonAccount, http: HttpClient, login: HttpClient, token_path: str, tokens: Tokens, budget: Budget,
        surroundings: Surroundings, patience: Patience,
    ) -> None:  # fmt: skip
        super().__init__(http, budget, surroundings, patience)
        self.account = account
        self._login = login
        self._token_path = token_path
        self._tokens = tokens

    async def search_orders(self, query: Query, priority: Priority = Priority.ORDERS) -> OrderPage:
        """A page of the order list. Lists in the query are joined by commas, Swagger's default."""
        answer, content = await self.call("searchOrders", "GET", ORDERS, query=query, priority=priority)
        return page_in(answer.asked, content)

    async def get_order(
        self, order_id: str, included: Sequence[str], priority: Priority = Priority.ORDERS
    ) -> Any | None:
        """One order as it came, None when there is none of that id. Raises DataError for what cannot be an id."""
        if not ORDER_ID.fullmatch(order_id):
            raise DataError("order_id: not an Amazon order id (123-1234567-1234567)")
        try:
            answer, content = await self.call(
                "getOrder",
                "GET",
                f"{ORDERS}/{quote(order_id, safe='')}",
                query={"includedData": included},
                priority=priority,
            )
        except DataError as error:
            if errors.is_missing(error):
                return None
            raise
        order = content.get("order") if isinstance(content, dict) else None
        if not isinstance(order, dict):
            raise answer.asked.left("gave no `order`")
        return order

    async def call(
        self, operation: str, method: str, path: str, *, query: Query | None = None, body: Any = None, priority: Priority = Priority.ORDERS,
        repeatable: bool | None = None, grant: str = SELLER,
    ) -> Said:  # fmt: skip
        """Any call. `operation`: one of the rate plan's (`rates.DRAWS`); `grant`: a scope for a grantless call, or what `restricted` gives.

        Gives the answer and its decoded body, None for a 204. Raises UncertainError when a write may have been carried out, unless
        `repeatable` says that doing it twice does no harm.
        """
        content, kind = content_of(body)
        return await self._call(
            Request(operation, method, path + as_text(query or {}), priority, content, kind, repeatable, grant=grant)
        )

    def restricted(self, method: str, path: str, elements: Sequence[str]) -> str:
        """The grant under which a call of the old Orders API sees personal data: `call(..., grant=client.restricted(...))`."""
        return " ".join((_RESTRICTED, method, path, *elements))

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._login.aclose()

    def _tokens_for(self, grant: str) -> tuple[TokenCache, Fetch]:
        return self._tokens.of(grant), partial(self._fetch_token, grant)

    async def _fetch_token(self, grant: str) -> Grant:
        word, *parts = grant.split(" ")
        if word == _RESTRICTED:
            method, path, *elements = parts
            answer, _ = await self.call(
                "createRestrictedDataToken",
                "POST",
                RESTRICTED_PATH,
                body=restricted_request(method, path, elements),
                repeatable=True,
            )
            return restricted_grant(answer)
        await self._budget.take("token", Priority.ORDERS)
        return await ask_for_token(self._login, self._token_path, self.account, grant, self._out.new_id())

    def _headers(self, request: Request, token: Token, correlation: str) -> Mapping[str, str]:
        return headers_with(token.value)

    def _told(self, request: Request, headers: Mapping[str, str]) -> None:
        if (rate := told_rate(headers)) is not None:
            self._budget.rated(request.operation, rate)

    def _refused(self, request: Request, error: ThrottledError) -> None:
        """Amazon's bucket is empty: so is ours, whatever we thought was in it, and the next call is a whole refill away."""
        self._budget.emptied(request.operation)
        if error.retry_after is not None:
            self._budget.refused(request.operation, error.retry_after)

    def _counts_elsewhere(self, error: ConnectorError, method: str) -> bool:
        """The patience of a write is that of its deliveries: a used-up quota would keep a worker standing."""
        return method != "GET" and isinstance(error, ThrottledError)


def as_text(query: Query) -> str:
    """`?a=1&b=x,y`, empty for nothing; empty values are left out."""
    flat = {name: value if isinstance(value, str) else ",".join(value) for name, value in query.items()}
    kept = {name: value for name, value in flat.items() if value}
    return "?" + urlencode(kept, safe=",:") if kept else ""


def page_in(asked: Asked, content: Any) -> OrderPage:
    """The page in an answer. A list without the parts of a list is an answer gone wrong: transient."""
    orders = content.get("orders") if isinstance(content, dict) else None
    if not isinstance(orders, list):
        raise asked.left("gave no `orders`")
    following = content.get("pagination")
    token = following.get("nextToken") if isinstance(following, dict) else None
    return OrderPage(tuple(orders), token.strip() if isinstance(token, str) else "", _until(content))


def _until(content: Any) -> datetime | None:
    """What the list says it reaches to; a time that cannot be read is none."""
    for name in ("lastUpdatedBefore", "createdBefore"):
        try:
            if (moment := Reader(content).time(name)) is not None:
                return moment
        except DataError:
            continue
    return None


# Once per process: accounts of one refresh token share its tokens, those of one selling partner its quotas (AUTH-2, RATE-1).
_TOKENS: Shared[Tokens] = Shared()
_BUDGETS: Shared[Budget] = Shared()


def budget_of(settings: AmazonSettings, account: str) -> Budget:
    """The rate budget of an account's selling partner in this process. A worker that owns part of the work calls `set_share` on it."""
    keys = settings.account(account)

    def make() -> Budget:
        plan = settings.rates.plan()
        budget = Budget(plan)
        sizes = {name: quota.depth for name, quota in plan.quotas.items()}
        watch_quotas("amazon", account, sizes, budget.left, budget.used, budget.backlog)
        return budget

    identity = (settings.base_url(keys.region), keys.region, keys.seller_id, keys.client_id)
    return _BUDGETS.get((*identity, settings.rates.model_dump_json()), make)


def tokens_of(settings: AmazonSettings, account: str, now: Callable[[], datetime]) -> Tokens:
    """The tokens of an account's authorisation in this process. Raises ValueError for an account that is not configured."""
    keys = settings.account(account)
    # The refresh token itself stays out of the name: names are met in logs.
    refresh = keys.refresh_token_file or keys.refresh_token
    name = f"amazon:{urlsplit(settings.login_url).netloc}:{keys.client_id}"
    return _TOKENS.get((name, refresh), lambda: Tokens(name, now))


def open_client(settings: AmazonSettings, account: str, now: Callable[[], datetime]) -> AmazonClient:
    """A client of an account. Opens no connection yet. Raises ValueError for an account that is not configured."""
    keys, where = settings.account(account), urlsplit(settings.login_url)
    http = HttpClient(settings.base_url(keys.region), settings.http, refusal=errors.refusal, system="amazon")
    login = HttpClient(f"{where.scheme}://{where.netloc}", settings.http, refusal=errors.token_refusal, system="amazon")
    patience = Patience(settings.attempts, settings.longest_wait_seconds)
    tokens, budget = tokens_of(settings, account, now), budget_of(settings, account)
    return AmazonClient(keys, http, login, where.path, tokens, budget, real_surroundings(now), patience)

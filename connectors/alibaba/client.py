"""The only one that talks to the platform: one object per account. Calls wait for the app's quota, are signed anew for each try, and are tried
again as `connectors.kit.calls` says. What is the platform's own is here: parameters as text, the signature, both levels of errors.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import simplejson
from pydantic import SecretStr

from connectors.alibaba import errors
from connectors.alibaba.apis import WITHOUT_USER
from connectors.alibaba.auth import POSTPONE, Authority
from connectors.alibaba.masking import masked
from connectors.alibaba.rates import TOKEN, Use
from connectors.alibaba.settings import AlibabaAccount, AlibabaSettings
from connectors.alibaba.signing import SIGNATURE, request_signature
from connectors.kit.budget import Budget
from connectors.kit.calls import AccountClient, Patience, Request, Said, Surroundings, real_surroundings
from connectors.kit.errors import AuthError, ConnectorError, DataError, ThrottledError
from connectors.kit.http import Answer, HttpClient
from connectors.kit.metrics import watch_quotas
from connectors.kit.rate import Priority
from connectors.kit.reading import millis_of
from connectors.kit.shared import Shared
from connectors.kit.tokens import Fetch, Grant, Token, TokenCache

logger = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded; charset=UTF-8"
CURRENT_TIME = "current_time"  # its answer is a bare text
_NO_USER = "no user"
_FIRST_WAIT_SECONDS = 1.0
_LARGEST_JITTER = 0.25


@dataclass(frozen=True, slots=True)
class Call(Request):
    """A call of an API. parameters: as text, without token, time and signature."""

    parameters: Mapping[str, str] = field(default_factory=dict)


class AlibabaClient(AccountClient):
    """Calls of one account. Raises `connectors.kit.errors` only."""

    def __init__(
        self, settings: AlibabaSettings, account: AlibabaAccount, http: HttpClient, tokens: TokenCache, authority: Authority,
        budget: Budget, surroundings: Surroundings, use: Use = Use.WRITING,
    ) -> None:  # fmt: skip
        super().__init__(http, budget, surroundings, Patience(settings.attempts, settings.longest_wait_seconds))
        self._settings = settings
        self._account = account
        self._tokens = tokens
        self._authority = authority
        self._use = use
        self._nobody = TokenCache("alibaba:nobody", surroundings.now)

    @property
    def authority(self) -> Authority:
        return self._authority

    async def call(
        self, name: str, parameters: Mapping[str, Any], *, priority: Priority = Priority.ORDERS, repeatable: bool = True,
        judged: bool = True,
    ) -> Any:  # fmt: skip
        """The body of an API's answer. name: of `settings.apis`; parameters: None is left out, objects and lists go as JSON text.

        Raises what the gateway's refusals and, unless `judged` is False, the API's own become; UncertainError where a call that is not
        `repeatable` may have been carried out.
        """
        texts = {key: wire(value) for key, value in parameters.items() if value is not None}
        path = self._settings.apis.path(name, self._settings.api_version, self._account.app_key)
        grant = _NO_USER if name in WITHOUT_USER else ""
        request = Call(name, "POST", path, priority, None, FORM, repeatable, grant=grant, parameters=texts)
        try:
            answer, content = await self._call(request)
        except DataError as error:
            extra = {"operation": name, "code": error.code, "parameters": masked(texts)}
            logger.warning("call_refused", extra=extra)
            raise
        if not isinstance(content, dict) and name != CURRENT_TIME:
            raise answer.asked.left("gave no JSON object")
        if judged and (said := errors.business_refusal(content)) is not None:
            raise errors.business_error(answer.asked, said)
        return content

    async def ask_grant(self, which: str, form: Mapping[str, str]) -> Any:
        """The token API: what it answers. Raises AuthError for a refusal."""
        await self._budget.take(TOKEN, Priority.ORDERS)
        secret = self._secret()
        path = self._settings.postpone_path if which == POSTPONE else self._settings.grant_path
        path = f"{path}/{self._account.app_key}"
        fields = {**form, "client_id": self._account.app_key, "client_secret": secret}
        signed = path.removeprefix("/openapi/")
        if signed.startswith("param2/"):
            fields[SIGNATURE] = request_signature(signed, fields, secret)
        answer = await self._http.call(
            f"token {which}", "POST", path, headers={"Content-Type": FORM, "Accept": "application/json"},
            content=urlencode(fields).encode(), repeatable=True, correlation=self._out.new_id(),
        )  # fmt: skip
        content = answer.json()
        if isinstance(content, dict) and isinstance(content.get("error"), str):
            raise errors.grant_error(answer.asked, content)
        errors.look_into(answer, content)
        return content

    def _tokens_for(self, grant: str) -> tuple[TokenCache, Fetch]:
        return (self._nobody, _no_token) if grant == _NO_USER else (self._tokens, self._fetch_token)

    async def _fetch_token(self) -> Grant:
        return await self._authority.token(self.ask_grant)

    def _headers(self, request: Request, token: Token, correlation: str) -> Mapping[str, str]:
        return {"Accept": "application/json"}

    async def _once(self, request: Request, token: Token, correlation: str) -> Said:
        """Signed for each try: the token and the time may be new."""
        assert isinstance(request, Call)
        async with places(self._settings, self._account, self._use):
            sent = replace(request, path=f"/openapi/{request.path}", content=self._form(request, token))
            return await super()._once(sent, token, correlation)

    def _form(self, request: Call, token: Token) -> bytes:
        fields = dict(request.parameters)
        if text := token.value.get_secret_value():
            fields["access_token"] = text
        if self._settings.timestamps:
            fields["_aop_timestamp"] = str(millis_of(self._out.now()))
        fields[SIGNATURE] = request_signature(request.path, fields, self._secret())
        return urlencode(fields).encode()

    def _secret(self) -> str:
        try:
            return self._account.secret().get_secret_value()
        except (OSError, UnicodeDecodeError) as error:
            raise AuthError(f"app_secret_file cannot be read ({type(error).__name__}); check that it exists") from None

    def _look_into(self, answer: Answer, content: Any) -> None:
        errors.look_into(answer, content)

    def _refused(self, request: Request, error: ThrottledError) -> None:
        self._budget.refused(request.operation, error.retry_after or _FIRST_WAIT_SECONDS)

    def _wait_seconds(self, error: ConnectorError, attempt: int) -> float | None:
        """1, 2, 4 ... seconds, whatever fails (ERR-3)."""
        longest, asked_for = self._patience.longest_wait_seconds, error.retry_after
        if asked_for is not None and asked_for > longest:
            return None
        wait = min(_FIRST_WAIT_SECONDS * 2 ** (attempt - 1), longest) if asked_for is None else asked_for
        return wait * (1 + _LARGEST_JITTER * self._out.chance())


def wire(value: Any) -> str:
    """A parameter as text: objects and lists as compact JSON in UTF-8, truths as `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    text: str = simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text


async def _no_token() -> Grant:
    return Grant(SecretStr(""), timedelta(days=1))


# Once per process and app key, whoever asks: source and sink share token and budget (RATE-1).
_AUTHORITIES: Shared[tuple[TokenCache, Authority]] = Shared()
_BUDGETS: Shared[Budget] = Shared()
_PLACES: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str, Use], asyncio.Semaphore]] = (
    WeakKeyDictionary()
)
_PLACES_LOCK = threading.Lock()


def places(settings: AlibabaSettings, account: AlibabaAccount, use: Use = Use.WRITING) -> asyncio.Semaphore:
    """So many calls of an app key are under way at once in this event loop; a process has one that calls."""
    identity = (settings.base_url, account.app_key, use)
    with _PLACES_LOCK:
        of_loop = _PLACES.setdefault(asyncio.get_running_loop(), {})
        return of_loop.setdefault(identity, asyncio.Semaphore(settings.rates.at_once(use)))


def budget_of(settings: AlibabaSettings, account: str, use: Use = Use.WRITING) -> Budget:
    """The rate budget of an account's app in this process, for that use."""
    identity = (settings.base_url, settings.account(account).app_key, repr(settings.rates), use)

    def make() -> Budget:
        plan = settings.rates.plan(use)
        budget = Budget(plan)
        sizes = {name: quota.depth for name, quota in plan.quotas.items()}
        watch_quotas("alibaba", account, sizes, budget.left, budget.used, budget.backlog)
        return budget

    return _BUDGETS.get(identity, make)


def open_client(
    settings: AlibabaSettings, account: str, now: Callable[[], datetime], use: Use = Use.WRITING
) -> AlibabaClient:
    """A client of an account, for that use. Opens no connection yet. Raises ValueError for an account that is not configured."""
    keys = settings.account(account)
    identity = (settings.base_url, keys.model_dump_json(), keys.access_token, keys.refresh_token)

    def make() -> tuple[TokenCache, Authority]:
        authority = Authority(
            account, keys, now, early=settings.refresh_early_seconds, postpone_days=settings.postpone_days
        )
        return TokenCache(f"alibaba:{settings.base_url}:{keys.app_key}", now), authority

    tokens, authority = _AUTHORITIES.get(identity, make)
    http = HttpClient(settings.base_url, settings.http, refusal=errors.refusal, system="alibaba")
    budget = budget_of(settings, account, use)
    return AlibabaClient(settings, keys, http, tokens, authority, budget, real_surroundings(now), use)

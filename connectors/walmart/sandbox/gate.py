"""What every business call passes before it is answered: token, headers, quota, scope; and reading its body."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request

from connectors.kit.sandbox.fault_rules import EXPIRED_TOKEN
from connectors.kit.sandbox.faults import faults_of
from connectors.kit.sandbox.queries import whole
from connectors.kit.sandbox.tokens import Token, Tokens
from connectors.walmart.sandbox.errors import GATEWAY, ApiError
from connectors.walmart.sandbox.settings import Account
from connectors.walmart.sandbox.throttle import Throttle
from connectors.walmart.sandbox.tokens import unauthorized

TOKEN_HEADER = "WM_SEC.ACCESS_TOKEN"  # noqa: S105 - a header's name
JSON_TYPE = "application/json"
FILE_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Passed:
    """A call that may go on. headers: of the throttle, to be sent with the answer; now: epoch seconds."""

    account: Account
    headers: dict[str, str]
    now: float

    @property
    def now_ms(self) -> int:
        return int(self.now * 1000)


@dataclass
class Gate:
    """Walmart's gateway. `clock` also lets happen what is due. Each method raises the ApiError it would answer."""

    accounts: dict[str, Account]
    tokens: Tokens
    throttle: Throttle
    clock: Callable[[], float]

    def enter(
        self, request: Request, operation: str, area: str, *, change: bool = False, accept: str = JSON_TYPE
    ) -> Passed:
        """operation: whose quota is taken; area: the scope asked for; accept: the only type this call answers in."""
        now = self.clock()
        account, _ = self.authenticated(request, now, accept)
        headers = request.state.throttle = self.throttled(account, operation, now)
        allowed = ("full_access",) if change else ("full_access", "view_only")
        if account.access(area) not in allowed:
            raise ApiError("FORBIDDEN", "the token's scope does not cover this call", component=GATEWAY)
        return Passed(account, headers, now)

    def authenticated(self, request: Request, now: float, accept: str = JSON_TYPE) -> tuple[Account, Token]:
        text = request.headers.get(TOKEN_HEADER)
        if text is None:
            wrong = "; Authorization is not read here" if "authorization" in request.headers else ""
            raise unauthorized(f"{TOKEN_HEADER} is required{wrong}")
        if faults_of(request.scope).strikes(EXPIRED_TOKEN):
            self.tokens.revoke(text)
        token = self.tokens.find(text, now)
        if token is None:
            raise unauthorized("the access token is invalid or expired")
        account = self.accounts.get(token.owner)
        if account is None:
            raise unauthorized("the account is gone")
        check_headers(request, accept)
        return account, token

    def throttled(self, account: Account, operation: str, now: float) -> dict[str, str]:
        passed, headers = self.throttle.take(account.client_id, operation, now)
        if not passed:
            text = f"too many {operation} calls"
            raise ApiError("REQUEST_THRESHOLD_VIOLATED", text, component=GATEWAY, headers=headers)
        return headers


def check_headers(request: Request, accept: str = JSON_TYPE) -> None:
    for name in ("WM_QOS.CORRELATION_ID", "WM_SVC.NAME"):
        if not request.headers.get(name):
            raise ApiError("MISSING_REQUEST_HEADER", f"{name} is required", field=name, component=GATEWAY)
    # Walmart serves XML to whom does not ask for JSON; the sandbox has none, so it says so.
    if accept not in request.headers.get("accept", ""):
        raise ApiError("INVALID_ACCEPT_TYPE", f"Accept: {accept} is required", field="Accept", component=GATEWAY)


async def json_body(request: Request) -> Any:
    if not request.headers.get("content-type", "").startswith(JSON_TYPE):
        raise ApiError(
            "UNSUPPORTED_MEDIA_TYPE", "application/json is expected", field="Content-Type", component=GATEWAY
        )
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise ApiError("MALFORMED_REQUEST_CONTENT", "the body is not JSON") from error


def number_of(request: Request, name: str, low: int, high: int, default: int) -> int:
    """A whole number among the parameters, within its bounds."""
    try:
        return whole(request.query_params, name, low, high, default)
    except ValueError as error:
        raise invalid(name, str(error)) from error


def exact(request: Request, name: str) -> str | None:
    """A parameter as it was encoded: a space is %20 here, a plus is a plus (walmart.md section 7)."""
    for part in request.url.query.split("&"):
        key, _, value = part.partition("=")
        if key == name:
            return unquote(value)
    return None


def required(request: Request, name: str) -> str:
    value = exact(request, name)
    if not value:
        raise ApiError("MISSING_REQUEST_PARAM", f"{name} is required", field=name)
    return value


def invalid(name: str, description: str) -> ApiError:
    return ApiError("INVALID_REQUEST_PARAM", description, field=name)

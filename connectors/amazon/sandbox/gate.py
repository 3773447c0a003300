"""What every business call passes before it is answered: token, role, quota; and reading its parameters."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.amazon.sandbox.errors import ApiError, denied, invalid
from connectors.amazon.sandbox.operations import OPERATIONS, Operation
from connectors.amazon.sandbox.settings import SandboxSettings, Seller
from connectors.kit.sandbox import queries
from connectors.kit.sandbox.buckets import Buckets
from connectors.kit.sandbox.fault_rules import EXPIRED_TOKEN
from connectors.kit.sandbox.faults import faults_of
from connectors.kit.sandbox.tokens import Token, Tokens

TOKEN_HEADER = "x-amz-access-token"  # noqa: S105 - a header's name
RATE_HEADER = "x-amzn-RateLimit-Limit"
REQUEST_ID_HEADER = "x-amzn-RequestId"
JSON_TYPE = "application/json"
# Where the scope tells the region whose host was called, if one was.
REGION = "causeway.region"
# A fault: the rate is told "when available", so not always.
NO_RATE_HEADER = "no_rate_header"


@dataclass(frozen=True)
class Passed:
    """A call that may go on. now: epoch seconds; headers: to be sent with the answer."""

    seller: Seller
    now: float
    headers: dict[str, str]

    @property
    def account(self) -> str:
        return self.seller.seller_id

    def answer(self, body: Any, status: int = 200) -> Response:
        return JSONResponse(body, status, headers=self.headers)

    def empty(self, status: int = 204) -> Response:
        return Response(b"", status, headers=self.headers)


@dataclass
class Gate:
    """Amazon's front door. `clock` also lets happen what is due. Each method raises the ApiError it would answer."""

    settings: SandboxSettings
    sellers: dict[str, Seller]
    tokens: Tokens
    clock: Callable[[], float]
    buckets: Buckets = field(default_factory=Buckets)

    def enter(self, request: Request, operation: str) -> Passed:
        """operation: its operationId in the model, which names its quota and its roles."""
        now, wanted = self.clock(), OPERATIONS[operation]
        token = self._token(request, now)
        if wanted.scope:
            if token.scope != wanted.scope:
                raise denied(f"{operation} wants a grantless token with scope {wanted.scope}")
            return Passed(self._of_client(token.owner), now, self.throttled(request, token.owner, operation, now))
        seller = self.sellers.get(token.owner)
        if token.scope or seller is None:
            raise denied(f"{operation} wants a token of a selling partner")
        if request.scope.get(REGION, seller.region) != seller.region:
            raise denied("The seller is of another region.")
        headers = self.throttled(request, f"{seller.client_id} {seller.seller_id}", operation, now)
        _check_role(seller, wanted)
        return Passed(seller, now, headers)

    def throttled(self, request: Request, caller: str, operation: str, now: float) -> dict[str, str]:
        """Takes one call from the caller's bucket. The header tells the rate a second, neither burst nor what is left."""
        limit = self.settings.limit_of(operation)
        passed, _ = self.buckets.take(caller, operation, limit, now)
        silent = faults_of(request.scope).strikes(NO_RATE_HEADER)
        headers = {} if silent else {RATE_HEADER: f"{limit.rate:.4g}"}
        request.state.headers = headers
        if not passed:
            raise ApiError(429, "You exceeded your quota for the requested resource.")
        return headers

    def _token(self, request: Request, now: float) -> Token:
        text = request.headers.get(TOKEN_HEADER)
        if text is None:
            wrong = " Authorization is not read here." if "authorization" in request.headers else ""
            raise denied(f"Access token is missing in the request header.{wrong}")
        if faults_of(request.scope).strikes(EXPIRED_TOKEN):
            self.tokens.revoke(text)
        token = self.tokens.find(text, now)
        if token is None:
            raise denied("The access token you provided is revoked, malformed, invalid or has expired.")
        return token

    def _of_client(self, client_id: str) -> Seller:
        """A grantless call is of the application; the sandbox's parts know it by its first seller."""
        return next(seller for seller in self.sellers.values() if seller.client_id == client_id)


def _check_role(seller: Seller, operation: Operation) -> None:
    if operation.roles and not set(operation.roles) & set(seller.roles):
        raise denied(f"The application lacks the role: one of {', '.join(operation.roles)}.")


async def json_body(request: Request) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith(JSON_TYPE):
        raise ApiError(415, "Content-Type application/json is expected")
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise invalid("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise invalid("The body is no JSON object.")
    return body


def only(params: Mapping[str, str], names: set[str]) -> None:
    """The sandbox is stricter than Amazon is known to be: a parameter that means nothing is a caller's mistake."""
    if unknown := sorted(set(params) - names):
        raise invalid(f"Unknown parameters: {', '.join(unknown)}.")


def listed(
    params: Mapping[str, str], name: str, most: int, allowed: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """A list parameter, comma-joined (Swagger's default). Empty when it is not given."""
    text = params.get(name)
    if text is None:
        return ()
    values = tuple(text.split(","))
    if not all(values) or len(values) > most:
        raise invalid(f"{name}: 1 to {most} values, joined by commas.")
    if allowed is not None and (unknown := sorted(set(values) - set(allowed))):
        raise invalid(f"{name}: unknown {', '.join(unknown)}.")
    return values


def whole(params: Mapping[str, str], name: str, low: int, high: int, default: int) -> int:
    try:
        return queries.whole(params, name, low, high, default)
    except ValueError as error:
        raise invalid(f"{name}: {error}.") from error

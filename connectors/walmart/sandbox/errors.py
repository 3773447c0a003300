"""Walmart's error answers: one error object, several top levels around it (walmart.md section 2)."""

import random
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from connectors.kit.sandbox.fault_rules import FaultRule
from connectors.kit.sandbox.steering import RefusedError
from connectors.walmart.sandbox.settings import ERROR_SHAPES

ORDERS = "GMP_ORDER_API"
FEEDS = "GMP_FEED_API"
INVENTORY = "GMP_INVENTORY_API"
ITEMS = "GMP_ITEM_QUERY_API"
PRICES = "GMP_PRICE_API"
RETURNS = "GMP_RETURNS_API"
REPORTS = "GMP_REPORT_API"
GATEWAY = "GMP_GATEWAY_API"
# HTTP status by the part of the code before the dot (us-mp-errors page).
STATUSES = {
    "INVALID_REQUEST": 400,
    "INVALID_REQUEST_HEADER": 400,
    "INVALID_REQUEST_PARAM": 400,
    "INVALID_REQUEST_CONTENT": 400,
    "MISSING_REQUEST_HEADER": 400,
    "MISSING_REQUEST_PARAM": 400,
    "MALFORMED_REQUEST_CONTENT": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "CONTENT_NOT_FOUND": 404,
    "URI_NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "INVALID_ACCEPT_TYPE": 406,
    # 413 has no code of its own on the page; the throttling page only names the status.
    "REQUEST_ENTITY_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RESOURCE_IS_LOCKED": 423,
    "REQUEST_THRESHOLD_VIOLATED": 429,
    "SYSTEM_ERROR": 500,
    "DOWNSTREAM_SYSTEM_TIME_OUT": 504,
}
_BY_STATUS = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "CONTENT_NOT_FOUND", 429: "REQUEST_THRESHOLD_VIOLATED"}


class ApiError(RefusedError):
    """An answer that is an error. `code` without component, `field` the header, parameter or body part at fault."""

    def __init__(
        self,
        code: str,
        description: str,
        *,
        field: str = "",
        component: str = ORDERS,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(description)
        self.code = code
        self.field = field
        self.component = component
        self.headers = headers or {}

    def __str__(self) -> str:
        return f"{self.code}: {self.description}"

    @property
    def status(self) -> int:
        return STATUSES[self.code]

    def as_json(self) -> dict[str, Any]:
        """GatewayError of the model."""
        system = self.status >= 500
        error: dict[str, Any] = {
            "code": f"{self.code}.{self.component}",
            "description": self.description,
            "info": "Request invalid." if not system else "System error.",
            "severity": "ERROR",
            "category": "SYSTEM" if system else "DATA" if self.code == "INVALID_REQUEST_CONTENT" else "REQUEST",
            "causes": [],
            "errorIdentifiers": {},
        }
        return {**error, "field": self.field} if self.field else error


@dataclass
class Envelopes:
    """Puts errors into the configured top level; "mixed" draws one per answer, seeded."""

    shape: str = "mixed"
    seed: int = 0
    _rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(f"{self.seed}:envelope")

    def answer(self, error: ApiError) -> Response:
        return JSONResponse(self.body(error), error.status, headers=error.headers)

    def body(self, error: ApiError) -> dict[str, Any]:
        shape = self._rng.choice(ERROR_SHAPES) if self.shape == "mixed" else self.shape
        one = error.as_json()
        match shape:
            case "error_list":
                return {"error": [one]}
            case "nested_object":
                return {"errors": {"error": one}}
            case "nested_list":
                return {"errors": {"error": [one]}}
        if self._rng.random() < 0.5:
            # The error page calls the text `message` where the model says `description`.
            one["message"] = one.pop("description")
        return {"errors": [one]}

    def refusal(self, rule: FaultRule) -> Response:
        """The answer of an injected status: 502 and 503 are an unreachable gateway and have no body."""
        if rule.code in (502, 503):
            return Response(b"", rule.code)
        fallback = "SYSTEM_ERROR" if rule.code >= 500 else "INVALID_REQUEST"
        error = ApiError(_BY_STATUS.get(rule.code, fallback), f"fault injected: {rule.code}", component=GATEWAY)
        return JSONResponse(self.body(error), rule.code)

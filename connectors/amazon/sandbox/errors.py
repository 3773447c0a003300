"""Amazon's error answers: a list of errors, the same for every API (amazon.md section 3)."""

from typing import Any

from starlette.responses import JSONResponse, Response

from connectors.kit.sandbox.fault_rules import FaultRule
from connectors.kit.sandbox.steering import RefusedError

# Codes are spelled as each API likes; these are what the models' examples and the vendor's guides show.
CODES = {
    400: "InvalidInput",
    401: "Unauthorized",
    403: "Unauthorized",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
    429: "QuotaExceeded",
    500: "InternalFailure",
    503: "ServiceUnavailable",
}


class ApiError(RefusedError):
    """An answer that is an error. `details` may be empty, then it is left out."""

    def __init__(self, status: int, message: str, details: str = "", code: str = "") -> None:
        super().__init__(message, status)
        self.code = code or CODES.get(status, "InternalFailure")
        self.details = details

    def __str__(self) -> str:
        return f"{self.code}: {self.description} {self.details}".rstrip()

    def as_json(self) -> dict[str, Any]:
        error = {"code": self.code, "message": self.description}
        return {"errors": [{**error, "details": self.details} if self.details else error]}


def invalid(details: str, message: str = "Invalid Input") -> ApiError:
    return ApiError(400, message, details)


def denied(details: str) -> ApiError:
    """Expired token, wrong region and missing role are all 403, told apart by a text only."""
    return ApiError(403, "Access to requested resource is denied.", details)


def answer(error: ApiError) -> Response:
    return JSONResponse(error.as_json(), error.status)


def refusal(rule: FaultRule) -> Response:
    """The answer of an injected status: 502 and 504 come from before the API and have no body."""
    if rule.code in (502, 504):
        return Response(b"", rule.code)
    return answer(ApiError(rule.code, f"fault injected: {rule.code}"))

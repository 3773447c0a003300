"""The platform's two kinds of errors: the gateway's, alike for every API, and the business ones, spelt by each API in its own way
(alibaba.md section 5)."""

from collections.abc import Callable
from typing import Any

import simplejson
from starlette.responses import Response

from connectors.kit.sandbox.fault_rules import FaultRule
from connectors.kit.sandbox.steering import Json, RefusedError


class GatewayError(RefusedError):
    """What the gateway refuses before the API sees it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message, status)
        self.code = code

    def as_json(self) -> Json:
        return {"error_code": self.code, "error_message": self.description, "exception": self.description}


class BusinessError(RefusedError):
    """What an API refuses; answered with status 200 and the API's own spelling. Control calls answer 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def unauthorised() -> GatewayError:
    return GatewayError("401", "Request need user authorized", 401)


def invalid(name: str, expected: str) -> GatewayError:
    return GatewayError("gw.ParamInvalid", f"Argument {name} is invalid: {expected}")


def missing(name: str) -> GatewayError:
    return GatewayError("gw.ParamMissing", f"Required argument {name}: expect")


def flow_control(count: int, code: str = "gw.QosAppFrequencyLimit") -> GatewayError:
    """Once with status 400, once with 200. count: of all such answers before."""
    return GatewayError(code, "App call exceeds limited frequency", 400 if count % 2 == 0 else 200)


# How each API spells a refusal: (code, message) -> body.
Style = Callable[[str, str], Json]


def view_style(code: str, message: str) -> Json:
    return {"success": "false", "errorCode": code, "errorMessage": message}


def list_style(code: str, message: str) -> Json:
    return {"errorCode": code, "errorMessage": message}


def plain_style(code: str, message: str) -> Json:
    return {"success": False, "errorCode": code, "errorMessage": message}


def create_style(code: str, message: str) -> Json:
    inner = {"success": False, "code": code, "message": message}
    return {"success": False, "code": code, "message": message, "result": inner}


def preview_style(code: str, message: str) -> Json:
    return {"success": False, "errorCode": code, "errorMsg": message}


def category_style(code: str, message: str) -> Json:
    return {"succes": "false", "errorCode": code, "errorMsg": message}


def crossborder_style(code: str, message: str) -> Json:
    return {"result": {"success": False, "code": code, "message": message}}


def pay_style(code: str, message: str) -> Json:
    return {"success": False, "errorCode": code, "erroMsg": message}


def answer(body: Any, status: int = 200) -> Response:
    """UTF-8, not escaped; decimals with their digits."""
    text = simplejson.dumps(body, use_decimal=True, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json;charset=UTF-8")


def bad_gateway(status: int = 502) -> Response:
    """From before the gateway: no JSON."""
    return Response(b"<html><body><h1>502 Bad Gateway</h1></body></html>", status, media_type="text/html")


def refusal(rule: FaultRule) -> Response:
    """The answer of an injected status."""
    if rule.code in (500, 502, 503, 504):
        return bad_gateway(rule.code)
    if rule.code == 429:
        return answer(flow_control(0).as_json(), 429)
    return answer(GatewayError("gw.Injected", f"fault injected: {rule.code}").as_json(), rule.code)

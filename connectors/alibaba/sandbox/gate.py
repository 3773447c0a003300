"""The gateway: which API is meant, who calls, whether the signature is right, whether the token is, how often (alibaba.md sections 2, 3, 5)."""

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.alibaba.sandbox import errors
from connectors.alibaba.sandbox.errors import BusinessError, GatewayError, invalid, missing, unauthorised
from connectors.alibaba.sandbox.grants import ACCESS
from connectors.alibaba.sandbox.operations import OPERATIONS, VERSION, Operation
from connectors.alibaba.sandbox.parts import Call, Handler
from connectors.alibaba.sandbox.settings import Buyer
from connectors.alibaba.sandbox.world import World
from connectors.alibaba.signing import SIGNATURE, request_signature
from connectors.kit.sandbox.buckets import Buckets
from connectors.kit.sandbox.fault_rules import EXPIRED_TOKEN
from connectors.kit.sandbox.faults import CallFaults, faults_of

FORM = "application/x-www-form-urlencoded"
TIMESTAMP = "_aop_timestamp"
SYSTEM_PARAMETERS = frozenset({"access_token", TIMESTAMP, SIGNATURE, "_aop_datePattern"})
# Misbehaviours of the gateway: flow control by body (once with status 400, once with 200), of the app or of one API; a permission that is
# suddenly gone; a call that is carried out and answered with 502.
FLOW_CONTROL, API_FLOW_CONTROL = "flow_control", "api_flow_control"
ACL_DECLINE, ANSWER_502 = "acl_decline", "answer_502"
GATE_KINDS = (EXPIRED_TOKEN, FLOW_CONTROL, API_FLOW_CONTROL, ACL_DECLINE, ANSWER_502)


async def parameters_of(request: Request) -> dict[str, str]:
    """Of query and form together, decoded. Raises GatewayError for one given twice."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True, errors="replace")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        body = (await request.body()).decode("utf-8", "replace")
        pairs += parse_qsl(body, keep_blank_values=True, errors="replace")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise GatewayError("gw.SignatureInvalid", "Invalid signature")
    return found


def check_signature(path: str, parameters: Mapping[str, str], secret: str) -> None:
    """path: from `param2` on."""
    given = parameters.get(SIGNATURE)
    if not given:
        raise GatewayError("gw.SignatureMissing", "Required signature")
    if not hmac.compare_digest(given.encode(errors="replace"), request_signature(path, parameters, secret).encode()):
        raise GatewayError("gw.SignatureInvalid", "Invalid signature")


class Gate:
    """Handlers over a World. `handlers` answer what is let in."""

    def __init__(self, world: World, handlers: Mapping[str, Handler]) -> None:
        self.world = world
        self._handlers = handlers
        self._buckets = Buckets()
        self._throttled = 0

    def routes(self) -> list[Route]:
        return [Route("/openapi/{rest:path}", self.call, methods=["GET", "POST"])]

    def forget(self) -> None:
        self._buckets.clear()
        self._throttled = 0

    async def call(self, request: Request) -> Response:
        path, faults = request.path_params["rest"], faults_of(request.scope)
        try:
            operation, app_key = _meant(path)
            parameters = await parameters_of(request)
            call = self._let_in(operation, app_key, path, parameters, faults)
            with self.world.database.transaction():
                body = self._answered(call)
        except GatewayError as error:
            return errors.answer(error.as_json(), error.status)
        if faults.strikes(ANSWER_502):
            return errors.bad_gateway()
        return errors.answer(body)

    def _answered(self, call: Call) -> object:
        try:
            return self._handlers[call.operation.name](call)
        except BusinessError as error:
            self.world.refused(call.account, call.operation.name, error.code)
            return call.operation.style(error.code, error.description)

    def _let_in(
        self, operation: Operation, app_key: str, path: str, parameters: dict[str, str], faults: CallFaults
    ) -> Call:
        """The order of the checks is as observed: token, permission, parameters (alibaba.md section 5)."""
        now = self.world.now()
        buyer = self.world.buyers.get(app_key)
        if buyer is None:
            raise GatewayError("gw.AppKeyMissing", f"AppKey {app_key[:20]} does not exist")
        check_signature(path, parameters, buyer.app_secret)
        self._check_timestamp(parameters, now)
        self._check_flow(buyer, now, faults)
        self._check_token(buyer, operation, parameters, now, faults)
        if operation.name in buyer.denied or faults.strikes(ACL_DECLINE):
            raise GatewayError("gw.APIACLDecline", "AppKey is not allowed(acl)")
        _check_parameters(operation, parameters)
        return Call(buyer, operation, now, parameters, faults)

    def _check_timestamp(self, parameters: Mapping[str, str], now: float) -> None:
        text, most = parameters.get(TIMESTAMP), self.world.settings.timestamp_seconds
        if text is None:
            return
        if not (text.isascii() and text.isdigit() and len(text) == 13):
            raise invalid(TIMESTAMP, "milliseconds since 1970 are expected")
        if most and abs(int(text) / 1000 - now) > most:
            raise invalid(TIMESTAMP, "out of the allowed range")

    def _check_flow(self, buyer: Buyer, now: float, faults: CallFaults) -> None:
        passed, _ = self._buckets.take(buyer.app_key, "all", self.world.settings.rate, now)
        for struck, code in (
            (not passed or faults.strikes(FLOW_CONTROL), "gw.QosAppFrequencyLimit"),
            (faults.strikes(API_FLOW_CONTROL), "gw.QosApiFrequencyLimit"),
        ):
            if struck:
                self._throttled += 1
                raise errors.flow_control(self._throttled - 1, code)

    def _check_token(
        self, buyer: Buyer, operation: Operation, parameters: Mapping[str, str], now: float, faults: CallFaults
    ) -> None:
        text = parameters.get("access_token")
        if text is None and (buyer.single_user or not operation.token):
            return
        if text and faults.strikes(EXPIRED_TOKEN) and text != buyer.static_token:
            self.world.grants.revoke(text)
        if not text or self.world.grants.find(text, ACCESS, buyer.app_key, now) is None:
            raise unauthorised()


def _meant(path: str) -> tuple[Operation, str]:
    """`param2/1/NAMESPACE/API/APPKEY` -> (API, app key)."""
    parts = path.split("/")
    if len(parts) == 4:
        raise GatewayError("gw.AppKeyMissing", "Required AppKey")
    operation = OPERATIONS.get((parts[2], parts[3])) if len(parts) == 5 else None
    if operation is None or parts[0] != "param2" or parts[1] != VERSION:
        raise GatewayError("gw.APIUnsupported", "API is unsupported")
    return operation, parts[4]


def _check_parameters(operation: Operation, parameters: Mapping[str, str]) -> None:
    for name in operation.required:
        if not parameters.get(name):
            raise missing(name)
    unknown = sorted(parameters.keys() - operation.known - SYSTEM_PARAMETERS)
    if unknown and not operation.any_parameters:
        raise invalid(unknown[0][:40], f"{operation.name} has no such argument")

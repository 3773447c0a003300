"""The Box's own routes, in the shapes of hw_drivers and hw_posbox_homepage of Odoo 18.0."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.faults import faults_of
from edge_iotbox.sandbox.devices import ActionError
from edge_iotbox.sandbox.world import VERSION, World

Json = dict[str, Any]
DUPLICATE, REORDER, HANG, NO_EVENT = "duplicate", "reorder", "hang", "no_event"
BOX_KINDS = (DUPLICATE, REORDER, HANG, NO_EVENT)
_HANG_SECONDS = 3600.0
_CORS = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    **_CORS, "Access-Control-Allow-Methods": "POST", "Access-Control-Max-Age": "86400",
    "Access-Control-Allow-Headers": "Origin, X-Requested-With, Content-Type, Accept, Authorization",
}  # fmt: skip


class BoxRoutes:
    """Handlers of everything a client on the LAN may call; nobody is asked who he is."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        json_routes: dict[str, Callable[[Request, Json], Awaitable[Any]]] = {
            "/hw_drivers/event": self._event,
            "/hw_drivers/action": self._action,
            "/hw_proxy/handshake": self._handshake,
            "/hw_proxy/status_json": self._status,
            "/hw_proxy/scale_read": self._scale_read,
        }
        return [
            *(Route(path, _rpc(handler), methods=["POST", "OPTIONS"]) for path, handler in json_routes.items()),
            Route("/hw_proxy/hello", self._hello, methods=["GET"]),
            Route("/hw_proxy/get_version", self._version, methods=["GET"]),
            Route("/hw_posbox_homepage/data", self._data, methods=["GET"]),
            Route("/hw_posbox_homepage/ping", self._ping, methods=["GET"]),
        ]

    async def _event(self, request: Request, params: Json) -> Any:
        listener = params["listener"]
        session, devices, last_event = (
            listener["session_id"],
            frozenset(listener["devices"]),
            float(listener["last_event"]),
        )
        faults = faults_of(request.scope)
        if faults.strikes(HANG):
            await self._world.clock.wait(asyncio.Event(), _HANG_SECONDS)
        if faults.strikes(DUPLICATE) and (again := self._world.hearing.again(session)):
            return again
        if faults.strikes(NO_EVENT):
            return None
        return await self._world.hearing.poll(session, devices, last_event, faults.strikes(REORDER))

    async def _action(self, request: Request, params: Json) -> Any:
        session, identifier, data = params["session_id"], params["device_identifier"], params["data"]
        if not isinstance(data, str):
            kind = type(data).__name__
            raise ActionError("builtins.TypeError", f"the JSON object must be str, bytes or bytearray, not {kind}")
        return self._world.act(session, identifier, json.loads(data))

    async def _handshake(self, request: Request, params: Json) -> Any:
        return True

    async def _status(self, request: Request, params: Json) -> Any:
        status: Json = {}
        for device in self._world.plugged():
            status[device.type] = {"status": "connected", "messages": [""] if device.type == "scale" else ""}
        return status

    async def _scale_read(self, request: Request, params: Json) -> Any:
        scales = [device for device in self._world.plugged() if device.type == "scale"]
        return {"weight": scales[-1].data["value"]} if scales else None

    async def _hello(self, request: Request) -> Response:
        return PlainTextResponse("ping", headers=_CORS)

    async def _version(self, request: Request) -> Response:
        return PlainTextResponse(VERSION, headers=_CORS)

    async def _ping(self, request: Request) -> Response:
        return JSONResponse({"status": "success", "message": "pong"}, headers=_CORS)

    async def _data(self, request: Request) -> Response:
        devices = [
            {
                "name": device.name,
                "value": str(device.data["value"]),
                "type": device.type.replace("_", " "),
                "identifier": device.identifier,
            }
            for device in self._world.plugged()
        ]
        body = {
            "mac": self._world.mac, "ip": "192.0.2.10", "hostname": "iotbox-sandbox", "version": f"{VERSION}-18.0-20250506", "server_status": False,
            "pairing_code": False, "certificate_details": "ERR_IOT_HTTPS_LOAD_NO_CREDENTIAL", "iot_device_status": devices,
        }  # fmt: skip
        return JSONResponse(body, headers=_CORS)


def _rpc(handler: Callable[[Request, Json], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """Odoo's JSON routes: an answer of None has no `result` key, an error is HTTP 200 with the Python exception in it."""

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        try:
            asked = json.loads(await request.body())
            params = asked.get("params") or {}
        except (ValueError, AttributeError):
            return PlainTextResponse("Invalid JSON data", 400)
        envelope: Json = {"jsonrpc": "2.0", "id": asked.get("id")}
        try:
            result = await handler(request, params)
        except ActionError as error:
            return JSONResponse({**envelope, "error": _error(error.name, error.message)}, headers=_CORS)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            name = f"{type(error).__module__}.{type(error).__name__}"
            return JSONResponse({**envelope, "error": _error(name, str(error))}, headers=_CORS)
        return JSONResponse(envelope if result is None else {**envelope, "result": result}, headers=_CORS)

    return answer


def _error(name: str, message: str) -> Json:
    data = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": ""}
    return {"code": 200, "message": "Odoo Server Error", "data": data}

"""Hands on the Box: press, plug, pull, restart, set its clock, look. Bad requests get 400 and say why.

GET   /                     the page                       GET   /sandbox/health
GET   /sandbox/state        devices, printed, sessions     POST  /sandbox/restart   {"seconds": 3}
POST  /sandbox/press        {"device": "usb_05e0:1200", "value": "978...", "status": "error"}; "times": 3 does it so often
POST  /sandbox/plug         {"device", "type", "name"}     POST  /sandbox/unplug    {"device"}
POST  /sandbox/clock        {"shift": -3600, "speed": 20, "advance": 50}, each where given
any   /sandbox/faults       connectors/kit/sandbox/faults.py; kinds of the Box: duplicate, reorder, hang, no_event
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.calls import CallLog
from connectors.kit.sandbox.faults import FaultsMiddleware
from connectors.kit.sandbox.page import Table, calls_table, faults_table, page, shown_time
from connectors.kit.sandbox.steering import Json, NotThereError, answered, known, number
from edge_iotbox.sandbox.world import World


class Control:
    """Handlers at /sandbox and /. `faults` and `calls` are set when the app is put together."""

    faults: FaultsMiddleware
    calls: CallLog

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page, methods=["GET"]),
            Route("/sandbox/health", self.health, methods=["GET"]),
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/press", self.press, methods=["POST"]),
            Route("/sandbox/plug", self.plug, methods=["POST"]),
            Route("/sandbox/unplug", self.unplug, methods=["POST"]),
            Route("/sandbox/restart", self.restart, methods=["POST"]),
            Route("/sandbox/clock", self.clock, methods=["POST"]),
        ]

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def press(self, request: Request) -> Response:
        def pressed(body: Json) -> Json:
            device, times = self._device(body), int(number(body, "times", 1, 10_000, 1))
            content = {name: value for name, value in body.items() if name not in ("device", "times")}
            events = [self._world.press(device, dict(content)) for _ in range(times)]
            return {"events": [event["time"] for event in events if event]}

        return await answered(request, pressed)

    async def plug(self, request: Request) -> Response:
        def plugged(body: Json) -> Json:
            known(body, {"device", "type", "name"})
            device = self._world.plug(str(body["device"]), str(body.get("type", "")), str(body.get("name", "")))
            return {"device": device.identifier, "type": device.type}

        return await answered(request, plugged)

    async def unplug(self, request: Request) -> Response:
        def unplugged(body: Json) -> Json:
            known(body, {"device"})
            name = self._device(body)
            self._world.devices[name].plugged = False
            return {"device": name}

        return await answered(request, unplugged)

    async def restart(self, request: Request) -> Response:
        def restarted(body: Json) -> Json:
            known(body, {"seconds"})
            self._world.restart(number(body, "seconds", 0, 86_400, 3))
            return {"away_seconds": self._world.back_at - self._world.clock.uptime()}

        return await answered(request, restarted)

    async def clock(self, request: Request) -> Response:
        def moved(body: Json) -> Json:
            known(body, {"shift", "speed", "advance"})
            clock = self._world.clock
            clock.shift = number(body, "shift", -1e10, 1e9, clock.shift)
            clock.advance(number(body, "advance", 0, 1e9, 0))
            clock.speed = number(body, "speed", 0.001, 10_000, clock.speed)
            return {"now": clock.now(), "shift": clock.shift, "speed": clock.speed}

        return await answered(request, moved)

    async def state(self, request: Request) -> Response:
        devices = [
            {
                "identifier": one.identifier,
                "type": one.type,
                "name": one.name,
                "plugged": one.plugged,
                "data": one.data,
                "printed": one.printed,
            }
            for one in self._world.devices.values()
        ]
        return JSONResponse(
            {
                "mac": self._world.mac, "now": self._world.clock.now(), "away": self._world.away, "told": self._world.told, "devices": devices,
                "sessions": sorted(self._world.hearing.sessions), "calls": self.calls.as_json(), "faults": self.faults.plan.as_json(),
            }
        )  # fmt: skip

    async def page(self, request: Request) -> Response:
        world = self._world
        rows = [
            (one.identifier, one.type, one.name, "yes" if one.plugged else "no", str(one.data)[:200])
            for one in world.devices.values()
        ]
        sessions = [(one.id, len(one.devices), shown_time(one.asked_at)) for one in world.hearing.sessions.values()]
        tables = [
            Table("Devices", ("Identifier", "Type", "Name", "Plugged", "Data"), rows),
            Table("Sessions", ("Id", "Devices", "Asked at"), sessions, empty="Nobody listens."),
            calls_table(self.calls),
            faults_table(self.faults.plan),
        ]
        return page("IoT Box sandbox", f"{world.mac}; its clock says {shown_time(world.clock.now())}", tables)

    def _device(self, body: Json) -> str:
        name = str(body["device"])
        if name not in self._world.devices:
            raise NotThereError("device: unknown")
        return name

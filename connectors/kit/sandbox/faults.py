"""Faults on demand: an ASGI middleware around a sandbox's app, steered at ``/sandbox/faults``.

    GET     /sandbox/faults   the rules with how often each was seen and struck, counts by kind, names of the presets
    PUT     /sandbox/faults   {"preset": "default"} or {"rules": [...]}, with "seed": 7; replaces all, counts from zero
    POST    /sandbox/faults   the same body; adds to the rules in force, keeps seed and counts
    DELETE  /sandbox/faults   no more faults

Calls to ``/`` and ``/sandbox...`` are never struck. A rule is a FaultRule (fault_rules.py). The app finds a CallFaults
in ``scope["faults"]`` and asks it for the kinds only the app can play.
"""

import asyncio
import json
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.kit.sandbox.fault_rules import ENDING_KINDS, LATENCY, FaultPlan, FaultRule, Preset, rules_from
from connectors.kit.sandbox.server import DROP
from connectors.kit.sandbox.steering import FORM_ERRORS, json_in, number, refused, said

CONTROL_PATH = "/sandbox/faults"
Refusal = Callable[[FaultRule], Response]


@dataclass(frozen=True)
class CallFaults:
    """What the app may ask about the call it is answering."""

    plan: FaultPlan
    method: str
    path: str

    def strikes(self, kind: str) -> bool:
        """Whether a fault of `kind` strikes; ask once per record for faults of single records."""
        return self.plan.strikes(kind, self.method, self.path)


def faults_of(scope: Scope) -> CallFaults:
    """The faults of this call; none when the app runs without the middleware."""
    found = scope.get("faults")
    return found if isinstance(found, CallFaults) else CallFaults(FaultPlan(), "", "")


def plain_refusal(rule: FaultRule) -> Response:
    return JSONResponse({"error": f"fault injected: status {rule.code}"}, rule.code)


class FaultsMiddleware:
    """Wraps `app`. `presets` are rule sets by name, `app_kinds` the kinds the app itself plays (any other unknown kind
    is refused by the control endpoint), `refusal` builds the answer of a status fault in the sandbox's error shape."""

    def __init__(
        self,
        app: ASGIApp,
        presets: Mapping[str, Preset] | None = None,
        app_kinds: Collection[str] = (),
        refusal: Refusal = plain_refusal,
    ) -> None:
        self.app = app
        self.presets = {"none": (), **(presets or {})}
        self.kinds = {LATENCY, *ENDING_KINDS, *app_kinds}
        self.refusal = refusal
        self.plan = FaultPlan()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == CONTROL_PATH:
            await (await self._control(Request(scope, receive)))(scope, receive, send)
        elif scope["path"] == "/" or scope["path"].startswith("/sandbox"):
            await self.app(scope, receive, send)
        else:
            await self._call(scope, receive, send)

    def use(self, preset: str, seed: int = 0) -> None:
        """Put a preset in force. Raises KeyError for an unknown name."""
        self.plan = FaultPlan(self.presets[preset], seed)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        plan = self.plan
        scope = {**scope, "faults": CallFaults(plan, method, path)}
        if wait_ms := plan.latency_ms(method, path):
            receive = await _received(receive)
            await asyncio.sleep(wait_ms / 1000)
        fault = plan.ending(method, path)
        match fault.kind if fault else None:
            case "reset":
                await _drop(scope, receive, hard=True)
            case "lost":
                await _swallowed(self.app, scope, receive)
                await _drop(scope, receive, hard=False)
            case "malformed":
                start, body = await _swallowed(self.app, scope, receive)
                await _answer(send, start, garbled(body, random.Random(f"{plan.seed}:{len(body)}")))
            case "truncated":
                await self._truncated(scope, receive, send)
            case "status":
                assert fault is not None
                await self._refused(fault)(scope, receive, send)
            case _:
                await self.app(scope, receive, send)

    async def _truncated(self, scope: Scope, receive: Receive, send: Send) -> None:
        start, body = await _swallowed(self.app, scope, receive)
        await send(_with_length(start, max(len(body), 2)))
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await _drop(scope, receive, hard=False)

    def _refused(self, rule: FaultRule) -> Response:
        response = Response(rule.body, rule.code, media_type="application/json") if rule.body else self.refusal(rule)
        response.headers.update(rule.headers)
        return response

    async def _control(self, request: Request) -> Response:
        try:
            if request.method in ("PUT", "POST"):
                self._set(json_in(await request.body()), replace=request.method == "PUT")
            elif request.method == "DELETE":
                self.plan = FaultPlan()
            elif request.method != "GET":
                return JSONResponse({"error": "use GET, PUT, POST or DELETE"}, 405)
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors()]
            return JSONResponse({"error": "bad fault rules", "problems": problems}, 400)
        except FORM_ERRORS as error:
            return refused(said(error))
        return JSONResponse({**self.plan.as_json(), "presets": sorted(self.presets)})

    def _set(self, body: Any, *, replace: bool) -> None:
        if not isinstance(body, dict) or not body.keys() <= {"preset", "rules", "seed"}:
            raise ValueError('want an object with "preset" or "rules", and "seed"')
        if str(body.get("preset", "none")) not in self.presets:
            raise ValueError(f"unknown preset {body['preset']!r}; known: {', '.join(sorted(self.presets))}")
        rules = [*self.presets[body.get("preset", "none")], *rules_from(body.get("rules", []))]
        seed = int(number(body, "seed", -(2**63), 2**63, 0))
        unknown = sorted({rule.kind for rule in rules} - self.kinds)
        if unknown:
            raise ValueError(f"unknown kinds {', '.join(unknown)}; known: {', '.join(sorted(self.kinds))}")
        if replace:
            self.plan = FaultPlan(rules, seed)
        else:
            self.plan.add(rules)


def garbled(body: bytes, rng: random.Random) -> bytes:
    """A body of which no JSON parser makes sense: cut, quoted wrongly, or an error page of some proxy."""
    cut = body[: max(1, int(len(body) * rng.uniform(0.2, 0.9)))] if body else b""
    choices = (cut, cut + b'"\x00}', b"<html><body>Bad Gateway</body></html>")
    picked = rng.choice(choices)
    return picked if not _is_json(picked) else b"{" + picked


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


async def _received(receive: Receive) -> Receive:
    """Take the whole request first: a call that its client has given up is carried out all the same, as behind any proxy."""
    taken: list[Message] = []
    while not taken or taken[-1].get("more_body", False):
        taken.append(await receive())

    async def again() -> Message:
        return taken.pop(0) if taken else await receive()

    return again


async def _swallowed(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """Run the app to its end and keep its answer from the client: (start message, body)."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    body = b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body")
    return messages[0], body


async def _answer(send: Send, start: Message, body: bytes) -> None:
    await send(_with_length(start, len(body)))
    await send({"type": "http.response.body", "body": body})


def _with_length(start: Message, length: int) -> Message:
    kept = [(name, value) for name, value in start.get("headers", []) if name.lower() != b"content-length"]
    return {**start, "headers": [*kept, (b"content-length", str(length).encode())]}


async def _drop(scope: Scope, receive: Receive, *, hard: bool) -> None:
    """Drop the client's connection and wait until it is gone, so the server does not answer for us.

    Raises ConnectionResetError where the server cannot drop (an in-process transport)."""
    drop = scope.get("extensions", {}).get(DROP)
    if drop is None:
        raise ConnectionResetError("fault injected: connection dropped")
    drop(hard=hard)
    while (await receive())["type"] != "http.disconnect":
        pass

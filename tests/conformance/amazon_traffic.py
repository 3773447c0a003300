"""Everything that goes between the connector and the sandbox, judged by the published models: who is called, with what, and what is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from connectors.amazon.auth import TOKEN_HEADER
from connectors.amazon.client import AmazonClient
from connectors.amazon.rates import CREATE_LISTINGS_FEED
from connectors.kit.calls import Said
from tests.conformance.amazon_models import Json, definitions, model, problems
from tests.conformance.test_amazon_in_models import NAMES, query_problems

LOGIN = "/auth/o2/token"
# Behind addresses that Amazon hands out: whoever has one may open it, and a token sent along is refused.
HANDED_OUT = ("/documents/", "/definition-schemas/")
REGIONS = ("/na", "/eu", "/fe")
# A feed of listings has a quota of its own on top.
_OWN = {CREATE_LISTINGS_FEED: "createFeed"}


@dataclass
class Traffic:
    """exchanges: in order. named: whose quota each call took, and what it called. `wrong()`: what of them is not as the models say;
    `operations()`: which of Amazon's they were."""

    exchanges: list[tuple[httpx.Request, httpx.Response]] = field(default_factory=list)
    named: list[tuple[str, httpx.Request]] = field(default_factory=list)

    def operations(self) -> set[str]:
        return {found[3]["operationId"] for request, _ in self.exchanges if (found := operation_of(request))}

    def statuses(self) -> set[int]:
        return {response.status_code for request, response in self.exchanges if operation_of(request)}

    def wrong(self) -> list[str]:
        return [
            f"{request.method} {request.url.path} {response.status_code}: {problem}"
            for request, response in self.exchanges
            for problem in (*_of_request(request), *_of_answer(request, response))
        ] + [
            f"{request.method} {request.url.path} takes the quota of {name}"
            for name, request in self.named
            if (found := operation_of(request)) and found[3]["operationId"] != _OWN.get(name, name)
        ]


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    """Every asynchronous call of the process, whoever makes it: the connector's are, those of the tests are not."""
    traffic, send = Traffic(), httpx.AsyncHTTPTransport.handle_async_request

    async def kept(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        await request.aread()
        response = await send(self, request)
        await response.aread()
        traffic.exchanges.append((request, response))
        return response

    call = AmazonClient.call

    async def noted(self: AmazonClient, operation: str, method: str, path: str, **more: Any) -> Said:
        traffic.named.append((operation, httpx.Request(method, f"https://amazon.example{path}")))
        return await call(self, operation, method, path, **more)

    with monkeypatch.context() as patched:
        patched.setattr(AmazonClient, "call", noted)
        patched.setattr(httpx.AsyncHTTPTransport, "handle_async_request", kept)
        yield traffic


def operation_of(request: httpx.Request) -> tuple[str, str, str, Json] | None:
    """(model, path, method, operation) of a request, by the models that are used."""
    parts = _path(request).split("/")
    for name in NAMES:
        for path, methods in model(name)["paths"].items():
            wanted, method = path.split("/"), request.method.lower()
            fits = len(wanted) == len(parts) and all(
                b.startswith("{") or a == b for a, b in zip(parts, wanted, strict=True)
            )
            if fits and method in methods:
                return name, path, method, methods[method]
    return None


def _path(request: httpx.Request) -> str:
    """As it went over the wire, without the part that names the region to the sandbox."""
    raw = request.url.raw_path.decode().partition("?")[0]
    return next((raw.removeprefix(one) for one in REGIONS if raw.startswith(f"{one}/")), raw)


def _of_request(request: httpx.Request) -> list[str]:
    path = _path(request)
    if path.startswith(HANDED_OUT):
        return ["a document is fetched with a token"] if TOKEN_HEADER in request.headers else []
    if path == LOGIN:
        return [] if request.headers["content-type"].startswith("application/x-www-form-urlencoded") else ["no form"]
    found = operation_of(request)
    if found is None:
        return ["no operation of the models"]
    wrong = query_problems(found[3], dict(request.url.params)) + _of_body(found[0], found[3], request.content)
    if "authorization" in request.headers or TOKEN_HEADER not in request.headers:
        wrong.append("the token is in the wrong header")
    return wrong


def _of_body(name: str, operation: Json, content: bytes) -> list[str]:
    wanted = next((one for one in operation.get("parameters", []) if one["in"] == "body"), None)
    if wanted is None or not content:
        missing = wanted is not None and wanted.get("required")
        return ["the body is missing"] if missing else ["a body is not expected"] if content else []
    definition = wanted["schema"]["$ref"].removeprefix("#/definitions/")
    return problems(json.loads(content), definition, name)


def _of_answer(request: httpx.Request, response: httpx.Response) -> list[str]:
    found = operation_of(request)
    if found is None:
        return []
    name, _, _, operation = found
    told = operation["responses"].get(str(response.status_code))
    if told is None:
        return [] if response.status_code >= 400 else ["the model has no such status"]
    definition = told.get("schema", {}).get("$ref", "").removeprefix("#/definitions/")
    if not definition:
        return ["an answer without a body is expected"] if response.content else []
    body: Any = json.loads(response.content)
    return problems(body, definition, name) if definition in definitions(name) else [f"no definition {definition}"]

"""TEST-1: every fault of a sandbox is a real one, seen by a real HTTP client over a real socket."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from connectors.kit.sandbox.fault_rules import standard_presets
from connectors.kit.sandbox.faults import FaultsMiddleware, faults_of
from connectors.kit.sandbox.server import running
from tests import loopback


class Box:
    """A sandbox in small: counts the calls its app has completed."""

    def __init__(self) -> None:
        self.done = 0
        app = Starlette(routes=[Route("/call", self.call, methods=["GET", "POST"])])
        presets = standard_presets({"retry-after": "1"}, ["bad_record"])
        self.faults = FaultsMiddleware(app, presets, ["bad_record"])

    async def call(self, request: Request) -> JSONResponse:
        await request.body()
        self.done += 1
        return JSONResponse(
            {"done": self.done, "bad": faults_of(request.scope).strikes("bad_record"), "pad": "x" * 2000}
        )


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def client(box: Box) -> Iterator[httpx.Client]:
    with running(box.faults) as url, loopback.client(url) as found:
        yield found


def put(client: httpx.Client, **rule: object) -> None:
    client.put("/sandbox/faults", json={"rules": [rule], "seed": 1}).raise_for_status()


def test_reset_closes_before_the_app_ran(client: httpx.Client, box: Box) -> None:
    put(client, kind="reset", limit=1)
    # Which of them depends on whether the reset meets the client writing or reading.
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError)):
        client.post("/call", json={})
    assert box.done == 0
    assert client.get("/call").json()["done"] == 1


def test_lost_runs_the_app_then_gives_no_answer(client: httpx.Client, box: Box) -> None:
    put(client, kind="lost", limit=1)
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/call", json={})
    assert box.done == 1
    assert client.get("/call").json()["done"] == 2


def test_malformed_is_a_whole_answer_that_is_no_json(client: httpx.Client) -> None:
    put(client, kind="malformed")
    response = client.get("/call")
    assert response.status_code == 200
    with pytest.raises(ValueError):
        response.json()


def test_truncated_ends_before_the_announced_length(client: httpx.Client, box: Box) -> None:
    put(client, kind="truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/call")
    assert box.done == 1


def test_status_answers_with_its_code_and_headers(client: httpx.Client, box: Box) -> None:
    put(client, kind="status", code=429, headers={"Retry-After": "7"}, body='{"slow":"down"}')
    response = client.get("/call")
    assert (response.status_code, response.headers["retry-after"], response.json()) == (429, "7", {"slow": "down"})
    assert box.done == 0


def test_latency_delays_and_still_answers(client: httpx.Client) -> None:
    put(client, kind="latency", ms=120)
    began = time.monotonic()
    assert client.get("/call").status_code == 200
    assert time.monotonic() - began >= 0.12


def test_the_app_is_asked_for_kinds_of_its_own(client: httpx.Client) -> None:
    put(client, kind="bad_record", skip=1, limit=1)
    assert [client.get("/call").json()["bad"] for _ in range(3)] == [False, True, False]


def test_path_and_method_choose_the_calls(client: httpx.Client) -> None:
    put(client, kind="status", code=500, method="^POST$", path="^/call$")
    assert (client.get("/call").status_code, client.post("/call").status_code) == (200, 500)


def test_same_seed_and_calls_give_the_same_faults(client: httpx.Client) -> None:
    def outcomes(seed: int) -> list[int]:
        body = {"rules": [{"kind": "status", "code": 500, "rate": 0.4}], "seed": seed}
        client.put("/sandbox/faults", json=body).raise_for_status()
        return [client.get("/call").status_code for _ in range(30)]

    first = outcomes(3)
    assert outcomes(3) == first
    assert outcomes(4) != first
    assert 3 < first.count(500) < 25


def test_control_counts_adds_and_clears(client: httpx.Client) -> None:
    put(client, kind="status", code=500, limit=2)
    client.post("/sandbox/faults", json={"rules": [{"kind": "latency", "ms": 0}]}).raise_for_status()
    codes = [client.get("/call").status_code for _ in range(3)]
    shown = client.get("/sandbox/faults").json()
    assert codes == [500, 500, 200]
    assert shown["counts"] == {"status": 2, "latency": 3}
    assert [(rule["seen"], rule["struck"]) for rule in shown["rules"]] == [(3, 2), (3, 3)]
    assert client.delete("/sandbox/faults").json()["rules"] == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"rules": [{"kind": "gremlin"}]}, "unknown kinds gremlin"),
        ({"rules": [{"kind": "reset", "rate": 2}]}, "bad fault rules"),
        ({"rules": [{"kind": "reset", "path": "("}]}, "bad fault rules"),
        ({"preset": "nope"}, "unknown preset"),
        ([], "want an object"),
    ],
)
def test_bad_rules_are_refused_in_words(client: httpx.Client, body: object, word: str) -> None:
    response = client.put("/sandbox/faults", json=body)
    assert response.status_code == 400
    assert word in response.json()["error"]


def test_presets_load_by_name_and_strike_about_their_share(client: httpx.Client) -> None:
    rules = client.put("/sandbox/faults", json={"preset": "heavy", "seed": 5}).json()["rules"]
    failing = sum(rule["rate"] for rule in rules if rule["kind"] not in ("latency", "bad_record"))
    assert failing == pytest.approx(0.2)
    assert client.put("/sandbox/faults", json={"preset": "none"}).json()["rules"] == []


def test_a_taken_port_is_named(client: httpx.Client, box: Box) -> None:
    port = client.base_url.port
    assert port is not None
    with pytest.raises(OSError, match=f"{port}.*another port"), running(box.faults, port):
        pass


def test_faults_strike_in_parallel_calls_without_leaking(box: Box) -> None:
    async def calls(url: str) -> int:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            answers = await asyncio.gather(*(client.get("/call") for _ in range(40)), return_exceptions=True)
        return sum(isinstance(answer, httpx.TransportError) for answer in answers)

    with running(box.faults) as url:
        httpx.put(f"{url}/sandbox/faults", json={"rules": [{"kind": "reset", "rate": 0.5}], "seed": 2})
        dropped = asyncio.run(calls(url))
    assert dropped == box.faults.plan.counts["reset"] > 5

"""ORD-1, ORD-2: the poller and the Walmart connector bring every order of a faulty, moving marketplace to Kafka as it was sent.

The Walmart of this test is the sandbox over real HTTP: tokens that expire, throttles, lost and malformed answers, pages that shift.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.kit.sandbox.server import running
from connectors.walmart.sandbox.app import create_app
from connectors.walmart.sandbox.settings import DEMO_ACCOUNT, SandboxSettings
from schemas.headers import decode_headers
from schemas.records import RawEvent
from streams.kafka import read_to_end
from tests.integration.poller_kit import MakeWorld, World, world
from tests.loopback import client
from tests.waiting import until

__all__ = ["world"]  # the fixture


@pytest.fixture
def market() -> Iterator[httpx.Client]:
    """The sandbox, steered through its own side."""
    with running(create_app(SandboxSettings(token_seconds=20), time.time)) as url, client(url) as found:
        yield found


def walmart(market: httpx.Client) -> dict[str, Any]:
    return {
        "walmart": {
            "base_url": str(market.base_url).rstrip("/"),
            "accounts": {
                "main": {"client_id": DEMO_ACCOUNT.client_id, "client_secret": DEMO_ACCOUNT.client_secret},
            },
            "page_size": 10,
            "horizon_seconds": 1,
            "longest_wait_seconds": 1,
        }
    }


def truth(market: httpx.Client) -> dict[str, dict[str, Any]]:
    """Every order the marketplace shows, by id."""
    state = market.get("/sandbox/state").raise_for_status().json()
    return {order["purchaseOrderId"]: order for order in state["orders"] if order["visible"]}


def published(ours: World) -> dict[str, list[RawEvent]]:
    """Raw events by order id, oldest first."""
    found: dict[str, list[RawEvent]] = {}
    for record in read_to_end(ours.kafka, [ours.names.raw("walmart", "order")]):
        event: RawEvent = ours.codec().decode("raw_event", record.value)
        headers = decode_headers(record.headers)
        assert (headers.checksum, headers.correlation) == (event["checksum"], event["correlation"])
        found.setdefault(event["key"].rpartition(":")[2], []).append(event)
    return found


def test_every_order_of_a_faulty_moving_marketplace_is_published(world: MakeWorld, market: httpx.Client) -> None:
    """Through faults, a change to an order already read, late orders, and kill -9 in the middle."""
    ours = world(poll={"intervals": {"walmart.orders": "1s"}, "stopped_seconds": 1})
    market.put("/sandbox/faults", json={"preset": "default", "seed": 3}).raise_for_status()
    added = market.post("/sandbox/orders", json={"count": 60, "seed": 1, "spread_minutes": 300}).raise_for_status()
    victim = ours.start(connector=walmart(market), crash="page_published", nth=3)
    assert victim.ended() == -signal.SIGKILL
    market.post("/sandbox/orders", json={"count": 20, "seed": 2, "rate": 10}).raise_for_status()
    heir = ours.start(connector=walmart(market))
    until(lambda: truth(market).keys() <= published(ours).keys(), "all orders are published")
    changed = next(po for po in added.json()["purchaseOrderIds"] if truth(market)[po]["status"] == "Created")
    line = truth(market)[changed]["lines"][0]["lineNumber"]
    market.post(f"/sandbox/orders/{changed}/change", json={"kind": "cancel_line", "line": line}).raise_for_status()
    until(lambda: b"Cancelled" in published(ours)[changed][-1]["payload"], "the change is published")
    assert heir.terminate() == 0
    for order_id, events in published(ours).items():
        assert {json.loads(event["payload"])["purchaseOrderId"] for event in events} == {order_id}
        assert {(event["source"], event["account"], event["entity"]) for event in events} == {
            ("walmart", "main", "order")
        }


def test_refused_credentials_stop_the_flow_loudly(world: MakeWorld, market: httpx.Client) -> None:
    """AUTH-5: nothing is published, no cursor moves but to say why, the log calls for a person; the process lives on."""
    ours = world()
    part = walmart(market)
    part["walmart"]["accounts"]["main"]["client_secret"] = "wrong-canary-secret"
    poller = ours.start(connector=part)
    until(
        lambda: poller.has_logged("CRITICAL poll_failed flow=walmart:main:orders track=poll reason=auth"), "the alert"
    )
    until(ours.cursors, "the flow's state")
    assert published(ours) == {}
    assert {(told["position"], told["failing_reason"]) for _, told in ours.cursors()} == {("", "auth")}
    assert poller.process.poll() is None
    assert poller.terminate() == 0
    assert "wrong-canary-secret" not in poller.text()


def test_keys_of_another_world_are_refused_at_start(world: MakeWorld, market: httpx.Client) -> None:
    """AUTH-7: production configuration that points at a sandbox."""
    poller = world().start(connector=walmart(market), environment="production")
    assert poller.ended() != 0
    assert "a sandbox, but CAUSEWAY_ENVIRONMENT is production" in poller.text()

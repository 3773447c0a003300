"""TEST-1, TEST-3: the Amazon sandbox as a program: its control calls, its page, its database, its start."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connectors.amazon.sandbox.__main__ import main
from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER
from connectors.kit.sandbox.catalog import CATALOG
from tests.contract.amazon_box import Box, Json, amazon_box


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=1000.0) as box:
        yield box


def started(data: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "connectors.amazon.sandbox", "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    return process, line.rsplit(" ", 1)[1].strip()


def test_orders_and_writes_survive_kill_9(tmp_path: Path) -> None:
    """TEST-3: what was answered is kept."""
    process, url = started(tmp_path)
    with process:
        ids = httpx.post(f"{url}/sandbox/orders", json={"count": 20, "seed": 1, "mix": "plain"}).json()["orderIds"]
        change = httpx.post(f"{url}/sandbox/orders/{ids[0]}/change", json={"kind": "cancel"})
        before = httpx.get(f"{url}/sandbox/snapshot?sections=orders").json()["orders"]
        process.send_signal(signal.SIGKILL)
    again, url = started(tmp_path)
    with again:
        after = httpx.get(f"{url}/sandbox/snapshot?sections=orders").json()["orders"]
        again.send_signal(signal.SIGTERM)
    assert change.status_code == 200
    assert after == before
    assert after[ids[0]]["status"] == "CANCELLED"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--feed-seconds", "2"], "FROM,TO"),
        (["--rate-factor", "0"], "rate_factor"),
        (["--data", os.devnull], "amazon sandbox:"),
    ],
)
def test_a_wrong_start_says_what_is_wrong(arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert word in capsys.readouterr().err


def test_the_page_shows_what_is_held_and_no_person(box: Box) -> None:
    ids = box.add(3)
    text = box.http.get("/").raise_for_status().text
    assert all(order_id in text for order_id in ids)
    assert "Feeds of" in text
    names = [box.order(order_id)["buyer"]["buyerName"] for order_id in ids]
    assert not any(name in text for name in names)


def test_the_same_seed_adds_nothing_twice(box: Box) -> None:
    assert len(box.add(5)) == 5
    assert box.add(5) == []
    answer = box.http.post("/sandbox/orders", json={"count": 6, "seed": 1, "mix": "plain"}).json()
    assert (answer["added"], answer["known"]) == (1, 5)


def test_the_clock_can_be_moved(box: Box) -> None:
    (order_id,) = box.add(1)
    assert box.listed() == []
    assert box.control("/sandbox/clock", seconds=121)["ahead"] == 121
    assert box.listed() == [order_id]


def test_sellers_are_told_apart_by_control_calls(box: Box) -> None:
    box.add(2)
    box.add(1, account=EU_SELLER.seller_id)
    assert [len(box.state(seller)["orders"]) for seller in (DEMO_SELLER, EU_SELLER)] == [2, 1]


def test_a_reset_forgets_all(box: Box) -> None:
    box.add(2)
    box.faults({"kind": "status"})
    box.control("/sandbox/reset")
    state = box.state()
    assert (state["orders"], state["feeds"], state["faults"]["rules"], state["calls"]["total"]) == ({}, [], [], 0)


def test_the_snapshot_gives_the_sections_asked_for(box: Box) -> None:
    (order_id,) = box.add(1)
    found = box.http.get("/sandbox/snapshot", params={"sections": "orders,refunds"}).json()
    assert set(found) == {"account", "at", "orders", "refunds"}
    assert found["orders"][order_id]["items"][0]["open"] >= 1
    assert box.http.get("/sandbox/snapshot", params={"sections": "weather"}).status_code == 400


def test_the_catalogue_and_health_are_told(box: Box) -> None:
    assert [product["sku"] for product in box.http.get("/sandbox/catalog").json()] == [p.sku for p in CATALOG]
    assert box.http.get("/sandbox/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/orders", {}),
        ("/sandbox/orders", {"count": 0}),
        ("/sandbox/orders", {"count": 1, "mix": "odd"}),
        ("/sandbox/orders", {"count": 1, "colour": "red"}),
        ("/sandbox/orders", {"count": 1, "account": "nobody"}),
        ("/sandbox/orders/raw", {"orders": [{}]}),
        ("/sandbox/clock", {"seconds": -1}),
    ],
)
def test_a_wrong_control_call_is_400(box: Box, path: str, body: Json) -> None:
    answer = box.http.post(path, json=body)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)


def test_a_change_of_an_unknown_order_is_404(box: Box) -> None:
    assert box.http.post("/sandbox/orders/999-0-0/change", json={"kind": "cancel"}).status_code == 404
    (order_id,) = box.add(1)
    assert box.http.post(f"/sandbox/orders/{order_id}/change", json={"kind": "explode"}).status_code == 400
    box.change(order_id, "cancel")
    assert box.http.post(f"/sandbox/orders/{order_id}/change", json={"kind": "ship"}).status_code == 400


@pytest.mark.parametrize("preset", ["default", "heavy"])
def test_under_a_preset_every_answer_is_one_a_client_can_tell(box: Box, preset: str) -> None:
    """TEST-3: under faults a client that tries again gets every order."""
    ids = box.add(30)
    box.clock.tick(200)
    box.headers()
    box.http.put("/sandbox/faults", json={"preset": preset, "seed": 3}).raise_for_status()
    seen = set()
    for _ in range(60):
        try:
            answer = box.search()
            seen |= {order["orderId"] for order in answer.json()["orders"]}
        except (httpx.HTTPError, ValueError, KeyError):
            # A revoked token has to be taken anew.
            box.tokens.clear()
            try:
                box.headers()
            except (httpx.HTTPError, ValueError, KeyError):
                continue
    assert seen == set(ids)

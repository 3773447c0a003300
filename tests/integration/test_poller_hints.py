"""EVT-6: a change in Odoo whose automation rule rings at the poller's door is read long before the next poll would come."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from streams.kafka import read_to_end
from tests.contract.odoo_capture_box import capture_box
from tests.integration.poller_kit import MakeWorld, World, world
from tests.waiting import until

__all__ = ["world"]  # the fixture

SECRET = "0123456789abcdef0123"
HOURLY = {
    f"odoo.{flow}": "1h"
    for flow in ("stock", "sale_orders", "pickings", "products", "prices", "refunds", "purchase_orders")
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def published(ours: World, flow: str) -> list[bytes]:
    """What was read of products, as Odoo said it."""
    codec = ours.codec()
    records = read_to_end(ours.kafka, [ours.names.raw("odoo", flow)])
    return [codec.decode("raw_event", record.value)["payload"] for record in records]


def cursors(ours: World) -> set[str]:
    """Flows of Odoo that have been read to the end once."""
    return {cursor["flow"] for _, cursor in ours.cursors() if cursor["read_until"] is not None}


@pytest.mark.timeout(600)
def test_a_change_is_read_at_once_though_the_next_poll_is_an_hour_away(world: MakeWorld) -> None:
    """EVT-6, SEC-5: by the right secret; a wrong one, junk and too much of it change nothing, and the poller goes on."""
    ours = world(poll={"intervals": HOURLY})
    with capture_box() as box:
        product, port = box.product("HINT-1"), free_port()
        capture = {"mode": "poll", "webhook": {"port": port, "secret": SECRET, "pause_seconds": 0.5}}
        part: dict[str, Any] = box.settings.model_dump(mode="json") | {
            "password": box.settings.password.get_secret_value(), "id_key": "", "capture": capture
        }  # fmt: skip
        running = ours.start(connector={"odoo": part})
        until(lambda: set(HOURLY) <= {f"odoo.{flow}" for flow in cursors(ours)}, "every flow is read once")
        door = f"http://127.0.0.1:{port}/hints"
        for path, body, status in (
            ("/wrong", b"{}", 403),
            (f"/{SECRET}", b"\xff", 400),
            (f"/{SECRET}", b"x" * 100_000, 413),
        ):
            assert httpx.post(door + path, content=body, trust_env=False).status_code == status
        (model,) = box.rows("ir.model", [["model", "=", "product.template"]], ["model"])
        action = {"name": "Causeway", "model_id": model["id"], "state": "webhook", "webhook_url": f"{door}/{SECRET}"}
        rule = {
            "name": "Wake up",
            "model_id": model["id"],
            "trigger": "on_create_or_write",
            "action_server_ids": [[0, 0, action]],
        }
        box.call("base.automation", "create", rule)
        box.call("product.product", "write", [product], {"name": "Renamed in between"})
        until(lambda: any(b"Renamed in between" in one for one in published(ours, "product")), "read an hour early")
        assert running.terminate() == 0

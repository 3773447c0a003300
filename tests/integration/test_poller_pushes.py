"""SEC-5, PO-2: what 1688 pushes is fetched by the poller long before its next poll, however often, forged or late it comes; on a real broker."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import httpx
import pytest

from streams.kafka import read_to_end
from streams.poller.commands import Action
from tests.contract.alibaba_box import Shop, alibaba_box
from tests.contract.alibaba_connected import settings_of
from tests.integration.poller_kit import MakeWorld, World, world
from tests.waiting import until

__all__ = ["world"]  # the fixture

HOURLY = {f"alibaba.{flow}": "24h" for flow in ("orders", "parcels", "products", "messages")}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def statuses_read(ours: World, order_id: str) -> list[str]:
    """Of the order, in the order they were published."""
    codec = ours.codec()
    found = []
    for record in read_to_end(ours.kafka, [ours.names.raw("alibaba", "order")]):
        if record.key == f"alibaba:main:order:{order_id}".encode():
            payload = json.loads(codec.decode("raw_event", record.value)["payload"])
            found.append(payload["order"]["baseInfo"]["status"])
    return found


def wishes(ours: World) -> list[dict[str, Any]]:
    codec = ours.codec()
    found = [codec.decode("poll_command", one.value) for one in read_to_end(ours.kafka, [ours.names.commands])]
    return [one for one in found if one["action"] == Action.FETCH_IDS.value]


def sent(shop: Shop) -> list[int]:
    return sorted(one["status"] for one in shop.box.control("/sandbox/push/flush")["sent"])


@pytest.mark.timeout(600)
def test_a_message_has_its_order_read_a_day_before_the_next_poll(world: MakeWorld) -> None:
    """A killed poller takes no message: it comes again, and the next one takes it."""
    ours = world(poll={"intervals": HOURLY})
    port = free_port()
    with alibaba_box(offers=1) as box:
        box.clock.now = time.time()
        shop = Shop(box)
        part = settings_of(box, ours.folder, webhook={"port": port}).model_dump(mode="json")
        account = part["accounts"]["main"]
        plain = settings_of(box, ours.folder).account("main")
        account["app_secret"] = plain.secret().get_secret_value()
        account["refresh_token"] = plain.refresh_token.get_secret_value()
        running = ours.start(connector={"alibaba": part})
        until(
            lambda: len({c["flow"] for _, c in ours.cursors() if c["read_until"]}) == len(HOURLY),
            "every flow is read once",
        )
        door = f"http://127.0.0.1:{port}/webhooks/alibaba/main"
        box.account(callback_url=door)
        made = shop.order()
        box.faults({"kind": "push_doubled", "limit": 1}, {"kind": "push_forged", "limit": 1})
        shop.change(made, "pay")
        assert sent(shop) == [200, 200, 200, 401]
        until(lambda: "waitsellersend" in statuses_read(ours, made), "the order is read at once, as it is")
        named = [one for one in wishes(ours) if one["ids"] == [made]]
        assert {one["flow"] for one in named} == {"orders"}
        assert len({one["id"] for one in named}) == 2  # of two messages, one of them twice perhaps
        # Whatever is wrong with a message, the poller goes on, and nothing is asked for.
        before = len(wishes(ours))
        for body in (
            {"order_id": made, "age_seconds": 100_000},
            {"raw": "{"},
            {"type": "OTHER_TYPE", "data": {"orderId": made}},
        ):
            box.control("/sandbox/push/send", **body)
        assert sent(shop) == [200, 400, 400]
        assert httpx.post(door, content=b"x" * 300_000, trust_env=False).status_code == 413
        assert len(wishes(ours)) == before
        (unknown,) = ours.dead()
        assert "a type unknown to us" in unknown["detail"]
        running.end()
        shop.change(made, "ship")
        assert 200 not in sent(shop)
        ours.start(connector={"alibaba": part})
        until(lambda: is_open(port), "the door is open again")
        box.clock.tick(5)
        assert 200 in sent(shop)
        until(lambda: "waitbuyerreceive" in statuses_read(ours, made), "and is carried out")


def is_open(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0

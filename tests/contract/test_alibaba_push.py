"""SEC-5, EVT-4, PO-2: messages the 1688 sandbox pushes, at the poller's door: with retries, twice, forged, late, unreadable."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from connectors.alibaba.push import pushed, pushes
from connectors.alibaba.sandbox.settings import DEMO_BUYER
from connectors.alibaba.signing import SIGNATURE, message_signature
from connectors.kit.pushes import Pushed, WrongSignatureError
from streams.poller.metrics import PUSHES
from streams.poller.pushes import MOST_BYTES, letterbox
from streams.runtime.errors import DeliveryError
from tests.contract.alibaba_box import FIRST_OFFER, Box, Json, Shop, alibaba_box
from tests.contract.alibaba_connected import settings_of

SECRET = "s3cret-for-tests-0001"
W1_TEXT = (
    '{"bizKey":"2237938826932135493","data":{"buyerMemberId":"b2b-100000001","currentStatus":"waitbuyerreceive","msgSendTime":'
    '"2026-09-01 09:44:24","orderId":2237938826932135493,"sellerMemberId":"b2b-100000002"},"gmtBorn":1788227064904,"msgId":92705609220,'
    '"type":"ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS","userInfo":"b2b-100000001"}'
)
W1 = urlencode({"message": W1_TEXT, SIGNATURE: "5C214301283928FA834E67924A1BAA2FDCC8AA95"}).encode()


@dataclass
class Door:
    """What was wished for; Kafka refuses the next so many."""

    box: Box
    port: int = 0
    wished: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    refusals: int = 0
    odd: list[tuple[str, bytes]] = field(default_factory=list)

    async def wish(self, account: str, message: Pushed) -> None:
        if self.refusals:
            self.refusals -= 1
            raise DeliveryError("no broker")
        if message.odd is not None:
            self.odd.append((message.odd.key, message.odd.payload))
            return
        self.wished.append((account, {flow: list(ids) for flow, ids in message.wanted.items()}))

    def seconds(self) -> float:
        return self.box.clock.now

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.box.clock.now, UTC)

    async def wait(self, wake: asyncio.Event, seconds: float) -> None:
        raise AssertionError("nothing is waited for")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/alibaba/main"

    async def flush(self) -> list[int]:
        """Sends what is due; the answers."""
        sent: list[Json] = (await asyncio.to_thread(self.box.control, "/sandbox/push/flush"))["sent"]
        return [one["status"] for one in sent]

    async def send(self, **message: object) -> list[int]:
        """A message by hand, and its answers."""
        await asyncio.to_thread(self.box.control, "/sandbox/push/send", **message)
        return await self.flush()

    async def post(self, body: bytes, path: str = "", method: str = "POST") -> int:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.request(method, path or self.url, content=body)).status_code


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=2) as box:
        yield Shop(box)


@asynccontextmanager
async def door_of(shop: Shop, folder: Path) -> AsyncIterator[Door]:
    """The sandbox sends there."""
    found = pushes(settings_of(shop.box, folder, webhook={"port": 1}))
    assert found is not None
    free = replace(found, port=0)
    door = Door(shop.box)
    async with letterbox("alibaba", free, door.wish, door) as door.port:
        await asyncio.to_thread(shop.box.account, callback_url=door.url)
        yield door


def counted(result: str) -> float:
    return float(PUSHES.labels("alibaba", "main", result)._value.get())


async def test_what_a_message_names_is_asked_for_before_it_is_answered(shop: Shop, tmp_path: Path) -> None:
    """PO-2: the order, and nothing of what the message says of it; each try of it, and each repeat, once."""
    async with door_of(shop, tmp_path) as door:
        made = await asyncio.to_thread(shop.order)
        assert await door.flush() == [200]
        assert door.wished == [("main", {"orders": [made]})]
        shop.box.faults({"kind": "push_doubled", "limit": 1})
        before = counted("repeated")
        await asyncio.to_thread(shop.change, made, "pay")
        assert await door.flush() == [200, 200]
        assert 2 <= len(door.wished) <= 3  # both at the same moment: two wishes of one id
        assert len(door.wished) - 2 + counted("repeated") - before == 1
        message = json.loads(
            (await asyncio.to_thread(shop.box.control, "/sandbox/push/send", order_id=made))["message"]
        )
        assert await door.flush() == [200]
        wished = len(door.wished)
        await asyncio.to_thread(shop.box.control, "/sandbox/push/again", msg_id=message["msgId"])
        assert (await door.flush(), len(door.wished)) == ([200], wished)


async def test_what_is_not_safe_is_not_taken_and_comes_again(shop: Shop, tmp_path: Path) -> None:
    """EVT-4: no message is answered well and lost; retried by the platform, it is taken."""
    async with door_of(shop, tmp_path) as door:
        door.refusals = 2
        made = await asyncio.to_thread(shop.order)
        for wait, status in ((0, 503), (5, 503), (30, 200)):
            shop.box.clock.tick(wait)
            assert await door.flush() == [status]
        assert door.wished == [("main", {"orders": [made]})]


async def test_forged_messages_and_those_without_a_signature_wish_for_nothing(shop: Shop, tmp_path: Path) -> None:
    """SEC-5."""
    async with door_of(shop, tmp_path) as door:
        made = await asyncio.to_thread(shop.order)
        await door.flush()
        door.wished.clear()
        before = counted("forbidden")
        assert await door.send(order_id=made, signature="wrong") == [401]
        assert await door.send(order_id=made, signature="missing") == [401]
        assert await door.send(order_id=made, extra={"colour": "红"}) == [200]  # all fields count, as they came
        assert (len(door.wished), counted("forbidden") - before) == (1, 2)
        shop.box.faults({"kind": "push_forged", "limit": 1}, {"kind": "push_as_text", "limit": 1})
        second = await asyncio.to_thread(shop.order)
        assert sorted(await door.flush()) == [200, 401]
        assert door.wished[1:] == [("main", {"orders": [second]})]


async def test_late_unknown_and_unreadable_messages_are_counted_and_harm_nothing(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SEC-5: what is refused the platform keeps for its replay, what is of no known type is a dead letter; the rest goes on, and no log has
    anything of a message."""
    caplog.set_level(logging.DEBUG)
    async with door_of(shop, tmp_path) as door:
        made = await asyncio.to_thread(shop.order)
        await door.flush()
        door.wished.clear()
        names = ("late", "unknown", "unreadable")
        before = {name: counted(name) for name in names}
        assert await door.send(order_id=made, age_seconds=86_401) == [400]
        assert await door.send(order_id=made, age_seconds=-301) == [400]
        assert await door.send(type="ORDER_VIEW_TELEPORTED", data={"orderId": made}) == [200]
        for raw in (
            "{",
            "[]",
            "null",
            '{"msgId": 1, "type": "ORDER_BUYER_VIEW_X", "data": {"orderId": "一"}}',
            "[" * 5000,
        ):
            assert await door.send(raw=raw) == [400]
        assert await door.send(raw='{"msgId":7,"type":"ORDER_BUYER_VIEW_ORDER_PAY","data":{"orderId":1}}') == [
            400
        ]  # says not when it was made
        assert {name: counted(name) - before[name] for name in names} == {"late": 3, "unknown": 1, "unreadable": 5}
        assert door.wished == []
        assert await door.send(order_id=made) == [200]
        assert door.wished == [("main", {"orders": [made]})]
    told = f"{caplog.text} {[record.__dict__ for record in caplog.records if record.name.startswith('streams')]}"
    assert made not in told
    assert "kind=ORDER_VIEW_TELEPORTED" in told
    unreadable = [line for line in caplog.text.splitlines() if "push_unreadable" in line]
    assert any("detail=data.orderId" in line for line in unreadable), unreadable
    assert not any("一" in line for line in unreadable), "the field, not its content"


async def test_a_type_unknown_to_us_is_a_dead_letter(shop: Shop, tmp_path: Path) -> None:
    """SEC-5: and not answered well before that is safe, for then it never comes again."""
    async with door_of(shop, tmp_path) as door:
        door.refusals = 1
        assert await door.send(type="ORDER_VIEW_TELEPORTED", data={"orderId": "1"}) == [503]
        assert door.odd == []
        shop.box.clock.tick(5)
        assert await door.flush() == [200]
        ((key, payload),) = door.odd
        assert key == f"alibaba:main:message:{json.loads(payload)['msgId']}"
        assert json.loads(payload)["type"] == "ORDER_VIEW_TELEPORTED"


async def test_what_is_no_message_at_all_is_turned_away(shop: Shop, tmp_path: Path) -> None:
    """SEC-5: size, address, method, encodings; whatever comes, the door stays open."""
    async with door_of(shop, tmp_path) as door:
        gbk = b"message=" + "我".encode("gbk") + b"&_aop_signature=0"
        for body, status in (
            (b"x" * (MOST_BYTES + 1), 413), (gbk, 400), (b"message=%CE%D2&_aop_signature=0", 400), (b"a=1&" * 30, 400),
            (b"message=1&message=2", 400), (b"", 401), (b"{}", 401),
        ):  # fmt: skip
            assert (await door.post(body), body[:40]) == (status, body[:40])
        assert await door.post(W1, method="GET") == 405
        for path in (
            "",
            "/",
            "/webhooks",
            "/webhooks/alibaba",
            "/webhooks/alibaba/other",
            "/webhooks/walmart/main",
            "/webhooks/alibaba/main/x",
        ):
            assert (await door.post(W1, f"http://127.0.0.1:{door.port}{path}"), path) == (404, path)
        assert door.wished == []


async def test_the_end_of_an_authorisation_is_told_to_people(
    shop: Shop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """AUTH-3: an alert, for a person has to let the app in again."""
    async with door_of(shop, tmp_path) as door:
        await asyncio.to_thread(shop.box.account, authorised=False)
        assert await door.flush() == [200]
    assert [record.levelname for record in caplog.records if "reauthorise source=alibaba" in record.getMessage()] == [
        "ERROR"
    ]


async def test_offers_are_asked_for_by_their_own_flow(shop: Shop, tmp_path: Path) -> None:
    """PRD-2."""
    async with door_of(shop, tmp_path) as door:
        data = {"productIds": f"{FIRST_OFFER},5", "action": "modify"}
        assert await door.send(type="PRODUCT_RELATION_VIEW_PRODUCT_CHANGE", data=data) == [200]
        assert door.wished == [("main", {"products": [str(FIRST_OFFER), "5"]})]


def test_the_vector_is_read_and_any_change_of_it_is_not() -> None:
    """alibaba.md, W1; the signature in small letters too."""
    found = pushed({"main": SecretStr(SECRET)}, "main", W1)
    assert (found.id, found.wanted, found.odd) == ("92705609220", {"orders": ("2237938826932135493",)}, None)
    assert pushed({"main": SecretStr(SECRET)}, "main", W1.replace(b"5C214301283928FA", b"5c214301283928fa")) == found
    for at in range(0, len(W1), 7):
        changed = W1[:at] + (b"1" if W1[at : at + 1] != b"1" else b"2") + W1[at + 1 :]
        with pytest.raises(ValueError, match=r".") as caught:
            pushed({"main": SecretStr(SECRET)}, "main", changed)
        assert isinstance(caught.value, (WrongSignatureError, ValueError))
    with pytest.raises(WrongSignatureError):
        pushed({"main": SecretStr(SECRET)}, "main", W1, "added=1")
    fields = {"message": W1_TEXT, "added": "1"}
    body = urlencode({"message": W1_TEXT, SIGNATURE: message_signature(fields, SECRET)}).encode()
    assert pushed({"main": SecretStr(SECRET)}, "main", body, "added=1") == found  # as the platform's client signs


def test_no_door_without_a_port_and_none_without_a_secret(shop: Shop, tmp_path: Path) -> None:
    assert pushes(settings_of(shop.box, tmp_path)) is None
    empty = tmp_path / "secret"
    empty.write_text("\n")
    with pytest.raises(ValueError, match="no app_secret of main"):
        pushes(
            settings_of(
                shop.box, tmp_path, webhook={"port": 1}, account={"app_secret": "", "app_secret_file": str(empty)}
            )
        )
    assert DEMO_BUYER.app_secret not in repr(pushes(settings_of(shop.box, tmp_path, webhook={"port": 1})))

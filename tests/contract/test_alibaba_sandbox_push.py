"""SEC-5, EVT-4, LOG-1, TEST-1: push messages of the 1688 sandbox as an app's callback meets them, and the replay of those it did not get."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.alibaba.sandbox.moments import stamp
from connectors.alibaba.sandbox.settings import DEMO_BUYER, STATIC_BUYER
from connectors.alibaba.signing import SIGNATURE, is_signed_message
from connectors.kit.sandbox.server import running
from tests.contract.alibaba_box import FIRST_OFFER, Json, Shop, alibaba_box, error_of

QUERY, CONFIRM, CURSOR = "push.query.messageList", "push.message.confirm", "push.cursor.messageList"


@dataclass
class Callback:
    """What came in, as form fields; answers with the statuses it was given, 200 after them."""

    url: str = ""
    got: list[dict[str, str]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True)
        self.got.append(dict(pairs))
        self.types.append(request.headers["content-type"])
        return Response(b"ok", self.statuses.pop(0) if self.statuses else 200)

    def messages(self) -> list[Json]:
        return [json.loads(one["message"]) for one in self.got]


@contextmanager
def listening() -> Iterator[Callback]:
    callback = Callback()
    app = Starlette(routes=[Route("/webhook", callback.take, methods=["POST"])])
    with running(app) as url:
        callback.url = f"{url}/webhook"
        yield callback


@pytest.fixture
def callback() -> Iterator[Callback]:
    with listening() as found:
        yield found


@pytest.fixture
def shop(callback: Callback) -> Iterator[Shop]:
    with alibaba_box() as box:
        box.account(callback_url=callback.url)
        yield Shop(box)


def flush(shop: Shop) -> list[Json]:
    found: list[Json] = shop.box.control("/sandbox/push/flush")["sent"]
    return found


def states(shop: Shop) -> list[str]:
    return [one["state"] for one in shop.box.state()["messages"].values()]


def test_every_step_of_an_order_is_told_signed_and_in_a_form(shop: Shop, callback: Callback) -> None:
    made = shop.order()
    shop.change(made, "price", freight=0)
    shop.change(made, "pay")
    (line,) = shop.told(made)["lines"]
    shop.change(made, "ship", items={line["sub_id"]: 1})
    (_, parcel) = shop.change(made, "ship")["parcels"]
    shop.step(parcel, "sign")
    shop.step(parcel, "number", bill_no="SF1")
    shop.change(made, "confirm")
    shop.change(made, "success")
    flush(shop)
    told = sorted(callback.messages(), key=lambda one: one["msgId"])
    prefix = "ORDER_BUYER_VIEW_"
    assert [(one["type"].removeprefix(prefix), one["data"].get("currentStatus")) for one in told] == [
        ("BUYER_MAKE", "waitbuyerpay"),
        ("ORDER_PRICE_MODIFY", "waitbuyerpay"),
        ("ORDER_PAY", "waitsellersend"),
        ("PART_PART_SENDGOODS", "waitsellersend"),
        ("LOGISTICS_BUYER_VIEW_TRACE", None),
        ("ANNOUNCE_SENDGOODS", "waitbuyerreceive"),
        ("LOGISTICS_BUYER_VIEW_TRACE", None),
        ("LOGISTICS_BUYER_VIEW_TRACE", None),
        ("LOGISTICS_MAIL_NO_CHANGE", None),
        ("ORDER_COMFIRM_RECEIVEGOODS", "confirm_goods_and_has_subsidy"),
        ("ORDER_SUCCESS", "success"),
    ]
    assert all(is_signed_message(one, DEMO_BUYER.app_secret) for one in callback.got)
    assert {one.keys() == {"message", SIGNATURE} for one in callback.got} == {True}
    assert set(callback.types) == {"application/x-www-form-urlencoded"}
    first, trace, number = told[0], told[7]["data"]["OrderLogisticsTracingModel"], told[8]["data"]["MailNoChangeModel"]
    assert (first["bizKey"], first["data"]["orderId"], first["userInfo"]) == (made, int(made), DEMO_BUYER.member_id)
    assert (first["gmtBorn"], first["data"]["msgSendTime"]) == (1795176000000, "2026-11-20 20:00:00")
    assert (trace["statusChanged"], trace["orderLogsItems"]) == (
        "SIGN",
        [{"orderId": int(made), "orderEntryId": int(line["sub_id"])}],
    )
    assert (number["newMailNo"], number["logisticsId"]) == ("SF1", parcel)
    assert set(states(shop)) == {"delivered"}


@pytest.mark.parametrize(("by", "kind"), [("buyer", "BUYER"), ("seller", "SELLER"), ("bops", "BOPS")])
def test_closing_says_who_closed(shop: Shop, callback: Callback, by: str, kind: str) -> None:
    shop.change(shop.order(), "close", by=by)
    flush(shop)
    assert f"ORDER_BUYER_VIEW_ORDER_{kind}_CLOSE" in [one["type"] for one in callback.messages()]


def test_offers_tell_those_who_made_themselves_known(shop: Shop, callback: Callback) -> None:
    """PRD-2: a relation brings changes, following brings stock."""
    path = f"/sandbox/offers/{FIRST_OFFER}/change"
    shop.box.control(path, kind="rename", subject="改名")
    shop.box.ask("alibaba.cross.syncProductListPushed", productIdList=[FIRST_OFFER])
    shop.box.control(path, kind="respec", spec=shop.first()["specs"][0]["spec_id"])
    shop.box.ask("alibaba.product.follow.crossborder", productId=str(FIRST_OFFER))
    spec = shop.first()["specs"][1]
    shop.box.control(path, kind="stock", quantity=spec["stock"] - 3, spec=spec["spec_id"])
    shop.change(shop.order(shop.cargo(shop.first(), 4, 1)), "close")
    flush(shop)
    told = sorted(callback.messages(), key=lambda one: one["msgId"])
    one, _, stock, sold, back = [one for one in told if one["type"].startswith("PRODUCT")]
    assert (one["type"], one["data"]["action"]) == ("PRODUCT_RELATION_VIEW_PRODUCT_CHANGE", "sku_modify")
    (row,) = stock["data"]["OfferInventoryChangeList"]
    assert (row["skuId"], row["quantity"], row["skuOnSale"]) == (spec["sku_id"], -3, True)
    assert [one["data"]["OfferInventoryChangeList"][0]["quantity"] for one in (sold, back)] == [-4, 4]


def test_what_is_not_taken_comes_three_times_and_is_then_kept(shop: Shop, callback: Callback) -> None:
    """EVT-4: and the replay has it, until it is confirmed."""
    callback.statuses = [500, 401, 302]
    shop.order()
    for wait in (0, 5, 30):
        shop.box.clock.tick(wait)
        (sent,) = flush(shop)
    assert (sent["tries"], len(callback.got), states(shop)) == (3, 3, ["stored"])
    assert len({one["message"] for one in callback.got}) == 1
    shop.box.clock.tick(3600)
    assert flush(shop) == []
    page = shop.box.ask(QUERY, page=1, pageSize=20)["pushMessagePage"]
    (row,) = page["datas"]
    assert (page["totalCount"], row["msgId"], row["topicName"]) == (
        1,
        callback.messages()[0]["msgId"],
        "ORDER_BUYER_VIEW_BUYER_MAKE",
    )
    assert json.loads(row["data"]) == callback.messages()[0]["data"]
    assert shop.box.ask(QUERY)["pushMessagePage"]["totalCount"] == 1
    shop.box.ask(CONFIRM, STATIC_BUYER, msgIdList=[row["msgId"]])
    assert shop.box.ask(QUERY)["pushMessagePage"]["totalCount"] == 1
    shop.box.ask(CONFIRM, msgIdList=[row["msgId"]])
    assert shop.box.ask(QUERY)["pushMessagePage"]["totalCount"] == 0


def test_a_second_try_is_enough(shop: Shop, callback: Callback) -> None:
    callback.statuses = [503]
    shop.order()
    flush(shop)
    assert (flush(shop), states(shop)) == ([], ["waiting"])
    shop.box.clock.tick(5)
    flush(shop)
    assert (states(shop), shop.box.ask(QUERY)["pushMessagePage"]["totalCount"]) == (["delivered"], 0)


def test_nobody_there_is_a_failed_try(shop: Shop) -> None:
    shop.box.account(callback_url="http://127.0.0.1:1/webhook")
    shop.order()
    assert flush(shop)[0]["status"] == 0


def test_the_cursor_gives_each_message_once_and_needs_no_token() -> None:
    """Without a callback everything goes to the replay. It is signed, and each app has its own."""
    with alibaba_box() as box:
        shop = Shop(box)
        for _ in range(25):
            shop.order()
        start = stamp(box.clock.now + 1)
        path = f"param2/1/cn.alibaba.open/{CURSOR}/{DEMO_BUYER.app_key}"
        first = box.send(path, {"quantity": "20"}, DEMO_BUYER.app_secret).json()["pushMessageList"]
        assert box.ask(CURSOR, quantity=20, createStartTime=start)["pushMessageList"] == []
        assert box.ask(CURSOR, quantity=20, type="ORDER_BUYER_VIEW_ORDER_PAY")["pushMessageList"] == []
        rest = box.ask(CURSOR, quantity=20)["pushMessageList"]
        assert (len(first), len(rest), box.ask(CURSOR)["pushMessageList"]) == (20, 5, [])
        assert len({row["msgId"] for row in first + rest}) == 25
        assert box.ask(QUERY, STATIC_BUYER)["pushMessagePage"]["totalCount"] == 0
        for _ in range(3):
            shop.order()
        (first, *others) = box.ask(QUERY)["pushMessagePage"]["datas"]
        box.ask(CONFIRM, msgIdList=[first["msgId"]])
        assert box.ask(QUERY)["pushMessagePage"]["datas"] == others
        assert error_of(box.call(CURSOR, quantity=19)) == (400, "gw.ParamInvalid")
        assert error_of(box.call(QUERY, pageSize=201)) == (400, "gw.ParamInvalid")


def test_faults_of_the_push(shop: Shop, callback: Callback) -> None:
    """Twice, late, never, forged before the true one, as text."""
    shop.box.faults({"kind": "push_doubled", "limit": 1})
    shop.order()
    flush(shop)
    assert [one["message"] for one in callback.got] == [callback.got[0]["message"]] * 2
    shop.box.faults({"kind": "push_delayed", "limit": 1})
    made, _ = shop.order(), shop.order()
    flush(shop)
    assert made not in [one["bizKey"] for one in callback.messages()]
    shop.box.clock.tick(10)
    flush(shop)
    assert callback.messages()[-1]["bizKey"] == made
    shop.box.faults({"kind": "push_lost", "limit": 1})
    shop.order()
    assert (flush(shop), shop.box.ask(QUERY)["pushMessagePage"]["totalCount"]) == ([], 1)
    callback.got.clear()
    shop.box.faults({"kind": "push_forged", "limit": 1}, {"kind": "push_as_text", "limit": 1})
    callback.statuses = [401, 200]
    shop.order()
    flush(shop)
    assert sorted(is_signed_message(one, DEMO_BUYER.app_secret) for one in callback.got) == [False, True]
    (one, _) = callback.messages()
    assert (type(one["msgId"]), type(one["data"])) == (str, str)


def test_messages_by_hand(shop: Shop, callback: Callback) -> None:
    """SEC-5: late, unknown, unreadable, unsigned, with fields that were added."""
    made = shop.order()
    for body in (
        {"order_id": made, "age_seconds": 86_400},
        {"type": "ORDER_BUYER_VIEW_TELEPORTED", "data": {"orderId": made}},
        {"raw": "{"},
        {"order_id": made, "signature": "wrong", "times": 2},
        {"order_id": made, "signature": "missing"},
        {"order_id": made, "extra": {"more": "1"}, "as_text": True},
    ):
        shop.box.control("/sandbox/push/send", **body)
    first = shop.box.state()["messages"]
    shop.box.control("/sandbox/push/again", msg_id=int(next(iter(first))))
    flush(shop)
    good = [one for one in callback.got if is_signed_message(one, DEMO_BUYER.app_secret)]
    assert (len(callback.got), len(good)) == (9, 6)
    assert [one["message"] for one in good].count("{") == 1
    assert [one for one in good if "more" in one]
    late = [json.loads(one["message"]) for one in good if '"gmtBorn":1795089600000' in one["message"]]
    assert [one["data"]["currentStatus"] for one in late] == ["waitsellersend"]
    for wrong in ({"signature": "crooked"}, {"colour": "red"}, {"times": 0}):
        assert shop.box.http.post("/sandbox/push/send", json=wrong).status_code == 400
    assert shop.box.http.post("/sandbox/push/again", json={"msg_id": 5}).status_code == 404
    assert shop.box.http.post("/sandbox/push/send", json={"account": STATIC_BUYER.app_key}).status_code == 400


def test_a_withdrawn_permission_is_the_last_message(shop: Shop, callback: Callback) -> None:
    """AUTH-3"""
    made = shop.order()
    shop.box.account(authorised=False)
    shop.change(made, "pay")
    flush(shop)
    assert sorted(one["type"] for one in callback.messages()) == ["AUTHORIZATION_CANCEL", "ORDER_BUYER_VIEW_BUYER_MAKE"]


def test_messages_go_out_by_themselves(callback: Callback) -> None:
    with alibaba_box(tick_seconds=0.02) as box:
        box.account(callback_url=callback.url)
        Shop(box).order()
        for _ in range(500):
            if box.state()["messages_waiting"] == 0:
                break
        assert [one["type"] for one in callback.messages()] == ["ORDER_BUYER_VIEW_BUYER_MAKE"]


def test_messages_survive_a_restart(callback: Callback, tmp_path: object) -> None:
    with alibaba_box(data_dir=tmp_path) as box:
        box.account(callback_url=callback.url)
        Shop(box).order()
    with alibaba_box(data_dir=tmp_path) as box:
        box.account(callback_url=callback.url)
        box.control("/sandbox/push/flush")
        Shop(box).order()
        box.control("/sandbox/push/flush")
    assert len({one["msgId"] for one in callback.messages()}) == 2

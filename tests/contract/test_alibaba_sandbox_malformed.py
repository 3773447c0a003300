"""TEST-1, SEC-5: what makes no sense is refused by the 1688 sandbox and spoils nothing: at its gateway, its authorisation, its control calls."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from connectors.alibaba.sandbox import app as sandbox_app
from connectors.alibaba.sandbox.app import AlibabaSandbox
from connectors.alibaba.sandbox.gate import SYSTEM_PARAMETERS
from connectors.alibaba.sandbox.operations import OPERATIONS
from connectors.alibaba.sandbox.settings import DEMO_BUYER, STATIC_BUYER, SandboxSettings
from connectors.alibaba.signing import SIGNATURE, request_signature
from tests.contract.alibaba_box import ADDRESS, FIRST_OFFER, NO_LIMIT, Clock, Json, wire

ODD: Sequence[Any] = (
    None, "", "NaN", "1e400", -1, 0, 1.5, 10**30, True, [], [1], [None], [[]], {}, {"a": 1}, {"a": None}, [{}], "é" * 5000, "1",
)  # fmt: skip
NO_JSON = (b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"seconds": NaN}', b'{"raw": "\\ud800"}')
TOKEN = STATIC_BUYER.static_token
CREATE = {
    "flow": "general",
    "addressParam": {**ADDRESS, "addressId": None, "districtCode": None, "phone": "0571-1"},
    "cargoParamList": [{"offerId": FIRST_OFFER, "specId": "{spec}", "quantity": 1}],
    "outOrderId": "PO1",
    "message": "m",
    "tradeType": "alipay",
}
_QUERY = {"keyword": "", "beginPage": 1, "pageSize": 1, "country": "en", "categoryId": 1, "categoryIdList": "1", "priceStart": "1",
          "priceEnd": "2", "sort": '{"price":"asc"}'}  # fmt: skip
_TIMES = dict.fromkeys(("createStartTime", "createEndTime"), "20261120200000000+0800")
_MODIFIED = dict.fromkeys(("modifyStartTime", "modifyEndTime"), "20261120200000000+0800")
# A right call of each API; every field of it, JSON inside of it too, is made odd in turn.
CALLS: Mapping[str, Json] = {
    "currentTime": {"a": "1"},
    "product.search.queryProductDetail": {"offerDetailParam": {"offerId": FIRST_OFFER, "country": "en"}},
    "product.search.keywordQuery": {"offerQueryParam": _QUERY},
    "category.translation.getById": {"categoryId": "10166", "language": "en"},
    "alibaba.cross.productInfo": {"productId": str(FIRST_OFFER)},
    "alibaba.cross.productList": {"productIdList": [FIRST_OFFER]},
    "alibaba.cross.syncProductListPushed": {"productIdList": [FIRST_OFFER]},
    "alibaba.product.follow.crossborder": {"productId": str(FIRST_OFFER)},
    "alibaba.product.get": {"productID": "1", "webSite": "1688"},
    "alibaba.category.get": {"categoryID": "0", "webSite": "1688"},
    "alibaba.trade.receiveAddress.get": {},
    "alibaba.trade.addresscode.parse": {"addressInfo": "浙江省杭州市滨江区一号"},
    "alibaba.createOrder.preview": CREATE,
    "alibaba.trade.fastCreateOrder": CREATE,
    "alibaba.trade.createCrossOrder": CREATE,
    "alibaba.trade.cancel": {"webSite": "1688", "tradeID": "{order}", "cancelReason": "other", "remark": "r"},
    "alibaba.alipay.url.get": {"orderIdList": [1]},
    "alibaba.trade.getBuyerOrderList": {
        "page": "1", "pageSize": "1", **_TIMES, **_MODIFIED, "orderStatus": "success", "refundStatus": "x", "isHis": "true", "outOrderId": "1",
        "orderIds": [1], "sellerMemberId": "x", "sellerLoginId": "x", "needMemoInfo": "true", "needBuyerAddressAndPhone": "true",
    },
    "alibaba.trade.get.buyerView": {"webSite": "1688", "orderId": "{order}", "includeFields": "NativeLogistics"},
    "alibaba.trade.getLogisticsInfos.buyerView": {"webSite": "1688", "orderId": "{order}", "fields": "receiver"},
    "alibaba.trade.getLogisticsTraceInfo.buyerView": {"webSite": "1688", "orderId": "{order}", "logisticsId": "x"},
    "alibaba.logistics.OpQueryLogisticCompanyList": {},
    "push.query.messageList": {"page": "1", "pageSize": "20", **_TIMES, "type": "x", "userInfo": "x"},
    "push.message.confirm": {"msgIdList": [1]},
    "push.cursor.messageList": {"quantity": "20", **_TIMES, "type": "x", "userInfo": "x"},
}  # fmt: skip
CONTROL: Mapping[str, Sequence[Json]] = {
    "PUT /sandbox/accounts/{app_key}": [
        {"app_secret": "s", "authorised": True, "denied": ["currentTime"], "single_user": True, "callback_url": "x", "revoke_tokens": True,
         "refresh_token_seconds": 1},
    ],
    "POST /sandbox/authorise": [{"account": STATIC_BUYER.app_key, "redirect_uri": "http://localhost/"}],
    "POST /sandbox/clock": [{"seconds": 0}],
    "POST /sandbox/offers": [
        {"count": 1, "seed": 3, "mix": {"base": "plain", "single_spec": 0.5}, "first": 1, "seller": "s1", "minimum": 1, "batch": 1, "stock": 1,
         "group": "g", "subject": "s"},
    ],
    "POST /sandbox/offers/{offer_id:int}/change": [
        {"kind": "price", "fen": 1, "spec": "{spec}"}, {"kind": "stock", "quantity": 1}, {"kind": "status", "status": "expired"},
        {"kind": "rename", "subject": "s"}, {"kind": "minimum", "minimum": 1, "batch": 1}, {"kind": "respec", "spec": "{spec}"},
        {"kind": "add_spec", "value": "v"}, {"kind": "drop_spec", "spec": "{spec}"}, {"kind": "traits", "traits": ["mojibake"]},
        {"kind": "group", "group": "g"}, {"kind": "touch"},
    ],
    "POST /sandbox/orders/{order_id}/change": [
        {"kind": "price", "freight": 1, "discount": 1, "lines": {"{order}": 1}}, {"kind": "pay"},
        {"kind": "ship", "items": {"{order}": 1}, "carrier": "SF", "bill_no": "1", "type": "0"}, {"kind": "sign"}, {"kind": "confirm"},
        {"kind": "success"}, {"kind": "close", "by": "seller", "reason": "r"}, {"kind": "terminate", "reason": "r"},
        {"kind": "refund", "status": "refundclose", "fen": 1}, {"kind": "status", "status": "x"}, {"kind": "touch"},
    ],
    "POST /sandbox/orders/{order_id}/hide": [{"seconds": 1}],
    "POST /sandbox/orders/{order_id}/age": [{"days": 1}],
    "POST /sandbox/parcels": [{"orders": {"{other}": {"{other}": 1}}, "carrier": "SF", "bill_no": "1", "type": "0"}],
    "POST /sandbox/parcels/{parcel_id}/change": [
        {"kind": "accept", "remark": "r"}, {"kind": "number", "bill_no": "1", "carrier": "SF"}, {"kind": "sign"},
    ],
    "POST /sandbox/push/send": [
        {"account": DEMO_BUYER.app_key, "type": "x", "data": {"a": 1}, "key": "k", "order_id": "1", "msg_id": 5, "age_seconds": 1, "times": 1,
         "signature": "right", "as_text": True, "raw": "r", "extra": {"a": "1"}},
    ],
    "POST /sandbox/push/again": [{"msg_id": 5}],
    "POST /sandbox/push/flush": [],
    "POST /sandbox/reset": [],
}  # fmt: skip


class Played:
    """A sandbox in this process with two paid orders, one of them partly shipped. `found` are names of what it holds."""

    def __init__(self, app: AlibabaSandbox, http: httpx.AsyncClient) -> None:
        self.app, self.http = app, http
        self.found: dict[str, str] = {}

    async def begin(self) -> None:
        offer = (await self.http.get(f"/sandbox/offers/{FIRST_OFFER}")).json()
        self.found = {"spec": offer["specs"][0]["spec_id"]}
        made = [await self.call("alibaba.trade.fastCreateOrder", self.filled(CREATE)) for _ in range(2)]
        self.found["order"], self.found["other"] = (one.json()["result"]["orderId"] for one in made)
        for order_id in (self.found["order"], self.found["other"]):
            await self.http.post(f"/sandbox/orders/{order_id}/change", json={"kind": "pay"})
        third = (await self.call("alibaba.trade.fastCreateOrder", self.filled(CREATE))).json()["result"]["orderId"]
        await self.http.post(f"/sandbox/orders/{third}/change", json={"kind": "pay"})
        told = (await self.http.post(f"/sandbox/orders/{third}/change", json={"kind": "ship"})).json()
        self.found["parcel"] = told["parcels"][0]

    def filled(self, body: Any) -> Any:
        text = json.dumps(body)
        for name, value in self.found.items():
            text = text.replace(f"{{{name}}}", value)
        return json.loads(text)

    async def call(self, name: str, parameters: Mapping[str, Any]) -> httpx.Response:
        (namespace,) = (one for one, api in OPERATIONS if api == name)
        path = f"param2/1/{namespace}/{name}/{STATIC_BUYER.app_key}"
        texts = {"access_token": TOKEN, **{key: wire(value) for key, value in parameters.items()}}
        signature = request_signature(path, texts, STATIC_BUYER.app_secret)
        return await self.http.post(f"/openapi/{path}", data={**texts, SIGNATURE: signature})

    async def is_well(self) -> None:
        for path in ("/", "/sandbox/state", f"/sandbox/state?account={STATIC_BUYER.app_key}", "/sandbox/offers"):
            assert (await self.http.get(path)).status_code == 200


@pytest.fixture
async def played() -> AsyncIterator[Played]:
    settings = SandboxSettings(offers=2, rate=NO_LIMIT, tick_seconds=0.0)
    app = sandbox_app.create_app(settings, Clock())
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        found = Played(app, http)
        await found.begin()
        yield found
    await app.push.close()
    app.world.close()


def odd_ones(body: Any) -> Iterator[Any]:
    """The body with one value of it, at any depth, made odd or left out."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield {key: one for key, one in body.items() if key != name}
            for odd in (*ODD, *odd_ones(value)):
                yield {**body, name: odd}
    elif isinstance(body, list) and body:
        for odd in (*ODD, *odd_ones(body[0])):
            yield [odd]


def test_the_tables_here_are_whole(played: Played) -> None:
    assert CALLS.keys() == {name for _, name in OPERATIONS}
    app = played.app
    routes = {
        f"{method} {route.path}"
        for route in [*app.control.routes(), *(one for part in app.world.parts for one in part.routes())]
        if isinstance(route, Route)
        for method in (route.methods or set()) & {"POST", "PUT"}
    }
    assert CONTROL.keys() == routes


@pytest.mark.parametrize("name", CALLS)
async def test_odd_parameters_never_break_the_gateway(played: Played, name: str) -> None:
    for odd in odd_ones(played.filled(CALLS[name])):
        answer = await played.call(name, odd)
        assert answer.status_code in (200, 400, 401), (odd, answer.text)
        assert answer.json() is not None
    await played.is_well()


@pytest.mark.parametrize("path", CONTROL)
async def test_odd_control_calls_are_answered_with_what_is_wrong(played: Played, path: str) -> None:
    names = {"app_key": DEMO_BUYER.app_key, "offer_id:int": str(FIRST_OFFER), "order_id": played.found["order"]}
    method, _, place = path.partition(" ")
    place = re.sub(r"{([^}]+)}", lambda found: {**names, "parcel_id": played.found["parcel"]}[found[1]], place)
    for body in CONTROL[path]:
        for odd in odd_ones(played.filled(body)):
            answer = await played.http.request(method, place, json=odd)
            assert answer.status_code in (200, 400, 404), (odd, answer.text)
            assert answer.status_code == 200 or answer.json()["error"]
    for content in NO_JSON if CONTROL[path] else ():
        answer = await played.http.request(method, place, content=content)
        assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    await played.is_well()


async def test_odd_token_calls_are_refused(played: Played) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": DEMO_BUYER.app_key,
        "client_secret": "x",
        "refresh_token": "x",
        "code": "x",
    }
    for odd in odd_ones(form):
        path = f"/openapi/http/1/system.oauth2/getToken/{DEMO_BUYER.app_key}"
        answer = await played.http.post(path, data={key: wire(value) for key, value in odd.items()})
        assert (answer.status_code, bool(answer.json()["error"])) == (400, True)


async def test_bytes_that_are_no_form_are_refused(played: Played) -> None:
    path = f"/openapi/param2/1/system/currentTime/{STATIC_BUYER.app_key}"
    for content in (
        b"%FF%FE=1&_aop_signature=%00",
        b"\xff\xfe",
        b"=&=&",
        b"%",
        b"a" * 100_000,
        b"_aop_signature=%F0%9F",
    ):
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await played.http.post(path, content=content, headers=headers)
        assert answer.json()["error_code"] in ("gw.SignatureInvalid", "gw.SignatureMissing")
    assert "_aop_datePattern" in SYSTEM_PARAMETERS


def test_the_readme_names_every_control_call_and_every_fault(played: Played) -> None:
    words = (Path(sandbox_app.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert [kind for kind in sandbox_app.ALL_KINDS if f"`{kind}`" not in words] == []
    assert [name for name in CALLS if name not in words] == []
    shown = words.replace("`, `/", "`, `POST /sandbox/orders/{id}/")
    for path in CONTROL:
        place = re.sub(r"{(?!app_key)[^}]+}", "{id}", path.partition(" ")[2])
        assert place in shown or place.rpartition("/")[2] in shown, path

"""A 1688 sandbox on a free port, with a clock the test moves and a client that signs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from connectors.alibaba.sandbox.app import AlibabaSandbox, create_app
from connectors.alibaba.sandbox.operations import OPERATIONS
from connectors.alibaba.sandbox.settings import DEMO_BUYER, STATIC_BUYER, Buyer, SandboxSettings
from connectors.alibaba.signing import SIGNATURE, request_signature
from connectors.kit.sandbox.buckets import Limit
from connectors.kit.sandbox.server import running
from tests.loopback import client

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()
NO_LIMIT = Limit(1_000_000, 1.0)
GET_TOKEN = "/openapi/http/1/system.oauth2/getToken"
Json = dict[str, Any]
_NAMESPACES = {name: namespace for namespace, name in OPERATIONS}


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


def wire(value: Any) -> str:
    """A parameter as text: objects and lists as compact JSON, booleans in lower case."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass
class Box:
    """`call` sends a signed business call with a token of `buyer`, taken at first need and again when it is old."""

    app: AlibabaSandbox
    http: httpx.Client
    clock: Clock
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Base URL of gateway and authorisation, without a trailing slash."""
        return str(self.http.base_url).rstrip("/")

    def grant(self, buyer: Buyer = DEMO_BUYER, **form: str) -> httpx.Response:
        """A call to getToken, by default with the buyer's refresh token."""
        grant = {"grant_type": "refresh_token", "refresh_token": buyer.refresh_token}
        keys = {"client_id": buyer.app_key, "client_secret": buyer.app_secret}
        return self.http.post(f"{GET_TOKEN}/{buyer.app_key}", data={**grant, **keys, **form})

    def token(self, buyer: Buyer = DEMO_BUYER) -> str:
        if buyer.static_token:
            return buyer.static_token
        text, until = self.tokens.get(buyer.app_key, ("", 0.0))
        if until <= self.clock.now:
            answer = self.grant(buyer).raise_for_status().json()
            text, until = answer["access_token"], self.clock.now + int(answer["expires_in"])
            self.tokens[buyer.app_key] = (text, until)
        return text

    def send(self, path: str, parameters: dict[str, str], secret: str, method: str = "POST") -> httpx.Response:
        """A signed call. path: from `param2` on."""
        signed = {**parameters, SIGNATURE: request_signature(path, parameters, secret)}
        if method == "GET":
            return self.http.get(f"/openapi/{path}", params=signed)
        return self.http.post(f"/openapi/{path}", data=signed)

    def call(self, name: str, buyer: Buyer = DEMO_BUYER, **parameters: Any) -> httpx.Response:
        texts = {key: wire(value) for key, value in parameters.items()}
        texts.setdefault("access_token", self.token(buyer))
        return self.send(f"param2/1/{_NAMESPACES[name]}/{name}/{buyer.app_key}", texts, buyer.app_secret)

    def ask(self, name: str, buyer: Buyer = DEMO_BUYER, **parameters: Any) -> Any:
        """The answer's body."""
        return self.call(name, buyer, **parameters).raise_for_status().json()

    def control(self, path: str, **body: Any) -> Json:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def account(self, buyer: Buyer = DEMO_BUYER, **body: Any) -> None:
        self.http.put(f"/sandbox/accounts/{buyer.app_key}", json=body).raise_for_status()

    def faults(self, *rules: Json) -> None:
        self.http.put("/sandbox/faults", json={"rules": rules}).raise_for_status()

    def state(self, buyer: Buyer = DEMO_BUYER) -> Json:
        found: Json = self.http.get("/sandbox/state", params={"account": buyer.app_key}).raise_for_status().json()
        return found


@contextmanager
def alibaba_box(**settings: Any) -> Iterator[Box]:
    """Calls are not limited unless `rate` is given."""
    clock = Clock()
    # What is due happens with calls only, so a test knows when.
    given = {"tick_seconds": 0.0, "rate": NO_LIMIT, "buyers": (DEMO_BUYER, STATIC_BUYER), **settings}
    app = create_app(SandboxSettings(**given), clock)
    with running(app) as url, client(url) as http:
        yield Box(app, http, clock)


def error_of(response: httpx.Response) -> tuple[int, str]:
    """(status, code) of a gateway's error."""
    body = response.json()
    assert body["error_message"] == body["exception"] != ""
    return response.status_code, body["error_code"]


CREATE, LIST, VIEW = "alibaba.trade.fastCreateOrder", "alibaba.trade.getBuyerOrderList", "alibaba.trade.get.buyerView"
PREVIEW, CANCEL = "alibaba.createOrder.preview", "alibaba.trade.cancel"
INFOS, TRACE = "alibaba.trade.getLogisticsInfos.buyerView", "alibaba.trade.getLogisticsTraceInfo.buyerView"
FIRST_OFFER = 999000000000
ADDRESS = {
    "fullName": "张三",
    "mobile": "13800138000",
    "provinceText": "浙江省",
    "cityText": "杭州市",
    "areaText": "滨江区",
    "townText": "长河街道",
    "address": "网商路699号",
    "postCode": "310000",
}


@dataclass
class Shop:
    """Buying in a box: cargo of offers, orders, what sellers do to them."""

    box: Box

    def offer(self, **body: Any) -> Json:
        """A new plain offer."""
        found: Json = self.box.control("/sandbox/offers", **body)["offers"][0]
        return found

    def cargo(self, offer: Json, quantity: int = 2, place: int = 0) -> Json:
        """A line of the cart: of the spec at `place`, of none where the offer has none."""
        line = {"offerId": offer["id"], "quantity": quantity}
        return {**line, "specId": offer["specs"][place]["spec_id"]} if offer["specs"] else line

    def first(self, number: int = 0) -> Json:
        """One of the offers that are there from the start."""
        found: Json = self.box.http.get(f"/sandbox/offers/{FIRST_OFFER + number}").raise_for_status().json()
        return found

    def cart(self, *lines: Json, **more: Any) -> Json:
        return {"flow": "general", "addressParam": ADDRESS, "cargoParamList": list(lines), **more}

    def create(self, *lines: Json, **more: Any) -> Json:
        """The result of a create call that went well."""
        body = self.box.ask(CREATE, **self.cart(*(lines or (self.cargo(self.first()),)), **more))
        assert body["success"] is True, body
        found: Json = body["result"]
        return found

    def order(self, *lines: Json, **more: Any) -> str:
        """The id of a new order."""
        return str(self.create(*lines, **more)["orderId"])

    def change(self, order_id: str, kind: str, **fields: Any) -> Json:
        return self.box.control(f"/sandbox/orders/{order_id}/change", kind=kind, **fields)

    def step(self, parcel_id: str, kind: str, **fields: Any) -> Json:
        return self.box.control(f"/sandbox/parcels/{parcel_id}/change", kind=kind, **fields)

    def told(self, order_id: str) -> Json:
        """The truth of an order."""
        found: Json = self.box.http.get(f"/sandbox/orders/{order_id}").raise_for_status().json()
        return found

    def view(self, order_id: str, fields: str = "NativeLogistics") -> Json:
        found: Json = self.box.ask(VIEW, webSite="1688", orderId=order_id, includeFields=fields)["result"]
        return found

    def listed(self, **parameters: Any) -> list[str]:
        """Order ids of one page."""
        rows = self.box.ask(LIST, **parameters)["result"]
        return [str(row["baseInfo"]["idOfStr"]) for row in rows]

"""TEST-1, SEC-5: a control call of a sandbox that makes no sense is answered with 400 and what is wrong, never with 500, and spoils nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from connectors.amazon.sandbox import app as amazon_app
from connectors.amazon.sandbox.settings import DEMO_SELLER
from connectors.amazon.sandbox.settings import SandboxSettings as AmazonSettings
from connectors.walmart.sandbox import app as walmart_app
from connectors.walmart.sandbox.settings import DEMO_ACCOUNT
from connectors.walmart.sandbox.settings import SandboxSettings as WalmartSettings
from tests.contract.amazon_box import Clock

Json = dict[str, Any]
ODD: Sequence[Any] = (
    None, "", "NaN", "1e400", -1, 1.5, 10**30, True, [], [1], [None], [[]], {}, {"a": 1}, {"a": None}, [{}], "é" * 5000,
)  # fmt: skip
NO_JSON = (
    b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b'{"seconds": NaN}', b'{"count": -Infinity}',
    b'{"account": "\\ud800"}', b'{"seconds": 1e999}', b'{"seed": ' + b"9" * 10_000 + b"}",
)  # fmt: skip
# Items of orders of wrong form, which a sandbox keeps on purpose, and changes that break on them.
_MONEY = {"breakdowns": [{"type": "ITEM", "subtotal": {"amount": "a lot"}}], "proceedsTotal": {"amount": "a lot"}}
_NO_AMOUNT = {
    "orderItemId": "1", "quantityOrdered": 2, "fulfillment": {"quantityFulfilled": 1, "quantityUnfulfilled": 1}, "proceeds": _MONEY
}  # fmt: skip
DAMAGED = [
    *((kind, items) for kind in ("ship", "cancel", "ask_to_cancel", "address") for items in (5, "x", [7])),
    ("ship", [_NO_AMOUNT]), ("cancel", [_NO_AMOUNT]),  # decimal.InvalidOperation
]  # fmt: skip

_ITEMS = {"catalog": False, "count": 1, "prefix": "P", "items": [{"sku": "A"}], "stock": 1, "seed": 1}
_RETURN = {"count": 1, "seed": 1, "timeline": "manual"}
AMAZON: Mapping[str, Sequence[Json]] = {
    "POST /sandbox/orders": [
        {"count": 1, "seed": 5, "mix": "plain", "rate": 5, "spread_minutes": 1},
        {"count": 1, "mix": {"base": "plain", "items": [1], "max_quantity": 1, "marketplaces": ["US"], "fba": 0.5, "late": 1.0,
                             "late_minutes": [1, 2], "changing": 1, "change_seconds": [1, 2], "pending": 1, "pending_seconds": [1, 2]}},
    ],
    "POST /sandbox/orders/raw": [{"orders": [{"orderId": "9-9", "createdTime": "x"}], "traits": ["a"]}],
    "POST /sandbox/orders/{order_id}/change": [
        {"kind": kind, "items": items, "reason": "r", "tracking": "t", "reference": "1", "carrier": "c", "city": "Reno"}
        for kind, items in (("pay", []), ("ship", {"{item}": 1}), ("cancel", ["{item}"]), ("ask_to_cancel", []), ("address", []), ("touch", []))
    ],
    "POST /sandbox/orders/{order_id}/hide": [{"seconds": 1}],
    "PUT /sandbox/accounts/{seller_id}": [{"client_secret": "s", "refresh_token": "r", "roles": ["a"], "authorised": True}],
    "POST /sandbox/clock": [{"seconds": 0}],
    "POST /sandbox/items": [
        {**_ITEMS, "marketplaces": ["US"]},
        {"items": [{"sku": "B", "name": "n", "price_cents": 5, "gtin": "1", "product_type": "PRODUCT", "asin": "B000000000", "stock": 1,
                    "image": "i", "marketplaces": ["US"], "fba": 3}]},
    ],
    "POST /sandbox/items/{sku:path}/change": [
        {"kind": "stock", "quantity": 1}, {"kind": "price", "amount": "19.99", "marketplace": "US"}, {"kind": "rename", "name": "n"},
        {"kind": "issue", "code": "1", "message": "m", "severity": "ERROR", "attributes": ["a"], "action": "", "marketplaces": ["US"]},
        {"kind": "suppress", "after": 0}, {"kind": "clear"},
    ],
    "POST /sandbox/fba": [{"catalog": False, "items": [{"sku": "F", "name": "n", "fulfillable": 1}], "marketplace": "US", "fulfillable": 1}],
    "POST /sandbox/fba/{sku:path}/change": [{"fulfillable": 1, "marketplace": "US"}],
    "POST /sandbox/feeds/{id}/finish": [{}],
    "POST /sandbox/reports/{id}/finish": [{}],
    "POST /sandbox/returns": [
        _RETURN, {"orderId": "{order}", "items": [{"orderItemId": "{item}", "quantity": 1, "reason": "x", "disposition": "y"}]},
    ],
    "POST /sandbox/returns/{id}/change": [{"kind": "receive"}],
    "POST /sandbox/settlements": [
        {"marketplaces": ["US"], "days": 1, "offers": 1, "variant": "", "adjustments": [["a", 1]], "storage": 1, "advertising": 1, "reserve": 1},
    ],
    "POST /sandbox/reset": [],
}  # fmt: skip
WALMART: Mapping[str, Sequence[Json]] = {
    "POST /sandbox/orders": [{"count": 1, "seed": 5, "mix": {"base": "plain", "late": 1.0}, "rate": 5, "spread_minutes": 1}],
    "POST /sandbox/orders/raw": [{"orders": [{"purchaseOrderId": "9"}], "traits": ["a"], "modified": 1}],
    "POST /sandbox/orders/{po}/change": [
        {"kind": kind, "lines": ["1"], "reason": "r", "city": "Reno"} for kind in ("ship", "cancel", "address", "ask_to_cancel", "touch")
    ],
    "PUT /sandbox/accounts/{client_id}": [{"client_secret": "s", "scopes": {"orders": "no_access"}}],
    "POST /sandbox/items": [_ITEMS, {"items": [{"sku": "B", "name": "n", "price_cents": 5, "gtin": "1", "published": "x", "wfs": False}]}],
    "POST /sandbox/items/{sku:path}/change": [{"kind": "unpublish", "reasons": ["r"]}, {"kind": "rename", "name": "n"}],
    "POST /sandbox/feeds/{id}/finish": [{}],
    "POST /sandbox/returns": [
        {**_RETURN, "kind": "REFUND"},
        {"purchaseOrderId": "{order}", "lines": [{"line": "1", "quantity": 1, "reason": "x", "exception": "", "keep_it": False}]},
    ],
    "POST /sandbox/returns/{id}/change": [{"kind": "receive"}],
    "POST /sandbox/settlements": [{"days": 1, "offers": 1, "adjustments": [["a", 1]]}],
    "POST /sandbox/reset": [],
}  # fmt: skip


class Played:
    """A sandbox in this process, with an order, a damaged order, an item and a piece of stock. `found` are their names."""

    def __init__(self, app: Any, http: httpx.AsyncClient, account: str) -> None:
        self.app, self.http, self.account = app, http, account
        self.found: dict[str, str] = {}

    async def begin(self) -> None:
        orders = (await self.http.post("/sandbox/orders", json={"count": 1, "mix": "plain", "seed": 3})).json()
        (order,) = orders.get("orderIds") or orders["purchaseOrderIds"]
        (body,) = [one.body for one in self.app.world.store.all(self.account)]
        item = body["orderItems"][0]["orderItemId"] if "orderItems" in body else "1"
        await self.http.post("/sandbox/items", json={"items": [{"sku": "S", "stock": 3}]})
        await self.http.post("/sandbox/fba", json={"items": [{"sku": "S", "fulfillable": 1}]})
        self.found = {"order": order, "item": item}

    def path(self, path: str) -> str:
        names = {
            "order_id": self.found["order"],
            "po": self.found["order"],
            "sku:path": "S",
            "id": "1",
            "seller_id": self.account,
        }
        names["client_id"] = self.account
        return _filled(path, names)

    async def send(self, call: str, content: bytes) -> httpx.Response:
        method, _, path = call.partition(" ")
        return await self.http.request(method, self.path(path), content=content)


@pytest.fixture(params=["amazon", "walmart"])
async def played(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Played, Mapping[str, Sequence[Json]]]]:
    if request.param == "amazon":
        app: Any = amazon_app.create_app(AmazonSettings(tick_seconds=0.0), Clock())
        account, calls = DEMO_SELLER.seller_id, AMAZON
    else:
        app, account, calls = walmart_app.create_app(WalmartSettings(), Clock()), DEMO_ACCOUNT.client_id, WALMART
    async with _client(app) as http:
        one = Played(app, http, account)
        await one.begin()
        yield one, calls
    app.world.database.close()


async def test_every_control_call_refuses_what_makes_no_sense(
    played: tuple[Played, Mapping[str, Sequence[Json]]],
) -> None:
    one, calls = played
    wrong = []
    for call, bodies in calls.items():
        contents = [json.dumps(body).encode() for body in bodies for body in _mutants(_named(body, one.found))]
        tried = [(content, await one.send(call, content)) for content in ([*contents, *NO_JSON] if bodies else ())]
        wrong += [(call, content[:120], reason) for content, answer in tried if (reason := _unsound(answer))]
        shown = [(await one.http.get(path)).status_code for path in ("/sandbox/state", "/")]
        assert shown == [200, 200], f"spoiled by {call}"
    assert wrong == []


async def test_every_control_call_is_tried(played: tuple[Played, Mapping[str, Sequence[Json]]]) -> None:
    """A new one has to be named above."""
    one, calls = played
    routes = [route for route in one.app.faults.app.routes if isinstance(route, Route)]
    found = {
        f"{method} {route.path}"
        for route in routes
        for method in {"POST", "PUT", "DELETE", "PATCH"}.intersection(route.methods or ())
        if route.path.startswith("/sandbox")
    }
    assert found == set(calls)


@pytest.mark.parametrize("path", ["/sandbox/items/S", "/sandbox/state", "/sandbox/snapshot"])
async def test_an_unknown_account_is_told(played: tuple[Played, Mapping[str, Sequence[Json]]], path: str) -> None:
    one, _ = played
    answer = await one.http.get(path, params={"account": "nobody"})
    assert (answer.status_code, "account: unknown" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(("kind", "items"), DAMAGED)
async def test_what_a_damaged_order_does_not_allow_is_told(kind: str, items: Any) -> None:
    app = amazon_app.create_app(AmazonSettings(tick_seconds=0.0), Clock())
    order = {
        "orderId": "9", "recipient": 5, "orderItems": items, "salesChannel": {"marketplaceId": "ATVPDKIKX0DER"},
        "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
    }  # fmt: skip
    async with _client(app) as http:
        (await http.post("/sandbox/orders/raw", json={"orders": [order]})).raise_for_status()
        change = {"kind": kind, **({"city": "Reno"} if kind == "address" else {})}
        answer = await http.post("/sandbox/orders/9/change", json=change)
        assert answer.status_code == 400
        assert "the order is damaged" in answer.json()["error"]
        assert (await http.get("/sandbox/state")).status_code == 200
    app.world.database.close()


async def test_faults_that_make_no_sense_are_refused(played: tuple[Played, Mapping[str, Sequence[Json]]]) -> None:
    one, _ = played
    rule = {"kind": "status", "rate": 0.5, "path": "x", "code": 503, "headers": {"a": "b"}}
    bodies = [*_mutants({"preset": "none", "seed": 1, "rules": [rule]})]
    for content in [*(json.dumps(body).encode() for body in bodies), *NO_JSON[1:]]:
        assert _unsound(await one.send("PUT /sandbox/faults", content)) is None, content[:120]
    await one.http.delete("/sandbox/faults")


def _client(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://sandbox")


def _filled(path: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        path = path.replace("{" + name + "}", value)
    return path


def _named(body: Json, names: Mapping[str, str]) -> Json:
    found: Json = json.loads(_filled(json.dumps(body), names))
    return found


def _unsound(answer: httpx.Response) -> str | None:
    """What is wrong with an answer."""
    if answer.status_code == 200:
        return None
    if answer.status_code not in (400, 404):
        return f"status {answer.status_code}"
    said = answer.json().get("error")
    return None if isinstance(said, str) and said and "<class" not in said else f"does not say what is wrong: {said!r}"


def _mutants(body: Json) -> Iterator[Json]:
    """The call with each of its fields odd in turn, also those of its first object."""
    for name in [*body, "account"]:
        yield from ({**body, name: odd} for odd in ODD)
        value = body.get(name)
        inner = value[0] if isinstance(value, list) and value else value
        if not isinstance(inner, dict):
            continue
        for field in inner:
            for odd in ODD:
                changed = {**inner, field: odd}
                yield {**body, name: [changed] if isinstance(value, list) else changed}

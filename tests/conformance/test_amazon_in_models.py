"""TEST-1: what we send to Amazon is as the published models say, and what the models show as answers is what our mapping reads."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft4Validator

from connectors.amazon.census import AmazonCensus
from connectors.amazon.client import ORDERS
from connectors.amazon.mapping import to_order
from connectors.amazon.rates import DRAWS, PUBLISHED
from connectors.amazon.settings import DATA_SETS
from connectors.amazon.source import AmazonOrders
from connectors.amazon.statuses import CANONICAL
from connectors.amazon.verify import AmazonVerifier
from connectors.kit import exact_json
from tests.conformance.amazon_models import MODELS, Json, examples, model, problems
from tests.contract.recordings import all_recorded, recorded_orders
from tests.unit.amazon.fake import Fake, account_with, reply, settings_with
from tests.unit.amazon.test_census import Told

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
NAMES = (
    "orders_2026-01-01", "listingsItems_2021-08-01", "catalogItems_2022-04-01", "feeds_2021-06-30", "reports_2021-06-30", "fbaInventory",
    "notifications", "sellers", "tokens_2021-03-01", "ordersV0", "definitionsProductTypes_2020-09-01",
)  # fmt: skip


def operations() -> dict[str, tuple[str, str, Json]]:
    """operationId -> (method, path, operation) of every model we use; newer models last."""
    found = {}
    for name in ("ordersV0", *(one for one in NAMES if one != "ordersV0")):
        for path, methods in model(name)["paths"].items():
            for method, operation in methods.items():
                if isinstance(operation, dict) and "operationId" in operation:
                    found[operation["operationId"]] = (method.upper(), path, operation)
    return found


def published_orders() -> list[tuple[str, Json]]:
    """Every order in the examples of the model: its sandbox's and its schemas'."""
    answers = [(one.name, one.answer) for one in examples("orders_2026-01-01") if one.status == 200]
    for path, methods in model("orders_2026-01-01")["paths"].items():
        answers.append((path, methods["get"]["responses"]["200"]["examples"]["application/json"]))
    return [
        (f"{name} {order['orderId']}", order)
        for name, answer in answers
        for order in (answer["orders"] if "orders" in answer else [answer["order"]])
    ]


def unsound(request: httpx.Request) -> list[str]:
    """What of a request is not as some operation's parameters say."""
    for method, path, operation in operations().values():
        if request.method == method and _fits(request.url.path, path):
            return query_problems(operation, dict(request.url.params))
    return [f"no operation {request.method} {request.url.path}"]


def query_problems(operation: Json, given: dict[str, str]) -> list[str]:
    """What of a query is not as the operation's parameters say."""
    parameters = {one["name"]: one for one in operation.get("parameters", []) if one["in"] == "query"}
    wrong = [f"{name} is unknown" for name in given.keys() - parameters.keys()]
    wrong += [f"{name} is missing" for name, one in parameters.items() if one.get("required") and name not in given]
    return wrong + [
        problem for name in given.keys() & parameters.keys() for problem in _values(parameters[name], given[name])
    ]


def _fits(path: str, template: str) -> bool:
    parts, wanted = path.split("/"), template.split("/")
    return len(parts) == len(wanted) and all(b.startswith("{") or a == b for a, b in zip(parts, wanted, strict=True))


def _values(parameter: Json, text: str) -> list[str]:
    is_list = parameter["type"] == "array"
    kept = ("items", "maxItems", "minItems") if is_list else ("type", "enum", "minimum", "maximum", "maxLength")
    schema: Json = {name: parameter[name] for name in kept if name in parameter}
    value: Any = text.split(",") if is_list else text
    if parameter["type"] == "integer":
        value = int(text)
    elif parameter["type"] == "boolean":
        value = text == "true"
    return [f"{parameter['name']}: {error.message[:150]}" for error in Draft4Validator(schema).iter_errors(value)]


def two_pages(request: httpx.Request) -> httpx.Response:
    if request.url.path.startswith(f"{ORDERS}/"):
        return reply(200, {"order": {"orderId": "1-1-1", "lastUpdatedTime": "2026-11-20T01:00:00Z"}})
    if request.url.path != ORDERS:
        return reply(200, {})
    more = {} if "paginationToken" in request.url.params else {"pagination": {"nextToken": "next"}}
    return reply(200, {"orders": [{"orderId": "1-1-1", "lastUpdatedTime": "2026-11-20T01:00:00Z"}], **more})


async def test_every_list_and_every_order_is_asked_for_as_the_model_says() -> None:
    """With every filter there is, page by page, by change, by census and by id."""
    account = account_with(fulfilled_by=["MERCHANT", "AMAZON"], statuses=list(CANONICAL), marketplaces=["US"])
    fake = Fake(two_pages, settings_with(accounts={"main": account}))
    orders = AmazonOrders(fake.settings, "main", fake.client, fake.now)
    census = AmazonCensus(fake.settings, "main", fake.client, fake.now, Told({}))
    for pages in (orders.pages(""), orders.fetch(["1-1-1"]), census.pages("")):
        assert [page async for page in pages]
    assert len(fake.requests) >= 5
    assert [problem for request in fake.requests for problem in unsound(request)] == []


async def test_verifying_asks_as_the_models_say() -> None:
    fake = Fake(two_pages)
    await AmazonVerifier(fake.settings, lambda account: fake.client, fake.now).verify()
    assert [problem for request in fake.requests for problem in unsound(request)] == []


async def test_a_wrong_request_is_noticed() -> None:
    fake = Fake(two_pages)
    await fake.client.search_orders({"LastUpdatedAfter": "x", "fulfilledBy": ["MARTIANS"], "maxResultsPerPage": "1000"})
    found = " ".join(unsound(fake.requests[0]))
    assert "LastUpdatedAfter is unknown" in found
    assert "MARTIANS" in found


async def test_the_restricted_token_is_asked_for_as_the_model_says() -> None:
    """AUTH-2."""
    fake = Fake(lambda request: reply(200, {"restrictedDataToken": "Atz.sprdt|x", "expiresIn": 3600}))
    await fake.client.ask_token(fake.client.restricted("GET", "/orders/v0/orders", ["buyerInfo", "shippingAddress"]))
    body = exact_json.loads(fake.requests[0].content)
    assert problems(body, "CreateRestrictedDataTokenRequest", "tokens_2021-03-01") == []


@pytest.mark.parametrize(
    ("name", "order"),
    published_orders() if MODELS.is_dir() else [],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_every_published_order_is_read(name: str, order: Json) -> None:
    """ORD-3, ORD-6: the model's own examples are orders to us, and come to the totals they state."""
    found = to_order(exact_json.dumps(order), "main")
    assert found["order_id"] == order["orderId"]
    assert found["total_stated"]
    assert found["total"]["amount"] == f"{float(order['proceeds']['grandTotal']['amount']):.2f}"
    assert len(found["lines"]) == len(order["orderItems"])


@pytest.mark.parametrize("recording", recorded_orders("amazon"), ids=lambda one: one.name)
def test_recorded_orders_are_as_the_model_says(recording: Any) -> None:
    assert problems(recording.body, "GetOrderResponse", "orders_2026-01-01") == []


@pytest.mark.parametrize(
    "recording",
    [one for one in all_recorded("amazon") if one.name.startswith(("orders_", "error_"))],
    ids=lambda one: one.name,
)
def test_recorded_answers_are_as_the_model_says(recording: Any) -> None:
    kind = "SearchOrdersResponse" if recording.status == 200 else "ErrorList"
    assert problems(recording.body, kind, "orders_2026-01-01") == []


def test_words_and_data_sets_are_the_published_ones() -> None:
    _, _, operation = operations()["searchOrders"]
    allowed = {one["name"]: one["items"].get("enum") for one in operation["parameters"] if one["type"] == "array"}
    assert set(CANONICAL) == set(allowed["fulfillmentStatuses"])
    assert set(DATA_SETS) <= set(allowed["includedData"])


@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"token", "JSON_LISTINGS_FEED"}))
def test_the_quota_of_each_operation_is_the_published_one(name: str) -> None:
    """RATE-1: read off the usage plan in the operation's own description."""
    _, _, operation = operations()[name]
    rows = [line.split("|") for line in operation["description"].splitlines() if line.startswith("|")]
    numbers = [(cells[-3].strip(), cells[-2].strip()) for cells in rows if cells[-2].strip().replace(".", "").isdigit()]
    assert [(float(rate), float(burst)) for rate, burst in numbers] == [PUBLISHED[name]]
    assert name in DRAWS

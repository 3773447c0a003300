"""The one that talks: headers, tokens, tries, and what it makes of answers."""

import logging
from typing import Any

import httpx
import pytest

from connectors.amazon.auth import NOTIFICATIONS
from connectors.amazon.client import OrderPage, open_client
from connectors.amazon.rates import AmazonRates
from connectors.kit.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    DataError,
    ForbiddenError,
    ThrottledError,
    TransientError,
    UncertainError,
)
from schemas.reasons import Reason
from tests.contract.recordings import recorded
from tests.unit.amazon.fake import NOW, REFRESH, SECRET, Fake, account_with, in_turn, refused, reply, settings_with

EMPTY = recorded("amazon", "orders_empty").response()
ONE = {"order": {"orderId": "1-2-3"}}
WINDOW = {"lastUpdatedAfter": "2026-11-20T11:00:00Z"}


async def test_the_headers_of_a_call() -> None:
    """AUTH-2: the token goes into x-amz-access-token, nothing into Authorization, nothing is signed."""
    fake = Fake(in_turn(EMPTY))
    await fake.client.search_orders(WINDOW)
    headers = fake.requests[0].headers
    assert headers["x-amz-access-token"] == "canary-token-1"
    assert headers["User-Agent"].startswith("Causeway")
    assert not {"authorization", "x-amz-date", "x-amz-content-sha256"} & set(headers)


async def test_the_token_call_exchanges_the_refresh_token() -> None:
    """AUTH-2."""
    fake = Fake(in_turn(EMPTY), token_script=in_turn(recorded("amazon", "token").response()))
    await fake.client.search_orders(WINDOW)
    assert fake.grants == [
        {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": "id", "client_secret": SECRET}
    ]
    assert fake.tokens_sent == ["Atza|invented-access-token"]


async def test_a_grantless_call_has_a_token_of_its_own() -> None:
    fake = Fake(in_turn(reply(200, {"payload": []})))
    await fake.client.call("getDestinations", "GET", "/notifications/v1/destinations", grant=NOTIFICATIONS)
    await fake.client.call("getReports", "GET", "/reports/2021-06-30/reports")
    assert [grant["grant_type"] for grant in fake.grants] == ["client_credentials", "refresh_token"]
    assert fake.grants[0]["scope"] == "sellingpartnerapi::notifications"
    assert "refresh_token" not in fake.grants[0]
    assert fake.tokens_sent == ["canary-token-1", "canary-token-2"]


async def test_a_restricted_call_carries_a_restricted_token() -> None:
    """AUTH-2: asked for once for a path and its data, with the seller's token."""
    granted = reply(200, {"restrictedDataToken": "Atz.sprdt|one", "expiresIn": 3600})
    fake = Fake(in_turn(granted, reply(200, {}), reply(200, {})))
    grant = fake.client.restricted("GET", "/orders/v0/orders/1-2-3", ["buyerInfo"])
    for _ in range(2):
        await fake.client.call("getOrder", "GET", "/orders/v0/orders/1-2-3", grant=grant)
    assert fake.tokens_sent == ["canary-token-1", "Atz.sprdt|one", "Atz.sprdt|one"]
    assert b'"dataElements":["buyerInfo"]' in fake.requests[0].content


async def test_one_token_serves_many_calls() -> None:
    fake = Fake(in_turn(EMPTY))
    for _ in range(5):
        await fake.client.search_orders(WINDOW)
    assert len(fake.grants) == 1


async def test_lists_in_the_query_are_joined_by_commas() -> None:
    fake = Fake(in_turn(EMPTY))
    await fake.client.search_orders(
        {**WINDOW, "includedData": ["BUYER", "TAX"], "fulfilledBy": [], "paginationToken": ""}
    )
    assert fake.paths == ["/orders/2026-01-01/orders?lastUpdatedAfter=2026-11-20T11:00:00Z&includedData=BUYER,TAX"]


async def test_a_page_as_it_came() -> None:
    page = await Fake(in_turn(recorded("amazon", "orders_page").response())).client.search_orders(WINDOW)
    assert (len(page.orders), page.next_token[:5]) == (2, "2YgYW")
    assert page.until is not None
    assert page.until.isoformat() == "2026-11-20T11:58:00+00:00"


async def test_the_last_page_has_no_token() -> None:
    assert await Fake(in_turn(reply(200, {"orders": []}))).client.search_orders(WINDOW) == OrderPage(())


@pytest.mark.parametrize("body", [{}, {"orders": None}, {"payload": {"Orders": []}}, []])
async def test_a_list_that_is_none_is_an_answer_gone_wrong(body: Any) -> None:
    with pytest.raises(TransientError, match="gave no `orders`"):
        await Fake(in_turn(reply(200, body))).client.search_orders(WINDOW)


async def test_one_order() -> None:
    fake = Fake(in_turn(reply(200, ONE)))
    assert await fake.client.get_order("1-2-3", ["TAX"]) == {"orderId": "1-2-3"}
    assert fake.paths == ["/orders/2026-01-01/orders/1-2-3?includedData=TAX"]


async def test_an_order_that_is_not_there_is_none() -> None:
    assert await Fake(in_turn(refused(404))).client.get_order("1-2-3", []) is None


async def test_what_is_no_order_id_is_not_asked_for() -> None:
    fake = Fake(in_turn(reply(200, ONE)))
    with pytest.raises(DataError, match="not an Amazon order id"):
        await fake.client.get_order("../../x", [])
    assert fake.requests == []


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_renewed_at_once_one_time(status: int) -> None:
    """ERR-3 (Amazon): 401 and 403: refresh, then alert."""
    fake = Fake(in_turn(refused(status, "Unauthorized"), EMPTY))
    await fake.client.search_orders(WINDOW)
    assert fake.tokens_sent == ["canary-token-1", "canary-token-2"]
    assert fake.slept == []


@pytest.mark.parametrize(("status", "kind"), [(401, AuthError), (403, ForbiddenError)])
async def test_refused_again_it_is_for_a_person(status: int, kind: type[ConnectorError]) -> None:
    fake = Fake(in_turn(refused(status, "Unauthorized")))
    with pytest.raises(kind) as caught:
        await fake.client.search_orders(WINDOW)
    assert caught.value.reason is Reason.AUTH
    assert (len(fake.requests), len(fake.grants)) == (2, 2)


async def test_an_authorisation_that_is_gone_stops_and_alarms(caplog: pytest.LogCaptureFixture) -> None:
    """AUTH-2, ERR-7: invalid_grant is no reason to try again."""
    fake = Fake(in_turn(EMPTY), token_script=in_turn(recorded("amazon", "token_invalid_grant").response()))
    with caplog.at_level(logging.ERROR), pytest.raises(AuthError, match="have the application authorised again"):
        await fake.client.search_orders(WINDOW)
    assert (len(fake.grants), fake.requests, fake.slept) == (1, [], [])
    assert [record.message for record in caplog.records] == ["amazon_authorisation_gone host=login.example"]


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, "invalid_client", AuthError),
        (400, "unauthorized_client", AuthError),
        (400, "invalid_scope", AuthError),
        (400, "access_denied", AuthError),
        (500, "server_error", TransientError),
        (400, "temporarily_unavailable", TransientError),
        (503, "", TransientError),
        (429, "", ThrottledError),
    ],
)
async def test_what_the_token_endpoint_refuses(status: int, error: str, kind: type[ConnectorError]) -> None:
    fake = Fake(in_turn(EMPTY), settings_with(attempts=1), token_script=in_turn(reply(status, {"error": error})))
    with pytest.raises(kind):
        await fake.client.search_orders(WINDOW)
    assert len(fake.grants) == 1


@pytest.mark.parametrize(
    "failure", [refused(500), refused(503), reply(502), httpx.ReadTimeout(""), httpx.Response(200, content=b'{"ord')]
)
async def test_a_read_that_fails_for_now_is_tried_again_with_growing_waits(failure: Any) -> None:
    """ERR-3 (Amazon): 5xx growing delays."""
    fake = Fake(in_turn(failure))
    with pytest.raises(TransientError):
        await fake.client.search_orders(WINDOW)
    assert (len(fake.requests), fake.slept) == (5, [0.5, 1, 2, 4])


@pytest.mark.parametrize(
    ("status", "kind"), [(400, DataError), (404, DataError), (413, DataError), (415, DataError), (409, ConflictError)]
)
async def test_what_is_wrong_with_the_request_is_not_tried_again(status: int, kind: type[ConnectorError]) -> None:
    """ERR-3 (Amazon): 400 human."""
    fake = Fake(in_turn(refused(status, "InvalidInput")))
    with pytest.raises(kind, match=f"answered {status} "):
        await fake.client.search_orders(WINDOW)
    assert len(fake.requests) == 1


async def test_a_refusal_that_is_not_amazons_says_nothing_of_the_record() -> None:
    with pytest.raises(TransientError, match="not Amazon's"):
        await Fake(in_turn(httpx.Response(400, content=b"<html>proxy"))).client.search_orders(WINDOW)


async def test_a_used_up_quota_empties_our_bucket_and_says_when_to_return() -> None:
    """ERR-3, RATE-1: 429 by header; a call every 178 s is not waited for inside a call."""
    fake = Fake(in_turn(recorded("amazon", "error_quota").response(), EMPTY), settings_with(rates=AmazonRates()))
    with pytest.raises(ThrottledError) as caught:
        await fake.client.search_orders(WINDOW)
    assert caught.value.retry_after == pytest.approx(178.6, abs=0.1)
    assert fake.budget.left()["searchOrders"] <= 0
    await fake.client.search_orders(WINDOW)
    assert sum(fake.slept) == pytest.approx(182.1, abs=1)


async def test_a_short_throttle_is_waited_for() -> None:
    fake = Fake(in_turn(refused(429, x_amzn_ratelimit_limit="0.5"), EMPTY))
    await fake.client.search_orders(WINDOW)
    assert len(fake.requests) == 2
    assert fake.slept[0] == 2.0


@pytest.mark.parametrize(("told", "seconds"), [("1", 1), ("0.1", 10)])
async def test_the_rate_an_answer_tells_counts(told: str, seconds: float) -> None:
    """RATE-1: adapted from live response headers, up and down."""
    rates = AmazonRates(burst={"searchOrders": 1})
    fake = Fake(in_turn(reply(200, {"orders": []}, x_amzn_ratelimit_limit=told)), settings_with(rates=rates))
    for _ in range(2):
        await fake.client.search_orders(WINDOW)
    assert sum(fake.slept) == pytest.approx(seconds, rel=0.01)


@pytest.mark.parametrize("failure", [refused(500), httpx.ReadError(""), httpx.Response(200, content=b"{")])
async def test_a_write_that_may_have_been_carried_out_is_never_repeated_blindly(failure: Any) -> None:
    """EVT-4: look before trying again."""
    fake = Fake(in_turn(failure))
    with pytest.raises(UncertainError):
        await fake.client.call("confirmShipment", "POST", "/orders/v0/orders/1/shipmentConfirmation", body={})
    assert len(fake.requests) == 1


async def test_no_secret_and_no_person_stands_in_errors_or_logs(caplog: pytest.LogCaptureFixture) -> None:
    """SEC-3."""
    body = {
        "errors": [
            {"code": "InvalidInput", "message": "canary@example.com is not valid", "details": "call 555-010-0199"}
        ]
    }
    with caplog.at_level(logging.DEBUG), pytest.raises(DataError) as caught:
        await Fake(in_turn(reply(400, body))).client.search_orders(WINDOW)
    told = str(caught.value) + caplog.text
    assert "canary" not in told
    assert "555" not in told


def test_accounts_of_one_authorisation_share_token_and_quota() -> None:
    """AUTH-2, RATE-1: UK and DE of one seller are one to Amazon, whatever they are called here."""
    uk, de = account_with(region="eu", marketplaces=["UK"]), account_with(region="eu", marketplaces=["DE"])
    other = account_with(region="eu", marketplaces=["DE"], seller_id="A1OTHERSELLER", refresh_token="another")
    settings = settings_with(accounts={"uk": uk, "de": de, "other": other})
    clients = {name: open_client(settings, name, lambda: NOW) for name in settings.accounts}
    assert clients["uk"]._tokens is clients["de"]._tokens
    assert clients["uk"]._budget is clients["de"]._budget
    assert clients["uk"]._tokens is not clients["other"]._tokens
    assert clients["uk"]._budget is not clients["other"]._budget

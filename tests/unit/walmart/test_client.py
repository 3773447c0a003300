"""The one that talks: headers, tokens, tries, and what it makes of answers."""

import base64
import logging
from typing import Any

import httpx
import pytest

from connectors.kit.errors import (
    AuthError,
    ConnectorError,
    DataError,
    ForbiddenError,
    RuleError,
    ThrottledError,
    TransientError,
    UncertainError,
)
from connectors.walmart.client import OrderPage
from tests.contract.recordings import recorded
from tests.unit.walmart.fake import SECRET, Fake, gateway, in_turn, reply, settings_with

EMPTY = reply(200, {"list": {"meta": {"totalCount": 0}, "elements": {"order": []}}})
ORDER = reply(200, {"order": {"purchaseOrderId": "1"}})


async def test_the_headers_of_a_call() -> None:
    """AUTH-1: the token goes bare into WM_SEC.ACCESS_TOKEN, never into Authorization."""
    fake = Fake(in_turn(EMPTY), settings_with(channel_type="channel-7"))
    await fake.client.list_orders({"limit": "1"})
    headers = fake.requests[0].headers
    assert headers["WM_SEC.ACCESS_TOKEN"] == "canary-token-1"
    assert "authorization" not in headers
    assert (headers["WM_SVC.NAME"], headers["Accept"]) == ("Walmart Marketplace", "application/json")
    assert headers["WM_CONSUMER.CHANNEL.TYPE"] == "channel-7"
    assert headers["WM_QOS.CORRELATION_ID"]


async def test_the_token_call() -> None:
    seen: list[httpx.Request] = []
    token = recorded("walmart", "token")
    fake = Fake(in_turn(EMPTY), token_script=lambda request: seen.append(request) or token.response())  # type: ignore[func-returns-value]
    await fake.client.list_orders("")
    (request,) = seen
    assert request.content == b"grant_type=client_credentials"
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(f"id:{SECRET}".encode()).decode()
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert fake.requests[0].headers["WM_SEC.ACCESS_TOKEN"] == token.body["access_token"]


async def test_one_token_serves_many_calls() -> None:
    fake = Fake(in_turn(EMPTY))
    for _ in range(5):
        await fake.client.list_orders("")
    assert fake.tokens == 1


async def test_a_cursor_is_appended_exactly_as_it_came() -> None:
    cursor = recorded("walmart", "orders_page").body["list"]["meta"]["nextCursor"]
    fake = Fake(in_turn(EMPTY))
    await fake.client.list_orders(cursor)
    assert fake.paths == [f"/v3/orders{cursor}"]


async def test_a_page_as_it_came() -> None:
    page = await Fake(in_turn(recorded("walmart", "orders_page").response())).client.list_orders("")
    assert (len(page.orders), page.total, page.next_cursor[:13]) == (3, 31, "?limit=3&hasM")


@pytest.mark.parametrize("body", [
    {"list": {"meta": {"totalCount": 0}, "elements": None}},
    {"list": {"meta": None, "elements": {"order": None}}},
    {"list": {}},
])  # fmt: skip
async def test_an_empty_list_in_its_forms(body: Any) -> None:
    page = await Fake(in_turn(reply(200, body))).client.list_orders("")
    assert (page.orders, page.next_cursor) == ((), "")


async def test_nothing_found_is_no_rows_for_a_list_and_no_order_for_an_id() -> None:
    fake = Fake(in_turn(gateway(404, "CONTENT_NOT_FOUND.GMP_ORDER_API")))
    assert await fake.client.list_orders("") == OrderPage((), "", 0)
    assert await fake.client.get_order("1") is None


async def test_a_single_order_may_stand_in_place_of_a_list() -> None:
    body = {"list": {"meta": {"totalCount": "1"}, "elements": {"order": {"purchaseOrderId": "1"}}}}
    page = await Fake(in_turn(reply(200, body))).client.list_orders("")
    assert (page.orders, page.total) == (({"purchaseOrderId": "1"},), 1)


async def test_a_refused_token_is_renewed_at_once_one_time() -> None:
    """ERR-3: auth codes: refresh and retry at once."""
    fake = Fake(in_turn(gateway(401, "UNAUTHORIZED.GMP_GATEWAY_API"), EMPTY))
    await fake.client.list_orders("")
    assert [request.headers["WM_SEC.ACCESS_TOKEN"] for request in fake.requests] == ["canary-token-1", "canary-token-2"]
    assert len({request.headers["WM_QOS.CORRELATION_ID"] for request in fake.requests}) == 1
    assert fake.slept == []


async def test_credentials_refused_twice_are_for_a_person() -> None:
    fake = Fake(in_turn(gateway(401, "UNAUTHORIZED")))
    with pytest.raises(AuthError, match="credentials were refused"):
        await fake.client.list_orders("")
    assert (len(fake.requests), fake.tokens) == (2, 2)


async def test_a_missing_right_is_not_tried_again() -> None:
    fake = Fake(in_turn(gateway(403, "FORBIDDEN")))
    with pytest.raises(ForbiddenError):
        await fake.client.acknowledge("1")
    assert (len(fake.requests), fake.tokens) == (1, 1)


async def test_wrong_client_credentials_say_so() -> None:
    fake = Fake(in_turn(EMPTY), token_script=in_turn(gateway(401, "UNAUTHORIZED")))
    with pytest.raises(AuthError, match=r"^token fetch: walmart\.example answered 401"):
        await fake.client.list_orders("")
    assert (fake.tokens, fake.requests) == (1, [])


@pytest.mark.parametrize("failure", [
    gateway(500, "SYSTEM_ERROR"), gateway(504, "DOWNSTREAM_SYSTEM_TIME_OUT"), reply(503), recorded("walmart", "error_inside_200").response(),
    httpx.ReadTimeout(""), httpx.ConnectError(""), httpx.Response(200, content=b'{"list":{"meta"'), httpx.Response(200, content=b"<html>"),
])  # fmt: skip
async def test_a_read_that_fails_for_now_is_tried_five_times_with_growing_waits(failure: Any) -> None:
    """ERR-3: system codes at most 5."""
    fake = Fake(in_turn(failure))
    with pytest.raises(TransientError):
        await fake.client.list_orders("")
    assert len(fake.requests) == 5
    assert fake.slept == [0.5, 1, 2, 4]
    assert len({request.headers["WM_QOS.CORRELATION_ID"] for request in fake.requests}) == 1


async def test_a_read_succeeds_when_its_fifth_try_does() -> None:
    bad = gateway(500, "SYSTEM_ERROR")
    assert (await Fake(in_turn(bad, bad, bad, bad, EMPTY)).client.list_orders("")).total == 0


@pytest.mark.parametrize(
    "failure",
    [gateway(500, "SYSTEM_ERROR"), httpx.ReadError(""), httpx.ReadTimeout(""), httpx.Response(200, content=b"{")],
)
async def test_a_write_that_may_have_been_carried_out_is_never_repeated_blindly(failure: Any) -> None:
    """EVT-4: look before trying again."""
    fake = Fake(in_turn(failure))
    with pytest.raises(UncertainError):
        await fake.client.acknowledge("1")
    assert fake.paths == ["/v3/orders/1/acknowledge"]


async def test_a_write_that_never_left_is_tried_again() -> None:
    fake = Fake(in_turn(httpx.ConnectError(""), ORDER))
    await fake.client.acknowledge("1")
    assert fake.paths == ["/v3/orders/1/acknowledge"] * 2


@pytest.mark.parametrize("status", [("INVALID_REQUEST_CONTENT", RuleError), ("INVALID_REQUEST_PARAM", DataError)])
async def test_business_and_data_codes_are_never_tried_again(status: tuple[str, type[ConnectorError]]) -> None:
    """ERR-3: business codes: manual review, no retry."""
    code, kind = status
    fake = Fake(in_turn(gateway(400, code)))
    with pytest.raises(kind):
        await fake.client.acknowledge("1")
    assert len(fake.requests) == 1


async def test_a_used_up_quota_waits_as_long_as_the_header_says() -> None:
    """RATE-1: adapted from live response headers."""
    throttled = gateway(429, "REQUEST_THRESHOLD_VIOLATED", x_next_replenishment_time="7", x_current_token_count="0")
    fake = Fake(in_turn(throttled, EMPTY))
    await fake.client.list_orders("")
    assert fake.clock == pytest.approx(7)


async def test_a_wait_longer_than_a_call_may_take_is_handed_on() -> None:
    fake = Fake(in_turn(gateway(429, "REQUEST_THRESHOLD_VIOLATED", x_next_replenishment_time="90")))
    with pytest.raises(ThrottledError) as caught:
        await fake.client.list_orders("")
    assert caught.value.retry_after == 90
    assert len(fake.requests) == 1


async def test_an_answer_that_says_none_are_left_holds_back_the_next_call() -> None:
    body = {"list": {"meta": {"totalCount": 0}, "elements": {"order": []}}}
    fake = Fake(in_turn(reply(200, body, x_current_token_count="0", x_next_replenishment_time="3"), EMPTY))
    await fake.client.list_orders("")
    assert fake.clock == 0
    await fake.client.list_orders("")
    assert fake.clock == pytest.approx(3)


@pytest.mark.parametrize("order_id", ["", "../token", "1/2", "1?x=1", "é", "1" * 65, "1 2", "1\n"])
async def test_what_is_no_order_id_never_becomes_part_of_an_address(order_id: str) -> None:
    fake = Fake(in_turn(ORDER))
    with pytest.raises(DataError, match="order_id"):
        await fake.client.get_order(order_id)
    assert fake.requests == []


@pytest.mark.parametrize("body", [[], {"list": []}, {"list": {"meta": {"nextCursor": "soon"}}}, {"other": 1}])
async def test_a_list_answer_without_a_list_is_an_answer_gone_wrong(body: Any) -> None:
    with pytest.raises(TransientError, match=r"list orders: walmart\.example gave"):
        await Fake(in_turn(reply(200, body))).client.list_orders("")


@pytest.mark.parametrize(
    "body",
    [
        {"expires_in": 900},
        {"access_token": "x"},
        {"access_token": "x", "expires_in": 0},
        [],
        {"access_token": "x\ny", "expires_in": 900},
    ],
)
async def test_a_token_answer_without_a_token_is_an_answer_gone_wrong(body: Any) -> None:
    fake = Fake(in_turn(EMPTY), token_script=in_turn(reply(200, body)))
    with pytest.raises(TransientError, match="gave no token"):
        await fake.client.list_orders("")


async def test_no_secret_shows_in_logs_or_errors(caplog: pytest.LogCaptureFixture) -> None:
    """SEC-3, AUTH-1: never logged."""
    caplog.set_level(logging.DEBUG)
    told = []
    for failure in (
        gateway(401, "UNAUTHORIZED"),
        gateway(400, "X"),
        httpx.LocalProtocolError("canary"),
        httpx.Response(200, content=b"canary"),
    ):
        fake = Fake(in_turn(failure))
        with pytest.raises(ConnectorError) as caught:
            await fake.client.list_orders("")
        told.append(repr(caught.value))
    assert "canary" not in caplog.text + str(told) + repr(fake.settings)

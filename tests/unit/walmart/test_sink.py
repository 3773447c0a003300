"""FUL-1: orders are acknowledged, each delivery has its outcome, and repeating harms nobody (EVT-4)."""

from typing import Any

import httpx
import pytest

from connectors.kit.ports import Delivery, Outcome, Result
from connectors.walmart.sink import WalmartSink
from schemas.reasons import Reason
from tests.unit.walmart.fake import Fake, gateway, reply, settings_with

Json = dict[str, Any]


def an_order(*statuses: str) -> httpx.Response:
    parts = [{"status": word, "statusQuantity": {"amount": "1"}} for word in statuses]
    return reply(200, {"order": {"orderLines": {"orderLine": [{"orderLineStatuses": {"orderLineStatus": parts}}]}}})


class Walmart:
    """Answers reads with `held` in turn, acknowledgements with `said`."""

    def __init__(self, held: list[httpx.Response], said: httpx.Response | Exception | None = None) -> None:
        self.held, self.said = held, said or an_order("Acknowledged")
        self.acknowledged = 0

    def __call__(self, request: httpx.Request) -> httpx.Response | Exception:
        if request.method == "POST":
            self.acknowledged += 1
            return self.said
        one = self.held.pop(0) if len(self.held) > 1 else self.held[0]
        return httpx.Response(one.status_code, content=one.content, headers=one.headers)


def delivery(
    order_id: Any = "1", account: str = "main", operation: str = "acknowledge_order", attempt: int = 1
) -> Delivery:
    return Delivery(
        f"id-{order_id}", operation, True, f"walmart:{account}:{order_id}", "walmart", account, 1, "", "", {"order_id": order_id}, attempt
    )  # fmt: skip


async def outcome(walmart: Walmart, one: Delivery | None = None, **settings: Any) -> Outcome:
    fake = Fake(walmart, settings_with(**{"attempts": 1, **settings}))
    sink = WalmartSink(fake.settings, lambda account: fake.client)
    (found,) = await sink.deliver([one or delivery()])
    await sink.aclose()
    return found


async def test_a_created_order_is_acknowledged() -> None:
    walmart = Walmart([an_order("Created", "Created")])
    assert await outcome(walmart) == Outcome(Result.APPLIED, remote_model="order", remote_id="1")
    assert walmart.acknowledged == 1


@pytest.mark.parametrize(
    ("states", "result"),
    [
        (["Acknowledged"], Result.ALREADY_APPLIED),
        (["Acknowledged", "Cancelled"], Result.ALREADY_APPLIED),
        (["Shipped"], Result.ALREADY_APPLIED),
        (["Delivered", "Shipped"], Result.ALREADY_APPLIED),
        (["Cancelled", "Cancelled"], Result.STALE),
    ],
)
async def test_what_is_settled_already_is_left_alone(states: list[str], result: Result) -> None:
    walmart = Walmart([an_order(*states)])
    assert (await outcome(walmart)).result is result
    assert walmart.acknowledged == 0


async def test_a_line_still_created_is_acknowledged_though_others_are() -> None:
    walmart = Walmart([an_order("Acknowledged", "Created")])
    assert (await outcome(walmart)).result is Result.APPLIED


@pytest.mark.parametrize(
    ("said", "then", "result", "reason"),
    [
        # The answer was lost after Walmart did it: we look, and it is done.
        (httpx.ReadTimeout(""), "Acknowledged", Result.ALREADY_APPLIED, None),
        (httpx.ReadTimeout(""), "Created", Result.FAILED, Reason.TRANSIENT),
        (gateway(500, "SYSTEM_ERROR"), "Acknowledged", Result.ALREADY_APPLIED, None),
        (gateway(500, "SYSTEM_ERROR"), "Created", Result.FAILED, Reason.TRANSIENT),
        # It was cancelled or shipped between our look and our call.
        (gateway(400, "INVALID_REQUEST_CONTENT"), "Cancelled", Result.STALE, None),
        (gateway(400, "INVALID_REQUEST_CONTENT"), "Shipped", Result.ALREADY_APPLIED, None),
        (gateway(400, "INVALID_REQUEST_CONTENT"), "Created", Result.FAILED, Reason.RULE),
        (gateway(400, "INVALID_REQUEST_PARAM"), "Created", Result.FAILED, Reason.DATA),
        (gateway(401, "UNAUTHORIZED"), "Created", Result.FAILED, Reason.AUTH),
        (gateway(403, "FORBIDDEN"), "Created", Result.FAILED, Reason.AUTH),
        (gateway(429, "REQUEST_THRESHOLD_VIOLATED"), "Created", Result.FAILED, Reason.THROTTLED),
        (gateway(423, "RESOURCE_IS_LOCKED"), "Created", Result.FAILED, Reason.CONFLICT),
        (an_order("Created"), "Created", Result.FAILED, Reason.CONFLICT),
    ],
)
async def test_what_a_failed_acknowledgement_means_is_decided_by_looking(
    said: Any, then: str, result: Result, reason: Reason | None
) -> None:
    found = await outcome(Walmart([an_order("Created"), an_order(then)], said))
    assert (found.result, found.reason) == (result, reason)


async def test_an_order_walmart_does_not_know_is_a_data_error() -> None:
    found = await outcome(Walmart([gateway(404, "CONTENT_NOT_FOUND")]))
    assert (found.reason, "no order" in found.detail) == (Reason.DATA, True)


async def test_a_system_code_is_given_up_after_the_fifth_delivery() -> None:
    """ERR-3: at most 5, then a person."""
    for attempt, reason in ((4, Reason.TRANSIENT), (5, Reason.RULE), (6, Reason.RULE)):
        walmart = Walmart([an_order("Created")], gateway(500, "SYSTEM_ERROR"))
        assert (await outcome(walmart, delivery(attempt=attempt))).reason is reason


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (delivery(operation="dance"), Reason.BUG),
        (delivery(order_id=None), Reason.DATA),
        (delivery(order_id="../x"), Reason.DATA),
    ],
)
async def test_what_cannot_be_delivered_says_why(one: Delivery, reason: Reason) -> None:
    assert (await outcome(Walmart([an_order("Created")]), one)).reason is reason


async def test_an_account_nobody_configured_is_named_with_what_to_set() -> None:
    settings = settings_with()
    sink = WalmartSink(settings, lambda account: settings.account(account))  # type: ignore[arg-type, return-value]
    (found,) = await sink.deliver([delivery(account="other")])
    assert found.reason is Reason.DATA
    assert "CAUSEWAY_WALMART__ACCOUNTS__OTHER__CLIENT_ID" in found.detail


async def test_outcomes_come_in_the_order_of_the_deliveries() -> None:
    fake = Fake(
        lambda request: gateway(404, "CONTENT_NOT_FOUND") if "/2" in request.url.path else an_order("Acknowledged"),
        settings_with(attempts=1),
    )
    sink = WalmartSink(fake.settings, lambda account: fake.client)
    found = await sink.deliver([delivery(n) for n in ("1", "2", "3")])
    assert [one.result for one in found] == [Result.ALREADY_APPLIED, Result.FAILED, Result.ALREADY_APPLIED]


async def test_what_the_quota_does_not_allow_soon_comes_back_with_the_time_to_return() -> None:
    """RATE-1: a worker never stands still for a quota."""
    rates = {"acknowledge_per_minute": 3, "orders_per_second": 1e6}
    fake = Fake(Walmart([an_order("Created")]), settings_with(rates=rates, patience_seconds=5))
    sink = WalmartSink(fake.settings, lambda account: fake.client)
    found = await sink.deliver([delivery(str(n)) for n in range(5)])
    assert [one.result for one in found] == [Result.APPLIED] * 3 + [Result.FAILED] * 2
    assert [one.retry_after for one in found[3:]] == [20, 40]
    assert {one.reason for one in found[3:]} == {Reason.THROTTLED}

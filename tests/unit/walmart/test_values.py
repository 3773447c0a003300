"""What a failed single call of stock or prices means (ERR-3, INV-4), and what stays known of what was written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from connectors.kit.ports import Delivery, Outcome, Result
from connectors.walmart.sink import WalmartSink
from schemas.reasons import Reason
from tests.unit.walmart.fake import NOW, Fake, gateway, reply, settings_with

LISTING = "listing:walmart:main:A"


def delivery(attempt: int = 1, account: str = "main", **body: Any) -> Delivery:
    key = f"stock:walmart:{account}:A"
    content = {"sku": "A", "quantity": "5", "urgent": True, **body}
    return Delivery(f"{key}/1", "set_stock", False, key, "odoo", account, 1, "c", "c", content, attempt)


async def outcome(said: httpx.Response | Exception, one: Delivery | None = None) -> tuple[Outcome, Fake]:
    def script(request: httpx.Request) -> httpx.Response | Exception:
        if request.url.path.startswith("/v3/items/"):
            return gateway(404, "CONTENT_NOT_FOUND")
        return reply(200, {"results": {"feed": []}}) if request.method == "GET" else said

    fake = Fake(script, settings_with())
    sink = WalmartSink(fake.settings, lambda account: fake.client, fake.now)
    (found,) = await sink.deliver([one or delivery()])
    await sink.aclose()
    return found, fake


@pytest.mark.parametrize("operation", ["set_stock", "set_price"])
@pytest.mark.parametrize(("sku", "taken"), [("x" * 50, True), ("x" * 51, False), ("A\u200b", False)])
async def test_a_sku_no_item_can_have_is_refused_as_listings_refuse_it(operation: str, sku: str, taken: bool) -> None:
    """PRD-3, INV-4: it would wait for its item for ever. Nothing is asked of Walmart."""
    money = {"amount": "9.99", "currency": "USD"}
    kind = operation.removeprefix("set_")
    content = {"sku": sku, "quantity": "5", "urgent": True, "price": money, "sale_price": None}
    one = replace(delivery(), operation=operation, key=f"{kind}:walmart:main:{sku}", body=content)
    found, fake = await outcome(gateway(404, "CONTENT_NOT_FOUND"), one)
    if taken:
        assert found.waiting_for == f"listing:walmart:main:{sku}"
    else:
        assert (found.reason, found.waiting_for, fake.requests) == (Reason.DATA, "", [])
        assert found.detail.startswith("sku: expected at most 50 printable characters")


@pytest.mark.parametrize(
    ("said", "attempt", "reason", "waits"),
    [
        (gateway(404, "CONTENT_NOT_FOUND"), 1, Reason.MAPPING, LISTING),
        (gateway(400, "INVALID_REQUEST_PARAM"), 1, Reason.DATA, ""),
        (gateway(400, "INVALID_REQUEST_CONTENT"), 1, Reason.RULE, ""),
        (gateway(403, "FORBIDDEN"), 1, Reason.AUTH, ""),
        (gateway(401, "UNAUTHORIZED"), 1, Reason.AUTH, ""),
        (gateway(423, "RESOURCE_IS_LOCKED"), 1, Reason.CONFLICT, ""),
        (gateway(429, "REQUEST_THRESHOLD_VIOLATED"), 1, Reason.THROTTLED, ""),
        (gateway(500, "SYSTEM_ERROR"), 4, Reason.TRANSIENT, ""),
        (gateway(500, "SYSTEM_ERROR"), 5, Reason.RULE, ""),  # at most five, then a person
        (httpx.ReadTimeout(""), 1, Reason.TRANSIENT, ""),
        (
            reply(200, {"sku": "A", "quantity": {"unit": "EACH", "amount": 7}}),
            1,
            Reason.TRANSIENT,
            "",
        ),  # another number
    ],
)
async def test_what_a_failed_call_means(
    said: httpx.Response | Exception, attempt: int, reason: Reason, waits: str
) -> None:
    found, _ = await outcome(said, delivery(attempt))
    assert (found.result, found.reason, found.waiting_for) == (Result.FAILED, reason, waits)


@pytest.mark.parametrize(
    ("said", "may_be_under_way"),
    [(httpx.ReadTimeout(""), True), (gateway(500, "SYSTEM_ERROR"), True), (gateway(400, "INVALID_REQUEST_PARAM"), False),
     (gateway(429, "REQUEST_THRESHOLD_VIOLATED"), False)],
)  # fmt: skip
async def test_a_call_that_may_be_under_way_says_so(said: httpx.Response | Exception, may_be_under_way: bool) -> None:
    """INV-5: a newer number that is written meanwhile is written once more."""
    found, _ = await outcome(said)
    assert found.job == (f"sending:{int(NOW.timestamp())}|1" if may_be_under_way else "")


def test_other_processes_are_told_of_what_may_be_written_now() -> None:
    """INV-5; also by who believes to be alone: one that was thought dead may go on where it stopped."""
    fake = Fake(lambda request: reply(200, {}), settings_with())
    sink = WalmartSink(fake.settings, lambda account: fake.client, fake.now)
    operations = ("set_stock", "set_price", "upsert_listing", "ship_order")
    assert [sink.announces(replace(delivery(), operation=name)) for name in operations] == [True, True, True, False]
    jobs = ("after:feed:F|1", "behind|1", "change:1|1", "lost:m|1", "feed:F|1", "publish:1|1", "settle|1")
    assert [sink.announces(replace(delivery(), job=job)) for job in jobs] == [True] * 4 + [False] * 3


async def test_a_write_is_not_repeated_within_a_call() -> None:
    """INV-5: between two tries a newer number may have been written; the next delivery knows of it."""
    for said in (httpx.ReadTimeout(""), gateway(500, "SYSTEM_ERROR"), gateway(429, "REQUEST_THRESHOLD_VIOLATED")):
        _, fake = await outcome(said)
        assert [request.method for request in fake.requests].count("PUT") == 1


async def test_a_refused_token_is_renewed_and_the_call_made_again_at_once() -> None:
    """ERR-3: auth codes."""
    answers = [gateway(401, "UNAUTHORIZED"), reply(200, {})]

    def script(request: httpx.Request) -> httpx.Response:
        return reply(200, {"totalResults": 0, "results": {}}) if request.method == "GET" else answers.pop(0)

    fake = Fake(script, settings_with())
    sink = WalmartSink(fake.settings, lambda account: fake.client, fake.now)
    (found,) = await sink.deliver([delivery()])
    assert (found.result, fake.tokens, fake.slept) == (Result.APPLIED, 2, [])


async def test_an_account_nobody_configured_harms_no_other() -> None:
    fake = Fake(lambda request: reply(200, {"totalResults": 0, "results": {}}), settings_with())

    def open_client(account: str) -> Any:
        fake.settings.account(account)
        return fake.client

    sink = WalmartSink(fake.settings, open_client, fake.now)
    lost, good = await sink.deliver([delivery(account="other"), delivery()])
    assert (lost.reason, "CAUSEWAY_WALMART__ACCOUNTS__OTHER" in lost.detail) == (Reason.DATA, True)
    assert good.result is Result.APPLIED


async def test_an_unknown_operation_harms_no_other() -> None:
    fake = Fake(lambda request: reply(200, {"totalResults": 0, "results": {}}), settings_with())
    sink = WalmartSink(fake.settings, lambda account: fake.client, fake.now)
    odd = Delivery("x", "dance", False, "k", "odoo", "main", 1, "c", "c", {})
    found = await sink.deliver([odd, delivery()])
    assert [one.reason for one in found] == [Reason.BUG, None]
    assert list(await sink.preview([odd])) == [()]


@pytest.mark.parametrize("is_up", [True, False])
async def test_lost_feeds_are_looked_for_once_for_all_their_items(is_up: bool) -> None:
    """RATE-1: also while Walmart does not answer, when every reading of the list costs several tries."""
    fake = Fake(
        lambda request: reply(200, {"results": {"feed": []}}) if is_up else gateway(500, "SYSTEM_ERROR"),
        settings_with(attempts=1),
    )
    sink = WalmartSink(fake.settings, lambda account: fake.client, fake.now)
    sent = int(NOW.timestamp() * 1000)
    batch = [
        replace(
            delivery(sku=f"S{n}", urgent=False),
            id=f"d{n}",
            key=f"stock:walmart:main:S{n}",
            job=f"lost:inventory/50/{sent}/m{n % 4}|1",
        )
        for n in range(200)
    ]
    found = await sink.deliver(batch)
    await sink.aclose()
    assert [one.job for one in found] == [one.job for one in batch]
    assert {one.method for one in fake.requests} == {"GET"}
    assert len(fake.requests) <= 2  # what was lost, and what else is under way

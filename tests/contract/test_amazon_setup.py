"""`causeway setup ... notifications` against the sandbox and a real queue protocol (moto's server): EVT-4, AUTH-5, AUTH-7, SEC-3."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.amazon.incoming_settings import AmazonQueue
from connectors.amazon.notification_setup import DESTINATION, QUEUE, SUBSCRIPTION, NotificationSetup
from connectors.amazon.queue_check import AMAZON, statement
from connectors.amazon.sandbox.settings import EU_SELLER
from connectors.amazon.sqs import SqsQueue
from connectors.amazon.subscriptions import CHANGES
from connectors.amazon.verify import AmazonVerifier
from connectors.kit.ports import Check, SetupStep, StepState
from tests.contract.amazon_box import Box, Json, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, connected
from tests.contract.amazon_queue import REGION, Queue, destination, queue_at, queue_server, subscribe

KEY, SECRET = "canary-key-id", "canary-aws-secret"
THERE, ABSENT, MADE, REMOVED, KEPT, WRONG = (
    StepState.THERE, StepState.ABSENT, StepState.MADE, StepState.REMOVED, StepState.KEPT, StepState.WRONG,
)  # fmt: skip


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with queue_server() as found:
        yield found


@pytest.fixture
def queue(endpoint: str, request: pytest.FixtureRequest) -> Queue:
    """Amazon may send into it."""
    name = "".join(letter for letter in request.node.name if letter.isalnum())[:70]
    found = queue_at(endpoint, name)
    allow(found, statement(found.arn))
    return found


@pytest.fixture
def box(endpoint: str) -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sqs_endpoint=endpoint, sellers=(US_SELLER, EU_SELLER)) as found:
        yield found


@pytest.fixture
async def amazon(box: Box, queue: Queue, endpoint: str) -> AsyncIterator[Connected]:
    one = connected(box, accounts={"main": account_of(US_SELLER, queue=settings_of(queue, endpoint))})
    yield one
    await one.aclose()


def settings_of(queue: Queue, endpoint: str, **changes: Any) -> AmazonQueue:
    plain: dict[str, Any] = {
        "url": queue.url, "endpoint": endpoint, "region": REGION, "access_key_id": SecretStr(KEY), "secret_access_key": SecretStr(SECRET),
        "wait_seconds": 0,
    }  # fmt: skip
    return AmazonQueue(**{**plain, **changes})


def allow(queue: Queue, *statements: Json, **attributes: str) -> None:
    policy = (
        {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statements})} if statements else {"Policy": ""}
    )
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={**policy, **attributes})


async def done(amazon: Connected, what: str, account: str = "main", **more: Any) -> dict[str, SetupStep]:
    """The steps of show, add or remove, by what they are about."""
    keys = amazon.settings.account(account).queue
    queue = SqsQueue(keys) if keys is not None else None
    setup = NotificationSetup(amazon.settings, account, amazon.client(account), queue)
    try:
        return {step.what: step for step in await getattr(setup, what)(**more)}
    finally:
        if queue is not None:
            await queue.aclose()


def states(steps: dict[str, SetupStep]) -> tuple[StepState, ...]:
    return tuple(steps[name].state for name in (QUEUE, DESTINATION, SUBSCRIPTION) if name in steps)


def made(box: Box) -> list[Json]:
    found: list[Json] = box.state(US_SELLER)["subscriptions"]
    return found


async def verified(amazon: Connected) -> dict[str, Check]:
    checks = await AmazonVerifier(amazon.settings, amazon.client, amazon.now).verify()
    return {check.subject.removeprefix("amazon main: "): check for check in checks}


async def test_it_is_shown_made_once_used_and_removed(box: Box, amazon: Connected, queue: Queue) -> None:
    """EVT-4: each step twice; messages come while it is there, and only then."""
    assert states(await done(amazon, "show")) == (THERE, ABSENT, ABSENT)
    assert made(box) == []
    assert states(await done(amazon, "add")) == (THERE, MADE, MADE)
    assert states(await done(amazon, "add")) == (THERE, THERE, THERE)
    assert states(await done(amazon, "show")) == (THERE, THERE, THERE)
    (subscription,) = made(box)
    assert subscription["processingDirective"]["eventFilter"]["orderChangeTypes"] == list(CHANGES)
    box.add(1)
    assert len(queue.texts()) == 1
    assert states(await done(amazon, "remove")) == (KEPT, REMOVED)
    assert states(await done(amazon, "remove")) == (KEPT, ABSENT)
    box.add(1, seed=2)
    assert queue.texts() == []
    assert states(await done(amazon, "add")) == (THERE, THERE, MADE)


async def test_answers_that_are_lost_make_nothing_twice(box: Box, amazon: Connected) -> None:
    """EVT-4."""
    box.faults({"kind": "lost", "method": "POST", "path": "^/notifications/v1/", "limit": 2})
    assert states(await done(amazon, "add")) == (THERE, MADE, MADE)
    box.faults({"kind": "lost", "method": "DELETE", "path": "^/notifications/v1/", "limit": 1})
    assert states(await done(amazon, "remove")) == (KEPT, ABSENT)
    assert made(box) == []


@pytest.mark.parametrize("right", ["sqs:SendMessage", "sqs:GetQueueAttributes"])
async def test_without_the_policy_amazon_is_not_asked(box: Box, amazon: Connected, queue: Queue, right: str) -> None:
    """AUTH-5: the refusal would be a 403 that says nothing, or nothing at all."""
    allow(queue, {**statement(queue.arn), "Action": right})
    steps = await done(amazon, "add")
    policy = steps["queue policy"]
    assert (policy.state, DESTINATION in steps) == (WRONG, False)
    assert AMAZON in policy.detail
    assert json.dumps(statement(queue.arn)) in policy.remedy
    assert made(box) == []
    allow(queue, statement(queue.arn))
    assert states(await done(amazon, "add")) == (THERE, MADE, MADE)


async def test_an_application_that_gets_no_grantless_token(box: Box, amazon: Connected) -> None:
    """AUTH-2, AUTH-5: the first token that is asked for is the grantless one."""
    refusal = json.dumps({"error": "invalid_scope", "error_description": "The request has an invalid scope"})
    box.faults({"kind": "status", "code": 400, "body": refusal, "path": "^/auth/o2/token", "limit": 1})
    steps = await done(amazon, "add")
    assert (steps[DESTINATION].state, SUBSCRIPTION in steps) == (WRONG, False)
    assert "invalid_scope" in steps[DESTINATION].detail
    assert "sellingpartnerapi::notifications" in steps[DESTINATION].remedy


@pytest.mark.parametrize(
    ("path", "what", "words"),
    [
        ("^/notifications/v1/destinations", DESTINATION, "policy"),
        ("^/notifications/v1/subscriptions", SUBSCRIPTION, "Inventory and Order Tracking"),
    ],
)
async def test_a_refusal_of_amazon_is_told_with_what_to_do(
    box: Box, amazon: Connected, path: str, what: str, words: str
) -> None:
    """AUTH-5: 403 has several reasons. What was made before it stays, and is made use of the next time."""
    box.faults({"kind": "status", "code": 403, "method": "POST", "path": path})
    steps = await done(amazon, "add")
    assert steps[what].state is WRONG
    assert "403" in steps[what].detail
    assert words in steps[what].remedy
    box.faults()
    assert states(await done(amazon, "add"))[-1] is MADE


async def test_a_queue_that_does_not_answer_can_be_unsubscribed_all_the_same(
    box: Box, amazon: Connected, queue: Queue, endpoint: str
) -> None:
    await done(amazon, "add")
    queue.client.delete_queue(QueueUrl=queue.url)
    for what in ("show", "add"):
        steps = await done(amazon, what)
        assert (list(steps), steps[QUEUE].state) == ([QUEUE], WRONG)
        assert "CAUSEWAY_AMAZON__ACCOUNTS__MAIN__QUEUE__URL" in steps[QUEUE].remedy
    away = connected(box, accounts={"main": account_of(US_SELLER, queue=settings_of(queue, "http://127.0.0.1:9"))})
    assert "reaches SQS" in (await done(away, "show"))[QUEUE].remedy
    assert states(await done(away, "remove")) == (KEPT, REMOVED)
    assert made(box) == []
    await away.aclose()


async def test_the_address_of_the_queue_says_where_it_is(box: Box, queue: Queue, endpoint: str) -> None:
    """AUTH-7: a queue on this machine is never looked for in AWS."""
    amazon = connected(box, accounts={"main": account_of(US_SELLER, queue=settings_of(queue, ""))})
    assert queue.url.startswith(endpoint)
    assert states(await done(amazon, "add")) == (THERE, MADE, MADE)
    await amazon.aclose()


async def test_without_a_queue_it_says_what_to_set(box: Box) -> None:
    amazon = connected(box, accounts={"main": account_of(US_SELLER)})
    for what in ("show", "add", "remove"):
        (step,) = (await done(amazon, what)).values()
        assert step.state is ABSENT
        assert "CAUSEWAY_AMAZON__ACCOUNTS__MAIN__QUEUE__URL" in step.remedy
    await amazon.aclose()


async def test_what_another_account_hears_by_is_not_taken_away_unasked(box: Box, queue: Queue, endpoint: str) -> None:
    """AUTH-2: two accounts of one seller have one subscription."""
    keys = settings_of(queue, endpoint)
    shared = {
        name: account_of(EU_SELLER, marketplaces=[place], queue=keys) for name, place in (("uk", "UK"), ("de", "DE"))
    }
    amazon = connected(box, accounts={**shared, "us": account_of(US_SELLER, queue=keys)})
    assert states(await done(amazon, "add", "uk")) == (THERE, MADE, MADE)
    assert states(await done(amazon, "add", "de")) == (THERE, THERE, THERE)
    assert states(await done(amazon, "add", "us")) == (THERE, THERE, MADE)
    steps = await done(amazon, "remove", "uk")
    assert steps[SUBSCRIPTION].state is WRONG
    assert "amazon:de hears" in steps[SUBSCRIPTION].detail
    assert states(await done(amazon, "show", "de")) == (THERE, THERE, THERE)
    assert states(await done(amazon, "remove", "uk", shared=True)) == (KEPT, REMOVED)
    assert states(await done(amazon, "show", "us")) == (THERE, THERE, THERE)
    await amazon.aclose()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"marketplaceIds": ["A2EUQ1WTGCTBG2"]}, "ATVPDKIKX0DER"),
        ({"orderChangeTypes": ["OrderStatusChange"]}, "BuyerRequestedChange"),
    ],
)
async def test_a_subscription_that_tells_too_little_is_no_subscription(
    box: Box, amazon: Connected, queue: Queue, chosen: Json, words: str
) -> None:
    """ORD-1: made by somebody else, by hand; verify says so too."""
    directive = {"eventFilter": {"eventFilterType": "ORDER_CHANGE", **chosen}}
    subscribe(box, destination(box, queue.arn), seller=US_SELLER, processingDirective=directive).raise_for_status()
    for what in ("show", "add"):
        step = (await done(amazon, what))[SUBSCRIPTION]
        assert (step.state, words in step.detail) == (WRONG, True)
        assert "causeway setup remove amazon:main notifications" in step.remedy
    assert not (await verified(amazon))[SUBSCRIPTION].ok
    await done(amazon, "remove")
    assert states(await done(amazon, "add")) == (THERE, THERE, MADE)


async def test_a_subscription_to_another_queue_is_not_ours(
    box: Box, amazon: Connected, queue: Queue, endpoint: str
) -> None:
    other = queue_at(endpoint, "somebodys")
    subscribe(box, destination(box, other.arn), seller=US_SELLER).raise_for_status()
    assert states(await done(amazon, "show")) == (THERE, ABSENT, ABSENT)
    assert states(await done(amazon, "add")) == (THERE, MADE, MADE)
    assert len(made(box)) == 2
    assert states(await done(amazon, "remove")) == (KEPT, REMOVED)
    assert len(made(box)) == 1


async def test_verify_tells_the_queue_right_by_right(box: Box, amazon: Connected, queue: Queue) -> None:
    """AUTH-5: nothing is made, and nothing in the queue is hidden or deleted."""
    queue.client.send_message(QueueUrl=queue.url, MessageBody="one")
    checks = await verified(amazon)
    failing = {subject: check.remedy for subject, check in checks.items() if not check.ok}
    assert failing == dict.fromkeys((DESTINATION, SUBSCRIPTION), "`causeway setup add amazon:main notifications`")
    assert checks["queue messages"].detail == "about 1 wait, 0 are being read"
    assert {f"queue right sqs:{one}" for one in ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")} <= set(
        checks
    )
    assert made(box) == []
    await done(amazon, "add")
    assert all(check.ok for check in (await verified(amazon)).values())
    assert queue.texts() == ["one"]


async def test_verify_tells_what_is_wrong_with_a_queue(box: Box, amazon: Connected, queue: Queue) -> None:
    """AUTH-5."""
    await done(amazon, "add")
    allow(queue, MessageRetentionPeriod="600", DelaySeconds="300")
    checks = await verified(amazon)
    wrong = {subject for subject, check in checks.items() if not check.ok}
    assert wrong == {"queue policy", "queue retention", "queue delay"}
    assert all(checks[subject].remedy for subject in wrong)


async def test_verify_of_a_queue_that_is_gone(box: Box, amazon: Connected, queue: Queue) -> None:
    """AUTH-5: one line says so, and the rest of the account is told all the same."""
    queue.client.delete_queue(QueueUrl=queue.url)
    checks = await verified(amazon)
    assert {subject for subject, check in checks.items() if not check.ok} == {QUEUE}
    assert checks["read orders"].ok


async def test_no_log_tells_keys_or_messages(
    box: Box, amazon: Connected, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    """SEC-3: at level DEBUG boto's own logs would quote key ids, signatures and messages."""
    loggers = [logging.getLogger(name) for name in ("boto3", "botocore", "urllib3")]
    for one in loggers:
        one.setLevel(logging.NOTSET)
    queue.client.send_message(QueueUrl=queue.url, MessageBody="canary-message")
    with caplog.at_level(logging.DEBUG):
        steps = await done(amazon, "add")
        checks = await verified(amazon)
        own = SqsQueue(amazon.settings.account("main").queue or settings_of(queue, ""))
        assert [one.body for one in await own.receive()] == ["canary-message"]
        await own.aclose()
    told = caplog.text + repr(steps) + repr(checks) + repr(amazon.settings)
    assert [canary for canary in (KEY, SECRET, "canary-message") if canary in told] == []

"""Order changes through a real queue protocol (moto's server): subscribed, told, read, deleted (EVT-4, EVT-5, ORD-1, SEC-3)."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, cast

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from connectors.amazon.incoming_settings import AmazonQueue
from connectors.amazon.notifications import AmazonNotifications
from connectors.amazon.sandbox.settings import EU_SELLER
from connectors.amazon.sqs import MOST, Message, SqsQueue
from connectors.amazon.subscriptions import CHANGES, ensure_subscription
from connectors.kit.errors import AuthError, StopError, TransientError
from connectors.kit.ports import Page
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, all_of, connected

SECRET = "canary-aws-secret"


@dataclass
class RealQueue:
    """The queue as its owner sees it."""

    client: Any
    url: str
    settings: AmazonQueue

    def send(self, body: str) -> None:
        self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def counts(self) -> tuple[int, int]:
        """(to be read, hidden)."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])


class Recording(SqsQueue):
    """Keeps what it has read: tests end the time for which it is hidden, because the queue's clock is the real one."""

    def __init__(self, settings: AmazonQueue) -> None:
        super().__init__(settings)
        self.read: list[Message] = []

    async def receive(self) -> list[Message]:
        found = await super().receive()
        self.read += found
        return found

    async def show_again(self) -> None:
        for message in self.read:
            with contextlib.suppress(TransientError):  # it is deleted
                await self.release([message], 0)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def queue_settings(endpoint: str, url: str, **changes: Any) -> AmazonQueue:
    plain: dict[str, Any] = {
        "url": url, "endpoint": endpoint, "region": "us-east-1", "access_key_id": SecretStr("canary-id"),
        "secret_access_key": SecretStr(SECRET), "wait_seconds": 0,
    }  # fmt: skip
    return AmazonQueue(**{**plain, **changes})


@pytest.fixture
def queue(endpoint: str, request: pytest.FixtureRequest) -> RealQueue:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
    client = boto3.client("sqs", region_name="us-east-1", endpoint_url=endpoint, **keys)
    name = "".join(letter for letter in request.node.name if letter.isalnum())[:70]
    url = client.create_queue(QueueName=name)["QueueUrl"]
    return RealQueue(client, url, queue_settings(endpoint, url))


@pytest.fixture
def box(endpoint: str) -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sqs_endpoint=endpoint, sellers=(US_SELLER, EU_SELLER)) as found:
        yield found


@pytest.fixture
async def amazon(box: Box, queue: RealQueue) -> AsyncIterator[Connected]:
    one = connected(box, accounts={"main": account_of(US_SELLER, queue=queue.settings)})
    yield one
    await one.aclose()


@contextlib.asynccontextmanager
async def source(amazon: Connected, account: str = "main") -> AsyncIterator[AmazonNotifications]:
    keys = amazon.settings.account(account)
    assert keys.queue is not None
    queue = Recording(keys.queue)
    one = AmazonNotifications(amazon.settings, account, amazon.client(account), amazon.now, queue)
    try:
        yield one
    finally:
        await queue.show_again()
        await one.aclose()


async def subscribed(amazon: Connected, account: str = "main") -> bool:
    """Whether anything had to be made."""
    keys = amazon.settings.account(account)
    assert keys.queue is not None
    queue = SqsQueue(keys.queue)
    found = await ensure_subscription(amazon.client(account), await queue.arn())
    await queue.aclose()
    return found.made


def items(pages: list[Page]) -> dict[str, tuple[int, bytes]]:
    """Key -> version and payload, the newest of each."""
    return {item.key: (item.version, item.payload) for page in pages for item in page.items}


async def test_a_change_that_is_told_gives_what_the_list_gives(box: Box, amazon: Connected, queue: RealQueue) -> None:
    """EVT-4, ORD-1: the same records whoever is first, and the queue is empty afterwards."""
    assert await subscribed(amazon)
    made = box.add(12)
    box.change(made[0], "ask_to_cancel")
    async with source(amazon) as told:
        pages = await all_of(told.pages(""))
    box.clock.tick(600)
    listed = await all_of(amazon.orders().pages(""))
    assert len(items(pages)) == 12
    assert items(pages) == items(listed)
    assert not [problem for page in pages for problem in page.problems]
    assert queue.counts() == (0, 0)
    assert max(len(page.items) for page in pages) <= MOST


async def test_a_kill_before_a_page_is_safe_reads_its_orders_again(
    box: Box, amazon: Connected, queue: RealQueue
) -> None:
    """EVT-4: the messages were hidden, not deleted."""
    await subscribed(amazon)
    (order_id,) = box.add(1)
    async with source(amazon) as killed:
        pages = cast(AsyncGenerator[Page], killed.pages(""))
        async with contextlib.aclosing(pages):
            page = await anext(pages)
            assert queue.counts() == (0, 1)
    assert [item.key for item in page.items] == [f"amazon:main:{order_id}"]
    async with source(amazon) as again:
        found = await all_of(again.pages(""))
    assert items(found) == items([page])
    assert queue.counts() == (0, 0)


async def test_messages_that_come_doubled_late_and_lost(box: Box, amazon: Connected) -> None:
    """EVT-5: the list is the net for what never comes."""
    await subscribed(amazon)
    box.faults({"kind": "notification_doubled", "limit": 2}, {"kind": "notification_lost", "skip": 4, "limit": 1})
    made = box.add(5)
    async with source(amazon) as told:
        pages = await all_of(told.pages(""))
        assert len(items(pages)) == 4
    box.clock.tick(600)
    listed = items(await all_of(amazon.orders().pages("")))
    assert set(listed) == {f"amazon:main:{one}" for one in made}
    assert items(pages).items() <= listed.items()


async def test_poison_and_foreign_messages_leave_the_queue(box: Box, amazon: Connected, queue: RealQueue) -> None:
    """EVT-5"""
    await subscribed(amazon)
    queue.send("not json")
    queue.send(json.dumps({"notificationType": "REPORT_PROCESSING_FINISHED"}))
    (order_id,) = box.add(1)
    async with source(amazon) as told:
        pages = await all_of(told.pages(""))
    assert list(items(pages)) == [f"amazon:main:{order_id}"]
    assert len([problem for page in pages for problem in page.problems]) == 1
    assert queue.counts() == (0, 0)


async def test_two_accounts_of_a_seller_share_a_queue(box: Box, queue: RealQueue) -> None:
    """AUTH-2, EVT-4: one subscription; each account gets its own orders."""
    shared = {
        name: account_of(EU_SELLER, marketplaces=[place], queue=queue.settings)
        for name, place in (("uk", "UK"), ("de", "DE"))
    }
    amazon = connected(box, accounts=shared)
    assert await subscribed(amazon, "uk")
    assert not await subscribed(amazon, "de")
    places = {
        one: box.order(one, EU_SELLER)["salesChannel"]["marketplaceId"]
        for one in box.add(20, account=EU_SELLER.seller_id)
    }
    made = {
        name: [one for one, place in places.items() if place == keys.marketplaces[0]]
        for name, keys in amazon.settings.accounts.items()
    }
    assert made["uk"]
    assert made["de"]
    async with source(amazon, "uk") as uk:
        assert set(items(await all_of(uk.pages("")))) == {f"amazon:uk:{one}" for one in made["uk"]}
        assert sum(queue.counts()) == len(made["de"])
    async with source(amazon, "de") as de:
        assert set(items(await all_of(de.pages("")))) == {f"amazon:de:{one}" for one in made["de"]}
    assert queue.counts() == (0, 0)
    await amazon.aclose()


async def test_a_subscription_is_made_once(box: Box, amazon: Connected) -> None:
    """Asked for again nothing is made; the answer to the first may have been lost."""
    box.faults({"kind": "lost", "method": "POST", "path": "^/notifications/v1/", "limit": 2})
    assert await subscribed(amazon)
    assert not await subscribed(amazon)
    (made,) = box.state(US_SELLER)["subscriptions"]
    assert made["processingDirective"]["eventFilter"]["orderChangeTypes"] == list(CHANGES)


async def test_a_queue_that_is_not_there_says_what_to_check(endpoint: str, queue: RealQueue) -> None:
    """SEC-3: no key in any error."""
    for settings, error in (
        (queue_settings(endpoint, f"{queue.url}-gone"), StopError),
        (queue_settings(f"http://127.0.0.1:{_free_port()}", queue.url), TransientError),
        (
            queue_settings(endpoint, queue.url, secret_access_key="", secret_access_key_file="/nowhere/secret"),
            AuthError,
        ),
    ):
        one = SqsQueue(settings)
        with pytest.raises(error) as caught:
            await one.receive()
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None
        await one.aclose()


async def test_a_receipt_that_is_old_is_told(queue: RealQueue) -> None:
    one = SqsQueue(queue.settings)
    with pytest.raises((TransientError, StopError)):
        await one.delete([Message("no receipt", "")])
    await one.delete([])
    await one.aclose()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port

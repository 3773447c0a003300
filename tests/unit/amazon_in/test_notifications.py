"""Changed orders by the queue: none lost by a kill, none asked for twice, poison visible (EVT-4, EVT-5, ORD-1)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from connectors.amazon.incoming_settings import AmazonQueue
from connectors.amazon.notifications import MOST_REMEMBERED, AmazonNotifications
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.sqs import Message
from connectors.kit import exact_json
from connectors.kit.errors import DataError, ThrottledError, TransientError
from connectors.kit.ports import Page
from tests.unit.amazon.fake import NOW, Fake, account_with, refused, reply, settings_with
from tests.unit.amazon.listing import PATH

SELLER, US = "A1CANARYSELLER", "ATVPDKIKX0DER"
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"


def message(order_id: str, number: int, minutes: float = 0, **changes: Any) -> Message:
    """A notification of an order, by the number of its NotificationId and so many minutes after NOW."""
    change = {
        "SellerId": SELLER, "AmazonOrderId": order_id, "OrderChangeType": "OrderStatusChange",
        "Summary": {"MarketplaceId": US, "OrderStatus": "Canceled", "FulfillmentType": "MFN"}, **changes,
    }  # fmt: skip
    body = {
        "NotificationType": "ORDER_CHANGE", "EventTime": (NOW + timedelta(minutes=minutes)).isoformat(),
        "Payload": {"OrderChangeNotification": change}, "NotificationMetadata": {"NotificationId": f"n-{number}"},
    }  # fmt: skip
    return Message(f"receipt-{number}", json.dumps(body))


@dataclass
class FakeQueue:
    """Readings in turn, then nothing. What was deleted or released is kept, in order."""

    readings: list[list[Message]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    closed: bool = False

    async def receive(self) -> Sequence[Message]:
        return self.readings.pop(0) if self.readings else []

    async def delete(self, messages: Sequence[Message]) -> None:
        self.deleted += [one.receipt for one in messages]

    async def release(self, messages: Sequence[Message], seconds: int) -> None:
        self.released += [one.receipt for one in messages]

    async def aclose(self) -> None:
        self.closed = True


@dataclass
class Amazon:
    """Orders by their ids; `failing`: what the call for one of them answers instead."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    failing: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: Any) -> Any:
        order_id = request.url.path.removeprefix(PATH).strip("/")
        self.asked.append(order_id)
        if order_id in self.failing:
            return self.failing[order_id]
        found = self.orders.get(order_id)
        return refused(404, "NotFound") if found is None else reply(200, {"order": found})


def order(order_id: str, **work: str) -> dict[str, Any]:
    return {
        "orderId": order_id, "createdTime": "2026-11-20T11:00:00Z", "lastUpdatedTime": "2026-11-20T11:59:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": US}, "fulfillment": {"fulfilledBy": "MERCHANT", **work},
    }  # fmt: skip


def with_queue(**changes: Any) -> AmazonSettings:
    keys = AmazonQueue(url=URL, access_key_id="id", secret_access_key="s")
    return settings_with(accounts={"main": account_with(queue=keys, **changes)}, attempts=1)


def source_of(queue: FakeQueue, amazon: Amazon, settings: AmazonSettings | None = None) -> AmazonNotifications:
    fake = Fake(amazon, settings or with_queue())
    return AmazonNotifications(fake.settings, "main", fake.client, fake.now, queue)


async def all_of(source: AmazonNotifications, position: str = "") -> list[Page]:
    return [page async for page in source.pages(position)]


def ids(pages: Sequence[Page]) -> list[str]:
    return [item.key.rpartition(":")[2] for page in pages for item in page.items]


async def test_an_order_is_what_the_list_gives() -> None:
    """EVT-4: key, entity, version and payload of `getOrder` as it came; the words of the notification are not used."""
    queue, amazon = FakeQueue([[message("1-1-1", 1)]]), Amazon({"1-1-1": order("1-1-1", fulfillmentStatus="SHIPPED")})
    page, end = await all_of(source_of(queue, amazon))
    (item,) = page.items
    assert (item.key, item.entity, item.version) == ("amazon:main:1-1-1", "order", 1795175940000)
    assert exact_json.loads(item.payload) == amazon.orders["1-1-1"]
    assert (page.last, page.read_until, end.items, end.last, end.read_until) == (False, None, (), True, NOW)


async def test_messages_are_deleted_when_their_page_is_safe() -> None:
    """EVT-4: not before the next page is asked for."""
    queue = FakeQueue([[message("1-1-1", 1)], [message("1-1-2", 2)]])
    pages = source_of(queue, Amazon({name: order(name) for name in ("1-1-1", "1-1-2")})).pages("")
    await anext(pages)
    assert queue.deleted == []
    await anext(pages)
    assert queue.deleted == ["receipt-1"]
    assert (await anext(pages)).last
    assert queue.deleted == ["receipt-1", "receipt-2"]


async def test_a_page_that_was_not_taken_comes_again() -> None:
    """EVT-4: the poller failed with it; nothing is deleted, and nothing remembered as seen."""
    told = message("1-1-1", 1)
    queue = FakeQueue([[told], [told]])
    source = source_of(queue, Amazon({"1-1-1": order("1-1-1")}))
    pages = cast(AsyncGenerator[Page], source.pages(""))
    first = await anext(pages)
    await pages.aclose()
    assert (queue.deleted, queue.released) == ([], ["receipt-1"])
    again, _ = await all_of(source)
    assert again.items == first.items
    assert queue.deleted == ["receipt-1"]


async def test_what_comes_twice_is_asked_for_once() -> None:
    """EVT-4: by NotificationId, within a page and after it; deleted all the same."""
    twice = [message("1-1-1", 1), message("1-1-1", 1), message("1-1-1", 2, 1)]
    queue, amazon = FakeQueue([twice, [message("1-1-1", 1)], [message("1-1-1", 3)]]), Amazon({"1-1-1": order("1-1-1")})
    pages = await all_of(source_of(queue, amazon))
    assert [len(page.items) for page in pages] == [1, 0, 1, 0]
    assert amazon.asked == ["1-1-1"] * 2
    assert len(queue.deleted) == 5


async def test_the_memory_of_what_came_has_an_end() -> None:
    source = source_of(FakeQueue(), Amazon())
    source._remember(str(number) for number in range(MOST_REMEMBERED + 5))
    assert (len(source._seen), "4" in source._seen, "5" in source._seen) == (MOST_REMEMBERED, False, True)


async def test_orders_go_by_event_time() -> None:
    """EVT-4: a standard queue has no order."""
    names = [f"1-1-{number}" for number in range(5)]
    told = [
        message(name, number, minutes)
        for number, (name, minutes) in enumerate(zip(names, (3, 1, 4, 0, 2), strict=True))
    ]
    queue = FakeQueue([told])
    pages = await all_of(source_of(queue, Amazon({name: order(name) for name in names})))
    assert ids(pages) == ["1-1-3", "1-1-1", "1-1-4", "1-1-0", "1-1-2"]
    assert json.loads(pages[0].position)["event"] == "2026-11-20T12:04:00Z"
    (page,) = await all_of(source_of(FakeQueue(), Amazon()), pages[0].position)
    assert page.position == pages[0].position


@pytest.mark.parametrize(
    "body",
    [
        "not json", "[]", "{}", json.dumps({"NotificationType": "ORDER_CHANGE"}),
        message("1-1-1", 1, AmazonOrderId=None).body, message("../feeds", 1).body, message("1-1-1", 1, SellerId="").body,
        message("1-1-1", 1).body.replace("2026-11-20", "yesterday"), "\ud800",
    ],
)  # fmt: skip
async def test_poison_is_a_problem_and_does_not_come_again(body: str) -> None:
    """EVT-5: visible, deleted, and the rest of the page goes on."""
    queue = FakeQueue([[Message("poison", body), message("1-1-2", 2)]])
    page, _ = await all_of(source_of(queue, Amazon({"1-1-2": order("1-1-2")})))
    assert ids([page]) == ["1-1-2"]
    (problem,) = page.problems
    assert problem.key.startswith("amazon:main:notification-")
    assert (problem.entity, problem.payload) == ("order", body.encode("utf-8", "replace"))
    assert queue.deleted == ["poison", "receipt-2"]


async def test_other_types_and_other_sellers_are_ignored() -> None:
    other = json.dumps({"notificationType": "FEED_PROCESSING_FINISHED", "payload": {}})
    told = [
        Message("other", other),
        message("1-1-1", 1, SellerId="A1ANOTHERONE"),
        message("1-1-2", 2, Summary={"MarketplaceId": "A1PA6795UKMFR9"}),
    ]
    queue, amazon = FakeQueue([told]), Amazon()
    page, _ = await all_of(source_of(queue, amazon))
    assert (page.items, page.problems, amazon.asked) == ((), (), [])
    assert queue.deleted == ["other", "receipt-1", "receipt-2"]


async def test_a_queue_two_accounts_read_loses_nothing_of_either() -> None:
    """AUTH-2: UK and DE of one seller; each leaves the other's messages where they are."""
    keys = AmazonQueue(url=URL, access_key_id="id", secret_access_key="s")
    accounts = {
        name: account_with(region="eu", marketplaces=[place], queue=keys)
        for name, place in (("main", "UK"), ("de", "DE"))
    }
    told = [
        message("1-1-1", 1, Summary={"MarketplaceId": "A1PA6795UKMFR9"}),
        message("1-1-2", 2, Summary={"MarketplaceId": "A13V1IB3VIYZZH"}),
    ]
    queue = FakeQueue([told])
    page, _ = await all_of(source_of(queue, Amazon(), settings_with(accounts=accounts)))
    assert (page.items, queue.released, queue.deleted) == ((), ["receipt-1"], ["receipt-2"])


@pytest.mark.parametrize(
    ("work", "wanted"), [({"fulfilledBy": "AMAZON"}, 0), ({"fulfillmentStatus": "PENDING"}, 0), ({}, 1)]
)
async def test_filters_are_those_of_the_list(work: dict[str, str], wanted: int) -> None:
    """ORD-4: what the list leaves out is not brought in by the back door."""
    queue = FakeQueue([[message("1-1-1", 1)]])
    settings = with_queue(fulfilled_by=["MERCHANT"], pending=False)
    page, _ = await all_of(source_of(queue, Amazon({"1-1-1": order("1-1-1", **work)}), settings))
    assert (len(page.items), page.problems) == (wanted, ())
    assert queue.deleted == ["receipt-1"]


async def test_an_order_amazon_does_not_have_yet_stays_in_the_queue_for_a_while() -> None:
    queue = FakeQueue([[message("1-1-9", 1)]])
    page, _ = await all_of(source_of(queue, Amazon()))
    assert (page.items, page.problems, queue.deleted) == ((), (), [])
    last = Message("receipt-1", message("1-1-9", 1).body, times=10)
    queue = FakeQueue([[last]])
    page, _ = await all_of(source_of(queue, Amazon()))
    assert [problem.key for problem in page.problems] == ["amazon:main:1-1-9"]
    assert queue.deleted == ["receipt-1"]


async def test_an_order_amazon_refuses_is_a_problem_of_its_own() -> None:
    told = [message("1-1-1", 1), message("1-1-2", 2, 1)]
    amazon = Amazon({"1-1-2": order("1-1-2")}, {"1-1-1": refused(400, "InvalidInput")})
    queue = FakeQueue([told])
    page, _ = await all_of(source_of(queue, amazon))
    assert ([problem.key for problem in page.problems], ids([page])) == (["amazon:main:1-1-1"], ["1-1-2"])
    assert queue.deleted == ["receipt-1", "receipt-2"]


async def test_a_used_up_quota_keeps_what_was_read_and_leaves_the_rest() -> None:
    """RATE-1, EVT-4: what was asked for goes on, the rest comes again soon."""
    told = [message("1-1-1", 1), message("1-1-2", 2, 1), message("1-1-3", 3, 2)]
    amazon = Amazon({"1-1-1": order("1-1-1")}, {"1-1-2": refused(429, "QuotaExceeded")})
    queue = FakeQueue([told])
    page, _ = await all_of(source_of(queue, amazon))
    assert ids([page]) == ["1-1-1"]
    assert (queue.released, queue.deleted) == (["receipt-2", "receipt-3"], ["receipt-1"])
    assert amazon.asked == ["1-1-1", "1-1-2"]


async def test_a_page_is_given_in_time_though_orders_come_slowly() -> None:
    """EVT-4: what was read goes on; what would take too long is left."""
    names = [f"1-1-{number}" for number in range(5)]
    queue, amazon = (
        FakeQueue([[message(name, number, number) for number, name in enumerate(names)]]),
        Amazon({name: order(name) for name in names}),
    )
    fake = Fake(amazon, with_queue())

    def slowly(request: Any) -> Any:
        fake.clock += 50
        return amazon(request)

    fake.script = slowly
    source = AmazonNotifications(fake.settings, "main", fake.client, fake.now, queue)
    page = await anext(source.pages(""))
    assert ids([page]) == names[:3]
    assert queue.released == ["receipt-3", "receipt-4"]


@pytest.mark.parametrize(("status", "error"), [(429, ThrottledError), (503, TransientError)])
async def test_when_nothing_can_be_asked_for_the_flow_fails_and_nothing_is_lost(
    status: int, error: type[Exception]
) -> None:
    queue = FakeQueue([[message("1-1-1", 1)]])
    with pytest.raises(error):
        await all_of(source_of(queue, Amazon(failing={"1-1-1": refused(status)})))
    assert (queue.released, queue.deleted) == (["receipt-1"], [])


async def test_what_a_queue_cannot_do() -> None:
    """REC-3: it has no past; ids are fetched as orders are; without a queue there is nothing."""
    queue = FakeQueue()
    source = source_of(queue, Amazon({"1-1-1": order("1-1-1")}))
    with pytest.raises(DataError, match="resync the flow orders"):
        source.resync(NOW)
    assert ids([page async for page in source.fetch(["1-1-1"])]) == ["1-1-1"]
    with pytest.raises(DataError, match="position"):
        await all_of(source, "[]")
    await source.aclose()
    assert queue.closed
    fake = Fake(Amazon())
    (page,) = await all_of(AmazonNotifications(fake.settings, "main", fake.client, fake.now, None))
    assert (page.items, page.last) == ((), True)

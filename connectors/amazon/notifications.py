"""Changed orders as Amazon tells of them: the flow `notifications` (EVT-4, EVT-5). A message names an order; the order is asked for by its id.

What comes out is what the order list gives: same entity, key, version and payload. So it does not matter which of the two is first, and what comes
twice is dropped by its checksum. The list is the net under this flow, for what is never told.

- Messages come at least once and in no order (standard queue). Those of one order in a page are one call; a page goes by EventTime.
- A message is deleted when the page with its order is safe: when the next page is asked for. A kill in between lets it come again.
- What cannot be read is a Problem, and deleted. An order Amazon does not have (yet) stays in the queue for some more readings.
- Messages of other sellers are not ours. They stay for another account that reads the same queue, else they are deleted.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from connectors.amazon.client import AmazonClient
from connectors.amazon.order_changes import OrderChange, digest_of, read_change
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.source import ENTITY, AmazonOrders
from connectors.kit.cursor import from_text, to_text
from connectors.kit.errors import ConnectorError, DataError, RetryError
from connectors.kit.ports import Fetched, Page, Problem
from connectors.kit.reading import Reader

logger = logging.getLogger(__name__)

FLOW = "notifications"
MOST_REMEMBERED = 10_000
# What is not ours, or could not be asked for now, comes again after so long.
RELEASED_SECONDS = 15
# A page has to be given in time, and its messages are hidden for a while only: what was not asked for by then is left.
MOST_SECONDS = 120
REQUEST = "SQS ReceiveMessage"


class QueueMessage(Protocol):
    """See `sqs.Message`."""

    @property
    def body(self) -> str: ...
    @property
    def times(self) -> int: ...


class Queue(Protocol):
    """See `sqs.SqsQueue`."""

    async def receive(self) -> Sequence[Any]: ...
    async def delete(self, messages: Sequence[Any]) -> None: ...
    async def release(self, messages: Sequence[Any], seconds: int) -> None: ...
    async def aclose(self) -> None: ...


@dataclass(slots=True)
class _Batch:
    """What becomes of the messages of one reading."""

    orders: dict[str, list[tuple[OrderChange, Any]]] = field(default_factory=dict)
    items: list[Fetched] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    gone: list[Any] = field(default_factory=list)
    left: list[Any] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


class AmazonNotifications:
    """`Source` of the flow `notifications`. `queue`: None for an account that has none: then there is never anything to read."""

    flow = FLOW

    def __init__(
        self, settings: AmazonSettings, account: str, client: AmazonClient, now: Callable[[], datetime], queue: Queue | None
    ) -> None:  # fmt: skip
        self.account = account
        self._settings = settings
        self._keys = settings.account(account)
        self._client = client
        self._now = now
        self._queue = queue
        # The same builder as the list's: what comes of an order is the same whoever brings it.
        self._orders = AmazonOrders(settings, account, client, now)
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def pages(self, position: str) -> AsyncIterator[Page]:
        """Messages as they come, until none came for a while. Raises DataError for a position that is none."""
        newest = _event_in(position)
        while True:
            began = self._now()
            messages = await self._queue.receive() if self._queue else ()
            if not messages or self._queue is None:
                yield Page((), _position(newest), began, request=REQUEST)
                return
            batch = await self._batch(messages)
            moments = [change.at for changes in batch.orders.values() for change, _ in changes]
            newest = max([*moments, *([newest] if newest else [])], default=None)
            # Never the last one: only who is asked for the next page knows that this one is safe.
            try:
                yield Page(tuple(batch.items), _position(newest), None, False, tuple(batch.problems), REQUEST)
            except GeneratorExit:
                await self._release(batch.gone)
                raise
            self._remember(batch.ids)
            await self._queue.delete(batch.gone)

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """Raises DataError: a queue has no past."""
        raise DataError("the queue of notifications has no past; resync the flow orders instead")

    def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these orders, as the flow `orders` fetches them."""
        return self._orders.fetch(ids)

    async def aclose(self) -> None:
        """Nothing is deleted here: whether the page before is safe is not known."""
        if self._queue is not None:
            await self._queue.aclose()
        await self._client.aclose()

    async def _batch(self, messages: Sequence[Any]) -> _Batch:
        batch = _Batch()
        for message in messages:
            self._sort_in(batch, message)
        try:
            await self._ask_for(batch)
        finally:
            await self._release(batch.left)
        return batch

    def _sort_in(self, batch: _Batch, message: QueueMessage) -> None:
        try:
            change = read_change(message.body)
        except DataError as error:
            key = f"amazon:{self.account}:notification-{digest_of(message.body)}"
            batch.problems.append(Problem(key, str(error), message.body.encode("utf-8", "replace"), ENTITY))
            batch.gone.append(message)
            return
        if change is None or change.notification_id in self._seen:
            batch.gone.append(message)
            return
        if not self._is_ours(change):
            elsewhere = self._is_anothers(change)
            (batch.left if elsewhere else batch.gone).append(message)
            logger.info(
                "amazon_notification_not_ours account=%s order=%s left=%s", self.account, change.order_id, elsewhere
            )
            return
        logger.info(
            "amazon_notification account=%s order=%s kind=%s status=%s at=%s times=%d",
            self.account, change.order_id, change.kind, change.status, to_text(change.at), message.times,
        )  # fmt: skip
        batch.orders.setdefault(change.order_id, []).append((change, message))

    async def _ask_for(self, batch: _Batch) -> None:
        """Each order once, the one whose first event is oldest first. What cannot be asked for now is left for the next reading."""
        waiting = sorted(batch.orders.items(), key=lambda pair: min(change.at for change, _ in pair[1]))
        began = self._now()
        for number, (order_id, told) in enumerate(waiting):
            if (self._now() - began).total_seconds() > MOST_SECONDS:
                self._leave(batch, waiting[number:])
                return
            try:
                await self._ask(batch, order_id, told)
            except ConnectorError as error:
                self._leave(batch, waiting[number:])
                if not number or not isinstance(error, RetryError):
                    raise
                return

    def _leave(self, batch: _Batch, rest: Sequence[tuple[str, Sequence[tuple[OrderChange, Any]]]]) -> None:
        for order_id, told in rest:
            batch.left += [message for _, message in told]
            del batch.orders[order_id]

    async def _ask(self, batch: _Batch, order_id: str, told: Sequence[tuple[OrderChange, Any]]) -> None:
        try:
            order = await self._client.get_order(order_id, self._settings.included_data)
        except DataError as error:
            self._told_as_problem(batch, order_id, str(error))
        else:
            if order is None:
                times = max(message.times for _, message in told)
                queue = self._keys.queue
                if queue is None or times < queue.give_up_after:
                    return  # it comes again when it is not hidden any more
                self._told_as_problem(batch, order_id, f"Amazon told of it {times} times and has no order of this id")
            elif self._is_wanted(order):
                items, problems = self._orders.sorted_out([order])
                batch.items += items
                batch.problems += problems
        batch.gone += [message for _, message in told]
        batch.ids += [change.notification_id for change, _ in told]

    def _told_as_problem(self, batch: _Batch, order_id: str, detail: str) -> None:
        batch.problems.append(Problem(f"amazon:{self.account}:{order_id}", detail, b"", ENTITY))

    def _is_ours(self, change: OrderChange) -> bool:
        return change.seller_id == self._keys.seller_id and change.marketplace in ("", *self._keys.marketplaces)

    def _is_anothers(self, change: OrderChange) -> bool:
        """Whether another account reads the same queue for it."""
        own = self._keys.queue
        return any(
            name != self.account
            and one.queue is not None
            and own is not None
            and one.queue.url == own.url
            and one.seller_id == change.seller_id
            and change.marketplace in ("", *one.marketplaces)
            for name, one in self._settings.accounts.items()
        )

    def _is_wanted(self, order: Any) -> bool:
        """As the list would be asked for it (ORD-4)."""
        try:
            read = Reader(order).an_object()
            work = read["fulfillment"]
            return self._keys.wants(
                read["salesChannel"].text("marketplaceId"), work.text("fulfilledBy"), work.text("fulfillmentStatus")
            )
        except DataError:
            return True  # whatever it is, the mapping says what is wrong with it

    async def _release(self, messages: Sequence[Any]) -> None:
        """What fails here is mended by time: they come again a little later."""
        if messages and self._queue is not None:
            with contextlib.suppress(ConnectorError):
                await self._queue.release(messages, RELEASED_SECONDS)

    def _remember(self, ids: Iterable[str]) -> None:
        for one in ids:
            self._seen[one] = None
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)


def _position(newest: datetime | None) -> str:
    """For people: the newest event that was read. The queue itself knows what is left."""
    return json.dumps({"v": 1, **({"event": to_text(newest)} if newest else {})})


def _event_in(position: str) -> datetime | None:
    if not position:
        return None
    try:
        content = json.loads(position)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise DataError("position: not that of notifications; resync to start over")
    return from_text(content["event"], "event") if "event" in content else None

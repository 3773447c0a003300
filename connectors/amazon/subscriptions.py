"""Has Amazon put order changes into a queue: a destination (the application's) and a subscription (the seller's). Once for each seller; asking
again changes nothing. (Source: model notifications.)

The queue is the seller's own; what it has to be like: `queue_check`. Destinations, and taking a subscription away, want a grantless token.
A destination stays when nobody subscribes to it any more: it is the application's, whose other sellers may use it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.amazon import errors
from connectors.amazon.auth import NOTIFICATIONS, SELLER
from connectors.amazon.client import AmazonClient, Query
from connectors.amazon.order_changes import TYPE
from connectors.kit.errors import ConflictError, DataError, StopError
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader

PATH = "/notifications/v1"
VERSION = "1.0"
CHANGES: Sequence[str] = ("OrderStatusChange", "BuyerRequestedChange", "DeliveryTipChange")
# Tips are told by the order list soon enough.
_NEEDED = CHANGES[:2]
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Destination:
    """One of the application's. arn: of its queue, "" when it is none."""

    id: str
    name: str
    arn: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """One of the seller's to ORDER_CHANGE.

    changes, marketplaces   what its filter lets through, () = all
    by_expression           it has a filter that nobody here can read
    """

    id: str
    destination_id: str
    changes: tuple[str, ...] = ()
    marketplaces: tuple[str, ...] = ()
    by_expression: bool = False

    def leaves_out(self, marketplaces: Collection[str]) -> str:
        """What is not told of an account with these marketplaces, in words; "" = nothing."""
        if self.by_expression:
            return "what its filter expression says"
        lost = [one for one in _NEEDED if self.changes and one not in self.changes]
        lost += [one for one in marketplaces if self.marketplaces and one not in self.marketplaces]
        return ", ".join(lost)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Amazon's ids; made: whether anything was not there before."""

    destination_id: str
    subscription_id: str
    made: bool


async def ensure_subscription(client: AmazonClient, queue_arn: str, name: str = "causeway") -> Subscribed:
    """Order changes of the client's seller go to that queue from now on. Raises StopError when they go elsewhere, else what calls raise."""
    destination, is_new = await _ensure_destination(client, queue_arn, name)
    if (found := leading_to(await subscriptions(client), destination)) is not None:
        return Subscribed(destination, found.id, is_new)
    wish = {
        "payloadVersion": VERSION,
        "destinationId": destination,
        "processingDirective": {"eventFilter": {"eventFilterType": TYPE, "orderChangeTypes": list(CHANGES)}},
    }
    try:
        made = await _call(client, "createSubscription", "POST", f"{PATH}/subscriptions/{TYPE}", SELLER, wish)
        return Subscribed(destination, made.needed_text("subscriptionId"), made=True)
    except ConflictError:
        found = leading_to(await subscriptions(client), destination)
    if found is None:
        raise StopError(
            "order changes of this seller already go to another destination of this application; delete that subscription, "
            "or let the account read that queue"
        )
    return Subscribed(destination, found.id, made=True)


async def destination_of(client: AmazonClient, arn: str) -> Destination | None:
    """The application's destination that leads to the queue."""
    _, content = await client.call(
        "getDestinations", "GET", f"{PATH}/destinations", grant=NOTIFICATIONS, priority=Priority.REPORTS
    )
    for one in Reader(content).an_object().objects("payload"):
        if (found := one["resource"]["sqs"].text("arn")) == arn:
            return Destination(one.needed_text("destinationId"), one.text("name"), found)
    return None


async def subscriptions(client: AmazonClient) -> list[Subscription]:
    """Those of the client's seller to ORDER_CHANGE, as this application sees them: since August 2026 there may be several."""
    found: list[Subscription] = []
    token = ""
    for _ in range(_MOST_PAGES):
        query: Query = {"notificationTypes": TYPE, "payloadVersion": VERSION, "nextToken": token}
        try:
            _, content = await client.call(
                "getSubscriptions", "GET", f"{PATH}/subscriptions", query=query, priority=Priority.REPORTS
            )
        except DataError as error:
            if errors.is_missing(error):
                return found
            raise
        page = Reader(content).an_object()["payload"]
        found += [_subscription(one) for one in page.objects("subscriptions")]
        if not (token := page.text("nextToken")):
            break
    return found


def leading_to(every: Sequence[Subscription], destination_id: str) -> Subscription | None:
    """The one that leads there."""
    return next((one for one in every if one.destination_id == destination_id), None)


async def unsubscribe(client: AmazonClient, subscription_id: str) -> bool:
    """Whether it was there."""
    path = f"{PATH}/subscriptions/{TYPE}/{quote(subscription_id, safe='')}"
    try:
        await client.call(
            "deleteSubscriptionById", "DELETE", path, grant=NOTIFICATIONS, priority=Priority.REPORTS, repeatable=True
        )
    except DataError as error:
        if errors.is_missing(error):
            return False
        raise
    return True


async def _ensure_destination(client: AmazonClient, arn: str, name: str) -> tuple[str, bool]:
    """(id, whether it was made now) of the destination that leads to the queue."""
    if (found := await destination_of(client, arn)) is not None:
        return found.id, False
    wish = {"name": name, "resourceSpecification": {"sqs": {"arn": arn}}}
    try:
        made = await _call(client, "createDestination", "POST", f"{PATH}/destinations", NOTIFICATIONS, wish)
        return made.needed_text("destinationId"), True
    except ConflictError:
        found = await destination_of(client, arn)
    if found is None:
        raise StopError(
            "the queue's destination exists, but not for this application; use the application that made it"
        )
    return found.id, True


def _subscription(one: Reader) -> Subscription:
    directive = one["processingDirective"]
    chosen = directive["eventFilter"]
    return Subscription(
        one.needed_text("subscriptionId"),
        one.text("destinationId"),
        tuple(chosen.texts("orderChangeTypes")),
        tuple(chosen.texts("marketplaceIds")),
        bool(directive.text("filterExpression")),
    )


async def _call(client: AmazonClient, operation: str, method: str, path: str, grant: str, body: Any) -> Reader:
    # Done twice it is a conflict, which says that it is there.
    _, content = await client.call(
        operation, method, path, body=body, grant=grant, priority=Priority.REPORTS, repeatable=True
    )
    return Reader(content).an_object()["payload"].an_object()

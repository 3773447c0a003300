"""Has Amazon put order changes into a queue: a destination (the application's) and a subscription (the seller's). Once for each seller; asking
again changes nothing. (Source: model notifications.)

The queue is the seller's own, a standard one without encryption by a key of its own, or with one that Amazon may use. Its policy lets account
437568002678 (Amazon's Selling Partner API) do SQS:SendMessage and SQS:GetQueueAttributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Amazon's ids; made: whether anything was not there before."""

    destination_id: str
    subscription_id: str
    made: bool


async def ensure_subscription(client: AmazonClient, queue_arn: str, name: str = "causeway") -> Subscribed:
    """Order changes of the client's seller go to that queue from now on. Raises StopError when they go elsewhere, else what calls raise."""
    destination, is_new = await _destination(client, queue_arn, name)
    found = await _subscription(client)
    if found is not None and found.text("destinationId") == destination:
        return Subscribed(destination, found.needed_text("subscriptionId"), is_new)
    wish = {
        "payloadVersion": VERSION,
        "destinationId": destination,
        "processingDirective": {"eventFilter": {"eventFilterType": TYPE, "orderChangeTypes": list(CHANGES)}},
    }
    try:
        made = await _call(client, "createSubscription", "POST", f"{PATH}/subscriptions/{TYPE}", SELLER, wish)
        return Subscribed(destination, made.needed_text("subscriptionId"), made=True)
    except ConflictError:
        found = await _subscription(client)
    if found is None or found.text("destinationId") != destination:
        raise StopError(
            "order changes of this seller already go to another destination of this application; delete that subscription, "
            "or let the account read that queue"
        )
    return Subscribed(destination, found.needed_text("subscriptionId"), made=True)


async def _destination(client: AmazonClient, arn: str, name: str) -> tuple[str, bool]:
    """(id, whether it was made now) of the destination that leads to the queue."""
    if (found := await _destination_of(client, arn)) is not None:
        return found, False
    wish = {"name": name, "resourceSpecification": {"sqs": {"arn": arn}}}
    try:
        made = await _call(client, "createDestination", "POST", f"{PATH}/destinations", NOTIFICATIONS, wish)
        return made.needed_text("destinationId"), True
    except ConflictError:
        found = await _destination_of(client, arn)
    if found is None:
        raise StopError(
            "the queue's destination exists, but not for this application; use the application that made it"
        )
    return found, True


async def _destination_of(client: AmazonClient, arn: str) -> str | None:
    _, content = await client.call(
        "getDestinations", "GET", f"{PATH}/destinations", grant=NOTIFICATIONS, priority=Priority.REPORTS
    )
    for one in Reader(content).an_object().children("payload"):
        if one["resource"]["sqs"].text("arn") == arn:
            return one.needed_text("destinationId")
    return None


async def _subscription(client: AmazonClient) -> Reader | None:
    query: Query = {"payloadVersion": VERSION}
    try:
        _, content = await client.call(
            "getSubscription", "GET", f"{PATH}/subscriptions/{TYPE}", query=query, priority=Priority.REPORTS
        )
    except DataError as error:
        if errors.is_missing(error):
            return None
        raise
    return Reader(content).an_object()["payload"].an_object()


async def _call(client: AmazonClient, operation: str, method: str, path: str, grant: str, body: Any) -> Reader:
    # Done twice it is a conflict, which says that it is there.
    _, content = await client.call(
        operation, method, path, body=body, grant=grant, priority=Priority.REPORTS, repeatable=True
    )
    return Reader(content).an_object()["payload"].an_object()

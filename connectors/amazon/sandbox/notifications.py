"""Notifications v1: destinations by a grantless token, subscriptions by the seller's, messages to SQS (amazon.md section 14)."""

import json
import uuid

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import order_change
from connectors.amazon.sandbox.errors import ApiError, invalid
from connectors.amazon.sandbox.gate import Passed, json_body
from connectors.amazon.sandbox.jobs import Job
from connectors.amazon.sandbox.moments import iso_ms
from connectors.amazon.sandbox.outbox import Outbox, SqsSender
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.store import StoredOrder
from connectors.amazon.sandbox.subscriptions import TYPES, Destination, Subscription, Subscriptions, parsed
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.page import Table
from connectors.kit.sandbox.steering import FORM_ERRORS, Json

PATH = "/notifications/v1"
# Faults of what is sent: it comes twice, it comes a minute late, it never comes (each message is a draw, path /notifications).
DOUBLED, DELAYED, LOST = "notification_doubled", "notification_delayed", "notification_lost"
NOTIFICATION_KINDS = (DOUBLED, DELAYED, LOST)
DELAY_SECONDS = 60.0
_NOT_FOUND = "The resource specified does not exist."


class Notifications(Part):
    """Handlers and the making of messages. `world.notifications` is this part."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.store = Subscriptions(world.database)
        self.outbox = Outbox(world.database, SqsSender(world.settings))
        world.listeners.append(self.order_changed)
        world.feeds.ended.append(self.job_ended)
        world.reports.ended.append(self.job_ended)

    def routes(self) -> list[Route]:
        destinations, one = f"{PATH}/destinations", f"{PATH}/subscriptions/{{type}}/{{id}}"
        return [
            Route(destinations, self.create_destination, methods=["POST"]),
            Route(destinations, self.destinations, methods=["GET"]),
            Route(f"{destinations}/{{id}}", self.destination, methods=["GET"]),
            Route(f"{destinations}/{{id}}", self.delete_destination, methods=["DELETE"]),
            Route(f"{PATH}/subscriptions", self.subscriptions, methods=["GET"]),
            Route(f"{PATH}/subscriptions/{{type}}", self.create_subscription, methods=["POST"]),
            Route(f"{PATH}/subscriptions/{{type}}", self.subscription, methods=["GET"]),
            Route(one, self.subscription_by_id, methods=["GET"]),
            Route(one, self.delete_subscription, methods=["DELETE"]),
        ]

    async def create_destination(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "createDestination")
        body = await json_body(request)
        client, made = passed.seller.client_id, Destination.made(str(uuid.uuid4()), body)
        if any(one.resource == made.resource for one in self.store.destinations(client)):
            raise ApiError(409, "The destination exists already.")
        self.store.put_destination(client, made)
        return passed.answer({"payload": made.as_json()})

    async def destinations(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getDestinations")
        return passed.answer({"payload": [one.as_json() for one in self.store.destinations(passed.seller.client_id)]})

    async def destination(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getDestination")
        return passed.answer({"payload": self._destination(passed, request.path_params["id"]).as_json()})

    async def delete_destination(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "deleteDestination")
        found = self._destination(passed, request.path_params["id"])
        if any(one.destination_id == found.id for one in self._of_client(passed)):
            raise ApiError(409, "The destination still has subscriptions.")
        self.store.drop_destination(passed.seller.client_id, found.id)
        return passed.answer({})

    async def create_subscription(self, request: Request) -> Response:
        passed, kind = self.world.gate.enter(request, "createSubscription"), _type(request)
        made = parsed(passed.account, str(uuid.uuid4()), kind, await json_body(request))
        if self.store.destination(passed.seller.client_id, made.destination_id) is None:
            raise ApiError(404, _NOT_FOUND, "No such destination.")
        for one in self.store.all(passed.account, kind):
            if (one.version, one.destination_id) == (made.version, made.destination_id):
                raise ApiError(409, "The subscription exists already.")
        self.store.put(made)
        return passed.answer({"payload": made.as_json()})

    async def subscription(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getSubscription")
        found = self.store.all(passed.account, _type(request))
        wanted = request.query_params.get("payloadVersion")
        found = [one for one in found if wanted in (None, one.version)]
        if not found:
            raise ApiError(404, _NOT_FOUND, "No such subscription.")
        return passed.answer({"payload": found[0].as_json()})

    async def subscriptions(self, request: Request) -> Response:
        """All of a type (since August 2026 there may be several). The sandbox has them on one page."""
        passed = self.world.gate.enter(request, "getSubscriptions")
        kind = request.query_params.get("notificationTypes", "")
        if kind not in TYPES:
            raise invalid("notificationTypes: one known type is expected.")
        found = [one.as_json() for one in self.store.all(passed.account, kind)]
        return passed.answer({"payload": {"subscriptions": found}})

    async def subscription_by_id(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "getSubscriptionById")
        return passed.answer({"payload": self._subscription(passed, request).as_json()})

    async def delete_subscription(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "deleteSubscriptionById")
        self.store.drop(self._subscription(passed, request))
        return passed.answer({})

    def advance(self, now: float) -> None:
        self.outbox.flush(now)

    def tables(self, account: str) -> list[Table]:
        rows = [(one.id, one.kind, one.version, one.destination_id) for one in self.store.all(account)]
        note = f"{self.outbox.waiting(account)} messages wait to be sent; {self.outbox.sent} were sent since the start."
        columns = ("Subscription", "Type", "Version", "Destination")
        return [Table(f"Subscriptions of {account}", columns, rows, note, "No subscriptions yet.")]

    def snapshot(self, account: str, now: float) -> Json:
        shown = [{**one.as_json(), "notificationType": one.kind} for one in self.store.all(account)]
        return {"subscriptions": shown, "notifications_waiting": self.outbox.waiting(account)}

    def order_changed(self, order: StoredOrder, change_type: str, reason: str, at: float) -> None:
        for one in self.store.all(order.account, "ORDER_CHANGE"):
            if not one.wants(change_type, order.marketplace):
                continue
            try:
                payload = {"OrderChangeNotification": order_change.body(order, change_type, reason, at)}
            except FORM_ERRORS:
                # Of an order of wrong form nothing can be told.
                continue
            self.tell(one, payload, at)

    def job_ended(self, job: Job, at: float) -> None:
        """FEED_ and REPORT_PROCESSING_FINISHED."""
        kind = f"{job.kind.upper()}_PROCESSING_FINISHED"
        result = {"feed": "resultFeedDocumentId", "report": "reportDocumentId"}[job.kind]
        for one in self.store.all(job.account, kind):
            body = {"sellerId": job.account, "accountId": f"amzn1.merchant.o.{job.account}", f"{job.kind}Id": job.id}
            body |= {f"{job.kind}Type": job.type, "processingStatus": job.status(at)}
            body |= {result: job.document} if job.document else {}
            self.tell(one, {f"{job.kind}ProcessingFinishedNotification": body}, at)

    def tell(self, one: Subscription, payload: Json, at: float) -> None:
        """Sends a notification over a subscription; the spelling of its envelope goes by its type."""
        client = self.world.sellers[one.account].client_id
        destination = self.store.destination(client, one.destination_id)
        arn = (destination.resource.get("sqs") or {}).get("arn") if destination else None
        if not arn or self.world.strikes(LOST):
            return
        text = json.dumps(_envelope(one, payload, at, str(uuid.uuid4())))
        due = at + (DELAY_SECONDS if self.world.strikes(DELAYED) else 0.0)
        for _ in range(2 if self.world.strikes(DOUBLED) else 1):
            self.outbox.add(one.account, arn, text, due)
        self.outbox.flush(at)

    def _destination(self, passed: Passed, destination_id: str) -> Destination:
        found = self.store.destination(passed.seller.client_id, destination_id)
        if found is None:
            raise ApiError(404, _NOT_FOUND, "No such destination.")
        return found

    def _subscription(self, passed: Passed, request: Request) -> Subscription:
        kind, wanted = _type(request), request.path_params["id"]
        found = next((one for one in self._of_client(passed) if (one.kind, one.id) == (kind, wanted)), None)
        if found is None:
            raise ApiError(404, _NOT_FOUND, "No such subscription.")
        return found

    def _of_client(self, passed: Passed) -> list[Subscription]:
        """A grantless call reaches the subscriptions of all sellers that let the application in."""
        sellers = [one for one in self.world.sellers.values() if one.client_id == passed.seller.client_id]
        return [one for seller in sellers for one in self.store.all(seller.seller_id)]


def _type(request: Request) -> str:
    kind = str(request.path_params["type"])
    if kind not in TYPES:
        raise invalid(f"notificationType: one of {', '.join(TYPES)} is expected.")
    return kind


def _envelope(one: Subscription, payload: Json, at: float, notification_id: str) -> Json:
    moment = iso_ms(at * 1000)
    metadata = {"ApplicationId": "amzn1.sellerapps.app.sandbox", "SubscriptionId": one.id}
    metadata |= {"PublishTime": moment, "NotificationId": notification_id}
    envelope: Json = {
        "NotificationVersion": one.version,
        "NotificationType": one.kind,
        "PayloadVersion": one.version,
        "EventTime": moment,
        "Payload": payload,
        "NotificationMetadata": metadata,
    }
    if not TYPES[one.kind].camel:
        return envelope
    camel = {_lower(name): value for name, value in envelope.items()}
    return {**camel, "notificationMetadata": {_lower(name): value for name, value in metadata.items()}}


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]

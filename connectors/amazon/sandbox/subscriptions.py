"""Who is told what: destinations of an application, subscriptions of a seller."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.amazon.sandbox.errors import invalid
from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.steering import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS destinations (
  account TEXT NOT NULL, destination_id TEXT NOT NULL, name TEXT NOT NULL, resource TEXT NOT NULL,
  PRIMARY KEY (account, destination_id));
CREATE TABLE IF NOT EXISTS subscriptions (
  account TEXT NOT NULL, subscription_id TEXT NOT NULL, kind TEXT NOT NULL, version TEXT NOT NULL,
  destination_id TEXT NOT NULL, directive TEXT NOT NULL, PRIMARY KEY (account, subscription_id));
"""


@dataclass(frozen=True)
class NotificationType:
    """version: of its payload; camel: its envelope is camelCase; sqs: it goes to queues."""

    version: str = "1.0"
    camel: bool = False
    sqs: bool = True


TYPES: Mapping[str, NotificationType] = {
    "ORDER_CHANGE": NotificationType(),
    "ANY_OFFER_CHANGED": NotificationType(),
    "FBA_INVENTORY_AVAILABILITY_CHANGES": NotificationType(),
    "TRANSACTION_UPDATE": NotificationType(),
    "LISTINGS_ITEM_STATUS_CHANGE": NotificationType(sqs=False),
    "LISTINGS_ITEM_ISSUES_CHANGE": NotificationType("2023-12-13", sqs=False),
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": NotificationType(sqs=False),
    "PRICING_HEALTH": NotificationType(camel=True),
    "FEED_PROCESSING_FINISHED": NotificationType("2020-09-04", camel=True),
    "REPORT_PROCESSING_FINISHED": NotificationType("2020-09-04", camel=True),
}


@dataclass(frozen=True)
class Destination:
    """resource: DestinationResource of the model."""

    id: str
    name: str
    resource: Json

    @classmethod
    def made(cls, destination_id: str, body: Json) -> "Destination":
        """Raises ApiError 400. Exactly one kind of resource."""
        name, wanted = body.get("name"), body.get("resourceSpecification")
        if not isinstance(name, str) or not name or not isinstance(wanted, dict) or len(wanted) != 1:
            raise invalid("name and one resourceSpecification are required.")
        queue, bridge = wanted.get("sqs"), wanted.get("eventBridge")
        if isinstance(queue, dict) and str(queue.get("arn", "")).startswith("arn:aws:sqs:"):
            return cls(destination_id, name, {"sqs": {"arn": queue["arn"]}})
        if isinstance(bridge, dict) and {"region", "accountId"} <= bridge.keys():
            source = f"aws.partner/sellingpartnerapi.amazon.com/{bridge['accountId']}/sandbox"
            return cls(destination_id, name, {"eventBridge": {**bridge, "name": source}})
        raise invalid("resourceSpecification: sqs with its arn, or eventBridge with region and accountId.")

    def as_json(self) -> Json:
        return {"name": self.name, "destinationId": self.id, "resource": self.resource}


@dataclass(frozen=True)
class Subscription:
    """directive: ProcessingDirective of the model, empty when none was given."""

    account: str
    id: str
    kind: str
    version: str
    destination_id: str
    directive: Json = field(default_factory=dict)

    def wants(self, change_type: str, marketplace: str) -> bool:
        """Whether its filter lets an order's change through."""
        chosen = self.directive.get("eventFilter", {})
        types, marketplaces = chosen.get("orderChangeTypes"), chosen.get("marketplaceIds")
        return (not types or change_type in types) and (not marketplaces or marketplace in marketplaces)

    def as_json(self) -> Json:
        ids = {"subscriptionId": self.id, "payloadVersion": self.version, "destinationId": self.destination_id}
        return {**ids, "processingDirective": self.directive} if self.directive else ids


class Subscriptions:
    """Both in the sandbox's database. Destinations belong to an application: their account is its client id."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("destinations", "subscriptions"))

    def put_destination(self, client_id: str, one: Destination) -> None:
        self._db.insert("destinations", (client_id, one.id, one.name, json.dumps(one.resource)))

    def destinations(self, client_id: str) -> list[Destination]:
        sql = "SELECT destination_id, name, resource FROM destinations WHERE account = ? ORDER BY rowid"
        return [Destination(one, name, json.loads(text)) for one, name, text in self._db.execute(sql, (client_id,))]

    def destination(self, client_id: str, destination_id: str) -> Destination | None:
        return next((one for one in self.destinations(client_id) if one.id == destination_id), None)

    def drop_destination(self, client_id: str, destination_id: str) -> None:
        sql = "DELETE FROM destinations WHERE account = ? AND destination_id = ?"
        self._db.execute(sql, (client_id, destination_id))

    def put(self, one: Subscription) -> None:
        texts = (one.account, one.id, one.kind, one.version, one.destination_id, json.dumps(one.directive))
        self._db.insert("subscriptions", texts)

    def all(self, account: str, kind: str = "") -> list[Subscription]:
        sql = (
            "SELECT account, subscription_id, kind, version, destination_id, directive FROM subscriptions "
            "WHERE account = ? AND (kind = ? OR ? = '') ORDER BY rowid"
        )
        rows = self._db.execute(sql, (account, kind, kind))
        return [
            Subscription(one, sid, name, version, to, json.loads(text)) for one, sid, name, version, to, text in rows
        ]

    def drop(self, one: Subscription) -> None:
        sql = "DELETE FROM subscriptions WHERE account = ? AND subscription_id = ?"
        self._db.execute(sql, (one.account, one.id))


def parsed(account: str, subscription_id: str, kind: str, body: Json) -> Subscription:
    """A subscription as asked for. Raises ApiError 400."""
    version, destination = body.get("payloadVersion"), body.get("destinationId")
    if version != TYPES[kind].version or not isinstance(destination, str):
        raise invalid(f"payloadVersion {TYPES[kind].version} and destinationId are required.")
    directive = body.get("processingDirective") or {}
    _check_directive(kind, directive)
    return Subscription(account, subscription_id, kind, version, destination, directive)


def _check_directive(kind: str, directive: Any) -> None:
    if not isinstance(directive, dict) or not directive.keys() <= {"eventFilter", "filterExpression"}:
        raise invalid("processingDirective: eventFilter or filterExpression.")
    if "filterExpression" in directive:
        # Expressions are new (August 2026) and not modelled: better refused than ignored.
        raise invalid("filterExpression is not supported by this sandbox; use eventFilter.")
    chosen = directive.get("eventFilter")
    if chosen is not None and (not isinstance(chosen, dict) or chosen.get("eventFilterType") != kind):
        raise invalid(f"eventFilter: eventFilterType {kind} is expected.")

"""What follows from an outcome. Pure: each function looks at one outcome and says what is due, or nothing.

Odoo holds an order that the marketplace still shows as created        -> acknowledge it (FUL-1)
the marketplace finally refuses to cancel what Odoo cancelled          -> reopen the order in Odoo (ORD-13, REC-5)
the marketplace has no such item to put stock or a price on            -> read the product again, so that it is listed (INV-4)
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.checksum import event_id
from schemas.records import AcknowledgeOrder, Cancellation, Outcome
from schemas.topics import POLL_COMMANDS, SOURCES, Lane
from streams.phases import Flow
from streams.stages.rules import (
    ACKNOWLEDGE_ORDER,
    CANCEL_LINES,
    REOPEN_ORDER,
    SET_STOCK,
    UPSERT_ORDER,
    Onward,
    channel_of,
)
from streams.stages.skus import SAME, Skus

_HELD_BY_ODOO = ("applied", "already_applied")
_REFUSED = ("conflict", "rule", "data")
# Of a refused cancellation, what taking it back has to know.
ABOUT = {CANCEL_LINES: ("order_name", "whole")}
ODOO_PRODUCTS = ("odoo:main", "products")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A delivery that follows, its body still to be encoded as `schema`."""

    onward: Onward
    schema: str
    body: Mapping[str, Any]
    source: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A record for pollers."""

    topic: str
    key: bytes
    body: Mapping[str, Any]


def deliveries(outcome: Outcome, destinations: AbstractSet[str]) -> list[FollowUp]:
    """What is due after this outcome. `destinations`: who can be written to."""
    found = [acknowledgement(outcome, destinations), reopening(outcome, destinations)]
    return [made for made in found if made is not None]


def acknowledgement(outcome: Outcome, destinations: AbstractSet[str]) -> FollowUp | None:
    """Tell the marketplace that the seller holds the order."""
    due = (
        outcome["destination"] == "odoo"
        and outcome["operation"] == UPSERT_ORDER
        and outcome["result"] in _HELD_BY_ODOO
        and outcome["status"] == "created"
        and outcome["source"] in destinations & set(SOURCES)
    )
    if not due:
        return None
    key, source = outcome["key"], outcome["source"]
    body = AcknowledgeOrder(
        key=key,
        source=source,
        account=outcome["account"],
        order_id=key.rsplit(":", 1)[-1],
        remote_id=outcome["remote_id"],
        accepted_at=outcome["at"],
    )
    onward = Onward(
        source, ACKNOWLEDGE_ORDER, True, Lane.CRITICAL, Flow.ACKNOWLEDGEMENTS, key, (source, outcome["account"])
    )
    return FollowUp(onward, "acknowledge_order", body, "odoo")


def reopening(outcome: Outcome, destinations: AbstractSet[str]) -> FollowUp | None:
    """The second phase of a cancellation failed for good: the first is taken back. A transient failure is not for good, its dead letter is
    replayed; a refusal will not change."""
    due = (
        outcome["operation"] == CANCEL_LINES
        and outcome["result"] == "dead"
        and outcome["reason"] in _REFUSED
        and "odoo" in destinations
    )
    if not due:
        return None
    key = outcome["key"]
    body = Cancellation(
        key=key,
        order_key=key,
        order_name=outcome["about"].get("order_name", ""),
        version=outcome["version"],
        cancelled_at=outcome["at"],
        whole=outcome["about"].get("whole") == "true",
        reason="refused_by_marketplace",
        lines=[],
    )
    onward = Onward("odoo", REOPEN_ORDER, True, Lane.CRITICAL, Flow.CANCELLATIONS, key, channel_of(key))
    return FollowUp(onward, "cancellation", body, outcome["destination"])


def about(operation: str, body: Mapping[str, Any]) -> dict[str, str]:
    """What the outcome of a delivery says of its body, for whoever follows up on it."""
    told = {name: body[name] for name in ABOUT.get(operation, ()) if name in body}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in told.items()}


def product_wanted(outcome: Outcome, now: datetime, skus: Skus = SAME) -> Wish | None:
    """The wish to read the product of a SKU that the marketplace does not know. Its stock waits, held, until the listing exists.

    None for a word under which the product would not be listed, because the cross-reference meanwhile has another for it.
    """
    if outcome["operation"] != SET_STOCK or outcome["result"] != "held" or outcome["reason"] != "mapping":
        return None
    account, flow = ODOO_PRODUCTS
    channel, name = channel_of(outcome["key"].partition(":")[2]), outcome["key"].split(":", 3)[-1]
    sku = skus.internal(*channel, name)
    if name not in skus.listed_as(channel, sku):
        return None
    body = {
        "id": event_id("listing wanted", outcome["key"], outcome["id"]),
        "account": account,
        "flow": flow,
        "action": "fetch_ids",
        "since": None,
        "ids": [sku],
        "requested_by": f"{outcome['destination']} has no item of this SKU",
        "at": now,
    }
    return Wish(POLL_COMMANDS, f"{account}:{flow}".encode(), body)

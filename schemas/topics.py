"""The topic table: every topic the pipeline uses, in one place. Creation, checks and documentation are generated from it.

Names are `<stage>.<system>.<entity>`, `retry.<tier>`, `dead.<destination>`. Lanes (`critical`, `normal`, `bulk`) are topics of their own,
so that bulk never delays critical (EVT-5). Topics of one key share one partition count, so a key has the same partition number everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Lane(StrEnum):
    """How urgent: critical = orders, cancellations, shipments, low stock; normal; bulk = catalogue, history, resync."""

    CRITICAL = "critical"
    NORMAL = "normal"
    BULK = "bulk"


class Cleanup(StrEnum):
    """Kafka's cleanup.policy."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `value` names the record of `schemas/avro` it carries; empty = whatever the record's target topic carries.

    `retention` None = as long as the broker keeps it (compacted topics keep the newest record of each key).
    """

    name: str
    key: str
    value: str
    partitions: int
    retention: timedelta | None
    about: str
    cleanup: Cleanup = Cleanup.DELETE
    pii: bool = False
    owner: str = "integration"

    def config(self) -> dict[str, str]:
        """Kafka's topic settings."""
        settings = {"cleanup.policy": self.cleanup.value, "compression.type": "producer"}
        if self.retention is not None:
            settings["retention.ms"] = str(int(self.retention.total_seconds() * 1000))
        if self.cleanup is Cleanup.COMPACT:
            settings |= {"segment.ms": str(24 * 3600 * 1000), "min.cleanable.dirty.ratio": "0.1"}
        return settings


SOURCES = ("amazon", "walmart")  # marketplaces: what is sold through
SUPPLIERS = (
    "alibaba",
)  # suppliers' platforms: what is bought through. Nothing is sold there: no stock, price or listing goes out to them
EDGE = (
    "iotbox"  # packing stations, by their devices at IoT Boxes: each is an account whose flow is switched on by itself
)
PARTNERS = (*SOURCES, *SUPPLIERS, EDGE)  # whatever has accounts whose flows are switched on one by one
DESTINATIONS = ("odoo", "amazon", "walmart", "alibaba")
STAGES = (
    "transform",
    "route",
    "stock",
    "pricing",
    "supply",
    "packing",
)  # stages that can fail a record for good have dead letters of their own

HOLDERS = (*DESTINATIONS, "pricing")  # where a record can wait for something by its name

ORDERS = "orders"
ORDERS_CURRENT = "orders.current"
OUTCOMES = "outcomes"
MAPPINGS = "mappings"
AUDIT = "audit"
FAILED_ACTIONS = "dead.actions"
POLL_COMMANDS = "poll.commands"
POLL_CURSORS = "poll.cursors"
EDGE_BOXES = "edge.boxes"
DEMAND = "demand"
STOCK_LEDGER = "stock.ledger"
PRICE_LEDGER = "price.ledger"
SUPPLY_LEDGER = "supply.ledger"
APPROVALS = "approvals"
RECONCILIATIONS = "reconciliations"
HARDWARE_EVENTS = "hardware-events"
PACKING_EVENTS = "packing.events"
PACKING_LEDGER = "packing.ledger"

# What each source is read for: the entities of its raw topics, in the source's own terms, and the canonical entity made of each.
RAW: dict[str, dict[str, str]] = {
    "amazon": {
        "order": "order",
        "return": "return_order",
        "item": "listing",
        "settlement": "settlement",
        "fba_stock": "fulfilment_stock",
    },
    "walmart": {"order": "order", "return": "return_order", "item": "listing", "settlement": "settlement"},
    "alibaba": {"order": "supplier_order", "offer": "supplier_product"},
    "odoo": {
        "sale_order": "cancellation",
        "picking": "shipment",
        "quant": "stock_level",
        "product": "product",
        "price": "price",
        "refund": "refund",
        "purchase_order": "purchase_order",
        "partner": "",
    },
}

# Canonical entities of which only the newest state is kept: record -> topic, what it is, personal data, owner.
_STATES: dict[str, tuple[str, str, bool, str]] = {
    "stock_level": ("inventory", "Odoo's stock of each SKU, by warehouse.", False, "catalogue"),
    "shipment": ("shipments", "Deliveries that left a warehouse.", False, "integration"),
    "cancellation": ("cancellations", "What Odoo cancelled of marketplace orders.", False, "integration"),
    "refund": ("refunds", "Posted credit notes of marketplace orders.", False, "integration"),
    "return_order": ("returns", "Returns as marketplaces show them.", False, "integration"),
    "product": ("products", "Products of Odoo, one SKU each.", False, "catalogue"),
    "price": ("prices", "Sales prices of each SKU, by pricelist.", False, "catalogue"),
    "listing": ("listings", "Products as marketplaces show them.", False, "catalogue"),
    "settlement": ("settlements", "Settlement reports, transaction by transaction.", False, "integration"),
    "settled_order": ("settled-orders", "What each settlement brought in for each order.", False, "integration"),
    "fulfilment_stock": ("fulfilment-stock", "What marketplaces' own warehouses hold of each SKU.", False, "catalogue"),
    "purchase_order": ("purchase-orders", "Purchase orders of Odoo.", False, "integration"),
    "supplier_product": ("supplier-products", "What suppliers offer, with prices by quantity.", False, "catalogue"),
    "supplier_order": ("supplier-orders", "Purchase orders as suppliers' platforms show them.", False, "integration"),
    "delivery_event": ("delivery-events", "Steps of parcels on their way to us.", False, "integration"),
    "purchase_result": (
        "purchase-results",
        "What became of purchase orders at suppliers' platforms.",
        False,
        "integration",
    ),
    "vendor_terms": (
        "vendor-terms",
        "What was decided of vendors' lead times and smallest orders.",
        False,
        "catalogue",
    ),
    "packing_check": (
        "packing-checks",
        "What was scanned and weighed for transfers at packing stations.",
        False,
        "integration",
    ),
    "availability": ("availability", "How many of a SKU each channel may sell.", False, "catalogue"),
    "price_offer": ("price-offers", "What each channel shall ask for a SKU.", False, "catalogue"),
    "conflict": ("conflicts", "Fields on which two systems differ, and who won.", False, "catalogue"),
}

DEFAULT_TIERS = tuple(
    timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 480, 960, 1920, 3600, 7200, 14400, 28800, 57600, 86400)
)  # ERR-2: 30 s 1 m 2 m 4 m 8 m 16 m 32 m 1 h 2 h 4 h 8 h 16 h 24 h

_DAY = timedelta(days=1)
_OUTAGE = 30 * _DAY  # what waits for a destination is kept longer than any outage anybody would sit through


def raw(source: str, entity: str) -> str:
    """What a source said, untouched: `raw.walmart.orders`."""
    return f"raw.{source}.{entity}"


def deliver(destination: str, lane: Lane) -> str:
    """Where a destination's sink reads: `deliver.odoo.critical`."""
    return f"deliver.{destination}.{lane.value}"


def dead(destination: str) -> str:
    """What a destination (or stage) could not take: `dead.odoo`."""
    return f"dead.{destination}"


def held(destination: str) -> str:
    """What waits for a mapping or an approval: `held.odoo`, newest record of each key."""
    return f"held.{destination}"


def shadow(destination: str) -> str:
    """What would have been delivered by flows in shadow (OPS-7): newest of each key and operation."""
    return f"shadow.{destination}"


def state(destination: str) -> str:
    """What a destination holds of each key: `state.odoo`, compacted."""
    return f"state.{destination}"


def retry(delay: timedelta) -> str:
    """The retry topic of one delay: `retry.30s`, `retry.2m`, `retry.24h`. Delays are whole seconds of at least one."""
    return f"retry.{tier_name(delay)}"


def tier_name(delay: timedelta) -> str:
    """30 s -> `30s`, 2 min -> `2m`, 90 min -> `90m`, 24 h -> `24h`. Raises ValueError for delays that are not whole seconds >= 1."""
    seconds = delay.total_seconds()
    if seconds < 1 or seconds != int(seconds):
        raise ValueError(f"a retry tier is a whole number of seconds of at least 1, not {seconds} s")
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{int(seconds) // size}{unit}"
    return f"{int(seconds)}s"


def parse_tier(text: str) -> timedelta:
    """`30s`, `2m`, `24h` -> the delay. Raises ValueError saying what is allowed."""
    found = re.fullmatch(r"([1-9]\d*)([smh])", text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a delay: write a number and s, m or h, for example 30s")
    return timedelta(seconds=int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]])


def topic_table(partitions: int = 6, tiers: Iterable[timedelta] = DEFAULT_TIERS) -> tuple[Topic, ...]:
    """Every topic, by the partition count of keyed topics and the retry tiers."""
    return (*_flow(partitions), *_deliver(partitions), *_failure(partitions, tiers), *_control(partitions))


def _flow(partitions: int) -> Iterator[Topic]:
    for source, entities in RAW.items():
        for entity in entities:
            yield Topic(
                raw(source, f"{entity}s"), "natural key", "raw_event", partitions, 30 * _DAY,
                f"{entity.capitalize().replace('_', ' ')}s exactly as {source} sent them.", pii=True,
            )  # fmt: skip
    yield Topic(ORDERS, "natural key", "order", partitions, 365 * _DAY, "Canonical orders: every state seen.", pii=True)
    yield Topic(
        ORDERS_CURRENT, "natural key", "order", partitions, None,
        "Canonical orders: the newest state of each.", Cleanup.COMPACT, pii=True,
    )  # fmt: skip
    for name, (topic, about, pii, owner) in _STATES.items():
        yield Topic(topic, "natural key", name, partitions, None, about, Cleanup.COMPACT, pii=pii, owner=owner)
    yield Topic(
        DEMAND, "sku:SKU", "demand", partitions, 7 * _DAY, "What each marketplace order asks of a SKU: read by the stock stage.",
    )  # fmt: skip
    yield Topic(
        STOCK_LEDGER, "sku:SKU", "stock_ledger", partitions, None,
        "What the offered number of each SKU is made of, and what was offered last.", Cleanup.COMPACT,
    )  # fmt: skip
    yield Topic(
        PRICE_LEDGER, "sku:SKU", "price_ledger", partitions, None,
        "What the prices of each SKU are made of, what was offered last, what waits for a person.", Cleanup.COMPACT,
    )  # fmt: skip
    yield Topic(
        SUPPLY_LEDGER, "natural key", "supply_ledger", partitions, None,
        "What is known of the supply of each offer, what was decided of it, what waits for a person.", Cleanup.COMPACT,
    )  # fmt: skip
    yield Topic(
        APPROVALS, "sku:SKU, or an offer's key", "approval", partitions, 365 * _DAY, "Changes proposed to a person, and what was said.",
        owner="catalogue",
    )  # fmt: skip
    yield Topic(
        HARDWARE_EVENTS, "box:BOX:DEVICE", "hardware_event", partitions, 90 * _DAY,
        "What devices at IoT Boxes did: scans, weights, holes in what was heard. docs/edge.md explains it.", pii=True,
    )  # fmt: skip
    yield Topic(
        PACKING_EVENTS, "station:STATION", "hardware_event", partitions, 7 * _DAY,
        "Hardware events of packing stations, all of a station in one partition. docs/packing.md explains it.", pii=True,
    )  # fmt: skip
    yield Topic(
        PACKING_LEDGER, "station:STATION", "packing_ledger", partitions, None,
        "What is open at each packing station, its last weights and checks.", Cleanup.COMPACT,
    )  # fmt: skip
    yield Topic(
        OUTCOMES, "natural key", "outcome", partitions, 90 * _DAY, "What became of each record, where, and why."
    )


def _deliver(partitions: int) -> Iterator[Topic]:
    for destination in DESTINATIONS:
        for lane in Lane:
            yield Topic(
                deliver(destination, lane), "natural key", "deliver", partitions, _OUTAGE,
                f"Commands to {destination}, lane {lane.value}.", pii=True,
            )  # fmt: skip
        yield Topic(
            state(destination), "natural key", "key_state", partitions, None,
            f"What {destination} holds of each key.", Cleanup.COMPACT,
        )  # fmt: skip
        yield Topic(
            shadow(destination), "natural key|operation, of a command its id too", "deliver", partitions, None,
            f"What would be brought to {destination} by flows in shadow.", Cleanup.COMPACT, pii=True,
        )  # fmt: skip


def _failure(partitions: int, tiers: Iterable[timedelta]) -> Iterator[Topic]:
    for delay in tiers:
        yield Topic(
            retry(delay), "natural key", "", partitions, _OUTAGE,
            f"Failed records that are tried again {tier_name(delay)} later.", pii=True, owner="platform",
        )  # fmt: skip
    for place in (*DESTINATIONS, *STAGES):
        yield Topic(
            dead(place), "natural key", "failed_record", partitions, 90 * _DAY,
            f"Records that {place} could not take and that wait for a person.", pii=True,
        )  # fmt: skip
    for place in HOLDERS:
        yield Topic(
            held(place), "natural key", "failed_record", partitions, None,
            f"Records for {place} that wait for a mapping or an approval.", Cleanup.COMPACT, pii=True, owner="catalogue",
        )  # fmt: skip
    yield Topic(
        RECONCILIATIONS, "kind:source:account", "reconciliation", 1, None,
        "What the newest reconciliation of each kind and account found.", Cleanup.COMPACT,
    )  # fmt: skip
    yield Topic(
        FAILED_ACTIONS, "failed record id", "failed_action", 1, None,
        "What was done with dead and held records.", Cleanup.COMPACT,
    )  # fmt: skip


def _control(partitions: int) -> Iterator[Topic]:
    yield Topic(
        POLL_COMMANDS,
        "source:account:flow",
        "poll_command",
        partitions,
        7 * _DAY,
        "Wishes to pollers; its consumer group owns the accounts.",
    )
    yield Topic(
        POLL_CURSORS,
        "source:account:flow",
        "cursor",
        partitions,
        None,
        "How far each flow has been read.",
        Cleanup.COMPACT,
    )
    yield Topic(
        EDGE_BOXES, "what:BOX", "edge_box", 1, None,
        "What the gateways know of each Box: enrolment, credential, configuration, how far its events are safe.", Cleanup.COMPACT, owner="platform",
    )  # fmt: skip
    yield Topic(
        MAPPINGS,
        "kind:source:account:external",
        "mapping",
        1,
        None,
        "Cross-reference tables.",
        Cleanup.COMPACT,
        owner="catalogue",
    )
    yield Topic(
        AUDIT,
        "subject",
        "audit",
        1,
        365 * _DAY,
        "Actions of people and of the pipeline on its own data.",
        owner="security",
    )


@dataclass(frozen=True, slots=True)
class EntityTopics:
    """Where the states of a canonical entity travel: `every` all of them, `current` the newest of each key (often the same topic)."""

    every: str
    current: str


ENTITIES: dict[str, EntityTopics] = {
    "order": EntityTopics(ORDERS, ORDERS_CURRENT),
    **{name: EntityTopics(spec[0], spec[0]) for name, spec in _STATES.items()},
}

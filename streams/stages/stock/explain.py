"""Why is this number what it is? Everything known of a SKU as plain data (INV-6). Pure but for `read_*`, which read the topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from schemas.codec import Codec, DecodeError
from schemas.record import Record
from schemas.records import Availability, Term
from streams.kafka import read_to_end
from streams.settings import Settings
from streams.stages.demand import quantity_text, sku_key
from streams.stages.stock.allocation import Allocations
from streams.stages.stock.changes import Standing, standings
from streams.stages.stock.codec import Book
from streams.stages.stock.folding import StockTopics
from streams.stages.stock.ledger import Channel, Ledger, open_units
from streams.stages.stock.memory import newest_values


@dataclass(frozen=True, slots=True)
class Summary:
    """One SKU on one channel, for lists. `told` None = nothing yet; `items`: what the channel calls it."""

    sku: str
    channel: Channel
    number: int
    told: int | None
    is_low: bool
    is_waiting: bool
    open_units: Decimal
    items: tuple[str, ...]


def read_ledgers(settings: Settings, codec: Codec, topics: StockTopics | None = None, sku: str = "") -> list[Ledger]:
    """The newest ledger of each SKU, or of this one. Raises BrokerError."""
    names = topics or StockTopics()
    records: Iterable[Record] = read_to_end(settings.kafka.librdkafka(), [names.ledger])
    if sku:
        key = sku_key(sku).encode()
        records = (record for record in records if record.key == key)
    values, _ = newest_values(records)
    book = Book(codec, settings.environment.value, b"")
    return [book.decode(values[name]) for name in sorted(values)]


def read_told(
    settings: Settings, codec: Codec, sku: str, channels: Iterable[Channel], topics: StockTopics | None = None
) -> dict[Channel, Availability]:
    """What each channel was told last, as it was told. Raises BrokerError."""
    names = topics or StockTopics()
    keys = {f"stock:{channel}:{account}:{sku}".encode(): (channel, account) for channel, account in channels}
    found: dict[Channel, Availability] = {}
    for record in read_to_end(settings.kafka.librdkafka(), [names.availability]):
        channel = keys.get(record.key or b"")
        if channel is None:
            continue
        try:
            said: Availability = codec.decode("availability", record.value)
        except DecodeError:
            continue
        if channel not in found or said["version"] >= found[channel]["version"]:
            found[channel] = said
    return found


def explanation(ledger: Ledger, allocations: Allocations, told: Mapping[Channel, Availability]) -> dict[str, Any]:
    """The whole of it: level, orders, and for each channel the number now and the number told, each with its terms."""
    return {
        "sku": ledger.sku,
        "written_at": ledger.at,
        "level": _level(ledger),
        "orders": _orders(ledger),
        "channels": [_channel(standing, told.get(standing.channel)) for standing in standings(ledger, allocations)],
    }


def summaries(ledgers: Iterable[Ledger], allocations: Allocations) -> list[Summary]:
    """Every SKU on every channel that it is for."""
    found = []
    for ledger in ledgers:
        units = sum((one.units for one in open_units(ledger)), Decimal(0))
        for standing in standings(ledger, allocations):
            if not standing.is_ours:
                continue
            number = standing.now.quantity
            told = int(standing.last["quantity"]) if standing.last else None
            is_low = number <= standing.allocation.low_stock
            items = standing.allocation.names
            found.append(Summary(ledger.sku, standing.channel, number, told, is_low, standing.differs, units, items))
    return found


def _level(ledger: Ledger) -> dict[str, Any] | None:
    level = ledger.level
    if level is None:
        return None
    return {
        name: level[name]
        for name in ("version", "read_at", "product_id", "active", "category", "kit", "components", "locations")
    }


def _orders(ledger: Ledger) -> list[dict[str, Any]]:
    """Every order remembered, those of Odoo only too: what it asks, what Odoo accounts for, and what counts."""
    counted = {one.order_key: one for one in open_units(ledger)}
    known = {one["order_key"]: one for one in ledger.level["orders"]} if ledger.level else {}
    found = []
    for one in sorted(ledger.asked.values(), key=lambda one: one.seen_at):
        odoo = known.get(one.order_key)
        found.append(
            {
                "order_key": one.order_key, "via": one.via, "called": one.external or ledger.sku,
                "version": one.version, "status": one.status, "asked": quantity_text(one.quantity),
                "reserved": odoo["reserved"] if odoo else "0", "done": quantity_text(one.done),
                "open": _open(counted, one.order_key), "state": _state(one.closed, odoo is not None, one.order_key in counted),
                "seen_at": one.seen_at, "ordered_at": one.ordered_at,
            }
        )  # fmt: skip
    seen = {one.order_key for one in ledger.asked.values()}
    found += [
        {
            "order_key": key, "via": "", "called": "", "version": 0, "status": "", "asked": one["demanded"], "reserved": one["reserved"],
            "done": one["done"], "open": _open(counted, key), "state": "known to Odoo only", "seen_at": None, "ordered_at": None,
        }
        for key, one in known.items() if key not in seen
    ]  # fmt: skip
    return found


def _open(counted: Mapping[str, Any], order_key: str) -> str:
    return quantity_text(counted[order_key].units) if order_key in counted else "0"


def _state(closed: bool, in_odoo: bool, counts: bool) -> str:
    if closed:
        return "closed"
    if not in_odoo:
        return "not in Odoo's numbers"
    return "partly in Odoo's numbers" if counts else "in Odoo's numbers"


def _channel(standing: Standing, told: Availability | None) -> dict[str, Any]:
    channel, account = standing.channel
    return {
        "channel": channel,
        "account": account,
        "items": list(standing.allocation.names),
        "number": standing.now.quantity,
        "terms": _terms(standing.now.terms),
        "waits_for_flush": standing.differs,
        "told": None if told is None else {
            "quantity": int(told["quantity"]), "previous": told["previous"], "version": told["version"], "at": told["at"], "why": told["why"],
            "urgent": told["urgent"], "caused_at": told["caused_at"], "terms": _terms(told["terms"]),
        },
    }  # fmt: skip


def _terms(terms: Iterable[Term]) -> list[dict[str, str]]:
    return [{"name": term["name"], "quantity": term["quantity"], "event": term["event"]} for term in terms]

"""A ledger <-> its record on `stock.ledger`, and what is offered <-> its record on `availability`. Pure but for the codec."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.checksum import checksum, event_id
from schemas.codec import Codec
from schemas.headers import Headers, encode_headers
from schemas.record import Message
from schemas.records import Availability, Demand, LastOffer, OpenDemand, StockLedger
from streams.stages.demand import number, quantity_text, sku_key
from streams.stages.stock.changes import Standing
from streams.stages.stock.ledger import Asked, Ledger

SOURCE = "odoo"  # what is offered is Odoo's stock, whichever record moved it


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds."""
    return int(moment.timestamp() * 1000)


def moment(epoch_ms: int) -> datetime:
    """Aware UTC, to the millisecond as Avro keeps it."""
    return datetime.fromtimestamp(epoch_ms // 1000, UTC).replace(microsecond=epoch_ms % 1000 * 1000)


class Book:
    """Encodes and decodes ledgers; says offers and demands as messages."""

    def __init__(self, codec: Codec, environment: str, checksum_key: bytes) -> None:
        self._codec = codec
        self._environment = environment
        self._checksum_key = checksum_key

    def encode(self, ledger: Ledger) -> bytes:
        """The value on `stock.ledger`. Raises ValueError for a ledger that was never written (`at` is None)."""
        if ledger.at is None:
            raise ValueError("a ledger says when it was written")
        level = ledger.level_value or None
        if ledger.level is not None and level is None:
            level = self._codec.encode("stock_level", ledger.level)
        value = StockLedger(
            key=sku_key(ledger.sku), sku=ledger.sku, level=level,
            demands=[_open_demand(one) for one in ledger.asked.values()], offers=list(ledger.offers.values()), at=ledger.at,
        )  # fmt: skip
        return self._codec.encode("stock_ledger", value)

    def decode(self, data: bytes | None) -> Ledger:
        """Raises DecodeError."""
        value: StockLedger = self._codec.decode("stock_ledger", data)
        level = self._codec.decode("stock_level", value["level"]) if value["level"] is not None else None
        asked = (_asked(one) for one in value["demands"])
        offers = {(one["channel"], one["account"]): one for one in value["offers"]}
        return Ledger(value["sku"], level, value["level"] or b"", {one.id: one for one in asked}, offers, value["at"])

    def ledger_message(self, topic: str, partition: int, ledger: Ledger, value: bytes) -> Message:
        """To the partition its records came from, where it is looked for."""
        key = sku_key(ledger.sku)
        at = milliseconds(ledger.at) if ledger.at is not None else 0
        content = checksum(value[5:], self._checksum_key)
        headers = Headers(
            event_id("stock.ledger", key, content), SOURCE, "stock_ledger", at, content, "", at, self._environment
        )
        return Message(topic, key.encode(), value, encode_headers(headers), partition)

    def offer_message(self, topic: str, ledger: Ledger, standing: Standing, offer: LastOffer, lane: str) -> Message:
        """What a channel is told. Said again it has the same id, version and checksum: nobody takes it for something new."""
        value = availability(ledger, standing, offer)
        body = self._codec.encode("availability", value)
        facts = {"key": value["key"], "version": offer["version"], "quantity": offer["quantity"]}
        content = checksum(facts, self._checksum_key)
        fetched = milliseconds(offer["caused_at"] or offer["at"])
        headers = Headers(
            event_id(SOURCE, value["key"], content), SOURCE, "availability", offer["version"], content,
            offer["correlation"], fetched, self._environment, lane=lane,
        )  # fmt: skip
        return Message(topic, value["key"].encode(), body, encode_headers(headers))

    def demand_message(self, topic: str, demand: Demand, correlation: str) -> Message:
        """What a kit asks of its part."""
        value = self._codec.encode("demand", demand)
        content = checksum(value[5:], self._checksum_key)
        identity = event_id(demand["source"], demand["key"], content)
        headers = Headers(
            identity, demand["source"], "demand", demand["version"], content, correlation,
            milliseconds(demand["seen_at"]), self._environment,
        )  # fmt: skip
        return Message(topic, demand["key"].encode(), value, encode_headers(headers))


def availability(ledger: Ledger, standing: Standing, offer: LastOffer) -> Availability:
    """The record of what a channel is told."""
    channel, account = standing.channel
    return Availability(
        key=f"stock:{channel}:{account}:{ledger.sku}",
        sku=ledger.sku,
        channel=channel,
        account=account,
        version=offer["version"],
        quantity=offer["quantity"],
        previous=offer["previous"],
        urgent=offer["urgent"],
        why=offer["why"],
        terms=list(standing.now.terms),
        caused_at=offer["caused_at"],
        at=offer["at"],
        category=ledger.level["category"] if ledger.level is not None else "",
    )


def _open_demand(one: Asked) -> OpenDemand:
    return OpenDemand(
        order_key=one.order_key, source=one.source, account=one.account, version=one.version,
        quantity=quantity_text(one.quantity), status=one.status, seen_at=one.seen_at, closed=one.closed, via=one.via,
        ordered_at=one.ordered_at, done=quantity_text(one.done), external=one.external,
    )  # fmt: skip


def _asked(one: OpenDemand) -> Asked:
    return Asked(
        one["order_key"], one["via"], one["source"], one["account"], one["version"], number(one["quantity"]), one["status"],
        one["seen_at"], one["ordered_at"] or one["seen_at"], number(one["done"]), one["closed"],
        one["external"],
    )  # fmt: skip

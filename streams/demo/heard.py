"""What the pipeline says, for the demo's verdict: its ledgers by marketplace, and the newest `listing` record of each item (PRD-2, PRD-4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer

from schemas.codec import Codec, DecodeError
from schemas.records import Listing
from schemas.topics import ENTITIES
from streams.kafka import partitions_of, reader, record_of
from streams.observe.ledger import DEAD, Entry, FlowLedger
from streams.observe.operations import account_of

_POLL_SECONDS = 0.5


class HeardListings:
    """All of them from the beginning, as they come. Belongs to no group and commits nothing.

    newest   key -> the record that came last
    """

    def __init__(self, config: Mapping[str, Any], codec: Codec) -> None:
        self._codec = codec
        self._consumer: Consumer = reader(config)
        self._consumer.assign(partitions_of(self._consumer, config, [ENTITIES["listing"].current]))
        self.newest: dict[str, Listing] = {}

    def listen(self) -> None:
        """Take in what came since the last call."""
        while found := self._consumer.consume(2000, timeout=_POLL_SECONDS):
            for consumed in found:
                if consumed.error() is None and consumed.value() is not None:
                    self._take(consumed)

    def of(self, market: str) -> dict[str, Listing]:
        """SKU -> what was heard of it at this marketplace."""
        return {one["sku"]: one for one in self.newest.values() if one["source"] == market}

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()

    def _take(self, consumed: Any) -> None:
        try:
            listing: Listing = self._codec.decode("listing", record_of(consumed).value)
        except DecodeError:
            return
        self.newest[listing["key"]] = listing


def by_sku(ledger: FlowLedger, market: str) -> dict[str, Entry]:
    """SKU -> what became of it; keys of products and listings end with it. Of listings and items of other marketplaces nothing."""
    return {
        key.rsplit(":", 1)[1]: entry
        for key, entry in ledger.entries.items()
        if key.startswith((f"{market}:", f"listing:{market}:", "sku:"))
    }


def read_of(orders: FlowLedger) -> frozenset[str]:
    """References of the orders the pipeline could read: a delivery was made of each, whatever became of it (held for a SKU, refused by Odoo)."""
    return frozenset(key.rsplit(":", 1)[1] for key, entry in orders.entries.items() if entry.by_destination)


def dead_of(flows: Mapping[str, FlowLedger], market: str) -> dict[str, list[Entry]]:
    """Operation -> what its destination refused for good, of this marketplace."""
    return {
        name: [
            entry
            for entry in ledger.entries.values()
            if entry.state == DEAD and entry.by_destination and account_of(entry.key)[0] == market
        ]
        for name, ledger in flows.items()
    }

"""What the pipeline says of listings: the newest `listing` record of each item, for the demo's verdict (PRD-2, PRD-4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer

from schemas.codec import Codec, DecodeError
from schemas.records import Listing
from schemas.topics import ENTITIES
from streams.kafka import partitions_of, reader, record_of

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

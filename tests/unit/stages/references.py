"""Cross-reference tables without Kafka: what `causeway mapping set sku` would have made."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.record import Record
from streams.failure.mappings import Key, MappingTable, kafka_key, make_entry
from streams.settings import Settings
from tests.unit.failure.samples import codec

MADE = datetime(2026, 2, 1, tzinfo=UTC)
CODEC = codec()


def entry_record(
    key: Key, internal: str | None, *, at: datetime = MADE, offset: int = 0, before: str = "", timestamp_ms: int = 0
) -> Record:
    """A record of the topic; `internal` None takes the entry out."""
    value = None if internal is None else CODEC.encode("mapping", make_entry(key, internal, "ann", at))
    headers = (("before", before.encode()),) if before else ()
    return Record("mappings", 0, offset, timestamp_ms, kafka_key(key), value, headers)


def tables(*entries: tuple[str, str, str, str], at: datetime = MADE) -> MappingTable:
    """(source, account, the source's SKU, Odoo's SKU) each."""
    made = MappingTable(Settings(), CODEC)
    for offset, (source, account, external, internal) in enumerate(entries):
        made.apply(entry_record(("sku", source, account, external), internal, at=at, offset=offset))
    return made

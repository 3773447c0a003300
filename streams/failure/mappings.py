"""The cross-reference tables: what the source calls X is Y in Odoo (ORD-9). Kept in the compacted topic `mappings`, newest entry of each key.

A table loads everything at start and follows the topic in a thread of its own, so an entry made anywhere is known here within moments.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from schemas.codec import Codec, DecodeError
from schemas.record import Message, Record
from schemas.records import Mapping
from schemas.topics import MAPPINGS
from streams.failure.actions import audit_message
from streams.following import Following
from streams.kafka import SyncProducer, read_to_end
from streams.settings import Settings

logger = logging.getLogger(__name__)

BEFORE = "before"  # header: the internal word that the entry had until now
# Those a person can make entries of, whichever connector looks them up. Others, from before kinds were checked, can still be taken out.
KINDS = ("sku", "carrier", "ship_carrier", "settlement-name", "product_category")

Key = tuple[str, str, str, str]  # kind, source, account, external


class MappingError(ValueError):
    """An entry that cannot be stored: says which part is wrong."""


def parse_key(text: str) -> Key | None:
    """`sku:walmart:ACCOUNT:EXTERNAL` -> its four parts; the last may hold colons. None for text of another form."""
    parts = text.split(":", 3)
    if len(parts) != 4 or not (parts[0] and parts[1] and parts[3]):
        return None
    return parts[0], parts[1], parts[2], parts[3]


def kafka_key(key: Key) -> bytes:
    """The record key: `kind:source:account:external`."""
    return ":".join(key).encode()


class MappingTable:
    """Implements `connectors.kit.ports.Mappings`. `start` before use, `close` at the end; `lookup` may be called from any thread.

    changed   called in the following thread after each batch of changes

    `revision` grows with every change; `position` is the offset of the last record taken (the topic has one partition).
    """

    def __init__(self, settings: Settings, codec: Codec, changed: Callable[[], None] | None = None) -> None:
        self._following = Following(settings.kafka.librdkafka(), MAPPINGS, self.apply, changed)
        self._codec = codec
        self._entries: dict[Key, Mapping] = {}
        self._back: dict[tuple[str, str, str], frozenset[Key]] = {}  # kind, source, internal -> the keys that say so
        self.revision = 0
        self.position = -1
        self.unreadable: set[Key] = set()  # whose newest entry cannot be read

    def start(self) -> None:
        """Returns when everything that is in the topic now is loaded. Raises BrokerError when that fails or takes too long."""
        self._following.start()

    def close(self) -> None:
        """Stop following."""
        self._following.close()

    def lookup(self, kind: str, source: str, account: str, external: str) -> str | None:
        """Odoo's word for it: the account's own entry, else the source's, else None."""
        entry = self._entry(kind, source, account, external)
        return entry["internal"] if entry else None

    def externals(self, kind: str, source: str, account: str, internal: str) -> list[str]:
        """The way back: all that the source calls this thing of Odoo, sorted. An account's own entry hides the source's."""
        found = {key[3] for key in self._back.get((kind, source, internal), ()) if key[2] in ("", account)}
        return sorted(word for word in found if self.lookup(kind, source, account, word) == internal)

    def made_at(self, kind: str, source: str, account: str, external: str) -> datetime | None:
        """When the entry that `lookup` answers with was made, None when there is none."""
        entry = self._entry(kind, source, account, external)
        return entry["at"] if entry else None

    def _entry(self, kind: str, source: str, account: str, external: str) -> Mapping | None:
        entries = self._entries
        return entries.get((kind, source, account, external)) or entries.get((kind, source, "", external))

    def knows(self, waiting_for: str) -> bool:
        """Whether there is an entry for what a held record waits for."""
        key = parse_key(waiting_for)
        return key is not None and self.lookup(*key) is not None

    def entries(self) -> list[Mapping]:
        """All entries, sorted by kind, source, account and external."""
        return [entry for _, entry in sorted(self._entries.copy().items())]

    def apply(self, record: Record) -> None:
        """One record of the topic. What cannot be read is logged and left out: one bad entry must not stop orders."""
        key = parse_key((record.key or b"").decode(errors="replace"))
        if key is None:
            logger.error("mapping_unreadable origin=%s detail=key", record.origin)
        elif record.value is None:
            self.unreadable.discard(key)
            self._keep(key, None)
        else:
            try:
                self._keep(key, self._codec.decode("mapping", record.value))
                self.unreadable.discard(key)
            except DecodeError as error:
                self.unreadable.add(key)
                logger.error("mapping_unreadable origin=%s detail=%s", record.origin, error)
        self.revision += 1
        self.position = max(self.position, record.offset)

    def put(self, entry: Mapping) -> None:
        """As if the topic had it already."""
        self._keep((entry["kind"], entry["source"], entry["account"], entry["external"]), entry)

    def _keep(self, key: Key, entry: Mapping | None) -> None:
        """Whole sets are put in place of others: readers are in other threads."""
        before = self._entries.pop(key, None) if entry is None else self._entries.get(key)
        if before is not None:
            said = (key[0], key[1], before["internal"])
            self._back[said] = self._back.get(said, frozenset()) - {key}
        if entry is not None:
            said = (key[0], key[1], entry["internal"])
            self._entries[key] = entry
            self._back[said] = self._back.get(said, frozenset()) | {key}


def read_table(settings: Settings, codec: Codec) -> MappingTable:
    """The tables as they are now, for one look. Raises BrokerError."""
    table = MappingTable(settings, codec)
    for record in read_to_end(settings.kafka.librdkafka(), [MAPPINGS]):
        table.apply(record)
    return table


class MappingDesk:
    """Makes and removes entries, each with an entry in the audit trail."""

    def __init__(self, settings: Settings, codec: Codec) -> None:
        self._codec = codec
        self._producer = SyncProducer(settings.kafka.librdkafka())

    def put(self, key: Key, internal: str, *, actor: str, at: datetime, note: str = "", before: str = "") -> Mapping:
        """Store an entry; it replaces the one with the same key. Raises MappingError, BrokerError."""
        entry = make_entry(key, internal, actor, at)
        self._send(key, self._codec.encode("mapping", entry), "map", actor, at, note, before, internal)
        return entry

    def remove(self, key: Key, *, actor: str, at: datetime, note: str = "", before: str = "") -> None:
        """Take an entry out. Raises BrokerError."""
        self._send(key, None, "unmap", actor, at, note, before, "")

    def close(self) -> None:
        """Let go of the connection."""
        self._producer.close()

    def _send(
        self, key: Key, value: bytes | None, action: str, actor: str, at: datetime, note: str, before: str, after: str
    ) -> None:
        subject = kafka_key(key).decode()
        audit = audit_message(self._codec, action, subject, actor=actor, at=at, note=note, before=before, after=after)
        # Who follows the topic must know whose word it was, to tell that one too (`streams.stages.renamed`).
        entry = Message(MAPPINGS, kafka_key(key), value, ((BEFORE, before.encode()),) if before else ())
        self._producer.send_all([entry, audit])


def make_entry(key: Key, internal: str, actor: str, at: datetime) -> Mapping:
    """An entry. Raises MappingError naming the part that is empty or cannot be part of a key."""
    kind, source, account, external = key
    for name, text in (("kind", kind), ("source", source), ("external word", external), ("internal word", internal)):
        if not text.strip():
            raise MappingError(f"the {name} of a mapping is empty")
    for name, text in (("kind", kind), ("source", source), ("account", account)):
        if ":" in text or text != text.strip():
            raise MappingError(f"the {name} {text!r} of a mapping may hold no colon and no blanks around it")
    return Mapping(kind=kind, source=source, account=account, external=external, internal=internal, actor=actor, at=at)

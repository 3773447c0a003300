"""What a stage knows of each key of its partitions: the records of a compacted topic, kept as they lie there.

Encoded a ledger takes a few hundred bytes, decoded some thousands, and there may be a hundred thousand of them; few are looked at at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from schemas.codec import Codec, DecodeError
from schemas.record import Message, Record

logger = logging.getLogger(__name__)

Ledger = TypeVar("Ledger", bound=Mapping[str, Any])


class Ledgers(Generic[Ledger]):
    """Partition -> key -> ledger. `schema`: the record's name; `topic`: where its newest state of each key lies."""

    def __init__(self, codec: Codec, schema: str, topic: str) -> None:
        self._codec = codec
        self._schema = schema
        self._topic = topic
        self._values: dict[int, dict[str, bytes]] = {}

    def __contains__(self, partition: int) -> bool:
        """Whether the partition is ours."""
        return partition in self._values

    def open(self, partition: int) -> None:
        """The partition is ours; nothing is known of it yet."""
        self._values[partition] = {}

    def drop(self, partition: int) -> None:
        """The partition is not ours any more."""
        self._values.pop(partition, None)

    def learn(self, record: Record) -> None:
        """Takes what the topic says; what cannot be read is logged, and nothing is known of that key."""
        if record.key is None or record.value is None:
            return
        try:
            self._codec.decode(self._schema, record.value)
            self._values[record.partition][record.key.decode()] = record.value
        except (DecodeError, UnicodeDecodeError):
            logger.warning("%s_unreadable origin=%s", self._schema, record.origin)

    def each(self, partition: int) -> Iterator[Ledger]:
        """All of a partition."""
        return (self._codec.decode(self._schema, value) for value in self._values[partition].values())

    def draft(self, partition: int) -> Draft[Ledger]:
        """A view for one chunk; what it changes becomes known by `keep`."""
        return Draft(self._codec, self._schema, self._topic, self._values.setdefault(partition, {}))


class Draft(Generic[Ledger]):
    """The ledgers of a partition as one chunk changes them."""

    def __init__(self, codec: Codec, schema: str, topic: str, values: dict[str, bytes]) -> None:
        self._codec = codec
        self._schema = schema
        self._topic = topic
        self._values = values
        self._changed: dict[str, Ledger] = {}

    def __getitem__(self, key: str) -> Ledger:
        """Raises KeyError."""
        if key in self._changed:
            return self._changed[key]
        return self._codec.decode(self._schema, self._values[key])  # type: ignore[no-any-return]

    def get(self, key: str) -> Ledger | None:
        """What is known of a key."""
        try:
            return self[key]
        except KeyError:
            return None

    def __contains__(self, key: str) -> bool:
        return key in self._changed or key in self._values

    def put(self, key: str, ledger: Ledger) -> None:
        """What is known of the key from now on."""
        self._changed[key] = ledger

    def messages(self) -> list[Message]:
        """What changed, for the topic. Raises EncodeError."""
        return [
            Message(self._topic, key.encode(), self._codec.encode(self._schema, ledger))
            for key, ledger in self._changed.items()
        ]

    def keep(self, written: list[Message]) -> None:
        """These messages, which `messages` gave, are safe: remember them."""
        for message in written:
            self._values[(message.key or b"").decode()] = message.value or b""

"""What is held now, read once: for the command line. The release worker follows the same topics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.codec import Codec, DecodeError
from streams.failure.heldbook import Book, Held
from streams.kafka import read_to_end
from streams.settings import Settings


@dataclass(slots=True)
class HeldReading:
    """What reading the held topics gave. `unreadable`: where records lie that are no failed_record."""

    items: list[Held] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def held_topics(settings: Settings, destination: str = "") -> list[str]:
    """The held topics, or that of one destination."""
    names = [topic.name for topic in settings.topic_table() if topic.name.startswith("held.")]
    return [name for name in names if not destination or name == f"held.{destination}"]


def read_held(
    settings: Settings, codec: Codec, *, destination: str = "", waiting_for: str = "", key: str = "", ids: Iterable[str] = ()
) -> HeldReading:  # fmt: skip
    """Everything held now that fits all that is asked, oldest failure first; `ids` may be beginnings. Raises BrokerError."""
    book, reading, wanted = Book(lambda value: dict(codec.decode("failed_record", value))), HeldReading(), tuple(ids)
    for record in read_to_end(settings.kafka.librdkafka(), held_topics(settings, destination)):
        try:
            book.apply(record)
        except DecodeError:
            reading.unreadable.append(record.origin)
    reading.items = [
        item
        for item in book.all()
        if (not waiting_for or item.waiting_for == waiting_for)
        and (not key or item.failed["key"] == key)
        and (not wanted or any(item.id.startswith(start) for start in wanted))
    ]
    return reading

"""What is dead or held now, by destination, reason and owner (ERR-5). Folding is pure; only `count_failed` reads."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.codec import Codec, DecodeError
from schemas.records import FailedRecord
from streams.failure.dead import read_actions
from streams.failure.superseded import superseded
from streams.observe.flows import FailedByFlow, by_flow
from streams.observe.newest import NewestReader
from streams.settings import Settings

MOST_RECORDS = 20_000


@dataclass(frozen=True, slots=True)
class FailedCount:
    """So many records of one kind wait for somebody. `oldest`: when the first of them failed, aware UTC."""

    state: str
    destination: str
    reason: str
    owner: str
    records: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Failures:
    """All of them. `is_cut`: there are more than were looked at, so the counts are those of the newest only; `unreadable`: not counted."""

    counts: tuple[FailedCount, ...]
    is_cut: bool = False
    unreadable: int = 0


def open_letters(letters: Iterable[FailedRecord], closed: Container[str]) -> list[FailedRecord]:
    """Those that nobody has done anything with (`closed`: ids of the others), each id once, of a state the newest only."""
    found = {letter["id"]: letter for letter in letters}
    replaced = superseded(found.values())
    return [letter for name, letter in found.items() if name not in closed and name not in replaced]


def open_failures(letters: Iterable[FailedRecord], closed: Container[str]) -> list[FailedCount]:
    """How many those are, by state, destination, reason and owner."""
    groups: dict[tuple[str, str, str, str], list[datetime]] = {}
    for letter in open_letters(letters, closed):
        kind = (letter["state"], letter["destination"], letter["reason"], letter["owner"])
        groups.setdefault(kind, []).append(letter["first_failure"])
    return [FailedCount(*kind, len(times), min(times)) for kind, times in sorted(groups.items())]


def count_failed(settings: Settings, codec: Codec, most: int = MOST_RECORDS) -> tuple[Failures, FailedByFlow]:
    """As the topics are now, counted in both ways. Raises BrokerError, RegistryError."""
    config = settings.kafka.librdkafka()
    names = [topic.name for topic in settings.topic_table() if topic.value == "failed_record"]
    letters: dict[tuple[str, bytes], FailedRecord] = {}
    unreadable: set[tuple[str, bytes]] = set()
    reader = NewestReader(config, names, most=most)
    for record in reader.records():
        # Of a held key the newest counts and a tombstone ends it; dead letters of one key are all there.
        identity = record.key or b"" if record.topic.startswith("held.") else record.origin.encode()
        unreadable.discard((record.topic, identity))
        if record.value is None:
            letters.pop((record.topic, identity), None)
            continue
        try:
            letters[record.topic, identity] = codec.decode("failed_record", record.value)
        except DecodeError:
            unreadable.add((record.topic, identity))
    closed = read_actions(settings, codec)
    standing = open_letters(letters.values(), closed)
    counts = tuple(open_failures(standing, ()))
    return Failures(counts, reader.is_cut, len(unreadable)), by_flow(standing, codec)

"""Dead letters: reading all of them with what was done with each, and choosing among them. The records themselves are never changed (ERR-6)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from schemas import topics
from schemas.codec import Codec, DecodeError
from schemas.record import Record
from schemas.records import FailedRecord
from streams.failure.superseded import superseded
from streams.kafka import read_to_end
from streams.settings import Settings

DONE = frozenset({"replayed", "released", "discarded", "edited"})


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: where it lies, its failed_record, what was done with it (a failed_action, None while it waits for a person), and the id of
    the newer letter that stands for it (empty: it counts). `is_overtaken`: see `failure.overtaken`, which marks them."""

    origin: str
    key: bytes | None
    failed: dict[str, Any]
    action: dict[str, Any] | None = None
    superseded_by: str = ""
    is_overtaken: bool = False

    @property
    def id(self) -> str:
        return str(self.failed["id"])

    @property
    def delivery_id(self) -> str:
        """Id of the record that died, as outcomes know it; empty when its headers are lost."""
        return bytes(self.failed["headers"].get("id", b"")).decode(errors="replace")

    @property
    def is_open(self) -> bool:
        """Nobody has done anything with it yet, and no newer one has replaced it."""
        return self.action is None and not self.superseded_by


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters. Empty means any. Ages count from the last failure.

    destination  odoo, walmart, transform, ...      key       natural key, with * and ?
    reason       one of the eight                   text      found in detail, key, operation, origin or what it waits for
    operation    upsert_order, ...                  ids       failed record ids, or their beginnings
    older, newer than this age                      all       also those something was done with, or superseded
    """

    destination: str = ""
    reason: tuple[str, ...] = ()
    operation: str = ""
    key: str = ""
    text: str = ""
    older: timedelta | None = None
    newer: timedelta | None = None
    ids: tuple[str, ...] = ()
    all: bool = False

    def matches(self, letter: Letter, now: datetime) -> bool:
        """Whether this letter is meant."""
        failed = letter.failed
        age = now - failed["last_failure"]
        return (
            (self.all or letter.is_open)
            and (not self.destination or failed["destination"] == self.destination)
            and (not self.reason or failed["reason"] in self.reason)
            and (not self.operation or failed["operation"] == self.operation)
            and (not self.key or fnmatch.fnmatchcase(failed["key"], self.key))
            and (self.older is None or age >= self.older)
            and (self.newer is None or age <= self.newer)
            and (not self.ids or any(letter.id.startswith(wanted) for wanted in self.ids))
            and (not self.text or self._has_text(failed))
        )

    @property
    def is_empty(self) -> bool:
        """Nothing is asked for in particular, so that it means everything."""
        return not self.as_json()

    def as_json(self) -> dict[str, Any]:
        """What is set, for plans and reports."""
        return {name: _as_json(value) for name, value in asdict(self).items() if value}

    def _has_text(self, failed: dict[str, Any]) -> bool:
        places = ("detail", "key", "operation", "origin", "waiting_for", "correlation", "id")
        return any(self.text.casefold() in failed[place].casefold() for place in places)


@dataclass(slots=True)
class Reading:
    """What reading the dead letters gave. `unreadable`: where records lie that are no failed_record; `superseded`: how many more there would be."""

    letters: list[Letter] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    superseded: int = 0


def dead_topics(settings: Settings, destination: str = "") -> list[str]:
    """The dead-letter topics, or that of one destination together with where homeless records go."""
    names = [
        topic.name
        for topic in settings.topic_table()
        if topic.value == "failed_record" and topic.name.startswith("dead.")
    ]
    wanted = (topics.dead(destination), topics.dead("transform"))
    return [name for name in names if not destination or name in wanted]


def read_dead(settings: Settings, codec: Codec, wanted: Filter, now: datetime) -> Reading:
    """All dead letters the filter means, oldest failure first. Raises BrokerError."""
    actions = read_actions(settings, codec)
    since = None if wanted.newer is None else int((now - wanted.newer).timestamp() * 1000)
    config = settings.kafka.librdkafka()
    reading = Reading()
    records = read_to_end(config, dead_topics(settings, wanted.destination), since_ms=since)
    letters = list(_letters(codec, records, actions, reading.unreadable))
    replaced = superseded(cast("FailedRecord", letter.failed) for letter in letters)
    for letter in letters:
        found = replace(letter, superseded_by=replaced.get(letter.id, ""))
        if wanted.matches(found, now):
            reading.letters.append(found)
        elif found.superseded_by and wanted.matches(letter, now):
            reading.superseded += 1
    reading.letters.sort(key=lambda letter: letter.failed["last_failure"])
    return reading


def read_actions(settings: Settings, codec: Codec) -> dict[str, dict[str, Any]]:
    """Failed record id -> the last thing done with it. Raises BrokerError."""
    actions: dict[str, dict[str, Any]] = {}
    for record in read_to_end(settings.kafka.librdkafka(), [topics.FAILED_ACTIONS]):
        failed_id = (record.key or b"").decode(errors="replace")
        if record.value is None:
            actions.pop(failed_id, None)
            continue
        try:
            actions[failed_id] = codec.decode("failed_action", record.value)
        except DecodeError:
            continue  # an action nobody can read has not happened
    return actions


def _letters(
    codec: Codec, records: Iterable[Record], actions: dict[str, dict[str, Any]], unreadable: list[str]
) -> Iterator[Letter]:
    seen: set[str] = set()
    for record in records:
        try:
            failed = codec.decode("failed_record", record.value)
        except DecodeError:
            unreadable.append(record.origin)
            continue
        if failed["id"] not in seen:  # a repeated piece of work dies again under the same id
            seen.add(failed["id"])
            yield Letter(record.origin, record.key, failed, actions.get(failed["id"]))


def _as_json(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return list(value) if isinstance(value, tuple) else value


def parse_age(text: str) -> timedelta:
    """`90s`, `15m`, `36h`, `7d` -> the age. Raises ValueError saying what is allowed."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if not found:
        raise ValueError(f"{text!r} is not an age: write a number and s, m, h or d, for example 36h")
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return timedelta(**{unit: int(found[1])})

"""Which records are held, and which of them may be released now. Pure: the clock is passed in, epoch seconds.

A tombstone names the failed record it is for (header `failed_id`). A newer held record of the same key may have been written just before the
tombstone of the older one; Kafka's compaction would drop it, so whoever follows the topic writes it again (`Book.apply`).

A record is released when what it waits for exists. If it is held again for the same, the destination and our tables disagree: the next
release waits longer each time, from the check interval doubling up to an hour, so it is neither lost nor sent round in circles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from schemas.record import Message, RawHeaders, Record
from streams.failure.due import Place

FAILED_ID = "failed_id"
_LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Held:
    """One held record. `failed` is its failed_record, `topic` and `key` where it is held."""

    topic: str
    key: bytes
    failed: dict[str, Any]
    origin: Record

    @property
    def id(self) -> str:
        return str(self.failed["id"])

    @property
    def waiting_for(self) -> str:
        return str(self.failed["waiting_for"])


class Book:
    """The held records of the partitions one worker owns."""

    def __init__(self, decode: Callable[[bytes | None], dict[str, Any]]) -> None:
        self._decode = decode
        self._held: dict[Place, dict[bytes, Held]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._held.values()))

    def apply(self, record: Record) -> Message | None:
        """One record of a held topic. The answer is what must be written again, if anything. Raises DecodeError for an unreadable one."""
        place, key = (record.topic, record.partition), record.key or b""
        held = self._held.setdefault(place, {})
        if record.value is not None:
            held[key] = Held(record.topic, key, self._decode(record.value), record)
            return None
        found = held.get(key)
        meant = dict(record.headers).get(FAILED_ID, b"").decode(errors="replace")
        if found is not None and meant and found.id != meant:
            return Message(found.topic, found.key, found.origin.value, found.origin.headers)
        held.pop(key, None)
        return None

    def forget(self, places: Iterable[Place]) -> None:
        """These partitions are no longer ours."""
        for place in places:
            self._held.pop(place, None)

    def all(self) -> list[Held]:
        """Everything held, oldest failure first."""
        return sorted(
            (item for held in self._held.values() for item in held.values()),
            key=lambda item: item.failed["first_failure"],
        )

    def remove(self, items: Iterable[Held]) -> None:
        """Released; their tombstones are written."""
        for item in items:
            held = self._held.get((item.topic, item.origin.partition), {})
            if item.key in held and held[item.key].id == item.id:
                del held[item.key]

    def releasable(self, now: float, check_seconds: float) -> dict[tuple[str, str], list[Held]]:
        """What may be released as soon as what it waits for exists, by destination and what that is."""
        found: dict[tuple[str, str], list[Held]] = {}
        for item in self.all():
            if item.waiting_for and not_before(item.failed, check_seconds) <= now:
                found.setdefault((item.failed["destination"], item.waiting_for), []).append(item)
        return found


def not_before(failed: dict[str, Any], check_seconds: float) -> float:
    """When a held record may be released by itself, epoch seconds: the first time at once, then later and later."""
    if not failed["replays"]:
        return 0.0
    wait: float = min(check_seconds * 2.0 ** min(failed["replays"], 20), _LONGEST_WAIT_SECONDS)
    failed_at: float = failed["last_failure"].timestamp()
    return failed_at + wait


def original(failed: dict[str, Any], again: Callable[[RawHeaders], RawHeaders]) -> Message:
    """The record as it was before it was held or dead, for its target. `again` marks the headers as sent again."""
    return Message(
        failed["target"], str(failed["key"]).encode(), failed["value"], again(tuple(failed["headers"].items()))
    )


def tombstone(item: Held) -> Message:
    """Ends the holding of exactly this record."""
    return Message(item.topic, item.key, None, ((FAILED_ID, item.id.encode()),))

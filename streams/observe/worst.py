"""The worst of where the deliveries of one thing stand now: what a heading says, so that nobody reads "waiting" over a dead letter. Pure.

Outcomes say what destinations answered; dead and held records, and what people did with them, say what came after, or what no outcome tells of:

    dead, held      as outcomes say, while nothing was done with the letter; or a letter that no outcome came after
    retrying        in a retry tier; or sent back by a person, and not answered yet
    waiting         on its way, or for a job at the destination
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.records import FailedRecord, Outcome
from schemas.topics import STAGES
from streams.failure.superseded import subject_of, superseded
from streams.observe.ledger import APPLIED, DEAD, EXCLUDED, HELD, ON_ITS_WAY, SHADOW, WAITING, Entry
from streams.observe.operations import operation_for, operation_of

RETRYING, DISCARDED, EDITED = "retrying", "discarded", "edited"
TROUBLES = (DEAD, HELD, RETRYING, WAITING)  # the worst first
_OTHERS = (SHADOW, EXCLUDED, DISCARDED, APPLIED, EDITED)
_DONE: Mapping[str, str] = {
    "replayed": RETRYING,
    "released": RETRYING,
    "discarded": DISCARDED,
    "edited": EDITED,
}


@dataclass(frozen=True, slots=True)
class Stuck:
    """A failed record that no outcome came after. `state`: dead or held while it waits for a person, else what that person did."""

    operation: str
    state: str
    reason: str
    key: str


def worst(words: Iterable[str]) -> str:
    """The worst of several; empty of none."""
    found = set(words)
    return next((word for word in (*TROUBLES, *_OTHERS) if word in found), "")


class After:
    """What destinations said: the last moment of each delivery, each correlation, and each state with its version."""

    def __init__(self) -> None:
        self._at: dict[str, datetime] = {}
        self._versions: dict[tuple[str, str], tuple[int, datetime]] = {}

    def add(self, outcome: Outcome) -> None:
        """One more, in the order of each key."""
        if outcome["destination"] in STAGES:
            return
        for name in filter(None, (outcome["id"], outcome["correlation"])):
            self._at[name] = max(outcome["at"], self._at.get(name, outcome["at"]))
        subject, told = (operation_of(outcome), outcome["key"]), (outcome["version"], outcome["at"])
        self._versions[subject] = max(told, self._versions.get(subject, told))

    def overtook(self, letter: FailedRecord) -> bool:
        """Whether a destination said something of what the letter is about since it died: outcomes tell more than the letter then."""
        names = [_header(letter, "id")] + ([letter["correlation"]] if letter["destination"] in STAGES else [])
        if any(self._at[name] > letter["last_failure"] for name in names if name in self._at):
            return True
        subject = subject_of(letter)
        version, at = self._versions.get((_operation(letter), letter["key"]), (-1, letter["last_failure"]))
        return subject is not None and version >= letter["version"] and at > letter["last_failure"]


class Letters:
    """The failed records of one thing; `actions`: id of such a record -> what was done with it last."""

    def __init__(self, letters: Collection[FailedRecord], actions: Mapping[str, str]) -> None:
        replaced = superseded(letters)
        newest: dict[str, FailedRecord] = {}  # of a delivery that was sent back and died again the last letter counts
        for letter in sorted(letters, key=lambda one: one["last_failure"]):
            if letter["id"] not in replaced:
                newest[_header(letter, "id") or letter["id"]] = letter
        self._newest = newest
        self._actions = actions

    def word(self, entry: Entry) -> str:
        """Where a delivery stands now."""
        if entry.is_discarded:
            return DISCARDED
        if entry.state == WAITING:
            return WAITING if entry.job or entry.reason in ("", ON_ITS_WAY) else RETRYING
        letter = self._newest.get(entry.id) if entry.state in (DEAD, HELD) else None
        return self._now(letter) if letter is not None else entry.state

    def stuck(self, after: After) -> list[Stuck]:
        """Those that no outcome came after."""
        return [
            Stuck(letter["operation"], self._now(letter), letter["reason"], letter["key"])
            for letter in self._newest.values()
            if not after.overtook(letter)
        ]

    def _now(self, letter: FailedRecord) -> str:
        return _DONE.get(self._actions.get(letter["id"], ""), letter["state"])


def _operation(letter: FailedRecord) -> str:
    return operation_for(letter["operation"], _header(letter, "entity"), _header(letter, "source"))


def _header(letter: FailedRecord, name: str) -> str:
    return bytes(letter["headers"].get(name, b"")).decode(errors="replace")

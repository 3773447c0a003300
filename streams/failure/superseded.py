"""Dead letters that a newer one of the same thing has replaced: of a state only the newest letter counts. Pure.

The same fault of the same price, product or order comes again with every change and every resync, each time as a letter of its own. Of letters
about one key, operation and destination the newest version stands for all, of one version the last; the older ones are superseded: not counted,
not shown without asking, and never replayed over the newer. Letters never change (ERR-6): this is how they are read.

Commands happen once each, and so do demands, outcomes and wishes to pollers: each of their letters counts. But what goes to a supplier says how a
purchase order stood: of its commands, whichever they are, only the newest letter counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from schemas.records import FailedRecord
from schemas.topics import DEMAND, OUTCOMES, POLL_COMMANDS
from streams.observe.operations import OPERATIONS, operation_for
from streams.stages.rules import CANCEL_PURCHASE, CREATE_PURCHASE

POLL = "poll"  # what pollers report is about pages and single answers, not about states
_HAPPEN_ONCE = frozenset({DEMAND, OUTCOMES, POLL_COMMANDS})
STATED = frozenset({CREATE_PURCHASE, CANCEL_PURCHASE})

Subject = tuple[str, str, str]
Rank = tuple[int, datetime]
Kind = tuple[str, str, str]


def subject_of(letter: FailedRecord) -> Subject | None:
    """Destination, operation and key of the state a letter is about, the operation empty for any of them; None when it counts by itself."""
    entity, source = (bytes(letter["headers"].get(name, b"")).decode(errors="replace") for name in ("entity", "source"))
    if not entity or letter["state"] != "dead" or letter["operation"] == POLL or letter["target"] in _HAPPEN_ONCE:
        return None
    operation = operation_for(letter["operation"], entity, source)
    if operation in STATED:
        return letter["destination"], "", letter["key"]
    if not operation or OPERATIONS[operation]:
        return None
    return letter["destination"], operation, letter["key"]


def rank_of(letter: FailedRecord) -> Rank:
    """The higher is the newer."""
    return letter["version"], letter["last_failure"]


def superseded(letters: Iterable[FailedRecord]) -> dict[str, str]:
    """Id of each superseded letter -> id of the one that stands for it. Of equals the last given counts."""
    subjects: dict[Subject, dict[str, Rank]] = {}
    for letter in letters:
        subject = subject_of(letter)
        if subject is not None:
            subjects.setdefault(subject, {})[letter["id"]] = rank_of(letter)
    found = {}
    for ranks in subjects.values():
        newest = max(reversed(ranks), key=ranks.__getitem__)
        found.update(dict.fromkeys((one for one in ranks if one != newest), newest))
    return found


class OpenLetters:
    """The dead letters that wait for a person, followed as letters and actions come. Holds one short entry for each that counts."""

    def __init__(self) -> None:
        self._standing: dict[Subject | str, tuple[Rank, str, Kind]] = {}
        self._closed: set[str] = set()

    def add(self, letter: FailedRecord) -> None:
        """One more letter."""
        subject = subject_of(letter) or letter["id"]
        kind = (letter["destination"], letter["reason"], letter["owner"])
        before = self._standing.get(subject)
        if before is None or rank_of(letter) >= before[0]:
            self._standing[subject] = rank_of(letter), letter["id"], kind

    def act(self, failed_id: str, *, is_done: bool) -> None:
        """Something was done with a letter, or what was done is forgotten."""
        (self._closed.add if is_done else self._closed.discard)(failed_id)

    def counts(self) -> Counter[Kind]:
        """(destination, reason, owner) -> how many."""
        return Counter(kind for _, failed_id, kind in self._standing.values() if failed_id not in self._closed)

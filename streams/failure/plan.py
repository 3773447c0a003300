"""A replay plan: which dead letters go back where, and which do not and why. A file one can read, keep and hand to somebody. Pure.

A letter is not replayed when

- something was done with it already (replayed, edited, discarded): it would go twice
- a newer letter of the same state stands for it: what it brings would be old
- it has been replayed `loop_limit` times and died each time: replaying does not mend it (`force` overrules only this)
- its record cannot go back: no value, no such topic, or a topic of another destination (ERR-6: to the failed destination only)
- its headers are lost: no stage can read it; edit it instead
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from schemas.checksum import event_id
from schemas.headers import decode_headers
from schemas.topics import DESTINATIONS
from streams.failure.dead import Filter, Letter

LOOP_LIMIT = 3
FORMAT = "causeway replay plan 1"
_NEVER_TARGETS = ("retry.", "dead.", "held.")


class PlanError(ValueError):
    """A file that is no plan: says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One letter of a plan. `problem` empty = it will be replayed."""

    failed_id: str
    delivery_id: str
    destination: str
    operation: str
    key: str
    target: str
    reason: str
    attempts: int
    replays: int
    last_failure: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be replayed. `id` is written to every action of it."""

    id: str
    made_at: str
    made_by: str
    filter: dict[str, Any]
    entries: tuple[Entry, ...]

    @property
    def replayable(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.problem]

    def as_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {
            "format": FORMAT, "id": self.id, "made_at": self.made_at, "made_by": self.made_by, "filter": self.filter,
            "records": len(self.entries), "replayable": len(self.replayable), "entries": [asdict(entry) for entry in self.entries],
        }  # fmt: skip


def make_plan(
    letters: Iterable[Letter], known_topics: Iterable[str], wanted: Filter, *, by: str, at: datetime, force: bool = False,
    loop_limit: int = LOOP_LIMIT,
) -> Plan:  # fmt: skip
    """A plan of these letters, in their order."""
    known = frozenset(known_topics)
    entries = tuple(_entry(letter, problem_of(letter, known, force, loop_limit)) for letter in letters)
    content = "\n".join(entry.failed_id for entry in entries)
    return Plan(event_id("plan", by + content, at.isoformat())[:12], at.isoformat(), by, wanted.as_json(), entries)


def parse_plan(text: str) -> Plan:
    """A plan from its file. Raises PlanError."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise PlanError(f"this is no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise PlanError(f"this is no replay plan: its format is not {FORMAT!r}")
    try:
        entries = tuple(Entry(**entry) for entry in content["entries"])
        return Plan(content["id"], content["made_at"], content["made_by"], content["filter"], entries)
    except (TypeError, KeyError) as error:
        raise PlanError(f"this is no replay plan: {error}") from error


def problem_of(letter: Letter, known_topics: frozenset[str], force: bool = False, loop_limit: int = LOOP_LIMIT) -> str:
    """Why a letter is not replayed; empty when it is."""
    failed = letter.failed
    if letter.action is not None:
        return (
            f"{letter.action['action']} already by {letter.action['actor']} at {letter.action['at']:%Y-%m-%d %H:%M:%S}Z"
        )
    if letter.superseded_by:
        return superseded_words(letter)
    if failed["value"] is None:
        return "its value is not kept (a tombstone, or too large)"
    if problem := target_problem(failed["destination"], failed["target"], known_topics):
        return problem
    try:
        decode_headers(tuple(failed["headers"].items()))
    except ValueError as error:
        return f"{error}: edit it, or mend its source"
    if failed["replays"] >= loop_limit and not force:
        return f"replayed {failed['replays']} times already and failed each time (--force replays it all the same)"
    return ""


def superseded_words(letter: Letter) -> str:
    """Why a letter that is not the newest of its state goes nowhere."""
    return f"superseded by {letter.superseded_by[:12]}, a newer dead letter of the same key and operation"


def target_problem(destination: str, target: str, known_topics: frozenset[str]) -> str:
    """Why a record of that destination may not go to that topic; empty when it may."""
    if target not in known_topics or target.startswith(_NEVER_TARGETS):
        return f"there is no topic {target!r} to go back to"
    if destination in DESTINATIONS and not target.startswith(f"deliver.{destination}."):
        return f"{target} is not a topic of {destination}, which could not take it"
    if destination not in DESTINATIONS and target.startswith("deliver."):
        return f"{target} belongs to a destination, but it failed in {destination}"
    return ""


def _entry(letter: Letter, problem: str) -> Entry:
    failed = letter.failed
    return Entry(
        failed_id=letter.id,
        delivery_id=letter.delivery_id,
        destination=failed["destination"],
        operation=failed["operation"],
        key=failed["key"],
        target=failed["target"],
        reason=failed["reason"],
        attempts=failed["attempts"],
        replays=failed["replays"],
        last_failure=failed["last_failure"].isoformat(),
        problem=problem,
    )

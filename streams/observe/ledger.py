"""The ledger: what became of every order, folded from the outcome events. Pure.

    in = applied + held + excluded + dead (+ waiting, which is zero once all is quiet)

How the outcomes of one key add up, whatever the order of versions:

    what Odoo said counts before what the transform said; the last word counts
    `stale` says that Odoo holds something newer: it changes nothing that is known, and counts as applied when nothing is
    a payload that could not be mapped is `dead` only while nothing better is known of that order (the next poll brings a good one)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.records import Outcome

APPLIED, HELD, EXCLUDED, DEAD, WAITING = "applied", "held", "excluded", "dead", "waiting"
_WORDS = {
    "applied": APPLIED,
    "already_applied": APPLIED,
    "held": HELD,
    "excluded": EXCLUDED,
    "dead": DEAD,
    "discarded": DEAD,
    "retry": WAITING,
    "replayed": WAITING,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one order stands. `reason` says why it is not applied."""

    key: str
    state: str
    reason: str = ""
    detail: str = ""
    remote_id: str = ""
    attempt: int = 1
    by_destination: bool = False


class Ledger:
    """Orders by key. Feed it outcomes in the order of each key."""

    def __init__(self, destination: str = "odoo", operation: str = "upsert_order") -> None:
        self._destination = destination
        self._operation = operation
        self.entries: dict[str, Entry] = {}
        self.acknowledged: set[str] = set()
        self.retried: set[str] = set()

    def add(self, outcome: Outcome) -> None:
        """Take one outcome into account."""
        key, result = outcome["key"], outcome["result"]
        if outcome["operation"] == "acknowledge_order" and _WORDS.get(result) == APPLIED:
            self.acknowledged.add(key)
        mine = outcome["destination"] == self._destination and outcome["operation"] in (self._operation, "")
        if not mine and outcome["destination"] != "transform":
            return
        if result == "retry":
            self.retried.add(key)
        before = self.entries.get(key)
        if result == "stale":
            if before is None or not before.by_destination:
                self.entries[key] = Entry(key, APPLIED, by_destination=True)
            return
        if not mine and before is not None and before.by_destination:
            return
        state = _WORDS.get(result)
        if state == DEAD and not mine and before is not None:
            return
        if state is not None:
            self.entries[key] = Entry(
                key, state, outcome["reason"], outcome["detail"],
                outcome["remote_id"] or (before.remote_id if before else ""), outcome["attempt"], mine,
            )  # fmt: skip

    def counts(self, keys: Iterable[str] | None = None) -> dict[str, int]:
        """State -> how many orders, all states named; of these keys only, when given (a key nobody spoke of counts as waiting)."""
        wanted = self.entries if keys is None else keys
        found = Counter(entry.state if (entry := self.entries.get(key)) else WAITING for key in wanted)
        return {state: found.get(state, 0) for state in (APPLIED, HELD, EXCLUDED, DEAD, WAITING)}

    def reasons(self, state: str) -> dict[str, int]:
        """Reason -> how many orders in that state."""
        return dict(Counter(entry.reason for entry in self.entries.values() if entry.state == state))

"""Ledgers: what became of everything, flow by flow, folded from the outcome events. Pure.

    in = applied + held + excluded + dead + shadow (+ waiting, which is zero once all is quiet)

Of states (orders, stock, prices ...) a ledger has one entry for each key, of commands (shipments, refunds ...) one for each delivery. How the
outcomes of one entry add up, whatever the order of versions:

    what the destination said counts before what was decided on the way there
    of two versions the newer counts, of one version the last word
    `stale` says that the destination holds something newer: it changes nothing that is known, and counts as applied when nothing is; what
    waited for a retry or a job, or was in shadow, need not be waited for any more
    a payload that could not be mapped is `dead` only while nothing better is known of it (the next poll brings a good one)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.kit.jobs import parse
from schemas.records import Outcome
from streams.observe.operations import OPERATIONS, account_of, operation_of, whose
from streams.stages.rules import ACKNOWLEDGE_ORDER, UPSERT_ORDER, Channel

APPLIED, HELD, EXCLUDED, DEAD, SHADOW, WAITING = "applied", "held", "excluded", "dead", "shadow", "waiting"
STATES = (APPLIED, HELD, EXCLUDED, DEAD, SHADOW, WAITING)
_WORDS = {
    "applied": APPLIED,
    "already_applied": APPLIED,
    "held": HELD,
    "excluded": EXCLUDED,
    "dead": DEAD,
    "discarded": DEAD,
    "shadow": SHADOW,
    "retry": WAITING,
    "replayed": WAITING,
    "submitted": WAITING,
}
ON_ITS_WAY = "on its way"  # the reason of what waits without an outcome
_ON_THE_WAY = ("transform",)  # stages that speak of what has not become a delivery


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one thing stands. `reason` says why it is not applied.

    id       of the newest delivery
    key      of the delivery; of a command the order's
    job      what the destination is doing, for example `feed:ID`, while it waits for that; `since` when it was first told so
    channel  whose account it is about
    is_discarded  a person decided that it is not delivered: it counts as dead
    """

    key: str
    state: str
    reason: str = ""
    detail: str = ""
    remote_id: str = ""
    attempt: int = 1
    by_destination: bool = False
    id: str = ""
    version: int = 0
    job: str = ""
    since: datetime | None = None
    channel: Channel = ("", "")
    is_discarded: bool = False


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job at a destination that is not over: how many deliveries wait for it, since when (aware UTC)."""

    job: str
    records: int
    since: datetime


class FlowLedger:
    """What became of one operation. Feed it outcomes in the order of each key; those of other operations are passed over.

    entries    key -> entry; of commands delivery id -> entry
    retried    the same names, of all that needed a retry
    """

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.is_command = OPERATIONS.get(operation, False)
        self.entries: dict[str, Entry] = {}
        self.retried: set[str] = set()
        self._unmapped: dict[str, str] = {}  # correlation -> the name of what has not become a delivery
        self._delivered: set[str] = set()  # correlations of which there are deliveries

    def add(self, outcome: Outcome) -> None:
        """Take one outcome into account."""
        if operation_of(outcome) != self.operation:
            return
        if outcome["destination"] in _ON_THE_WAY:
            self._add_early(outcome)
        else:
            self._add_delivered(outcome)

    def expect(self, names: Iterable[str]) -> int:
        """These are on their way: those that no outcome spoke of yet wait. How many those are."""
        new = {
            name: Entry(name, WAITING, ON_ITS_WAY, channel=account_of(name))
            for name in names
            if name not in self.entries
        }
        self.entries |= new
        return len(new)

    def counts(self, keys: Iterable[str] | None = None) -> dict[str, int]:
        """State -> how many, all states named; of these names only, when given (one that nobody spoke of counts as waiting)."""
        wanted = self.entries if keys is None else keys
        found = Counter(entry.state if (entry := self.entries.get(key)) else WAITING for key in wanted)
        return {state: found.get(state, 0) for state in STATES}

    def reasons(self, state: str) -> dict[str, int]:
        """Reason -> how many in that state."""
        return dict(Counter(entry.reason for entry in self.entries.values() if entry.state == state))

    def jobs(self, account: Channel | None = None) -> list[OpenJob]:
        """Jobs at the destination that are not over, oldest first; of this account only, when given."""
        found: dict[str, list[datetime]] = {}
        for entry in self.entries.values():
            if entry.job and entry.since and account in (None, entry.channel):
                found.setdefault(entry.job, []).append(entry.since)
        return sorted((OpenJob(job, len(times), min(times)) for job, times in found.items()), key=lambda one: one.since)

    def _add_early(self, outcome: Outcome) -> None:
        """A payload that could not be mapped, or a record that is not to be imported."""
        name, state = outcome["key"], _WORDS.get(outcome["result"])
        before = self.entries.get(name)
        if (before is not None and before.by_destination) or outcome["correlation"] in self._delivered or state is None:
            return
        if state == DEAD and before is not None:
            return
        self.entries[name] = _entry(outcome, state, before, by_destination=False)
        if outcome["correlation"]:
            self._unmapped[outcome["correlation"]] = name

    def _add_delivered(self, outcome: Outcome) -> None:
        name, result = outcome["id"] if self.is_command else outcome["key"], outcome["result"]
        if outcome["correlation"]:
            self._delivered.add(outcome["correlation"])
            self._forget_unmapped(outcome["correlation"], name)
        if result == "retry":
            self.retried.add(name)
        before = self.entries.get(name)
        known = before is not None and before.by_destination
        if before is not None and known and outcome["version"] < before.version:
            return
        state = _WORDS.get(result)
        if result == "stale" and (before is None or not known or before.state in (WAITING, SHADOW)):
            state = APPLIED
        if state is not None:
            self.entries[name] = _entry(outcome, state, before, by_destination=True)

    def _forget_unmapped(self, correlation: str, name: str) -> None:
        """Something came of it after all, under a name of its own."""
        early = self._unmapped.pop(correlation, name)
        if early != name and early in self.entries and not self.entries[early].by_destination:
            del self.entries[early]


class Ledger(FlowLedger):
    """Orders at Odoo by key, and which of them the marketplace was told of."""

    def __init__(self, destination: str = "odoo", operation: str = UPSERT_ORDER) -> None:
        super().__init__(operation)
        self._destination = destination
        self.acknowledged: set[str] = set()

    def add(self, outcome: Outcome) -> None:
        """Take one outcome into account."""
        if outcome["operation"] == ACKNOWLEDGE_ORDER and _WORDS.get(outcome["result"]) == APPLIED:
            self.acknowledged.add(outcome["key"])
        if outcome["destination"] in (self._destination, *_ON_THE_WAY) or outcome["result"] in ("shadow", "excluded"):
            super().add(outcome)

    def counts(self, keys: Iterable[str] | None = None) -> dict[str, int]:
        """As of every flow; `shadow` is named only when there are any."""
        return {state: count for state, count in super().counts(keys).items() if count or state != SHADOW}


class Ledgers:
    """A ledger for each operation, for following all outcomes at once."""

    def __init__(self) -> None:
        self.flows: dict[str, FlowLedger] = {operation: FlowLedger(operation) for operation in OPERATIONS}

    def add(self, outcome: Outcome) -> None:
        """Take one outcome into account."""
        if (ledger := self.flows.get(operation_of(outcome))) is not None:
            ledger.add(outcome)


def ledgers(outcomes: Iterable[Outcome]) -> dict[str, FlowLedger]:
    """Operation -> its ledger, of all operations of the pipeline; `outcomes` in the order of each key."""
    made = Ledgers()
    for outcome in outcomes:
        made.add(outcome)
    return made.flows


def _entry(outcome: Outcome, state: str, before: Entry | None, *, by_destination: bool) -> Entry:
    job = _job(outcome["job"]) if outcome["result"] == "submitted" else ""
    since = before.since if before is not None and before.job == job else outcome["at"]
    return Entry(
        outcome["key"], state, outcome["reason"], outcome["detail"], outcome["remote_id"] or (before.remote_id if before else ""),
        outcome["attempt"], by_destination, outcome["id"], outcome["version"], job, since if job else None,
        whose(operation_of(outcome), outcome["key"], outcome["destination"], outcome["source"], outcome["account"]),
        outcome["result"] == "discarded",
    )  # fmt: skip


def _job(name: str) -> str:
    """What runs at the destination, without how this delivery is bound to it."""
    job = parse(name)
    return (job.remote or job.how) if job else ""

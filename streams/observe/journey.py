"""The journey of one order, product or other thing: records of all topics -> what happened, in words, in order, and where it stands. Pure.

Its records may have other keys than its own: an order's shipments, cancellations, refunds and returns have keys of Odoo or of the return.
`trace` finds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas.codec import Codec, DecodeError
from schemas.masking import mask_text
from schemas.record import Record
from schemas.records import FailedRecord
from schemas.topics import FAILED_ACTIONS, OUTCOMES, PRICE_LEDGER, STOCK_LEDGER, SUPPLY_LEDGER
from streams.observe.ledger import APPLIED, Entry, Ledgers
from streams.observe.operations import is_order
from streams.observe.telling import DAMAGED, FETCHED, RANK, header_of, teller_of
from streams.observe.worst import TROUBLES, After, Letters, Stuck, worst
from streams.stages.rules import ACKNOWLEDGE_ORDER, UPSERT_ORDER

_MEMORIES = (STOCK_LEDGER, PRICE_LEDGER, SUPPLY_LEDGER)  # of what a stage remembers only the newest says something


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `at`: aware UTC; `origin`: where it is written; `facts`: the same for machines."""

    at: datetime
    kind: str
    text: str
    origin: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    record: Record | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one delivery of it stands: as outcomes say, and `word` with what people did since."""

    operation: str
    entry: Entry
    word: str


@dataclass(frozen=True, slots=True)
class Journey:
    """All of it, earliest first. `standings`: every delivery it led to, in the order of the first outcomes of each operation; `stuck`: failed
    records; `unreadable`: outcomes that cannot be read, so where it stands may be wrong."""

    key: str
    steps: tuple[Step, ...]
    standings: tuple[Standing, ...]
    correlations: tuple[str, ...]
    unreadable: int = 0
    stuck: tuple[Stuck, ...] = ()

    @property
    def standing(self) -> Entry | None:
        """Of an order: at Odoo. Of what led to one delivery: there. None: no outcome yet, or several."""
        return self._own.entry if self._own else None

    @property
    def state(self) -> str:
        """In one word: the worst there is now, of everything it led to; where nothing is wrong, what became of the thing itself. `unknown` when there
        are outcomes and none could be read."""
        found = worst([*(one.word for one in self.standings), *(one.state for one in self.stuck)])
        if found in TROUBLES:
            return found
        if self._own is not None:
            return self._own.word
        if self.unreadable:
            return "unknown"
        if self.standings and not is_order(self.key):
            return found
        return worst(one.state for one in self.stuck) or "waiting"

    @property
    def reason(self) -> str:
        """Why it is in that state; empty where nobody said."""
        said = [(one.word, one.entry.reason) for one in ([self._own] if self._own else []) + list(self.standings)]
        said += [(one.state, one.reason) for one in self.stuck]
        return next((reason for word, reason in said if word == self.state), "")

    @property
    def where(self) -> list[str]:
        """What of it is in that state, where that is not the thing itself."""
        if self.state not in TROUBLES or (self._own is not None and self._own.word == self.state):
            return []
        told = [one.operation for one in self.standings if one.word == self.state]
        return list(dict.fromkeys(told or [one.operation for one in self.stuck if one.state == self.state]))

    @property
    def _own(self) -> Standing | None:
        own = [one for one in self.standings if one.operation == UPSERT_ORDER and one.entry.key == self.key]
        if own:
            return own[0]
        return self.standings[0] if len(self.standings) == 1 and not is_order(self.key) else None

    @property
    def acknowledged(self) -> bool:
        """Whether the marketplace was told of the order."""
        return any(one.operation == ACKNOWLEDGE_ORDER and one.entry.state == APPLIED for one in self.standings)

    @property
    def remote_id(self) -> str:
        """Its id in Odoo, empty while it has none."""
        return self.standing.remote_id if self.standing else ""


def journey_of(key: str, records: Iterable[Record], codec: Codec) -> Journey:
    """`records`: everything that belongs to it, and the actions on its failed records; others are the caller's to leave out."""
    kept = sorted(
        _newest_memories(records),
        key=lambda record: (record.timestamp_ms, record.topic, record.partition, record.offset),
    )
    ledgers, after, unreadable = Ledgers(), After(), 0
    for record in kept:
        if record.topic == OUTCOMES:
            outcome = _decoded(codec, "outcome", record)
            unreadable += outcome is None
            if outcome is not None:
                ledgers.add(outcome)
                after.add(outcome)
    letters = _letters(kept, codec)
    standings = [
        Standing(name, entry, letters.word(entry))
        for name, ledger in ledgers.flows.items()
        for entry in ledger.entries.values()
    ]
    steps = [step_of(record, codec) for record in kept]
    steps.sort(key=lambda step: (step.at, RANK.index(step.kind)))
    correlations = sorted({header_of(record, "correlation") for record in kept} - {""})
    stuck = letters.stuck(after)
    return Journey(key, tuple(_folded(steps)), tuple(standings), tuple(correlations), unreadable, tuple(stuck))


def _letters(records: Iterable[Record], codec: Codec) -> Letters:
    """Dead and held ones, and what was done with them. Of a held key the newest counts, and a tombstone ends it."""
    letters: dict[str, FailedRecord] = {}
    held: dict[tuple[str, bytes | None], str] = {}
    actions: dict[str, str] = {}
    for record in records:
        if record.topic == FAILED_ACTIONS:
            if (action := _decoded(codec, "failed_action", record)) is not None:
                actions[action["failed_id"]] = action["action"]
        elif record.topic.startswith(("dead.", "held.")):
            name = (record.topic, record.key)
            if record.topic.startswith("held."):
                letters.pop(held.pop(name, ""), None)
            if (letter := _decoded(codec, "failed_record", record)) is not None:
                letters[letter["id"]] = letter
                if record.topic.startswith("held."):
                    held[name] = letter["id"]
    return Letters(list(letters.values()), actions)


def step_of(record: Record, codec: Codec) -> Step:
    """One record in words."""
    kind, tell = teller_of(record.topic)
    try:
        text, facts = tell(record, codec)
    except (DecodeError, ValueError) as error:
        kind, text, facts = DAMAGED, f"cannot be read: {mask_text(str(error))}", {}
    at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
    return Step(at, kind, text, record.origin, facts, record)


def _newest_memories(records: Iterable[Record]) -> list[Record]:
    newest: dict[tuple[str, bytes | None], Record] = {}
    kept: list[Record] = []
    for record in records:
        if record.topic not in _MEMORIES:
            kept.append(record)
        elif (before := newest.get((record.topic, record.key))) is None or before.offset < record.offset:
            newest[record.topic, record.key] = record
    return [*kept, *newest.values()]


def _folded(steps: Iterable[Step]) -> list[Step]:
    """The same payload fetched again and again (polls overlap) is one step that says how often."""
    kept: list[Step] = []
    again: dict[tuple[str, str], tuple[int, int, datetime]] = {}
    for step in steps:
        checksum = step.facts.get("checksum") if step.kind == FETCHED and not step.facts.get("lane") else None
        if checksum is None:
            kept.append(step)
            continue
        same = (step.facts["entity"], checksum)
        if same in again:
            place, count, _ = again[same]
            again[same] = (place, count + 1, step.at)
        else:
            again[same] = (len(kept), 1, step.at)
            kept.append(step)
    for place, count, last in again.values():
        if count > 1:
            first = kept[place]
            text = f"{first.text}, {count} times, last {last:%Y-%m-%d %H:%M:%S}"
            facts = {**first.facts, "times": count, "last": last}
            kept[place] = Step(first.at, first.kind, text, first.origin, facts, first.record)
    return kept


def _decoded(codec: Codec, name: str, record: Record) -> Any | None:
    try:
        return codec.decode(name, record.value)
    except DecodeError:
        return None

"""What became of the records of a replay, by the outcomes that arrive. Pure.

A destination's outcome is about the delivery id. A record that failed in a stage (transform, route) goes on under other ids, so its outcomes
are known by their correlation; the first one that comes tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from streams.failure.plan import Entry

GOOD = frozenset({"applied", "already_applied", "stale", "duplicate", "excluded"})
FAILED = frozenset({"dead", "held", "retry"})  # `retry`: it failed again and will be tried again
NO_ANSWER = "no answer"
NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one record of the plan."""

    failed_id: str
    key: str
    result: str
    reason: str = ""
    detail: str = ""


class Verdicts:
    """Collects outcomes for the records that were sent."""

    def __init__(self) -> None:
        self._by_delivery: dict[tuple[str, str], list[Entry]] = {}
        self._by_correlation: dict[str, list[Entry]] = {}
        self._ids: set[str] = set()
        self._found: dict[str, Verdict] = {}
        self._skipped: list[Verdict] = []
        self.sent = 0

    def expect(self, entry: Entry, correlation: str) -> None:
        """This record is about to be sent."""
        self.sent += 1
        if entry.target.startswith("deliver."):
            self._by_delivery.setdefault((entry.delivery_id, entry.destination), []).append(entry)
            self._ids.add(entry.delivery_id)
        else:
            self._by_correlation.setdefault(correlation, []).append(entry)

    def skip(self, entry: Entry, why: str) -> None:
        """This record is not sent."""
        self._skipped.append(Verdict(entry.failed_id, entry.key, NOT_SENT, detail=why))

    def may_concern(self, headers: Mapping[str, bytes]) -> bool:
        """Whether an outcome with these record headers can be about one of ours: saves decoding those of everybody else."""
        return (
            headers.get("id", b"").decode(errors="replace") in self._ids
            or headers.get("correlation", b"").decode(errors="replace") in self._by_correlation
        )

    def add(self, outcome: Mapping[str, Any]) -> None:
        """One outcome. A later one of the same record replaces an earlier one: retried, then applied."""
        entries = self._by_delivery.get((outcome["id"], outcome["destination"]))
        if entries is None:
            entries = [e for e in self._by_correlation.get(outcome["correlation"], ()) if self._is_news(e, outcome)]
        for entry in entries:
            self._found[entry.failed_id] = Verdict(
                entry.failed_id, entry.key, outcome["result"], outcome["reason"], outcome["detail"]
            )

    @property
    def answered(self) -> int:
        """Records that have an outcome."""
        return len(self._found)

    @property
    def failed(self) -> int:
        """Of these, how many failed again."""
        return sum(1 for verdict in self._found.values() if verdict.result in FAILED)

    def exceeds(self, ratio: float, minimum: int) -> bool:
        """Whether more than this share failed again, once there are `minimum` answers to judge by."""
        return self.answered >= minimum and self.failed > ratio * self.answered

    def all(self) -> list[Verdict]:
        """One for each record of the plan: answered, unanswered, not sent."""
        expected: Iterable[list[Entry]] = (*self._by_delivery.values(), *self._by_correlation.values())
        sent = [
            self._found.get(entry.failed_id, Verdict(entry.failed_id, entry.key, NO_ANSWER))
            for entries in expected
            for entry in entries
        ]
        return [*sent, *self._skipped]

    def _is_news(self, entry: Entry, outcome: Mapping[str, Any]) -> bool:
        known = self._found.get(entry.failed_id)
        return known is None or (known.result in FAILED and outcome["result"] in GOOD)


@dataclass(frozen=True, slots=True)
class Report:
    """How a replay ended. `stopped`: empty, or why not everything was sent."""

    plan: str
    verdicts: tuple[Verdict, ...]
    stopped: str
    seconds: float

    def counts(self) -> dict[str, int]:
        """Records by result."""
        return dict(Counter(verdict.result for verdict in self.verdicts))

    @property
    def is_good(self) -> bool:
        """Everything was sent and the destination holds all of it."""
        return not self.stopped and all(verdict.result in GOOD for verdict in self.verdicts)

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "plan": self.plan, "stopped": self.stopped, "seconds": round(self.seconds, 3), "good": self.is_good, "counts": self.counts(),
            "records": [asdict(verdict) for verdict in self.verdicts],
        }  # fmt: skip

"""What a reconciliation says: findings, and the report of one run. Plain data, nothing personal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# Names for keys of lines in findings that are of the whole.
WHOLE = ""


class What(StrEnum):
    """Kinds of findings."""

    MISSING_IN_ODOO = "missing_in_odoo"
    MISSING_THERE = "missing_there"
    STATUS = "status"
    QUANTITY = "quantity"
    AMOUNT = "amount"
    DOUBT = "doubt"  # it cannot be told whether they agree: a person looks


class Result(StrEnum):
    """How a run ended."""

    BALANCED = "balanced"
    DIFFERENCES = "differences"
    FAILED = "failed"  # it could not look: nothing is known


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, told once.

    odoo, there   what it is called on each side, "" and () where it is not there
    line          code of the goods, "" = of the whole
    ours, theirs  both sides' values, for people
    advice        what to do
    """

    what: What
    odoo: str
    there: tuple[str, ...]
    ours: str
    theirs: str
    advice: str
    line: str = WHOLE

    @property
    def identity(self) -> str:
        """The same difference has it in every run."""
        return "|".join((self.what, self.odoo, ",".join(self.there), self.line))


@dataclass(frozen=True, slots=True)
class Place:
    """What is reconciled: a kind, and the account of the outside system it is of."""

    kind: str
    source: str
    account: str

    @property
    def owner(self) -> str:
        return f"{self.source}:{self.account}"

    @property
    def key(self) -> str:
        """The key of its events."""
        return f"{self.kind}:{self.owner}"


@dataclass(frozen=True, slots=True)
class Report:
    """One run. `since`, `at`: aware UTC; odoo, there, matched: entries; too_fresh: what is not judged yet, by name; left_alone: not ours;
    failure: why it could not look."""

    place: Place
    since: datetime
    at: datetime
    odoo: int = 0
    there: int = 0
    matched: int = 0
    findings: Sequence[Finding] = ()
    too_fresh: Sequence[str] = ()
    left_alone: int = 0
    failure: str = ""

    @property
    def result(self) -> Result:
        if self.failure:
            return Result.FAILED
        return Result.DIFFERENCES if self.findings else Result.BALANCED

    @property
    def counts(self) -> dict[str, int]:
        """Findings by kind; every kind is named."""
        found = Counter(one.what for one in self.findings)
        return {what.value: found[what] for what in What}

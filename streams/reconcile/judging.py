"""What differs between entries that belong together, and what has no other side (REC-1). Pure.

In this order, so that one cause is told once:

1. what cannot be read, or could be of several: a doubt, and nothing else of it
2. missing, on either side
3. status; where it says that nothing is left to compare (all cancelled, not expected there), that is all
4. quantities, line by line
5. the amount, once the quantities agree
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from connectors.kit.books import ZERO, Entry, EntryLine, MadeBy
from connectors.kit.money import quantity_text
from streams.reconcile.findings import Finding, What
from streams.reconcile.kinds import CANCELLED, UNKNOWN, Kind
from streams.reconcile.matching import Group, Matched
from streams.reconcile.settings import ReconcileSettings

NOTHING = "nothing"
NO_CODE = "(goods without a code)"


@dataclass(frozen=True, slots=True)
class Judged:
    """too_fresh: names of what differs and is not judged yet; left_alone: how many of the other side are not ours to judge."""

    findings: Sequence[Finding]
    too_fresh: Sequence[str] = ()
    left_alone: int = 0


@dataclass(frozen=True, slots=True)
class Judge:
    """called: a code of Odoo's goods as the other side writes it; since: what Odoo made before it is not missed by itself; expects: whether what
    Odoo has is made at the other side at all (a pilot)."""

    kind: Kind
    settings: ReconcileSettings
    called: Callable[[str], str]
    now: datetime
    since: datetime
    expects: Callable[[Entry], bool] = lambda entry: True

    def judged(self, found: Matched) -> Judged:
        """Of all that was matched."""
        findings: list[Finding] = []
        fresh: list[str] = []
        left = 0
        for entry, several in found.doubtful:
            if self._is_fresh((entry, *several)):
                fresh.append(entry.id)
            else:
                findings.append(self._ambiguous(entry, several))
        for group in found.groups:
            if not (differs := list(self._of_group(group))):
                continue
            if not group.theirs and not self.expects(group.ours):
                left += 1
            elif self._is_fresh((group.ours, *group.theirs)):
                fresh.append(group.ours.id)
            else:
                findings += differs
        for entry in found.alone:
            if self._is_left(entry):
                left += 1
            elif differs := list(self._of_alone(entry)):
                if self._is_fresh((entry,)):
                    fresh.append(entry.id)
                else:
                    findings += differs
        return Judged(findings, fresh, left)

    def _is_fresh(self, entries: Iterable[Entry]) -> bool:
        limit = self.now - timedelta(minutes=self.settings.grace_minutes)
        return any(one.changed_at > limit for one in entries)

    def _is_left(self, entry: Entry) -> bool:
        by_hand = entry.made_by is MadeBy.HAND and self.settings.hand_made == "leave"
        return entry.made_by is MadeBy.OTHERS or by_hand

    def _of_alone(self, entry: Entry) -> Iterator[Finding]:
        if entry.problem:
            yield self._doubt("unreadable", "", (entry.id,), NOTHING, entry.problem)
        elif entry.state != CANCELLED:
            advice = self.kind.advice_for(What.MISSING_IN_ODOO, entry.made_by)
            yield Finding(What.MISSING_IN_ODOO, "", (entry.id,), NOTHING, _told(entry), advice)

    def _ambiguous(self, entry: Entry, several: Sequence[Entry]) -> Finding:
        return self._doubt("ambiguous", ", ".join(one.id for one in several), (entry.id,), "several", _told(entry))

    def _of_group(self, group: Group) -> Iterator[Finding]:
        ours, theirs = group.ours, group.theirs
        there = tuple(one.id for one in theirs)
        if ours.problem:
            yield self._doubt("unreadable", ours.id, there, ours.problem, _states(theirs))
            return
        if unreadable := [one for one in theirs if one.problem]:
            for one in unreadable:
                yield self._doubt("unreadable", ours.id, (one.id,), ours.state, one.problem)
            return
        if not theirs:
            if ours.state in self.kind.expected and ours.made_at >= self.since:
                advice = self.kind.advice_for(What.MISSING_THERE)
                yield Finding(What.MISSING_THERE, ours.id, (), _told(ours), NOTHING, advice)
            return
        status = list(self._status(ours, theirs))
        yield from status
        alive = [one for one in theirs if one.state != CANCELLED]
        if ours.state not in self.kind.expected or not alive:
            return
        if not ours.names and (made := [one for one in alive if one.made_by is MadeBy.US]):
            # Nobody looks after it: what it is now is not ordered, changed or cancelled there.
            there = tuple(one.id for one in made)
            yield self._doubt("vendor", ours.id, there, f"{ours.state}, of another vendor", _states(made))
            return
        quantities = list(self._quantities(ours, alive))
        yield from quantities or self._amount(ours, alive)

    def _status(self, ours: Entry, theirs: Sequence[Entry]) -> Iterator[Finding]:
        alive = [one for one in theirs if one.state != CANCELLED]
        if ours.state in self.kind.expected and not alive:
            yield self._status_finding(ours, theirs, "all_cancelled")
            return
        wrong = [one for one in alive if one.state in self.kind.against.get(ours.state, ())]
        if wrong:
            detail = (
                "stopped"
                if all(one.state == "stopped" for one in wrong) and ours.state in self.kind.expected
                else ours.state
            )
            yield self._status_finding(ours, wrong, detail)
        if unknown := [one for one in alive if one.state == UNKNOWN]:
            yield self._doubt("unknown", ours.id, tuple(one.id for one in unknown), ours.state, UNKNOWN)

    def _status_finding(self, ours: Entry, theirs: Sequence[Entry], detail: str) -> Finding:
        advice = self.kind.advice_for(What.STATUS, detail)
        return Finding(What.STATUS, ours.id, tuple(one.id for one in theirs), ours.state, _states(theirs), advice)

    def _quantities(self, ours: Entry, alive: Sequence[Entry]) -> Iterator[Finding]:
        advice, there = self.kind.advice_for(What.QUANTITY), tuple(one.id for one in alive)
        for code, mine, other in compared(ours.lines, [line for one in alive for line in one.lines], self.called):
            if abs(mine - other) > self.settings.quantity_tolerance:
                yield Finding(What.QUANTITY, ours.id, there, quantity_text(mine), quantity_text(other), advice, code)

    def _amount(self, ours: Entry, alive: Sequence[Entry]) -> Iterator[Finding]:
        there = tuple(one.id for one in alive)
        amounts = [one.amount for one in alive if one.amount is not None]
        if ours.amount is None or len(amounts) < len(alive):
            missing = "no amount" if ours.amount is None else f"{ours.amount:f} {ours.currency}"
            yield self._doubt(
                "amount", ours.id, there, missing, "no amount" if len(amounts) < len(alive) else _sum_words(alive)
            )
            return
        if {one.currency for one in alive} != {ours.currency}:
            yield self._doubt("currency", ours.id, there, f"{ours.amount:f} {ours.currency}", _sum_words(alive))
            return
        total, apart = sum(amounts, ZERO), sum((one.apart for one in alive), ZERO)
        allowed = max(self.settings.amount_tolerance, ours.amount * self.settings.amount_tolerance_percent / 100)
        if min(abs(total - ours.amount), abs(total - apart - ours.amount)) > allowed:
            advice = self.kind.advice_for(What.AMOUNT)
            yield Finding(What.AMOUNT, ours.id, there, f"{ours.amount:f} {ours.currency}", _sum_words(alive), advice)

    def _doubt(self, detail: str, odoo: str, there: tuple[str, ...], ours: str, theirs: str) -> Finding:
        return Finding(What.DOUBT, odoo, there, ours, theirs, self.kind.advice_for(What.DOUBT, detail))


def compared(
    ours: Sequence[EntryLine], theirs: Sequence[EntryLine], called: Callable[[str], str]
) -> list[tuple[str, Decimal, Decimal]]:
    """(code, ours, theirs) of all goods on either side, each once.

    Goods of Odoo may have several codes (a supplier makes variants anew): any of them is theirs. A code stands for those below it too (`OFFER`
    for `OFFER/SPEC`), and on the other side for the only one below it. Goods without a code are compared with what is left over, all together.
    """
    bins: dict[str, list[Decimal]] = {}
    place: dict[str, str] = {}
    for line in ours:
        codes = list(dict.fromkeys(code for one in line.codes if (code := called(one))))
        name = next((place[one] for one in codes if one in place), codes[0] if codes else NO_CODE)
        place.update(dict.fromkeys(codes, name))
        bins.setdefault(name, [ZERO, ZERO])[0] += line.quantity
    rest: dict[str, Decimal] = {}
    for line in theirs:
        code = line.codes[0] if line.codes else NO_CODE
        if (found := _bin_of(code, place)) is not None:
            bins[found][1] += line.quantity
        else:
            rest[code] = rest.get(code, ZERO) + line.quantity
    if NO_CODE in bins:
        bins[NO_CODE][1] += sum(rest.values(), ZERO)
        rest = {}
    return [(name, one[0], one[1]) for name, one in bins.items()] + [
        (code, ZERO, units) for code, units in rest.items()
    ]


def _bin_of(code: str, place: Mapping[str, str]) -> str | None:
    above = code.rpartition("/")[0]
    if (found := place.get(code) or place.get(above)) is not None:
        return found
    below = {name for one, name in place.items() if one.startswith(f"{code}/")}
    return below.pop() if len(below) == 1 else None


def _told(entry: Entry) -> str:
    amount = "" if entry.amount is None else f", {entry.amount:f} {entry.currency}"
    return f"{entry.state}{amount}, of {entry.made_at:%Y-%m-%d}"


def _states(entries: Sequence[Entry]) -> str:
    return ", ".join(dict.fromkeys(one.state for one in entries)) or NOTHING


def _sum_words(entries: Sequence[Entry]) -> str:
    """`100.50 CNY, goods alone 92.50`."""
    units = sorted({one.currency for one in entries})
    sums = {unit: sum((one.amount or ZERO for one in entries if one.currency == unit), ZERO) for unit in units}
    apart = sum((one.apart for one in entries), ZERO)
    words = " + ".join(f"{total:f} {unit}" for unit, total in sums.items())
    return f"{words}, goods alone {sum(sums.values(), ZERO) - apart:f}" if apart and len(sums) == 1 else words

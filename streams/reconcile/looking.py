"""One reconciliation: both books are read, and whatever differs is looked at again, one by one, before it is told.

The second look asks each side for what the other one names. So what lies beyond the edge of the period, what a list lost because its pages
shifted, and what changed between reading the one book and the other is no difference.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.kit.books import Book, Entry
from connectors.kit.errors import ConnectorError
from schemas.masking import mask_text
from streams.reconcile.findings import Finding, Place, Report, What
from streams.reconcile.judging import Judge, Judged
from streams.reconcile.kinds import KINDS
from streams.reconcile.matching import matched
from streams.reconcile.settings import ReconcileSettings

logger = logging.getLogger(__name__)

_ROUNDS = 4  # what a look brings to light may name further things: a split order its purchase order, that one its other orders


class TooManyError(Exception):
    """More than is allowed to be held at once: says what to do."""


@dataclass
class _Held:
    """Both books as far as they are read, by id; what was looked at again; what of Odoo lies beyond the edge of the period, so that its other side
    was read in part at most; for which of the other side that was asked."""

    ours: dict[str, Entry]
    theirs: dict[str, Entry]
    beyond: set[str] = field(default_factory=set)
    placed: set[str] = field(default_factory=set)
    looked_ours: set[str] = field(default_factory=set)
    looked_theirs: set[str] = field(default_factory=set)

    def unseen(self, findings: Iterable[Finding]) -> tuple[list[str], list[str]]:
        """Ids of what these are about and was not looked at again yet."""
        told = list(findings)
        odoo = {one for finding in told for one in _named(finding.odoo) if one in self.ours}
        there = {one for finding in told for one in finding.there if one in self.theirs}
        return sorted(odoo - self.looked_ours), sorted(there - self.looked_theirs)

    @property
    def looks(self) -> int:
        return len(self.looked_ours) + len(self.looked_theirs)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Of one place. `now`: the clock at the beginning, aware UTC."""

    place: Place
    settings: ReconcileSettings
    ours: Book
    theirs: Book
    expects: Callable[[Entry], bool] = lambda entry: True

    async def report(self, since: datetime, now: datetime) -> Report:
        """Raises nothing for what an outside system does: then the report says why nothing is known."""
        try:
            async with asyncio.timeout(self.settings.limit_seconds):
                return await self._looked(since, now)
        except (ConnectorError, TooManyError) as error:
            failure = mask_text(str(error))
        except TimeoutError:
            failure = f"the books were not read within {self.settings.limit_seconds:.0f} s: ask for a shorter time"
        logger.warning("reconciliation_failed place=%s detail=%s", self.place.key, failure)
        return Report(self.place, since, now, failure=failure)

    async def _looked(self, since: datetime, now: datetime) -> Report:
        # One after the other, Odoo first: an order made meanwhile is younger than the grace period.
        held = _Held(await self._read(self.ours, since, "odoo"), await self._read(self.theirs, since, self.place.owner))
        sizes = len(held.ours), len(held.theirs)
        judge = Judge(KINDS[self.place.kind], self.settings, self.theirs.called, now, since, self.expects)
        await self._beyond(held)
        found = judge.judged(matched(held.ours, held.theirs))
        for _ in range(_ROUNDS):
            odoo, there = self._next(found, held)
            if not (odoo or there):
                break
            await self._look_again(held, odoo, there)
            await self._beyond(held)
            found = judge.judged(matched(held.ours, held.theirs))
        pairs = sum(bool(group.theirs) for group in matched(held.ours, held.theirs).groups)
        findings = self._confirmed(found, held)
        return Report(self.place, since, now, *sizes, pairs, findings, sorted(found.too_fresh), found.left_alone)

    async def _read(self, book: Book, since: datetime, whose: str) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        async for entry in book.entries(since):
            found[entry.id] = entry
            if len(found) > self.settings.most_entries:
                raise TooManyError(
                    f"{whose} has more than {self.settings.most_entries} entries since {since:%Y-%m-%d}: ask for a shorter time, or raise "
                    "CAUSEWAY_RECONCILE__MOST_ENTRIES"
                )
        return found

    async def _beyond(self, held: _Held) -> None:
        """Whose those are that belong to nothing here by their name, or to nothing at all: to what Odoo made before the period, or to nothing."""
        named = {name for one in held.ours.values() for name in one.names}
        alone = {one.id for one in matched(held.ours, held.theirs).alone}
        asked = [
            one for one in held.theirs.values()
            if one.id not in held.placed and (one.id in alone or (one.names and named.isdisjoint(one.names)))
        ]  # fmt: skip
        held.placed.update(one.id for one in asked)
        for entry in await self.ours.find(*_words(asked)) if asked else ():
            if entry.id not in held.ours:
                held.ours[entry.id] = entry
                held.beyond.add(entry.id)

    def _next(self, found: Judged, held: _Held) -> tuple[list[str], list[str]]:
        """Ids of what is to be looked at again, as many as may be."""
        odoo, there = held.unseen(found.findings)
        odoo = sorted({*odoo, *(held.beyond - held.looked_ours)})
        room = max(0, self.settings.most_looks - held.looks)
        return odoo[:room], there[: max(0, room - len(odoo))]

    def _confirmed(self, found: Judged, held: _Held) -> list[Finding]:
        """Those whose every part was looked at again; for all others one that says how many there are."""
        sure = [one for one in found.findings if not any(held.unseen([one]))]
        left = len(found.findings) - len(sure) + len(held.beyond - held.looked_ours)
        sure.sort(key=lambda one: (one.odoo, one.there, one.what, one.line))
        return [*sure, self._too_many(left)] if left else sure

    async def _look_again(self, held: _Held, odoo: Sequence[str], there: Sequence[str]) -> None:
        """Both sides are asked for all of these by what they are called on either side; what is not found any more is gone."""
        mine, other = [held.ours[one] for one in odoo], [held.theirs[one] for one in there]
        names, numbers = _words(mine, other)
        now_ours = await self.ours.find(names, numbers)
        names, numbers = _words([*mine, *now_ours], other)
        now_theirs = await self.theirs.find(_of(mine, now_ours), numbers)
        _replace(held.ours, odoo, now_ours)
        _replace(held.theirs, there, now_theirs)
        held.looked_ours.update(odoo, (one.id for one in now_ours))
        held.looked_theirs.update(there)  # not those found beside them: whose they are was not asked yet

    def _too_many(self, count: int) -> Finding:
        limit = self.settings.most_looks
        advice = (
            f"Is it the right database, account and reference prefix, and is the flow on? Mend what is told first; or ask for a shorter time, or "
            f"raise CAUSEWAY_RECONCILE__MOST_LOOKS (now {limit})."
        )
        return Finding(What.DOUBT, "", (), f"{count} more differ at first sight", "not looked at again", advice)


def _named(odoo: str) -> list[str]:
    """The entries of Odoo a finding names: several where it is in doubt which."""
    return odoo.split(", ") if odoo else []


def _words(*several: Iterable[Entry]) -> tuple[set[str], set[str]]:
    names: set[str] = set()
    numbers: set[str] = set()
    for one in (one for some in several for one in some):
        names.update(one.names)
        numbers.update(one.numbers)
    return names, numbers


def _of(*several: Iterable[Entry]) -> set[str]:
    return {name for some in several for one in some for name in one.names}


def _replace(held: dict[str, Entry], asked: Iterable[str], found: Iterable[Entry]) -> None:
    for one in asked:
        held.pop(one, None)
    held.update({one.id: one for one in found})

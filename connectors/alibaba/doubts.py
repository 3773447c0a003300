"""What may be on its way: a creation whose answer is not known, and when it may be sent again (EVT-4). Pure.

Its name travels as the delivery's job, times in epoch seconds: `lost:SENT.LOOKED.TRIES.SINCE.REFERENCE,REFERENCE|VERSION`, before the references were
told `lost:SENT.LOOKED.TRIES|VERSION`. Nothing is sent again before SENT, when it has arrived or never will, and two looks, some time apart, that find
nothing: under each of these references, for the purchase order may have been renamed since. A process that died while it sent another version of the
purchase order has left no reference, only when it began (SINCE): what was made from then on is looked through (`purchase_earlier`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from connectors.kit.jobs import LOST, SENDING, SENDING_SECONDS, Job, parse
from connectors.kit.ports import Delivery

MOST_TRIES = 3
# The stage takes the time of an announcement a moment before it asks.
_A_MOMENT_SECONDS = 2
_TOLD = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)(?:\.([0-9]+)\.([A-Za-z0-9._/,-]*))?")


@dataclass(frozen=True, slots=True)
class Doubt:
    """sent: when it was sent at the latest; looked: when a look after that found nothing, 0 = none yet; tries: creations without a clear answer.

    called: the references (`outOrderId` of its first part) it may have been sent under; since: when a creation was begun whose reference nobody
    knows, 0 = there is none.
    """

    sent: int
    looked: int = 0
    tries: int = 0
    called: tuple[str, ...] = ()
    since: int = 0

    def name(self, version: int) -> str:
        more = f".{self.since}.{','.join(self.called)}" if self.called or self.since else ""
        return Job(LOST, f"{LOST}:{self.sent}.{self.looked}.{self.tries}{more}", version).name

    def may_be(self, reference: str) -> bool:
        """Whether it may have been sent under that reference."""
        return bool(self.since) or not self.called or reference in self.called

    def after_nothing(self, now: int, apart: float) -> tuple[Doubt, float]:
        """A look has found nothing: the doubt from now on, and how long to wait before the next look; 0: it may be sent."""
        if now < self.sent:
            return self, self.sent - now
        if not self.looked:
            return replace(self, looked=now), apart
        return self, max(0.0, self.looked + apart - now)


def doubt_of(delivery: Delivery, reference: str, announced: int | None = None) -> Doubt | None:
    """Of what a delivery brings with it: its own job, and what was begun before for its key. reference: its first part's by the name it has now, ""
    where that cannot be sent; announced: when this process said that it begins."""
    jobs = [job for name in (delivery.job, *delivery.open_jobs) if (job := parse(name)) is not None]
    return together(_of(job, delivery.version, reference, announced) for job in jobs)


def together(doubts: Iterable[Doubt | None]) -> Doubt | None:
    """All of them as one: nothing is sent before the latest has come to an end, nor before each reference was looked for as often as the others."""
    found = [one for one in doubts if one is not None]
    if not found:
        return None
    last = max(found, key=lambda one: (one.sent, one.looked))
    called = tuple(dict.fromkeys(reference for one in found for reference in one.called))
    since = min((one.since for one in found if one.since), default=0)
    is_looked_for = set(called) == set(last.called) and since == last.since
    return Doubt(last.sent, last.looked if is_looked_for else 0, max(one.tries for one in found), called, since)


def _of(job: Job, version: int, reference: str, announced: int | None) -> Doubt | None:
    """The same version of a purchase order has the same name."""
    is_same = job.version == version
    found = _lost(job) if job.how == LOST else _dead(job, announced if is_same else None)
    if found is None or found.called or found.since:
        return found
    if is_same and reference:
        return replace(found, called=(reference,))
    return found if is_same else replace(found, since=max(1, found.sent - SENDING_SECONDS))


def _dead(job: Job, announced: int | None) -> Doubt | None:
    """Of a process that did not live to say what came of it: it sends for so long at most. None: it is this one."""
    if job.how != SENDING or not job.id.isdecimal() or (announced and int(job.id) >= announced - _A_MOMENT_SECONDS):
        return None
    return Doubt(int(job.id) + SENDING_SECONDS)


def _lost(job: Job) -> Doubt | None:
    found = _TOLD.fullmatch(job.id)
    if found is None:
        return None
    sent, looked, tries, since, called = found.groups(default="")
    return Doubt(int(sent), int(looked), int(tries), tuple(filter(None, called.split(","))), int(since or 0))

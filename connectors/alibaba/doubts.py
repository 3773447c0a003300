"""What may be on its way: a creation whose answer is not known, and when it may be sent again (EVT-4). Pure.

Its name travels as the delivery's job: `lost:SENT.LOOKED.TRIES|VERSION`, times in epoch seconds. Nothing is sent again before SENT, when it
has arrived or never will, and two looks, some time apart, that find nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from connectors.kit.jobs import LOST, SENDING, SENDING_SECONDS, Job, parse
from connectors.kit.ports import Delivery

MOST_TRIES = 3
# The stage takes the time of an announcement a moment before it asks.
_A_MOMENT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Doubt:
    """sent: when it was sent at the latest; looked: when a look after that found nothing, 0 = none yet; tries: creations without a clear answer."""

    sent: int
    looked: int = 0
    tries: int = 0

    def name(self, version: int) -> str:
        return Job(LOST, f"{LOST}:{self.sent}.{self.looked}.{self.tries}", version).name

    def after_nothing(self, now: int, apart: float) -> tuple[Doubt, float]:
        """A look has found nothing: the doubt from now on, and how long to wait before the next look; 0: it may be sent."""
        if now < self.sent:
            return self, self.sent - now
        if not self.looked:
            return replace(self, looked=now), apart
        return self, max(0.0, self.looked + apart - now)


def doubt_of(delivery: Delivery, announced: int | None) -> Doubt | None:
    """Of what a delivery brings with it: its own job, or what was begun before for its key. announced: when this process said that it begins."""
    if (own := _read(parse(delivery.job))) is not None:
        return own
    jobs = [job for name in delivery.open_jobs if (job := parse(name)) is not None]
    found = [doubt for job in jobs if (doubt := _read(job)) is not None]
    return latest([*found, *(_dead(job, announced) for job in jobs if job.how == SENDING)])


def latest(doubts: Iterable[Doubt | None]) -> Doubt | None:
    return max((one for one in doubts if one is not None), key=lambda one: one.sent, default=None)


def _dead(job: Job, announced: int | None) -> Doubt | None:
    """Of a process that did not live to say what came of it: it sends for so long at most. None: it is this one."""
    if not job.id.isdecimal() or (announced is not None and int(job.id) >= announced - _A_MOMENT_SECONDS):
        return None
    return Doubt(int(job.id) + SENDING_SECONDS)


def _read(job: Job | None) -> Doubt | None:
    if job is None or job.how != LOST:
        return None
    numbers = job.id.split(".")
    return Doubt(*map(int, numbers)) if len(numbers) == 3 and all(one.isdecimal() for one in numbers) else None

"""May this number be written now? For destinations where a value can be written at once or in a job that takes effect later (INV-5).

An older value must never stay over a newer one. What is written at once takes effect in the order it is written; what goes in a job takes
effect some time before the job is over, whatever was written meanwhile; what is being sent by another process, or was when it died, may take
effect at any time until that process says how it went. So, for a value of one key, in this order:

1. It comes back from its own job                               -> ASK: the job's result decides
2. It was sent in a job, the answer was lost, and nobody knows  -> WAIT
3. A newer one was written, or is on its way                    -> STALE, nothing is written
4. It waits for another job that is not over, or for its time   -> WAIT
5. It is on its way in a job already                            -> ADOPT that job
6. Something that may bring an older value is not over: an urgent value is written at once and once more after it (TWICE), another waits (BEHIND)
7. Otherwise                                                    -> WRITE

Whoever has written comes back as long as something older may still land on what he wrote (`in_the_way`), or, where he brought the older one,
until the newer one is known and can be written again (`newer_under_way`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from connectors.kit.jobs import AFTER, BEHIND, CHANGE, LOST, SENDING, SETTLE, Job

FEED = "feed"
IsOver = Callable[[str], bool]


class Step(Enum):
    """What to do with a value."""

    ASK = "ask"
    STALE = "stale"
    WAIT = "wait"
    ADOPT = "adopt"
    TWICE = "twice"
    BEHIND = "behind"
    WRITE = "write"
    SETTLED = "settled"
    AFTER = "after"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Situation:
    """A value and what is known around it.

    version   of the value; known: newest version the destination is known to hold; newest: newest this process has written or sent
    job       the job it comes back with, None for one that comes first
    opens     other jobs of the key whose deliveries have not come to their end
    urgent    it may not wait
    """

    version: int
    known: int
    newest: int
    job: Job | None
    opens: Sequence[Job]
    urgent: bool


def step(at: Situation, is_over: IsOver) -> Step:
    """The rules above. `is_over`: whether a remote job (`feed:ID`, `lost:MARK`) has come to its end."""
    bound = at.job.how if at.job else ""
    if at.job and bound not in (AFTER, BEHIND, LOST, SETTLE, CHANGE):
        return Step.ASK
    if at.job and bound == SETTLE:
        return _settling(at, at.job.version, is_over)
    if at.job and bound == LOST and not is_over(at.job.remote):
        return Step.WAIT
    if max(at.known, at.newest, *(job.version for job in at.opens), 0) > at.version:
        return Step.STALE
    if at.job and at.job.remote and not is_over(at.job.remote):
        return Step.WAIT
    if adopted(at, is_over):
        return Step.ADOPT
    blocking = in_the_way(at, is_over)
    if blocking is None:
        return Step.WRITE
    if blocking.how == SENDING and bound == AFTER:
        return Step.WAIT  # it was written already, and nobody knows when the other will be
    return Step.TWICE if at.urgent else Step.BEHIND


def adopted(at: Situation, is_over: IsOver) -> Job | None:
    """The job the value itself is on its way in, sent by a delivery that was not recorded."""
    mine = (job for job in at.opens if job.version == at.version and job.how not in (AFTER, BEHIND, SENDING))
    return next((job for job in mine if job.remote and not is_over(job.remote)), None)


def in_the_way(at: Situation, is_over: IsOver) -> Job | None:
    """Something that may bring an older value to the key yet; what can be asked for comes first."""
    return next(_remote(at, is_over), None) or next(_sending(at), None)


def newer_under_way(at: Situation, than: int) -> bool:
    """Whether a newer value than version `than` was sent or written, and is not known yet. Which of the two lies on top, nobody can say."""
    return any(job.version > than and job.how in (FEED, LOST, SETTLE, SENDING) for job in at.opens)


def _remote(at: Situation, is_over: IsOver) -> Iterator[Job]:
    for job in at.opens:
        is_own = job.version == at.version and job.how not in (AFTER, BEHIND)
        if job.remote and job.how != SENDING and job.version <= at.version and not is_own and not is_over(job.remote):
            yield job


def _sending(at: Situation) -> Iterator[Job]:
    return (job for job in at.opens if job.how == SENDING and job.version < at.version)


def _settling(at: Situation, written: int, is_over: IsOver) -> Step:
    """It wrote version `written` while others may have written too: a newer one that this process did not write may lie below it. One that
    is still on its way is waited for, because only then its value is known; writing the newest known one again would lay it over that."""
    ours = max(written, at.newest)
    if newer_under_way(at, max(ours, at.known)):
        return Step.WAIT
    if at.known > ours:
        return Step.RESTORE
    return Step.AFTER if written == at.version == ours and in_the_way(at, is_over) else Step.SETTLED

"""May this number be written now? For destinations where a value can be written at once or in a job that takes effect later (INV-5).

An older value must never stay over a newer one. What is written at once takes effect in the order it is written; what goes in a job takes
effect some time before the job is over, whatever was written meanwhile. So, for a value of one key, in this order:

1. It comes back from its own job                               -> ASK: the job's result decides
2. A newer one was written, or is on its way                    -> STALE, nothing is written
3. It was sent in a job, the answer was lost, and nobody knows  -> WAIT
4. It waits for another job that is not over, or for its time   -> WAIT
5. It is on its way in a job already                            -> ADOPT that job
6. A job with an older value of the key is not over: an urgent value is written at once and once more after it (TWICE), another waits (BEHIND)
7. Otherwise                                                    -> WRITE
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from connectors.kit.jobs import AFTER, BEHIND, CHANGE, LOST, SETTLE, Job


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
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Situation:
    """A value and what is known around it.

    version   of the value; known: newest version the destination is known to hold; newest: newest this process has written or sent
    job       the job it comes back with, None for one that comes first
    open      another job of the key that is not known to be over, None when there is none
    urgent    it may not wait
    """

    version: int
    known: int
    newest: int
    job: Job | None
    open: Job | None
    urgent: bool


def step(at: Situation, is_over: Callable[[str], bool]) -> Step:
    """The rules above. `is_over`: whether a remote job (`feed:ID`, `lost:MARK`) has come to its end."""
    bound = at.job.how if at.job else ""
    if at.job and bound not in (AFTER, BEHIND, LOST, SETTLE, CHANGE):
        return Step.ASK
    if at.job and bound == SETTLE:
        return _settling(at, at.job.version)
    if max(at.known, at.newest, at.open.version if at.open else 0) > at.version:
        return Step.STALE
    if at.job and at.job.remote and not is_over(at.job.remote):
        return Step.WAIT
    if at.open is None or not at.open.remote or is_over(at.open.remote):
        return Step.WRITE
    if at.open.version == at.version and at.open.how not in (AFTER, BEHIND):
        return Step.ADOPT
    return Step.TWICE if at.urgent else Step.BEHIND


def _settling(at: Situation, written: int) -> Step:
    """It wrote version `written` while others may have written too: a newer one that this process did not write may lie below it. One that
    is still on its way is waited for, because only then its value is known."""
    ours = max(written, at.newest)
    if at.known > ours:
        return Step.RESTORE
    if at.open is None or at.open.version == 0:
        return Step.SETTLED
    if at.open.version > ours:
        return Step.WAIT
    # Somebody wrote an older one again meanwhile, not knowing of this one yet: it may lie over it.
    return Step.WRITE if at.open.how == SETTLE and at.open.version < written == at.version == ours else Step.SETTLED

"""Jobs at a destination that take a while (feeds, reports): how they are named in a delivery, and when to ask for them again. Pure.

The name of a job travels in `Outcome.job` and comes back in `Delivery.job`, and in `Delivery.open_jobs` of other deliveries of the key. It
says how a delivery is bound to what runs there, and which version of its key it brings:

    feed:ID|7            it was sent in this job: its result decides
    lost:MARK|7          it was sent, no answer came: whether the job exists has to be found out, by the mark
    after:feed:ID|7      it was written already, but what that older job carries may still arrive on top: to be written again after it
    after|7              it was written, but which jobs were on their way could not be asked: to be written again when it can
    behind:feed:ID|7     it waits for that older job before it is written at all
    change:1795000000|7  it is written when that time comes (epoch seconds): another value of it, or its first one
    settle|7             it was written; whether somebody wrote something newer at the same moment is looked at once more
    sending:1795000000|7 it is being sent since then (epoch seconds), or was when its process died, or nobody answered: nobody knows
    feed:ID|7~1795000000 it was sent in this job, with a value that is right until then (epoch seconds); likewise lost: and settle
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

LOST, AFTER, BEHIND, SETTLE, CHANGE, SENDING = "lost", "after", "behind", "settle", "change", "sending"
_BOUND = (AFTER, BEHIND)
_VERSIONED = re.compile(r"(.*)\|([0-9]+)(?:~([0-9]+))?", re.DOTALL)
# A chunk of a stage has 900 s: whoever said before then that he is sending has died since, and his record was delivered again.
SENDING_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Job:
    """how: after, behind, settle, or the sort of the job itself (feed, lost, publish ...); remote: what runs there, `feed:ID`, empty for
    settle; version: of the key, 0 when the name does not say; until: what was sent is right until then, epoch seconds, 0: for good."""

    how: str
    remote: str
    version: int = 0
    until: int = 0

    @property
    def name(self) -> str:
        bound = ":".join(part for part in (self.how if self.how in (*_BOUND, SETTLE) else "", self.remote) if part)
        version = f"{self.version}~{self.until}" if self.until else str(self.version)
        return f"{bound}|{version}" if self.version else bound

    @property
    def id(self) -> str:
        """What the destination calls it."""
        return self.remote.partition(":")[2]


def parse(name: str) -> Job | None:
    """The reverse of `Job.name`; None for an empty one."""
    if not name:
        return None
    found = _VERSIONED.fullmatch(name)
    text, version, until = found.groups(default="0") if found else (name, "0", "0")
    how, _, rest = text.partition(":")
    return Job(how, rest if how in _BOUND else "" if how == SETTLE else text, int(version), int(until))


def sending(version: int, now: datetime) -> str:
    """The name that says: a value of that version is being sent from now on."""
    return Job(SENDING, f"{SENDING}:{int(now.timestamp())}", version).name


def has_expired(job: Job, now: datetime) -> bool:
    """Whether a sending was begun so long ago that it says nothing any more."""
    return job.how == SENDING and now.timestamp() - (int(job.id) if job.id.isdecimal() else 0) > SENDING_SECONDS


@dataclass(frozen=True, slots=True)
class Ladder:
    """When to ask how a job is going. steps: seconds since it was submitted, growing; then every `then` seconds."""

    steps: Sequence[float]
    then: float

    def wait(self, age_seconds: float, shortest: float = 1.0) -> float:
        """Seconds until the next step, for a job of this age; at least `shortest`."""
        for step in self.steps:
            if step > age_seconds:
                return max(step - age_seconds, shortest)
        return max(self.then, shortest)

"""A way for a source's own system to say that something changed, so that it is read sooner (EVT-6). A wake-up, never a fact.

What such a call says is not believed: it may come before the change is committed, for work that is rolled back, twice, or from anybody who
knows the secret. All it can do is make flows be polled now that would have been polled a little later. One that is lost costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hints:
    """Where calls are listened for, and what they mean.

    host, port   to listen on
    secret       what the caller has to know
    pause        seconds between two wake-ups of one flow; each call also leads to one so many seconds after it, for it may precede the commit
    flows_of     the body of a call -> names of the flows it may be about, none when it is about nothing we read. Raises ValueError for a body
                 that cannot be read. Pure, quick, and safe with whatever comes
    """

    host: str
    port: int
    secret: str
    pause: float
    flows_of: Callable[[bytes], Sequence[str]]

"""What happens next to a failed record. Pure: reason, tries and policy in, decision out; nobody sleeps here.

The rules, in this order:

1. A reason's own limit (`Policy.attempts`) counts tries in a row that failed for that reason, so that an order which waited through an
   outage is not given up for a single conflict. When it is reached, the record takes its last resort: dead, or held.
2. Without a limit of its own, a record is tried until the last tier is used up: with 13 tiers, 13 tries again after the first.
3. Whatever the reasons, a record never wanders for ever: tries beyond all tiers plus the reason's own limit end it.
4. Otherwise it is tried again. The tier grows with the tries: first failure, first tier; the last tier repeats.
5. A destination that says when to return is heeded: the smallest tier that is not shorter. It can lengthen the wait, not shorten it: an
   API that answers "in one second" each time would otherwise eat all tries within minutes. Longer than the last tier is the last tier.

There is no jitter: a tier is a queue in which order counts (ERR-2), and records arrive in it spread as they failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from schemas.reasons import LastResort, Policy, Reason


@dataclass(frozen=True, slots=True)
class Again:
    """Try again after `tier`, that is at `due_ms` (epoch milliseconds UTC)."""

    tier: timedelta
    due_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """Wait until something is mended; `why` for people."""

    why: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Not tried again by itself; `why` for people."""

    why: str


Decision = Again | Held | Dead


def decide(
    reason: Reason, attempt: int, policy: Policy, tiers: Sequence[timedelta], now_ms: int, retry_after: float | None = None,
    *, streak: int | None = None,
) -> Decision:  # fmt: skip
    """The rules above.

    `attempt` is how often it has been tried, this failure included (1 for the first), `streak` how many of these in a row failed for this
    `reason` (None: all), `tiers` the growing delays, `retry_after` the seconds the destination asked for.
    """
    in_a_row = attempt if streak is None else streak
    if policy.attempts is not None and in_a_row >= policy.attempts:
        return _last_resort(policy, f"{reason}: tried {in_a_row} of {policy.attempts} times")
    if attempt > len(tiers) + (policy.attempts or 0):
        return _last_resort(policy, f"{reason}: tried {attempt} times, all {len(tiers)} tiers are used up")
    tier = max(_by_attempt(attempt, tiers), at_least(retry_after or 0.0, tiers))
    return Again(tier, now_ms + _milliseconds(tier))


def wait_behind(tiers: Sequence[timedelta], behind: timedelta, now_ms: int) -> Again:
    """For a command that waits behind an earlier one parked in the tier `behind`: the same queue, so it comes out after it."""
    tier = at_least(behind.total_seconds(), tiers)
    return Again(tier, now_ms + _milliseconds(tier))


def at_least(seconds: float, tiers: Sequence[timedelta]) -> timedelta:
    """The smallest tier that is not shorter; the last when all are. A wait that is no number (NaN) asks for nothing."""
    return next((tier for tier in tiers if not tier.total_seconds() < seconds), tiers[-1])


def _by_attempt(attempt: int, tiers: Sequence[timedelta]) -> timedelta:
    return tiers[min(max(attempt, 1), len(tiers)) - 1]


def _last_resort(policy: Policy, why: str) -> Held | Dead:
    return Held(why) if policy.last_resort is LastResort.HELD else Dead(why)


def _milliseconds(delay: timedelta) -> int:
    return int(delay.total_seconds() * 1000)

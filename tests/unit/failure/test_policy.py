"""ERR-1, ERR-2, ERR-3: what happens next to a failed record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.reasons import DEFAULT_POLICIES, LastResort, Owner, Policy, Reason, Severity
from schemas.topics import DEFAULT_TIERS
from streams.failure.policy import Again, Dead, Decision, Held, at_least, decide, wait_behind

NOW = 1_700_000_000_000
TIERS = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120))


def again(seconds: int) -> Again:
    return Again(timedelta(seconds=seconds), NOW + seconds * 1000)


@pytest.mark.parametrize(
    ("reason", "attempt", "retry_after", "expected"),
    [
        (Reason.TRANSIENT, 1, None, again(30)),  # the first failure waits in the first tier
        (Reason.TRANSIENT, 2, None, again(60)),  # and longer each time
        (Reason.TRANSIENT, 3, None, again(120)),  # the last tier
        (Reason.TRANSIENT, 4, None, Dead),  # used up
        (Reason.THROTTLED, 1, 45.0, again(60)),  # the destination says when: the smallest tier that is not shorter
        (Reason.THROTTLED, 1, 30.0, again(30)),  # exactly that long is enough
        (Reason.THROTTLED, 1, 30.001, again(60)),
        (Reason.THROTTLED, 3, 1.0, again(120)),  # it lengthens the wait, it never shortens it
        (Reason.THROTTLED, 1, 86400.0, again(120)),  # longer than any tier: the last one
        (Reason.THROTTLED, 1, float("nan"), again(30)),  # nonsense asks for nothing
        (Reason.THROTTLED, 1, -5.0, again(30)),
        (Reason.AUTH, 1, None, again(30)),
        (Reason.AUTH, 2, None, again(60)),
        (Reason.AUTH, 3, None, Dead),  # ERR-1: auth is tried three times
        (Reason.DATA, 1, None, Dead),  # no waiting mends the record
        (Reason.RULE, 1, None, Dead),  # ERR-3: a business decision is never tried again by itself
        (Reason.BUG, 1, None, Dead),
        (Reason.MAPPING, 1, None, Held),  # ORD-9: waits for the mapping, not for time
        (Reason.CONFLICT, 3, None, again(120)),
        (Reason.CONFLICT, 4, None, Dead),
    ],
)
def test_the_default_policies(
    reason: Reason, attempt: int, retry_after: float | None, expected: Decision | type[Decision]
) -> None:
    decision = decide(reason, attempt, DEFAULT_POLICIES[reason], TIERS, NOW, retry_after)
    if isinstance(expected, type):
        assert isinstance(decision, expected)
        assert reason.value in decision.why  # type: ignore[union-attr]
    else:
        assert decision == expected


def test_all_thirteen_tiers_are_walked_in_order_and_then_it_is_dead() -> None:
    """ERR-2: 30 s, 1 m, 2 m, 4 m ... 24 h, then dead."""
    policy = DEFAULT_POLICIES[Reason.TRANSIENT]
    walked = [decide(Reason.TRANSIENT, attempt, policy, DEFAULT_TIERS, NOW) for attempt in range(1, 15)]
    assert [step.tier for step in walked if isinstance(step, Again)] == list(DEFAULT_TIERS)
    assert isinstance(walked[-1], Dead)


def test_waiting_through_an_outage_does_not_use_up_the_tries_of_another_reason() -> None:
    """ERR-1: five transient failures and then one conflict is the first conflict, not the sixth."""
    policy = DEFAULT_POLICIES[Reason.CONFLICT]
    assert decide(Reason.CONFLICT, 6, policy, DEFAULT_TIERS, NOW, streak=1) == Again(
        DEFAULT_TIERS[5], NOW + int(DEFAULT_TIERS[5].total_seconds()) * 1000
    )
    assert isinstance(decide(Reason.CONFLICT, 9, policy, DEFAULT_TIERS, NOW, streak=4), Dead)


def test_reasons_that_take_turns_do_not_wander_for_ever() -> None:
    policy = DEFAULT_POLICIES[Reason.CONFLICT]
    last = len(TIERS) + 4
    assert isinstance(decide(Reason.CONFLICT, last, policy, TIERS, NOW, streak=1), Again)
    assert isinstance(decide(Reason.CONFLICT, last + 1, policy, TIERS, NOW, streak=1), Dead)


def test_a_limit_beyond_the_tiers_repeats_the_last_tier() -> None:
    policy = Policy(Severity.INFO, Owner.PLATFORM, attempts=20)
    assert decide(Reason.TRANSIENT, 19, policy, TIERS, NOW) == again(120)
    assert isinstance(decide(Reason.TRANSIENT, 20, policy, TIERS, NOW), Dead)


def test_the_last_resort_is_configuration() -> None:
    policy = Policy(Severity.INFO, Owner.PLATFORM, attempts=None, last_resort=LastResort.HELD)
    assert isinstance(decide(Reason.TRANSIENT, 4, policy, TIERS, NOW), Held)


def test_a_command_waits_in_the_queue_of_the_one_before_it() -> None:
    """EVT-2: the same tier, so it comes out after it."""
    assert wait_behind(TIERS, timedelta(seconds=60), NOW) == again(60)
    assert wait_behind(TIERS, timedelta(hours=5), NOW) == again(120)


@pytest.mark.parametrize(
    ("seconds", "tier"), [(0, 30), (30, 30), (31, 60), (120, 120), (121, 120), (float("inf"), 120)]
)
def test_smallest_tier_that_is_not_shorter(seconds: float, tier: int) -> None:
    assert at_least(seconds, TIERS) == timedelta(seconds=tier)

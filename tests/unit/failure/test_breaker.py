"""ERR-4: a destination that is down pauses its lane; nothing is lost or counted as tried meanwhile."""

from __future__ import annotations

import pytest

from schemas.reasons import Reason
from streams.failure.breaker import Breaker, Breakers, Proceed, State, Wait


def breaker(failures: int = 3, probe_after: float = 10, probe_limit: float = 35) -> Breaker:
    return Breaker(failures, probe_after, probe_limit)


def opened() -> Breaker:
    """Opened at 100, to be probed at 110."""
    made = breaker()
    for _ in range(3):
        made.after(100, Reason.TRANSIENT)
    assert made.state is State.OPEN
    return made


@pytest.mark.parametrize("reason", [Reason.TRANSIENT, Reason.THROTTLED])
def test_failures_in_a_row_open_it(reason: Reason) -> None:
    made = breaker()
    assert [made.after(100, reason) for _ in range(3)] == [False, False, True]
    assert made.before(100) == Wait(110)
    assert made.before(109.9) == Wait(110)
    assert made.reason is reason


@pytest.mark.parametrize("answer", [None, Reason.DATA, Reason.MAPPING, Reason.RULE, Reason.CONFLICT])
def test_an_answer_about_the_record_is_a_sign_of_life(answer: Reason | None) -> None:
    made = breaker()
    for reason in (Reason.TRANSIENT, Reason.TRANSIENT, answer, Reason.TRANSIENT, Reason.TRANSIENT):
        made.after(100, reason)
    assert made.before(100) == Proceed()


def test_our_own_bug_says_nothing_of_the_destination() -> None:
    made = breaker()
    for reason in (Reason.TRANSIENT, Reason.TRANSIENT, Reason.BUG, Reason.TRANSIENT):
        made.after(100, reason)
    assert made.state is State.OPEN


def test_refused_credentials_open_it_at_once() -> None:
    made = breaker()
    assert made.after(100, Reason.AUTH)
    assert made.before(100) == Wait(110)


def test_one_probe_goes_through_and_the_rest_waits() -> None:
    made = opened()
    assert made.before(110) == Proceed(probe=True)
    assert made.state is State.HALF_OPEN
    assert made.before(110) == Wait(120)


@pytest.mark.parametrize("answer", [None, Reason.DATA])
def test_a_probe_that_is_answered_closes_it(answer: Reason | None) -> None:
    made = opened()
    made.before(110)
    assert made.after(111, answer)
    assert made.before(111) == Proceed()
    for _ in range(2):  # and the count begins anew
        made.after(112, Reason.TRANSIENT)
    assert made.state is State.CLOSED


def test_the_pause_doubles_with_each_failed_probe_up_to_its_limit() -> None:
    made, now, pauses = opened(), 100.0, []
    for _ in range(4):
        verdict = made.before(now)
        assert isinstance(verdict, Wait)
        pauses.append(verdict.until - now)
        now = verdict.until
        assert made.before(now) == Proceed(probe=True)
        made.after(now, Reason.TRANSIENT)
    assert pauses == [10, 20, 35, 35]


def test_the_pause_begins_small_again_after_it_closed() -> None:
    made = opened()
    made.before(110)
    made.after(110, Reason.TRANSIENT)  # now 20 s
    made.before(130)
    made.after(130, None)
    made.after(200, Reason.AUTH)
    assert made.before(200) == Wait(210)


def test_the_destination_may_ask_for_a_longer_pause() -> None:
    made = breaker(failures=1)
    made.after(100, Reason.THROTTLED, retry_after=600)
    assert made.before(100) == Wait(700)


def test_the_rest_of_the_batch_that_opened_it_does_not_lengthen_the_pause() -> None:
    made = opened()
    for _ in range(50):
        assert not made.after(105, Reason.TRANSIENT)
    assert made.before(105) == Wait(110)


def test_a_success_of_the_same_batch_closes_it_again() -> None:
    made = opened()
    assert made.after(100, None)
    assert made.before(100) == Proceed()


def test_a_probe_that_dies_of_our_own_bug_is_tried_again_at_once() -> None:
    made = opened()
    made.before(110)
    made.after(111, Reason.BUG)
    assert made.before(111) == Proceed(probe=True)


def test_a_lost_probe_is_given_up_after_another_pause() -> None:
    made = opened()
    assert made.before(110) == Proceed(probe=True)
    assert made.before(119.9) == Wait(120)
    assert made.before(120) == Proceed(probe=True)


def test_each_destination_and_operation_has_its_own() -> None:
    """ERR-4: per destination and operation."""
    breakers = Breakers(1, 10, 100)
    breakers.of("odoo", "upsert_order").after(100, Reason.TRANSIENT)
    assert breakers.of("odoo", "upsert_order").before(100) == Wait(110)
    assert breakers.of("odoo", "cancel_order").before(100) == Proceed()
    assert breakers.of("walmart", "upsert_order").before(100) == Proceed()
    assert set(breakers.all()) == {("odoo", "upsert_order"), ("odoo", "cancel_order"), ("walmart", "upsert_order")}

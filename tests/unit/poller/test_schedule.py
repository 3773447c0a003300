"""When a flow is polled again: tables of the pure decisions."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from confluent_kafka import KafkaError, KafkaException

from connectors.kit.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    DataError,
    ForbiddenError,
    MappingError,
    RuleError,
    ThrottledError,
    TransientError,
    UncertainError,
)
from schemas.reasons import Reason
from schemas.registry import RegistryError
from streams.poller.schedule import State, backoff, is_quiet, next_pause, setback
from streams.poller.settings import PollSettings, QuietSettings
from streams.runtime.errors import DeliveryError

SETTINGS = PollSettings(jitter=0.1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 540.0), (0.5, 600.0), (0.999999, 660.0)])
def test_interval_varies_by_the_jitter_share(chance: float, expected: float) -> None:
    """ORD-1: accounts do not poll in step."""
    assert next_pause(TEN_MINUTES, SETTINGS, NOON, chance) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("start", "end", "now", "expected"),
    [
        (time(1), time(5), time(1), True),
        (time(1), time(5), time(4, 59, 59), True),
        (time(1), time(5), time(5), False),
        (time(1), time(5), time(0, 59), False),
        (time(22), time(6), time(23), True),  # over midnight
        (time(22), time(6), time(5), True),
        (time(22), time(6), time(12), False),
        (time(0), time(0), time(0), False),  # the default: never
        (time(3), time(3), time(3), False),
    ],
)
def test_quiet_hours(start: time, end: time, now: time, expected: bool) -> None:
    moment = datetime.combine(NOON.date(), now, UTC)
    assert is_quiet(QuietSettings(start=start, end=end), moment) is expected


def test_quiet_hours_make_polls_rarer() -> None:
    quiet = PollSettings(jitter=0, quiet=QuietSettings(start=time(11), end=time(13), slower=3))
    assert next_pause(TEN_MINUTES, quiet, NOON, 0.5) == 1800
    assert next_pause(TEN_MINUTES, quiet, NOON + timedelta(hours=2), 0.5) == 600


@pytest.mark.parametrize(
    ("failures", "expected"), [(1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (8, 300), (10**6, 300)]
)
def test_backoff_doubles_to_its_limit(failures: int, expected: float) -> None:
    assert backoff(failures, SETTINGS, 0.0) == expected


def test_backoff_is_spread() -> None:
    assert backoff(1, SETTINGS, 1.0) == pytest.approx(5.5)


@pytest.mark.parametrize(
    ("error", "reason", "state", "pause", "is_binding", "is_dead"),
    [
        (TransientError("down"), Reason.TRANSIENT, State.RETRYING, 5, False, False),
        (ConflictError("moved"), Reason.CONFLICT, State.RETRYING, 5, False, False),
        (UncertainError("who knows"), Reason.TRANSIENT, State.RETRYING, 5, False, False),
        (ThrottledError("busy"), Reason.THROTTLED, State.RETRYING, 5, False, False),
        (ThrottledError("busy", retry_after=60), Reason.THROTTLED, State.RETRYING, 60, True, False),
        (ThrottledError("busy", retry_after=1), Reason.THROTTLED, State.RETRYING, 5, True, False),  # never shorter
        (
            ThrottledError("busy", retry_after=10**7),
            Reason.THROTTLED,
            State.RETRYING,
            3600,
            True,
            False,
        ),  # nor for ever
        (TransientError("503", retry_after=30), Reason.TRANSIENT, State.RETRYING, 30, True, False),
        (DeliveryError("broker"), Reason.TRANSIENT, State.RETRYING, 5, False, False),
        (RegistryError("registry"), Reason.TRANSIENT, State.RETRYING, 5, False, False),
        (KafkaException(KafkaError(KafkaError._TRANSPORT)), Reason.TRANSIENT, State.RETRYING, 5, False, False),
        (TimeoutError(), Reason.TRANSIENT, State.RETRYING, 5, False, False),
        (AuthError("revoked"), Reason.AUTH, State.AUTH_FAILED, 900, False, False),
        (ForbiddenError("no right"), Reason.AUTH, State.AUTH_FAILED, 900, False, False),
        (DataError("no JSON"), Reason.DATA, State.STOPPED, 900, False, True),
        (MappingError("no table"), Reason.MAPPING, State.STOPPED, 900, False, True),
        (RuleError("no"), Reason.RULE, State.STOPPED, 900, False, True),
        (ConnectorError("of no class"), Reason.BUG, State.STOPPED, 900, False, True),
        (KeyError("x"), Reason.BUG, State.STOPPED, 900, False, True),
    ],
)
def test_every_error_has_its_consequence(
    error: Exception, reason: Reason, state: State, pause: float, is_binding: bool, is_dead: bool
) -> None:
    """ERR-1: by what mends it."""
    found = setback(error, 1, SETTINGS, 0.0)
    assert (found.reason, found.state, found.pause_seconds) == (reason, state, pause)
    assert (found.is_binding, found.is_dead) == (is_binding, is_dead)


def test_interval_of_a_flow_is_configurable() -> None:
    """ORD-1 (C)."""
    settings = PollSettings(intervals={"walmart.orders": "2m"})
    assert settings.interval("walmart", "orders", TEN_MINUTES) == timedelta(minutes=2)
    assert settings.interval("walmart", "returns", TEN_MINUTES) == TEN_MINUTES


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"intervals": {"walmart": "2m"}}, "not a flow"),
        ({"intervals": {"walmart.orders": "soon"}}, "not a delay"),
        ({"jitter": 1}, "less than 1"),
        ({"retry_seconds": 10, "retry_limit_seconds": 5}, "must not be less"),
        ({"quiet": {"start": "01:00+02:00"}}, "is UTC already"),
        ({"intervall": {}}, "not permitted"),
    ],
)
def test_wrong_settings_are_told(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PollSettings.model_validate(wrong)

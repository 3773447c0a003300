"""When a flow is polled again. Pure: clock and randomness are passed in.

After a poll that ended well: its interval, varied by the jitter share, longer during quiet hours.
After an error, by what mends it (ERR-1); the cursor is untouched in every case, so nothing is skipped:

    error of the source                  pause                                      also
    -----------------------------------  -----------------------------------------  ------------------------------------------
    transient, conflict, uncertain       5 s, 10 s, 20 s ... 300 s (C)              warning
    throttled                            the same, or what the source asked for     warning; a wish to poll now waits as well
    our broker or registry, a time-out   as transient                               warning
    auth                                 900 s (C)                                  critical: a person renews the credentials
    data, mapping, rule                  900 s (C)                                  error: a person looks
    anything else: a bug                 900 s (C)                                  error: a developer looks

Whatever it was, the flow's cursor says since when it fails, why, and when it is tried again, until a poll reads to the end. A command that
cannot be carried out becomes a dead letter (`is_dead`).

An unreadable page stops its flow: what stands behind it cannot be reached without skipping it. Pages are re-read at a slow pace, so the flow
neither skips silently nor loops hot, and goes on by itself when the source is mended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from confluent_kafka import KafkaException

from connectors.kit.errors import AuthError, ConnectorError, RetryError, StopError, ThrottledError
from schemas.reasons import Reason
from schemas.registry import RegistryError
from streams.kafka import BrokerError
from streams.poller.settings import PollSettings, QuietSettings
from streams.runtime.errors import InfrastructureError

OURS = (InfrastructureError, BrokerError, KafkaException, RegistryError, TimeoutError)


class State(StrEnum):
    """What a flow is doing, for people."""

    WAITING = "waiting"
    READING = "reading"
    RETRYING = "retrying"
    AUTH_FAILED = "auth_failed"
    STOPPED = "stopped"  # unreadable page or bug: a person looks
    FENCED = "fenced"  # another poller reads this flow


@dataclass(frozen=True, slots=True)
class Setback:
    """What follows from an error.

    pause_seconds   until the next try
    is_binding      the source asked for the pause: not even a wish to poll now cuts it short
    is_dead         no time mends it: a command that met it ends as a dead letter
    """

    reason: Reason
    state: State
    pause_seconds: float
    is_binding: bool = False
    is_dead: bool = False


def next_pause(interval: timedelta, settings: PollSettings, now: datetime, chance: float) -> float:
    """Seconds until the next regular poll. `chance` in [0, 1) places it inside the jitter."""
    varied = interval.total_seconds() * (1 + settings.jitter * (2 * chance - 1))
    return varied * (settings.quiet.slower if is_quiet(settings.quiet, now) else 1.0)


def is_quiet(quiet: QuietSettings, now: datetime) -> bool:
    """Whether that moment (UTC) falls into the quiet hours."""
    moment: time = now.time()
    if quiet.start <= quiet.end:
        return quiet.start <= moment < quiet.end
    return moment >= quiet.start or moment < quiet.end


def backoff(failures: int, settings: PollSettings, chance: float) -> float:
    """Seconds after that many failures in a row (1, 2, ...): doubling up to the limit, then up to the jitter share more."""
    doublings = min(failures - 1, 62)  # beyond, floats gain nothing and would overflow in the end
    grown = min(settings.retry_seconds * 2.0**doublings, settings.retry_limit_seconds)
    return grown * (1 + settings.jitter * chance)


def setback(error: Exception, failures: int, settings: PollSettings, chance: float) -> Setback:
    """What follows from this error, the `failures`-th in a row (see the table above)."""
    pause = backoff(failures, settings, chance)
    slow = settings.stopped_seconds * (1 + settings.jitter * chance)
    match error:
        case ThrottledError() | RetryError():
            asked = min(error.retry_after or 0.0, settings.retry_after_limit_seconds)
            return Setback(error.reason, State.RETRYING, max(pause, asked), is_binding=asked > 0)
        case AuthError():
            return Setback(error.reason, State.AUTH_FAILED, slow)
        case StopError():
            return Setback(error.reason, State.STOPPED, slow, is_dead=True)
        case ConnectorError():
            return Setback(error.reason, State.STOPPED, slow, is_dead=True)
        case _ if isinstance(error, OURS):
            return Setback(Reason.TRANSIENT, State.RETRYING, pause)
        case _:
            return Setback(Reason.BUG, State.STOPPED, slow, is_dead=True)

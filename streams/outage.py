"""A broker that is away, as one process tells it: that it is, once a minute that it still is, and that it is back.

Every client of a process complains of its own, dozens of them several times a second, and none says when it is connected again. So a complaint
only begins a watch: a thread asks the cluster until it answers, and it alone writes. What was kept back is counted.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

logger = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_ASK_SECONDS = 5.0
_AWAY = "kafka_away for_seconds=%.0f complaints=%d detail=%s"
_UNSTEADY = "kafka_unsteady for_seconds=%.0f complaints=%d detail=%s"

# What a client says when it cannot reach a broker: it tries again by itself.
AWAY = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._WAIT_COORD,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)

Asks = Callable[[], bool]


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="outage", daemon=True).start()


class Outage:
    """One for a process. `open_line`: configuration -> a question to the cluster, True when it answers; it may take seconds."""

    def __init__(
        self, open_line: Callable[[Mapping[str, Any]], Asks], clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep, begin: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:  # fmt: skip
        self._open_line = open_line
        self._clock = clock
        self._wait = wait
        self._begin = begin
        self._lock = threading.Lock()
        self._told_at: dict[
            str, float
        ] = {}  # each kind of line by its own minute: unsteady as it goes down does not silence that it is away
        self._complaints = 0
        self.is_watched = False

    def complain(self, config: Mapping[str, Any], detail: str) -> None:
        """A client cannot reach a broker. From any thread; returns at once."""
        with self._lock:
            self._complaints += 1
            if self.is_watched:
                return
            self.is_watched = True
        self._begin(partial(self.watch, config, detail, self._clock()))

    def watch(self, config: Mapping[str, Any], detail: str, since: float) -> None:
        """Until the cluster answers."""
        try:
            answers = self._open_line(config)
            is_away = False
            while not answers():
                is_away = True
                self._tell(_AWAY, since, detail)
                self._wait(_LOOK_SECONDS)
            if is_away:
                logger.warning("kafka_back away_seconds=%.0f complaints=%d", self._clock() - since, self._complaints)
                self._told_at = dict.fromkeys(
                    (_AWAY, _UNSTEADY), self._clock()
                )  # others notice later: what they still say of it is old
            else:  # one of several brokers, or a connection that was closed
                self._tell(_UNSTEADY, since, detail)
        finally:
            with self._lock:
                self.is_watched, self._complaints = False, 0

    def _tell(self, text: str, since: float, detail: str) -> None:
        now = self._clock()
        if now - self._told_at.get(text, -math.inf) >= EVERY_SECONDS:
            self._told_at[text] = now
            logger.warning(text, now - since, self._complaints, detail)


def ask_cluster(config: Mapping[str, Any]) -> Asks:
    """By the metadata of the cluster, which a broker that is deaf does not give."""
    silent: dict[str, Any] = {"log_level": 0, "error_cb": lambda _: None, "reconnect.backoff.max.ms": 1000}
    client = AdminClient({**config, **silent})

    def answers() -> bool:
        try:
            client.list_topics(timeout=_ASK_SECONDS)
        except KafkaException:
            return False
        return True

    return answers


OUTAGE = Outage(ask_cluster)


def complaints(config: Mapping[str, Any]) -> Callable[[KafkaError], None]:
    """The `error_cb` of a client with that configuration: it tries again by itself, so its complaints are log lines, and few."""

    def log(error: KafkaError) -> None:
        if error.code() in AWAY and not error.fatal():
            OUTAGE.complain(config, f"{error.name()}: {error.str()}")
            return
        level = logging.ERROR if error.fatal() else logging.WARNING
        logger.log(level, "kafka_client code=%s detail=%s", error.name(), error.str())

    return log

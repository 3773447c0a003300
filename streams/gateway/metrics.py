"""Metrics of the gateway and of the Boxes it knows (OPS-1). The label `box` is a Box's identifier; there are as many as are enrolled.

What is said of a Box comes from `edge.boxes`, so every gateway says the same of all of them, whichever they post to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from prometheus_client import Counter, Gauge, Histogram

from streams.gateway.book import Book, Box

REQUESTS = Counter(
    "causeway_gateway_requests_total",
    "Calls by what was asked (enrol, events, config, health, other) and how it was answered",
    ["what", "result"],
)
EVENTS = Counter(
    "causeway_gateway_events_total", "Events of Boxes by result: published, repeated, refused", ["box", "result"]
)
PUBLISHING = Histogram(
    "causeway_gateway_publish_seconds", "From having read a batch to knowing it is safe, by result", ["result"]
)
SILENT = Gauge("causeway_box_silent_seconds", "Since the Box last brought events or said how it is", ["box"])
SPOOL = Gauge("causeway_box_spool_records", "Events that wait at the Box", ["box"])
OLDEST = Gauge("causeway_box_spool_oldest_seconds", "Age of the oldest of them when the Box last said so", ["box"])
DROPPED = Gauge("causeway_box_dropped_records", "Events the Box had to let go since it was set up", ["box"])
GAPS = Gauge("causeway_box_poll_gaps_records", "Holes in what the Box could hear since it was set up", ["box"])
CLOCK = Gauge("causeway_box_clock_error_seconds", "The agent's clock minus the gateway's", ["box"])
TWICE = Gauge("causeway_box_used_twice_state", "1 since a second spool has spoken under the Box's credential", ["box"])
SKEW = Gauge("causeway_box_skew_seconds", "The agent's clock minus the IoT Box's", ["box"])

_SAID = {
    "spool_events": (SPOOL, 1.0),
    "oldest_seconds": (OLDEST, 1.0),
    "dropped": (DROPPED, 1.0),
    "poll_gaps": (GAPS, 1.0),
    "skew_ms": (SKEW, 1000.0),
}
_OF_A_BOX = (SILENT, CLOCK, TWICE, *(gauge for gauge, _ in _SAID.values()))


class BoxMetrics:
    """Keeps the gauges as the book is. `clock` answers epoch seconds."""

    def __init__(self, book: Book, clock: Callable[[], float] = time.time) -> None:
        self._book, self._clock = book, clock

    def changed(self, name: str) -> None:
        """Something new is known of this Box. A Box whose credential is over is not missed, and shows nothing."""
        box = self._book.box(name)
        if box.credential is None:
            forget([name])
            return
        TWICE.labels(name).set(box.twice_at is not None)
        if box.last_seen is not None:
            seen = box.last_seen.timestamp()
            SILENT.labels(name).set_function(lambda: max(0.0, self._clock() - seen))
        for said, (gauge, per) in _SAID.items():
            if isinstance(value := box.health.get(said), int | float):
                gauge.labels(name).set(value / per)
        error = clock_error(box)
        if error is not None:
            CLOCK.labels(name).set(error)


def clock_error(box: Box) -> float | None:
    """Seconds the agent's clock is ahead of the gateway's, by its last report; None when it did not say."""
    sent_at = box.health.get("sent_at")
    if box.health_at is None or not isinstance(sent_at, int | float):
        return None
    return float(sent_at) / 1e6 - box.health_at.timestamp()


def forget(names: Iterable[str]) -> None:
    """Take these Boxes' gauges away."""
    for name in names:
        for gauge in _OF_A_BOX:
            try:
                gauge.remove(name)
            except KeyError:
                continue

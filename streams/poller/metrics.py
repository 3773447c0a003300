"""Metrics of the poller (OPS-1). Labels: source, account, flow; all configured, none personal.

Ages are computed when scraped. A flow that is given up loses its gauges here, for its new owner shows them; its counters stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from prometheus_client import Counter, Enum, Gauge

from streams.poller.flows import FlowKey
from streams.poller.schedule import State

_FLOW = ["source", "account", "flow"]

PAGES = Counter("causeway_poll_pages_total", "Pages published", _FLOW)
RECORDS = Counter("causeway_poll_records_total", "Records published", _FLOW)
PROBLEMS = Counter("causeway_poll_problems_total", "Things in pages that were no entity: dead letters", _FLOW)
ERRORS = Counter("causeway_poll_errors_total", "Failed reads by reason", [*_FLOW, "reason"])
COMMANDS = Counter("causeway_poll_commands_total", "Commands by action and result: done, refused", ["action", "result"])
HINTS = Counter(
    "causeway_poll_hints_total",
    "Calls to the port for wake-ups by result: taken, unknown, forbidden, lost, unreadable, too_large, slow, limited",
    ["source", "result"],
)
PUSHES = Counter(
    "causeway_poll_pushes_total",
    "Messages that came from outside by result: taken, repeated, unknown, forbidden, late, unreadable, lost, too_large, slow, limited, failed",
    ["source", "account", "result"],
)
SINCE_SUCCESS = Gauge("causeway_poll_since_success_seconds", "Since a poll last read to the end", _FLOW)
CURSOR_AGE = Gauge(
    "causeway_poll_cursor_age_seconds", "Age of what has been read for sure; absent until something has", _FLOW
)
FAILING = Gauge(
    "causeway_poll_failing_seconds",
    "Since when every poll of the flow has failed; absent while it is well",
    [*_FLOW, "reason"],
)
STATE = Enum("causeway_poll_state", "What the flow is doing", _FLOW, states=[state.value for state in State])


class FlowMetrics:
    """The metrics of one flow while this process owns it. `clock` answers seconds since the epoch."""

    def __init__(self, key: FlowKey, clock: Callable[[], float] = time.time) -> None:
        self._labels = (key.source, key.account, key.flow)
        self._clock = clock
        self._failing = ""  # the reason that is shown

    def start(self, last_written: datetime, read_until: datetime | None) -> None:
        """The flow is ours. Until it succeeds here, its last success is when its cursor was last written, whoever wrote it."""
        self._succeeded_at(last_written.timestamp())
        self.state(State.WAITING)
        self.read_until(read_until)

    def page(self, records: int, problems: int) -> None:
        """A page is published."""
        PAGES.labels(*self._labels).inc()
        RECORDS.labels(*self._labels).inc(records)
        PROBLEMS.labels(*self._labels).inc(problems)

    def error(self, reason: str) -> None:
        """A read failed."""
        ERRORS.labels(*self._labels, reason).inc()

    def succeeded(self) -> None:
        """A poll has read to the end."""
        self._succeeded_at(self._clock())

    def _succeeded_at(self, at: float) -> None:
        SINCE_SUCCESS.labels(*self._labels).set_function(lambda: self._clock() - at)

    def failing(self, since: datetime | None, reason: str) -> None:
        """Polls have failed since then, the last one for that reason; None: it is well."""
        if self._failing != reason:
            self._forget_failing()
        if since is not None:
            at, self._failing = since.timestamp(), reason
            FAILING.labels(*self._labels, reason).set_function(lambda: max(0.0, self._clock() - at))

    def read_until(self, moment: datetime | None) -> None:
        """Everything changed before this has been read."""
        if moment is not None:
            at = moment.timestamp()
            CURSOR_AGE.labels(*self._labels).set_function(lambda: self._clock() - at)

    def state(self, state: State) -> None:
        """What the flow is doing."""
        STATE.labels(*self._labels).state(state.value)

    def stop(self) -> None:
        """The flow is given up."""
        self._forget_failing()
        for gauge in (SINCE_SUCCESS, CURSOR_AGE, STATE):
            try:
                gauge.remove(*self._labels)
            except KeyError:
                continue

    def _forget_failing(self) -> None:
        if self._failing:
            FAILING.remove(*self._labels, self._failing)
            self._failing = ""


def failing_flows() -> list[str]:
    """The flows of this process whose polls fail, a line each, for whoever asks how the process is."""
    found = []
    for sample in next(iter(FAILING.collect())).samples:
        flow = ":".join(sample.labels[name] for name in _FLOW)
        found.append(f"{flow} failing for {sample.value:.0f} s: {sample.labels['reason']}")
    return sorted(found)

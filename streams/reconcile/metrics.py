"""Metrics of reconciliation (REC-1, OPS-1): they outlive restarts, for they are made of what the topic holds. docs/seeing.md lists them."""

from __future__ import annotations

import time
from collections import Counter as Counting
from collections.abc import Callable
from contextlib import suppress

from prometheus_client import Counter, Gauge

from schemas.records import Reconciliation
from streams.reconcile.findings import Place, What

_PLACE = ["kind", "source", "account"]

DIFFERENCES = Gauge(
    "causeway_reconciliation_differences_records",
    "Differences that the newest reconciliation found",
    [*_PLACE, "what"],
)
AGE = Gauge("causeway_reconciliation_age_seconds", "Since a reconciliation last could look", _PLACE)
RUNS = Counter("causeway_reconciliation_runs_total", "Reconciliations by result", [*_PLACE, "result"])


def show(record: Reconciliation, clock: Callable[[], float] = time.time) -> None:
    """What the newest event says. Findings beyond those in the event count as doubts. Where nobody ever could look there is nothing to show."""
    looked = record["looked_at"]
    if looked is None:
        return
    place = (record["kind"], record["source"], record["account"])
    counts = Counting(one["what"] for one in record["findings"])
    counts[What.DOUBT.value] += record["differences"] - len(record["findings"])
    for what in What:
        DIFFERENCES.labels(*place, what.value).set(counts[what.value])
    at = looked.timestamp()
    AGE.labels(*place).set_function(lambda: max(0.0, clock() - at))


def forget(place: Place) -> None:
    """Another process watches over it now."""
    labels = (place.kind, place.source, place.account)
    with suppress(KeyError):
        AGE.remove(*labels)
    for what in What:
        with suppress(KeyError):
            DIFFERENCES.remove(*labels, what.value)

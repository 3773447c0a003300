"""The states of a return from those of its lines: goods, money and customer service, each by itself (RET-1). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_LEAST_ADVANCED = ("announced", "in_transit", "received", "lost", "none")


def physical_of(states: Iterable[str]) -> str:
    """The least advanced of the lines whose goods come back; none when no goods do."""
    found = set(states)
    return next(state for state in _LEAST_ADVANCED if state in found)


def financial_of(states: Sequence[str]) -> str:
    """The lines' common state; partly refunded where some are."""
    found = set(states)
    if len(found) == 1:
        return states[0]
    if found & {"refunded", "partly_refunded"}:
        return "partly_refunded"
    return "pending" if "pending" in found else sorted(found)[-1]


def service_of(states: Sequence[str]) -> str:
    """Cancelled when all are, escalated or open while one is."""
    if all(state == "cancelled" for state in states):
        return "cancelled"
    if "escalated" in states:
        return "escalated"
    return "open" if "open" in states else "closed"

"""Which credit notes of an order have been refunded, as the key state remembers it (RET-2, EVT-4).

Amazon's order shows no refund, its finances show one up to two days later and without our reference. So it is written down with the outcome
of each command of the order, in `remote_id`: the order's id, and a mark for each note. A delivery that comes again finds its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from connectors.kit.ports import Delivery

# As many as fit; an order with more credit notes has been looked at by a person long ago.
_KEPT = 40
_SIGN = "+"


def mark_of_refund(reference: str) -> str:
    """A credit note's mark."""
    return hashlib.sha256(reference.encode()).hexdigest()[:10]


def told_by(delivery: Delivery) -> list[str]:
    """The marks that are known of the order, oldest first."""
    if delivery.known is None:
        return []
    return [word[1:] for word in delivery.known.remote_id.split(" ") if word.startswith(_SIGN)]


def remote_id(order_id: str, delivery: Delivery, more: Sequence[str] = ()) -> str:
    """What is to be remembered of the order after this command."""
    marks = list(dict.fromkeys([*told_by(delivery), *more]))[-_KEPT:]
    return " ".join([order_id, *(_SIGN + mark for mark in marks)])

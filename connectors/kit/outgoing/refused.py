"""Products that were refused, by key: the same product with the same fault is one exception, however often it comes (PRD-3).

A product that is not listed comes again whenever its stock asks for the listing (INV-4). Its dead letter stands; another one each time its stock
moves would hide the others. A memory of recent keys of this process, bounded: what it has forgotten becomes one more exception.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from connectors.kit.errors import ConnectorError, DataError
from connectors.kit.ports import Delivery, Outcome, Result, failed_by

REFUSED_BEFORE = "the same product was refused before for the same reasons, and has not changed: see its dead letter"

_KEPT_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class _Refusal:
    delivery_id: str
    checksum: str
    words: str


class Refused:
    """Used from one event loop."""

    def __init__(self, kept: int = _KEPT_KEYS) -> None:
        self._kept = kept
        self._known: OrderedDict[str, _Refusal] = OrderedDict()

    def before(self, delivery: Delivery, words: str) -> bool:
        """Whether another delivery of this very product was refused in the same words. If not, this one is remembered.

        The delivery that was refused first is refused again when it is replayed: who replays wants to know.
        """
        known = self._known.get(delivery.key)
        if known is not None and (known.checksum, known.words) == (delivery.checksum, words):
            return known.delivery_id != delivery.id
        self._known[delivery.key] = _Refusal(delivery.id, delivery.checksum, words)
        self._known.move_to_end(delivery.key)
        while len(self._known) > self._kept:
            self._known.popitem(last=False)
        return False

    def outcome(self, delivery: Delivery, error: ConnectorError) -> Outcome:
        """What becomes of a product that something is wrong with, before anything was sent."""
        if isinstance(error, DataError) and self.before(delivery, str(error)):
            return Outcome(Result.STALE, detail=REFUSED_BEFORE, notes=("refused_before",))
        # A picture that cannot be fetched now is this product's trouble, not the marketplace's.
        return failed_by(error, of_record=True)

    def forget(self, key: str) -> None:
        """It is well now."""
        self._known.pop(key, None)

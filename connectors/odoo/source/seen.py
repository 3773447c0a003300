"""Changed rows that were published, so that the overlap of polls does not publish them again. In memory only.

A row is known by model and id, and the same as before when its date and the content that was asked for are: two changes may fall into one
second, which is all Odoo shows of a date. Losing this memory, at a restart or because it is full, costs repetitions, never a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from connectors.kit import exact_json


class Seen:
    """Rows by (index of the watched model, id): their date and a digest of eight bytes. About 200 bytes each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: dict[tuple[int, int], tuple[str, bytes]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def has(self, model: int, row: Mapping[str, Any]) -> bool:
        """Whether this very state of the row was published."""
        return self._rows.get((model, row["id"])) == _state(row)

    def add(self, model: int, row: Mapping[str, Any]) -> None:
        """It is now; the longest known are forgotten when there are too many."""
        key = (model, row["id"])
        self._rows.pop(key, None)
        self._rows[key] = _state(row)
        while len(self._rows) > self._limit:
            del self._rows[next(iter(self._rows))]

    def forget_before(self, stamp: str) -> None:
        """No poll will list rows with dates before this one (`YYYY-MM-DD HH:MM:SS`)."""
        self._rows = {key: state for key, state in self._rows.items() if state[0] >= stamp}


def _state(row: Mapping[str, Any]) -> tuple[str, bytes]:
    return str(row["write_date"]), blake2b(exact_json.dumps(dict(row)), digest_size=8).digest()

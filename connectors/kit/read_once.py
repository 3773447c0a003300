"""Where a flow of documents stands that never change, such as settlement reports: the names of those that have been read. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.kit.errors import DataError

MOST_REMEMBERED = 1000


def done_in(position: str, flow: str) -> list[str]:
    """What a position says was read, oldest first; nothing for the first poll. Raises DataError naming the flow for a position that is none."""
    if not position:
        return []
    try:
        found: Any = json.loads(position)
        names = found["done"]
        return [str(name) for name in names]
    except (ValueError, KeyError, TypeError):
        raise DataError(f"position: not that of {flow}; resync to start over") from None


def position_of(done: Sequence[str], offered: Iterable[str] | None = None) -> str:
    """The position after these. `offered`: what the other side still has, where that is all it will ever offer again: the rest is forgotten."""
    there = None if offered is None else frozenset(offered)
    kept = [name for name in done if there is None or name in there]
    return json.dumps({"v": 1, "done": kept[-MOST_REMEMBERED:]})

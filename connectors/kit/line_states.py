"""States of the parts of an order, in our words: created, acknowledged, shipped, delivered, cancelled, unknown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

UNKNOWN = "unknown"
# What still has to be worked on comes first; an unknown state needs a person most.
_LEAST_ADVANCED = (UNKNOWN, "pending", "created", "acknowledged", "shipped", "delivered")


def least_advanced(parts: Sequence[str]) -> str:
    """The least advanced part that still has to be worked on: the state of a line that is in several."""
    for status in _LEAST_ADVANCED:
        if status in parts:
            return status
    return "cancelled" if "cancelled" in parts else UNKNOWN


def source_words(words: Sequence[str]) -> str:
    """The source's words, each once, in their order."""
    return ",".join(dict.fromkeys(word for word in words if word))

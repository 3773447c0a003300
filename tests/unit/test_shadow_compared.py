"""OPS-7: what `causeway shadow diff` says of one delivery."""

from __future__ import annotations

from typing import cast

from connectors.kit.errors import DataError
from connectors.kit.outgoing.previewing import refused
from connectors.kit.ports import Difference
from streams.shadow import Shadowed, compared_by

ITEM = cast("Shadowed", object())


def test_what_would_be_refused_is_no_change() -> None:
    """OPS-7: it is shown as `cannot be said` with the reason, and not counted as a change."""
    found = compared_by(ITEM, refused(DataError("title: longer than 200")))
    assert (found.differences, found.problem) == ((), "title: longer than 200")


def test_what_would_change_is_told_field_by_field() -> None:
    """OPS-7"""
    found = compared_by(ITEM, [Difference("quantity", "1", "2")])
    assert (found.differences, found.problem) == ((Difference("quantity", "1", "2"),), "")

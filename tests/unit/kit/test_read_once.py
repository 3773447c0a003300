"""Where a flow of documents stands that are read once (FIN-2)."""

from __future__ import annotations

import pytest

from connectors.kit.errors import DataError
from connectors.kit.read_once import MOST_REMEMBERED, done_in, position_of


def test_what_was_read_is_remembered_in_order() -> None:
    assert done_in("", "settlements") == []
    assert done_in(position_of(["b", "a"]), "settlements") == ["b", "a"]


def test_what_is_offered_no_more_is_forgotten() -> None:
    assert done_in(position_of(["a", "b", "c"], ["c", "a", "d"]), "settlements") == ["a", "c"]


def test_only_so_many_are_remembered_the_newest() -> None:
    found = done_in(position_of([str(number) for number in range(MOST_REMEMBERED + 5)]), "settlements")
    assert (len(found), found[0]) == (MOST_REMEMBERED, "5")


@pytest.mark.parametrize("position", ["{", "[]", "{}", '{"done": 3}', "null"])
def test_a_position_of_another_kind_is_refused(position: str) -> None:
    with pytest.raises(DataError, match="not that of settlements; resync"):
        done_in(position, "settlements")

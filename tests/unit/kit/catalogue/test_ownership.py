"""PRD-2: per-field master ownership (configurable): Odoo or the marketplace wins, conflicts are recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.catalogue.ownership import FieldConflict, Owner, conflict_record, merge

NONE: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("owner", "odoo", "marketplace", "seen", "written", "action"),
    [
        # the same: nothing, whoever owns it
        ("odoo", "Lamp", "Lamp", NONE, None, None),
        ("marketplace", "Lamp ", " Lamp", NONE, None, None),
        ("marketplace", 12, "12", NONE, None, None),
        ("marketplace", 12.0, 12, NONE, None, None),
        ("marketplace", [4, "Wood"], "Wood", NONE, None, None),
        ("marketplace", False, "", NONE, None, None),
        # Odoo owns it
        ("odoo", "Lamp", "Light", NONE, None, "kept"),
        ("odoo", "Lamp", "Light", {"f": "Light"}, None, None),  # told before; ours is on its way
        ("odoo", "Lamp", "Torch", {"f": "Light"}, None, "kept"),  # changed over there meanwhile
        ("odoo", "", "Light", NONE, None, "kept"),  # empty on purpose
        # the marketplace owns it
        ("marketplace", "", "Light", NONE, "Light", None),
        ("marketplace", False, "Light", NONE, "Light", None),
        ("marketplace", "Lamp", "Light", {"f": "Lamp"}, "Light", None),  # a plain change over there
        ("marketplace", "Lamp", "Light", NONE, "Light", "overwritten"),
        ("marketplace", "Mine", "Light", {"f": "Lamp"}, "Light", "overwritten"),  # somebody wrote in Odoo
        ("marketplace", "Mine", "Light", {"f": "Light"}, "Light", "overwritten"),
        ("marketplace", "Lamp", "", NONE, None, None),  # not shown is not deleted
        ("marketplace", True, False, {"f": True}, False, None),  # a No is an answer
        # fill: as the marketplace's where Odoo is empty, as Odoo's where it is not
        ("fill", "", "Light", NONE, "Light", None),
        ("fill", "Lamp", "Light", NONE, None, "kept"),
        # propose: a person decides, asked once for each new value
        ("propose", "Lamp", "Light", NONE, None, "proposed"),
        ("propose", "", "Light", NONE, None, "proposed"),
        ("propose", "Lamp", "Light", {"f": "Light"}, None, None),
    ],
)
def test_decisions(
    owner: Owner, odoo: Any, marketplace: Any, seen: dict[str, Any], written: Any, action: str | None
) -> None:
    found = merge({"f": odoo}, {"f": marketplace}, {"f": owner}, seen)
    assert found.writes == ({} if written is None else {"f": written})
    assert [conflict.action for conflict in found.conflicts] == ([action] if action else [])
    assert found.seen == {"f": marketplace}


def test_fields_without_an_owner_have_the_default_one() -> None:
    assert merge({"f": "a"}, {"f": "b"}, {}).writes == {}
    assert merge({"f": "a"}, {"f": "b"}, {}, default="marketplace").writes == {"f": "b"}


def test_what_the_marketplace_does_not_say_is_not_touched_and_still_remembered() -> None:
    found = merge({"f": "a", "g": "x"}, {"f": None}, {"f": "marketplace", "g": "marketplace"}, {"f": "old"})
    assert (found.writes, found.conflicts, found.seen) == ({}, [], {"f": "old"})


values = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", " ", "a", "b", "1"]))


@given(
    st.fixed_dictionaries(dict.fromkeys("fg", values)),
    st.fixed_dictionaries(dict.fromkeys("fg", values)),
    st.fixed_dictionaries({name: st.sampled_from(["odoo", "marketplace", "fill", "propose"]) for name in "fg"}),
    st.dictionaries(st.sampled_from("fg"), values),
)
def test_a_second_merge_finds_nothing_more_to_do(odoo: Any, marketplace: Any, owners: Any, seen: Any) -> None:
    first = merge(odoo, marketplace, owners, seen)
    again = merge({**odoo, **first.writes}, marketplace, owners, first.seen)
    assert (again.writes, again.conflicts) == ({}, [])


def test_the_record_of_a_conflict() -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    conflict = FieldConflict("name", "Lamp", "Light", "odoo", "kept")
    record = conflict_record(conflict, "shop:main:item:L", "c-1", at)
    assert record == {
        "key": "shop:main:item:L", "entity": "listing", "field": "name", "odoo": "Lamp", "marketplace": "Light",
        "master": "odoo", "action": "kept", "correlation": "c-1", "at": at,
    }  # fmt: skip

"""Who owns a field: Odoo or the marketplace (PRD-2). Pure: values in, what to write and which conflicts to record out.

    owner         they differ                                        what happens
    odoo          the marketplace has not moved since last seen      nothing: Odoo's value is on its way, or was told before
                  it has moved, or nothing was seen yet              conflict `kept`: Odoo's value stays
    marketplace   Odoo is empty or holds what was last seen          written, no conflict: a plain change
                  Odoo holds something else                          conflict `overwritten`: written, the lost value is recorded
    fill          Odoo is empty                                      written; otherwise as for odoo
    propose       whatever                                           conflict `proposed`, once for each new value: a person decides

A marketplace that says nothing of a field (None) never changes it; an empty text is a value only where Odoo does not hold one already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from schemas.records import Conflict

Owner = Literal["odoo", "marketplace", "fill", "propose"]
Action = Literal["kept", "overwritten", "proposed"]
_LONGEST_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field two systems disagree on. master: whose value stands."""

    field: str
    odoo: str
    marketplace: str
    master: Literal["odoo", "marketplace"]
    action: Action


@dataclass(slots=True)
class Merge:
    """writes: Odoo field -> value; seen: what to hand in as `seen` next time."""

    writes: dict[str, Any] = field(default_factory=dict)
    conflicts: list[FieldConflict] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)


def merge(
    odoo: Mapping[str, Any],
    marketplace: Mapping[str, Any],
    owners: Mapping[str, Owner],
    seen: Mapping[str, Any] | None = None,
    default: Owner = "odoo",
) -> Merge:
    """odoo, marketplace: field -> value, under Odoo's names; seen: the marketplace's values of the last merge, {} the first time.

    A second merge of the same values with the first one's `seen` and its writes done changes nothing and finds no conflict.
    """
    before = seen or {}
    result = Merge(seen=dict(before))
    for name, theirs in marketplace.items():
        if theirs is None:
            continue
        result.seen[name] = theirs
        _decide(name, odoo.get(name), theirs, owners.get(name, default), before, result)
    return result


def conflict_record(conflict: FieldConflict, key: str, correlation: str, at: datetime) -> Conflict:
    """The record of a conflict for the topic. key: natural key of the listing."""
    return Conflict(
        key=key,
        entity="listing",
        field=conflict.field,
        odoo=conflict.odoo,
        marketplace=conflict.marketplace,
        master=conflict.master,
        action=conflict.action,
        correlation=correlation,
        at=at,
    )


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same: Odoo's false and none are empty, numbers by value, texts without outer and double spaces."""
    if isinstance(one, bool) and isinstance(other, bool):
        return one == other
    if _is_empty(one) or _is_empty(other):
        return _is_empty(one) and _is_empty(other)
    numbers = _number(one), _number(other)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return _shown(one) == _shown(other)


def _decide(name: str, ours: Any, theirs: Any, owner: Owner, before: Mapping[str, Any], result: Merge) -> None:
    if same(ours, theirs):
        return
    if _is_empty(theirs) and not (theirs is False and ours is True):
        # What the marketplace does not show is not a wish to delete it here; a No is an answer where Odoo says yes.
        return
    is_new = name not in before or not same(before[name], theirs)
    if owner == "marketplace" or (owner == "fill" and _is_empty(ours)):
        result.writes[name] = theirs
        untouched = _is_empty(ours) or (name in before and same(before[name], ours))
        if not untouched:
            result.conflicts.append(FieldConflict(name, _shown(ours), _shown(theirs), "marketplace", "overwritten"))
    elif is_new:
        action: Action = "proposed" if owner == "propose" else "kept"
        result.conflicts.append(FieldConflict(name, _shown(ours), _shown(theirs), "odoo", action))


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _shown(value: Any) -> str:
    if _is_empty(value):
        return ""
    # A many2one comes as [id, name]: the name says it.
    if isinstance(value, list | tuple) and len(value) == 2 and type(value[0]) is int:
        value = value[1]
    return " ".join(str(value).split())[:_LONGEST_SHOWN]

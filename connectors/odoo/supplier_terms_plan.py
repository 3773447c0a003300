"""What of vendors' lead times changes when a supplier is out of stock, and when it is in stock again (PO-4). Pure.

Ours is what we wrote and nobody changed since. A lead time a person changed stays theirs, and so does one that is as long already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.odoo.kept import packed, unpacked

Days = dict[int, int]  # row of vendors' prices -> days


@dataclass(frozen=True, slots=True)
class LeadMemory:
    """What was written of a SKU. days: the lead time out of stock, 0 = in stock; before: row -> what it had; done: the rows were written; may:
    while they may not be, what else they may have of ours; stood: what stood where a person had changed it, as it was told."""

    version: int = 0
    delivery: str = ""
    days: int = 0
    done: bool = True
    before: Mapping[int, int] = field(default_factory=dict)
    may: frozenset[int] = frozenset()
    stood: str = ""

    @classmethod
    def read(cls, datas: str | bool | None) -> LeadMemory:
        """From an attachment's `datas`; what cannot be read counts as nothing remembered."""
        try:
            found = unpacked(datas)
            before = {int(row): int(days) for row, days in found["before"].items()}
            return cls(
                int(found["version"]), str(found["delivery"]), int(found["days"]), bool(found["done"]), before,
                frozenset(int(days) for days in found["may"]), str(found["stood"]),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def datas(self) -> str:
        before = {str(row): days for row, days in sorted(self.before.items())}
        content: dict[str, Any] = {
            "version": self.version, "delivery": self.delivery, "days": self.days, "done": self.done, "before": before,
            "may": sorted(self.may), "stood": self.stood,
        }  # fmt: skip
        return packed(content)


@dataclass
class LeadPlan:
    """writes: row -> days; before: as `LeadMemory`; kept: row -> what a person made it, which stays."""

    writes: Days = field(default_factory=dict)
    before: Days = field(default_factory=dict)
    kept: Days = field(default_factory=dict)


def plan_lead(days: int, standing: Mapping[int, int], memory: LeadMemory) -> LeadPlan:
    """`days`: the lead time out of stock, 0 = in stock again; `standing`: row -> what it has."""
    plan = LeadPlan()
    for row, has in standing.items():
        before = memory.before.get(row, _as_the_others(has, memory))
        if before is None:
            if days > has:  # one that is as long already is somebody's own
                plan.before[row], plan.writes[row] = has, days
            continue
        if has not in _ours(before, memory) and has != max(days, before):
            plan.kept[row] = has
            continue
        if days:
            plan.before[row] = before
        if has != (wanted := max(days, before)):
            plan.writes[row] = wanted
    return plan


def began(memory: LeadMemory, plan: LeadPlan, days: int, version: int, delivery: str) -> LeadMemory:
    """What has to be remembered before the rows are written: after that nobody can tell what they had."""
    before = {**memory.before, **plan.before}
    may = frozenset() if not plan.writes else _written(memory)
    return LeadMemory(version, delivery, days, not plan.writes, before, may, _words(plan.kept))


def ended(memory: LeadMemory, plan: LeadPlan) -> LeadMemory:
    return replace(memory, done=True, before=plan.before, may=frozenset())


def _written(memory: LeadMemory) -> frozenset[int]:
    """Lead times of ours that rows may have, 0 = what they had before."""
    return frozenset({memory.days} if memory.done else {memory.days, 0, *memory.may})


def _as_the_others(has: int, memory: LeadMemory) -> int | None:
    """A row that was made while its SKU was out of stock has its lead time, and had none before."""
    return min(memory.before.values(), default=None) if has in _written(memory) - {0} else None


def _ours(before: int, memory: LeadMemory) -> set[int]:
    """What a row may have unless a person changed it."""
    return {max(days, before) for days in _written(memory)}


def _words(kept: Mapping[int, int]) -> str:
    return ", ".join(str(days) for days in sorted(set(kept.values())))

"""Which entries of two books belong together. Pure.

1. by name: the entry of Odoo that is called so. Several: the one of them that also has its number, else it is in doubt
2. by number: the entry of Odoo on which its number stands. Several: it is in doubt
3. else it belongs to none

Several entries of the other side may belong to one of Odoo: a platform splits orders, and large ones are made in parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.kit.books import Entry


@dataclass(frozen=True, slots=True)
class Group:
    """An entry of Odoo and those of the other side that belong to it, by number."""

    ours: Entry
    theirs: Sequence[Entry] = ()


@dataclass(frozen=True, slots=True)
class Matched:
    """groups: of every entry of Odoo that is in no doubt; alone: of the other side, belonging to none; doubtful: each with those it could be of."""

    groups: Sequence[Group]
    alone: Sequence[Entry]
    doubtful: Sequence[tuple[Entry, Sequence[Entry]]] = field(default=())


def matched(ours: Mapping[str, Entry], theirs: Mapping[str, Entry]) -> Matched:
    """Both by id."""
    named, numbered = _index(ours.values(), "names"), _index(ours.values(), "numbers")
    members: dict[str, list[Entry]] = defaultdict(list)
    alone: list[Entry] = []
    doubtful: list[tuple[Entry, Sequence[Entry]]] = []
    for entry in theirs.values():
        candidates = _candidates(entry, named, numbered)
        if not candidates:
            alone.append(entry)
        elif len(candidates) > 1:
            doubtful.append((entry, [ours[one] for one in candidates]))
        else:
            members[candidates[0]].append(entry)
    in_doubt = {one.id for _, several in doubtful for one in several}
    groups = [
        Group(entry, sorted(members[entry.id], key=lambda one: one.id))
        for entry in ours.values()
        if entry.id not in in_doubt
    ]
    return Matched(groups, alone, doubtful)


def _candidates(
    entry: Entry, named: Mapping[str, Sequence[str]], numbered: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    by_name = _found(entry.names, named)
    by_number = _found(entry.numbers, numbered)
    if len(by_name) > 1:
        return [one for one in by_name if one in by_number] or by_name
    return by_name or by_number


def _found(words: Iterable[str], index: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(one for word in words for one in index.get(word, ())))


def _index(entries: Iterable[Entry], field_name: str) -> dict[str, list[str]]:
    index: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        for word in getattr(entry, field_name):
            index[word].append(entry.id)
    return index

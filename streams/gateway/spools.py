"""Which spool may speak for a Box. Pure.

A Box's numbers are given by one spool. Two under one credential (a copied card, the old Box back with copied files) give the same numbers to
different events, and what the second sends would be taken for repeats of the first's. Nothing in a copy tells it from what it was copied of; so
a spool changes its name with each start of its agent, by a random one that it keeps before it sends it, and the gateways keep which one speaks:

    same     the name that speaks: taken
    next     it was the name that speaks (it stands among the older names), or none has spoken under this credential yet: the new one speaks now
    other    a name that was overtaken, or never spoke: refused, and told until the Box is enrolled anew

Of two copies the one that calls next goes on, and the other is refused before anything of it is judged: its spool keeps all. Which of them is right
a person knows, and says by enrolling it. A spool that was made anew has no older names: it needs a new credential too.

One batch of the spool before may still be on its way through another gateway when a new name begins to speak. It is found in the log behind that name
(`is_foreign`). Until the new one has passed it, only a batch that shows the last of those events is taken for a repeat of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from streams.gateway.book import Box


@dataclass(frozen=True, slots=True)
class Spool:
    """The spool that calls: the name of this start, and those it had before that may have been heard."""

    name: str
    before: tuple[str, ...] = ()


class Says(Enum):
    """What a call of a spool is, by the name that speaks."""

    SAME = "same"
    NEXT = "next"
    OTHER = "other"


def spool_of(names: Sequence[str]) -> Spool:
    """Newest first, as in the header; no name where there is none yet."""
    return Spool(names[0] if names else "", tuple(names[1:]))


def says(box: Box, spool: Spool) -> Says:
    """By the credential that counts."""
    bound = box.spool
    if bound is None or bound.spool in spool.before:
        return Says.NEXT
    return Says.SAME if bound.spool == spool.name else Says.OTHER


def is_foreign(box: Box) -> bool:
    """Whether the last of what is safe came from another spool, after the one that speaks had begun."""
    through, bound = box.through, box.spool
    return through is not None and bound is not None and through.offset > bound.offset and through.spool != bound.spool

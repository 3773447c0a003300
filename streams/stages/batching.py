"""What a sink gets at once. Rules for the deliveries of one chunk, which are in the order of their keys' history:

a state older than what the destination holds               -> stale, not sent
a state older than another of its key in the same chunk     -> stale, only the newest is sent
a delivery that comes back to ask how its job went           -> sent, whatever is known: its result must be read
a state or command the destination is known to hold         -> already applied, not sent (unless a resync asks again)
a command that states a record of which a newer is known     -> stale, not sent (`facts`)
a command whose key has an earlier command parked           -> behind it, into the same wait
a command that waits behind another in the same chunk       -> a later batch, so that it is sent after the other's answer
the rest                                                    -> batches of at most `limit`, one delivery per key in each
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from connectors.kit.ports import Delivery, Known


class Item(Protocol):
    """What is planned: anything that carries a delivery. `asks_again`: a resync or replay that wants the destination to be asked."""

    @property
    def delivery(self) -> Delivery: ...

    @property
    def asks_again(self) -> bool: ...


ItemT = TypeVar("ItemT", bound=Item)


@dataclass(frozen=True, slots=True)
class KeyView:
    """What the stage knows of a key.

    known      what the destination holds
    parked     which command waits for a retry ("" = none)
    set_aside  newest version of a state that is held or dead (0 = none): an older one must not slip in behind it
    jobs       unfinished jobs of the key at the destination, one or none of each delivery
    """

    known: Known | None = None
    parked: str = ""
    set_aside: int = 0
    jobs: frozenset[str] = frozenset()


@dataclass(slots=True)
class Plan(Generic[ItemT]):
    """What to do with the items of a chunk; each is in exactly one list."""

    stale: list[ItemT] = field(default_factory=list)
    applied: list[ItemT] = field(default_factory=list)
    behind: list[ItemT] = field(default_factory=list)
    batches: list[list[ItemT]] = field(default_factory=list)


def plan(
    items: Sequence[ItemT], views: Mapping[str, KeyView], limit: int, facts: Mapping[str, int] | None = None
) -> Plan[ItemT]:
    """Sort the items of a chunk into what to do with them. `views`: key -> what is known; absent = nothing is. `facts`: key -> newest version of
    the record that its commands state; absent = they are about something that happened."""
    result: Plan[ItemT] = Plan()
    waiting: list[ItemT] = []
    for item in items:
        view = views.get(item.delivery.key, KeyView())
        if item.delivery.job:
            waiting.append(item)
        elif item.delivery.is_command and item.delivery.version < (facts or {}).get(item.delivery.key, 0):
            result.stale.append(item)
        elif item.delivery.is_command:
            _place_command(item, view, result, waiting)
        else:
            _place_state(item, view, result, waiting)
    result.batches = _batches(_newest_states(waiting, result.stale), limit)
    return result


def _place_command(item: ItemT, view: KeyView, result: Plan[ItemT], waiting: list[ItemT]) -> None:
    delivery = item.delivery
    if view.known and view.known.checksum == delivery.checksum and not item.asks_again:
        result.applied.append(item)
    elif view.parked and view.parked != delivery.id:
        result.behind.append(item)
    else:
        waiting.append(item)


def _place_state(item: ItemT, view: KeyView, result: Plan[ItemT], waiting: list[ItemT]) -> None:
    delivery, known = item.delivery, view.known
    if delivery.version < max(known.version if known else 0, view.set_aside):
        result.stale.append(item)
    elif known and delivery.version == known.version and delivery.checksum == known.checksum and not item.asks_again:
        result.applied.append(item)
    else:
        waiting.append(item)


def _newest_states(items: Sequence[ItemT], stale: list[ItemT]) -> list[ItemT]:
    """Of several states of a key only the newest stays (of equal versions the last); its place is that of the one that stays."""
    newest: dict[str, int] = {}
    for index, item in enumerate(items):
        if not (item.delivery.is_command or item.delivery.job):
            best = newest.get(item.delivery.key)
            if best is None or item.delivery.version >= items[best].delivery.version:
                newest[item.delivery.key] = index
    kept = []
    for index, item in enumerate(items):
        if item.delivery.is_command or item.delivery.job or newest[item.delivery.key] == index:
            kept.append(item)
        else:
            stale.append(item)
    return kept


def _batches(items: Sequence[ItemT], limit: int) -> list[list[ItemT]]:
    """One delivery per key in a batch; a second one of a key goes into a later batch than the first."""
    batches: list[list[ItemT]] = []
    floor: dict[str, int] = {}
    for item in items:
        key = item.delivery.key
        index = floor.get(key, 0)
        while index < len(batches) and len(batches[index]) >= limit:
            index += 1
        if index == len(batches):
            batches.append([])
        batches[index].append(item)
        floor[key] = index + 1
    return batches

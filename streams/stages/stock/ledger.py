"""What the offered number of one SKU is made of, and how a record changes it (INV-2, INV-5). Pure; time is passed in.

Two kinds of facts meet here. Odoo's stock level says what there is, what is reserved, and which marketplace orders those numbers account
for already. A demand says what an order asks for, as its marketplace shows it. What an order asks for and Odoo does not account for yet is
*open* and counts against every channel:

    open = max(0, asked - reserved - done)      of each order; 0 once it is closed

    asked      of the newest state of the demand: ordered and not cancelled; through a kit and by itself added up
    reserved   of the newest stock level; those units are in its `reserved`, or were taken out of another warehouse's
    done       the most any stock level ever said: those units are out of `on_hand`, and Odoo forgets finished moves after a while
    closed     done >= asked, or too old to count (see `Limits`)

    the order                                       asked  reserved  done   open  because
    seen, not in Odoo (new, held, dead letter)        3       -       -       3   nothing of it is in Odoo's numbers
    a quotation (no moves)                            3       -       -       3   the same
    confirmed and reserved                            3       3       0       0   Odoo subtracts it
    confirmed, partly reserved                        3       2       0       1   only the reserved part is subtracted by Odoo
    confirmed, nothing reserved                       3       0       0       3   Odoo subtracts what is reserved, not what is asked for
    shipped in Odoo, open at the marketplace          3       0       3       0   the units are out of on_hand; closed
    partly shipped, the rest reserved                 3       1       2       0   both parts are in Odoo's numbers
    the same, and Odoo forgot the finished move       3       1    (2) -      0   what was done once stays done
    shipped at the marketplace, not in Odoo           3       -       -       3   Odoo still counts the units; until `shipped_days`
    cancelled at the marketplace, reserved in Odoo    0       3       0       0   but Odoo's `reserved` takes it until Odoo lets go: safe side
    cancelled in part (1 of 3)                        2       3       0       0   the same
    cancelled in Odoo, open at the marketplace        3       0       0       3   the buyer still expects it: until the marketplace agrees
    shipped by the marketplace (FBA, WFS)             -       -       -       -   there is no demand for it
    an older state that arrives late                  -       -       -       -   ignored, as long as the newer one is remembered
    known to Odoo only: demanded 5, cancelled 1       -       2       1       1   confirmed before we looked: what it demands beyond that counts
    closed                                            3       0       3       0   forgotten after `remember_days`

What cannot be seen from here: Odoo reads moves and quantities one after the other. Moves must be read first, then the error is on the safe
side (subtracted twice, until the next reading).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from schemas.records import Demand, LastOffer, StockLevel, StockOrder
from streams.stages.demand import number

Channel = tuple[str, str]  # marketplace, account
OrderId = tuple[str, str, str]  # order key, kit it is asked through, the marketplace's word

_ZERO = Decimal(0)
_SHIPPED = frozenset({"shipped", "delivered"})
MOST_CLOSED = 1000  # per SKU: what is closed must not fill the record of one that sells thousands a day


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things count (`StockSettings`).

    shipped     a shipped order that Odoo does not account for, since it was placed
    open        any order, since it was placed
    remember    what counts no more is remembered for so long since it was seen
    """

    shipped: timedelta = timedelta(days=7)
    open: timedelta = timedelta(days=90)
    remember: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Asked:
    """The newest state of what one order asks of this SKU, by itself or through a kit. Fields as in `OpenDemand`."""

    order_key: str
    via: str
    source: str
    account: str
    version: int
    quantity: Decimal
    status: str
    seen_at: datetime
    ordered_at: datetime
    done: Decimal = _ZERO
    closed: bool = False
    external: str = ""

    @property
    def id(self) -> OrderId:
        """What a later state replaces."""
        return self.order_key, self.via, self.external


@dataclass(frozen=True, slots=True)
class Ledger:
    """Of one SKU. `level` is None while Odoo never told of it, `level_value` the bytes it came in, where they are at hand; `offers` says
    what each channel was told last."""

    sku: str
    level: StockLevel | None = None
    level_value: bytes = field(default=b"", compare=False)
    asked: Mapping[OrderId, Asked] = field(default_factory=dict)
    offers: Mapping[Channel, LastOffer] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenUnits:
    """What of one order Odoo does not account for. `version`: of its newest demand, 0 when only Odoo knows it."""

    order_key: str
    version: int
    units: Decimal


def with_level(ledger: Ledger, level: StockLevel, limits: Limits, now: datetime, value: bytes = b"") -> Ledger:
    """Take what Odoo says. Of an older level only what was done by then: it still is. Raises ValueError for quantities that are none."""
    check_level(level)
    before = ledger.level
    is_older = before is not None and (level["version"], level["read_at"]) < (before["version"], before["read_at"])
    asked = _with_done(ledger.asked, level["orders"])
    taken = replace(ledger, asked=asked) if is_older else replace(ledger, level=level, level_value=value, asked=asked)
    return settled(taken, limits, now)


def with_demand(ledger: Ledger, demand: Demand, limits: Limits, now: datetime) -> Ledger:
    """Take what an order asks for; an older state than the one known changes nothing. Raises ValueError for a quantity that is none."""
    new = asked_of(demand)
    # What is remembered from before demands named the marketplace's word is the same thing without a name.
    before = ledger.asked.get(new.id) or ledger.asked.get((new.order_key, new.via, ""))
    if before is not None and (new.version, new.seen_at) < (before.version, before.seen_at):
        return ledger
    asked = dict(ledger.asked)
    if before is not None:
        asked.pop(before.id)
    asked[new.id] = replace(new, done=_done_so_far(ledger, new.order_key))
    return settled(replace(ledger, asked=asked), limits, now)


def settled(ledger: Ledger, limits: Limits, now: datetime) -> Ledger:
    """Close what counts no more and forget what was closed long ago. The same ledger when nothing changes."""
    asked: dict[OrderId, Asked] = {}
    for group in _groups(ledger.asked.values()).values():
        wanted, done = sum((one.quantity for one in group), _ZERO), max(one.done for one in group)
        closed = done >= wanted or all(_is_too_old(one, limits, now) for one in group)
        if closed and all(now - one.seen_at > limits.remember for one in group):
            continue
        for one in group:
            asked[one.id] = one if one.closed == closed else replace(one, closed=closed)
    asked = _bounded(asked)
    return ledger if asked == ledger.asked else replace(ledger, asked=asked)


def next_due(ledger: Ledger, limits: Limits) -> datetime | None:
    """When time alone may change what counts: an open order that grows too old. None when nothing does."""
    moments = [one.ordered_at + _lifetime(one, limits) for one in ledger.asked.values() if not one.closed]
    return min(moments, default=None)


def open_units(ledger: Ledger) -> list[OpenUnits]:
    """What counts against the number, order by order, oldest first."""
    known = {one["order_key"]: one for one in ledger.level["orders"]} if ledger.level else {}
    found = []
    groups = _groups(ledger.asked.values())
    for order_key, group in groups.items():
        if any(one.closed for one in group):
            continue
        wanted, done = sum((one.quantity for one in group), _ZERO), max(one.done for one in group)
        reserved = number(known[order_key]["reserved"]) if order_key in known else _ZERO
        found.append(OpenUnits(order_key, max(one.version for one in group), wanted - done - reserved))
    for order_key, one in known.items():
        if order_key not in groups:
            found.append(OpenUnits(order_key, 0, _left(one)))
    return [one for one in found if one.units > 0]


def asked_of(demand: Demand) -> Asked:
    """A demand as the ledger keeps it. Raises ValueError for a negative quantity or none."""
    quantity = number(demand["quantity"])
    if quantity < 0:
        raise ValueError(f"a demand of {quantity} units")
    return Asked(
        demand["order_key"], demand["via"], demand["source"], demand["account"], demand["version"], quantity,
        demand["status"], demand["seen_at"], demand["ordered_at"], external=demand["external"],
    )  # fmt: skip


def check_level(level: StockLevel) -> None:
    """Raises ValueError naming the quantity that is none."""
    for place in level["locations"]:
        _checked(
            f"on_hand of {place['warehouse']}", place["on_hand"]
        )  # may be negative: Odoo ships what it does not have
        _checked(f"reserved of {place['warehouse']}", place["reserved"], least=_ZERO)
    for order in level["orders"]:
        _checked(f"demanded by {order['order_key']}", order["demanded"], least=_ZERO)
        _checked(f"reserved for {order['order_key']}", order["reserved"], least=_ZERO)
        _checked(f"done for {order['order_key']}", order["done"], least=_ZERO)
        _checked(f"cancelled of {order['order_key']}", order["cancelled"], least=_ZERO)
    for part in level["components"]:
        _checked(f"quantity of part {part['sku']}", part["quantity"], least=_ZERO)


def _checked(name: str, text: str, least: Decimal | None = None) -> None:
    try:
        value = number(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if least is not None and value < least:
        raise ValueError(f"{name}: {value} is less than {least}")


def _with_done(asked: Mapping[OrderId, Asked], orders: Iterable[StockOrder]) -> Mapping[OrderId, Asked]:
    done = {one["order_key"]: number(one["done"]) for one in orders}
    return {
        key: replace(one, done=done[one.order_key]) if done.get(one.order_key, _ZERO) > one.done else one
        for key, one in asked.items()
    }


def _done_so_far(ledger: Ledger, order_key: str) -> Decimal:
    said = [one.done for one in ledger.asked.values() if one.order_key == order_key]
    if ledger.level is not None:
        said += [number(one["done"]) for one in ledger.level["orders"] if one["order_key"] == order_key]
    return max(said, default=_ZERO)


def _left(one: StockOrder) -> Decimal:
    """What Odoo's moves ask for and neither have nor gave up. What is cancelled is among what is demanded."""
    return number(one["demanded"]) - number(one["reserved"]) - number(one["done"]) - number(one["cancelled"])


def _groups(asked: Iterable[Asked]) -> dict[str, list[Asked]]:
    groups: dict[str, list[Asked]] = {}
    for one in asked:
        groups.setdefault(one.order_key, []).append(one)
    return groups


def _lifetime(one: Asked, limits: Limits) -> timedelta:
    return limits.shipped if one.status in _SHIPPED else limits.open


def _is_too_old(one: Asked, limits: Limits, now: datetime) -> bool:
    return now - one.ordered_at >= _lifetime(one, limits)


def _bounded(asked: dict[OrderId, Asked]) -> dict[OrderId, Asked]:
    closed = sorted((one for one in asked.values() if one.closed), key=lambda one: one.seen_at)
    for one in closed[: max(0, len(closed) - MOST_CLOSED)]:
        del asked[one.id]
    return asked

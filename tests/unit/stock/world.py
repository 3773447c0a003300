"""One SKU in the real world: what is in the warehouse and what was promised, with what Odoo and the marketplaces say of it after each step.

Independent of the code it tests: units are counted where they are, nothing is computed from demands or levels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.records import Demand, StockLevel
from tests.unit.stock.samples import AMAZON, WALMART, demand, known, level

ACTIONS = ("sell", "load", "confirm", "reserve", "ship", "tell_shipped", "cancel", "cancel_in_odoo", "adjust", "forget")


@dataclass(slots=True)
class Sold:
    """An order: `wanted` at the marketplace, `asked` by Odoo's moves."""

    number: int
    wanted: int
    asked: int = 0
    reserved: int = 0
    done: int = 0
    cancelled: int = 0
    stage: str = "seen"
    status: str = "created"
    is_forgotten: bool = False

    @property
    def key(self) -> str:
        return f"{'amazon' if self.number % 2 else 'walmart'}:main:{self.number}"

    @property
    def owed(self) -> int:
        """Units that still have to leave the warehouse for it."""
        return max(0, self.wanted - self.done)


@dataclass(slots=True)
class World:
    """`said`: every level and demand so far, in the order they came about."""

    on_hand: int
    orders: list[Sold] = field(default_factory=list)
    said: list[tuple[str, Any]] = field(default_factory=list)
    version: int = 0

    @property
    def reserved(self) -> int:
        return sum(one.reserved for one in self.orders)

    @property
    def free(self) -> int:
        """What is neither owed to a buyer nor reserved."""
        return self.on_hand - sum(max(one.owed, one.reserved) for one in self.orders)

    @property
    def unpromised(self) -> int:
        """What could be sold without disappointing a buyer."""
        return self.on_hand - sum(one.owed for one in self.orders)

    def do(self, action: str, pick: int, amount: int) -> None:
        """One step, if it is possible now."""
        if action == "sell":
            self.orders.append(Sold(len(self.orders), amount))
            self._say_order(self.orders[-1])
            return
        if action == "adjust":
            self.on_hand += amount if pick % 2 else -amount
            self._say_level()
            return
        if self.orders:
            order = self.orders[pick % len(self.orders)]
            getattr(self, f"_{action}")(order, amount)

    def level(self) -> StockLevel:
        seen = [one for one in self.orders if one.stage in ("confirmed", "cancelled") and not one.is_forgotten]
        orders = [known(one.key, one.asked, one.reserved, one.done, one.cancelled) for one in seen]
        return level(self.on_hand, self.reserved, orders, version=self.version)

    def demand(self, order: Sold) -> Demand:
        channel = AMAZON if order.number % 2 else WALMART
        return demand(order.wanted, str(order.number), version=self.version, channel=channel, status=order.status)

    def _load(self, order: Sold, amount: int) -> None:
        if order.stage == "seen":
            order.stage = "quotation"  # no moves: Odoo's stock says nothing of it

    def _confirm(self, order: Sold, amount: int) -> None:
        if order.stage == "quotation" and order.wanted:
            order.stage, order.asked = "confirmed", order.wanted
            self._reserve(order, order.wanted)

    def _reserve(self, order: Sold, amount: int) -> None:
        if order.stage == "confirmed":
            free = max(0, self.on_hand - self.reserved)
            order.reserved += min(amount, free, order.asked - order.done - order.reserved)
            self._say_level()

    def _ship(self, order: Sold, amount: int) -> None:
        units = min(amount, order.reserved)
        if units:
            order.reserved -= units
            order.done += units
            self.on_hand -= units
            self._say_level()

    def _tell_shipped(self, order: Sold, amount: int) -> None:
        if order.wanted and order.done >= order.wanted:
            order.status = "shipped"
            self._say_order(order)

    def _cancel(self, order: Sold, amount: int) -> None:
        """At the marketplace, all or a part; not what has left already."""
        units = min(amount, order.wanted - order.done)
        if units > 0:
            order.wanted -= units
            order.status = "cancelled" if order.wanted == 0 else order.status
            self._say_order(order)

    def _cancel_in_odoo(self, order: Sold, amount: int) -> None:
        if order.stage == "confirmed":
            order.stage, order.reserved, order.cancelled = "cancelled", 0, order.asked - order.done
            self._say_level()

    def _forget(self, order: Sold, amount: int) -> None:
        """Odoo lists finished moves only for a while."""
        if (
            order.stage in ("confirmed", "cancelled")
            and order.reserved == 0
            and order.done + order.cancelled == order.asked
        ):
            order.is_forgotten = True
            self._say_level()

    def _say_level(self) -> None:
        self.version += 1
        self.said.append(("level", self.level()))

    def _say_order(self, order: Sold) -> None:
        self.version += 1
        self.said.append(("demand", self.demand(order)))

"""A supplier's platform in a demo: its sandbox, what the pipeline is told of it, and what it holds, in words that are the same for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from streams.demo.processes import Process

ACCOUNT = "demo"


@dataclass(frozen=True, slots=True)
class Offered:
    """One thing that can be ordered.

    code    as vendor prices in Odoo name it;  sku  what its product is called in Odoo
    cents   of a unit, in the platform's currency
    """

    code: str
    sku: str
    seller: str
    cents: int


@dataclass(frozen=True, slots=True)
class Placed:
    """One order at the platform.

    reference  what we have called it;  creation  by which call it was made: a split one makes several orders
    units      code -> how many;  goods  cents, without freight
    parcels    tracking numbers, those of parcels shared with other orders too
    """

    id: str
    reference: str
    creation: str
    is_cancelled: bool
    units: Mapping[str, int]
    goods: int
    parcels: tuple[str, ...] = ()


class Supplier(Protocol):
    """One buyer's account at a platform.

    name     as the connector is called;  title  for people;  url  of its sandbox
    sellers  whose goods it has, at least two;  currency  of its prices
    carrier  the delivery method in Odoo that stands for who brings its parcels
    words    how notes on a purchase order begin: `ordered`, `stopped` (it would not come as it says), `cancelled`
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def sellers(self) -> tuple[str, str]: ...
    @property
    def currency(self) -> str: ...
    @property
    def carrier(self) -> str: ...
    @property
    def words(self) -> Mapping[str, str]: ...

    def process(self, logs: Path, data: Path) -> Process:
        """Its sandbox, not started."""
        ...

    def env(self) -> Mapping[str, str]:
        """What the pipeline's processes are told of it."""
        ...

    def intervals(self) -> Mapping[str, str]:
        """Flow -> how often it is polled."""
        ...

    def publish(self) -> None:
        """Its sellers offer something: the first more than one order can hold, the second a few things."""
        ...

    def offered(self) -> Sequence[Offered]:
        """Everything that can be ordered now."""
        ...

    def orders(self) -> Sequence[Placed]:
        """Everything that was ordered."""
        ...

    def raise_price(self, code: str, percent: int) -> None:
        """The seller asks so much more from now on."""
        ...

    def send(self, order_id: str, parcels: int) -> None:
        """It is paid and leaves in so many parcels, where there is enough to share out. Doing it again changes nothing."""
        ...

"""A marketplace in a demo: its sandbox, what the pipeline is told of it, and what it holds, in words that are the same for all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from streams.demo.processes import Process

# (method, path, body) -> the answer of the sandbox's control side; it may be away for a moment
Control = Callable[[str, str, object], dict[str, Any]]

TEST_ORDER, ELSEWHERE, NOT_RELEASED, UNKNOWN_SKU, MALFORMED, BAD_POSTCODE = (
    "test_order",
    "marketplace_fulfilled",  # the marketplace sends it from its own stock
    "not_released",  # not paid or not on sale yet
    "unknown_sku",
    "malformed",
    "bad_postcode",
)
# Traits that say nothing of money: an order with no others can be credited as a whole.
OF_NO_MONEY = frozenset(
    {
        "prime", "business", "po_number", "points", "delivery_note", "seller_order_id", "repeat_customer", "unicode_name", "long_name",
        "odd_phone", "missing_phone", "missing_email", "late", "acknowledged",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sold:
    """One order that buyers and pollers can see.

    reference        the id Odoo names it by;  key  its natural key
    is_cancelled     all of it
    total            what the buyer owes, its parts added up; None where the order is not well-formed
    traits           what is special about it: the words above, and others
    has_left         any unit of it was shipped;  all_left  and none is open;  first_left  one of its first line, so that it can come back
    """

    key: str
    reference: str
    is_cancelled: bool
    total: Decimal | None
    traits: frozenset[str]
    has_left: bool = False
    all_left: bool = False
    first_left: bool = False


@dataclass(frozen=True, slots=True)
class Books:
    """What a marketplace has sold. `is_moving`: orders or changes are still to come by themselves."""

    orders: tuple[Sold, ...]
    is_moving: bool


class Market(Protocol):
    """One account of a marketplace.

    name       as the connector is called;  title  for people;  url  of its sandbox
    flows      what is carried over to and from it (`agree`)
    stock_cap  the largest number it takes
    tells_refunds_elsewhere   whether its returns say what it gave back for goods it had shipped itself
    seller_refunds            whether it is the seller who refunds returns, so that one credited in Odoo is refunded by that
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def flows(self) -> frozenset[str]: ...
    @property
    def stock_cap(self) -> int: ...
    @property
    def tells_refunds_elsewhere(self) -> bool: ...
    @property
    def seller_refunds(self) -> bool: ...

    def process(self, logs: Path, data: Path) -> Process:
        """Its sandbox, not started."""
        ...

    def env(self) -> Mapping[str, str]:
        """What the pipeline's processes are told of it."""
        ...

    def intervals(self) -> Mapping[str, str]:
        """Flow -> how often it is polled."""
        ...

    def list_catalogue(self) -> None:
        """Every product of the sandboxes' catalogue is listed, without stock."""
        ...

    def sell(self, count: int, seed: int, mix: str, rate: float) -> None:
        """`rate` orders a second from now on."""
        ...

    def books(self) -> Books:
        """What it has sold so far."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """items: SKU -> stock, price_cents, published, name, gtin, variant_group, elsewhere, id (its own, where it shows one); orders:
        reference -> status, lines, parcels, writes (shipping, cancel, refund: how often each was told), refunded_cents (told by us), and
        returned_cents (given back for returns) where it tells that."""
        ...

    def send_back(self, references: Collection[str], *, refunded: bool = True) -> None:
        """Buyers of its own orders among these send one unit of the first line back; the goods arrive and, if `refunded`, the money goes back."""
        ...

    def object_to(self, sku: str) -> str:
        """It takes an item off sale. Gives a word of its reason."""
        ...

    def settle(self) -> str:
        """It pays out and publishes its report. Gives words that the entry's reference in Odoo holds."""
        ...

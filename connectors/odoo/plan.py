"""What an order becomes in Odoo, as plain values: made by `mapping`, given database ids by `references`, written by `orders`.

Money is Decimal with at most the currency's digits. `xid` is always an external id (`module.name`), the same for the same thing every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from connectors.odoo.settings import Stage


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where something is sent; `state` and `country` are codes, empty when unknown."""

    name: str
    company: str
    street: str
    street2: str
    city: str
    state: str
    zip: str
    country: str
    phone: str


@dataclass(frozen=True, slots=True)
class CustomerPlan:
    """Who bought. `email` in lower case identifies them; without one the customer belongs to a single order."""

    xid: str
    name: str
    email: str
    phone: str
    company: str
    address: PostalAddress


@dataclass(frozen=True, slots=True)
class AddressPlan:
    """A delivery or invoice address of a customer."""

    xid: str
    kind: str
    address: PostalAddress


class Service(StrEnum):
    """What is charged beside goods; each is booked on a service product of its own."""

    SHIPPING = "shipping"
    DISCOUNT = "discount"
    FEE = "fee"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class Goods:
    """How the marketplace names a product: seller's SKU, its own item id, barcode, title.

    components    of a bundle sold as one line: SKU and quantity of each part
    """

    sku: str
    item_id: str
    barcode: str
    title: str
    components: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class TaxPlan:
    """One tax of one jurisdiction and one collector.

    rate    percent, when the source states it and Odoo's rounding makes the very amount of it; None: the amount itself is what is booked
    label   what invoices show
    """

    xid: str
    name: str
    label: str
    collector: str
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LinePlan:
    """One order line: quantity x price, with the taxes computed on it. `line_id`: of goods, the line at the marketplace."""

    xid: str
    item: Goods | Service
    name: str
    quantity: Decimal
    price: Decimal
    taxes: tuple[TaxPlan, ...] = ()
    line_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """A sale.order.

    origin      the marketplace's order id; reference: the number the buyer sees
    total       what the buyer pays, taxes included; Odoo's amount_total has to equal it
    exempt      sold without tax, by the zero-rated fiscal position
    """

    xid: str
    key: str
    source: str
    account: str
    origin: str
    reference: str
    ordered_at: datetime
    promised_at: datetime | None
    currency: str
    total: Decimal
    stage: Stage
    customer: CustomerPlan
    delivery: AddressPlan
    invoice: AddressPlan | None
    lines: tuple[LinePlan, ...]
    note: str
    shipping_level: str
    marketplace_ships: bool
    exempt: bool
    version: int = 0

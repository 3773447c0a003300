"""The values that flow, typed: one TypedDict for each record of `schemas/avro`, where every field is documented.

They are plain dictionaries, so Avro encodes and decodes them without a copy; a contract test holds these types against the schemas.
Amounts and quantities are decimal text, times are aware UTC datetimes.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict


class RawEvent(TypedDict):
    """One entity exactly as the source sent it, before any mapping (ORD-2). Replayable through newer mapping code."""

    source: str
    account: str
    entity: str
    key: str
    payload: bytes
    content_type: str
    fetched_at: datetime
    checksum: str
    correlation: str
    request: str


class Buyer(TypedDict):
    """Who bought."""

    id: str
    name: str
    email: str
    phone: str
    company: str
    tax_id: str
    tax_exempt_id: str


class Address(TypedDict):
    """A postal address."""

    name: str
    company: str
    street: str
    street2: str
    street3: str
    city: str
    district: str
    state: str
    zip: str
    country: str
    phone: str
    kind: str


class Money(TypedDict):
    """An amount as the source wrote it: decimal text, never a float."""

    amount: str
    currency: str


class Tax(TypedDict):
    """One tax of one jurisdiction on one amount."""

    name: str
    jurisdiction: str
    code: str
    amount: Money
    rate: str | None
    collected_by: str


class Discount(TypedDict):
    """A reduction the buyer got."""

    name: str
    amount: Money
    funded_by: str
    applies_to: str


class Fee(TypedDict):
    """Another charge of the line."""

    name: str
    amount: Money


class LineStatus(TypedDict):
    """How much of a line is in which state."""

    status: str
    quantity: str
    source_status: str


class BundleComponent(TypedDict):
    """A part of a bundle sold as one line."""

    sku: str
    quantity: str


class LineShipment(TypedDict):
    """A parcel already confirmed for a line."""

    tracking_number: str
    carrier: str
    method: str
    quantity: str
    shipped_at: datetime | None


class OrderLine(TypedDict):
    """One line of an order. All amounts are for the whole quantity of the line unless a name says unit."""

    line_id: str
    sku: str
    marketplace_item_id: str
    barcode: str
    title: str
    condition: str
    quantity: str
    unit: str
    quantity_cancelled: str
    quantity_shipped: str
    unit_price: Money
    amount: Money
    shipping_amount: Money | None
    gift_wrap_amount: Money | None
    taxes: list[Tax]
    shipping_taxes: list[Tax]
    other_taxes: list[Tax]
    discounts: list[Discount]
    fees: list[Fee]
    statuses: list[LineStatus]
    status: str
    components: list[BundleComponent]
    shipments: list[LineShipment]
    serial_numbers: list[str]
    shipping_method: str
    ship_by: datetime | None
    deliver_by: datetime | None
    buyer_cancel_requested: bool
    cancel_reason: str
    gift_message: str
    return_id: str
    extras: dict[str, str]


class Order(TypedDict):
    """A marketplace order in one form for every marketplace: its whole state at `version`. A later version supersedes an earlier one."""

    key: str
    source: str
    account: str
    marketplace: str
    order_id: str
    customer_order_id: str
    seller_order_id: str
    replaces_order_id: str
    version: int
    status: str
    source_status: str
    ordered_at: datetime
    updated_at: datetime
    ship_from: datetime | None
    ship_by: datetime | None
    deliver_from: datetime | None
    deliver_by: datetime | None
    fulfilment: str
    fulfilment_node: str
    test: bool
    business: bool
    purchase_order_number: str
    currency: str
    buyer: Buyer
    ship_to: Address
    bill_to: Address | None
    lines: list[OrderLine]
    shipping_level: str
    carrier: str
    shipping_amount: Money | None
    shipping_taxes: list[Tax]
    discounts: list[Discount]
    total: Money
    total_stated: bool
    tax_total: Money
    tax_collection: str
    tax_exempt: bool
    payment_method: str
    payment_status: str
    gift_message: str
    gift: bool
    buyer_note: str
    buyer_cancel_requested: bool
    extras: dict[str, str]


class Deliver(TypedDict):
    """A command to a destination: bring this state there, or do this once."""

    id: str
    destination: str
    operation: str
    kind: str
    lane: str
    source: str
    account: str
    key: str
    version: int
    checksum: str
    correlation: str
    created_at: datetime
    schema: str
    body: bytes


class AcknowledgeOrder(TypedDict):
    """Tell the marketplace that the seller holds the order (FUL-1)."""

    key: str
    source: str
    account: str
    order_id: str
    remote_id: str
    accepted_at: datetime


class Outcome(TypedDict):
    """What became of one record at one destination. Every record that enters ends in one of these."""

    id: str
    destination: str
    operation: str
    source: str
    account: str
    key: str
    version: int
    checksum: str
    result: str
    reason: str
    detail: str
    remote_model: str
    remote_id: str
    attempt: int
    lane: str
    correlation: str
    fetched_at: datetime | None
    at: datetime
    status: str


class FailedRecord(TypedDict):
    """A record that is not going to be tried again by itself: dead, or held until something is mended (ERR-5)."""

    id: str
    state: str
    destination: str
    operation: str
    key: str
    target: str
    value: bytes | None
    headers: dict[str, bytes]
    reason: str
    detail: str
    severity: str
    owner: str
    waiting_for: str
    attempts: int
    first_failure: datetime
    last_failure: datetime
    origin: str
    version: int
    correlation: str
    traceparent: str
    env: str
    replays: int


class FailedAction(TypedDict):
    """What was done with a failed record: the record itself is never changed (ERR-6)."""

    failed_id: str
    action: str
    actor: str
    at: datetime
    plan: str
    note: str


class Cursor(TypedDict):
    """How far a flow of an account has been read. Written only after its page is acknowledged (EVT-3)."""

    account: str
    flow: str
    position: str
    read_until: datetime | None
    pages: int
    records: int
    owner: str
    at: datetime


class PollCommand(TypedDict):
    """A wish to a poller."""

    id: str
    account: str
    flow: str
    action: str
    since: datetime | None
    ids: list[str]
    requested_by: str
    at: datetime


class Mapping(TypedDict):
    """An entry of a cross-reference table: what the source calls X is Y in Odoo (ORD-9)."""

    kind: str
    source: str
    account: str
    external: str
    internal: str
    actor: str
    at: datetime


class KeyState(TypedDict):
    """What a destination holds of one key: lets a sink skip stale states and keep commands in order. Losing it costs work, never a double order."""

    key: str
    version: int
    checksum: str
    remote_model: str
    remote_id: str
    parked: str
    set_aside: int
    at: datetime


class Audit(TypedDict):
    """One action of a person or of the pipeline on its own data (SEC-6 builds on it)."""

    id: str
    actor: str
    action: str
    subject: str
    before: str
    after: str
    note: str
    correlation: str
    at: datetime

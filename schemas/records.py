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
    problems: list[str]


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
    entity: str
    job: str
    notes: list[str]
    about: dict[str, str]


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
    job: str


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
    failing_since: datetime | None
    failing_reason: str
    failing_detail: str
    next_try: datetime | None


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
    job: str
    jobs: list[str]
    opened: list[str]
    closed: list[str]


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


class WarehouseStock(TypedDict):
    """Stock of one warehouse."""

    warehouse: str
    on_hand: str
    reserved: str


class StockOrder(TypedDict):
    """A marketplace order whose demand for this SKU Odoo knows."""

    order_key: str
    demanded: str
    reserved: str
    done: str
    cancelled: str


class KitComponent(TypedDict):
    """What one kit takes."""

    sku: str
    quantity: str


class StockLevel(TypedDict):
    """What Odoo has of one SKU by warehouse, and which marketplace orders these numbers account for already (INV-2)."""

    key: str
    sku: str
    product_id: int
    version: int
    read_at: datetime
    active: bool
    category: str
    kit: bool
    locations: list[WarehouseStock]
    orders: list[StockOrder]
    components: list[KitComponent]


class Demand(TypedDict):
    """What a marketplace order asks of one SKU, as the marketplace shows it. It counts against stock until Odoo accounts for it (INV-2, INV-3)."""

    key: str
    sku: str
    order_key: str
    source: str
    account: str
    version: int
    quantity: str
    status: str
    seen_at: datetime
    ordered_at: datetime
    via: str
    external: str


class OpenDemand(TypedDict):
    """An order counted against stock."""

    order_key: str
    source: str
    account: str
    version: int
    quantity: str
    status: str
    seen_at: datetime
    closed: bool
    via: str
    ordered_at: datetime | None
    done: str
    external: str


class LastOffer(TypedDict):
    """What a channel was last told."""

    channel: str
    account: str
    quantity: str
    version: int
    at: datetime
    why: str
    previous: str
    urgent: bool
    correlation: str
    caused_at: datetime | None


class StockLedger(TypedDict):
    """Everything the offered number of one SKU is made of, and what was offered last (INV-6). The stage's own memory."""

    key: str
    sku: str
    level: bytes | None
    demands: list[OpenDemand]
    offers: list[LastOffer]
    at: datetime


class Term(TypedDict):
    """One addend of the number, in the order they were applied."""

    name: str
    quantity: str
    event: str


class Availability(TypedDict):
    """How many whole units of a SKU one channel may sell. A later one supersedes it; an older one must never overwrite a newer (INV-5)."""

    key: str
    sku: str
    channel: str
    account: str
    version: int
    quantity: str
    previous: str
    urgent: bool
    why: str
    terms: list[Term]
    caused_at: datetime | None
    at: datetime
    category: str


class ShippedLine(TypedDict):
    """What is in it."""

    line_id: str
    sku: str
    quantity: str
    serial_numbers: list[str]


class Parcel(TypedDict):
    """One parcel."""

    tracking_number: str
    lines: list[ShippedLine]


class Shipment(TypedDict):
    """A delivery that left the warehouse: a stock.picking in state done (FUL-2)."""

    key: str
    order_key: str
    picking: str
    version: int
    shipped_at: datetime
    carrier: str
    carrier_code: str
    tracking_url: str
    backorder: bool
    parcels: list[Parcel]


class CancelledLine(TypedDict):
    """How much of a line is cancelled in Odoo."""

    line_id: str
    sku: str
    quantity: str
    remaining: str


class Cancellation(TypedDict):
    """What Odoo has cancelled of a marketplace order: cumulative quantities, a later state supersedes (FUL-3)."""

    key: str
    order_key: str
    order_name: str
    version: int
    cancelled_at: datetime
    whole: bool
    reason: str
    lines: list[CancelledLine]


class RefundLine(TypedDict):
    """One line."""

    line_id: str
    sku: str
    quantity: str
    amount: Money
    tax: Money | None
    shipping: Money | None
    shipping_tax: Money | None


class Refund(TypedDict):
    """A posted credit note of a marketplace order (RET-2)."""

    key: str
    order_key: str
    reference: str
    version: int
    posted_at: datetime
    reason: str
    return_key: str
    total: Money
    lines: list[RefundLine]


class ReturnLine(TypedDict):
    """One line."""

    return_line_id: str
    line_id: str
    sku: str
    quantity: str
    reason: str
    physical: str
    financial: str
    service: str
    carrier: str
    tracking_number: str
    refund: Money | None
    kept: bool


class ReturnOrder(TypedDict):
    """A return as the marketplace shows it; where goods and money are and what customer service says are kept apart (RET-1)."""

    key: str
    source: str
    account: str
    return_id: str
    order_key: str
    customer_order_id: str
    version: int
    kind: str
    created_at: datetime
    updated_at: datetime
    physical: str
    financial: str
    service: str
    source_status: str
    total_refund: Money | None
    lines: list[ReturnLine]
    extras: dict[str, str]


class Image(TypedDict):
    """One picture."""

    url: str
    model: str
    record_id: int
    field: str
    checksum: str


class Product(TypedDict):
    """A product of Odoo, one SKU, in one form for every marketplace (PRD-1)."""

    key: str
    sku: str
    product_id: int
    template_id: int
    version: int
    active: bool
    name: str
    description: str
    barcode: str
    brand: str
    category: str
    list_price: Money | None
    weight_kg: str
    volume_m3: str
    unit: str
    images: list[Image]
    attributes: dict[str, str]
    variant_group: str
    variant_attributes: list[str]
    fields: dict[str, str]
    tags: list[str]


class PricelistPrice(TypedDict):
    """What one pricelist says for one unit."""

    pricelist: str
    pricelist_id: int
    price: Money
    starts_at: datetime | None
    ends_at: datetime | None
    rule: str


class Price(TypedDict):
    """The sales prices of one SKU by Odoo's pricelists (PRC-1, PRC-2)."""

    key: str
    sku: str
    product_id: int
    version: int
    active: bool
    category: str
    list_price: Money
    cost: Money | None
    pricelists: list[PricelistPrice]
    fields: dict[str, str]
    unreviewed: bool


class PriceOffer(TypedDict):
    """What one channel shall ask for a SKU (PRC-1). A later one supersedes it."""

    key: str
    sku: str
    channel: str
    account: str
    version: int
    price: Money
    sale_price: Money | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None
    previous: Money | None
    approval: str
    terms: list[Term]
    at: datetime
    category: str


class Approval(TypedDict):
    """A change that waits for a person, and what the person said: two steps, proposed and approved (PRC-1)."""

    key: str
    subject: str
    kind: str
    state: str
    proposal: str
    before: str
    after: str
    why: str
    actor: str
    note: str
    at: datetime


class ListingProblem(TypedDict):
    """Why it is not sold, or what is wrong."""

    code: str
    field: str
    detail: str


class Listing(TypedDict):
    """A product as a marketplace shows it: catalogue and publication status (PRD-2, PRD-4)."""

    key: str
    source: str
    account: str
    sku: str
    version: int
    item_id: str
    barcode: str
    title: str
    description: str
    brand: str
    product_type: str
    category: str
    price: Money | None
    status: str
    source_status: str
    problems: list[ListingProblem]
    attributes: dict[str, str]
    image_url: str
    variant_group: str


class Conflict(TypedDict):
    """Two systems say different things of one field; who owns the field won (PRD-2)."""

    key: str
    entity: str
    field: str
    odoo: str
    marketplace: str
    master: str
    action: str
    correlation: str
    at: datetime


class SettlementLine(TypedDict):
    """One transaction."""

    kind: str
    name: str
    amount: str
    order_id: str
    order_key: str
    line_id: str
    sku: str
    quantity: str
    posted_at: datetime | None
    detail: str


class Settlement(TypedDict):
    """A settlement report of a marketplace: every transaction of one period and the money paid out (FIN-1)."""

    key: str
    source: str
    account: str
    settlement_id: str
    version: int
    starts_at: datetime | None
    ends_at: datetime | None
    deposited_at: datetime | None
    currency: str
    deposit: str
    lines: list[SettlementLine]
    extras: dict[str, str]


class SettledOrder(TypedDict):
    """What one settlement brought in for one order: an addend of the order's margin, before the cost of the goods (FIN-1)."""

    key: str
    source: str
    account: str
    settlement_id: str
    order_id: str
    order_key: str
    version: int
    currency: str
    settled_at: datetime | None
    posted_at: datetime | None
    sales: str
    shipping: str
    promotions: str
    refunds: str
    fees: dict[str, str]
    adjustments: str
    unknown: str
    tax: str
    margin: str
    skus: dict[str, str]


class FulfilmentStock(TypedDict):
    """What a marketplace's own warehouses hold of a SKU (ORD-10): the marketplace's count, never part of the seller's stock."""

    key: str
    source: str
    account: str
    marketplace: str
    sku: str
    item_id: str
    fulfilment_sku: str
    condition: str
    version: int
    active: bool
    updated_at: datetime | None
    sellable: str
    reserved: str
    inbound: str
    unsellable: str
    researching: str


class PurchaseLine(TypedDict):
    """One line."""

    line_id: str
    sku: str
    supplier_code: str
    quantity: str
    unit_price: Money
    planned_at: datetime | None


class OrderElsewhere(TypedDict):
    """A number of a supplier's order that stands in the vendor reference of another purchase order."""

    order_id: str
    purchase_name: str


class PurchaseOrder(TypedDict):
    """A purchase order of Odoo, in the form suppliers' connectors need."""

    key: str
    purchase_id: int
    name: str
    version: int
    state: str
    supplier: str
    supplier_id: int
    supplier_reference: str
    warehouse: str
    currency: str
    planned_at: datetime | None
    confirmed_at: datetime | None
    lines: list[PurchaseLine]
    elsewhere: list[OrderElsewhere]


class OfferedPrice(TypedDict):
    """What a channel was last told."""

    channel: str
    account: str
    version: int
    price: Money | None
    sale_price: Money | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None
    proposal: str
    proposed: Money | None
    rejected: str
    why: str
    waits_for: str
    problem: str


class PriceLedger(TypedDict):
    """What the prices of one SKU are made of, what was offered last, and what waits for a person. The stage's own memory."""

    key: str
    sku: str
    price: bytes | None
    offers: list[OfferedPrice]
    at: datetime


class OfferAttribute(TypedDict):
    """One property."""

    name: str
    value: str
    name_translated: str
    value_translated: str


class PriceTier(TypedDict):
    """A price from a quantity on."""

    from_quantity: str
    price: Money


class OfferVariant(TypedDict):
    """What can be ordered of an offer."""

    sku_id: str
    spec_id: str
    attributes: list[OfferAttribute]
    prices: list[PriceTier]
    stock: str
    item_number: str
    image: str
    weight: str


class SupplierProduct(TypedDict):
    """A product a supplier offers, with everything that can be ordered of it."""

    key: str
    source: str
    account: str
    offer_id: str
    version: int
    status: str
    supplier: str
    supplier_name: str
    name: str
    name_translated: str
    description: str
    category_id: str
    category_name: str
    images: list[str]
    attributes: list[OfferAttribute]
    unit: str
    unit_translated: str
    minimum_quantity: str
    batch_quantity: str
    prices: list[PriceTier]
    variants: list[OfferVariant]
    weight: str
    length: str
    width: str
    height: str
    updated_at: datetime | None


class SupplierOrderLine(TypedDict):
    """One line."""

    line_id: str
    offer_id: str
    sku_id: str
    spec_id: str
    name: str
    quantity: str
    unit: str
    unit_price: Money | None
    amount: Money | None
    status: str
    logistics_status: str


class SupplierParcel(TypedDict):
    """A parcel of it."""

    parcel_id: str
    tracking_number: str
    carrier_code: str
    carrier_name: str
    status: str
    shipped_at: datetime | None
    line_ids: list[str]


class SupplierOrder(TypedDict):
    """An order as the supplier's side shows it: how far it is, what it costs, what is on its way."""

    key: str
    source: str
    account: str
    order_id: str
    our_reference: str
    version: int
    status: str
    state: str
    supplier_id: str
    supplier_login: str
    total: Money | None
    goods: Money | None
    freight: Money | None
    discount: Money | None
    refunded: Money | None
    lines: list[SupplierOrderLine]
    parcels: list[SupplierParcel]
    close_reason: str
    created_at: datetime | None
    paid_at: datetime | None
    updated_at: datetime | None


class DeliveryEvent(TypedDict):
    """One step of a parcel on its way."""

    key: str
    source: str
    account: str
    order_key: str
    order_id: str
    parcel_id: str
    tracking_number: str
    carrier_code: str
    at: datetime
    text: str
    status: str
    version: int


class ResultOrder(TypedDict):
    """An order at the supplier's side."""

    order_id: str
    our_reference: str
    total: Money | None
    freight: Money | None
    line_ids: list[str]


class ResultDifference(TypedDict):
    """Something that is not as the purchase order says."""

    what: str
    line_id: str
    ours: str
    theirs: str


class ResultProblem(TypedDict):
    """Why a line, or all, could not be ordered."""

    line_id: str
    supplier_code: str
    code: str
    text: str


class PricedSku(TypedDict):
    """What the supplier asks for one SKU."""

    sku_id: str
    prices: list[PriceTier]


class VendorTerms(TypedDict):
    """What was decided of a vendor's terms: how long a SKU of an offer takes, or how much of the offer is the least (PO-4)."""

    key: str
    source: str
    account: str
    offer_id: str
    sku_id: str
    supplier: str
    kind: str
    version: int
    lead_days: int | None
    minimum_quantity: str
    offered_minimum: str
    skus: list[PricedSku]
    approval: str
    why: str
    at: datetime


class SupplyMatter(TypedDict):
    """One of the terms that can change."""

    kind: str
    told: str
    version: int
    turn: int
    proposal: str
    proposed: str
    why: str
    rejected: str
    answered: str


class SuppliedSku(TypedDict):
    """One SKU of the offer."""

    sku_id: str
    stock: str
    most: str
    short: bool
    prices: list[PriceTier]
    matters: list[SupplyMatter]


class SupplyLedger(TypedDict):
    """What is known of the supply of one offer: what was decided of its SKUs, and what waits for a person. The stage's own memory."""

    key: str
    source: str
    account: str
    offer_id: str
    supplier: str
    version: int
    skus: list[SuppliedSku]
    minimum: str
    matters: list[SupplyMatter]
    at: datetime


class PurchaseResult(TypedDict):
    """What became of a purchase order at the supplier's side."""

    key: str
    source: str
    account: str
    purchase_id: int
    purchase_name: str
    version: int
    purchase_version: int
    status: str
    orders: list[ResultOrder]
    differences: list[ResultDifference]
    problems: list[ResultProblem]
    reason: str


class HardwareEvent(TypedDict):
    """What a device at an Odoo IoT Box did, or what the agent beside it has to tell of the Box and of holes (EDGE-2, EDGE-3)."""

    id: str
    box: str
    boot: str
    sequence: int
    first_sequence: int
    kind: str
    device: str
    device_class: str
    device_name: str
    payload: str
    value: str
    weight: str | None
    status: str | None
    device_time: int | None
    received_at: int
    skew_ms: int | None
    monotonic_ms: int
    clock_trusted: bool


class PackedCode(TypedDict):
    """One code and how often it was scanned."""

    code: str
    count: int


class PackingCheck(TypedDict):
    """What was scanned and weighed for one transfer of Odoo at a packing station, from its first scan to its last (EDGE-5)."""

    key: str
    source: str
    account: str
    picking: str
    version: int
    box: str
    scans: list[PackedCode]
    unreadable: int
    weight: str
    weight_unit: str
    ended_by: str
    first_sequence: int
    last_sequence: int
    opened_at: datetime
    closed_at: datetime


class OpenPacking(TypedDict):
    """The transfer that is being packed."""

    picking: str
    first_sequence: int
    last_sequence: int
    opened_at: datetime
    last_at: datetime
    last_monotonic: int
    scans: list[PackedCode]
    unreadable: int


class Weighed(TypedDict):
    """What the scale told."""

    sequence: int
    monotonic: int
    weight: str


class ClosedPacking(TypedDict):
    """A check that was told, for weights that come late."""

    first_sequence: int
    last_sequence: int
    last_monotonic: int
    check: bytes


class PackingLedger(TypedDict):
    """What is known of one packing station: the transfer that is open, the last weights and checks, which events were had. The stage's own memory."""

    key: str
    station: str
    open: OpenPacking | None
    weights: list[Weighed]
    closed: list[ClosedPacking]
    had: dict[str, list[int]]
    at: datetime


class EdgeBox(TypedDict):
    """One thing the gateways know of a Box. The kind says which fields speak; the key keeps what may be replaced by what (SEC-1, EDGE-4)."""

    kind: str
    box: str
    at: datetime
    by: str
    code_hash: str
    expires_at: datetime | None
    enrolment: int
    credential: str
    token_hash: str
    name: str
    agent_version: str
    content: str
    through: int
    event_id: str
    writer: str


class ReconciliationFinding(TypedDict):
    """One difference between two systems' books."""

    what: str
    odoo: str
    there: list[str]
    line: str
    ours: str
    theirs: str
    advice: str
    first_seen: datetime


class Reconciliation(TypedDict):
    """What one reconciliation of two systems' books found (REC-1)."""

    key: str
    kind: str
    source: str
    account: str
    result: str
    failure: str
    since: datetime
    at: datetime
    looked_at: datetime | None
    odoo_entries: int
    there_entries: int
    matched: int
    too_fresh: int
    left_alone: int
    differences: int
    findings: list[ReconciliationFinding]

"""What follows from a canonical record: the table of deliveries, as plain data and pure functions. `route` carries it out.

    record          delivery                    kind      lane        flow            key of the delivery
    order           odoo: upsert_order          state     critical    orders          the order's
    shipment        channel: ship_order         command   critical    shipments       the order's
    cancellation    channel: cancel_lines       command   critical    cancellations   the order's
    refund          channel: refund_order       command   critical    refunds         the order's; not when it books a marketplace's own refund
    return_order    odoo: upsert_return         state     normal      returns         the return's
    listing         odoo: merge_listing         state     bulk        catalogue       the listing's
    settlement      odoo: post_settlement       state     normal      settlements     the settlement's
    availability    channel: set_stock          state     critical when urgent, else normal    stock    its own
    price_offer     channel: set_price          state     normal      prices          its own
    product         each channel: upsert_listing   state  bulk        products        listing:CHANNEL:ACCOUNT:SKU
    purchase_order  supplier: create_purchase   command   normal      purchases       the purchase order's; when it is confirmed
                    supplier: cancel_purchase   command   normal      purchases       the purchase order's; when it is cancelled, or a draft
                                                                                again after it was confirmed
    purchase_result    odoo: note_purchase      state     normal      purchases       the purchase order's
    supplier_order     odoo: update_purchase    state     normal      supplier_orders     its own
    supplier_product   odoo: upsert_supplier_product   state   bulk   supplier_products   its own
    vendor_terms       odoo: set_vendor_terms   state     normal      supplier_terms      its own
    packing_check      odoo: check_packing      state     critical    packing         its own

What is told of a SKU goes out under the marketplace's words for it, one delivery for each (ORD-9, see `skus`): the key of the delivery ends in
that word, which is Odoo's SKU where nobody says else. Pilot scopes are about Odoo's SKUs, whichever way a record goes.
A purchase order names its supplier: `PLATFORM:ACCOUNT:SELLER`. One whose vendor has no such reference leads to nothing. One of a platform that
is named without an account we have goes to the first account of that platform, whose sink tells the buyer that it was not ordered; where we have
none it is excluded, for somebody meant it to be ordered there.
Commands of one order share its key and one lane, so that none overtakes another (EVT-2); what they are about has keys of its own.
A record whose headers name a lane (a resync) keeps to that lane; commands never do, for their order would be lost between lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.kit.vendor_references import vendor_reference
from schemas.topics import ENTITIES, SUPPLIERS, Lane
from streams.phases import SUPPLIER_FLOWS, Flow
from streams.stages.skus import SAME, Skus

UPSERT_ORDER = "upsert_order"
ACKNOWLEDGE_ORDER = "acknowledge_order"
CANCEL_LINES = "cancel_lines"
REOPEN_ORDER = "reopen_order"
SET_STOCK = "set_stock"
CREATE_PURCHASE = "create_purchase"
CANCEL_PURCHASE = "cancel_purchase"
LISTING = "listing"
SKU_TAKEN = "sku_taken"  # the channel's item that is spelt like this SKU belongs to another, and it has no item of its own there

NO_SUCH_ACCOUNT = "no_such_account"  # the supplier's platform is named, and none of its accounts is configured
CONFIRMED, CANCELLED = ("purchase", "done"), ("cancel",)  # states of purchase orders
DRAFT = ("draft", "sent", "to approve")

Channel = tuple[str, str]  # marketplace or supplier's platform, account
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Onward:
    """One delivery that follows. `channel`: whose phase and pilot scope decide about it; `skus`, `category`: what it is about.

    name        what the channel calls the SKU that is told of, empty = it is not told of one
    least_ms    the version is this at least
    excluded    why it is not made, empty = it is
    """

    destination: str
    operation: str
    is_command: bool
    lane: Lane
    flow: Flow
    key: str
    channel: Channel
    skus: tuple[str, ...] = ()
    category: str = ""
    name: str = ""
    least_ms: int = 0
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """How deliveries follow from one entity. `onward` gives (key, channel) pairs of the record; `told_as`: the first word of the keys under
    which channels are told of a SKU, which the channel's own word ends; `excluded`: why a delivery of the record is not made, empty = it is."""

    destination: str  # empty: the channel itself
    operation: str
    flow: Flow
    lane: Callable[[Body], Lane]
    onward: Callable[[Body, Sequence[Channel]], Iterable[tuple[str, Channel]]]
    skus: Callable[[Body], tuple[str, ...]]
    is_command: bool = False
    told_as: str = ""
    excluded: Callable[[Body, Sequence[Channel]], str] = lambda body, channels: ""


def follow(
    entity: str, body: Body, channels: Sequence[Channel], lane: str = "", skus: Skus = SAME, suppliers: Sequence[Channel] = ()
) -> list[Onward]:  # fmt: skip
    """The deliveries of a canonical record. `channels`: the marketplaces' accounts that can be written to, `suppliers`: those of suppliers'
    platforms; `lane`: the one it was asked to keep to, or empty; `skus`: which SKU is which. Raises ValueError for an order key that is none."""
    found = []
    for rule in (RULES[entity], *BESIDE.get(entity, ())) if entity in RULES else ():
        found += _followed(rule, entity, body, suppliers if rule.flow in SUPPLIER_FLOWS else channels, lane, skus)
    return found


def _followed(
    rule: Rule, entity: str, body: Body, channels: Sequence[Channel], lane: str, skus: Skus
) -> list[Onward]:  # fmt: skip
    asked = Lane(lane) if lane in set(Lane) and not rule.is_command else rule.lane(body)
    category = str(body.get("category", "")) if entity != "listing" else ""
    made = []
    for key, channel in rule.onward(body, channels):
        # What goes to Odoo comes from the marketplace, in its words.
        about = tuple(skus.internal(*channel, sku) for sku in rule.skus(body)) if rule.destination else rule.skus(body)
        one = Onward(
            rule.destination or channel[0], rule.operation, rule.is_command, asked, rule.flow, key, channel, about, category,
            excluded=rule.excluded(body, channels),
        )  # fmt: skip
        made += _named(one, rule.told_as, body["sku"], skus) if rule.told_as else [one]
    return made


def told_key(told_as: str, channel: Channel, name: str) -> str:
    """The key under which a channel is told of what it calls so: `stock:walmart:main:NAME`."""
    return f"{told_as}:{channel[0]}:{channel[1]}:{name}"


def _named(one: Onward, told_as: str, sku: str, skus: Skus) -> list[Onward]:
    """Once for each word the channel has for the SKU."""
    names = (skus.listed_as if told_as == LISTING else skus.names)(one.channel, sku)
    if not names:
        return [replace(one, excluded=SKU_TAKEN)]
    return [
        replace(one, key=told_key(told_as, one.channel, name), name=name, least_ms=skus.since_ms(one.channel, name))
        for name in names
    ]


def channel_of(key: str) -> Channel:
    """`walmart:main:...` -> (walmart, main). Raises ValueError."""
    source, colon, rest = key.partition(":")
    account, more, _ = rest.partition(":")
    if not (source and colon and more):
        raise ValueError(f"{key[:80]!r} is no key of a marketplace's account")
    return source, account


def _at(lane: Lane) -> Callable[[Body], Lane]:
    return lambda body: lane


def _own(body: Body, channels: Sequence[Channel]) -> Iterable[tuple[str, Channel]]:
    return [(body["key"], channel_of(body["key"]))]


def _of_order(body: Body, channels: Sequence[Channel]) -> Iterable[tuple[str, Channel]]:
    channel = channel_of(body["order_key"])
    return [(body["order_key"], channel)] if channel in channels else []


def _not_refunded_yet(body: Body, channels: Sequence[Channel]) -> Iterable[tuple[str, Channel]]:
    """A credit note that books what the marketplace has given back already (it belongs to a return) must not be given back twice (RET-2)."""
    return [] if body["return_key"] else _of_order(body, channels)


def _offered(body: Body, channels: Sequence[Channel]) -> Iterable[tuple[str, Channel]]:
    channel = (body["channel"], body["account"])
    return [(body["key"], channel)] if channel in channels else []


def _everywhere(body: Body, channels: Sequence[Channel]) -> Iterable[tuple[str, Channel]]:
    return [(f"listing:{name}:{account}:{body['sku']}", (name, account)) for name, account in channels]


def supplier_of(body: Body) -> Channel | None:
    """The platform and account a purchase order's supplier names, None where it is another vendor."""
    found = vendor_reference(body["supplier"])
    return (found.platform, found.account) if found is not None and found.platform in SUPPLIERS else None


def _of_supplier(states: Sequence[str]) -> Callable[[Body, Sequence[Channel]], Iterable[tuple[str, Channel]]]:
    def of_supplier(body: Body, channels: Sequence[Channel]) -> Iterable[tuple[str, Channel]]:
        channel = supplier_of(body)
        return [(body["key"], _whose(channel, channels))] if channel is not None and body["state"] in states else []

    return of_supplier


def _taken_back(body: Body, channels: Sequence[Channel]) -> Iterable[tuple[str, Channel]]:
    """Cancelled; or a draft that was confirmed once: it was cancelled in between, whether anybody has read that or not."""
    was_confirmed = body["confirmed_at"] is not None
    return _of_supplier((*CANCELLED, *(DRAFT if was_confirmed else ())))(body, channels)


def _whose(channel: Channel, channels: Sequence[Channel]) -> Channel:
    """The account itself; of one that is not configured the first there is at its platform, which has to tell of it."""
    beside = [one for one in channels if one[0] == channel[0]]
    return channel if channel in channels or not beside else beside[0]


def _no_account(body: Body, channels: Sequence[Channel]) -> str:
    channel = supplier_of(body)
    return "" if channel is not None and _whose(channel, channels) in channels else NO_SUCH_ACCOUNT


def _by_its_account(body: Body, channels: Sequence[Channel]) -> Iterable[tuple[str, Channel]]:
    return [(body["key"], (body["source"], body["account"]))]


def _skus_of_lines(body: Body) -> tuple[str, ...]:
    return tuple(line["sku"] for line in body["lines"])


def _skus_of_parcels(body: Body) -> tuple[str, ...]:
    return tuple(line["sku"] for parcel in body["parcels"] for line in parcel["lines"])


def _sku(body: Body) -> tuple[str, ...]:
    return (body["sku"],)


def _nothing(body: Body) -> tuple[str, ...]:
    return ()


def _stock_lane(body: Body) -> Lane:
    return Lane.CRITICAL if body["urgent"] else Lane.NORMAL


_CRITICAL, _NORMAL, _BULK = _at(Lane.CRITICAL), _at(Lane.NORMAL), _at(Lane.BULK)

RULES: dict[str, Rule] = {
    "order": Rule("odoo", UPSERT_ORDER, Flow.ORDERS, _CRITICAL, _own, _skus_of_lines),
    "shipment": Rule("", "ship_order", Flow.SHIPMENTS, _CRITICAL, _of_order, _skus_of_parcels, is_command=True),
    "cancellation": Rule("", CANCEL_LINES, Flow.CANCELLATIONS, _CRITICAL, _of_order, _skus_of_lines, is_command=True),
    "refund": Rule("", "refund_order", Flow.REFUNDS, _CRITICAL, _not_refunded_yet, _skus_of_lines, is_command=True),
    "return_order": Rule("odoo", "upsert_return", Flow.RETURNS, _NORMAL, _own, _skus_of_lines),
    "listing": Rule("odoo", "merge_listing", Flow.CATALOGUE, _BULK, _own, _sku),
    "settlement": Rule("odoo", "post_settlement", Flow.SETTLEMENTS, _NORMAL, _own, _nothing),
    "availability": Rule("", SET_STOCK, Flow.STOCK, _stock_lane, _offered, _sku, told_as="stock"),
    "price_offer": Rule("", "set_price", Flow.PRICES, _NORMAL, _offered, _sku, told_as="price"),
    "product": Rule("", "upsert_listing", Flow.PRODUCTS, _BULK, _everywhere, _sku, told_as=LISTING),
    "purchase_order": Rule(
        "", CREATE_PURCHASE, Flow.PURCHASES, _NORMAL, _of_supplier(CONFIRMED), _skus_of_lines, is_command=True, excluded=_no_account,
    ),
    "purchase_result": Rule("odoo", "note_purchase", Flow.PURCHASES, _NORMAL, _by_its_account, _nothing),
    "supplier_order": Rule("odoo", "update_purchase", Flow.SUPPLIER_ORDERS, _NORMAL, _own, _nothing),
    "supplier_product": Rule("odoo", "upsert_supplier_product", Flow.SUPPLIER_PRODUCTS, _BULK, _own, _nothing),
    "vendor_terms": Rule("odoo", "set_vendor_terms", Flow.SUPPLIER_TERMS, _NORMAL, _own, _nothing),
    "packing_check": Rule("odoo", "check_packing", Flow.PACKING, _CRITICAL, _own, _nothing),
}  # fmt: skip

# Further rules of an entity; of a record none makes a delivery where another does.
BESIDE: dict[str, tuple[Rule, ...]] = {
    "purchase_order": (
        Rule("", CANCEL_PURCHASE, Flow.PURCHASES, _NORMAL, _taken_back, _skus_of_lines, is_command=True, excluded=_no_account),
    ),
}  # fmt: skip

EVERY_RULE: tuple[Rule, ...] = (*RULES.values(), *(rule for rules in BESIDE.values() for rule in rules))

# Topic -> entity, of everything that deliveries follow from.
ENTITY_OF: dict[str, str] = {ENTITIES[name].every: name for name in RULES}

# Operation -> the flow that switches it.
FLOW_OF: dict[str, Flow] = {
    ACKNOWLEDGE_ORDER: Flow.ACKNOWLEDGEMENTS,
    REOPEN_ORDER: Flow.CANCELLATIONS,
    **{rule.operation: rule.flow for rule in EVERY_RULE},
}

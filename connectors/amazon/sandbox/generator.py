"""Seeded, realistic orders of a seller. Pure: the same (seed, account, index, mix, placed) gives the same order.

TEST-4, how to tell that an order is test data: its id starts with ID_MARKER, its SKUs with the catalogue's MARKER (or
TEST_ORDER_PREFIX), its e-mail ends in places.EMAIL_DOMAIN. Each order also comes with traits, which say what is special
about it; they are truth for tests and never part of an answer of the API.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.amazon.sandbox import damage, lifecycle
from connectors.amazon.sandbox.generated_items import Buying, items
from connectors.amazon.sandbox.lifecycle import Parcel
from connectors.amazon.sandbox.marketplaces import Marketplace, marketplace
from connectors.amazon.sandbox.mix import OrderMix
from connectors.amazon.sandbox.moments import iso
from connectors.amazon.sandbox.money import order_proceeds
from connectors.amazon.sandbox.places import HOMES
from connectors.amazon.sandbox.settings import Seller
from connectors.kit.sandbox.people import Customer, customer
from connectors.kit.sandbox.steering import Json

ID_MARKER = "999"
_LEVELS = ("STANDARD", "STANDARD", "EXPEDITED", "SECOND_DAY", "NEXT_DAY", "FREE_ECONOMY", "SCHEDULED")
_COMPANIES = ("Specimen Ltd", "Mock & Sons", "Placeholder GmbH", "Muster Société")
_HOUR = 3_600_000


@dataclass(frozen=True)
class GeneratedOrder:
    """body: whole, as if all data sets were asked for; traits: what is special; late: how far its creation lies before its
    appearance; changes: (seconds after it appeared, change for changes.applied)."""

    body: Json
    traits: tuple[str, ...]
    late: timedelta
    changes: tuple[tuple[float, Mapping[str, Any]], ...]


def generate(
    count: int, seed: int, mix: OrderMix, placed: datetime, seller: Seller, first: int = 0
) -> Iterator[GeneratedOrder]:
    """Orders `first` .. `first + count - 1` of a seed, all placed at `placed` (aware), late ones before."""
    for index in range(first, first + count):
        yield make_order(seed, index, mix, placed, seller)


def make_order(seed: int, index: int, mix: OrderMix, placed: datetime, seller: Seller) -> GeneratedOrder:
    rng = random.Random(f"{seller.seller_id}:{seed}:order:{index}")
    names = [marketplace(one).id for one in mix.marketplaces] or list(seller.marketplaces)
    place = marketplace(rng.choice([one for one in names if one in seller.marketplaces] or list(seller.marketplaces)))
    buyer = customer(rng, mix, HOMES[place.country])
    late = timedelta(minutes=rng.uniform(*mix.late_minutes)) if rng.random() < mix.late else timedelta()
    ordered_ms = int((placed - late).timestamp()) * 1000
    traits = [*buyer.traits, *(["late"] if late else [])]
    body = _order(rng, mix, place, buyer, ordered_ms, traits)
    body["orderId"] = _id(random.Random(f"{seller.seller_id}:{seed}:id:{index}"))
    body = _progress(rng, mix, body, ordered_ms, traits)
    changes = _changes(rng, mix, body, traits)
    if rng.random() < mix.malformed:
        body, changes = damage.damaged(body, rng), ()
        traits.append("malformed")
    return GeneratedOrder(body, tuple(traits), late, changes)


def _id(rng: random.Random) -> str:
    """3-7-7 digits, as Amazon's ids have."""
    return f"{ID_MARKER}-{rng.randrange(10**7):07d}-{rng.randrange(10**7):07d}"


def _order(
    rng: random.Random, mix: OrderMix, place: Marketplace, buyer: Customer, ordered_ms: int, traits: list[str]
) -> Json:
    fba, business = rng.random() < mix.fba, rng.random() < mix.business
    prime = not business and rng.random() < mix.prime
    programs = [name for name, on in (("PRIME", prime), ("AMAZON_BUSINESS", business)) if on]
    traits += [name for name, on in (("fba", fba), ("prime", prime), ("business", business)) if on]
    body: Json = {"orderId": "", "createdTime": iso(ordered_ms), "lastUpdatedTime": iso(ordered_ms)}
    if rng.random() < mix.seller_order_id:
        body["orderAliases"] = [{"aliasId": f"CW-{rng.randrange(10**8):08d}", "aliasType": "SELLER_ORDER_ID"}]
        traits.append("seller_order_id")
    if programs:
        body["programs"] = programs
    if rng.random() < mix.replacement:
        body["associatedOrders"] = [{"orderId": _id(rng), "associationType": "REPLACEMENT_ORIGINAL_ID"}]
        traits.append("replacement")
    body["salesChannel"] = {"channelName": "AMAZON", "marketplaceId": place.id, "marketplaceName": place.name}
    body["buyer"] = _buyer(rng, mix, buyer, traits, fba=fba, business=business)
    body["recipient"] = _recipient(rng, mix, buyer, traits, fba=fba)
    body["fulfillment"] = _fulfillment(rng, ordered_ms, fba=fba)
    if business and place.region == "eu":
        number = f"{place.country}{rng.randrange(10**9):09d}"
        tax = {"entityType": "BUYER", "legalName": body["buyer"]["buyerCompanyName"]}
        body["tax"] = {"taxRegistrations": [{**tax, "taxRegistrationType": "VAT", "taxRegistrationNumber": number}]}
    body["orderItems"] = items(rng, mix, place, Buying(buyer.place.state, business), traits)
    sums = order_proceeds(body["orderItems"], place)
    assert sums is not None
    body["proceeds"] = sums
    body["payment"] = {"paymentExecutions": [{"paymentMethod": "CreditCard", "paymentAmount": sums["grandTotal"]}]}
    return body


def _buyer(rng: random.Random, mix: OrderMix, buyer: Customer, traits: list[str], *, fba: bool, business: bool) -> Json:
    shown: Json = {"buyerName": buyer.name}
    if buyer.email and not fba:
        shown["buyerEmail"] = buyer.email
    if business:
        shown["buyerCompanyName"] = rng.choice(_COMPANIES)
        if rng.random() < mix.po_number:
            shown["buyerPurchaseOrderNumber"] = f"PO-{rng.randrange(10**6):06d}"
            traits.append("po_number")
    return shown


def _recipient(rng: random.Random, mix: OrderMix, buyer: Customer, traits: list[str], *, fba: bool) -> Json:
    place = buyer.place
    address: Json = {"name": buyer.name, "addressLine1": buyer.address1}
    if buyer.address2:
        address["addressLine2"] = buyer.address2
    address["city"] = place.city
    if place.state:
        address["stateOrRegion"] = place.state
    address |= {"postalCode": place.postcode, "countryCode": place.country}
    if buyer.phone and not fba:
        address["phone"] = buyer.phone
    address["addressType"] = rng.choice(("RESIDENTIAL", "RESIDENTIAL", "COMMERCIAL"))
    recipient: Json = {"deliveryAddress": address}
    if rng.random() < mix.delivery_note:
        recipient["deliveryPreference"] = {"dropOffLocation": "Front Porch", "addressInstruction": "Ring twice"}
        traits.append("delivery_note")
    return recipient


def _fulfillment(rng: random.Random, ordered_ms: int, *, fba: bool) -> Json:
    ship_from = ordered_ms + rng.randint(1, 12) * _HOUR
    ship_to, arrive = ship_from + rng.randint(24, 72) * _HOUR, ship_from + rng.randint(72, 120) * _HOUR
    return {
        "fulfillmentStatus": "UNSHIPPED",
        "fulfilledBy": "AMAZON" if fba else "MERCHANT",
        "fulfillmentServiceLevel": rng.choice(_LEVELS),
        "shipByWindow": {"earliestDateTime": iso(ship_from), "latestDateTime": iso(ship_to)},
        "deliverByWindow": {"earliestDateTime": iso(arrive), "latestDateTime": iso(arrive + 48 * _HOUR)},
    }


def _progress(rng: random.Random, mix: OrderMix, body: Json, ordered_ms: int, traits: list[str]) -> Json:
    """What happened to the order before we first see it."""
    found, name = lifecycle.items_of(body), _stage(rng, mix)
    match name:
        case "pending" | "preorder":
            body["fulfillment"]["fulfillmentStatus"] = "PENDING" if name == "pending" else "PENDING_AVAILABILITY"
        case "cancelled_order":
            body = lifecycle.cancel(body, (), rng.choice(("BUYER", "AMAZON")), "")
        case "shipped" | "part_shipped":
            body = _sent(rng, body, ordered_ms, whole=name == "shipped")
            # One unit cannot be shipped in part.
            name = "shipped" if body["fulfillment"]["fulfillmentStatus"] == "SHIPPED" else "part_shipped"
        case _ if len(found) > 1 and rng.random() < mix.cancelled_item:
            body, name = lifecycle.cancel(body, [rng.choice(found)["orderItemId"]], "AMAZON", ""), "cancelled_item"
        case _ if rng.random() < mix.cancel_asked:
            body, name = lifecycle.ask_to_cancel(body, (), "Ordered by mistake"), "cancel_asked"
    traits += [name] if name else []
    return body


def _stage(rng: random.Random, mix: OrderMix) -> str:
    """How far an order has come, by its share; empty for one that waits to be shipped."""
    shares = {
        "pending": mix.pending,
        "preorder": mix.preorder,
        "cancelled_order": mix.cancelled_order,
        "shipped": mix.shipped,
        "part_shipped": mix.part_shipped,
    }
    draw = rng.random()
    for name, share in shares.items():
        draw -= share
        if draw < 0:
            return name
    return ""


def _sent(rng: random.Random, body: Json, ordered_ms: int, *, whole: bool) -> Json:
    if body["fulfillment"]["fulfilledBy"] == "AMAZON":
        return lifecycle.send_all(body)
    found = lifecycle.items_of(body)
    units = {one["orderItemId"]: one["quantityOrdered"] for one in (found if whole else found[:1])}
    if not whole and len(found) == 1:
        units = {key: max(1, count - 1) for key, count in units.items()}
    number = f"{ID_MARKER}{rng.randrange(10**13):013d}"
    when = iso(ordered_ms + 30_000)
    return lifecycle.ship(body, Parcel("1", "UPS", "Ground", number, when, units), when)


def _changes(
    rng: random.Random, mix: OrderMix, body: Json, traits: list[str]
) -> tuple[tuple[float, Mapping[str, Any]], ...]:
    """What is still to come: the payment of a pending order, and one change more for some."""
    changes: list[tuple[float, Mapping[str, Any]]] = []
    if "pending" in traits:
        changes.append((rng.uniform(*mix.pending_seconds), {"kind": "pay"}))
    open_now = body["fulfillment"]["fulfillmentStatus"] in lifecycle.OPEN
    if open_now and body["fulfillment"]["fulfilledBy"] == "AMAZON":
        changes.append((rng.uniform(*mix.change_seconds) * 10, {"kind": "ship"}))
    elif open_now and rng.random() < mix.changing:
        kind = rng.choice(("cancel", "ask_to_cancel", "address"))
        more = {"addressLine2": f"Unit {rng.randint(1, 99)}"} if kind == "address" else {}
        changes.append((rng.uniform(*mix.change_seconds), {"kind": kind, **more}))
        traits.append(f"changing_{kind}")
    return tuple(changes)

"""Seeded, realistic Walmart orders. Pure: the same (seed, account, index, mix, now) gives the same order.

TEST-4, how to tell that an order is test data: its purchaseOrderId and customerOrderId start with ID_MARKER, its SKUs
with the catalogue's MARKER (or TEST_ORDER_PREFIX), its e-mail ends in EMAIL_DOMAIN. Each order also comes with traits,
which say what is special about it; they are truth for tests and never part of an answer of the API.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.kit.countries import ALPHA2_BY_ALPHA3
from connectors.kit.sandbox.catalog import BUNDLES, SINGLES, TEST_ORDER_PREFIX, UNKNOWN_SKUS, Product
from connectors.kit.sandbox.people import ABROAD, US, Customer, Homes, customer
from connectors.walmart.sandbox import damage
from connectors.walmart.sandbox.charges import Json, Taxation, item_charges, shipping_charges, summary
from connectors.walmart.sandbox.lines import cancel_units, lines_of, move, quantity, status, units
from connectors.walmart.sandbox.mix import OrderMix

ID_MARKER = "99"
EMAIL_DOMAIN = "relay.walmart.example"
_HOMES = Homes(US, ABROAD, EMAIL_DOMAIN)
# Walmart writes countries in three letters.
_COUNTRIES = {two: three for three, two in ALPHA2_BY_ALPHA3.items()}
_METHODS = (("Value", "VALUE"), ("Standard", "STANDARD"), ("Express", "EXPEDITED"), ("OneDay", "ONE_DAY"))
_REGULARS = 12


@dataclass(frozen=True)
class GeneratedOrder:
    """body: as the API gives it; traits: what is special; late: how far its dates lie before its appearance;
    changes: (seconds after it appeared, change for lifecycle.buyer_change)."""

    body: Json
    traits: tuple[str, ...]
    late: timedelta
    changes: tuple[tuple[float, Mapping[str, Any]], ...]


def generate(
    count: int, seed: int, mix: OrderMix, placed: datetime, account: str = "", first: int = 0
) -> Iterator[GeneratedOrder]:
    """Orders `first` .. `first + count - 1` of a seed, all placed at `placed` (aware), late ones before."""
    for index in range(first, first + count):
        yield make_order(seed, index, mix, placed, account)


def make_order(seed: int, index: int, mix: OrderMix, placed: datetime, account: str = "") -> GeneratedOrder:
    rng = _stream(account, seed, "order", index)
    owner = _owner(seed, index, mix, account)
    buyer = _buyer(seed, owner, mix, account)
    late = timedelta(minutes=rng.uniform(*mix.late_minutes)) if rng.random() < mix.late else timedelta()
    ordered_ms = int((placed - late).timestamp()) * 1000
    traits = [*buyer.traits]
    body = _order(rng, mix, buyer, ordered_ms, traits)
    body["purchaseOrderId"] = _id(_stream(account, seed, "po", index))
    body["customerOrderId"] = _id(_stream(account, seed, "co", owner))
    traits += ["second_order"] if owner != index else []
    traits += ["late"] if late else []
    _progress(rng, mix, body, ordered_ms, traits)
    if rng.random() < mix.order_summary:
        body["orderSummary"] = summary(body)
    changes = _changes(rng, mix, body, traits)
    if rng.random() < mix.malformed:
        body = damage.damaged(body, rng)
        traits, changes = [*traits, "malformed"], ()
    return GeneratedOrder(body, tuple(traits), late, changes)


def _stream(account: str, seed: int, purpose: str, index: int) -> random.Random:
    return random.Random(f"{account}:{seed}:{purpose}:{index}")


def _id(rng: random.Random) -> str:
    """13 digits, as Walmart's ids have; kept as text."""
    return f"{ID_MARKER}{rng.randrange(10**11):011d}"


def _owner(seed: int, index: int, mix: OrderMix, account: str) -> int:
    """The order whose customer order this one belongs to: itself, or the one before ("second_order")."""
    while index > 0 and _stream(account, seed, "second", index).random() < mix.second_order:
        index -= 1
    return index


def _buyer(seed: int, owner: int, mix: OrderMix, account: str) -> Customer:
    rng = _stream(account, seed, "buyer", owner)
    if rng.random() < mix.repeat_customer:
        return customer(_stream(account, seed, "regular", rng.randrange(_REGULARS)), mix, _HOMES)
    return customer(rng, mix, _HOMES)


def _order(rng: random.Random, mix: OrderMix, buyer: Customer, ordered_ms: int, traits: list[str]) -> Json:
    method, ship_method = rng.choice(_METHODS)
    hour_ms = 3_600_000
    body: Json = {"purchaseOrderId": "", "customerOrderId": ""}
    if buyer.email is not None:
        body["customerEmailId"] = buyer.email
    body["orderType"] = "REGULAR"
    if rng.random() < mix.replacement:
        body.update(orderType="REPLACEMENT", originalCustomerOrderID=_id(rng))
        traits.append("replacement")
    body["orderDate"] = ordered_ms
    body["shippingInfo"] = {
        "phone": buyer.phone,
        "estimatedDeliveryDate": ordered_ms + rng.randint(72, 168) * hour_ms,
        "estimatedShipDate": ordered_ms + rng.randint(24, 48) * hour_ms,
        "methodCode": method,
        "postalAddress": _address(rng, buyer),
    }
    body["orderLines"] = {"orderLine": _lines(rng, mix, buyer, ordered_ms, ship_method, traits)}
    wfs = rng.random() < mix.walmart_fulfilled
    body["shipNode"] = {"type": "WFSFulfilled" if wfs else "SellerFulfilled"}
    traits += ["walmart_fulfilled"] if wfs else []
    return body


def _address(rng: random.Random, buyer: Customer) -> Json:
    address = {"name": buyer.name, "address1": buyer.address1}
    if buyer.address2:
        address["address2"] = buyer.address2
    place = buyer.place
    kind = rng.choice(("RESIDENTIAL", "RESIDENTIAL", "OFFICE"))
    rest = {
        "city": place.city,
        "state": place.state,
        "postalCode": place.postcode,
        "country": _COUNTRIES[place.country],
    }
    return {**address, **rest, "addressType": kind}


def _lines(
    rng: random.Random, mix: OrderMix, buyer: Customer, ordered_ms: int, method: str, traits: list[str]
) -> list[Json]:
    test_order, unknown_at = rng.random() < mix.test_order, -1
    count = rng.choices(range(1, len(mix.lines) + 1), mix.lines)[0]
    if not test_order and rng.random() < mix.unknown_sku:
        unknown_at = rng.randrange(count)
        traits.append("unknown_sku")
    untaxed, split = rng.random() < mix.untaxed, rng.random() < mix.split_tax
    taxation = Taxation.of(buyer.place.state, untaxed=untaxed, split=split)
    traits += ["test_order"] if test_order else []
    traits += ["untaxed"] if not taxation.taxes else ["split_tax"] if split and len(taxation.taxes) > 1 else []
    shipping = rng.choice((0, 499, 599, 799, 1295)) if rng.random() < mix.shipping_charge else None
    lines = []
    for number, product in enumerate(_products(rng, mix, count, traits)):
        sku = rng.choice(UNKNOWN_SKUS) if number == unknown_at else product.sku
        sku = f"{TEST_ORDER_PREFIX}{product.sku}" if test_order else sku
        charges = _item(rng, mix, product, taxation, traits)
        if shipping is not None and number == 0:
            charges[1].extend(shipping_charges(shipping, taxation))
            traits.append("shipping_charge")
        lines.append(_line(str(number + 1), sku, product, charges, ordered_ms, method))
    return lines


def _products(rng: random.Random, mix: OrderMix, count: int, traits: list[str]) -> list[Product]:
    bundles = sum(rng.random() < mix.bundle_line for _ in range(count))
    bundles = min(bundles, len(BUNDLES))
    traits += ["bundle"] if bundles else []
    return [*rng.sample(SINGLES, count - bundles), *rng.sample(BUNDLES, bundles)]


def _item(
    rng: random.Random, mix: OrderMix, product: Product, taxation: Taxation, traits: list[str]
) -> tuple[int, list[Json]]:
    """(units, charges) of a line."""
    count = rng.randint(1, mix.max_quantity)
    if rng.random() < 0.5:
        count = 1
    price = product.price_cents * count
    if count > 1 and price % count == 0 and rng.random() < mix.odd_unit_price:
        price += 1
        traits.append("odd_unit_price")
    discount = price // 20 if rng.random() < mix.discount_line else 0
    traits += ["discount"] if discount else []
    return count, item_charges(price, discount, taxation)


def _line(number: str, sku: str, product: Product, item: tuple[int, list[Json]], ordered_ms: int, method: str) -> Json:
    count, charges = item
    pounds = f"{product.weight_grams / 453.59237:.2f}"
    return {
        "lineNumber": number,
        "item": {
            "productName": product.name,
            "sku": sku,
            "imageUrl": f"https://images.walmart.example/{product.sku}.jpeg",
            "weight": {"value": pounds, "unit": "Pounds"},
        },
        "charges": {"charge": charges},
        "orderLineQuantity": quantity(count),
        "statusDate": ordered_ms,
        "orderLineStatuses": {"orderLineStatus": [status("Created", count)]},
        "fulfillment": {"fulfillmentOption": "S2H", "shipMethod": method, "pickUpDateTime": ordered_ms + 172_800_000},
    }


def _progress(rng: random.Random, mix: OrderMix, body: Json, ordered_ms: int, traits: list[str]) -> None:
    """What happened to the order before we first see it."""
    lines, when = lines_of(body), ordered_ms + 1_000
    if rng.random() < mix.cancelled_order:
        for line in lines:
            cancel_units(line, units(line)["Created"], when)
        traits.append("cancelled_order")
        return
    if len(lines) > 1 and rng.random() < mix.cancelled_line:
        line = rng.choice(lines)
        cancel_units(line, units(line)["Created"], when)
        traits.append("cancelled_line")
    several = [line for line in lines if units(line)["Created"] > 1]
    if several and rng.random() < mix.part_cancelled:
        cancel_units(rng.choice(several), 1, when)
        traits.append("part_cancelled")
    draw = rng.random()
    for name, share in (
        ("shipped", mix.shipped),
        ("part_shipped", mix.part_shipped),
        ("acknowledged", mix.acknowledged),
    ):
        draw -= share
        if draw < 0:
            _advance(rng, lines, name, when, traits)
            return


def _advance(rng: random.Random, lines: list[Json], name: str, when: int, traits: list[str]) -> None:
    for line in lines:
        if created := units(line)["Created"]:
            move(line, ("Created",), status("Acknowledged", created), when)
    ready = [line for line in lines if units(line)["Acknowledged"] > (1 if name == "part_shipped" else 0)]
    for line in ready if name == "shipped" else ready[:1] if name == "part_shipped" else []:
        count = units(line)["Acknowledged"] - (1 if name == "part_shipped" else 0)
        number = f"{ID_MARKER}{rng.randrange(10**16):016d}"
        move(line, ("Acknowledged",), status("Shipped", count, trackingInfo=_tracking(number, when)), when)
    traits.append(name if ready or name == "acknowledged" else "acknowledged")


def _tracking(number: str, when: int) -> Json:
    url = f"https://tracking.walmart.example/{number}"
    names = {"carrierName": {"carrier": "UPS"}, "methodCode": "Standard", "trackingNumber": number, "trackingURL": url}
    return {"shipDateTime": when, **names}


def _changes(
    rng: random.Random, mix: OrderMix, body: Json, traits: list[str]
) -> tuple[tuple[float, Mapping[str, Any]], ...]:
    """At most one change, some seconds after the order appeared."""
    if rng.random() >= mix.changing or "cancelled_order" in traits or "shipped" in traits:
        return ()
    kind = rng.choice(("cancel_order", "cancel_line", "intent_to_cancel", "address"))
    change: dict[str, Any] = {"kind": kind}
    if kind in ("cancel_line", "intent_to_cancel"):
        change["line"] = rng.choice(lines_of(body))["lineNumber"]
    if kind == "address":
        change["address2"] = f"Unit {rng.randint(1, 99)}"
    traits.append(f"changing_{kind}")
    return ((rng.uniform(*mix.change_seconds), change),)

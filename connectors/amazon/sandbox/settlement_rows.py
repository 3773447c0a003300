"""What an order brings its seller, as the rows of a settlement: (transaction, amount type, description) and an amount each. Pure.

Amounts are of the currency's smallest unit. An item's sums are booked as far as its units are shipped: what is due by now less what was booked
before, so that parts booked one after the other come to the whole, to the cent. Tax that Amazon collects stands there twice, once as the buyer's,
once withheld, which comes to nothing. Fees are plausible ones: 15% commission; a fifth of it, at most five dollars, is kept where it is given back.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from connectors.amazon.sandbox import lifecycle, money
from connectors.amazon.sandbox.marketplaces import MARKETPLACES, Marketplace
from connectors.kit.sandbox.steering import Json

Triple = tuple[str, str, str]
ORDER, REFUND, OTHER = "Order", "Refund", "other-transaction"
PRICE, WITHHELD, FEES, PROMOTION = "ItemPrice", "ItemWithheldTax", "ItemFees", "Promotion"
COMMISSION, MOST_KEPT_CENTS, UNIT_FEE_CENTS = Decimal("0.15"), 500, 386
# Breakdown of an order -> how it is called here: price, tax on it, that tax withheld.
_NAMES = {
    "ITEM": ("Principal", "Tax", "MarketplaceFacilitatorTax-Principal"),
    "SHIPPING": ("Shipping", "ShippingTax", "MarketplaceFacilitatorTax-Shipping"),
    "GIFT_WRAP": ("GiftWrap", "GiftWrapTax", "MarketplaceFacilitatorTax-Giftwrap"),
}
# Column of a payment adjustment -> (breakdown, whether it is the tax).
_ADJUSTED = {
    "item-price-adj": ("ITEM", False),
    "item-tax-adj": ("ITEM", True),
    "shipping-price-adj": ("SHIPPING", False),
    "shipping-tax-adj": ("SHIPPING", True),
    "gift-wrap-price-adj": ("GIFT_WRAP", False),
    "gift-wrap-tax-adj": ("GIFT_WRAP", True),
}
_PROMOTED = {"item-promotion-adj": "Principal", "ship-promotion-adj": "Shipping"}


@dataclass(frozen=True)
class Row:
    """posted: epoch milliseconds; details: further cells by their column."""

    triple: Triple
    minor: int
    posted: int
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Booked:
    """What earlier settlements have of an order: amounts by item and "type/description", units by item, how many refunds."""

    amounts: dict[str, dict[str, int]] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    refunds: int = 0


def rows_of(order: Json, refunds: Sequence[Json], before: Booked, updated_ms: int) -> tuple[list[Row], Booked]:
    """(rows that are to be booked, what is booked with them). refunds: all of the order, as OrderFeeds.refunds gives them."""
    rows: list[Row] = []
    amounts, units = dict(before.amounts), dict(before.units)
    place = MARKETPLACES[order["salesChannel"]["marketplaceId"]]
    for item in lifecycle.items_of(order):
        item_id, gone = item["orderItemId"], item["fulfillment"]["quantityFulfilled"]
        due, had = due_of(order, item, place), before.amounts.get(item_id, {})
        details = _details(order, item, gone - before.units.get(item_id, 0))
        for name, amount in due.items():
            if amount != had.get(name, 0):
                kind, _, description = name.partition("/")
                rows.append(Row((ORDER, kind, description), amount - had.get(name, 0), updated_ms, details))
        if due:
            amounts[item_id], units[item_id] = due, gone
    for number, refund in enumerate(refunds[before.refunds :], before.refunds + 1):
        rows += refund_rows(order, refund, place, number)
    return rows, Booked(amounts, units, len(refunds))


def due_of(order: Json, item: Json, place: Marketplace) -> dict[str, int]:
    """All that the shipped units of an item bring, by "type/description"."""
    gone, left = (item["fulfillment"][name] for name in ("quantityFulfilled", "quantityUnfulfilled"))
    if not gone or "proceeds" not in item:
        return {}
    prices, taxes = _paid(item, place)
    found: Counter[str] = Counter()
    for kind, (price, tax, withheld) in _NAMES.items():
        found[f"{PRICE}/{price}"] = _share(prices[kind], gone, gone + left)
        found[f"{PRICE}/{tax}"] = _share(taxes[kind], gone, gone + left)
        if is_facilitated(item):
            found[f"{WITHHELD}/{withheld}"] = -_share(taxes[kind], gone, gone + left)
    found[f"{PROMOTION}/Principal"] = _share(prices["DISCOUNT"], gone, gone + left)
    base = sum(
        amount
        for name, amount in found.items()
        if name.startswith((f"{PRICE}/", PROMOTION)) and not name.endswith("Tax")
    )
    found[f"{FEES}/Commission"] = -_commission(base)
    if order["fulfillment"]["fulfilledBy"] == "AMAZON":
        found[f"{FEES}/FBAPerUnitFulfillmentFee"] = -place.minor(UNIT_FEE_CENTS) * gone
    if points := item.get("expense", {}).get("pointsCost", {}).get("pointsGranted"):
        cost = money.minor(points["pointsMonetaryValue"], place)
        found["CostOfPointsGranted/CostOfPointsGranted"] = -_share(cost, gone, gone + left)
    return {name: amount for name, amount in found.items() if amount}


def refund_rows(order: Json, refund: Json, place: Marketplace, number: int) -> list[Row]:
    """What goes back to a buyer, and what of the commission goes back to the seller."""
    item = lifecycle.item_of(order, refund["orderItemId"])
    amounts = {name: int(amount) for name, _, amount in (part.partition("=") for part in refund["parts"].split())}
    found: Counter[tuple[str, str]] = Counter()
    base = 0
    for column, amount in amounts.items():
        if column in _PROMOTED:
            found[PROMOTION, _PROMOTED[column]] += amount
            base -= amount
            continue
        kind, is_tax = _ADJUSTED[column]
        price, tax, withheld = _NAMES[kind]
        found[PRICE, tax if is_tax else price] -= amount
        if is_tax and is_facilitated(item):
            found[WITHHELD, withheld] += amount
        base += 0 if is_tax else amount
    returned = _commission(base)
    found[FEES, "Commission"] = returned
    found[FEES, "RefundCommission"] = -min(_rounded(returned * Decimal("0.2")), place.minor(MOST_KEPT_CENTS))
    details = {
        **_details(order, item, 0),
        "adjustment-id": f"A{order['orderId'][-7:]}{number:02d}",
        "quantity-purchased": "",
    }
    posted = int(refund["at"] * 1000)
    return [Row((REFUND, *name), amount, posted, details) for name, amount in found.items() if amount]


def refund_parts(order: Json, item_id: str, before: int, units: int) -> dict[str, int]:
    """What a refund of so many units gives back, after `before` units were given back: amounts by column of a payment adjustment."""
    place, item = MARKETPLACES[order["salesChannel"]["marketplaceId"]], lifecycle.item_of(order, item_id)
    if "proceeds" not in item:
        return {}
    prices, taxes = _paid(item, place)
    whole = sum(item["fulfillment"][name] for name in ("quantityFulfilled", "quantityUnfulfilled"))

    def part(amount: int) -> int:
        return _share(amount, before + units, whole) - _share(amount, before, whole)

    found = {
        "item-price-adj": part(prices["ITEM"]),
        "item-tax-adj": part(taxes["ITEM"]),
        "item-promotion-adj": -part(prices["DISCOUNT"]),
    }
    return {name: amount for name, amount in found.items() if amount}


def is_facilitated(item: Json) -> bool:
    collections = item.get("tax", {}).get("taxCollections", [])
    return any(one.get("model") == "MARKETPLACE_FACILITATOR" for one in collections)


def _paid(item: Json, place: Marketplace) -> tuple[Counter[str], Counter[str]]:
    """(prices by kind, taxes by the kind they are on), for all units that are not cancelled."""
    prices, taxes = Counter[str](), Counter[str]()
    for one in item["proceeds"].get("breakdowns", []):
        if one["type"] == "TAX":
            for detail in one.get("detailedBreakdowns", []):
                taxes[detail["subtype"]] += money.minor(detail["value"], place)
        else:
            prices[one["type"]] += money.minor(one["subtotal"], place)
    return prices, taxes


def _details(order: Json, item: Json, units: int) -> dict[str, str]:
    aliases = order.get("orderAliases", [])
    promotions = item.get("promotion", {}).get("breakdowns", [])
    return {
        "order-id": order["orderId"],
        "merchant-order-id": aliases[0]["aliasId"] if aliases else "",
        "shipment-id": f"S{order['orderId'][-7:]}",
        "marketplace-name": order["salesChannel"]["marketplaceName"],
        "fulfillment-id": "AFN" if order["fulfillment"]["fulfilledBy"] == "AMAZON" else "MFN",
        "order-item-code": item["orderItemId"],
        "sku": item["product"]["sellerSku"],
        "quantity-purchased": str(units) if units else "",
        "promotion-id": promotions[0]["promotionId"] if promotions else "",
    }


def _share(amount: int, part: int, whole: int) -> int:
    return _rounded(Decimal(amount) * part / whole)


def _commission(base: int) -> int:
    return _rounded(max(0, base) * COMMISSION)


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))

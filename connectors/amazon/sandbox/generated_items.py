"""The items of a generated order: what, how many, what they bring, what is asked for with them."""

import hashlib
import random
from dataclasses import dataclass

from connectors.amazon.sandbox.marketplaces import Marketplace
from connectors.amazon.sandbox.mix import OrderMix
from connectors.amazon.sandbox.money import proceeds, tax_on
from connectors.kit.sandbox.catalog import BUNDLES, SINGLES, TEST_ORDER_PREFIX, UNKNOWN_SKUS, Product
from connectors.kit.sandbox.steering import Json

_FACILITATOR = {"na": "Amazon Services, Inc.", "eu": "Amazon Services Europe S.a.r.L.", "fe": "Amazon Services, Inc."}
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Buying:
    """state: where it goes, for the tax; business: a company buys."""

    state: str
    business: bool


def asin_of(sku: str) -> str:
    """The catalogue page of a SKU: B0 and eight letters or digits, the same for the same SKU."""
    number, text = int.from_bytes(hashlib.sha256(sku.encode()).digest()[:8]), ""
    for _ in range(8):
        number, digit = divmod(number, 36)
        text += _ALPHABET[digit]
    return f"B0{text}"


def items(rng: random.Random, mix: OrderMix, place: Marketplace, buying: Buying, traits: list[str]) -> list[Json]:
    test_order, unknown_at = rng.random() < mix.test_order, -1
    count = rng.choices(range(1, len(mix.items) + 1), mix.items)[0]
    if not test_order and rng.random() < mix.unknown_sku:
        unknown_at = rng.randrange(count)
        traits.append("unknown_sku")
    traits += ["test_order"] if test_order else []
    shipping = place.minor(rng.choice((499, 599, 799, 1295))) if rng.random() < mix.shipping_charge else 0
    traits += ["shipping_charge"] if shipping else []
    facilitated = rng.random() >= mix.seller_tax
    traits += ["seller_tax"] if place.adds_tax and not facilitated else []
    found = []
    for number, product in enumerate(_products(rng, mix, count, traits)):
        sku = rng.choice(UNKNOWN_SKUS) if number == unknown_at else product.sku
        sku = f"{TEST_ORDER_PREFIX}{product.sku}" if test_order else sku
        item = _item(rng, mix, place, product, sku, buying)
        _more(rng, mix, place, item, traits)
        _money(rng, mix, place, item, buying, traits, shipping=shipping if number == 0 else 0)
        if place.adds_tax and facilitated:
            collected = {"model": "MARKETPLACE_FACILITATOR", "responsibleParty": _FACILITATOR[place.region]}
            item.setdefault("tax", {})["taxCollections"] = [collected]
        found.append(item)
    return found


def _products(rng: random.Random, mix: OrderMix, count: int, traits: list[str]) -> list[Product]:
    bundles = min(sum(rng.random() < mix.bundle_item for _ in range(count)), len(BUNDLES))
    traits += ["bundle"] if bundles else []
    return [*rng.sample(SINGLES, count - bundles), *rng.sample(BUNDLES, bundles)]


def _item(rng: random.Random, mix: OrderMix, place: Marketplace, product: Product, sku: str, buying: Buying) -> Json:
    quantity = rng.randint(1, mix.max_quantity) if rng.random() < 0.5 else 1
    price: Json = {"unitPrice": place.money(place.minor(product.price_cents))}
    if buying.business:
        price["priceDesignation"] = "BUSINESS_PRICE"
    return {
        "orderItemId": f"{rng.randrange(10**13, 10**14)}",
        "quantityOrdered": quantity,
        "product": {
            "asin": asin_of(sku),
            "title": product.name,
            "sellerSku": sku,
            "condition": {"conditionType": "NEW", "conditionSubtype": "NEW", "conditionNote": ""},
            "price": price,
        },
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": quantity},
    }


def _more(rng: random.Random, mix: OrderMix, place: Marketplace, item: Json, traits: list[str]) -> None:
    if rng.random() < mix.gift_item:
        gift = {"giftMessage": "Alles Gute! 🎁 – from all of us", "giftWrapLevel": "STANDARD"}
        item["fulfillment"]["packing"] = {"giftOption": gift}
        traits.append("gift")
    if rng.random() < mix.promotion_item:
        item["promotion"] = {"breakdowns": [{"promotionId": f"{place.country}-SALE-{rng.randrange(100):02d}"}]}
        traits.append("promotion")
    if place.country == "JP" and rng.random() < mix.points:
        granted = {"pointsNumber": 20, "pointsMonetaryValue": place.money(20)}
        item["expense"] = {"pointsCost": {"pointsGranted": granted}}
        traits.append("points")
    if place.region == "eu" and rng.random() < mix.reporting_scheme:
        item["tax"] = {"taxCalculationBreakdowns": [{"reportingScheme": rng.choice(("UOSS", "IOSS"))}]}
        traits.append("reporting_scheme")


def _money(
    rng: random.Random,
    mix: OrderMix,
    place: Marketplace,
    item: Json,
    buying: Buying,
    traits: list[str],
    *,
    shipping: int,
) -> None:
    unit = item["product"]["price"]["unitPrice"]["amount"]
    goods = int(unit.replace(".", "")) * item["quantityOrdered"]
    amounts = {"ITEM": goods, "SHIPPING": shipping}
    if "packing" in item["fulfillment"]:
        amounts["GIFT_WRAP"] = place.minor(399)
    if "promotion" in item:
        amounts["DISCOUNT"] = -(goods // 10)
    tax: dict[str, int] = {}
    if place.adds_tax:
        bases = {**amounts, "ITEM": goods + amounts.get("DISCOUNT", 0)}
        tax = {kind: tax_on(base, buying.state) for kind, base in bases.items() if kind != "DISCOUNT"}
        traits += ["untaxed"] if not any(tax.values()) and "untaxed" not in traits else []
    item["proceeds"] = proceeds(amounts, tax, place)

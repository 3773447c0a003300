"""Whether what is submitted for a listing is right, as far as Amazon says at once (INVALID), and what it notices later. Pure."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from jsonschema.exceptions import ValidationError

from connectors.amazon.sandbox.definitions_schema import validator
from connectors.amazon.sandbox.definitions_types import ATTRIBUTES, TYPES
from connectors.amazon.sandbox.listing_attributes import Attributes, key_of
from connectors.amazon.sandbox.listing_issues import (
    MISSING,
    REMOVED,
    SEARCH_SUPPRESSED,
    SUPPRESSED,
    WARNING,
    Issue,
    missing,
    wrong,
)
from connectors.amazon.sandbox.marketplaces import MARKETPLACES
from connectors.amazon.sandbox.moments import read
from connectors.kit.sandbox.steering import Json

OFFERS, AVAILABILITY = "purchasable_offer", "fulfillment_availability"
OWN_CHANNEL = "DEFAULT"
_PRICES = ("our_price", "discounted_price", "minimum_seller_allowed_price", "maximum_seller_allowed_price")


def wrong_type(product_type: str) -> list[Issue]:
    return (
        []
        if product_type in TYPES
        else [wrong(f"The product type '{product_type[:60]}' is not valid.", "product_type")]
    )


def wrong_values(
    attributes: Mapping[str, Sequence[Json]], product_type: str, requirements: str, *, enforced: bool
) -> list[Issue]:
    """What the product type's schema and the marketplaces' rules say. enforced: what is required must be there."""
    checker = validator(product_type, requirements, enforced=enforced)
    # Each missing attribute is an error that names all of them.
    found = list(dict.fromkeys(issue for error in checker.iter_errors(dict(attributes)) for issue in _issues(error)))
    if not found:
        found += [issue for offer in attributes.get(OFFERS, ()) for issue in wrong_offer(offer)]
        found += _too_many(attributes)
        found += [issue for one in attributes.get(AVAILABILITY, ()) for issue in _wrong_channel(one)]
    return found


def wrong_offer(offer: Json) -> list[Issue]:
    """An offer is in its marketplace's currency, with as many digits as that has."""
    place = MARKETPLACES.get(offer.get("marketplace_id", ""))
    if place is None:
        return []
    if offer["currency"] != place.currency:
        return [
            wrong(f"The currency '{offer['currency']}' is not valid for {place.name}; it is {place.currency}.", OFFERS)
        ]
    if not _times_read(offer):
        return [wrong(f"'{OFFERS}.discounted_price': start_at and end_at are dates, ISO 8601.", OFFERS)]
    for name in _PRICES:
        for price in prices_of(offer, name):
            exponent = price.as_tuple().exponent
            if isinstance(exponent, int) and -exponent > place.digits:
                return [wrong(f"'{OFFERS}.{name}': at most {place.digits} decimals in {place.currency}.", OFFERS)]
    return []


def _times_read(offer: Json) -> bool:
    slots = [slot for block in offer.get("discounted_price") or [] for slot in block["schedule"]]
    try:
        return all(starts_ms(slot["start_at"]) <= ends_ms(slot["end_at"]) for slot in slots)
    except ValueError:
        return False


def starts_ms(text: str) -> int:
    """A day without a time begins at midnight, UTC. Raises ValueError."""
    return read(text if "T" in text else f"{text}T00:00:00Z")


def ends_ms(text: str) -> int:
    """A day without a time is meant to its end. Raises ValueError."""
    return read(text) if "T" in text else starts_ms(text) + 86_400_000


def prices_of(offer: Json, name: str = "our_price") -> list[Decimal]:
    """The prices of an offer's property, in the order of its schedules."""
    blocks = offer.get(name) or []
    return [Decimal(str(slot["value_with_tax"])) for block in blocks for slot in block.get("schedule", [])]


def later(
    attributes: Attributes, places: Mapping[str, Json], asin: str, suggested: str, known: Callable[[str], bool]
) -> list[Issue]:
    """What Amazon notices when a submission has been worked on. suggested: the ASIN its barcode leads to, or nothing; known: whether
    there is a page with an ASIN."""
    found: list[Issue] = []
    wished = _plain(attributes, "merchant_suggested_asin")
    if wished and not known(wished):
        found.append(
            Issue("8560", f"The ASIN {wished} does not match any page.", ("merchant_suggested_asin",), action=REMOVED)
        )
    if wished and suggested and wished != suggested:
        both = ("merchant_suggested_asin", "externally_assigned_product_identifier")
        found.append(
            Issue("8541", f"The barcode belongs to the ASIN {suggested}.", both, category="", action=SUPPRESSED)
        )
    for offer in attributes.get(OFFERS, []):
        price, least = prices_of(offer), prices_of(offer, "minimum_seller_allowed_price")
        if price and least and least[0] > price[0]:
            text = "The 'minimum price' is greater than the selling price for the listing."
            where = (str(offer["marketplace_id"]),)
            found.append(
                Issue("18155", text, (OFFERS,), category="INVALID_PRICE", marketplaces=where, action=SUPPRESSED)
            )
    if not known(asin) and "main_product_image_locator" not in attributes:
        text, image = "The listing has no main image.", ("main_product_image_locator",)
        found.append(Issue("18320", text, image, WARNING, MISSING, tuple(places), SEARCH_SUPPRESSED))
    return found


def _issues(error: ValidationError) -> list[Issue]:
    path = [str(part) for part in error.absolute_path]
    name = path[0] if path else ""
    field = ".".join(part for part in path if not part.isdigit())
    if error.validator == "required" and not path:
        return [missing(one) for one in error.validator_value if one not in error.instance]
    if error.validator == "additionalProperties" and not path:
        return [
            wrong("The attributes are invalid.", one)
            for one in sorted(set(error.instance) - set(error.schema["properties"]))
        ]
    if error.validator == "minItems":
        return [wrong(f"The attribute '{field}' does not have enough values.", name, code="99022")]
    return [wrong(f"'{field}': {error.message[:120]}", name)]


def _too_many(attributes: Mapping[str, Sequence[Json]]) -> list[Issue]:
    found = []
    for name, values in attributes.items():
        keys = [key_of(name, value) for value in values]
        if any(keys.count(key) > ATTRIBUTES[name].most for key in keys):
            found.append(wrong(f"The attribute '{name}' has too many values with the same selectors.", name))
    return found


def _wrong_channel(one: Json) -> list[Issue]:
    """How many Amazon holds is Amazon's count; a number for it is left out (the vendor's own example sends one)."""
    if one["fulfillment_channel_code"] == OWN_CHANNEL or "quantity" not in one:
        return []
    text = "'quantity' is not used for items that Amazon fulfils."
    return [Issue("90000901", text, (AVAILABILITY,), WARNING)]


def _plain(attributes: Mapping[str, Sequence[Json]], name: str) -> str:
    return str(attributes[name][0].get("value", "")) if attributes.get(name) else ""

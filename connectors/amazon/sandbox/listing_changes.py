"""What a change makes of a listing. Pure: a listing (or none) and a change in, the listing afterwards (or none) out."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from connectors.amazon.sandbox.definitions_types import LISTING
from connectors.amazon.sandbox.listing_attributes import Attributes, PatchError, patched, placed, touched
from connectors.amazon.sandbox.listing_rules import AVAILABILITY, OFFERS, OWN_CHANNEL, later, prices_of
from connectors.amazon.sandbox.listing_store import Change, Listing
from connectors.kit.sandbox.steering import Json


class Pages:
    """What the changes ask of the catalogue: which page a barcode has, whether there is a page."""

    def __init__(self, of_gtin: Callable[[str], str], known: Callable[[str], bool], made: Callable[[str], str]) -> None:
        self.of_gtin, self.known, self.made = of_gtin, known, made


def applied(held: Listing | None, change: Change, key: tuple[str, str], pages: Pages, now_ms: int) -> Listing | None:
    """key: (account, SKU), of a listing that may not be there yet."""
    if change.kind == "put":
        return _put(held or Listing(*key, asin=""), change, pages, now_ms)
    if held is None:
        return None
    if change.kind == "delete":
        return _deleted(held, change.places)
    if change.kind == "note":
        return replace(held, noted=[*held.noted, change.issue])
    attributes, _ = patched(held.attributes, change.patches, change.places)
    return _settled(replace(held, attributes=attributes), change, pages, now_ms)


def submitted(change: Change) -> Attributes:
    """The attributes of a PUT, each with its marketplace. Raises PatchError."""
    return {name: placed(name, values, change.places) for name, values in change.attributes.items()}


def names_of(change: Change) -> set[str]:
    """Attributes that a change writes."""
    return set(change.attributes) if change.kind == "put" else touched(change.patches)


def quantity_of(attributes: Attributes) -> int | None:
    """The seller's own number."""
    own = [one for one in attributes.get(AVAILABILITY, []) if one.get("fulfillment_channel_code") == OWN_CHANNEL]
    return own[0].get("quantity") if own else None


def offers_of(attributes: Attributes, places: Sequence[str]) -> dict[tuple[str, str], str]:
    """(marketplace, audience) -> price as written."""
    found = {}
    for offer in attributes.get(OFFERS, []):
        price = prices_of(offer)
        if offer.get("marketplace_id") in places and price:
            found[str(offer["marketplace_id"]), str(offer.get("audience", "ALL"))] = f"{price[0]:f}"
    return found


def _put(held: Listing, change: Change, pages: Pages, now_ms: int) -> Listing:
    """Everything the listing had in these marketplaces is replaced."""
    try:
        given = submitted(change)
    except PatchError:
        return held
    kept = _without(held.attributes, change.places)
    attributes = {name: [*kept.get(name, []), *given.get(name, [])] for name in [*kept, *given]}
    return _settled(replace(held, attributes=attributes), change, pages, now_ms)


def _without(attributes: Attributes, places: Sequence[str]) -> Attributes:
    """What attributes hold of other marketplaces. What has no marketplace is every one's, so a PUT replaces it too."""
    kept = {
        name: [one for one in values if one.get("marketplace_id", places[0]) not in places]
        for name, values in attributes.items()
    }
    return {name: values for name, values in kept.items() if values}


def _deleted(held: Listing, places: Sequence[str]) -> Listing | None:
    left = {place: one for place, one in held.places.items() if place not in places}
    shared = {
        name: values for name, values in held.attributes.items() if not any("marketplace_id" in one for one in values)
    }
    kept = {**_without(held.attributes, places), **shared}
    return replace(held, places=left, attributes=kept) if left else None


def _settled(held: Listing, change: Change, pages: Pages, now_ms: int) -> Listing:
    """Places, page and Amazon's issues as they follow."""
    places = dict(held.places)
    for place in change.places:
        if place not in places and change.kind != "put":
            continue
        before: Json = places.get(
            place, {"created": now_ms, "product_type": change.product_type, "requirements": LISTING}
        )
        fresh = (
            {"product_type": change.product_type, "requirements": change.requirements} if change.kind == "put" else {}
        )
        places[place] = {**before, **fresh, "updated": now_ms}
    attributes = _own_numbers_only(held.attributes)
    gtin = _gtin(attributes) or held.gtin
    wished = next((str(one.get("value")) for one in attributes.get("merchant_suggested_asin", [])), "")
    suggested = pages.of_gtin(gtin) if gtin else ""
    asin = wished or held.asin or suggested or pages.made(held.sku)
    issues = [one.as_json() for one in later(attributes, places, asin, suggested, pages.known)]
    return replace(held, asin=asin, gtin=gtin, attributes=attributes, places=places, issues=issues)


def _own_numbers_only(attributes: Attributes) -> Attributes:
    """How many Amazon holds is Amazon's count."""
    values = [
        one
        if one.get("fulfillment_channel_code") == OWN_CHANNEL
        else {name: value for name, value in one.items() if name != "quantity"}
        for one in attributes.get(AVAILABILITY, [])
    ]
    return {**attributes, AVAILABILITY: values} if values else attributes


def _gtin(attributes: Attributes) -> str:
    """14 digits."""
    values = attributes.get("externally_assigned_product_identifier", [])
    return next((str(one["value"]).zfill(14) for one in values if one.get("type") != "isbn"), "")

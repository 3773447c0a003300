"""The writes of one product, in every marketplace of its account.

- Where it is listed, one PATCH speaks of all of them: `replace` takes away what an attribute holds of a marketplace that the call names and the value
  does not, so values of one alone would take away those of the others.
- Where it is not, a PUT for each; Amazon takes one at a time.

What one marketplace does not take keeps none of the others: a PATCH that is INVALID is sent again for each alone, and nothing is sent to one where
something was found wrong before (`Made.refused`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.amazon.client import AmazonClient
from connectors.amazon.listing_draft import CONDITION
from connectors.amazon.listing_items import REFUSED, Shown, patch_listing, put_listing
from connectors.amazon.listing_maker import Made
from connectors.amazon.listing_standing import country
from connectors.kit.errors import DataError
from connectors.kit.rate import Priority
from schemas.records import ListingProblem

Refusals = Mapping[str, DataError]
_LONGEST = 400


async def write(client: AmazonClient, sku: str, shown: Shown | None, made: Made, taken: Callable[[], None]) -> Refusals:
    """Marketplace -> why it did not take it. `taken` is called whenever Amazon took something. Raises the other ConnectorErrors."""
    refusals: dict[str, DataError] = dict(made.refused)
    places = [place for place in client.account.marketplaces if place not in refusals]
    there = [place for place in places if shown is not None and place in shown.marketplaces]
    if shown is not None and there:
        refusals |= await _update(client, shown, made, there, taken)
    for place in (one for one in places if one not in there):
        attributes = {**made.draft.attributes(place, made.urls), **made.offers[place]}
        try:
            await put_listing(client, sku, place, made.draft.product_type, made.draft.requirements, attributes)
            taken()
        except DataError as error:
            refusals[place] = error
    return refusals


async def _update(
    client: AmazonClient, shown: Shown, made: Made, places: Sequence[str], taken: Callable[[], None]
) -> dict[str, DataError]:
    try:
        await patch_listing(client, shown.sku, shown.product_type, patches(made, places), Priority.PRODUCTS, places)
    except DataError as error:
        if error.code != REFUSED or len(places) == 1:
            return dict.fromkeys(places, error)
    else:
        taken()
        return {}
    found: dict[str, DataError] = {}
    for place in places:
        found |= await _update(client, shown, made, [place], taken)
    return found


def patches(made: Made, places: Sequence[str]) -> list[dict[str, Any]]:
    """What makes a listing say what the draft does, in these marketplaces."""
    values: dict[str, list[Any]] = {}
    for place in places:
        for name, value in made.draft.attributes(place, made.urls).items():
            values.setdefault(name, []).extend(value)
    return [
        {"op": "replace", "path": f"/attributes/{name}", "value": value}
        for name, value in values.items()
        if name != CONDITION
    ]


def told(refusals: Refusals, several: bool) -> DataError:
    """All of them in one. several: whether the account has several marketplaces, so that it has to be said which."""
    parts: dict[str, list[str]] = {}
    for place, error in refusals.items():
        parts.setdefault(str(error), []).append(country(place))
    texts = [f"{', '.join(names)}: {text}" if several else text for text, names in parts.items()]
    first = next(iter(refusals.values()))
    return DataError("; ".join(texts), code=first.code)


def problems(refusals: Refusals, several: bool) -> list[ListingProblem]:
    """The same for a listing's event."""
    return [
        ListingProblem(
            code=error.code or REFUSED,
            field="",
            detail=(f"{country(place)}: " if several else "") + str(error)[:_LONGEST],
        )
        for place, error in refusals.items()
    ]

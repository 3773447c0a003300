"""Where an item's publication stands, as the canonical listing that says so (PRD-4). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from connectors.kit import exact_json
from connectors.kit.feed_results import ItemError
from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader, millis_of
from connectors.kit.words import plain_words
from connectors.walmart.catalogue import to_listing
from schemas.records import Listing, ListingProblem

_MOST_PROBLEMS = 20


class Status(StrEnum):
    """The canonical words for a listing's status."""

    DRAFT = "draft"
    PROCESSING = "processing"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    RETIRED = "retired"
    FAILED = "failed"


UNDECIDED = frozenset({Status.DRAFT, Status.PROCESSING})


def problems_of(found: Sequence[ItemError]) -> list[ListingProblem]:
    """A feed's item errors as problems of the listing."""
    return [ListingProblem(code=one.code, field=one.field, detail=one.words) for one in found[:_MOST_PROBLEMS]]


def why_not(event: Canonical) -> str:
    """Why it is not sold, in Walmart's words, bounded."""
    return "; ".join(plain_words(problem["detail"]) for problem in event.body["problems"])[:400]


def listing_in(account: str, item: Reader, now: datetime) -> Canonical:
    """The listing an item says, as of now. Raises DataError for an item that cannot be read."""
    (found,) = to_listing(exact_json.dumps(item.value), account)
    version = millis_of(now)
    return replace(found, version=version, body={**found.body, "version": version})


def listing(
    account: str, sku: str, now: datetime, status: Status, problems: Sequence[ListingProblem] = ()
) -> Canonical:  # fmt: skip
    """What is known of a listing that Walmart does not show: its status."""
    version, key = millis_of(now), f"walmart:{account}:item:{sku}"
    body = Listing(
        key=key, source="walmart", account=account, sku=sku, version=version, item_id="", barcode="", title="", description="",
        brand="", product_type="", category="", price=None, status=status.value, source_status="", problems=list(problems),
        attributes={}, image_url="", variant_group="",
    )  # fmt: skip
    return Canonical("listing", key, version, body)

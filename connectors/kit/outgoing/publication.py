"""Where a listing's publication stands, as the canonical listing that says so (PRD-4). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from connectors.kit.feed_results import ItemError
from connectors.kit.ports import Canonical
from connectors.kit.reading import millis_of
from connectors.kit.words import plain_words
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
    """Why it is not sold, in the marketplace's words, bounded."""
    return "; ".join(plain_words(problem["detail"]) for problem in event.body["problems"])[:400]


def as_of(found: Canonical, now: datetime) -> Canonical:
    """A listing as it was read then."""
    version = millis_of(now)
    return replace(found, version=version, body={**found.body, "version": version})


def listing(
    source: str, account: str, sku: str, now: datetime, status: Status, problems: Sequence[ListingProblem] = ()
) -> Canonical:  # fmt: skip
    """What is known of a listing that is not shown: its status. source: the marketplace."""
    version, key = millis_of(now), f"{source}:{account}:item:{sku}"
    body = Listing(
        key=key, source=source, account=account, sku=sku, version=version, item_id="", barcode="", title="", description="",
        brand="", product_type="", category="", price=None, status=status.value, source_status="", problems=list(problems),
        attributes={}, image_url="", variant_group="",
    )  # fmt: skip
    return Canonical("listing", key, version, body)

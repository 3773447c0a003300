"""Where a listing stands in each marketplace of its account, and what that comes to (PRD-4). Pure. (Source: model listingsItems_2021-08-01.)

Amazon tells status and issues for each marketplace; our listing is one. It is published where it is so in every marketplace that has it, so that
what is wrong in one of them is seen. An issue that names no marketplace is about all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.amazon.marketplaces import BY_ID
from connectors.kit.outgoing.publication import Status
from connectors.kit.reading import Reader

ERROR = "ERROR"
BUYABLE, DISCOVERABLE = "BUYABLE", "DISCOVERABLE"
# The worst of several is what a listing comes to.
_WORST_FIRST = (Status.FAILED, Status.UNPUBLISHED, Status.PROCESSING, Status.PUBLISHED)


def standings(item: Reader, wanted: Sequence[str] = ()) -> dict[str, Status]:
    """Marketplace id -> where it stands there, for those that have it and those `wanted`. Raises DataError."""
    issues = item.objects("issues")
    here = {one.needed_text("marketplaceId"): one.texts("status") for one in summaries_of(item)}
    places = [*here, *(place for place in wanted if place not in here)]
    return {
        # While some have it, only what names another tells about that one.
        place: standing(
            here.get(place), [one for one in issues if is_about(one, place, bool(here) and place not in here)]
        )
        for place in places
    }


def summaries_of(item: Reader) -> list[Reader]:
    """What marketplaces say of a listing. Raises DataError, also for null in its place, which is damage: Amazon leaves out what it does not
    tell."""
    if isinstance(item.value, dict) and item.value.get("summaries", ()) is None:
        raise item["summaries"].wrong("a list")
    return item.objects("summaries")


def standing(statuses: Sequence[str] | None, issues: Sequence[Reader]) -> Status:
    """What can be bought is published; so is what is shown and only sold out. What an error keeps from sale is not; what Amazon has no page for is
    being worked on, or failed. statuses: None where the marketplace does not have it."""
    has_error = any(issue.text("severity").upper() == ERROR for issue in issues)
    if statuses is None:
        return Status.FAILED if has_error else Status.PROCESSING
    if BUYABLE in statuses:
        return Status.PUBLISHED
    return Status.PUBLISHED if DISCOVERABLE in statuses and not has_error else Status.UNPUBLISHED


def worst(found: Mapping[str, Status]) -> Status:
    """What a listing that stands so comes to."""
    return next((status for status in _WORST_FIRST if status in found.values()), Status.PROCESSING)


def is_about(issue: Reader, place: str, by_name: bool = False) -> bool:
    """Whether an issue is about a marketplace. by_name: only when it names it."""
    named = issue.texts("marketplaceIds")
    return place in named if named else not by_name


def words(item: Reader, wanted: Sequence[str] = ()) -> str:
    """Amazon's own: its statuses, of several marketplaces that differ each with its country."""
    found = {one.needed_text("marketplaceId"): ",".join(sorted(one.texts("status"))) for one in summaries_of(item)}
    found |= {place: "" for place in wanted if place not in found}
    if len(set(found.values())) <= 1:
        return next(iter(found.values()), "")
    return "; ".join(sorted(f"{country(place)} {word or 'none'}" for place, word in found.items()))


def countries(issue: Reader) -> str:
    """Those an issue names, "" for all."""
    return ", ".join(country(place) for place in issue.texts("marketplaceIds"))


def country(place: str) -> str:
    """Of a marketplace, its id where that is not known."""
    return BY_ID[place].country if place in BY_ID else place

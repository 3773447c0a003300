"""The parameters of searchListingsItems, which listings they choose, and the tokens of its pages. Pure but for the seal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from connectors.amazon.sandbox import moments
from connectors.amazon.sandbox.errors import invalid
from connectors.amazon.sandbox.gate import listed, only, whole
from connectors.amazon.sandbox.listing_store import Listing
from connectors.amazon.sandbox.listing_views import BLOCKS, BUYABLE, DISCOVERABLE
from connectors.kit.sandbox.seals import Seal

ID_TYPES = ("ASIN", "EAN", "FNSKU", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC")
SORTS = ("sku", "createdDate", "lastUpdatedDate")
STATUSES = (BUYABLE, DISCOVERABLE)
# The model: so many can be paged through, whatever the number of results.
MOST = 1000
_TIMES = ("createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore")
_LISTS = ("includedData", "identifiers", "withIssueSeverity", "withStatus", "withoutStatus")
_TEXTS = (
    "identifiersType",
    "variationParentSku",
    "packageHierarchySku",
    "sortBy",
    "sortOrder",
    "pageSize",
    "pageToken",
    "issueLocale",
)
_KNOWN = {"marketplaceIds", *_TIMES, *_LISTS, *_TEXTS}


@dataclass(frozen=True)
class Search:
    """Times: epoch milliseconds. offset: listings given on earlier pages."""

    places: tuple[str, ...]
    included: tuple[str, ...] = ("summaries",)
    id_type: str = ""
    ids: tuple[str, ...] = ()
    parent: str = ""
    times: tuple[int | None, ...] = (None, None, None, None)
    severities: tuple[str, ...] = ()
    with_status: tuple[str, ...] = ()
    without_status: tuple[str, ...] = ()
    sort_by: str = "lastUpdatedDate"
    descending: bool = True
    size: int = 10
    offset: int = 0


def included(
    params: Mapping[str, str], blocks: Sequence[str] = BLOCKS, default: tuple[str, ...] = ("summaries",)
) -> tuple[str, ...]:
    return listed(params, "includedData", len(blocks), dict.fromkeys(blocks)) or default


def parse(params: Mapping[str, str], places: tuple[str, ...]) -> Search:
    """Raises ApiError 400."""
    only(params, _KNOWN)
    ids, id_type = listed(params, "identifiers", 20), params.get("identifiersType", "")
    if bool(ids) != bool(id_type) or (id_type and id_type not in ID_TYPES):
        raise invalid("identifiers and identifiersType belong together.")
    if ids and ("variationParentSku" in params or "packageHierarchySku" in params):
        raise invalid("identifiers cannot be used with variationParentSku or packageHierarchySku.")
    sort_by, order = params.get("sortBy", "lastUpdatedDate"), params.get("sortOrder", "DESC")
    if sort_by not in SORTS or order not in ("ASC", "DESC"):
        raise invalid("sortBy, sortOrder: not among those there are.")
    return Search(
        places=places,
        included=included(params),
        id_type=id_type,
        ids=ids,
        parent=params.get("variationParentSku", ""),
        times=tuple(_moment(params, name) for name in _TIMES),
        severities=listed(params, "withIssueSeverity", 2, dict.fromkeys(("WARNING", "ERROR"))),
        with_status=listed(params, "withStatus", 2, dict.fromkeys(STATUSES)),
        without_status=listed(params, "withoutStatus", 2, dict.fromkeys(STATUSES)),
        sort_by=sort_by,
        descending=order == "DESC",
        size=whole(params, "pageSize", 1, 20, 10),
    )


def chosen(
    listings: Sequence[Listing],
    search: Search,
    statuses: Callable[[Listing, str], Sequence[str]],
    fn_sku: Callable[[Listing], str],
) -> list[Listing]:
    """Those that fit, in the order asked for. statuses: of a listing in a marketplace."""
    found = [one for one in listings if _fits(one, search, statuses, fn_sku)]
    return sorted(found, key=lambda one: (_sorted_by(one, search), one.sku), reverse=search.descending)


def page_token(seal: Seal, search: Search, offset: int) -> str:
    return seal.closed([{**asdict(search), "offset": 0}, offset])


def followed(seal: Seal, search: Search, token: str) -> Search:
    """The search at a token's place; the token is good for this search only. Raises ApiError."""
    try:
        before, offset = seal.opened(token)
    except ValueError as error:
        raise invalid("pageToken is not valid.") from error
    if before != _plain(search):
        raise invalid("pageToken belongs to another search.")
    return Search(**{**asdict(search), "offset": offset})


def _plain(search: Search) -> dict[str, Any]:
    """As it comes back out of a token: lists in place of tuples."""
    fields = {**asdict(search), "offset": 0}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def _fits(
    one: Listing, search: Search, statuses: Callable[[Listing, str], Sequence[str]], fn_sku: Callable[[Listing], str]
) -> bool:
    here = [place for place in search.places if place in one.places]
    if not here or (search.ids and not _identified(one, search, fn_sku)):
        return False
    if search.parent and search.parent not in _parents(one):
        return False
    severities = {issue["severity"] for issue in one.all_issues}
    if search.severities and not severities & set(search.severities):
        return False
    if search.with_status or search.without_status:
        has = {status for place in here for status in statuses(one, place)}
        if not set(search.with_status) <= has or set(search.without_status) & has:
            return False
    return _in_time(one, search)


def _identified(one: Listing, search: Search, fn_sku: Callable[[Listing], str]) -> bool:
    if search.id_type == "SKU":
        return one.sku in search.ids
    if search.id_type == "ASIN":
        return one.asin in search.ids
    if search.id_type == "FNSKU":
        return fn_sku(one) in search.ids
    return bool(one.gtin) and one.gtin in {text.zfill(14) for text in search.ids}


def _parents(one: Listing) -> list[str]:
    return [str(value.get("parent_sku")) for value in one.attributes.get("child_parent_sku_relationship", [])]


def _in_time(one: Listing, search: Search) -> bool:
    after, before, updated_after, updated_before = search.times
    created, updated = _moment_of(one, search, "created"), _moment_of(one, search, "updated")
    return (
        (after is None or created >= after)
        and (before is None or created <= before)
        and (updated_after is None or updated >= updated_after)
        and (updated_before is None or updated <= updated_before)
    )


def _moment_of(one: Listing, search: Search, name: str) -> int:
    return max(int(one.places[place][name]) for place in search.places if place in one.places)


def _sorted_by(one: Listing, search: Search) -> Any:
    if search.sort_by == "sku":
        return one.sku
    return _moment_of(one, search, "created" if search.sort_by == "createdDate" else "updated")


def _moment(params: Mapping[str, str], name: str) -> int | None:
    if name not in params:
        return None
    try:
        return moments.read(params[name])
    except ValueError as error:
        raise invalid(f"{name}: ISO 8601 with its zone is expected.") from error

"""The order list's parameters and its pagination token (amazon.md sections 5 and 6).

Pages follow each other by time and id, so an order that changes between two pages of an update window leaves the window
and is met in the next one. The token holds the window of the first page and is good for 24 hours; the other parameters
have to be repeated as they were."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from connectors.amazon.sandbox import moments
from connectors.amazon.sandbox.blocks import DATA_SETS
from connectors.amazon.sandbox.errors import invalid
from connectors.amazon.sandbox.gate import listed, only, whole
from connectors.kit.sandbox.seals import Seal

STATUSES = (
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
)
FULFILLED_BY = ("MERCHANT", "AMAZON")
MAX_PAGE = 100
_TIMES = ("createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore")
_NAMES = {*_TIMES, "marketplaceIds", "fulfillmentStatuses", "fulfilledBy", "maxResultsPerPage", "includedData"}


@dataclass(frozen=True)
class Search:
    """after, before: epoch milliseconds, both included; position: (time, order id) of the last order given."""

    column: Literal["created", "updated"]
    after: int
    before: int
    marketplaces: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    fulfilled_by: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    limit: int = MAX_PAGE
    position: tuple[int, str] | None = None

    @property
    def before_name(self) -> str:
        return "createdBefore" if self.column == "created" else "lastUpdatedBefore"


@dataclass(frozen=True)
class Rules:
    """horizon_ms: the youngest moment a list reaches; marketplaces: of the seller."""

    now_ms: int
    horizon_ms: int
    marketplaces: tuple[str, ...]


def parse(params: Mapping[str, str], rules: Rules) -> Search:
    """The search of a call's parameters, the token left aside. Raises ApiError 400 naming what is wrong."""
    only(params, {*_NAMES, "paginationToken"})
    column, after, before = _window(params, rules)
    return Search(
        column=column,
        after=after,
        before=before,
        marketplaces=listed(params, "marketplaceIds", 50, dict.fromkeys(rules.marketplaces)),
        statuses=listed(params, "fulfillmentStatuses", len(STATUSES), dict.fromkeys(STATUSES)),
        fulfilled_by=listed(params, "fulfilledBy", len(FULFILLED_BY), dict.fromkeys(FULFILLED_BY)),
        included=included_data(params),
        limit=whole(params, "maxResultsPerPage", 1, MAX_PAGE, MAX_PAGE),
    )


def included_data(params: Mapping[str, str]) -> tuple[str, ...]:
    return listed(params, "includedData", len(DATA_SETS), dict.fromkeys(DATA_SETS))


def _window(params: Mapping[str, str], rules: Rules) -> tuple[Literal["created", "updated"], int, int]:
    given = {name: _moment(params, name) for name in _TIMES if name in params}
    created, updated = "createdAfter" in given, "lastUpdatedAfter" in given
    if created == updated:
        raise invalid("Exactly one of createdAfter and lastUpdatedAfter is required.")
    first, last = ("createdAfter", "createdBefore") if created else ("lastUpdatedAfter", "lastUpdatedBefore")
    if foreign := sorted(given.keys() - {first, last}):
        raise invalid(f"{', '.join(foreign)} cannot be combined with {first}.")
    if given[first] > rules.now_ms:
        raise invalid(f"{first} lies in the future.")
    before = given.get(last, rules.horizon_ms)
    if before > rules.horizon_ms:
        raise invalid(f"{last} has to be at least two minutes before the request.")
    if last in given and before < given[first]:
        raise invalid(f"{last} lies before {first}.")
    return ("created" if created else "updated"), given[first], before


def _moment(params: Mapping[str, str], name: str) -> int:
    try:
        return moments.read(params[name])
    except ValueError as error:
        raise invalid(f"{name}: ISO 8601 with its zone is expected.") from error


class PageTokens:
    """Opaque, signed and good for a while."""

    def __init__(self, seed: int, seconds: float) -> None:
        self._seal = Seal("pages", seed)
        self._seconds = seconds

    def made(self, search: Search, position: tuple[int, str], now: float) -> str:
        return self._seal.closed([_fingerprint(search), search.before, *position, int(now + self._seconds)])

    def followed(self, search: Search, token: str, now: float) -> Search:
        """The search from where the token says on. Raises ApiError 400 for a wrong or old one, or another search's."""
        try:
            fingerprint, before, at, order_id, expires = self._seal.opened(token)
        except ValueError as error:
            raise invalid("paginationToken is not valid.") from error
        if expires <= now:
            raise invalid("paginationToken has expired.")
        if fingerprint != _fingerprint(search):
            raise invalid("paginationToken belongs to a search with other parameters.")
        return replace(search, before=before, position=(at, order_id))


def _fingerprint(search: Search) -> str:
    """What a token is bound to: window and filters, neither the data sets nor the size of a page."""
    parts = (search.column, search.after, search.marketplaces, search.statuses, search.fulfilled_by)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

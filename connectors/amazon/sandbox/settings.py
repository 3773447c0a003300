"""How a sandbox behaves: sellers, lifetimes, limits. Read once at start; nothing here comes from the environment."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.amazon.sandbox.marketplaces import BY_COUNTRY, MARKETPLACES, REGIONS
from connectors.amazon.sandbox.operations import OPERATIONS, ROLES
from connectors.kit.sandbox.buckets import Limit


@dataclass(frozen=True)
class Seller:
    """A selling partner in one region, and the application it has let in. Several may share one application.

    roles: what the application may do there; authorised: False after the seller has withdrawn the permission."""

    seller_id: str
    client_id: str
    client_secret: str
    refresh_token: str
    region: str = "na"
    marketplaces: tuple[str, ...] = (BY_COUNTRY["US"].id,)
    roles: tuple[str, ...] = ROLES
    authorised: bool = True
    store_name: str = "Example Store"


CLIENT_ID, CLIENT_SECRET = "amzn1.application-oa2-client.sandbox", "amzn1.oa2-cs.v1.sandbox"
# Sellers of the demo and of tests: one in each region, all having let in the same application.
DEMO_SELLER = Seller(
    "A1SANDBOXNA01",
    CLIENT_ID,
    CLIENT_SECRET,
    "Atzr|sandbox-na",
    marketplaces=(BY_COUNTRY["US"].id, BY_COUNTRY["CA"].id, BY_COUNTRY["MX"].id),
)
EU_SELLER = Seller(
    "A1SANDBOXEU01",
    CLIENT_ID,
    CLIENT_SECRET,
    "Atzr|sandbox-eu",
    "eu",
    tuple(BY_COUNTRY[country].id for country in ("UK", "DE", "FR", "IT", "ES")),
)
FE_SELLER = Seller("A1SANDBOXFE01", CLIENT_ID, CLIENT_SECRET, "Atzr|sandbox-fe", "fe", (BY_COUNTRY["JP"].id,))


@dataclass(frozen=True)
class SandboxSettings:
    """token_seconds: life of an access token
    rate_factor: every limit times this, rate and burst; above 1 for demos and tests that may not wait for hours
    limits: limits of single operations in place of the published ones; not touched by rate_factor
    data_dir: where orders are kept; None = memory only
    horizon_seconds: changes younger than this are in no list
    page_token_seconds: life of a pagination token
    link_seconds: life of a document's address
    feed_seconds, report_seconds: from..to, how long a feed takes, a report
    listing_seconds: from..to, how long a change of a listing takes to take effect
    zipped_documents: which results and reports are handed out as gzip: always, never, or mixed (drawn from `seed`)
    tick_seconds: how often what is due happens without any call (notifications want it); 0 = only with calls
    sqs_endpoint: where queues are (moto's server); empty = Amazon's own
    sqs_region: of the queues' clients where the queue's ARN names none
    """

    sellers: tuple[Seller, ...] = (DEMO_SELLER, EU_SELLER, FE_SELLER)
    token_seconds: int = 3600
    rate_factor: float = 1.0
    limits: Mapping[str, Limit] = field(default_factory=dict)
    seed: int = 0
    data_dir: Path | None = None
    horizon_seconds: float = 120.0
    page_token_seconds: float = 86_400.0
    link_seconds: float = 300.0
    feed_seconds: tuple[float, float] = (0.5, 2.0)
    report_seconds: tuple[float, float] = (0.5, 2.0)
    listing_seconds: tuple[float, float] = (0.5, 2.0)
    zipped_documents: str = "mixed"
    tick_seconds: float = 1.0
    sqs_endpoint: str = ""
    sqs_region: str = "us-east-1"

    def __post_init__(self) -> None:
        problems = [*_sellers_wrong(self.sellers)]
        if unknown := sorted(self.limits.keys() - OPERATIONS.keys()):
            problems.append(f"limits: unknown {', '.join(unknown)}")
        if self.token_seconds < 1 or not 0 < self.rate_factor <= 1_000_000:
            problems.append("token_seconds: at least 1; rate_factor: above 0")
        spans = (self.feed_seconds, self.report_seconds, self.listing_seconds)
        if any(not 0 <= low <= high for low, high in spans):
            problems.append("feed_seconds, report_seconds, listing_seconds: from..to, not negative")
        if min(self.horizon_seconds, self.page_token_seconds, self.link_seconds) < 0:
            problems.append("horizon_seconds, page_token_seconds, link_seconds: not negative")
        if self.zipped_documents not in ("always", "never", "mixed") or self.tick_seconds < 0:
            problems.append("zipped_documents: always, never or mixed; tick_seconds: not negative")
        if problems:
            raise ValueError("sandbox settings: " + "; ".join(problems))

    def zips(self, document_id: str) -> bool:
        """Whether a document is handed out as gzip."""
        if self.zipped_documents == "mixed":
            return random.Random(f"{self.seed}:zip:{document_id}").random() < 0.5
        return self.zipped_documents == "always"

    def limit_of(self, operation: str) -> Limit:
        if operation in self.limits:
            return self.limits[operation]
        published = OPERATIONS[operation].limit
        calls = max(1, round(published.calls * self.rate_factor))
        return Limit(calls, calls / (published.rate * self.rate_factor))


def _sellers_wrong(sellers: tuple[Seller, ...]) -> list[str]:
    problems = []
    ids, grants = {one.seller_id for one in sellers}, {(one.client_id, one.refresh_token) for one in sellers}
    if not sellers or len(ids) != len(sellers) or len(grants) != len(sellers):
        problems.append("sellers: at least one, each with its own seller id and refresh token")
    if len({(one.client_id, one.client_secret) for one in sellers}) != len({one.client_id for one in sellers}):
        problems.append("sellers: an application has one secret")
    for one in sellers:
        regions = {MARKETPLACES[name].region for name in one.marketplaces if name in MARKETPLACES}
        if one.region not in REGIONS or regions != {one.region} or not set(one.marketplaces) <= MARKETPLACES.keys():
            problems.append(f"seller {one.seller_id}: marketplaces (by id) of its region ({', '.join(REGIONS)}) wanted")
        if not set(one.roles) <= set(ROLES):
            problems.append(f"seller {one.seller_id}: roles are {', '.join(ROLES)}")
    return problems

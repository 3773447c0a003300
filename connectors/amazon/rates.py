"""How often we may call Amazon (RATE-1): a bucket for each operation of a selling partner, as the published models state them.

Names are Amazon's operationIds. The model's rate is the default for everyone; `x-amzn-RateLimit-Limit` in each answer tells the rate that
holds for this selling partner and application, and from then on that counts. Its burst is never told, so ours stays the published one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import Field, field_validator

from connectors.kit.rate import Plan, Quota
from connectors.kit.settings import Part

LIMIT_HEADER = "x-amzn-ratelimit-limit"
_FASTEST_PER_SECOND = 1000.0

# Operation -> (calls a second, burst). Source: the usage plan in each model's description.
PUBLISHED: Mapping[str, tuple[float, float]] = {
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "confirmShipment": (2, 10),
    "createRestrictedDataToken": (1, 10),
    "getListingsItem": (5, 10),
    "putListingsItem": (5, 10),
    "patchListingsItem": (5, 5),
    "deleteListingsItem": (5, 5),
    "searchListingsItems": (5, 5),
    "searchDefinitionsProductTypes": (5, 10),
    "getDefinitionsProductType": (5, 10),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "getFeed": (2, 15),
    "cancelFeed": (2, 15),
    "getFeeds": (0.0222, 10),
    "getFeedDocument": (0.0222, 10),
    "createReport": (0.0167, 15),
    "getReport": (2, 15),
    "getReports": (0.0222, 10),
    "cancelReport": (0.0222, 10),
    "getReportDocument": (0.0167, 15),
    "getInventorySummaries": (2, 2),
    "searchCatalogItems": (2, 2),
    "getCatalogItem": (2, 2),
    "getMarketplaceParticipations": (0.016, 15),
    "getSubscription": (1, 5),
    "getSubscriptions": (1, 5),
    "createSubscription": (1, 5),
    "deleteSubscriptionById": (1, 5),
    "getDestinations": (1, 5),
    "getDestination": (1, 5),
    "createDestination": (1, 5),
    "deleteDestination": (1, 5),
    # Login with Amazon publishes none.
    "token": (1, 10),
    # Listings feeds have a limit of their own on top of createFeed's: 5 in 5 minutes in a region.
    "JSON_LISTINGS_FEED": (5 / 300, 5),
}
# A feed of listings: draws from both, and Amazon's answer tells of createFeed.
CREATE_LISTINGS_FEED = "createListingsFeed"
DRAWS: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in PUBLISHED if name != "JSON_LISTINGS_FEED"},
    CREATE_LISTINGS_FEED: ("JSON_LISTINGS_FEED", "createFeed"),
}


class AmazonRates(Part):
    """Quotas that differ from the published ones; what a live answer says of a rate counts more."""

    per_second: dict[str, float] = Field(default_factory=dict, description="calls a second of an operation")
    burst: dict[str, float] = Field(default_factory=dict, description="calls at once of an operation")
    factor: float = Field(1, gt=0, le=100_000, description="every other rate and burst times this")

    @field_validator("per_second", "burst")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(value) - set(PUBLISHED)):
            raise ValueError(f"no operations: {', '.join(unknown)[:200]}; there are {', '.join(PUBLISHED)}")
        if any(not 0 < number < math.inf for number in value.values()):
            raise ValueError("numbers above 0 are needed")
        return value

    def plan(self) -> Plan:
        """The quotas of one selling partner and which call draws from which."""
        quotas = {}
        for name, (rate, burst) in PUBLISHED.items():
            per_second = self.per_second.get(name, rate * self.factor)
            quotas[name] = Quota(per_second, 1.0, max(1.0, self.burst.get(name, burst * self.factor)))
        return Plan(quotas, DRAWS)


def told_rate(headers: Mapping[str, str]) -> float | None:
    """Calls a second that an answer states for its operation; None when it states none that can be."""
    try:
        rate = float(headers.get(LIMIT_HEADER, ""))
    except ValueError:
        return None
    return rate if 0 < rate <= _FASTEST_PER_SECOND else None

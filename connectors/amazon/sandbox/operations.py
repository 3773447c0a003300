"""What may be called how often, and which role it needs (amazon.md section 4; rates are the models' own)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connectors.kit.sandbox.buckets import Limit

# Roles of an application, named after Amazon's own.
ORDERS = "inventory_and_order_tracking"
LISTINGS = "product_listing"
PRICING = "pricing"
FINANCE = "finance_and_accounting"
FBA = "amazon_fulfillment"
INSIGHTS = "selling_partner_insights"
DELIVERY = "direct_to_consumer_delivery"  # restricted: who the buyer is and where they live
TAX = "tax_invoicing"  # restricted: the buyer's tax numbers
ROLES = (ORDERS, LISTINGS, PRICING, FINANCE, FBA, INSIGHTS, DELIVERY, TAX)
NOTIFICATIONS_SCOPE = "sellingpartnerapi::notifications"


@dataclass(frozen=True)
class Operation:
    """rate: calls a second; burst: at once; roles: any of them lets the call pass, none is for everyone; scope: of the
    grantless token it wants in place of a seller's."""

    rate: float
    burst: int
    roles: tuple[str, ...] = ()
    scope: str = ""

    @property
    def limit(self) -> Limit:
        return Limit(self.burst, self.burst / self.rate)


_FEEDERS = (ORDERS, LISTINGS, PRICING, FBA)
_REPORTERS = (ORDERS, LISTINGS, PRICING, FINANCE, FBA)
# Types of reports that want a certain one of these (docs: report-type-values-settlement).
REPORT_ROLES: Mapping[str, str] = {"GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2": FINANCE}
OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "searchOrders": Operation(0.0056, 20, (ORDERS,)),
        "getOrder": Operation(0.5, 30, (ORDERS,)),
        "confirmShipment": Operation(2, 10, (ORDERS,)),
        "createRestrictedDataToken": Operation(1, 10, (DELIVERY, TAX)),
        "getListingsItem": Operation(5, 10, (LISTINGS,)),
        "putListingsItem": Operation(5, 10, (LISTINGS,)),
        "patchListingsItem": Operation(5, 5, (LISTINGS,)),
        "deleteListingsItem": Operation(5, 5, (LISTINGS,)),
        "searchListingsItems": Operation(5, 5, (LISTINGS,)),
        "searchDefinitionsProductTypes": Operation(5, 10, (LISTINGS,)),
        "getDefinitionsProductType": Operation(5, 10, (LISTINGS,)),
        "createFeedDocument": Operation(0.5, 15, _FEEDERS),
        "createFeed": Operation(0.0083, 15, _FEEDERS),
        # Besides the rate of createFeed: 5 in 5 minutes and region.
        "createFeed:JSON_LISTINGS_FEED": Operation(5 / 300, 5, _FEEDERS),
        "getFeed": Operation(2, 15, _FEEDERS),
        "cancelFeed": Operation(2, 15, _FEEDERS),
        "getFeeds": Operation(0.0222, 10, _FEEDERS),
        "getFeedDocument": Operation(0.0222, 10, _FEEDERS),
        "createReport": Operation(0.0167, 15, _REPORTERS),
        "getReport": Operation(2, 15, _REPORTERS),
        "getReportDocument": Operation(0.0167, 15, _REPORTERS),
        "getReports": Operation(0.0222, 10, _REPORTERS),
        "cancelReport": Operation(0.0222, 10, _REPORTERS),
        "getInventorySummaries": Operation(2, 2, (FBA, ORDERS, LISTINGS)),
        "searchCatalogItems": Operation(2, 2, (LISTINGS,)),
        "getCatalogItem": Operation(2, 2, (LISTINGS,)),
        "listTransactions": Operation(0.5, 10, (FINANCE,)),
        "getSubscription": Operation(1, 5),
        "getSubscriptions": Operation(1, 5),
        "createSubscription": Operation(1, 5),
        "getSubscriptionById": Operation(1, 5, (), NOTIFICATIONS_SCOPE),
        "deleteSubscriptionById": Operation(1, 5, (), NOTIFICATIONS_SCOPE),
        "getDestinations": Operation(1, 5, (), NOTIFICATIONS_SCOPE),
        "createDestination": Operation(1, 5, (), NOTIFICATIONS_SCOPE),
        "getDestination": Operation(1, 5, (), NOTIFICATIONS_SCOPE),
        "deleteDestination": Operation(1, 5, (), NOTIFICATIONS_SCOPE),
        "getMarketplaceParticipations": Operation(0.016, 15, (INSIGHTS, ORDERS, LISTINGS)),
        "getAccount": Operation(0.016, 15, (INSIGHTS,)),
    }
)

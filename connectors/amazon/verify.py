"""`causeway verify` for Amazon (AUTH-5): per account, call by call and role by role, what works. Changes nothing.

Only reads are made, one for each role, and the queue of notifications is looked at where there is one (`queue_verify`). A role that is missing, a
region that is wrong and an authorisation of another seller are all 403; the remedy names them in the order of likelihood. What a role may write is
not tried: Amazon's roles do not part reading from writing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from connectors.amazon.auth import NOTIFICATIONS, SELLER
from connectors.amazon.client import AmazonClient
from connectors.amazon.errors import NOT_FOUND
from connectors.amazon.queue_verify import OpenQueue, queue_checks
from connectors.amazon.settings import AmazonAccount, AmazonSettings
from connectors.amazon.sqs import SqsQueue
from connectors.kit.accounts import OpenClient
from connectors.kit.cursor import to_text
from connectors.kit.errors import ConnectorError, ForbiddenError
from connectors.kit.ports import Check
from connectors.kit.rate import Priority
from connectors.kit.verifying import AccountVerifier

ORDERS, PERSONS, TAXES = (
    "Inventory and Order Tracking",
    "Direct-to-Consumer Delivery (restricted)",
    "Tax Invoicing (restricted)",
)
LISTINGS, FINANCE, FBA = "Product Listing", "Finance and Accounting", "Amazon Fulfillment"
_GIVE = "in Solution Provider Portal give the application the role {role} and have the seller authorise it again"
_SHIPPED_BY_US = ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED")
_DAYS = 30


@dataclass(frozen=True, slots=True)
class Read:
    """A call that changes nothing. right: in words; query, path: with `{marketplace}` and `{seller}` for the account's own.

    role      what it needs; "" = nothing but the application itself
    or_else   what to do without it
    absent    that nothing is there is no failure, and what it means
    """

    right: str
    operation: str
    path: str
    role: str
    or_else: str
    query: Mapping[str, str] = field(default_factory=dict)
    grant: str = SELLER
    absent: str = ""


_NOTIFIED, _REPORTS = "/notifications/v1", "/reports/2021-06-30/reports"
_SETTLEMENTS = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
_NO_PRODUCTS = "leave the flows stock, prices, products and catalogue off"
_NOT_TOLD = "leave the flow notifications off; orders are polled"
_RETURNS = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
_ONE = {"pageSize": "1"}
_HERE = "{marketplace}"
READS = (
    Read(
        "read and write listings", "searchListingsItems", "/listings/2021-08-01/items/{seller}", LISTINGS, _NO_PRODUCTS,
        {"marketplaceIds": _HERE, **_ONE},
    ),
    Read(
        "look products up by ASIN", "searchCatalogItems", "/catalog/2022-04-01/items", LISTINGS,
        "unknown SKUs are held instead of found by their ASIN",
        {"marketplaceIds": _HERE, "identifiers": "B000000000", "identifiersType": "ASIN"},
    ),
    Read(
        "send feeds and follow them", "getFeeds", "/feeds/2021-06-30/feeds", f"{LISTINGS} or {ORDERS}", _NO_PRODUCTS,
        {"feedTypes": "JSON_LISTINGS_FEED", **_ONE},
    ),
    Read("read settlements", "getReports", _REPORTS, FINANCE, "leave the flow settlements off", {"reportTypes": _SETTLEMENTS, **_ONE}),
    Read("read returns", "getReports", _REPORTS, ORDERS, "leave the flow returns off", {"reportTypes": _RETURNS, **_ONE}),
    Read(
        "read stock at Amazon (FBA)", "getInventorySummaries", "/fba/inventory/v1/summaries", FBA, "set CAUSEWAY_AMAZON__READING__FBA_STOCK=false",
        {"granularityType": "Marketplace", "granularityId": _HERE, "marketplaceIds": _HERE},
    ),
    Read("have changes told (destinations)", "getDestinations", f"{_NOTIFIED}/destinations", "", _NOT_TOLD, grant=NOTIFICATIONS),
    Read(
        "have changes told (ORDER_CHANGE)", "getSubscription", f"{_NOTIFIED}/subscriptions/ORDER_CHANGE", ORDERS, _NOT_TOLD,
        absent="no subscription yet",
    ),
)  # fmt: skip

# With a queue these two are told with it.
_TOLD_BY_QUEUE = frozenset({"getDestinations", "getSubscription"})


class AmazonVerifier(AccountVerifier[AmazonClient]):
    """`Verifier` over all configured accounts."""

    system = "amazon"
    to_configure = (
        "CAUSEWAY_AMAZON__ACCOUNTS__MAIN__REGION, ...__SELLER_ID, ...__MARKETPLACES, ...__CLIENT_ID and the secrets"
    )
    refused = "check client id, client secret and refresh token; the seller may have withdrawn the authorisation"

    def __init__(
        self,
        settings: AmazonSettings,
        open_client: OpenClient[AmazonClient],
        now: Callable[[], datetime],
        open_queue: OpenQueue | None = None,
    ) -> None:
        super().__init__(settings.accounts, open_client)
        self._settings = settings
        self._now = now
        self._open_queue = open_queue or partial(SqsQueue, proxy=settings.http.proxy)

    def _where(self, name: str) -> str:
        return f"for {self._settings.base_url(self._settings.account(name).region)}"

    async def _rights(self, subject: str, name: str, client: AmazonClient) -> list[Check]:
        account = self._settings.account(name)
        checks = await self._marketplaces(subject, account, client)
        checks += await self._orders(subject, client)
        reads = [one for one in READS if self._is_used(one, account)]
        checks += [await self._read(subject, account, client, one) for one in reads]
        return checks + await self._told(subject, name, client)

    def _is_used(self, one: Read, account: AmazonAccount) -> bool:
        if one.role == FBA and not self._settings.reading.fba_stock:
            return False
        return account.queue is None or one.operation not in _TOLD_BY_QUEUE

    async def _told(self, subject: str, name: str, client: AmazonClient) -> list[Check]:
        keys = self._settings.account(name).queue
        if keys is None:
            return []
        queue = self._open_queue(keys)
        try:
            found = await queue_checks(self._settings, name, client, queue)
        finally:
            await queue.aclose()
        return [replace(one, subject=f"{subject}: {one.subject}") for one in found]

    async def _marketplaces(self, subject: str, account: AmazonAccount, client: AmazonClient) -> list[Check]:
        what = f"{subject}: marketplaces"
        try:
            _, content = await client.call(
                "getMarketplaceParticipations",
                "GET",
                "/sellers/v1/marketplaceParticipations",
                priority=Priority.REPORTS,
            )
        except ConnectorError as error:
            return [Check(what, False, str(error), "see the message; region and refresh token must belong together")]
        active = _participations(content)
        missing = [one for one in account.marketplaces if not active.get(one)]
        if not missing:
            return [Check(what, True, f"the seller sells in {', '.join(account.marketplaces)}")]
        remedy = "correct ...__MARKETPLACES, or check the seller id and region; Seller Central shows where the seller takes part"
        return [Check(what, False, f"the seller does not sell in {', '.join(missing)}", remedy)]

    async def _orders(self, subject: str, client: AmazonClient) -> list[Check]:
        """Orders, and what their data sets tell of the restricted roles. One list call: there are few."""
        what = f"{subject}: read orders"
        query = {
            "createdAfter": to_text(self._now() - timedelta(days=_DAYS)),
            "marketplaceIds": client.account.marketplaces,
            "fulfilledBy": "MERCHANT",
            "fulfillmentStatuses": _SHIPPED_BY_US,
            "maxResultsPerPage": "10",
            "includedData": self._settings.included_data,
        }
        try:
            page = await client.search_orders(query, Priority.REPORTS)
        except ConnectorError as error:
            return [Check(what, False, str(error), _remedy(error, ORDERS, "nothing works without it"))]
        orders = [one for one in page.orders if isinstance(one, Mapping)]
        return [
            Check(what, True, f"{'some' if orders else 'no'} orders to ship yourself in the last {_DAYS} days; the same role ships and cancels them"),
            _told(subject, "see names and addresses", orders, _names_someone, PERSONS, "orders come without address and cannot be shipped"),
            _told(subject, "see who collects taxes", orders, _tells_tax, TAXES, "taxes are booked without saying who collects them"),
        ]  # fmt: skip

    async def _read(self, subject: str, account: AmazonAccount, client: AmazonClient, read: Read) -> Check:
        what = f"{subject}: {read.right}"
        marketplace = account.marketplaces[0]
        query = {name: text.replace("{marketplace}", marketplace) for name, text in read.query.items()}
        path = read.path.replace("{seller}", quote(account.seller_id, safe=""))
        try:
            await client.call(read.operation, "GET", path, query=query, priority=Priority.REPORTS, grant=read.grant)
        except ConnectorError as error:
            if error.code == NOT_FOUND and read.absent:
                return Check(what, True, read.absent)
            return Check(what, False, str(error), _remedy(error, read.role, read.or_else))
        return Check(what, True, "works")


def _remedy(error: ConnectorError, role: str, or_else: str) -> str:
    if isinstance(error, ForbiddenError) and role:
        return f"{_GIVE.format(role=role)}, or {or_else}"
    return f"see the message; {or_else}"


def _participations(content: Any) -> dict[str, bool]:
    """Marketplace id -> whether the seller sells there (model sellers: under `payload`)."""
    found: dict[str, bool] = {}
    listed = content.get("payload") if isinstance(content, Mapping) else None
    for one in listed if isinstance(listed, list) else []:
        place, part = (one.get("marketplace"), one.get("participation")) if isinstance(one, Mapping) else (None, None)
        if isinstance(place, Mapping) and isinstance(part, Mapping):
            found[str(place.get("id"))] = part.get("isParticipating") is True
    return found


def _told(
    subject: str, right: str, orders: Sequence[Mapping[str, Any]], tells: Callable[[Mapping[str, Any]], bool], role: str, without: str
) -> Check:  # fmt: skip
    what = f"{subject}: {right}"
    if not orders:
        return Check(what, True, "not known: there is no order to see it by")
    if any(tells(one) for one in orders):
        return Check(what, True, "orders tell it")
    return Check(what, False, f"no order tells it: {without}", _GIVE.format(role=role))


def _names_someone(order: Mapping[str, Any]) -> bool:
    recipient = order.get("recipient")
    address = recipient.get("deliveryAddress") if isinstance(recipient, Mapping) else None
    return isinstance(address, Mapping) and bool(address.get("name") or address.get("addressLine1"))


def _tells_tax(order: Mapping[str, Any]) -> bool:
    """Of the whole order, or of any of its items."""
    items = order.get("orderItems")
    return "tax" in order or any(
        isinstance(one, Mapping) and "tax" in one for one in (items if isinstance(items, list) else [])
    )

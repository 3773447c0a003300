"""The catalogue in: the flow `catalogue`, and what each item says of its listing (PRD-2, PRD-4). (Source: model listingsItems_2021-08-01.)

The search takes a window of last updates and pages through 1000 listings at most, whatever it finds; longer windows are halved. It counts what it
finds, so a listing that slipped between two pages shows (`connectors.kit.windowed`). Nothing says that every change of a status or an issue counts as
an update: every few polls all listings are read again, and what did not change is dropped by its checksum. What is gone is in no search: see
`listing_census`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from connectors.amazon import errors
from connectors.amazon.client import AmazonClient
from connectors.amazon.listing_items import ITEMS, SKUS, path_of
from connectors.amazon.listing_standing import countries, standing, standings, summaries_of, words, worst
from connectors.amazon.marketplaces import BY_ID
from connectors.amazon.settings import AmazonSettings
from connectors.kit import exact_json
from connectors.kit.cursor import Overlap, to_text
from connectors.kit.errors import DataError
from connectors.kit.passes import Pass
from connectors.kit.ports import Canonical, EntityMapping
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.kit.windowed import Listed, ListRules, WindowedList
from schemas.records import Listing, ListingProblem, Money

logger = logging.getLogger(__name__)

FLOW, ENTITY = "catalogue", "item"
PAGE = "20"
MOST_RESULTS = 1000
INCLUDED = ("summaries", "attributes", "issues", "offers", "fulfillmentAvailability", "relationships", "productTypes")
# Older than any listing.
EVER = timedelta(days=27 * 365)
RULES = ListRules(
    Overlap(timedelta(hours=2), EVER, 4), horizon=timedelta(minutes=2), first=EVER, oldest=EVER, behind=timedelta(hours=1),
    result_cap=MOST_RESULTS,
)  # fmt: skip
OWN_CHANNEL = "DEFAULT"
CONSUMER = "B2C"
# In the payload of a listing that is no more (`listing_census`), which is ours: there is nothing that Amazon sent.
GONE = "gone"
_TOLD = ("ERROR", "WARNING")
_LONGEST_DETAIL, _MOST_PROBLEMS = 1000, 50


class AmazonCatalogue(WindowedList):
    """`Source` of the flow `catalogue`."""

    flow = FLOW
    entity = ENTITY
    refusals: ClassVar[frozenset[str]] = frozenset({errors.REFUSED})

    def __init__(
        self, settings: AmazonSettings, account: str, client: AmazonClient, now: Callable[[], datetime]
    ) -> None:
        # Only a sandbox is asked for younger ones (`horizon_seconds`).
        horizon = min(RULES.horizon, timedelta(seconds=settings.horizon_seconds))
        super().__init__(account, now, replace(RULES, horizon=horizon))
        self._places = settings.account(account).marketplaces
        self._client = client

    async def _list(self, reading: Pass, priority: Priority) -> Listed:
        query: dict[str, str | Sequence[str]] = {
            "marketplaceIds": self._places, "includedData": INCLUDED, "pageSize": PAGE, "sortBy": "sku", "sortOrder": "ASC",
            "lastUpdatedAfter": to_text(reading.window.start), "lastUpdatedBefore": to_text(reading.window.end), "pageToken": reading.cursor,
        }  # fmt: skip
        answer, content = await self._client.call(
            "searchListingsItems", "GET", path_of(self._client), query=query, priority=Priority.REPORTS
        )
        found = content.get("items") if isinstance(content, dict) else None
        total = content.get("numberOfResults") if isinstance(content, dict) else None
        if not isinstance(found, list) or not isinstance(total, int) or isinstance(total, bool):
            raise answer.asked.left("gave no `items` and `numberOfResults`")
        following = content.get("pagination")
        token = following.get("nextToken") if isinstance(following, dict) else None
        if total > MOST_RESULTS and reading.window.halved() is None:
            # Better all but a few than none: the next reading may find them apart.
            logger.error(
                "amazon_catalogue_too_full account=%s moment=%s results=%d",
                self.account,
                to_text(reading.window.start),
                total,
            )
            return Listed(tuple(found), token.strip() if isinstance(token, str) else "")
        return Listed(tuple(found), token.strip() if isinstance(token, str) else "", total)

    async def _get(self, element_id: str) -> Any | None:
        if not SKUS.fits(element_id):
            return None
        query = {"marketplaceIds": self._places, "includedData": INCLUDED}
        try:
            answer, content = await self._client.call(
                "getListingsItem", "GET", path_of(self._client, element_id), query=query, priority=Priority.REPORTS
            )
        except DataError as error:
            if errors.is_missing(error):
                return None
            raise
        if not isinstance(content, dict):
            raise answer.asked.left("gave no item")
        return content

    def _id_of(self, element: Any) -> str | None:
        sku = element.get("sku") if isinstance(element, dict) else None
        return sku if isinstance(sku, str) and SKUS.fits(sku) else None

    def _version_of(self, element: Any) -> int:
        """None: a listing that leaves a marketplace is last updated earlier than before."""
        return 0

    def _key(self, element_id: str) -> str:
        return f"amazon:{self.account}:item:{element_id}"

    def _path(self, element_id: str = "") -> str:
        return f"{ITEMS}/{quote(element_id, safe='')}" if element_id else ITEMS

    async def aclose(self) -> None:
        await self._client.aclose()


def listing_mapping(settings: AmazonSettings) -> EntityMapping:
    """Raw item -> canonical listing: what it says in the first of the account's marketplaces that has it, where it stands in all of them."""

    def mapping(payload: bytes, account: str) -> Sequence[Canonical]:
        known = settings.accounts.get(account)
        return to_listing(payload, account, known.marketplaces if known else ())

    return mapping


def to_listing(payload: bytes, account: str, places: Sequence[str] = ()) -> Sequence[Canonical]:
    """One item of Amazon -> the canonical listing. `places`: marketplace ids, the one that counts first. Raises DataError."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: not JSON ({type(error).__name__})", code="DATA") from None
    item = Reader(content).an_object()
    sku, summaries = item.needed_text("sku"), summaries_of(item)
    ranks = {place: number for number, place in enumerate(places)}
    head = min(summaries, key=lambda one: ranks.get(one.text("marketplaceId"), len(ranks)), default=Reader({}))
    place, issues = head.text("marketplaceId"), item.objects("issues")
    body = Listing(
        key=f"amazon:{account}:item:{sku}", source="amazon", account=account, sku=sku, version=0, item_id=head.text("asin"),
        barcode=_stated(item, "externally_assigned_product_identifier", place), title=head.text("itemName") or _stated(item, "item_name", place),
        description=_stated(item, "product_description", place), brand=_stated(item, "brand", place), product_type=_type(item, head),
        category="", price=_price(item, place), status=_status(item, issues), source_status=words(item),
        problems=list(_problems(issues, len(summaries) > 1)), attributes=_facts(item, head, summaries), image_url=head["mainImage"].text("link"),
        variant_group=_variant_group(item, sku),
    )  # fmt: skip
    return (Canonical("listing", body["key"], 0, body),)


def _status(item: Reader, issues: Sequence[Reader]) -> str:
    if item.value.get(GONE) is True:
        return "retired"
    found = standings(item)
    return (worst(found) if found else standing(None, issues)).value


def _problems(issues: Sequence[Reader], several: bool) -> Iterator[ListingProblem]:
    """several: whether the marketplaces an issue is about have to be told."""
    told = [issue for issue in issues if issue.text("severity").upper() in _TOLD]
    for issue in told[:_MOST_PROBLEMS]:
        fields = ", ".join(issue.texts("attributeNames"))
        where = f"{names}: " if several and (names := countries(issue)) else ""
        detail = (where + issue.text("message"))[:_LONGEST_DETAIL]
        yield ListingProblem(code=issue.text("code"), field=fields, detail=detail)


def _price(item: Reader, place: str) -> Money | None:
    """What a consumer pays in that marketplace now."""
    for offer in item.objects("offers"):
        if offer.text("marketplaceId") == place and offer.text("offerType").upper() == CONSUMER:
            price = offer["price"].an_object()
            amount = price.decimal("amount", whole_digits=9)
            return Money(amount=f"{amount:f}", currency=price.needed_text("currencyCode"))
    return None


def _type(item: Reader, head: Reader) -> str:
    kinds = [one.text("productType") for one in item.objects("productTypes")]
    return head.text("productType") or next(iter(kinds), "")


def _stated(item: Reader, name: str, place: str) -> str:
    """What the seller wrote in an attribute, for that marketplace or for all."""
    attributes = item["attributes"]
    found = attributes.value.get(name) if isinstance(attributes.value, dict) else None
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and one.get("marketplace_id", place) == place and isinstance(one.get("value"), str):
            return Reader(one).text("value")
    return ""


def _facts(item: Reader, head: Reader, summaries: Sequence[Reader]) -> dict[str, str]:
    """Who ships, how many the seller offers, where it is listed."""
    channels = item.objects("fulfillmentAvailability")
    codes = [code for one in channels if (code := one.text("fulfillmentChannelCode"))]
    quantities = [one.text("quantity") for one in channels if one.text("fulfillmentChannelCode") == OWN_CHANNEL]
    names = [one.text("marketplaceId") for one in summaries]
    found = {
        "fulfillmentChannelCode": ",".join(codes),
        "fulfilment": "" if not codes else "marketplace" if any(code != OWN_CHANNEL for code in codes) else "seller",
        "quantity": next((text for text in quantities if text), ""),
        "marketplaces": ",".join(BY_ID[name].country if name in BY_ID else name for name in names),
        **head.facts("conditionType", "fnSku", "createdDate"),
    }
    return {name: text for name, text in found.items() if text}


def _variant_group(item: Reader, sku: str) -> str:
    """The parent's SKU, for a parent its own."""
    for holder in item.objects("relationships"):
        for one in holder.objects("relationships"):
            if one.text("type").upper() != "VARIATION":
                continue
            if parents := one.texts("parentSkus"):
                return parents[0]
            if one.texts("childSkus"):
                return sku
    return ""

"""Listings at Amazon, by SKU: what is shown of them, and what is written on them. (Source: model listingsItems_2021-08-01.)

One alone is asked for by itself; more go twenty to a call of the search, whose quota is as large. What was written (`attributes`) and what is
shown (`fulfillmentAvailability`, `summaries`) are apart: a change that Amazon has accepted shows only when it takes effect.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.amazon import errors
from connectors.amazon.client import AmazonClient
from connectors.amazon.listing_standing import summaries_of
from connectors.kit.errors import ConnectorError, DataError, TransientError
from connectors.kit.http_errors import Asked
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.kit.skus import Skus
from connectors.kit.words import plain_words

ITEMS = "/listings/2021-08-01/items"
MODEL = "listing"  # what an outcome calls it
SEARCHED = 20  # SKUs in one call of the search
INCLUDED = ("summaries", "attributes", "issues", "offers", "fulfillmentAvailability")
ERROR = "ERROR"
ACCEPTED, VALID, INVALID = "ACCEPTED", "VALID", "INVALID"
ALL = "ALL"
# What a product type is called when Amazon does not say which it is; it is taken for offers.
ANY_TYPE = "PRODUCT"
SKUS = Skus(longest=40)
# `ConnectorError.code` of what Amazon accepted with 200 and refused by INVALID.
REFUSED = "INVALID"
# Of an answer in which a listing stands that is none: that is Amazon's trouble, and of that listing alone.
UNREADABLE = "UNREADABLE"
UNKNOWN_SKU = "13013"  # "This SKU does not exist in the Amazon catalog"
_MOST_ISSUES = 5
_LONGEST_DETAIL = 450


@dataclass(frozen=True, slots=True)
class Issue:
    """What Amazon finds about a listing. severity: ERROR, WARNING, INFO; fields: attributes it is about."""

    code: str
    severity: str
    words: str = ""
    fields: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        told = ": ".join(part for part in (", ".join(self.fields), self.words) if part)
        return f"{self.code} ({told})" if told else self.code


@dataclass(frozen=True, slots=True)
class Shown:
    """A listing as Amazon shows it.

    marketplaces        ids of those it is in;  channels  fulfilment channels, DEFAULT is the seller's own
    quantity            what the seller has left to sell;  written  what he said last that he has: orders take from the first only. None when
                        nothing is said
    offers              `purchasable_offer` as it was written
    own_page            the seller wrote what its page says, so that it is more than an offer
    """

    sku: str
    asin: str = ""
    name: str = ""
    product_type: str = ""
    marketplaces: tuple[str, ...] = ()
    statuses: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    quantity: int | None = None
    written: int | None = None
    offers: tuple[Mapping[str, Any], ...] = ()
    issues: tuple[Issue, ...] = ()
    own_page: bool = False

    @property
    def by_amazon(self) -> bool:
        """Whether Amazon keeps and counts its stock: a number of ours would make it the seller's to ship."""
        return any(channel.startswith("AMAZON") for channel in self.channels)

    def errors_on(self, attribute: str) -> tuple[Issue, ...]:
        """Why what was written on an attribute does not stand."""
        return tuple(
            issue
            for issue in self.issues
            if issue.severity == ERROR and any(field.split(".")[0] == attribute for field in issue.fields)
        )


@dataclass(frozen=True, slots=True)
class Submission:
    """What Amazon said to a write. ACCEPTED: it will take effect; VALID: it would (preview)."""

    status: str
    id: str = ""
    issues: tuple[Issue, ...] = ()


def path_of(client: AmazonClient, sku: str = "") -> str:
    """The address of a seller's listings, or of one."""
    return f"{ITEMS}/{client.account.seller_id}" + (f"/{quote(sku, safe='')}" if sku else "")


async def read_listing(client: AmazonClient, sku: str, priority: Priority = Priority.PRODUCTS) -> Any | None:
    """The listing as it came, None when the seller has none of that SKU. Raises ConnectorError."""
    query = {
        "marketplaceIds": client.account.marketplaces,
        "includedData": (*INCLUDED, "relationships", "productTypes"),
    }
    try:
        answer, content = await client.call(
            "getListingsItem", "GET", path_of(client, sku), query=query, priority=priority
        )
    except DataError as error:
        if errors.is_missing(error):
            return None
        raise
    if not isinstance(content, dict):
        raise answer.asked.left("gave no item")
    return content


async def get_listing(client: AmazonClient, sku: str, priority: Priority = Priority.PRODUCTS) -> Shown | None:
    """The same as it is shown. Raises TransientError with code UNREADABLE for what is no listing, and ConnectorError."""
    content = await read_listing(client, sku, priority)
    if content is None:
        return None
    try:
        return shown_in(Reader(content).an_object())
    except DataError as error:
        raise TransientError(f"getListingsItem: Amazon's answer cannot be read: {error}", code=UNREADABLE) from None


async def get_listings(
    client: AmazonClient, skus: Sequence[str], priority: Priority = Priority.PRODUCTS
) -> dict[str, Shown | ConnectorError]:
    """Those of these that the seller has; an error for one whose answer cannot be read (UNREADABLE). Raises ConnectorError."""
    found: dict[str, Shown | ConnectorError] = {}
    alone, many = [one for one in skus if _needs_own_call(one)], [one for one in skus if not _needs_own_call(one)]
    if len(many) == 1:
        alone, many = [*alone, *many], []
    for part in _parts(many):
        async for one in _searched(client, part, priority):
            if isinstance(one, Shown):
                found[one.sku] = one
            else:
                alone += [sku for sku in part if one in (sku, "")]
    for sku in alone:
        try:
            shown = await get_listing(client, sku, priority)
        except TransientError as error:
            if error.code != UNREADABLE:
                raise
            found[sku] = error
        else:
            found |= {} if shown is None else {sku: shown}
    return found


async def patch_listing(
    client: AmazonClient, sku: str, product_type: str, patches: Sequence[Mapping[str, Any]], priority: Priority,
    marketplaces: Sequence[str] = (),
) -> Submission:  # fmt: skip
    """Ask for a change of attributes; marketplaces: that it speaks of, by default all of the account. 200 is no success: Raises DataError for
    INVALID, with Amazon's issues, and ConnectorError."""
    body = {"productType": product_type or ANY_TYPE, "patches": [dict(patch) for patch in patches]}
    query = {"marketplaceIds": tuple(marketplaces) or client.account.marketplaces, "includedData": ("issues",)}
    answer, content = await client.call(
        "patchListingsItem", "PATCH", path_of(client, sku), query=query, body=body, priority=priority
    )
    return _taken(answer.asked, content)


async def put_listing(
    client: AmazonClient, sku: str, marketplace: str, product_type: str, requirements: str, attributes: Mapping[str, Any], *, preview: bool = False,
) -> Submission:  # fmt: skip
    """Ask for a listing in one marketplace; what it had there is replaced. preview: nothing is changed, only judged. Raises as `patch_listing`."""
    body = {"productType": product_type, "requirements": requirements, "attributes": dict(attributes)}
    query = {
        "marketplaceIds": marketplace,
        "includedData": ("issues",),
        "mode": "VALIDATION_PREVIEW" if preview else "",
    }
    answer, content = await client.call(
        "putListingsItem",
        "PUT",
        path_of(client, sku),
        query=query,
        body=body,
        priority=Priority.PRODUCTS,
        repeatable=preview or None,
    )
    return _taken(answer.asked, content)


async def delete_listing(client: AmazonClient, sku: str, marketplace: str) -> Submission:
    """Ask for its end in one marketplace; doing it twice does no harm. Raises as `patch_listing`."""
    query = {"marketplaceIds": marketplace}
    answer, content = await client.call(
        "deleteListingsItem", "DELETE", path_of(client, sku), query=query, priority=Priority.PRODUCTS, repeatable=True
    )
    return _taken(answer.asked, content)


def merge(attribute: str, *values: Mapping[str, Any]) -> dict[str, Any]:
    """A patch that changes these values of an attribute and leaves the others, told apart by their selectors."""
    return {"op": "merge", "path": f"/attributes/{attribute}", "value": [dict(value) for value in values]}


def submission_in(content: Any) -> Submission:
    """What an answer to a write says. Raises DataError for one without a status."""
    read = Reader(content).an_object()
    return Submission(read.needed_text("status").upper(), read.text("submissionId"), issues_in(read))


def taken(submission: Submission, operation: str) -> Submission:
    """The same, where Amazon took it. Raises DataError where it did not, whatever the status of the answer was."""
    if submission.status in (ACCEPTED, VALID):
        return submission
    unknown = any(issue.code == UNKNOWN_SKU for issue in submission.issues)
    code = errors.NOT_FOUND if unknown else REFUSED
    raise DataError(f"{operation}: Amazon answered {submission.status}: {told(submission.issues)}", code=code)


def _taken(asked: Asked, content: Any) -> Submission:
    try:
        submission = submission_in(content)
    except DataError:  # it says nothing of what was asked for, which may have been done
        raise asked.left("gave no `status`") from None
    return taken(submission, asked.operation)


def told(issues: Sequence[Issue]) -> str:
    """The issues in one line, errors first, bounded."""
    ordered = sorted(issues, key=lambda issue: issue.severity != ERROR)[:_MOST_ISSUES]
    return "; ".join(issue.text for issue in ordered)[:_LONGEST_DETAIL] or "Amazon does not say why"


def issues_in(holder: Reader) -> tuple[Issue, ...]:
    """`issues` of a listing or of an answer to a write."""
    return tuple(
        Issue(
            issue.text("code")[:60],
            issue.text("severity").upper(),
            plain_words(issue.text("message")),
            tuple(name[:60] for name in issue.texts("attributeNames")[:_MOST_ISSUES]),
        )
        for issue in holder.objects("issues")
    )


def shown_in(item: Reader) -> Shown:
    """A listing of the API -> what is shown. Raises DataError."""
    said, attributes = summaries_of(item), item["attributes"]
    channels = item.objects("fulfillmentAvailability")
    written = attributes.objects("fulfillment_availability")
    codes = [one.text("fulfillmentChannelCode") for one in channels]
    codes += [one.text("fulfillment_channel_code") for one in written]
    return Shown(
        sku=item.needed_text("sku"),
        asin=next((text for one in said if (text := one.text("asin"))), ""),
        name=next((text for one in said if (text := one.text("itemName"))), ""),
        product_type=next((text for one in said if (text := one.text("productType"))), ""),
        marketplaces=tuple(one.text("marketplaceId") for one in said),
        statuses=frozenset(text for one in said for text in one.texts("status")),
        channels=frozenset(code for code in codes if code),
        quantity=_own(channels, "fulfillmentChannelCode"),
        written=_own(written, "fulfillment_channel_code"),
        offers=tuple(one.value for one in attributes.objects("purchasable_offer") if isinstance(one.value, dict)),
        issues=issues_in(item),
        own_page=is_own_page(item),
    )


def is_own_page(item: Reader) -> bool:
    """Whether the seller wrote what its page says, so that it is more than an offer."""
    return bool(item["attributes"].objects("item_name"))


def _own(channels: Sequence[Reader], code: str) -> int | None:
    """The number on the seller's own channel. `code`: what a channel's name is called here."""
    own = [one for one in channels if one.text(code) == "DEFAULT" and not one["quantity"].missing]
    numbers = [one.decimal("quantity", whole_digits=9) for one in own]
    return int(numbers[0]) if numbers else None


def _shown_or_sku(item: Reader) -> Shown | str:
    try:
        return shown_in(item)
    except DataError:
        sku = item.value.get("sku") if isinstance(item.value, dict) else None
        return sku if isinstance(sku, str) else ""


def _needs_own_call(sku: str) -> bool:
    # Lists in the query are joined by commas.
    return "," in sku


def _parts(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    return (skus[start : start + SEARCHED] for start in range(0, len(skus), SEARCHED))


async def _searched(client: AmazonClient, skus: Sequence[str], priority: Priority) -> AsyncIterator[Shown | str]:
    """Listings; of one that cannot be read its SKU, "" where not even that can be."""
    query: dict[str, str | Sequence[str]] = {
        "marketplaceIds": client.account.marketplaces, "identifiers": skus, "identifiersType": "SKU",
        "includedData": INCLUDED, "pageSize": str(SEARCHED),
    }  # fmt: skip
    token, wanted = "", set(skus)
    while True:
        page = {**query, "pageToken": token} if token else query
        answer, content = await client.call(
            "searchListingsItems", "GET", path_of(client), query=page, priority=priority
        )
        read = Reader(content)
        if not isinstance(content, dict) or not isinstance(content.get("items"), list):
            raise answer.asked.left("gave no `items`")
        for item in read.objects("items"):
            one = _shown_or_sku(item)
            if not isinstance(one, Shown) or one.sku in wanted:
                yield one
        following = read["pagination"].text("nextToken") if not read["pagination"].missing else ""
        if not following or following == token:
            return
        token = following

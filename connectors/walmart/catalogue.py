"""The catalogue in: the flow `items`, and what each item says of its listing (PRD-2, PRD-4).

The list has no "changed since": each poll reads all of it, and what did not change is dropped by checksum. Its cursor is the same on every
page and lives about two minutes; an offset moves (model items.json). A cursor that is refused begins the list anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

from connectors.kit import exact_json
from connectors.kit.errors import DataError, TransientError
from connectors.kit.ports import Canonical, Fetched, Page, Problem
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader, described
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient, count_in
from connectors.walmart.items import ITEMS, get_item
from schemas.records import Listing, ListingProblem, Money

FLOW, ENTITY = "items", "item"
PAGE_SIZE = 50
MOST_RESTARTS = 3
LONGEST_SKU = 300

# `publishedStatus` and `lifecycleStatus` -> canonical; a retired item is gone whatever its publication says.
STATUSES = {
    "PUBLISHED": "published", "UNPUBLISHED": "unpublished", "READY_TO_PUBLISH": "processing", "IN_PROGRESS": "processing",
    "STAGE": "draft", "SYSTEM_PROBLEM": "failed",
}  # fmt: skip
GONE = {"RETIRED", "ARCHIVED"}


class WalmartItems:
    """`Source` of the flow `items`."""

    flow = FLOW

    def __init__(self, account: str, client: WalmartClient, now: Callable[[], datetime]) -> None:
        self.account = account
        self._client = client
        self._now = now

    def pages(self, position: str) -> AsyncIterator[Page]:
        """The whole list; there is nothing to resume from but its beginning."""
        return self._walk()

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """The same: Walmart does not say when an item changed."""
        return self._walk()

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these SKUs, a page each."""
        for number, sku in enumerate(ids, 1):
            found = await get_item(self._client, sku, Priority.REPORTS)
            items: tuple[Fetched, ...] = ()
            problems: tuple[Problem, ...] = (Problem(self._key(sku), "Walmart has no item of this SKU", b""),)
            if found is not None:
                items, problems = self._sorted_out([found.value])
            yield Page(items, "", None, number == len(ids), problems, f"GET {ITEMS}/{sku}")

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _walk(self) -> AsyncIterator[Page]:
        began, restarts = self._now(), 0
        offset, cursor = 0, "*"
        while True:
            try:
                found, cursor, total = await self._page(cursor, offset)
            except DataError as error:  # the cursor is older than two minutes
                restarts += 1
                if (
                    cursor == "*"
                    or error.code not in ("INVALID_REQUEST", "INVALID_REQUEST_PARAM")
                    or restarts > MOST_RESTARTS
                ):
                    raise
                cursor = "*"
                continue
            asked = f"GET {ITEMS} offset {offset}"
            offset += len(found)
            items, problems = self._sorted_out(found)
            last = not found or not cursor or offset >= total
            yield Page(items, "", began if last else None, last, problems, asked)
            if last:
                return

    async def _page(self, cursor: str, offset: int) -> tuple[list[Any], str, int]:
        query = urlencode({"nextCursor": cursor, "offset": str(offset), "limit": str(PAGE_SIZE)})
        try:
            answer, content = await self._client.call(
                "list_items", "GET", f"{ITEMS}?{query}", priority=Priority.REPORTS
            )
        except DataError as error:
            if error.code == errors.NOT_FOUND:
                return [], "", 0
            raise
        found = content.get("ItemResponse") if isinstance(content, dict) else None
        if not isinstance(found, list):
            raise answer.asked.left("gave no `ItemResponse`")
        total = count_in(content.get("totalItems"))
        following = content.get("nextCursor")
        if total is None and found:
            raise TransientError("list items: the answer says no totalItems")
        return found, following if isinstance(following, str) else "", total or 0

    def _sorted_out(self, found: Sequence[Any]) -> tuple[tuple[Fetched, ...], tuple[Problem, ...]]:
        items: list[Fetched] = []
        problems: list[Problem] = []
        for element in found:
            payload = exact_json.dumps(element)
            sku = element.get("sku") if isinstance(element, dict) else None
            if isinstance(sku, str) and 0 < len(sku.strip()) <= LONGEST_SKU:
                items.append(Fetched(self._key(sku.strip()), ENTITY, payload))
                continue
            digest = blake2b(payload, digest_size=8).hexdigest()
            what = "its sku is missing or none" if isinstance(element, dict) else f"it is {described(element)}"
            problems.append(
                Problem(self._key(f"unreadable-{digest}"), f"an element of the item list is no item: {what}", payload)
            )
        return tuple(items), tuple(problems)

    def _key(self, sku: str) -> str:
        return f"walmart:{self.account}:item:{sku}"


def to_listing(payload: bytes, account: str) -> Sequence[Canonical]:
    """One item of Walmart -> the canonical listing. Raises DataError."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: not JSON ({type(error).__name__})", code="DATA") from None
    item = Reader(content).an_object()
    sku = item.needed_text("sku")
    lifecycle, published = item.text("lifecycleStatus").upper(), item.text("publishedStatus").upper()
    body = Listing(
        key=f"walmart:{account}:item:{sku}", source="walmart", account=account, sku=sku, version=0, item_id=item.text("wpid"),
        barcode=item.text("gtin") or item.text("upc"), title=item.text("productName"), description="", brand="",
        product_type=item.text("productType"), category=" / ".join(_shelf(item)), price=_price(item),
        status="retired" if lifecycle in GONE else STATUSES.get(published, "processing"),
        source_status=",".join(word for word in (published, lifecycle) if word),
        problems=[ListingProblem(code="", field="", detail=reason) for reason in item["unpublishedReasons"].texts("reason")],
        attributes={name: item.text(name) for name in ("mart", "upc", "variantGroupId") if item.text(name)},
        image_url="", variant_group=item.text("variantGroupId"),
    )  # fmt: skip
    return (Canonical("listing", body["key"], 0, body),)


def _price(item: Reader) -> Money | None:
    price = item["price"]
    if price.missing or price["amount"].missing:
        return None
    amount = price.decimal("amount", whole_digits=9)
    return Money(amount=str(amount), currency=price.text("currency") or "USD")


def _shelf(item: Reader) -> list[str]:
    """The shelf is a JSON list inside a text."""
    text = item.text("shelf")
    if not text:
        return []
    try:
        found = exact_json.loads(text.encode())
    except ValueError:
        return [text]
    return [part for part in found if isinstance(part, str)] if isinstance(found, list) else [text]

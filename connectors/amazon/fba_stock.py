"""Stock in Amazon's warehouses: the flow `fba_stock` (ORD-10). It is Amazon's count of what Amazon ships; the seller's own stock never mixes with it,
so it has a record of its own and nothing is offered from it. (Source: model fbaInventory.)

- Changes are asked for by startDateTime, from a while before the last reading. What is on its way to Amazon does not count as a change there, and a
  change may be told late: once a day all of it is read.
- A page's token dies after 30 seconds: the next page is asked for at once and goes first. A token that died begins the reading anew; the
  position moves only with the last page.
- What can be sold is `fulfillableQuantity`. `totalQuantity` has units in it that are on their way, reserved or damaged.
- The first of the account's marketplaces is read. In Europe its number is the whole pool where stock is shared; stock kept in several countries apart
  needs an account for each.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from connectors.amazon.client import AmazonClient
from connectors.amazon.errors import REFUSED
from connectors.amazon.settings import AmazonSettings
from connectors.kit import exact_json
from connectors.kit.cursor import LoopGuard, from_text, to_text, whole_second
from connectors.kit.errors import DataError
from connectors.kit.ports import Canonical, Fetched, Page, Problem
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader, described, millis_of

logger = logging.getLogger(__name__)

FLOW, ENTITY = "fba_stock", "fba_stock"
PATH = "/fba/inventory/v1/summaries"
MOST_SKUS = 50
LONGEST_SKU = 300
# startDateTime goes 18 months back at most.
OLDEST = timedelta(days=540)
_MOST_RESTARTS = 3


class FulfilmentStock(TypedDict):
    """What a marketplace's own warehouses hold of a SKU. All numbers are decimal text; `sellable` is what can be sold now."""

    key: str
    source: str
    account: str
    marketplace: str
    sku: str
    item_id: str
    fulfilment_sku: str
    condition: str
    version: int
    updated_at: datetime | None
    sellable: str
    reserved: str
    inbound: str
    unsellable: str
    researching: str


@dataclass(frozen=True, slots=True)
class Standing:
    """until: changes before this have been read; full: when all of it was last read."""

    until: datetime | None = None
    full: datetime | None = None

    @property
    def text(self) -> str:
        times = {"until": self.until, "full": self.full}
        return json.dumps({"v": 1, **{name: to_text(moment) for name, moment in times.items() if moment}})


def standing_in(position: str) -> Standing:
    """Raises DataError for a position that is none."""
    if not position:
        return Standing()
    try:
        found = json.loads(position)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DataError(f"position: not that of {FLOW}; resync to start over")
    return Standing(*(from_text(found[name], name) if name in found else None for name in ("until", "full")))


class AmazonFbaStock:
    """`Source` of the flow `fba_stock`."""

    flow = FLOW

    def __init__(
        self, settings: AmazonSettings, account: str, client: AmazonClient, now: Callable[[], datetime]
    ) -> None:
        self.account = account
        self._reading = settings.reading
        self._keys = settings.account(account)
        self._client = client
        self._now = now
        self._place = self._keys.marketplaces[0]

    def pages(self, position: str) -> AsyncIterator[Page]:
        """Changes since the last reading, or everything where that was too long ago. Raises DataError for a position that is none."""
        standing, began = standing_in(position), whole_second(self._now())
        every = timedelta(hours=self._reading.fba_full_hours)
        if standing.until is None or standing.full is None or began - standing.full >= every:
            return self._walk(None, position, Standing(began, began))
        since = standing.until - timedelta(minutes=self._reading.fba_overlap_minutes)
        return self._walk(since, position, Standing(began, standing.full))

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """What changed since then."""
        return self._walk(since, "", None)

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these SKUs."""
        # Lists in the query are joined by commas.
        alone = [sku for sku in ids if "," in sku]
        many = [sku for sku in ids if "," not in sku]
        queries: list[tuple[list[str], dict[str, str | Sequence[str]]]] = [([sku], {"sellerSku": sku}) for sku in alone]
        for start in range(0, len(many), MOST_SKUS):
            part = many[start : start + MOST_SKUS]
            queries.append((part, {"sellerSkus": part}))
        for number, (skus, query) in enumerate(queries, 1):
            found, _ = await self._page(query, Priority.REPORTS)
            items, problems = self._sorted_out(found)
            there = {item.key for item in items}
            missing = [self._key(sku) for sku in skus if self._key(sku) not in there]
            problems += tuple(Problem(key, "Amazon's warehouses have no such SKU", b"", ENTITY) for key in missing)
            yield Page(items, "", None, number == len(queries), problems, f"GET {PATH}")

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _walk(self, since: datetime | None, position: str, after: Standing | None) -> AsyncIterator[Page]:
        """`after`: where the flow stands with the last page, None when it does not matter."""
        oldest = whole_second(self._now()) - OLDEST
        query: dict[str, str | Sequence[str]] = {} if since is None else {"startDateTime": to_text(max(since, oldest))}
        token, restarts, guard = "", 0, LoopGuard(FLOW)
        while self._keys.fulfilled_by != ("MERCHANT",):
            try:
                found, following = await self._page(
                    {**query, "nextToken": token}, Priority.STOCK if token else Priority.REPORTS
                )
            except DataError as error:
                restarts += 1
                if not token or error.code != REFUSED or restarts > _MOST_RESTARTS:
                    raise
                logger.warning("amazon_fba_token_died account=%s restarts=%d", self.account, restarts)
                token, guard = "", LoopGuard(FLOW)
                continue
            items, problems = self._sorted_out(found)
            request = f"GET {PATH} {'changed since ' + to_text(since) if since else 'all'}"
            if not following:
                text, until = (after.text, after.until) if after else ("", None)
                yield Page(items, text, until, True, problems, request)
                return
            guard.follow(following)
            token = following
            yield Page(items, position, None, False, problems, request)
        yield Page((), after.text if after else "", after.until if after else None)

    async def _page(self, query: dict[str, str | Sequence[str]], priority: Priority) -> tuple[list[Any], str]:
        asked: dict[str, str | Sequence[str]] = {
            "details": "true", "granularityType": "Marketplace", "granularityId": self._place, "marketplaceIds": self._place, **query,
        }  # fmt: skip
        answer, content = await self._client.call("getInventorySummaries", "GET", PATH, query=asked, priority=priority)
        payload = content.get("payload") if isinstance(content, dict) else None
        found = payload.get("inventorySummaries") if isinstance(payload, dict) else None
        if not isinstance(found, list):
            raise answer.asked.left("gave no `inventorySummaries`")
        # It stands beside the payload, unlike elsewhere.
        following = content.get("pagination")
        token = following.get("nextToken") if isinstance(following, dict) else None
        return found, token if isinstance(token, str) else ""

    def _sorted_out(self, found: Sequence[Any]) -> tuple[tuple[Fetched, ...], tuple[Problem, ...]]:
        items: list[Fetched] = []
        problems: list[Problem] = []
        for element in found:
            sku = element.get("sellerSku") if isinstance(element, dict) else None
            if isinstance(sku, str) and 0 < len(sku.strip()) <= LONGEST_SKU:
                payload = exact_json.dumps({**element, "marketplaceId": self._place})
                items.append(Fetched(self._key(sku.strip()), ENTITY, payload, version_of(element)))
                continue
            payload = exact_json.dumps(element)
            what = "its sellerSku is missing or none" if isinstance(element, dict) else f"it is {described(element)}"
            digest = hashlib.blake2b(payload, digest_size=8).hexdigest()
            problems.append(
                Problem(
                    self._key(f"unreadable-{digest}"), f"an element of the stock is no SKU's: {what}", payload, ENTITY
                )
            )
        return tuple(items), tuple(problems)

    def _key(self, sku: str) -> str:
        return f"amazon:{self.account}:fba:{sku}"


def version_of(element: Any) -> int:
    """When a quantity last changed, milliseconds; 0 when it is not told. What is on its way changes without it."""
    try:
        moment = Reader(element).time("lastUpdatedTime")
    except DataError:
        return 0
    return 0 if moment is None else millis_of(moment)


def to_fulfilment_stock(payload: bytes, account: str) -> Sequence[Canonical]:
    """One SKU's stock at Amazon -> canonical. Raises DataError."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: not JSON ({type(error).__name__})", code="DATA") from None
    read = Reader(content).an_object()
    details = read["inventoryDetails"].an_object()
    sku = read.needed_text("sellerSku")
    inbound = sum(
        _units(details, name)
        for name in ("inboundWorkingQuantity", "inboundShippedQuantity", "inboundReceivingQuantity")
    )
    if details["fulfillableQuantity"].missing:
        raise details["fulfillableQuantity"].wrong("a number")
    body = FulfilmentStock(
        key=f"amazon:{account}:fba:{sku}", source="amazon", account=account, marketplace=read.text("marketplaceId"), sku=sku,
        item_id=read.text("asin"), fulfilment_sku=read.text("fnSku"), condition=read.text("condition"), version=version_of(content),
        updated_at=read.time("lastUpdatedTime"), sellable=str(_units(details, "fulfillableQuantity")),
        reserved=str(_units(details["reservedQuantity"], "totalReservedQuantity")), inbound=str(inbound),
        unsellable=str(_units(details["unfulfillableQuantity"], "totalUnfulfillableQuantity")),
        researching=str(_units(details["researchingQuantity"], "totalResearchingQuantity")),
    )  # fmt: skip
    return (Canonical("fulfilment_stock", body["key"], body["version"], body),)


def _units(holder: Reader, name: str) -> int:
    if holder[name].missing:
        return 0
    number = holder.decimal(name, whole_digits=9, fraction_digits=0)
    if number < 0:
        raise holder[name].wrong("a number not below 0")
    return int(number)

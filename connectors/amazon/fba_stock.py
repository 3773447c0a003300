"""Stock in Amazon's warehouses: the flow `fba_stock` (ORD-10). It is Amazon's count of what Amazon ships; the seller's own stock never mixes with it,
so it has a record of its own and nothing is offered from it. (Source: model fbaInventory.)

- Changes are asked for by startDateTime, from a while before the last reading. What is on its way to Amazon does not count as a change there, and a
  change may be told late: once a day all of it is read.
- A SKU that is gone is named no more: it would keep its last number for ever. So after all has been read, what the pipeline holds as there and
  was not among it is asked for by its name; what Amazon does not know then is told as gone, every number 0. What is told again later is there again.
- A page's token dies after 30 seconds: the next page is asked for at once and goes first. A token that died begins the reading anew; the
  position moves only with the last page.
- What can be sold is `fulfillableQuantity`. `totalQuantity` has units in it that are on their way, reserved or damaged.
- No time that Amazon states moves with every change, so records have no version: the newest reading counts.
- The first of the account's marketplaces is read. In Europe its number is the whole pool where stock is shared; stock kept in several countries apart
  needs an account for each.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.amazon.client import AmazonClient
from connectors.amazon.errors import REFUSED
from connectors.amazon.settings import AmazonSettings
from connectors.kit import exact_json
from connectors.kit.cursor import LoopGuard, from_text, to_text, whole_second
from connectors.kit.errors import DataError
from connectors.kit.ports import Canonical, Fetched, Page, Problem
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader, described, millis_of
from schemas.records import FulfilmentStock

logger = logging.getLogger(__name__)

FLOW, ENTITY, CANONICAL = "fba_stock", "fba_stock", "fulfilment_stock"
PATH = "/fba/inventory/v1/summaries"
MOST_SKUS = 50
LONGEST_SKU = 300
# startDateTime goes 18 months back at most.
OLDEST = timedelta(days=540)
_MOST_RESTARTS = 3
# In the payload of a SKU that Amazon names no more, which is ours: there is nothing that Amazon sent.
GONE = "gone"
Known = Callable[[str], Awaitable[Collection[str]]]


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
    """`Source` of the flow `fba_stock`. `known`: see `connectors.kit.ports.Deps`."""

    flow = FLOW

    def __init__(
        self, settings: AmazonSettings, account: str, client: AmazonClient, now: Callable[[], datetime], known: Known
    ) -> None:
        self.account = account
        self._reading = settings.reading
        self._keys = settings.account(account)
        self._client = client
        self._now = now
        self._known = known
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
        queries = list(_by_name(ids))
        for number, (skus, query) in enumerate(queries, 1):
            items, problems, missing = await self._named(skus, query)
            detail = "Amazon's warehouses have no such SKU"
            problems += tuple(Problem(self._key(sku), detail, b"", ENTITY) for sku in missing)
            yield Page(items, "", None, number == len(queries), problems, f"GET {PATH}")

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _walk(self, since: datetime | None, position: str, after: Standing | None) -> AsyncIterator[Page]:
        """`after`: where the flow stands with the last page, None when it does not matter."""
        oldest = whole_second(self._now()) - OLDEST
        query: dict[str, str | Sequence[str]] = {} if since is None else {"startDateTime": to_text(max(since, oldest))}
        token, restarts, guard, there = "", 0, LoopGuard(FLOW), set[str]()
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
            there |= {item.key for item in items}
            request = f"GET {PATH} {'changed since ' + to_text(since) if since else 'all'}"
            if not following:
                if since is None:
                    async for page in self._gone(there, position):
                        yield page
                text, until = (after.text, after.until) if after else ("", None)
                yield Page(items, text, until, True, problems, request)
                return
            guard.follow(following)
            token = following
            yield Page(items, position, None, False, problems, request)
        yield Page((), after.text if after else "", after.until if after else None)

    async def _gone(self, there: Collection[str], position: str) -> AsyncIterator[Page]:
        """What the pipeline holds of this account and was not `there`: as it is, or told as gone."""
        prefix = self._key("")
        held = [key for key in await self._known(CANONICAL) if key.startswith(prefix) and key not in there]
        for skus, query in _by_name(sorted(key.removeprefix(prefix) for key in held)):
            items, problems, missing = await self._named(skus, query)
            if missing:
                logger.info("amazon_fba_gone account=%s skus=%d", self.account, len(missing))
            gone = tuple(Fetched(self._key(sku), ENTITY, self._gone_payload(sku)) for sku in missing)
            yield Page((*items, *gone), position, None, False, problems, f"GET {PATH}")

    def _gone_payload(self, sku: str) -> bytes:
        return exact_json.dumps({"sellerSku": sku, "marketplaceId": self._place, GONE: True})

    async def _named(
        self, skus: Sequence[str], query: dict[str, str | Sequence[str]]
    ) -> tuple[tuple[Fetched, ...], tuple[Problem, ...], list[str]]:
        """What there is of these SKUs, and which Amazon does not know."""
        found, _ = await self._page(query, Priority.REPORTS)
        items, problems = self._sorted_out(found)
        there = {item.key for item in items}
        return items, problems, [sku for sku in skus if self._key(sku) not in there]

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


def _by_name(skus: Sequence[str]) -> Iterator[tuple[list[str], dict[str, str | Sequence[str]]]]:
    """The SKUs in as few queries as take them. Lists in a query are joined by commas, so a SKU with one goes alone."""
    for sku in skus:
        if "," in sku:
            yield [sku], {"sellerSku": sku}
    many = [sku for sku in skus if "," not in sku]
    for start in range(0, len(many), MOST_SKUS):
        part = many[start : start + MOST_SKUS]
        yield part, {"sellerSkus": part}


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
    sku, active = read.needed_text("sellerSku"), content.get(GONE) is not True
    numbers = _numbers(read["inventoryDetails"].an_object()) if active else dict.fromkeys(_NUMBERS, "0")
    body = FulfilmentStock(
        key=f"amazon:{account}:fba:{sku}", source="amazon", account=account, marketplace=read.text("marketplaceId"), sku=sku,
        item_id=read.text("asin"), fulfilment_sku=read.text("fnSku"), condition=read.text("condition"), version=0, active=active,
        updated_at=read.time("lastUpdatedTime"), sellable=numbers["sellable"], reserved=numbers["reserved"],
        inbound=numbers["inbound"], unsellable=numbers["unsellable"], researching=numbers["researching"],
    )  # fmt: skip
    return (Canonical(CANONICAL, body["key"], 0, body),)


_NUMBERS = ("sellable", "reserved", "inbound", "unsellable", "researching")
_INBOUND = ("inboundWorkingQuantity", "inboundShippedQuantity", "inboundReceivingQuantity")


def _numbers(details: Reader) -> dict[str, str]:
    """What can be sold has to be told: a number that is missing is not 0. Raises DataError."""
    if details["fulfillableQuantity"].missing:
        raise details["fulfillableQuantity"].wrong("a number")
    found = (
        _units(details, "fulfillableQuantity"),
        _units(details["reservedQuantity"], "totalReservedQuantity"),
        sum(_units(details, name) for name in _INBOUND),
        _units(details["unfulfillableQuantity"], "totalUnfulfillableQuantity"),
        _units(details["researchingQuantity"], "totalResearchingQuantity"),
    )
    return {name: str(units) for name, units in zip(_NUMBERS, found, strict=True)}


def _units(holder: Reader, name: str) -> int:
    if holder[name].missing:
        return 0
    number = holder.decimal(name, whole_digits=9, fraction_digits=0)
    if number < 0:
        raise holder[name].wrong("a number not below 0")
    return int(number)

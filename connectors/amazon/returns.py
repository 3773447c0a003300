"""Returns in: the flow `returns`, from two reports that are asked for (RET-1): those that go to the seller, and those that go to Amazon.

A report is asked for by the day of the return and tells the state of now, so each poll reads the last weeks again (`reading.returns_days`); what did
not change is dropped by its checksum. Reports that do not say which item of the order came back are completed by the order itself, asked for by its
id. Whether a return counts is for the mapping and for Odoo; here nothing is decided.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.amazon.client import ORDER_ID, AmazonClient
from connectors.amazon.report_jobs import ReportJob, ReportPlan, RequestedReport, Step, job_in
from connectors.amazon.reports import REPORTS, Downloaded, Reports
from connectors.amazon.return_rows import BY_AMAZON, BY_SELLER, RawReturn, returns_in
from connectors.amazon.settings import AmazonSettings
from connectors.kit import exact_json
from connectors.kit.errors import DataError, TransientError
from connectors.kit.ports import Fetched, Page, Problem
from connectors.kit.rate import Priority

logger = logging.getLogger(__name__)

FLOW, ENTITY = "returns", "return"
PAGE = 25
MOST_ORDERS = 5000
# Amazon gives so many days in one report, and keeps what is older than a resync can want.
LONGEST, OLDEST = timedelta(days=60), timedelta(days=540)
_KINDS = {"MERCHANT": BY_SELLER, "AMAZON": BY_AMAZON}


class AmazonReturns:
    """`Source` of the flow `returns`. `sleep`: waits while a report is being made."""

    flow = FLOW

    def __init__(
        self, settings: AmazonSettings, account: str, client: AmazonClient, reports: Reports, now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self.account = account
        keys = settings.account(account)
        self._places = keys.marketplaces
        self._kinds = [_KINDS[one] for one in keys.fulfilled_by or ("MERCHANT", "AMAZON")]
        self._first = timedelta(days=keys.start_days_back)
        self._overlap = timedelta(days=settings.reading.returns_days)
        self._fresh = timedelta(minutes=settings.reading.report_minutes)
        self._client = client
        self._reports = reports
        self._now = now
        self._sleep = sleep
        # Order -> its marketplace and its items by SKU, which never change.
        self._orders: OrderedDict[str, tuple[str, dict[str, str]]] = OrderedDict()

    def pages(self, position: str) -> AsyncIterator[Page]:
        """Both reports, one after the other. Raises DataError for a position that is none."""
        return self._walk(_jobs_in(position, self._kinds), self._overlap)

    async def resync(self, since: datetime) -> AsyncIterator[Page]:
        """The returns made since then. The positions of its pages are not the flow's. Raises TransientError while a report is not there yet."""
        jobs = {kind: ReportJob(since=max(since, self._now() - OLDEST)) for kind in self._kinds}
        async for page in self._walk(jobs, timedelta()):
            if page.last and (late := [kind for kind, job in jobs.items() if job.end or job.pause_until]):
                raise TransientError(
                    f"resync of returns: Amazon has not made {', '.join(late)} yet; what it makes meanwhile is found"
                )
            yield page

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these returns, of the last weeks; reports know no ids, so all of them are looked through."""
        wanted = {self._key(one) for one in ids}
        async for page in self.resync(self._now() - self._overlap):
            items = tuple(item for item in page.items if item.key in wanted)
            wanted -= {item.key for item in items}
            detail = (
                f"no report of the last {self._overlap.days} days has a return of this id; resync from an earlier day"
            )
            missing = tuple(Problem(key, detail, b"", ENTITY) for key in sorted(wanted)) if page.last else ()
            yield replace(page, items=items, problems=missing)

    async def aclose(self) -> None:
        await self._reports.aclose()

    async def _walk(self, jobs: dict[str, ReportJob], overlap: timedelta) -> AsyncIterator[Page]:
        for number, kind in enumerate(self._kinds, 1):
            plan = ReportPlan(kind, first=self._first, overlap=overlap, longest=LONGEST, fresh=self._fresh)
            machine = RequestedReport(self._reports, self._places, plan, self._now, self._sleep)
            async for step in machine.steps(jobs[kind]):
                async for page in self._step(kind, step, jobs, is_last=step.last and number == len(self._kinds)):
                    yield page

    async def _step(self, kind: str, step: Step, jobs: dict[str, ReportJob], *, is_last: bool) -> AsyncIterator[Page]:
        """The pages of one step; the position goes on with the last of them."""
        found, problems = self._read(kind, step.document)
        if step.failed:
            problems.append(Problem(f"amazon:{self.account}:return:{kind}", step.failed, b"", ENTITY))
        before, request = _position(jobs), f"GET {REPORTS} {kind}"
        while len(found) > PAGE:
            part, found = found[:PAGE], found[PAGE:]
            yield Page(await self._fetched(kind, part), before, None, False, (), request)
        jobs[kind] = step.job
        untils = [jobs[one].until for one in self._kinds if one in jobs]
        read_until = min((until for until in untils if until), default=None) if is_last and all(untils) else None
        yield Page(await self._fetched(kind, found), _position(jobs), read_until, is_last, tuple(problems), request)

    def _read(self, kind: str, document: Downloaded | None) -> tuple[list[RawReturn], list[Problem]]:
        if document is None:
            return [], []
        try:
            found, details = returns_in(kind, document.content, document.content_type)
        except DataError as error:
            return [], [Problem(f"amazon:{self.account}:return:{kind}", str(error), b"", ENTITY)]
        key = f"amazon:{self.account}:return:{kind}-row"
        return found, [Problem(key, detail, b"", ENTITY) for detail in details]

    async def _fetched(self, kind: str, found: Sequence[RawReturn]) -> tuple[Fetched, ...]:
        made = [await self._one(kind, raw) for raw in found]
        return tuple(one for one in made if one is not None)

    async def _one(self, kind: str, raw: RawReturn) -> Fetched | None:
        """None for one of another marketplace: Amazon's own report is said to be of the whole seller, whatever marketplaces were asked for."""
        content: dict[str, Any] = {"report": kind, "returnId": raw.return_id, "orderId": raw.order_id, "rows": raw.rows}
        if skus := raw.without_item():
            place, items = await self._order(raw.order_id)
            if place and place not in self._places:
                return None
            content["lineIds"] = {sku: items[sku] for sku in dict.fromkeys(skus) if sku in items}
        return Fetched(self._key(raw.return_id), ENTITY, exact_json.dumps(content))

    async def _order(self, order_id: str) -> tuple[str, dict[str, str]]:
        """(marketplace, SKU -> item) of an order, the first item of each SKU; nothing for an order Amazon does not have, which is asked for again:
        it may only not be there yet."""
        if order_id not in self._orders:
            order = (
                await self._client.get_order(order_id, (), Priority.REPORTS) if ORDER_ID.fullmatch(order_id) else None
            )
            if order is None:
                return "", {}
            self._orders[order_id] = (place_in(order), items_in(order))
            if len(self._orders) > MOST_ORDERS:
                self._orders.popitem(last=False)
        return self._orders[order_id]

    def _key(self, return_id: str) -> str:
        return f"amazon:{self.account}:return:{return_id}"


def place_in(order: Any) -> str:
    """The marketplace's id of an order as it came, empty where it tells none."""
    channel = order.get("salesChannel") if isinstance(order, dict) else None
    place = channel.get("marketplaceId") if isinstance(channel, dict) else None
    return place if isinstance(place, str) else ""


def items_in(order: Any) -> dict[str, str]:
    """SKU -> orderItemId of an order as it came."""
    found: dict[str, str] = {}
    lines = order.get("orderItems") if isinstance(order, dict) else None
    for line in lines if isinstance(lines, list) else ():
        product = line.get("product") if isinstance(line, dict) else None
        sku = product.get("sellerSku") if isinstance(product, dict) else None
        if isinstance(sku, str) and isinstance(line.get("orderItemId"), str):
            found.setdefault(sku, line["orderItemId"])
    return found


def _position(jobs: dict[str, ReportJob]) -> str:
    return json.dumps({"v": 1, "reports": {kind: job.as_json() for kind, job in jobs.items()}})


def _jobs_in(position: str, kinds: Sequence[str]) -> dict[str, ReportJob]:
    """Where each report stands; one that was not read before begins anew."""
    if not position:
        return {kind: ReportJob() for kind in kinds}
    try:
        content = json.loads(position)["reports"]
        found = {kind: content[kind] for kind in kinds if kind in content}
    except (ValueError, KeyError, TypeError):
        raise DataError("position: not that of returns; resync to start over") from None
    return {kind: job_in(found[kind]) if kind in found else ReportJob() for kind in kinds}

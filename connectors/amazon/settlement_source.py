"""Settlement reports in: the flow `settlements` (FIN-1).

Amazon makes a report at each payout and lists it for 90 days; it cannot be asked for. A report does not change, so each is read once; the position
remembers which, by Amazon's ids of reports.

A seller has one list for all its currencies, and a report says its own only in its first row. So each account of a seller downloads all of them and
takes what is its own; a report that no account takes is a Problem that says which account is missing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime

from connectors.amazon.marketplaces import BY_ID
from connectors.amazon.reports import DONE, REPORTS, Report, Reports
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.settlements import ENTITY, FLOW, REPORT, fetched, mapping_for, summary_of
from connectors.kit.errors import DataError
from connectors.kit.ports import EntityMapping, Page, Problem
from connectors.kit.read_once import done_in, position_of


class AmazonSettlements:
    """`Source` of the flow `settlements`."""

    flow = FLOW

    def __init__(self, settings: AmazonSettings, account: str, reports: Reports, now: Callable[[], datetime]) -> None:
        self.account = account
        self._settings = settings
        self._reports = reports
        self._now = now

    async def pages(self, position: str) -> AsyncIterator[Page]:
        """Reports not read yet, oldest first, a page each. Raises DataError for a position that is none."""
        done, began = done_in(position, FLOW), self._now()
        listed = await self._listed()
        known = [report.id for report in listed]
        left = [report for report in listed if report.id not in done]
        if not left:
            yield Page((), position_of(done, known), began, request=f"GET {REPORTS}")
        for number, report in enumerate(left, 1):
            done = [*done, report.id]
            last = number == len(left)
            yield await self._page(report, position_of(done, known), began if last else None, last=last)

    async def resync(self, since: datetime) -> AsyncIterator[Page]:
        """The reports made since then, of the last 90 days."""
        listed = [one for one in await self._listed() if one.created is None or one.created >= since]
        if not listed:
            yield Page((), "", None, request=f"GET {REPORTS}")
        for number, report in enumerate(listed, 1):
            yield await self._page(report, "", None, last=number == len(listed))

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these reports, by Amazon's ids of reports (not of settlements)."""
        for number, report_id in enumerate(ids, 1):
            last, report = number == len(ids), await self._reports.get(report_id)
            if report is None or report.kind != REPORT or report.status != DONE:
                detail = "there is no settlement report of this id; ids are those of reports, and reports are kept for 90 days"
                yield Page(
                    (),
                    "",
                    None,
                    last,
                    (Problem(self._key(report_id), detail, b"", ENTITY),),
                    f"GET {REPORTS}/{report_id}",
                )
                continue
            yield await self._page(report, "", None, last=last)

    async def aclose(self) -> None:
        await self._reports.aclose()

    async def _listed(self) -> list[Report]:
        """Those that can be read; one that Amazon is still making comes with a later poll."""
        return [one for one in await self._reports.listed([REPORT], statuses=(DONE,)) if one.kind == REPORT]

    async def _page(self, report: Report, position: str, read_until: datetime | None, *, last: bool) -> Page:
        request = f"GET {REPORTS}/{report.id}"
        try:
            document = await self._reports.download(report.document)
            summary = summary_of(document.content, document.content_type)
            owner = owner_of(self._settings, self.account, summary.currency, report.marketplaces)
            if owner == self.account:
                item = fetched(document.content, document.content_type, self.account, report.facts)
                return Page((item,), position, read_until, last, (), request)
            # Told by one account, not by each of the seller's.
            silent = owner or self.account != accounts_of_seller(self._settings, self.account)[0]
            problems = () if silent else (self._unwanted(report, summary.settlement_id, summary.currency),)
        except DataError as error:
            problems = (Problem(self._key(report.id), str(error), b"", ENTITY),)
        return Page((), position, read_until, last, problems, request)

    def _unwanted(self, report: Report, settlement_id: str, currency: str) -> Problem:
        seller = self._settings.account(self.account).seller_id
        detail = (
            f"settlement {settlement_id} is in {currency}, and no account of seller {seller} has a marketplace of that currency: "
            f"configure one (CAUSEWAY_AMAZON__ACCOUNTS__{currency}__MARKETPLACES and so on), then fetch report {report.id} of it"
        )
        return Problem(self._key(report.id), detail, b"", ENTITY)

    def _key(self, report_id: str) -> str:
        return f"amazon:{self.account}:settlement:report-{report_id}"


def accounts_of_seller(settings: AmazonSettings, account: str) -> list[str]:
    """The names of all accounts of the same seller, as configured."""
    own = settings.account(account)
    return [
        name for name, one in settings.accounts.items() if (one.region, one.seller_id) == (own.region, own.seller_id)
    ]


def owner_of(settings: AmazonSettings, account: str, currency: str, marketplaces: Sequence[str] = ()) -> str:
    """The account of this one's seller that takes a settlement; empty when none does.

    One of its currency; of several the one whose marketplaces the report names, else the first as configured. An account of marketplaces we do not
    know may be of any currency: it takes what no other does.
    """
    names = accounts_of_seller(settings, account)
    currencies = {name: currencies_of(settings, name) for name in names}
    fitting = [name for name in names if currency in currencies[name]] or [
        name for name in names if not currencies[name]
    ]
    named = [name for name in fitting if set(settings.account(name).marketplaces) & set(marketplaces)]
    return next(iter(named or fitting), "")


def currencies_of(settings: AmazonSettings, account: str) -> frozenset[str]:
    """Of an account's marketplaces, as far as we know them: one or none."""
    return frozenset(BY_ID[one].currency for one in settings.account(account).marketplaces if one in BY_ID)


def settlement_mapping(settings: AmazonSettings) -> EntityMapping:
    """Raw settlement -> canonical, with the kinds that are configured."""
    kinds: Mapping[str, str] = settings.reading.settlement_kinds
    return mapping_for(kinds)

"""Reports of one account: listed, asked for, followed, downloaded. (Source: model reports_2021-06-30.)

    getReports          what there is, of the last 90 days; the next page by its token alone
    createReport        one in a minute; a lost answer is found again in the list (`report_jobs`)
    getReport           IN_QUEUE, IN_PROGRESS, DONE, CANCELLED (nothing to report), FATAL
    getReportDocument   an address for five minutes, opened without a token

A document is left as it was downloaded, gzip or not: who reads it looks at its first bytes, so it is unpacked once whoever unpacked before. It is
whole: one that came damaged is downloaded again (the kit's `rereading`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from connectors.amazon import errors
from connectors.amazon.client import AmazonClient, Query
from connectors.amazon.documents import GZIP, Documents, damage_of
from connectors.amazon.settings import AmazonSettings
from connectors.kit.calls import Said
from connectors.kit.cursor import LoopGuard, to_text
from connectors.kit.errors import DataError, RetryError
from connectors.kit.http import HttpSettings
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.kit.rereading import DamagedError, Rereading

logger = logging.getLogger(__name__)

REPORTS, DOCUMENTS = "/reports/2021-06-30/reports", "/reports/2021-06-30/documents"
IN_QUEUE, IN_PROGRESS, DONE, CANCELLED, FATAL = "IN_QUEUE", "IN_PROGRESS", "DONE", "CANCELLED", "FATAL"
PAGE = "100"
# A settlement of a big seller has 25 MB and may come unpacked.
LARGEST_DOCUMENT = 256 * 1024 * 1024
_MOST_RESTARTS = 2


@dataclass(frozen=True, slots=True)
class Report:
    """One report. document: the id of its document, once it is DONE; start, end: of its data."""

    id: str
    kind: str
    status: str
    document: str = ""
    created: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    marketplaces: tuple[str, ...] = ()

    @property
    def facts(self) -> dict[str, str]:
        """What stays the same however often it is read, by Amazon's names."""
        times = {"createdTime": self.created, "dataStartTime": self.start, "dataEndTime": self.end}
        return {"reportId": self.id, **{name: to_text(moment) for name, moment in times.items() if moment}}


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A document as it came, perhaps gzip; content_type: of the download."""

    content: bytes
    content_type: str = ""


class Reports:
    """Raises `connectors.kit.errors` only."""

    def __init__(self, client: AmazonClient, documents: Documents) -> None:
        self._client = client
        self._documents = documents
        self._rereading = Rereading("amazon")
        self._following = ""

    async def listed(
        self, kinds: Sequence[str], *, since: datetime | None = None, statuses: Sequence[str] = ()
    ) -> list[Report]:
        """All reports of these types, oldest first; `since`: when they were made, by default as far back as Amazon tells."""
        query: Query = {
            "reportTypes": kinds, "processingStatuses": statuses, "pageSize": PAGE, "createdSince": to_text(since) if since else "",
        }  # fmt: skip
        for left in range(_MOST_RESTARTS, -1, -1):
            try:
                found = await self._pages(query)
                return sorted(found, key=lambda one: to_text(one.created) if one.created else "")
            except DataError:
                if not left or not self._following:
                    raise
                logger.warning("amazon_reports_token_refused kinds=%s", ",".join(kinds))
        raise AssertionError("the last try gives a list or an error")

    async def get(self, report_id: str) -> Report | None:
        """One report; None when Amazon knows none of that id (any more)."""
        try:
            answer, content = await self._call("getReport", "GET", f"{REPORTS}/{quote(report_id, safe='')}")
        except DataError as error:
            if errors.is_missing(error):
                return None
            raise
        found = report_in(content)
        if found is None:
            raise answer.asked.left("gave no report")
        return found

    async def create(
        self, kind: str, marketplaces: Sequence[str], start: datetime, end: datetime, options: Mapping[str, str] | None = None
    ) -> str:  # fmt: skip
        """Ask for a report; its id. Raises UncertainError when it may have been asked for: look at the list first."""
        body = {
            "reportType": kind, "marketplaceIds": list(marketplaces), "dataStartTime": to_text(start), "dataEndTime": to_text(end),
            **({"reportOptions": dict(options)} if options else {}),
        }  # fmt: skip
        answer, content = await self._call("createReport", "POST", REPORTS, body)
        report_id = Reader(content if isinstance(content, dict) else {}).text("reportId")
        if not report_id:
            raise answer.asked.left("gave no `reportId`")
        return report_id

    async def download(self, document_id: str) -> Downloaded:
        """A report's document, whole. An address that came to nothing, or to something damaged, is asked for once more. Raises DamagedError when
        that came damaged as well, DataError for a document that stays so and for a packing we do not know."""
        return await self._rereading.read(document_id, partial(self._whole, document_id))

    async def aclose(self) -> None:
        """The client's connections too."""
        await self._documents.aclose()
        await self._client.aclose()

    async def _whole(self, document_id: str) -> Downloaded:
        address = await self._address(document_id)
        try:
            return await self._opened(*address)
        except RetryError:
            return await self._opened(*await self._address(document_id))

    async def _opened(self, url: str, packing: str) -> Downloaded:
        found = Downloaded(*await self._documents.fetch(url, packing))
        if damage := damage_of(found.content):
            raise DamagedError(f"document: {damage}")
        return found

    async def _address(self, document_id: str) -> tuple[str, str]:
        """(a new address, how it is packed)"""
        answer, content = await self._call("getReportDocument", "GET", f"{DOCUMENTS}/{quote(document_id, safe='')}")
        read = Reader(content if isinstance(content, dict) else {})
        url, packing = read.text("url"), read.text("compressionAlgorithm").upper()
        if not url:
            raise answer.asked.left("gave no `url`")
        if packing not in ("", GZIP):
            raise DataError("get report document: it is packed in a way we do not know", code="DATA")
        return url, packing

    async def _pages(self, query: Query) -> list[Report]:
        found: list[Report] = []
        guard, self._following = LoopGuard("reports"), ""
        while True:
            asked: Query = {"nextToken": self._following} if self._following else query
            answer, content = await self._call("getReports", "GET", REPORTS, query=asked)
            entries = content.get("reports") if isinstance(content, dict) else None
            if not isinstance(entries, list):
                raise answer.asked.left("gave no `reports`")
            found += [one for entry in entries if (one := report_in(entry)) is not None]
            following = content.get("nextToken")
            if not isinstance(following, str) or not following:
                return found
            guard.follow(following)
            self._following = following

    async def _call(self, operation: str, method: str, path: str, body: Any = None, query: Query | None = None) -> Said:
        return await self._client.call(operation, method, path, query=query, body=body, priority=Priority.REPORTS)


def report_in(entry: Any) -> Report | None:
    """An entry of the list; None, and logged, for one that cannot be followed."""
    try:
        read = Reader(entry).an_object()
        return Report(
            read.needed_text("reportId"), read.needed_text("reportType"), read.needed_text("processingStatus").upper(),
            read.text("reportDocumentId"), read.time("createdTime"), read.time("dataStartTime"), read.time("dataEndTime"),
            tuple(read.texts("marketplaceIds")),
        )  # fmt: skip
    except DataError as error:
        logger.warning("amazon_report_unreadable problem=%s", error)
        return None


def documents_of(settings: HttpSettings) -> Documents:
    """A client for documents of reports, which are longer than any other answer."""
    most = max(settings.largest_answer_bytes, LARGEST_DOCUMENT)
    return Documents(settings.model_copy(update={"largest_answer_bytes": most}))


def reports_of(settings: AmazonSettings, client: AmazonClient) -> Reports:
    """The reports of a client's account."""
    return Reports(client, documents_of(settings.http))

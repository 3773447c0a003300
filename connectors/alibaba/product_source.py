"""Reads offers: the flow `products` of one account (PRD-2). The platform has no list of what changed, so each poll asks for every offer that is
known: those of the settings, of a file, and of searches by keyword. What did not change is dropped by checksum later.

Position: `{"v":1,"after":OFFER}`, the last one that was read of a walk in rising order; `{"v":1}` between walks. Some of these calls are billed, so
a walk that was interrupted goes on where it stood.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.reading import OfferReader, fetched_offer, no_offer
from connectors.alibaba.reference import AlibabaReference
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.trade import NUMBER
from connectors.kit.errors import DataError, ForbiddenError, RuleError
from connectors.kit.ports import Fetched, Page, Problem
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader

FLOW = "products"
_BATCH, _HITS = 10, 50


class AlibabaProducts:
    """`Source` of the flow `products`."""

    flow = FLOW

    def __init__(
        self, settings: AlibabaSettings, account: str, client: AlibabaClient, now: Callable[[], datetime]
    ) -> None:
        self.account = account
        self._settings = settings
        self._client = client
        reference = AlibabaReference(settings, account, client, now)
        self._offers = OfferReader(client, settings.apis.product_detail, settings.language, reference)
        self._now = now

    def pages(self, position: str) -> AsyncIterator[Page]:
        """Raises DataError for a position that is none, or an offers_file that cannot be used."""
        return self._walk(after_in(position))

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """All of them: the platform does not say when an offer changed."""
        return self._walk(0)

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these offers, a page each."""
        for number, offer_id in enumerate(ids, 1):
            items, problems = await self._read(offer_id)
            yield Page(items, "", None, number == len(ids), problems, f"product_detail {offer_id[:20]}")

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _walk(self, after: int) -> AsyncIterator[Page]:
        began = self._now()
        left = [one for one in await self._known() if one > after]
        while True:
            batch, left = left[:_BATCH], left[_BATCH:]
            read = [await self._read(str(one)) for one in batch]
            items = tuple(item for some, _ in read for item in some)
            problems = tuple(problem for _, some in read for problem in some)
            position = {"v": 1, "after": str(batch[-1])} if left else {"v": 1}
            asked = f"product_detail of {len(batch)}, {len(left)} left"
            yield Page(items, json.dumps(position), None if left else began, not left, problems, asked)
            if not left:
                return

    async def _read(self, offer_id: str) -> tuple[tuple[Fetched, ...], tuple[Problem, ...]]:
        """An offer that is gone, or not shown to this buyer, is a problem of its own; the rest goes on."""
        if not NUMBER.fullmatch(offer_id):
            return (), (no_offer(self.account, "unreadable", "an offer's number has at most 20 digits"),)
        try:
            content = await self._offers.read(offer_id)
        except (DataError, RuleError) as error:
            return (), (no_offer(self.account, offer_id, str(error)),)
        return (fetched_offer(self.account, offer_id, content),), ()

    async def _known(self) -> list[int]:
        """In rising order."""
        account = self._settings.account(self.account)
        found = {*account.offers, *offers_in(account.offers_file)}
        for keyword in account.keywords:
            found.update(await self._hits(keyword))
        return sorted(int(one) for one in found)

    async def _hits(self, keyword: str) -> list[str]:
        found: list[str] = []
        for page in range(1, self._settings.search_pages + 1):
            asked = {"keyword": keyword, "beginPage": page, "pageSize": _HITS, "country": self._settings.language}
            body = await self._client.call("product_search", {"offerQueryParam": asked}, priority=Priority.PRODUCTS)
            result = Reader(body)["result"]["result"]
            rows = result.children("data")
            found += [one for row in rows if NUMBER.fullmatch(one := row.text("offerId"))]
            if not rows or page >= int(result.decimal("totalPage")):
                break
        return found


def offers_in(path: str) -> list[str]:
    """The numbers in a list file: one a line, `#` begins a remark, what is behind a `/` (as in suppliers' codes) is left out. Raises DataError."""
    if not path:
        return []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ForbiddenError(f"offers_file cannot be read ({type(error).__name__})") from None
    found = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].partition("/")[0].strip()
        if text and not NUMBER.fullmatch(text):
            raise DataError(f"offers_file: line {number} is no offer's number")
        if text:
            found.append(text)
    return found


def after_in(position: str) -> int:
    """Raises DataError."""
    if not position:
        return 0
    try:
        content: Any = json.loads(position)
        after = int(content.get("after", 0)) if content["v"] == 1 else None
    except (ValueError, KeyError, TypeError, AttributeError):
        after = None
    if after is None:
        raise DataError("position: not that of products; resync to start over")
    return after

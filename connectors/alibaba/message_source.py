"""Reads messages whose push failed: the flow `messages` of one account (PO-2, SEC-5). What each names is fetched, whatever it says of it.

The platform keeps a message until it is confirmed, so there is nothing to resume from: confirmed is what a page was made of, once that page is safe.
A message of a type unknown to us, or one that cannot be read, is a problem: a dead letter shows it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.messages import AUTHORISATION_ENDED, Message, message_in
from connectors.alibaba.reading import OfferReader, OrderReader, fetched_offer, fetched_order, no_offer, no_order
from connectors.alibaba.reference import AlibabaReference
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.times import stamp
from connectors.alibaba.trade import NUMBER
from connectors.kit import exact_json
from connectors.kit.errors import DataError, RuleError, TransientError
from connectors.kit.ports import Fetched, Page, Problem
from connectors.kit.rate import Priority

logger = logging.getLogger(__name__)

FLOW = "messages"
_PAGE = 100


class AlibabaMessages:
    """`Source` of the flow `messages`: the orders and offers they are about."""

    flow = FLOW

    def __init__(
        self, settings: AlibabaSettings, account: str, client: AlibabaClient, now: Callable[[], datetime]
    ) -> None:
        self.account = account
        self._client = client
        reference = AlibabaReference(settings, account, client, now)
        self._orders = OrderReader(client, reference)
        self._offers = OfferReader(client, settings.apis.product_detail, settings.language, reference)
        self._now = now

    def pages(self, position: str) -> AsyncIterator[Page]:
        """All that wait."""
        return self._walk({})

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """Those that wait and came since then."""
        return self._walk({"createStartTime": stamp(since), "createEndTime": stamp(self._now() + timedelta(days=1))})

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """The platform gives no message by its number: each is a problem."""
        for number, one in enumerate(ids, 1):
            problem = Problem(self._key(one), "messages cannot be fetched by number; fetch the order or offer", b"")
            yield Page((), "", None, number == len(ids), (problem,))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _walk(self, within: dict[str, str]) -> AsyncIterator[Page]:
        began, done = self._now(), set[str]()
        while True:
            rows, total = await self._stored(within)
            fresh = [row for row in rows if _identity(row) not in done]
            done.update(_identity(row) for row in fresh)
            items, problems = await self._meant(fresh)
            last = not fresh or total <= len(rows)
            # The walk goes on, and confirms, once this page is safe.
            yield Page(items, "", began if last else None, last, problems, f"stored_messages of {total}")
            await self._confirm(_identity(row) for row in fresh)
            if last:
                return

    async def _stored(self, within: dict[str, str]) -> tuple[list[Any], int]:
        """Always the first page: what was confirmed is in it no more."""
        asked = {**within, "page": 1, "pageSize": _PAGE}
        body = await self._client.call("stored_messages", asked, priority=Priority.REPORTS)
        page = body.get("pushMessagePage")
        rows, total = (page.get("datas"), page.get("totalCount")) if isinstance(page, dict) else (None, None)
        if rows is None and total == 0:
            rows = []
        if not isinstance(rows, list) or not isinstance(total, int):
            raise TransientError("stored messages: the answer has no `pushMessagePage` with `datas`")
        return rows, total

    async def _meant(self, rows: list[Any]) -> tuple[tuple[Fetched, ...], tuple[Problem, ...]]:
        problems: list[Problem] = []
        orders: dict[str, None] = {}
        offers: dict[str, None] = {}
        for row in rows:
            try:
                message = message_in(row)
            except DataError as error:
                problems.append(Problem(self._key(_identity(row) or "unreadable"), str(error), exact_json.dumps(row)))
                continue
            problems += self._remarked(message, row)
            orders.update(dict.fromkeys(message.orders))
            offers.update(dict.fromkeys(message.offers))
        items: list[Fetched] = []
        for order_id in orders:
            content = await self._orders.read(order_id)
            items += [fetched_order(self.account, order_id, content)] if content else []
            problems += [] if content else [no_order(self.account, order_id)]
        for offer_id in offers:
            try:
                items.append(fetched_offer(self.account, offer_id, await self._offers.read(offer_id)))
            except (DataError, RuleError) as error:
                problems.append(no_offer(self.account, offer_id, str(error)))
        return tuple(items), tuple(problems)

    def _remarked(self, message: Message, row: Any) -> list[Problem]:
        if message.kind == AUTHORISATION_ENDED:
            logger.error("reauthorise", extra={"source": "alibaba", "account": self.account})
        if message.known:
            return []
        return [unknown_type(self.account, message.id, exact_json.dumps(row))]

    async def _confirm(self, identities: Iterable[str]) -> None:
        found = [int(one) for one in identities if one]
        if found:
            await self._client.call("confirm_messages", {"msgIdList": found}, priority=Priority.REPORTS)

    def _key(self, identity: str) -> str:
        return _key(self.account, identity)


def unknown_type(account: str, identity: str, payload: bytes) -> Problem:
    """A message of a type that means nothing to us, whichever way it came."""
    detail = "a message of a type unknown to us; take its topic out of the app's console, or discard it"
    return Problem(_key(account, identity), detail, payload)


def _key(account: str, identity: str) -> str:
    return f"alibaba:{account}:message:{identity}"


def _identity(row: Any) -> str:
    """A message's number as text, "" for none."""
    value = row.get("msgId") if isinstance(row, dict) else None
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if NUMBER.fullmatch(text) else ""

"""Settlements: what was shipped and refunded since the last one, as a report that Amazon lists and nobody can ask for (amazon.md section 9).

    POST /sandbox/settlements    {"marketplace": "DE" or "marketplaces": [...] of one currency, "days", "offers", "variant", "copy_of",
                                  "adjustments": [["text", 123]], "storage", "advertising", "reserve"}

Amounts are of the currency's smallest unit. On request a file is wrong in one way, to see whether its reader notices: a total that is off by one
unit, a kind of transaction that nobody knows, the same file in several reports."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox.marketplaces import Marketplace, marketplace
from connectors.amazon.sandbox.order_feeds import OrderFeeds
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.reports import Asked, Made
from connectors.amazon.sandbox.return_reports import ReturnReports
from connectors.amazon.sandbox.settlement_flat_file import STYLES, Head, written
from connectors.amazon.sandbox.settlement_rows import OTHER, Booked, Row, rows_of
from connectors.amazon.sandbox.settlement_store import Settlement, SettlementStore
from connectors.amazon.sandbox.store import StoredOrder
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.page import Table, shown_time
from connectors.kit.sandbox.steering import FORM_ERRORS, Json, NotThereError, account_in, answered, known, number

TYPE = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
OFF_BY_ONE, UNKNOWN_TYPE = "off_by_one", "unknown_type"
VARIANTS = ("", OFF_BY_ONE, UNKNOWN_TYPE)
DAY_MS = 86_400_000
MOST = 10**12
_FIELDS = {
    "marketplace",
    "marketplaces",
    "days",
    "offers",
    "variant",
    "copy_of",
    "adjustments",
    "storage",
    "advertising",
    "reserve",
}


@dataclass(frozen=True)
class Wish:
    """How a settlement shall be. places: its marketplaces, the first says how the file is written; offers: in how many reports it lies."""

    places: tuple[Marketplace, ...]
    days: int = 14
    offers: int = 1
    variant: str = ""
    adjustments: tuple[tuple[str, int], ...] = ()
    storage: int = 0
    advertising: int = 0
    reserve: int = 0


class SettlementReports(Part):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.store = SettlementStore(world.database)
        world.reports.announce(TYPE)

    def routes(self) -> list[Route]:
        return [Route("/sandbox/settlements", self.settle, methods=["POST"])]

    async def settle(self, request: Request) -> Response:
        return await answered(request, self._settle)

    def publish(self, account: str, wish: Wish, now: float) -> Settlement:
        """Makes a settlement of what is not booked yet and lists it."""
        with self.world.database.transaction():
            rows, booked = self.unbooked(account, [place.id for place in wish.places], now)
            last = self.store.last(account, wish.places[0].currency)
            rows += _extra_rows(wish, last.reserve if last else 0, int(now * 1000))
            for order_id, one in booked.items():
                self.store.book(account, order_id, one)
            made = self._made(account, wish, rows, last, int(now * 1000))
            return self._offered(made, wish, now)

    def unbooked(self, account: str, places: Sequence[str], now: float) -> tuple[list[Row], dict[str, Booked]]:
        """What the next settlement books: its rows, and what is booked of each order with them."""
        rows: list[Row] = []
        booked: dict[str, Booked] = {}
        for order in self.world.store.all(account):
            if order.visible_at > now or order.marketplace not in places:
                continue
            before = self.store.booked(account, order.id)
            try:
                made, after = rows_of(order.body, self._refunds(order), before, order.updated)
            except FORM_ERRORS:
                continue  # an order of wrong form; it is kept on purpose (damage.py)
            rows += made
            if after != before:
                booked[order.id] = after
        return rows, booked

    def snapshot(self, account: str, now: float) -> Json:
        return {"settlements": [_told(one) for one in self.store.all(account)]}

    def tables(self, account: str) -> list[Table]:
        rows = [
            (
                one.id,
                shown_time(one.start / 1000),
                shown_time(one.end / 1000),
                one.total,
                one.currency,
                one.rows,
                one.variant,
            )
            for one in self.store.all(account)[::-1]
        ]
        columns = ("Settlement", "From", "To", "Total (smallest units)", "Currency", "Rows", "Wrong in")
        return [Table(f"Settlements of {account}", columns, rows, "", "None. POST /sandbox/settlements makes one.")]

    def _made(self, account: str, wish: Wish, rows: Sequence[Row], last: Settlement | None, now_ms: int) -> Settlement:
        place, count = wish.places[0], len(self.store.all(account)) + 1
        settlement_id = f"{18_800_000_000 + sum(map(ord, account)) * 1000 + count}"
        total = sum(row.minor for row in rows)
        paid = total + (1 if wish.variant == OFF_BY_ONE else 0)
        start = last.end if last else now_ms - wish.days * DAY_MS
        content = written(Head(settlement_id, start, now_ms, now_ms + 2 * DAY_MS, paid), rows, place)
        return Settlement(
            account,
            settlement_id,
            place.currency,
            start,
            now_ms,
            paid,
            total,
            len(rows),
            wish.variant,
            wish.reserve,
            (),
            content,
        )

    def _offered(self, made: Settlement, wish: Wish, now: float) -> Settlement:
        """With the reports that carry it."""
        content_type, places = STYLES[wish.places[0].country].content_type, tuple(place.id for place in wish.places)
        asked = Asked(made.account, "", TYPE, places, made.start, made.end, {}, now)
        jobs = [self.world.reports.publish(asked, Made(made.content, content_type)) for _ in range(wish.offers)]
        listed = replace(made, reports=(*made.reports, *(job.id for job in jobs)))
        self.store.put(listed)
        return listed

    def _refunds(self, order: StoredOrder) -> list[Json]:
        """The seller's, and those that Amazon gave for returns to its own warehouses, oldest first."""
        found: list[Json] = []
        for part in self.world.parts:
            if isinstance(part, OrderFeeds | ReturnReports):
                found += part.refunds(order.account, order.id)
        return sorted(found, key=lambda refund: float(refund["at"]))

    def _settle(self, body: Json) -> Json:
        known(body, {*_FIELDS, "account"})
        account, now = account_in(self.world.sellers, body), self.world.now()
        wish = self._wish(account, body)
        if "copy_of" in body:
            made = self.store.get(account, str(body["copy_of"]))
            if made is None:
                raise NotThereError("copy_of: no such settlement")
            made = self._offered(made, wish, now)
        else:
            made = self.publish(account, wish, now)
        return _told(made)

    def _wish(self, account: str, body: Json) -> Wish:
        mine = self.world.sellers[account].marketplaces
        names = body.get("marketplaces", [body["marketplace"]] if "marketplace" in body else mine[:1])
        places = tuple(marketplace(str(name)) for name in names)
        if not places or any(place.id not in mine for place in places):
            raise ValueError("marketplaces: the seller's are expected")
        if len({place.currency for place in places}) > 1:
            raise ValueError("marketplaces: a settlement has one currency")
        if body.get("variant", "") not in VARIANTS:
            raise ValueError(f"variant: one of {', '.join(filter(None, VARIANTS))} is expected")
        counts = {name: int(number(body, name, 0, MOST, 0)) for name in ("storage", "advertising", "reserve")}
        extra = tuple((str(text), int(amount)) for text, amount in body.get("adjustments", ()))
        days, offers = int(number(body, "days", 1, 365, 14)), int(number(body, "offers", 1, 9, 1))
        return Wish(places, days, offers, str(body.get("variant", "")), extra, **counts)


def _extra_rows(wish: Wish, reserved: int, now_ms: int) -> list[Row]:
    """What belongs to no order. reserved: what the last settlement kept back."""
    amounts = [
        ((OTHER, OTHER, "Previous Reserve Amount Balance"), reserved),
        ((OTHER, OTHER, "Current Reserve Amount"), -wish.reserve),
        ((OTHER, OTHER, "Storage Fee"), -wish.storage),
        (("ServiceFee", "Cost of Advertising", "TransactionTotalAmount"), -wish.advertising),
        (("Stardust Levy", "Stardust", "Base levy"), -123 if wish.variant == UNKNOWN_TYPE else 0),
        *(((OTHER, OTHER, text), amount) for text, amount in wish.adjustments),
    ]
    return [Row(triple, minor, now_ms) for triple, minor in amounts if minor]


def _told(one: Settlement) -> Json:
    return {
        "settlementId": one.id,
        "reports": list(one.reports),
        "rows": one.rows,
        "total": one.total,
        "sum": one.sum,
        "currency": one.currency,
        "start": one.start,
        "end": one.end,
        "variant": one.variant,
        "reserve": one.reserve,
    }

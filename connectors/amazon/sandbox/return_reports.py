"""Returns: what buyers send back, as the two reports that tell of them.

    GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE          to the seller: a line for each item, by the day the return was asked for
    GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA          to Amazon's warehouses: a line for each unit, by the day it came in

    POST /sandbox/returns              {"orderId", "items": [{"orderItemId", "quantity", "reason", "disposition"}]} or {"count", "seed"}, "timeline"
    POST /sandbox/returns/ID/change    {"kind": "receive" | "refund" | "close"}

What comes back to Amazon is refunded by Amazon when it is there, and stands in its stock again; what comes back to the seller is for the seller to
refund: by feed, or by hand in Seller Central ("refund"). The seller's report has its header also where there was no return; Amazon's is CANCELLED
then (both are reported to happen).
"""

import random
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.errors import ApiError
from connectors.amazon.sandbox.fba_store import FbaStore
from connectors.amazon.sandbox.marketplaces import MARKETPLACES
from connectors.amazon.sandbox.order_feeds import OrderFeeds
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.reports import Asked, Made
from connectors.amazon.sandbox.return_files import FBA_COLUMNS, SELLER_COLUMNS, fba_lines, seller_lines, written
from connectors.amazon.sandbox.return_store import (
    AMAZON,
    DISPOSITIONS,
    REASONS,
    SELLABLE,
    TIMELINES,
    Line,
    ReturnStore,
    StoredReturn,
    closed,
    received,
    refunded,
)
from connectors.amazon.sandbox.settlement_rows import refund_parts
from connectors.amazon.sandbox.store import StoredOrder
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.page import Table, shown_time
from connectors.kit.sandbox.steering import (
    FORM_ERRORS,
    Json,
    NotThereError,
    RefusedError,
    account_in,
    answered,
    known,
    number,
)

SELLER_TYPE = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
FBA_TYPE = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
_SHOWN = 50


class ReturnReports(Part):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.store = ReturnStore(world.database)
        self.fba = FbaStore(world.database)
        world.reports.register(SELLER_TYPE, self.to_seller)
        world.reports.register(FBA_TYPE, self.to_amazon)

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/returns", self.add, methods=["POST"]),
            Route("/sandbox/returns/{id}/change", self.change, methods=["POST"]),
        ]

    async def add(self, request: Request) -> Response:
        return await answered(request, self._add)

    async def change(self, request: Request) -> Response:
        def changed(body: Json) -> Json:
            known(body, {"kind", "account"})
            account, now = account_in(self.world.sellers, body), self.world.now()
            found = self.store.get(account, request.path_params["id"])
            if found is None:
                raise NotThereError("no such return")
            return self.told(self.step(found, str(body.get("kind")), now))

        return await answered(request, changed)

    def to_seller(self, asked: Asked) -> Made | None:
        lines = []
        for one, order in self._returned(asked):
            if one.by != AMAZON and asked.start <= one.requested <= asked.end:
                lines += seller_lines(one, order.body, self._given_back(order, one), MARKETPLACES[one.marketplace])
        return Made(written(SELLER_COLUMNS, lines))

    def to_amazon(self, asked: Asked) -> Made | None:
        lines = []
        for one, _ in self._returned(asked):
            if one.by == AMAZON and one.received is not None and asked.start <= one.received <= asked.end:
                lines += fba_lines(one)
        return Made(written(FBA_COLUMNS, lines)) if lines else None

    def refunds(self, account: str, order_id: str) -> list[Json]:
        """Those that Amazon gave for returns to its warehouses, and the seller by hand, in the form of OrderFeeds.refunds."""
        return [refund for one in self.store.of_order(account, order_id) for refund in one.refunds]

    def step(self, one: StoredReturn, kind: str, now: float) -> StoredReturn:
        """The goods are there ("receive"), the seller gives the money back ("refund"), or the case is over ("close")."""
        if kind == "close":
            return self.store.put(closed(one))
        if kind == "refund":
            if one.by == AMAZON or one.refunds:
                raise RefusedError("Amazon refunds it" if one.by == AMAZON else "it is refunded already")
            return self.store.put(refunded(one, self._refunds(one, now)))
        if kind != "receive":
            raise ValueError("kind: receive, refund or close is expected")
        if one.received is not None:
            raise RefusedError("the goods are there already")
        changed = received(one, now)
        if one.by == AMAZON:
            self._restock(one, now)
            changed = refunded(changed, self._refunds(one, now))
        return self.store.put(changed)

    def advance(self, now: float) -> None:
        for one in self.store.due(now):
            self.step(one, "receive", one.due if one.due is not None else now)

    def told(self, one: StoredReturn) -> Json:
        return {
            "returnId": one.id,
            "orderId": one.order_id,
            "by": one.by,
            "status": one.status,
            "requested": one.requested,
            "received": one.received,
            "lines": [{"orderItemId": line.item_id, "sku": line.sku, "quantity": line.quantity} for line in one.lines],
            "refunded": sum(int(refund["minor"]) for refund in one.refunds),  # beside what feeds gave back
        }

    def snapshot(self, account: str, now: float) -> Json:
        return {"returns": [self.told(one) for one in self.store.all(account)]}

    def tables(self, account: str) -> list[Table]:
        rows = [
            (
                one.id,
                one.order_id,
                one.by,
                one.status,
                shown_time(one.requested / 1000),
                sum(line.quantity for line in one.lines),
            )
            for one in self.store.all(account)[: -_SHOWN - 1 : -1]
        ]
        columns = ("Return", "Order", "Goes to", "Status", "Asked for", "Units")
        return [Table(f"Returns of {account}", columns, rows, "", "No returns. POST /sandbox/returns adds some.")]

    def _add(self, body: Json) -> Json:
        known(body, {"orderId", "items", "count", "seed", "timeline", "account"})
        account, now = account_in(self.world.sellers, body), self.world.now()
        timeline = str(body.get("timeline", "manual"))
        if timeline not in TIMELINES:
            raise ValueError(f"timeline: one of {', '.join(TIMELINES)} is expected")
        if "orderId" in body:
            order = self.world.order(account, str(body["orderId"]), now)
            made = [self._open(order, body.get("items", [{}]), timeline, now)]
        else:
            count, seed = int(number(body, "count", 1, 10_000)), int(number(body, "seed", -(2**63), 2**63, 0))
            made = self._some(account, count, seed, timeline, now)
        return {"added": len(made), "returnIds": [one.id for one in made]}

    def _some(self, account: str, count: int, seed: int, timeline: str, now: float) -> list[StoredReturn]:
        """Of orders of its own choice; fewer where there are fewer that can be returned."""
        rng, made = random.Random(f"{seed}:returns"), list[StoredReturn]()
        orders = [order for order in self.world.store.all(account) if order.visible_at <= now]
        rng.shuffle(orders)
        for order in orders:
            try:
                items = [item for item in lifecycle.items_of(order.body) if self._left(order, item) > 0]
            except FORM_ERRORS:
                continue
            if items and len(made) < count:
                wanted = {
                    "orderItemId": items[0]["orderItemId"],
                    "reason": rng.choice(REASONS),
                    "disposition": rng.choice(list(DISPOSITIONS)),
                }
                made.append(self._open(order, [wanted], timeline, now))
        return made

    def _open(self, order: StoredOrder, wanted: Sequence[Json], timeline: str, now: float) -> StoredReturn:
        lines = [self._line(order, one) for one in wanted]
        number_of = len(self.store.all(order.account)) + 1
        return_id = f"D{order.id.replace('-', '')[-6:]}{number_of:05d}R"
        due = None if TIMELINES[timeline] is None else now + float(TIMELINES[timeline] or 0)
        opened = StoredReturn(
            order.account,
            return_id,
            order.id,
            order.marketplace,
            order.fulfilled_by,
            int(now * 1000),
            tuple(lines),
            due=due,
        )
        self.store.put(opened)
        self.advance(now)
        found = self.store.get(order.account, return_id) or opened
        return self.step(found, "refund", now) if timeline == "refunded" and found.by != AMAZON else found

    def _line(self, order: StoredOrder, wanted: Json) -> Line:
        known(wanted, {"orderItemId", "quantity", "reason", "disposition"})
        items = lifecycle.items_of(order.body)
        item = lifecycle.item_of(order.body, str(wanted["orderItemId"])) if "orderItemId" in wanted else items[0]
        quantity = int(number(wanted, "quantity", 1, 10**6, 1))
        if quantity > self._left(order, item):
            raise ApiError(400, f"only {self._left(order, item)} units of the item are shipped and not returned")
        reason, disposition = str(wanted.get("reason", REASONS[0])), str(wanted.get("disposition", SELLABLE))
        if reason not in REASONS or disposition not in DISPOSITIONS:
            raise ValueError(f"reason: one of {', '.join(REASONS)}; disposition: one of {', '.join(DISPOSITIONS)}")
        product = item["product"]
        return Line(
            item["orderItemId"], product["sellerSku"], product["asin"], product["title"], quantity, reason, disposition
        )

    def _left(self, order: StoredOrder, item: Json) -> int:
        """Units that are shipped and not returned."""
        returns = self.store.of_order(order.account, order.id)
        gone = sum(line.quantity for one in returns for line in one.lines if line.item_id == item["orderItemId"])
        return int(item["fulfillment"]["quantityFulfilled"]) - gone

    def _refunds(self, one: StoredReturn, now: float) -> list[Json]:
        """What is given back, each unit's part of price and tax."""
        order = self.world.order(one.account, one.order_id, now)
        found = []
        for line in one.lines:
            earlier = [past for past in self.store.of_order(one.account, one.order_id) if past.refunds]
            before = sum(
                past_line.quantity for past in earlier for past_line in past.lines if past_line.item_id == line.item_id
            )
            parts = refund_parts(order.body, line.item_id, before, line.quantity)
            texts = " ".join(f"{name}={amount}" for name, amount in sorted(parts.items()))
            total = sum(amount for name, amount in parts.items() if "promotion" not in name)
            total -= sum(amount for name, amount in parts.items() if "promotion" in name)
            found.append(
                {"orderId": one.order_id, "orderItemId": line.item_id, "parts": texts, "minor": total, "at": now}
            )
        return found

    def _restock(self, one: StoredReturn, now: float) -> None:
        for line in one.lines:
            stock = self.fba.get(one.account, one.marketplace, line.sku)
            if stock is not None:
                kind = DISPOSITIONS[line.disposition]
                self.fba.change(stock, {kind: stock.count(kind) + line.quantity}, int(now * 1000))

    def _given_back(self, order: StoredOrder, one: StoredReturn) -> dict[str, int]:
        """What the seller has refunded, by item: by feed for the order, by hand for this return."""
        found: dict[str, int] = {}
        for refund in one.refunds:
            found[refund["orderItemId"]] = found.get(refund["orderItemId"], 0) + int(refund["minor"])
        for part in self.world.parts:
            for refund in part.refunds(order.account, order.id) if isinstance(part, OrderFeeds) else ():
                found[refund["orderItemId"]] = found.get(refund["orderItemId"], 0) + int(refund["minor"])
        return found

    def _returned(self, asked: Asked) -> list[tuple[StoredReturn, StoredOrder]]:
        found = []
        for one in self.store.all(asked.account):
            order = self.world.store.get(asked.account, one.order_id, asked.at)
            if order is not None and one.marketplace in asked.marketplaces:
                found.append((one, order))
        return found

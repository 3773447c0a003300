"""The sandbox's state in one place, and what the calls do to it. Knows nothing of HTTP."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.kit.sandbox.batches import Batch
from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.steering import FORM_ERRORS
from connectors.kit.sandbox.tokens import Tokens
from connectors.walmart.sandbox import lifecycle, lines
from connectors.walmart.sandbox.charges import Json, order_total
from connectors.walmart.sandbox.errors import ApiError, Envelopes
from connectors.walmart.sandbox.feed_store import FeedStore
from connectors.walmart.sandbox.feed_work import FeedWork
from connectors.walmart.sandbox.gate import Gate
from connectors.walmart.sandbox.generator import generate
from connectors.walmart.sandbox.item_store import ItemStore
from connectors.walmart.sandbox.mix import OrderMix
from connectors.walmart.sandbox.report_requests import ReportRequests
from connectors.walmart.sandbox.return_store import ReturnStore
from connectors.walmart.sandbox.returns import Returns
from connectors.walmart.sandbox.settings import Account, SandboxSettings
from connectors.walmart.sandbox.settlements import Settlements
from connectors.walmart.sandbox.stock_store import StockStore
from connectors.walmart.sandbox.store import PendingChange, Store, StoredOrder
from connectors.walmart.sandbox.throttle import Throttle

Clock = Callable[[], float]
DATABASE_FILE = "walmart-sandbox.sqlite3"
TOKEN_PREFIX = "eyJraWQiOiJzYW5kYm94In0."  # noqa: S105 - what the texts begin with


class World:
    """One sandbox: accounts, tokens, throttles, orders. `clock` gives epoch seconds."""

    def __init__(self, settings: SandboxSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.accounts: dict[str, Account] = {account.client_id: account for account in settings.accounts}
        self.tokens = Tokens(settings.token_seconds, TOKEN_PREFIX)
        self.throttle = Throttle(settings.scaled_limits(), settings.replenish_format, settings.seed)
        self.envelopes = Envelopes(settings.error_shape, settings.seed)
        self.gate = Gate(self.accounts, self.tokens, self.throttle, self.now)
        self.database = Database(settings.data_dir, DATABASE_FILE)
        self.store = Store(self.database)
        self.items = ItemStore(self.database)
        self.stock = StockStore(self.database)
        self.feeds = FeedStore(self.database)
        self.feed_work = FeedWork(self.feeds, self.items, self.stock, settings)
        self.returns = Returns(ReturnStore(self.database), self.store, settings)
        self.settlements = Settlements(self.database, self.store, self.returns.store, self.items)
        self.reports = ReportRequests(self.database, settings)
        self._reserved: dict[str, tuple[tuple[int, int], Counter[str]]] = {}

    def now(self) -> float:
        """The time, after all that was due by then has happened."""
        now = self.clock()
        self.store.apply_due(now, _changed)
        self.feed_work.advance(now)
        self.items.advance(now)
        self.returns.advance(now)
        return now

    def close(self) -> None:
        self.database.close()

    def reserved(self, account: str, now: float) -> Counter[str]:
        """Units of open orders by SKU. Walmart holds them back from what it offers."""
        state = (self.store.version, self.store.visible(account, now))
        known = self._reserved.get(account)
        if known is None or known[0] != state:
            known = self._reserved[account] = (state, _open_units(self.store.open_bodies(account, now)))
        return known[1]

    def add_batch(self, account: str, batch: Batch[OrderMix]) -> list[str]:
        """Ids of the orders added; those of the same seed that are there already are left alone."""
        orders, changes = [], []
        for index, (placed, appears) in enumerate(batch.times(self.clock())):
            when = datetime.fromtimestamp(placed, UTC)
            made = next(generate(1, batch.seed, batch.mix, when, account, index))
            dated = int((when - made.late).timestamp()) * 1000
            stored = StoredOrder(account, made.body, dated, dated, appears, made.traits)
            orders.append(stored)
            changes += [
                PendingChange(appears + after, account, stored.po, dict(change)) for after, change in made.changes
            ]
        return self.store.add(orders, changes)

    def add_raw(
        self, account: str, bodies: Sequence[Json], traits: Sequence[str] = (), modified: int | None = None
    ) -> list[str]:
        """Orders as given; they need nothing but a purchaseOrderId. Those already there are replaced."""
        now = self.clock()
        for body in bodies:
            placed = body.get("orderDate")
            created = placed if isinstance(placed, int) and 0 < placed < 2**53 else int(now * 1000)
            stored = StoredOrder(
                account, body, created, int(now * 1000) if modified is None else modified, now, tuple(traits)
            )
            self.store.put(stored)
        return [str(body["purchaseOrderId"]) for body in bodies]

    def change(self, account: str, po: str, change: Mapping[str, Any]) -> StoredOrder:
        """A change from the buyer's side, now. Raises RuleError, ApiError when there is no such order."""
        now = self.now()
        order = _changed(self.order(account, po, now), dict(change), now)
        self.store.put(order)
        return order

    def order(self, account: str, po: str, now: float) -> StoredOrder:
        found = self.store.get(account, po, now)
        if found is None:
            raise ApiError("CONTENT_NOT_FOUND", "no such purchase order", field="purchaseOrderId")
        return found

    def write(self, account: str, po: str, operation: str, act: Callable[[Json, int], Json]) -> Json:
        """Let `act` (order, now in ms) turn an order, keep it, answer it."""
        now = self.now()
        order, now_ms = self.order(account, po, now), int(now * 1000)
        try:
            body = act(order.body, now_ms)
        except lifecycle.RuleError as error:
            self.store.journal.wrote(account, po, operation, now, refused=True)
            raise ApiError("INVALID_REQUEST_CONTENT", error.description, field=error.field) from error
        except FORM_ERRORS as error:
            raise ApiError("SYSTEM_ERROR", "the order is damaged") from error
        modified = order.modified if body == order.body else max(now_ms, order.modified)
        with self.database.transaction():
            self.store.put(replace(order, body=body, modified=modified), operation, now)
            if operation == "shipping":
                node = self.settings.nodes_of(account)[0]
                self.stock.sold(account, _gone_units(body) - _gone_units(order.body), node)
        return body

    def reset(self, account: str | None = None) -> None:
        self.database.clear(account)
        self._reserved.clear()
        self.tokens.clear()
        self.throttle.clear()

    def state(self, account: str) -> Json:
        """The truth about an account: every order with its states, traits and total to the cent."""
        now = self.now()
        arrivals, changes = self.store.pending(account, now)
        return {
            "account": account,
            "orders": [_shown(order, now) for order in self.store.all(account)],
            "pending_arrivals": arrivals,
            "pending_changes": changes,
            "writes": [
                {"at": at, "purchaseOrderId": po, "operation": op} for at, po, op in self.store.journal.writes(account)
            ],
        }


def _open_units(bodies: Iterable[Json]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for body in bodies:
        try:
            for line in lines.lines_of(body):
                counted[line["item"]["sku"]] += lines.open_units(line)
        except FORM_ERRORS:
            continue
    return counted


def _gone_units(body: Json) -> Counter[str]:
    counted: Counter[str] = Counter()
    for line in lines.lines_of(body):
        counted[line["item"]["sku"]] += sum(lines.units(line)[state] for state in lines.GONE)
    return counted


def derived_status(body: Json) -> str:
    """One word for an order, from its lines: the least advanced open state, else what became of it."""
    counted: dict[str, int] = {}
    for _, by_state in lines.summed_units(body):
        for state, count in by_state.items():
            counted[state] = counted.get(state, 0) + count
    present = {state for state, count in counted.items() if count}
    if present - set(lines.STATUSES):
        return "Unknown"
    if present <= {"Cancelled"}:
        return "Cancelled"
    gone = present & set(lines.GONE)
    if open_states := present & set(lines.OPEN):
        return "PartlyShipped" if gone else "Created" if "Created" in open_states else "Acknowledged"
    return "Shipped" if "Shipped" in gone else "Delivered"


def _changed(order: StoredOrder, change: Json, at: float) -> StoredOrder:
    at_ms = int(at * 1000)
    try:
        body = lifecycle.buyer_change(order.body, change, at_ms)
    except FORM_ERRORS:
        return order
    return order if body == order.body else replace(order, body=body, modified=max(at_ms, order.modified))


def _shown(order: StoredOrder, now: float) -> Json:
    shown: Json = {
        "purchaseOrderId": order.po,
        "customerOrderId": order.body.get("customerOrderId"),
        "traits": list(order.traits),
        "created": order.created,
        "modified": order.modified,
        "visible": order.visible_at <= now,
        "status": "Unknown",
        "lines": [],
        "total": None,
    }
    try:
        total = order_total(order.body).as_json()
        details = [_shown_line(line) for line in lines.lines_of(order.body)]
        status = derived_status(order.body)
    except FORM_ERRORS:
        return shown
    return {**shown, "status": status, "lines": details, "total": total}


def _shown_line(line: Json) -> Json:
    shipped = [status for status in lines.statuses_of(line) if "trackingInfo" in status]
    return {
        "lineNumber": line["lineNumber"],
        "sku": line["item"]["sku"],
        "quantity": int(line["orderLineQuantity"]["amount"]),
        "units": dict(lines.units(line)),
        "tracking": [status["trackingInfo"].get("trackingNumber") for status in shipped],
        "intent_to_cancel": line.get("intentToCancel") == "true",
        "refunded": "refund" in line,
    }

"""The sandbox's state in one place, and what happens to its orders. Knows nothing of HTTP."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.amazon.sandbox import changes
from connectors.amazon.sandbox.errors import ApiError
from connectors.amazon.sandbox.gate import Gate
from connectors.amazon.sandbox.generator import generate
from connectors.amazon.sandbox.lifecycle import RuleError
from connectors.amazon.sandbox.mix import OrderMix
from connectors.amazon.sandbox.moments import iso, read
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.settings import SandboxSettings, Seller
from connectors.amazon.sandbox.store import Store, StoredOrder, dated
from connectors.kit.sandbox.batches import Batch
from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.journal import Journal
from connectors.kit.sandbox.steering import FORM_ERRORS, Json
from connectors.kit.sandbox.tokens import Tokens

if TYPE_CHECKING:
    from connectors.amazon.sandbox.documents import Documents
    from connectors.amazon.sandbox.feeds import Feeds
    from connectors.amazon.sandbox.notifications import Notifications
    from connectors.amazon.sandbox.reports import Reports

Clock = Callable[[], float]
DATABASE_FILE = "amazon-sandbox.sqlite3"
MOST_AHEAD = 10**9
# Told of every change of an order: (order, OrderChangeType, ChangeReason, epoch seconds).
OrderChanged = Callable[[StoredOrder, str, str, float], None]


class World:
    """One sandbox: sellers, tokens, quotas, orders. `clock` gives epoch seconds; `ahead` is added to it, so that a running
    sandbox can be moved into the future. The parts that other parts build on are set when the app is put together."""

    documents: "Documents"
    feeds: "Feeds"
    reports: "Reports"
    notifications: "Notifications"

    def __init__(self, settings: SandboxSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.ahead = 0.0
        self.sellers: dict[str, Seller] = {seller.seller_id: seller for seller in settings.sellers}
        self.tokens = Tokens(settings.token_seconds, "Atza|")
        self.gate = Gate(settings, self.sellers, self.tokens, self.now)
        self.database = Database(settings.data_dir, DATABASE_FILE)
        self.store = Store(self.database)
        self.journal = Journal(self.database)
        self.parts: list[Part] = []
        # Whether an injected fault strikes what the sandbox does by itself; set when the app is put together.
        self.strikes: Callable[[str], bool] = _never
        self.listeners: list[OrderChanged] = []
        self._arrived = clock()

    def now(self) -> float:
        """The time, after all that was due by then has happened."""
        now = self.clock() + self.ahead
        self._tell_arrivals(now)
        self.journal.apply_due(now, self._due)
        for part in self.parts:
            part.advance(now)
        return now

    def close(self) -> None:
        self.database.close()

    def add_batch(self, account: str, batch: Batch[OrderMix]) -> list[str]:
        """Ids of the orders added; those of the same seed that are there already are left alone."""
        added, seller, now = [], self.sellers[account], self.now()
        with self.database.transaction():
            for index, (placed, appears) in enumerate(batch.times(now)):
                when = datetime.fromtimestamp(placed, UTC)
                made = next(generate(1, batch.seed, batch.mix, when, seller, index))
                dated_ms = int((when - made.late).timestamp()) * 1000
                order = StoredOrder(account, made.body, dated_ms, dated_ms, appears, traits=made.traits)
                if self.store.known(account, order.id):
                    continue
                self.store.put(order)
                added.append(order)
                for after, change in made.changes:
                    self.journal.plan(appears + after, account, order.id, dict(change))
        self._tell_new(added, now)
        return [order.id for order in added]

    def add_raw(self, account: str, bodies: Sequence[Json], traits: Sequence[str] = ()) -> list[str]:
        """Orders as given; they need nothing but an orderId. Those already there are replaced."""
        now, added = self.now(), []
        for body in bodies:
            created, updated = (_moment(body, name, now) for name in ("createdTime", "lastUpdatedTime"))
            added.append(StoredOrder(account, body, created, updated, now, traits=tuple(traits)))
            self.store.put(added[-1])
        self._tell_new(added, now)
        return [order.id for order in added]

    def order(self, account: str, order_id: str, now: float) -> StoredOrder:
        found = self.store.get(account, order_id, now)
        if found is None:
            raise ApiError(404, "The resource specified does not exist.", f"Order {order_id} was not found.")
        return found

    def change(self, account: str, order_id: str, change: Mapping[str, Any]) -> StoredOrder:
        """A change from Amazon's or the buyer's side, now. Raises ValueError for what is no change, RuleError for what this order
        does not allow, ApiError when there is no such order."""
        changes.checked(change)
        now, kind = self.now(), str(change["kind"])
        order = self.order(account, order_id, now)
        try:
            body = changes.applied(order.body, change, iso(now * 1000))
        except FORM_ERRORS as error:
            raise RuleError(f"the order is damaged ({type(error).__name__}): {kind} cannot be done to it") from error
        return self.save(order, body, now, kind)

    def save(self, order: StoredOrder, body: Json, now: float, kind: str = "") -> StoredOrder:
        """Keeps an order's new body, dated `now`, and tells who listens."""
        changed = dated(order, body, now)
        self.store.put(changed)
        change_type, reason = changes.REASONS.get(kind, changes.OTHERWISE)
        self._tell(changed, change_type, reason, now)
        return changed

    def hide(self, account: str, order_id: str, seconds: float) -> StoredOrder:
        """Keeps an order out of the lists for a while; a call by its id finds it."""
        now = self.now()
        hidden = replace(self.order(account, order_id, now), hidden_until=now + seconds)
        self.store.put(hidden)
        return hidden

    def move(self, seconds: float) -> float:
        """Moves the clock on; gives the time it is then. Raises ValueError where it would leave the time that can be told."""
        if self.ahead + seconds > MOST_AHEAD:
            raise ValueError(f"seconds: the clock would be more than {MOST_AHEAD} seconds ahead")
        self.ahead += seconds
        return self.now()

    def reset(self, account: str | None = None) -> None:
        self.database.clear(account)
        self.tokens.clear()
        self.gate.buckets.clear()
        self.ahead = 0.0
        self._arrived = self.clock()

    def rng(self, *purpose: str) -> random.Random:
        return random.Random(":".join((str(self.settings.seed), *purpose)))

    def _due(self, account: str, order_id: str, change: Json, at: float) -> None:
        order = self.store.get(account, order_id, at)
        if order is None:
            return
        try:
            body = changes.applied(order.body, change, iso(at * 1000))
        except (*FORM_ERRORS, RuleError):
            return
        self.save(order, body, at, str(change.get("kind")))

    def _tell_new(self, orders: Sequence[StoredOrder], now: float) -> None:
        """Of those that are there at once; the others are told when they appear."""
        for order in orders:
            if order.visible_at <= now:
                self._tell(order, *changes.OTHERWISE, now)

    def _tell_arrivals(self, now: float) -> None:
        since, self._arrived = self._arrived, now
        if self.listeners and now > since:
            for account in self.sellers:
                for order in self.store.arrivals(account, since, now):
                    self._tell(order, *changes.OTHERWISE, order.visible_at)

    def _tell(self, order: StoredOrder, change_type: str, reason: str, at: float) -> None:
        for listener in self.listeners:
            listener(order, change_type, reason, at)


def _never(kind: str) -> bool:
    return False


def _moment(body: Json, name: str, now: float) -> int:
    try:
        return read(body[name])
    except FORM_ERRORS:
        return int(now * 1000)

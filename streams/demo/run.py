"""One demo from start to end: orders come in while faults strike, and the ledger has to balance."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import httpx

from schemas.codec import Codec
from schemas.records import Listing, Outcome
from schemas.registry import Registry
from streams.demo.agree import FlowReport, Sides, agree, balanced
from streams.demo.compare import compare
from streams.demo.day import (
    Day,
    Plan,
    change_goods,
    coming_back,
    credit,
    invoiced,
    make_goods,
    planned,
    refunded_by_note,
    send,
    together,
    untouched,
    work,
)
from streams.demo.edge import Edge, HeardBox
from streams.demo.hands import Hands
from streams.demo.heard import HeardListings, by_sku, dead_of, read_of
from streams.demo.market import ELSEWHERE, MALFORMED, OF_NO_MONEY, Books, Market, Sold
from streams.demo.odoo import connect, held_orders
from streams.demo.packed import PackingReport
from streams.demo.report import Report, View, Wish
from streams.demo.shopping import Shopping
from streams.demo.world import Say, World
from streams.observe.follow import OutcomeFollower
from streams.observe.ledger import APPLIED, WAITING, Ledger, Ledgers
from streams.settings import KafkaSettings

FEED_SECONDS = 15.0
FAULT_SECONDS = 45.0  # so long at most do faults strike after the last order came
QUIET_SECONDS = 6.0  # three polls of the demo's rhythm without a new outcome
_PATIENCE_SECONDS = 120.0
DAY_FAULT_SECONDS = 15.0
_DAY_SECONDS = 200.0  # without anything new on either side; four times as long in all


class Demo:
    """Runs a wish in a world. `step` is called often with what can be seen."""

    def __init__(
        self,
        wish: Wish,
        world: World,
        step: Callable[[View], None],
        trouble: Callable[[], Callable[[], None]] | None = None,
    ) -> None:
        """`trouble` begins what goes wrong while a day is carried over, and gives what waits for its end; without it faults strike for a while."""
        self.wish = wish
        self._trouble = trouble
        self.world = world
        self._step = step
        self._ledger = Ledger()
        self._ledgers = Ledgers()
        self._heard: HeardListings | None = None
        self._day = Day()
        self._shopping: Shopping | None = None
        self._edge: Edge | None = None
        self._packing: PackingReport | None = None
        self._view = View()
        self._began = time.monotonic()

    def run(self) -> Report:
        """Start, feed, wait until all is quiet, compare. Leaves everything running: who called stops the world."""
        self.world.start()
        follower = self.follower()
        self.world.set_faults(self.wish.faults, self.wish.seed)
        self.world.add_orders(self.wish.orders, self.wish.seed, self.wish.order_mix, self.wish.orders / FEED_SECONDS)
        try:
            self.settle(follower, FEED_SECONDS + FAULT_SECONDS)
            self.world.set_faults("none", self.wish.seed)
            self.settle(follower)  # what was struck last has its outcome too
            if self.wish.both_ways:
                self.live_a_day(follower)
        finally:
            follower.close()
            self.close()
        return self.report()

    def close(self) -> None:
        """Let go of what was listened to beside the outcomes."""
        if self._heard is not None:
            self._heard.close()
            self._heard = None
        if self._edge is not None:
            self._edge.close()

    def live_a_day(self, follower: OutcomeFollower) -> None:
        """Ship, cancel, count, reprice; then credit notes, returns and purchase orders; then the marketplaces settle and the supplier sends.
        Faults strike while it is carried over."""
        chance = random.Random(self.wish.seed)  # noqa: S311 - a demo's chance
        hands = self.world.hands(self.wish.seed)
        self._shopping = self.world.shopping(self.wish.seed)
        self._shopping.prepare()
        books = {market.name: market.books().orders for market in self.world.markets}
        sold = [order for orders in books.values() for order in orders]
        applied = {key.rsplit(":", 1)[1] for key, entry in self._ledger.entries.items() if entry.state == APPLIED}
        self._day.sales = hands.sales(applied)
        plan = together(self._planned(orders, chance) for orders in books.values())
        hands.accept(plan.pack)
        if self._edge is not None:
            self._edge.begin(plan.pack)
        make_goods(hands, self._day)
        work(hands, plan, self._day)
        change_goods(hands, self._day, chance)
        self.carried_over(follower, hands)
        there = {order.reference for order in sold if order.all_left and ELSEWHERE in order.traits}
        self._day.sent = hands.close([sale for sale in self._day.sales if sale.reference in there and sale.elsewhere])
        credit(hands, plan, self._day)
        send(hands, plan.pack, frozenset(), self._day)
        for market in self.world.markets:
            mine = market.books().orders
            gone, taken = {order.reference for order in mine if order.first_left}, plan.two | set(self._day.credited)
            todays = self._day.of({order.reference for order in mine})
            self._day.returned += coming_back(todays, gone, taken)
            self._day.returned += refunded_by_note(todays, gone) if market.seller_refunds else []
        invoiced(hands, self._day)
        for market, sku in zip(self.world.markets, untouched(hands, self._day), strict=False):
            market.send_back(set(self._day.returned) - self._day.credited.keys())
            market.send_back(set(self._day.returned) & self._day.credited.keys(), refunded=False)
            self._day.objected[market.name] = (sku, market.object_to(sku))
        self._shopping.order()
        self.carried_over(follower, hands)
        self._day.settlements = {market.name: market.settle() for market in self.world.markets}
        self._shopping.send_and_cancel()
        self.carried_over(follower, hands)
        self._packing = self._edge.report() if self._edge else None

    def _planned(self, orders: Sequence[Sold], chance: random.Random) -> Plan:
        """For one marketplace. What it shows as shipped in part left by other hands, and of what is not well-formed nobody knows what is open:
        shipping it whole would rightly be an exception."""
        plain = frozenset(order.reference for order in orders if order.traits <= OF_NO_MONEY)
        whole = {order.reference for order in orders if not order.has_left and MALFORMED not in order.traits}
        return planned([sale for sale in self._day.sales if sale.reference in whole], plain, chance)

    def carried_over(self, follower: OutcomeFollower, hands: Hands) -> None:
        """Return when both sides agree, or when nothing moves any more; faults strike for the first seconds."""
        if self._trouble:
            self.settle_while(follower, self._trouble())
            self.world.set_faults("none", self.wish.seed)
        began = moved = time.monotonic()
        patience, strikes = _DAY_SECONDS + self.wish.orders / 5, self.wish.faults != "none" and not self._trouble
        if strikes:
            self.world.set_faults(self.wish.faults, self.wish.seed)
        try:
            while time.monotonic() < min(moved + patience, began + 4 * patience):
                for outcome in follower.poll(1.0):
                    self._hear(outcome)
                if strikes and time.monotonic() - began > DAY_FAULT_SECONDS:
                    self.world.set_faults("none", self.wish.seed)
                    strikes = False
                if not strikes:
                    before, self._view.flows = self._view.flows, self._compared(hands)
                    moved = moved if before == self._view.flows else time.monotonic()
                self._view.faults = max(self._view.faults, self.world.struck())
                self._view.seconds = time.monotonic() - self._began
                self._step(self._view)
                if not strikes and balanced(self._view.flows):
                    return
        finally:
            self.world.set_faults("none", self.wish.seed)

    def _compared(self, hands: Hands) -> list[FlowReport]:
        if self._heard:
            self._heard.listen()
        found = [flow for side in self.sides(hands) for flow in agree(self._day, side)]
        found += self._shopping.compared(self._ledgers.flows) if self._shopping else []
        return found + (self._edge.compared() if self._edge else [])

    def sides(self, hands: Hands) -> list[Sides]:
        """What each marketplace and Odoo hold now. The faults are off while they are asked."""
        books = {market.name: market.books() for market in self.world.markets}
        held = {market.name: market.snapshot() for market in self.world.markets}
        sold = [order for one in books.values() for order in one.orders]
        sales = hands.sales(order.reference for order in sold)
        orders = {reference: order for one in held.values() for reference, order in one["orders"].items()}
        free, prices, left, back = hands.free(), hands.prices(), hands.left(sales), hands.returns(sales)
        credited, unreserved, taken = hands.credited(sales), hands.unreserved(sales), hands.taken(sales)
        theirs = frozenset(order.reference for order in sold if ELSEWHERE in order.traits)
        heard, flows = self._heard.of if self._heard else _nothing_heard, self._ledgers.flows

        def side(market: Market) -> Sides:
            name = market.name
            mine = {order.reference for order in books[name].orders}
            words = self._day.settlements.get(name)
            return Sides(
                name, market.flows, market.stock_cap, held[name]["items"], orders, mine, sold, sales, free, prices, left, back,
                credited, unreserved, hands.entries(words) if words else (),
                by_sku(flows["upsert_listing"], name), by_sku(flows["merge_listing"], name), heard(name), taken,
                frozenset() if market.tells_refunds_elsewhere else theirs, dead_of(flows, name),
                read_of(self._ledger),
            )  # fmt: skip

        return [side(market) for market in self.world.markets]

    def _hear(self, outcome: Outcome) -> None:
        self._ledger.add(outcome)
        self._ledgers.add(outcome)
        if self._edge is not None:
            self._edge.hear(outcome)

    def follower(self) -> OutcomeFollower:
        """The outcomes of this world; what is said of listings is heard from now on too, until `close`."""
        kafka = KafkaSettings(bootstrap=self.world.stack_bootstrap()).librdkafka()
        registry = Registry({"url": self.world.env()["CAUSEWAY_REGISTRY__URL"]})
        for name in ("outcome", "listing", "hardware_event", "packing_check"):
            registry.id_of(name)  # known from now on: chaos takes the registry away
        self._heard = HeardListings(kafka, Codec(registry))
        strikes = self.wish.faults != "none" and self._trouble is None
        if (packer := self.world.packer(struck=strikes)) is not None:
            self._edge = Edge(packer, HeardBox(kafka, Codec(registry)), connect(self.world.odoo))
        return OutcomeFollower(kafka, Codec(registry))

    def settle_while(self, follower: OutcomeFollower, busy: Callable[[], None]) -> None:
        """Keep the view moving while `busy` runs in a thread of its own."""
        thread = threading.Thread(target=busy, name="busy")
        thread.start()
        while thread.is_alive():
            for outcome in follower.poll(0.5):
                self._hear(outcome)
            if (books := self._books()) is not None:
                self._show([order.key for order in books.orders])

    def settle(self, follower: OutcomeFollower, limit_seconds: float | None = None) -> None:
        """Return when every order has its outcome and nothing has moved for a while, or when the limit ends; without one patience, which lasts as
        long as outcomes come."""
        moved = began = time.monotonic()
        patience = _PATIENCE_SECONDS + self.wish.orders / 5
        deadline = began + (limit_seconds or patience)
        while time.monotonic() < deadline:
            outcomes = follower.poll(0.25)
            for outcome in outcomes:
                self._hear(outcome)
            if outcomes and limit_seconds is None:
                deadline = min(time.monotonic() + patience, began + 4 * patience)
            books = self._books()
            if outcomes or books is None:
                moved = time.monotonic()
            if books is not None:
                waiting = self._show([order.key for order in books.orders])
                if books.is_moving or waiting:
                    moved = max(moved, time.monotonic() - QUIET_SECONDS / 2)
                elif time.monotonic() - moved > QUIET_SECONDS:
                    return

    def report(self) -> Report:
        """Compare order by order with what Odoo holds."""
        seconds = time.monotonic() - self._began
        sold = self.world.books().orders
        held = held_orders(self.world.odoo, {order.reference for order in sold})
        comparison = compare(sold, self._ledger, held)
        flows, packing = tuple(self._view.flows), self._packing
        return Report(comparison, self._ledger, seconds, self._view.faults, self.world.addresses(), flows, packing)

    def _books(self) -> Books | None:
        with suppress(httpx.HTTPError, ValueError):
            return self.world.books()
        return None

    def _show(self, keys: list[str]) -> int:
        view = self._view
        view.sold, view.counts = len(keys), self._ledger.counts(keys)
        view.acknowledged, view.retried = len(self._ledger.acknowledged), len(self._ledger.retried)
        view.faults = max(view.faults, self.world.struck())
        view.seconds = time.monotonic() - self._began
        self._step(view)
        return view.counts[WAITING]


def _nothing_heard(_market: str) -> dict[str, Listing]:
    return {}


def make_world(wish: Wish, say: Say) -> World:
    """The world of a wish."""
    return World(wish.folder, say, wish.odoo, measured=True, packing=wish.both_ways)

"""Returns over time: opened for shipped units, moved on by the clock or by hand, refunded by the seller."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.errors import RETURNS, ApiError
from connectors.walmart.sandbox.lifecycle import RuleError
from connectors.walmart.sandbox.lines import lines_of
from connectors.walmart.sandbox.return_bodies import REASONS, Wanted, return_body
from connectors.walmart.sandbox.return_steps import TIMELINES, refunded, returned_quantities, stepped
from connectors.walmart.sandbox.return_store import ReturnStore, StoredReturn
from connectors.walmart.sandbox.settings import SandboxSettings
from connectors.walmart.sandbox.shares import gone_units
from connectors.walmart.sandbox.store import Store, StoredOrder


class Returns:
    """What happens to returns. Raises RuleError for what breaks a rule, ApiError where there is no such return."""

    def __init__(self, store: ReturnStore, orders: Store, settings: SandboxSettings) -> None:
        self.store = store
        self.orders = orders
        self.settings = settings

    def open(
        self, order: StoredOrder, wanted: Sequence[Wanted], now: float, kind: str = "REFUND", timeline: str = "received"
    ) -> StoredReturn:
        """A customer sends something back. Only shipped units, each once."""
        if timeline not in TIMELINES:
            raise RuleError("timeline", f"unknown; known: {', '.join(TIMELINES)}")
        earlier = [one.body for one in self.store.of_order(order.account, order.po)]
        pairs = [(one, _line(order.body, one, earlier)) for one in wanted]
        return_id = _id(self.settings.seed, order, len(earlier))
        body = return_body(return_id, order.body, pairs, kind, int(now * 1000))
        times = self.settings.return_seconds
        steps = tuple((now + after, step) for after, step in zip(times, TIMELINES[timeline], strict=False))
        node = order.body.get("shipNode")
        wfs = isinstance(node, dict) and node.get("type") == "WFSFulfilled"
        made = StoredReturn(order.account, int(now * 1000), int(now * 1000), steps, wfs, body)
        self.store.put(made)
        return made

    def open_some(self, account: str, count: int, seed: int, now: float, timeline: str) -> list[StoredReturn]:
        """Returns for up to `count` orders that have something shipped and nothing returned, seeded."""
        rng = random.Random(f"{account}:{seed}:returns")
        orders = [order for order in self.orders.gone(account, now) if not self.store.of_order(account, order.po)]
        rng.shuffle(orders)
        made: list[StoredReturn] = []
        for order in orders[:count]:
            line = rng.choice([line for line in lines_of(order.body) if gone_units(line)])
            wanted = Wanted(line["lineNumber"], rng.randint(1, gone_units(line)), rng.choice(REASONS))
            made.append(self.open(order, [wanted], now, timeline=timeline))
        return made

    def step(self, account: str, return_id: str, step: str, now: float) -> StoredReturn:
        return self._step(self.get(account, return_id), step, now)

    def refund(self, account: str, return_id: str, request: Any, now: float) -> StoredReturn:
        """The seller's refund."""
        found = self.get(account, return_id)
        if found.wfs:
            raise RuleError("returnOrderId", "returns of items fulfilled by Walmart are refunded by Walmart")
        body, lines = refunded(found.body, request, int(now * 1000))
        changed = replace(found, body=body, modified=max(found.modified, int(now * 1000)))
        self.store.put(changed, lines, now, "seller")
        return changed

    def get(self, account: str, return_id: str) -> StoredReturn:
        found = self.store.get(account, return_id)
        if found is None:
            raise ApiError("CONTENT_NOT_FOUND", "no such return order", field="returnOrderId", component=RETURNS)
        return found

    def advance(self, now: float) -> None:
        """Lets happen what was due by now."""
        while due := self.store.due(now):
            for found in due:
                (at, step), *rest = found.steps
                left = replace(found, steps=tuple(rest))
                self.store.put(left)
                try:
                    self._step(left, step, at)
                except RuleError:  # overtaken: refunded or received by hand meanwhile
                    continue

    def _step(self, found: StoredReturn, step: str, at: float) -> StoredReturn:
        body = stepped(found.body, step, int(at * 1000))
        before = {line["returnOrderLineNumber"]: line["refundedQty"] for line in found.body["returnOrderLines"]}
        refunds = [
            (number, line["refundedQty"] - before[number])
            for line in body["returnOrderLines"]
            if line["refundedQty"] > before[number := line["returnOrderLineNumber"]]
        ]
        changed = replace(found, body=body, modified=max(found.modified, int(at * 1000)))
        self.store.put(changed, refunds, at, "walmart")
        return changed


def _line(order: Json, wanted: Wanted, earlier: Sequence[Json]) -> Json:
    line = next((one for one in lines_of(order) if one["lineNumber"] == wanted.line), None)
    if line is None:
        raise RuleError("line", f"the order has no line {wanted.line}")
    left = gone_units(line) - returned_quantities(earlier, wanted.line)
    if not 1 <= wanted.quantity <= left:
        raise RuleError("quantity", f"line {wanted.line} has {left} shipped units that may come back")
    return line


def _id(seed: int, order: StoredOrder, number: int) -> str:
    """18 digits, more than a double holds."""
    return f"99{random.Random(f'{seed}:{order.account}:{order.po}:{number}').randrange(10**16):016d}"

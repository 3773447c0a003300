"""Orders for benches: realistic ones of the Walmart sandbox's generator, in canonical form, each once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from connectors.kit.ports import Delivery
from connectors.walmart.mapping import to_order
from connectors.walmart.sandbox.generator import generate
from connectors.walmart.sandbox.mix import PLAIN
from schemas.records import Order
from tests.builders import delivery_of

_PLACED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def orders(count: int, seed: int) -> list[Order]:
    """New customers with one to three lines, taxes and shipping; nothing that would be held or refused. Same seed, same orders."""
    made = generate(count, seed, PLAIN, _PLACED, "bench")
    return [to_order(orjson.dumps(one.body), "bench") for one in made]


def called(originals: Sequence[Order], tag: str) -> list[Order]:
    """The same orders of other buyers: `tag` makes their ids and e-mail addresses their own."""
    return [_called(one, f"{one['order_id']}-{tag}") for one in originals]


def _called(original: Order, number: str) -> Order:
    changed: Order = original.copy()
    changed["key"] = f"{original['source']}:{original['account']}:{number}"
    changed["order_id"], changed["customer_order_id"] = number, f"C-{number}"
    changed["buyer"] = {**original["buyer"], "email": f"buyer-{number}@bench.example"}
    return changed


def deliveries(wanted: Sequence[Order]) -> list[Delivery]:
    """What brings them to Odoo."""
    return [delivery_of(one) for one in wanted]

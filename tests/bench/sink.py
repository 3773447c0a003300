"""The Odoo sink against direct batched creates of the same orders, on the same server, in turns.

What the sink does besides: finds customers by e-mail, external ids for everything, so that repeating changes nothing, reads each order back and
compares its total to the cent.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from decimal import Decimal

from pydantic import SecretStr

from connectors.odoo import CONNECTOR
from connectors.odoo.settings import OdooSettings
from connectors.odoo.sink import OdooSink
from schemas.records import Order
from streams.demo.odoo import OdooTarget, held_orders
from tests.bench.cluster import Say
from tests.bench.direct import Direct, resolved
from tests.bench.errors import BenchError
from tests.bench.figures import Measure, Series
from tests.bench.odoo_server import odoo_server
from tests.bench.sample_orders import called, deliveries, orders
from tests.builders import deps

ORDERS = 400
ROUNDS = 5


def sink(say: Say, *, count: int = ORDERS, rounds: int = ROUNDS, paced: bool = True) -> list[Measure]:
    """`paced`: a sandbox as slow as a real Odoo. Raises BenchError."""
    with odoo_server(say, paced=paced) as target:
        return [asyncio.run(_measure(target, say, count, rounds))]


async def _measure(target: OdooTarget, say: Say, count: int, rounds: int) -> Measure:
    settings = OdooSettings(
        url=target.url, db=target.db, login=target.login, password=SecretStr(target.password), environment="sandbox"
    )
    peer = Direct(settings)
    ours = CONNECTOR.sink(settings, deps()) if CONNECTOR.sink else None
    assert isinstance(ours, OdooSink)
    rates: dict[str, list[float]] = {"ours": [], "direct": []}
    run = uuid.uuid4().hex[:6]
    try:
        for number in range(rounds + 1):
            originals = orders(count, number)
            for name in rates:
                wanted = called(originals, f"{run}{number}{name[0]}")
                ready = await resolved(settings, wanted)  # also for ours: its taxes are there, as in a database in use
                began = time.perf_counter()
                if name == "ours":
                    await _delivered(ours, wanted)
                else:
                    await asyncio.to_thread(peer.write, ready)
                rate = count / (time.perf_counter() - began)
                _verified(target, wanted, name)
                if number:
                    rates[name].append(rate)
                    say(f"sink: {name} {rate:.1f} orders/s")
    finally:
        await ours.aclose()
        peer.close()
    return Measure("sink", "orders/s", 0.9, Series(tuple(rates["ours"])), Series(tuple(rates["direct"])))


async def _delivered(ours: OdooSink, wanted: Sequence[Order]) -> None:
    """As the stage does it: a batch, its outcomes, the next batch."""
    batch = deliveries(wanted)
    for start in range(0, len(batch), ours.batch_limit):
        for outcome in await ours.deliver(batch[start : start + ours.batch_limit]):
            if not outcome.ok or "created" not in outcome.notes:
                raise BenchError(f"sink: an order was not created: {outcome.result} {outcome.reason} {outcome.detail}")


def _verified(target: OdooTarget, wanted: Sequence[Order], name: str) -> None:
    """Every order is there once, with its total to the cent. Raises BenchError."""
    held = held_orders(target, {one["customer_order_id"] for one in wanted})
    for one in wanted:
        there = held.get(one["customer_order_id"], [])
        if len(there) != 1 or there[0].total != Decimal(one["total"]["amount"]):
            raise BenchError(
                f"sink: order {one['order_id']} stands {len(there)} times in Odoo, written by {name}, with "
                f"{[str(each.total) for each in there]}, wanted once with {one['total']['amount']}"
            )

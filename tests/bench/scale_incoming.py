"""TEST-2, EVT-4, FIN-1: what Amazon brings, until it stands in Odoo. Everything runs; quotas of the order calls are as published.

orders_notified    100 orders sold at once. Amazon's sandbox tells of each in an SQS queue (moto's server), each is asked for by its id, as
                   getOrder's quota allows: 30 at once, then one in two seconds. The list, asked every 15 minutes, brings none of them.
settlement         a settlement report of 10,000 lines is ready, until its entry is posted: found on the list (asked every 2 s here, every six
                   hours by default), downloaded, mapped, written. Its orders are not in Odoo. Then the entry is read back: posted, balanced,
                   and the bank's line is what Amazon pays out, to the cent.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from connectors.amazon.queue_check import statement
from streams.demo.odoo import seed_products
from tests.bench.cluster import Say
from tests.bench.errors import BenchError
from tests.bench.figures import Measure, Series
from tests.bench.scale_follow import Follow
from tests.bench.scale_markets import ACCOUNT, QUICK_TIERS, AmazonMarket
from tests.bench.scale_world import ScaleWorld, load, scale_world, until

ORDERS, LINES = 100, 10_000
ORDERS_SECONDS, SETTLEMENT_SECONDS = 300.0, 300.0
UPSERT_ORDER, POST_SETTLEMENT = "upsert_order", "post_settlement"
_REGION = "us-east-1"
_KEYS = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}  # what moto's server takes for keys
_WAIT_SECONDS = 1_200.0
_START_SECONDS = 120.0
_LINES_OF_AN_ORDER = 5  # at least, of a shipped order of the plain mix


# -- orders


def orders_notified(say: Say, *, count: int = ORDERS) -> list[Measure]:
    """Raises BenchError."""
    with _queue() as (market, flows), scale_world(say, "orders_notified", [market], flows) as (world, follow):
        seed_products(world.odoo)
        world.command("setup", "add", f"amazon:{ACCOUNT}", "notifications")  # as whoever connects an account does it
        world.start_pipeline()
        follow.open()
        # The list is asked for at the same moment, and not again for a quarter of an hour.
        world.processes["poller"].wait_for_line(f"poll_started flow=amazon:{ACCOUNT}:notifications", _START_SECONDS)
        keys = set(follow.applied.get(UPSERT_ORDER, ()))
        mix = {"base": "plain", "marketplaces": ["US"]}
        began = time.time()
        market.post("/sandbox/orders", {"count": count, "seed": 1, "mix": mix})
        until(lambda: _heard(follow, UPSERT_ORDER, count), _WAIT_SECONDS, f"{count} orders are in Odoo", world)
        took = time.time() - began
        held = world.rpc().execute_kw("sale.order", "search_count", [[]], {})
        if held < count or keys:
            raise BenchError(f"orders_notified: Odoo holds {held} orders, wanted {count}")
        say(f"orders_notified: {count} orders in Odoo after {took:.0f} s, {market.refused()} answers 429, {load()}")
    return [Measure("orders_notified", "s", ORDERS_SECONDS, Series((took,)))]


@contextmanager
def _queue() -> Iterator[tuple[AmazonMarket, Mapping[str, str]]]:
    """Amazon with a queue of notifications, and the flows that are on."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client("sqs", region_name=_REGION, endpoint_url=endpoint, **_KEYS)
        url = client.create_queue(QueueName="orders")["QueueUrl"]
        arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {"Version": "2012-10-17", "Statement": [statement(arn)]}
        client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        market = AmazonMarket(1)
        market.sqs_endpoint = endpoint
        market.queue = {
            "URL": url, "ENDPOINT": endpoint, "REGION": _REGION, "ACCESS_KEY_ID": "any", "SECRET_ACCESS_KEY": "any",
        }  # fmt: skip
        yield market, {"all": "off", "orders": "on"}
    finally:
        server.stop()


# -- settlements


def settlement(say: Say, *, lines: int = LINES) -> list[Measure]:
    """Raises BenchError."""
    market, flows = AmazonMarket(100), {"all": "off", "settlements": "on"}
    env = {
        **QUICK_TIERS,
        "CAUSEWAY_POLL__INTERVALS": json.dumps({"amazon.settlements": "2s"}),
        "CAUSEWAY_ODOO__SETTLEMENT_ACCOUNTS": json.dumps({"fee": "620000"}),
    }
    with scale_world(say, "settlement", [market], flows, env) as (world, follow):
        world.start_pipeline()
        follow.open()
        _sell_and_ship(market, lines)
        began = time.time()
        made = market.post("/sandbox/settlements", {"marketplace": "US"})
        ready = time.time() - began
        until(lambda: _heard(follow, POST_SETTLEMENT, 1), _WAIT_SECONDS, "the settlement is posted", world)
        took = time.time() - began - ready
        _verified(world, made)
        say(
            f"settlement: {made['rows']} lines in Odoo after {took:.0f} s (the sandbox took {ready:.0f} s to make it), {load()}"
        )
    return [Measure("settlement", "s", SETTLEMENT_SECONDS, Series((took,)))]


def _sell_and_ship(market: AmazonMarket, lines: int) -> None:
    """So many orders that a settlement has as many lines, or a few more."""
    mix = {"base": "plain", "marketplaces": ["US"], "shipped": 1.0}
    body = {"count": lines // _LINES_OF_AN_ORDER, "seed": 1, "mix": mix, "spread_minutes": 60 * 24 * 13}
    market.post("/sandbox/orders", body)


def _verified(world: ScaleWorld, made: Mapping[str, Any]) -> None:
    """One posted, balanced entry whose counterpart is the payout. Raises BenchError."""
    odoo = world.rpc()
    domain = [["ref", "like", str(made["settlementId"])]]
    entries = odoo.execute_kw("account.move", "search_read", [domain], {"fields": ["id", "state"]})
    if [one["state"] for one in entries] != ["posted"]:
        raise BenchError(f"settlement: Odoo holds {entries}")
    lines = odoo.execute_kw(
        "account.move.line", "search_read", [[["move_id", "=", entries[0]["id"]]]], {"fields": ["debit", "credit"]}
    )
    sums = [sum(Decimal(str(line[side])).quantize(Decimal("0.01")) for line in lines) for side in ("debit", "credit")]
    paid = Decimal(made["total"]) / 100
    banked = [line for line in lines if Decimal(str(line["debit"])).quantize(Decimal("0.01")) == paid]
    if sums[0] != sums[1] or not banked:
        raise BenchError(f"settlement: debit {sums[0]}, credit {sums[1]}, payout {paid}")


def _heard(follow: Follow, operation: str, count: int) -> bool:
    follow.listen()
    return follow.count(operation) >= count

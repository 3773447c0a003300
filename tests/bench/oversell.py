"""INV-3: the oversell window. An order is seen on one channel; how long until the other is told the lower number, and until it holds it?

Two seller accounts of the Walmart sandbox that sell the same stock, the stages as they run (`route`, `stock`, `deliver.walmart.critical` in one
process), one order after the other. The clock of an order starts when it is handed to Kafka as seen on the first account, and stops

    oversell_told     when the other account's lower number stands on `availability`
    oversell_held     when Walmart has taken that number (the outcome of the call)

What comes before, the poll that finds the order, is the marketplace's business and Walmart's quota: every 10 minutes by default.

    oversell_busy     as oversell_told, while 10,000 SKUs are read anew
    stock_inventory   10,000 SKUs read anew: from the first stock level handed to Kafka to the last number for the second account on
                      `availability`, with windows of 3 seconds. INV-1 gives 15 minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from confluent_kafka import Consumer

from schemas.codec import Codec
from schemas.headers import Headers, encode_headers
from schemas.record import Message, RawHeaders
from schemas.records import StockLevel
from schemas.registry import Registry
from schemas.topics import ENTITIES, ORDERS, OUTCOMES
from streams.demo.processes import Process, ProcessError
from streams.demo.world import free_port
from streams.kafka import SyncProducer, partitions_of, reader, record_of
from streams.stack import Endpoints
from tests.bench.cluster import Say, cluster
from tests.bench.errors import BenchError
from tests.bench.figures import Measure, Series
from tests.builders import order, order_line

SKUS = 10_000
ORDERS_SEEN = 40
ON_HAND = 500
FLUSH_SECONDS = 3
TOLD_SECONDS, HELD_SECONDS, INVENTORY_SECONDS = 1.0, 5.0, 900.0
_FIRST, _SECOND = "first", "second"
_START_SECONDS, _WAIT_SECONDS = 180.0, 300.0
_STAGES = ("route", "stock", "deliver.walmart.critical")


def oversell(say: Say, *, skus: int = SKUS, seen: int = ORDERS_SEEN) -> list[Measure]:
    """Raises BenchError."""
    with TemporaryDirectory(prefix="causeway-bench-") as folder, cluster(say, registry=True, own=True) as endpoints:
        world = _World(Path(folder), endpoints)
        try:
            world.start(min(skus, 4 * seen))
            inventory = _inventory(world, skus)
            say(f"oversell: {skus} SKUs read anew and told in {inventory:.1f} s")
            told, held = _orders(world, 0, seen)
            say(f"oversell: {seen} orders, told after {told} s, held after {held} s")
            world.send_levels(skus, version=2)
            busy, _ = _orders(world, 2 * seen, seen)
            say(f"oversell: the same beside {skus} SKUs read anew, told after {busy} s")
        except ProcessError as error:
            raise BenchError(f"oversell: {error}") from error
        finally:
            world.stop()
    return [
        Measure("oversell_told", "s", TOLD_SECONDS, told),
        Measure("oversell_busy", "s", TOLD_SECONDS, busy),
        Measure("oversell_held", "s", HELD_SECONDS, held),
        Measure("stock_inventory", "s", INVENTORY_SECONDS, Series((inventory,))),
    ]


@dataclass(slots=True)
class _World:
    """The sandbox, the worker, and what they said. `told`: SKU -> newest number for the second account; `held`: SKU -> times Walmart took one."""

    folder: Path
    endpoints: Endpoints
    told: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    _processes: list[Process] = field(default_factory=list)
    _consumer: Consumer | None = None
    _registry: Registry | None = None
    _producer: SyncProducer | None = None

    def start(self, items: int) -> None:
        url = f"http://127.0.0.1:{free_port()}"
        accounts = [word for name in (_FIRST, _SECOND) for word in ("--account", f"{name}:secret")]
        sandbox = ["--port", url.rsplit(":", 1)[1], *accounts, "--rate-factor", "100"]
        self._run("walmart", "connectors.walmart.sandbox", sandbox, {}, "listening on")
        _add_items(url, items)
        stages = [word for name in _STAGES for word in ("--stage", name)]
        self._run("worker", "streams.cli", ["worker", *stages], self._env(url), "runtime_started")
        self._registry = Registry({"url": self.endpoints.registry_url})
        self._consumer = self._follow()
        self._producer = SyncProducer({"bootstrap.servers": self.endpoints.bootstrap})
        self._producer.open()

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.stop()
        if self._consumer is not None:
            self._consumer.close()
        if self._registry is not None:
            self._registry.close()

    @property
    def codec(self) -> Codec:
        if self._registry is None:
            raise BenchError("oversell: not started")
        return Codec(self._registry)

    def send(self, topic: str, schema: str, values: Sequence[Mapping[str, Any]]) -> None:
        codec = self.codec
        messages = [
            Message(topic, one["key"].encode(), codec.encode(schema, one), _headers(schema, one)) for one in values
        ]
        if self._producer is not None:
            self._producer.send_all(messages)

    def send_levels(self, skus: int, version: int) -> None:
        self.send(ENTITIES["stock_level"].every, "stock_level", [_level(number, version) for number in range(skus)])

    def until(self, condition: Callable[[], bool], what: str) -> float:
        """The moment it held. Raises BenchError when it does not within the limit."""
        deadline = time.perf_counter() + _WAIT_SECONDS
        codec = self.codec
        while not condition():
            if time.perf_counter() > deadline:
                raise BenchError(
                    f"oversell: {what}: not within {_WAIT_SECONDS:.0f} s; the worker's log ends:\n{self._processes[-1].tail()}"
                )
            for consumed in self._consumer.consume(5000, timeout=0.005) if self._consumer else ():
                if consumed.error() is None:
                    self._note(codec, record_of(consumed))
        return time.perf_counter()

    def _note(self, codec: Codec, record: Any) -> None:
        name, _, sku = (record.key or b"").decode().rpartition(":")
        if name != f"stock:walmart:{_SECOND}":
            return
        if record.topic == OUTCOMES:
            outcome = codec.decode("outcome", record.value)
            if outcome["operation"] == "set_stock" and outcome["result"] == "applied":
                self.held[sku] = self.held.get(sku, 0) + 1
        else:
            self.told[sku] = int(codec.decode("availability", record.value)["quantity"])

    def _follow(self) -> Consumer:
        config = {"bootstrap.servers": self.endpoints.bootstrap}
        consumer = reader(config, **{"fetch.wait.max.ms": 5})
        consumer.assign(partitions_of(consumer, config, [ENTITIES["availability"].every, OUTCOMES]))
        return consumer

    def _run(self, name: str, module: str, args: Sequence[str], env: Mapping[str, str], sign: str) -> None:
        process = Process(name, module, args, env, self.folder)
        self._processes.append(process)
        process.start()
        process.wait_for_line(sign, _START_SECONDS)

    def _env(self, url: str) -> dict[str, str]:
        env = {
            "CAUSEWAY_ENVIRONMENT": "sandbox",
            "CAUSEWAY_KAFKA__BOOTSTRAP": self.endpoints.bootstrap,
            "CAUSEWAY_REGISTRY__URL": self.endpoints.registry_url,
            "CAUSEWAY_WALMART__BASE_URL": url,
            "CAUSEWAY_ODOO__ENVIRONMENT": "sandbox",  # nobody asks it here
            "CAUSEWAY_PHASES": json.dumps({"walmart": {_SECOND: {"stock": "on"}}}),
            "CAUSEWAY_STOCK__FLUSH_MINUTES": str(FLUSH_SECONDS / 60),
        }
        for name in (_FIRST, _SECOND):
            env[f"CAUSEWAY_WALMART__ACCOUNTS__{name.upper()}__CLIENT_ID"] = name
            env[f"CAUSEWAY_WALMART__ACCOUNTS__{name.upper()}__CLIENT_SECRET"] = "secret"
        return env


def _inventory(world: _World, skus: int) -> float:
    """Seconds until all numbers of the second account are told."""
    began = time.perf_counter()
    world.send_levels(skus, version=1)
    return world.until(lambda: len(world.told) >= skus, f"{skus} numbers are told") - began


def _orders(world: _World, first: int, count: int) -> tuple[Series, Series]:
    """Seconds of each order until told and until held. The first ones warm up and do not count."""
    told, held = [], []
    warm_up = min(5, count // 4)
    for number in range(first, first + count + warm_up):
        sku, name = _sku(number), f"BENCH-{number}"
        made = order(name, [order_line(sku)], key=f"walmart:{_FIRST}:{name}", account=_FIRST, ordered_at=_now())
        began = time.perf_counter()
        world.send(ORDERS, "order", [made])
        told_at = world.until(lambda sku=sku: world.told[sku] == ON_HAND - 1, f"{sku} is told")  # type: ignore[misc]
        held_at = world.until(lambda sku=sku: world.held.get(sku, 0) == 1, f"{sku} is held")  # type: ignore[misc]
        if number >= first + warm_up:
            told.append(told_at - began)
            held.append(held_at - began)
    return Series(tuple(told)), Series(tuple(held))


def _sku(number: int) -> str:
    return f"BENCH-{number:05}"


def _now() -> datetime:
    return datetime.now(UTC)


def _level(number: int, version: int) -> StockLevel:
    return StockLevel(
        key=f"sku:{_sku(number)}", sku=_sku(number), product_id=number + 1, version=version, read_at=_now(), active=True, category="All",
        kit=False, locations=[{"warehouse": "WH", "on_hand": str(ON_HAND), "reserved": "0"}], orders=[], components=[],
    )  # fmt: skip


def _headers(schema: str, value: Mapping[str, Any]) -> RawHeaders:
    now = int(time.time() * 1000)
    identity = f"{value['key']}/{now}"
    return encode_headers(
        Headers(identity, "walmart", schema, value["version"], identity, value["key"], now, "sandbox")
    )


def _add_items(url: str, count: int) -> None:
    """What the marketplace must know before a number can be set."""
    items = [{"sku": _sku(number), "stock": ON_HAND} for number in range(count)]
    with suppress(httpx.HTTPError):
        answer = httpx.post(
            f"{url}/sandbox/items", json={"items": items, "account": _SECOND}, timeout=60, trust_env=False
        )
        if answer.status_code == httpx.codes.OK:
            return
        raise BenchError(f"oversell: the sandbox takes no items: {answer.text[:200]}")
    raise BenchError("oversell: the sandbox does not answer")

"""INV-3: the oversell window. An order is seen on one channel; how long until the other is told the lower number, and until it holds it?

Two seller accounts of the Walmart sandbox that sell the same stock, the stages as they run (`route`, `stock`, `deliver.walmart.critical` in one
process), one order after the other. The clock of an order starts when it is handed to Kafka as seen on the first account, and stops

    oversell_told     when the other account's lower number stands on `availability`
    oversell_held     when Walmart has taken that number (the outcome of the call)

    oversell_amazon_told, oversell_amazon_held
                          the same with Amazon as the second channel, quotas as published: held when Amazon has taken the number. It does not
                          say when what it took takes effect

What comes before, the poll that finds the order, is the marketplace's business and Walmart's quota: every 10 minutes by default.

    oversell_busy     as oversell_told, while 10,000 SKUs are read anew
    stock_inventory   10,000 SKUs read anew: from the first stock level handed to Kafka to the last number for the second account on
                      `availability`, with windows of 3 seconds. INV-1 gives 15 minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

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
from tests.bench.scale_markets import ACCOUNT, AmazonMarket, answer_of
from tests.bench.scale_world import load
from tests.builders import order, order_line

SKUS = 10_000
ORDERS_SEEN = 40
ON_HAND = 500
FLUSH_SECONDS = 3
TOLD_SECONDS, HELD_SECONDS, INVENTORY_SECONDS = 1.0, 5.0, 900.0
_FIRST, _SECOND = "first", "second"
_START_SECONDS, _WAIT_SECONDS = 180.0, 300.0
_STAGES = ("route", "stock")


def oversell(say: Say, *, skus: int = SKUS, seen: int = ORDERS_SEEN) -> list[Measure]:
    """Raises BenchError."""
    with _world("oversell", say, _SecondWalmart()) as world:
        world.start(min(skus, 4 * seen))
        inventory = _inventory(world, skus)
        say(f"oversell: {skus} SKUs read anew and told in {inventory:.1f} s")
        told, held = _orders(world, 0, seen)
        say(f"oversell: {seen} orders, told after {told} s, held after {held} s")
        world.send_levels(skus, version=2)
        busy, _ = _orders(world, 2 * seen, seen)
        say(f"oversell: the same beside {skus} SKUs read anew, told after {busy} s")
    return [
        Measure("oversell_told", "s", TOLD_SECONDS, told),
        Measure("oversell_busy", "s", TOLD_SECONDS, busy),
        Measure("oversell_held", "s", HELD_SECONDS, held),
        Measure("stock_inventory", "s", INVENTORY_SECONDS, Series((inventory,))),
    ]


def oversell_amazon(say: Say, *, seen: int = ORDERS_SEEN) -> list[Measure]:
    """Raises BenchError."""
    with _world("oversell_amazon", say, _SecondAmazon(AmazonMarket(1))) as world:
        world.start(2 * seen)
        _inventory(world, 2 * seen)
        told, held = _orders(world, 0, seen)
        say(
            f"oversell_amazon: {seen} orders seen at Walmart, Amazon told after {told} s, taken by it after {held} s, {load()}"
        )
    return [
        Measure("oversell_amazon_told", "s", TOLD_SECONDS, told),
        Measure("oversell_amazon_held", "s", HELD_SECONDS, held),
    ]


class _Second(Protocol):
    """The other channel. `prefix`: of its keys; `stage`: who tells it; `held`: what it answers when it has taken a number."""

    prefix: str
    stage: str
    held: frozenset[str]

    def start(self, world: _World, first_url: str, items: int) -> None: ...

    def env(self) -> dict[str, str]: ...


class _SecondWalmart:
    """Another account of the same sandbox."""

    prefix = f"stock:walmart:{_SECOND}"
    stage = "deliver.walmart.critical"
    held = frozenset({"applied"})

    def start(self, world: _World, first_url: str, items: int) -> None:
        """What the marketplace must know before a number can be set."""
        listed = [{"sku": _sku(number), "stock": ON_HAND} for number in range(items)]
        try:
            answer_of(
                httpx.post(
                    f"{first_url}/sandbox/items",
                    json={"items": listed, "account": _SECOND},
                    timeout=60,
                    trust_env=False,
                )
            )
        except httpx.HTTPError as error:
            raise BenchError("oversell: the sandbox does not answer") from error

    def env(self) -> dict[str, str]:
        account = f"CAUSEWAY_WALMART__ACCOUNTS__{_SECOND.upper()}__CLIENT"
        phases = json.dumps({"walmart": {_SECOND: {"stock": "on"}}})
        return {f"{account}_ID": _SECOND, f"{account}_SECRET": "secret", "CAUSEWAY_PHASES": phases}


@dataclass(frozen=True)
class _SecondAmazon:
    """Its own sandbox."""

    market: AmazonMarket
    prefix = f"stock:amazon:{ACCOUNT}"
    stage = "deliver.amazon.critical"
    held = frozenset({"submitted", "applied"})

    def start(self, world: _World, first_url: str, items: int) -> None:
        world.run(self.market.name, self.market.module, self.market.arguments(), {}, "listening on")
        self.market.list_items([_sku(number) for number in range(items)])

    def env(self) -> dict[str, str]:
        phases = json.dumps({"amazon": {ACCOUNT: {"stock": "on"}}})
        return {**self.market.env(), "CAUSEWAY_PHASES": phases}


@contextmanager
def _world(name: str, say: Say, second: _Second) -> Iterator[_World]:
    with TemporaryDirectory(prefix="causeway-bench-") as folder, cluster(say, registry=True, own=True) as endpoints:
        world = _World(Path(folder), endpoints, second)
        try:
            yield world
        except ProcessError as error:
            raise BenchError(f"{name}: {error}") from error
        finally:
            world.stop()


@dataclass(slots=True)
class _World:
    """The sandbox, the worker, and what they said. `told`: SKU -> newest number for the second account; `held`: SKU -> times Walmart took one."""

    folder: Path
    endpoints: Endpoints
    second: _Second
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
        self.run("walmart", "connectors.walmart.sandbox", sandbox, {}, "listening on")
        self.second.start(self, url, items)
        stages = [word for name in (*_STAGES, self.second.stage) for word in ("--stage", name)]
        self.run("worker", "streams.cli", ["worker", *stages], self._env(url), "runtime_started")
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
        if name != self.second.prefix:
            return
        if record.topic == OUTCOMES:
            outcome = codec.decode("outcome", record.value)
            if outcome["operation"] == "set_stock" and outcome["result"] in self.second.held:
                self.held[sku] = self.held.get(sku, 0) + 1
        else:
            self.told[sku] = int(codec.decode("availability", record.value)["quantity"])

    def _follow(self) -> Consumer:
        config = {"bootstrap.servers": self.endpoints.bootstrap}
        consumer = reader(config, **{"fetch.wait.max.ms": 5})
        consumer.assign(partitions_of(consumer, config, [ENTITIES["availability"].every, OUTCOMES]))
        return consumer

    def run(self, name: str, module: str, args: Sequence[str], env: Mapping[str, str], sign: str) -> None:
        process = Process(name, module, args, env, self.folder)
        self._processes.append(process)
        process.start()
        process.wait_for_line(sign, _START_SECONDS)

    def _env(self, url: str) -> dict[str, str]:
        account = f"CAUSEWAY_WALMART__ACCOUNTS__{_FIRST.upper()}__CLIENT"
        return {
            "CAUSEWAY_ENVIRONMENT": "sandbox",
            "CAUSEWAY_KAFKA__BOOTSTRAP": self.endpoints.bootstrap,
            "CAUSEWAY_REGISTRY__URL": self.endpoints.registry_url,
            "CAUSEWAY_WALMART__BASE_URL": url,
            "CAUSEWAY_ODOO__ENVIRONMENT": "sandbox",  # nobody asks it here
            "CAUSEWAY_STOCK__FLUSH_MINUTES": str(FLUSH_SECONDS / 60),
            f"{account}_ID": _FIRST,
            f"{account}_SECRET": "secret",
            **self.second.env(),
        }


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

"""The whole pipeline on a stack of its own, fed with orders full of canaries: strings that must be seen nowhere but in payloads (SEC-3).

One scene for all tests of this folder, because it takes half a minute to bring about:

    good      orders that Walmart sells and Odoo takes, one of them at once, one after a retry
    unknown   an order whose SKU Odoo does not have: held
    broken    raw records whose personal fields and damages are each another way to fail
    refused   a phase in which Odoo's password is wrong: auth, breaker
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from schemas.checksum import checksum, event_id
from schemas.codec import Codec
from schemas.headers import Headers, encode_headers
from schemas.record import Message, Record
from schemas.records import RawEvent
from schemas.registry import Registry
from schemas.topics import raw
from streams.demo.odoo import OdooTarget
from streams.demo.processes import Process
from streams.demo.sandboxed import ACCOUNT
from streams.demo.world import World, free_port
from streams.kafka import SyncProducer, read_to_end
from streams.settings import KafkaSettings, RegistrySettings, RetrySettings, Settings, TopicSettings
from streams.stack import Stack
from tests.integration.conftest import START_SECONDS
from tests.unit.walmart_sandbox.orders import order_of
from tests.waiting import until

ROOT = Path(__file__).parents[3]
LIMIT_SECONDS = 120.0  # reached only when it does not happen at all, also on a slow and busy machine
TIERS = ("1s", "2s", "4s", "8s", "15s", "30s", "60s")

# Persons and secrets that exist nowhere else.
NAME, STREET, CITY = "Canaria Zugvogel", "77 Kanarienweg", "Kanarienstadt"
EMAIL, PHONE = "canaria.zugvogel@birds.example", "2025550147"
SECRET, PASSWORD = "canary-client-secret-3Qz", "canary-odoo-password-7Hk"
CANARIES = (
    NAME,
    "Zugvogel",
    STREET,
    "Kanarien",
    EMAIL,
    "birds.example",
    PHONE,
    "202-555-0147",
    "+1202555",
    SECRET,
    PASSWORD,
)

GOOD, LATE, UNKNOWN, RETRIED = "9900000000001", "9900000000002", "9900000000003", "9900000000004"


def order(number: str, **changes: Any) -> dict[str, Any]:
    """A Walmart order of a person made of canaries."""
    made = copy.deepcopy(order_of(1))
    address = {"name": NAME, "address1": STREET, "city": CITY}
    made |= {"purchaseOrderId": number, "customerOrderId": f"C{number}", "customerEmailId": EMAIL}
    made["shippingInfo"]["phone"] = PHONE
    made["shippingInfo"]["postalAddress"] |= address
    return made | changes


def broken() -> Iterator[tuple[str, bytes]]:
    """Order id -> payload: every one fails, with canaries in the very place that is wrong."""

    def changed(number: int, change: Callable[[dict[str, Any]], object]) -> tuple[str, bytes]:
        made = order(f"99{number:011d}")
        change(made)
        return f"99{number:011d}", json.dumps(made).encode()

    def line(made: dict[str, Any]) -> dict[str, Any]:
        return made["orderLines"]["orderLine"][0]  # type: ignore[no-any-return]

    def charge(made: dict[str, Any]) -> dict[str, Any]:
        return line(made)["charges"]["charge"][0]["chargeAmount"]  # type: ignore[no-any-return]

    yield changed(101, lambda made: made.update(orderDate=NAME))
    yield changed(102, lambda made: made.update(shippingInfo=f"{NAME}, {STREET}"))
    yield changed(103, lambda made: charge(made).update(amount=NAME))
    yield changed(104, lambda made: charge(made).update(currency=NAME))
    yield changed(105, lambda made: line(made).update(lineNumber={"name": NAME}))
    yield changed(106, lambda made: made.update(purchaseOrderId=NAME))
    yield changed(107, lambda made: made.update(purchaseOrderId=EMAIL))
    yield changed(108, lambda made: line(made)["orderLineStatuses"]["orderLineStatus"][0].update(status=[NAME]))
    yield changed(109, lambda made: line(made)["orderLineQuantity"].update(amount=STREET))
    yield changed(110, lambda made: made["shippingInfo"]["postalAddress"].update(country=NAME, state=STREET))
    yield changed(111, lambda made: made["shippingInfo"]["postalAddress"].update(name="", address1="", city=CITY))
    yield changed(112, lambda made: made.update(customerEmailId={"mail": EMAIL}))
    yield changed(113, lambda made: made["shippingInfo"].update(phone=[PHONE]))
    yield changed(114, lambda made: made.update(orderLines=[NAME]))
    yield changed(115, lambda made: line(made)["item"].update(sku=""))
    yield "9900000000116", json.dumps(order("9900000000116"))[:300].encode()  # cut short
    yield "9900000000117", f"{NAME} {EMAIL}".encode()  # no JSON
    yield "9900000000118", f'{{"purchaseOrderId": 1, "{NAME}": 2, "{NAME}": 3}}'.encode()


@dataclass
class Observed:
    """The scene: the world, its processes and what tests look at it with."""

    world: World
    settings: Settings
    registry: Registry
    codec: Codec
    env: Mapping[str, str]
    ports: Mapping[str, int]
    processes: dict[str, Process] = field(default_factory=dict)
    started: int = 0

    def start(self, name: str, *args: str, **env: str) -> Process:
        """A process of the pipeline, with its own endpoint."""
        port = {"CAUSEWAY_STAGE__METRICS_PORT": str(self.ports[name])}
        logs = self.world.folder / "logs"
        self.started += 1  # each has a log of its own
        process = Process(f"{name}-{self.started}", "streams.cli", args, {**self.env, **port, **env}, logs)
        process.start()
        self.processes[name] = process
        return process

    def stop(self, name: str) -> None:
        if (process := self.processes.pop(name, None)) is not None:
            process.stop()

    def close(self) -> None:
        for name in list(self.processes):
            self.stop(name)
        self.registry.close()

    def cli(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`causeway ...` as a person would run it."""
        command = [sys.executable, "-m", "streams.cli", *args]
        full = {**os.environ, **self.env, **env}
        return subprocess.run(
            command, capture_output=True, text=True, env=full, cwd=ROOT, timeout=LIMIT_SECONDS, check=False
        )

    def records(self, *topics: str) -> list[Record]:
        names = topics or tuple(topic.name for topic in self.settings.topic_table())
        return list(read_to_end(self.settings.kafka.librdkafka(), names))

    def outcomes(self) -> list[dict[str, Any]]:
        return [self.codec.decode("outcome", record.value) for record in self.records("outcomes")]

    def results(self, number: str, destination: str = "odoo") -> list[str]:
        key = f"walmart:{ACCOUNT}:{number}"
        return [o["result"] for o in self.outcomes() if o["key"] == key and o["destination"] == destination]

    def metrics(self, name: str) -> str:
        """What it serves; nothing while it does not run."""
        try:
            with httpx.Client(trust_env=False, timeout=LIMIT_SECONDS) as client:
                return client.get(f"http://127.0.0.1:{self.ports[name]}/metrics").text
        except httpx.TransportError:
            return ""

    def send(self, messages: list[Message]) -> None:
        with SyncProducer(self.settings.kafka.librdkafka()) as producer:
            producer.send_all(messages)

    def raw_message(self, number: str, payload: bytes) -> Message:
        """What the poller would publish for this payload."""
        key, content = f"walmart:{ACCOUNT}:{number}", checksum(payload)
        now = datetime.now(UTC)
        event = RawEvent(
            source="walmart", account=ACCOUNT, entity="order", key=key, payload=payload, content_type="application/json",
            fetched_at=now, checksum=content, correlation=key, request="",
        )  # fmt: skip
        headers = Headers(
            event_id("walmart", key, content), "walmart", "order", 0, content, key, int(now.timestamp() * 1000), "sandbox"
        )  # fmt: skip
        value = self.codec.encode("raw_event", event)
        return Message(raw("walmart", "orders"), key.encode(), value, encode_headers(headers))


def open_world(folder: Path) -> Observed:
    """Stack and sandboxes run, no process of the pipeline does."""
    # Odoo is asked by nobody but the sink here: what is to fail must not be met by others.
    others = {"CAUSEWAY_ODOO__CAPTURE__MODE": "off", "CAUSEWAY_PHASES__ALIBABA__DEMO__ALL": "off"}
    world = World(folder, lambda line: None, pipeline={}, env=others)
    world.stack = Stack(world.stack.settings.model_copy(update={"start_seconds": START_SECONDS}))
    world.odoo = OdooTarget(world.odoo.url, world.odoo.db, world.odoo.login, PASSWORD)
    try:
        world.start()
        with httpx.Client(trust_env=False) as client:
            url = f"{world.markets[0].url}/sandbox/accounts/sandbox-client"
            client.put(url, json={"client_secret": SECRET}).raise_for_status()
    except BaseException:
        world.stop()  # half a world would be left behind: nobody else knows of it yet
        raise
    assert world.endpoints is not None
    settings = Settings(
        kafka=KafkaSettings(bootstrap=world.endpoints.bootstrap),
        registry=RegistrySettings(url=world.endpoints.registry_url),
        topics=TopicSettings(partitions=3),
        retry=RetrySettings(tiers=TIERS),
    )
    env = world.env() | {
        f"CAUSEWAY_WALMART__ACCOUNTS__{ACCOUNT.upper()}__CLIENT_SECRET": SECRET,
        "CAUSEWAY_LOG__LEVEL": "DEBUG",
        "CAUSEWAY_LOG__FORMAT": "json",
        "CAUSEWAY_STACK__DATA": str(folder / "stack"),
    }
    registry = Registry(settings.registry.client())
    return Observed(world, settings, registry, Codec(registry), env, {"worker": free_port(), "poller": free_port()})


def play(scene: Observed) -> None:
    """Everything happens; returns when it has."""
    scene.start("worker", "worker").wait_for_line("runtime_started", LIMIT_SECONDS)
    scene.start("poller", "poll", "run").wait_for_line("poller_started", LIMIT_SECONDS)
    unknown = order(UNKNOWN)
    unknown["orderLines"]["orderLine"][0]["item"]["sku"] = "CWT-UNKNOWN"
    sell(scene, [order(GOOD), unknown])
    scene.send([scene.raw_message(number, payload) for number, payload in broken()])
    numbers = {number for number, _ in broken()}
    until(lambda: "applied" in scene.results(GOOD), so_far=lambda: f"{GOOD}: {scene.results(GOOD)}")
    until(lambda: "held" in scene.results(UNKNOWN), so_far=lambda: f"{UNKNOWN}: {scene.results(UNKNOWN)}")
    until(
        lambda: numbers <= {outcome["key"].rpartition(":")[2] for outcome in scene.outcomes()},
        so_far=lambda: f"no outcome of {sorted(numbers - {o['key'].rpartition(':')[2] for o in scene.outcomes()})}",
    )
    # Acknowledged by now, which is a second state of it: nothing of it may take the strikes meant for the next order.
    until(lambda: len(scene.results(GOOD)) >= 2, so_far=lambda: f"{GOOD}: {scene.results(GOOD)}")
    fail_a_while(scene)
    sell(scene, [order(RETRIED)])
    until(
        lambda: {"retry", "applied"} <= set(scene.results(RETRIED)),
        so_far=lambda: f"{RETRIED}: {scene.results(RETRIED)}",
    )
    _refuse_and_come_back(scene)


def _refuse_and_come_back(scene: Observed) -> None:
    """Odoo's password is wrong for a while."""
    scene.stop("worker")
    wrong = {"CAUSEWAY_ODOO__PASSWORD": f"wrong-{PASSWORD}"}
    scene.start("worker", "worker", **wrong).wait_for_line("runtime_started", LIMIT_SECONDS)
    sell(scene, [order(LATE)])
    until(lambda: "causeway_breaker_open" in opened(scene.metrics("worker")), so_far=lambda: "no breaker opened")
    scene.stop("worker")
    scene.start("worker", "worker").wait_for_line("runtime_started", LIMIT_SECONDS)
    until(lambda: "applied" in scene.results(LATE), so_far=lambda: f"{LATE}: {scene.results(LATE)}")


def fail_a_while(scene: Observed) -> None:
    """The next calls of Odoo fail: more than are tried again at once, fewer than open the breaker."""
    rule = {"kind": "status", "path": "^/jsonrpc", "code": 503, "limit": 9}
    with httpx.Client(trust_env=False) as client:
        client.put(f"{scene.world.odoo.url}/sandbox/faults", json={"rules": [rule]}).raise_for_status()


def opened(exposition: str) -> str:
    """The lines of breakers that are open."""
    return "\n".join(
        line for line in exposition.splitlines() if line.startswith("causeway_breaker_open{") and line.endswith(" 1.0")
    )


def sell(scene: Observed, orders: list[dict[str, Any]]) -> None:
    """The marketplace has these orders from now on."""
    with httpx.Client(trust_env=False) as client:
        for one in orders:
            one["orderDate"] = int(time.time() * 1000)
        answer = client.post(f"{scene.world.markets[0].url}/sandbox/orders/raw", json={"orders": orders})
        answer.raise_for_status()

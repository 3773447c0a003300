"""A marketplace in a file, a connector for it, and pollers as processes that can be killed at any step.

The market's pages shift: whenever a page is read, an order already read changes and so moves to the end. The file outlives the processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import pytest
from confluent_kafka.admin import AdminClient

from connectors.kit.errors import AuthError, DataError, TransientError
from connectors.kit.ports import Connector, Deps, Fetched, Page, Problem
from connectors.kit.settings import Part
from schemas.codec import Codec
from schemas.headers import decode_headers
from schemas.record import Message, Record
from schemas.records import Cursor, PollCommand, RawEvent
from schemas.registry import Registry
from schemas.topics import OUTCOMES, POLL_COMMANDS
from streams.connectors import compose_settings
from streams.kafka import QUIET, SyncProducer, ensure_topics, read_to_end
from streams.poller.flows import FlowKey, Names
from streams.poller.run import needed_topics
from streams.settings import KafkaSettings, RegistrySettings, Settings, TopicSettings

SOURCE = "fake"
LIMIT_SECONDS = 120.0  # reached only when it does not happen at all, also on a slow and busy machine
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class MarketSettings(Part):
    """Where the market is, and who sells there."""

    folder: str = ""
    names: tuple[str, ...] = ("main",)


@dataclass(frozen=True)
class Market:
    """Orders of one account, as lines of a file: the newest line of an id is its state, its number the time it changed."""

    path: Path

    def change(self, *ids: str) -> None:
        """These orders are new, or change now."""
        with self.path.open("a") as file:
            file.write("".join(f"{order}\n" for order in ids))

    def states(self) -> dict[str, int]:
        """Each order and when it last changed (1, 2, ...), oldest change first."""
        if not self.path.exists():
            return {}
        newest: dict[str, int] = {}
        for number, line in enumerate(self.path.read_text().splitlines(), 1):
            newest.pop(line, None)
            newest[line] = number
        return newest


@dataclass
class MarketSource:
    """Reads a Market in the order of changes. `moves.<account>` holds how many more times an order moves while it is read."""

    folder: Path
    account: str
    flow: str = "orders"
    size: int = 3

    @property
    def market(self) -> Market:
        return Market(self.folder / f"{self.account}.orders")

    async def pages(self, position: str) -> AsyncIterator[Page]:
        after = int(json.loads(position)["after"]) if position else 0
        while True:
            self._trouble()
            page = self._page(after, after=after)
            self._log("poll", page)
            yield page
            if page.last:
                return
            after = int(json.loads(page.position)["after"])

    async def resync(self, since: datetime) -> AsyncIterator[Page]:
        after = int((since - EPOCH).total_seconds())
        while True:
            page = self._page(after, after=after)
            self._log("resync", page)
            yield page
            if page.last:
                return
            after = int(json.loads(page.position)["after"])

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        known = self.market.states()
        found = tuple(self._fetched(order, known[order]) for order in ids if order in known)
        missing = tuple(Problem(f"{SOURCE}:{self.account}:{i}", "no such order", b"{}") for i in ids if i not in known)
        page = Page(found, "", None, last=True, problems=missing, request="fetch")
        self._log("fetch", page)
        yield page

    async def aclose(self) -> None:
        """Nothing is open."""

    def _page(self, start: int, *, after: int) -> Page:
        states = [(order, number) for order, number in self.market.states().items() if number > start]
        taken = states[: self.size]
        end = taken[-1][1] if taken else after
        self._move([order for order, _ in taken])
        return Page(
            items=tuple(self._fetched(order, number) for order, number in taken),
            position=json.dumps({"after": end}),
            read_until=EPOCH + timedelta(seconds=end),
            last=len(states) <= self.size,
            request=f"orders changed after {start}",
        )

    def _fetched(self, order: str, number: int) -> Fetched:
        payload = json.dumps({"id": order, "changed": number}).encode()
        return Fetched(f"{SOURCE}:{self.account}:{order}", "order", payload, version=number)

    def _move(self, taken: list[str]) -> None:
        left = self.folder / f"moves.{self.account}"
        moves = int(left.read_text()) if left.exists() else 0
        if moves and taken:
            left.write_text(str(moves - 1))
            self.market.change(taken[0], f"late-{moves}")

    def _trouble(self) -> None:
        trouble = self.folder / f"trouble.{self.account}"
        kind = trouble.read_text().strip() if trouble.exists() else ""
        errors = {
            "transient": TransientError("the market is down"),
            "auth": AuthError("the market refuses the credentials"),
            "data": DataError("the page is no JSON: line 1"),
            "bug": KeyError("secret-of-jane@example.com"),
        }
        if kind == "hang":
            threading.Event().wait()  # what no connector should do: block the event loop
        if kind:
            raise errors[kind]

    def _log(self, track: str, page: Page) -> None:
        with (self.folder / "pages.log").open("a") as file:
            line = {"pid": os.getpid(), "account": self.account, "track": track, "keys": [i.key for i in page.items]}
            file.write(json.dumps(line) + "\n")


def market_source(settings: MarketSettings, account: str, flow: str, _deps: Deps) -> MarketSource:
    return MarketSource(Path(settings.folder), account, flow)


CONNECTOR = Connector(
    name=SOURCE,
    settings=MarketSettings,
    accounts=lambda settings: settings.names,
    flows={"orders": timedelta(seconds=1)},
    source=market_source,
)


@lru_cache
def registry(url: str) -> Registry:
    """One for all tests: its client keeps connections and cannot be closed."""
    return Registry({"url": url})


@dataclass
class World:
    """Topics, group and market of one test on the shared broker."""

    bootstrap: str
    registry_url: str
    folder: Path
    partitions: int = 3
    accounts: tuple[str, ...] = ("main",)
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}.")
    poll: dict[str, Any] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        registry(self.registry_url)  # before threads race to open it

    @property
    def names(self) -> Names:
        return Names(self.prefix)

    @property
    def kafka(self) -> dict[str, Any]:
        return {"bootstrap.servers": self.bootstrap}

    def market(self, account: str = "main") -> Market:
        return Market(self.folder / f"{account}.orders")

    def settings(self) -> Settings:
        return compose_settings([CONNECTOR])(
            kafka=KafkaSettings(bootstrap=self.bootstrap),
            registry=RegistrySettings(url=self.registry_url),
            topics=TopicSettings(partitions=self.partitions),
            poll={"session_seconds": 6, "retry_seconds": 0.2, "retry_limit_seconds": 1, "jitter": 0, **self.poll},
            fake=MarketSettings(folder=str(self.folder), names=self.accounts),
        )

    def prepare(self) -> Self:
        """Make the topics; schemas are registered on the way."""
        settings = self.settings()
        needed = needed_topics(settings)
        raw = next(topic for topic in needed if topic.value == "raw_event")
        outcomes = [
            topic for topic in settings.topic_table() if topic.name == OUTCOMES
        ]  # by which a registry is known to be ours
        registry(self.registry_url).register([*needed, *outcomes])
        ensure_topics(settings, [replace(topic, name=self.prefix + topic.name) for topic in needed])
        ensure_topics(settings, [replace(raw, name=self.names.raw(SOURCE, "order"))])
        return self

    def codec(self) -> Codec:
        return Codec(registry(self.registry_url))

    def start(self, **plan: Any) -> Running:
        """A poller process. `crash` = step, `nth` = at which occurrence, `by` = KILL or STOP."""
        number = len(self.running)
        config = self.folder / f"process-{number}.json"
        settings = self.settings().model_dump(mode="json", include={"poll", "topics", "fake"})
        if "connector" in plan:  # another one than the fake, with its part of the settings
            settings = {"poll": settings["poll"], "topics": settings["topics"], **plan.pop("connector")}
        config.write_text(
            json.dumps(
                {
                    "bootstrap": self.bootstrap,
                    "registry": self.registry_url,
                    "prefix": self.prefix,
                    "settings": settings,
                    **plan,
                }
            )
        )
        log = self.folder / f"process-{number}.log"
        command = [sys.executable, "-m", "tests.integration.poller_process", str(config)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stderr=output, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
        self.running.append(Running(process, log))
        return self.running[-1]

    def raw(self, account: str = "main") -> list[tuple[Record, RawEvent]]:
        """Every raw record of the account."""
        codec = self.codec()
        records = read_to_end(self.kafka, [self.names.raw(SOURCE, "order")])
        pairs = [(record, codec.decode("raw_event", record.value)) for record in records]
        return [(record, event) for record, event in pairs if event["account"] == account]

    def raw_states(self, account: str = "main", lane: str = "") -> list[tuple[str, int]]:
        """Order and change of each raw record of that lane, in no order."""
        return [
            (str(json.loads(event["payload"])["id"]), int(json.loads(event["payload"])["changed"]))
            for record, event in self.raw(account)
            if decode_headers(record.headers).lane == lane
        ]

    def dead(self) -> list[dict[str, Any]]:
        codec = self.codec()
        return [codec.decode("failed_record", record.value) for record in read_to_end(self.kafka, [self.names.dead])]

    def cursors(self) -> list[tuple[Record, Cursor]]:
        """Every committed cursor record, oldest first within a flow."""
        codec = self.codec()
        return [
            (record, codec.decode("cursor", record.value)) for record in read_to_end(self.kafka, [self.names.cursors])
        ]

    def cursor(self, account: str = "main") -> Cursor | None:
        found = [cursor for _, cursor in self.cursors() if cursor["account"] == f"{SOURCE}:{account}"]
        return found[-1] if found else None

    def is_caught_up(self, account: str = "main") -> bool:
        cursor, states = self.cursor(account), self.market(account).states()
        position = cursor["position"] if cursor is not None else ""
        return bool(position) and json.loads(position)["after"] == max(states.values())

    def send_command(self, action: str, account: str = "main", **more: Any) -> Message:
        key = FlowKey(SOURCE, account, "orders")
        value = PollCommand(
            id=uuid.uuid4().hex, account=key.owner, flow=key.flow, action=action, since=more.get("since"),
            ids=more.get("ids", []), requested_by="test", at=datetime.now(UTC),
        )  # fmt: skip
        message = Message(self.names.commands, key.encode(), self.codec().encode("poll_command", value))
        with SyncProducer(self.kafka) as producer:
            producer.send_all([message])
        return message

    def pages(self, track: str = "poll") -> list[dict[str, Any]]:
        """What the market was asked, in order."""
        log = self.folder / "pages.log"
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [line for line in lines if line["track"] == track]

    def close(self) -> None:
        for running in self.running:
            running.end()
        delete_topics(self.kafka, self.prefix)


def delete_topics(kafka: Mapping[str, Any], prefix: str) -> None:
    """Those of one test, that the broker of all stays small."""
    admin = AdminClient({**QUIET, **kafka})
    ours = [name for name in admin.list_topics(timeout=LIMIT_SECONDS).topics if name.startswith(prefix)]
    for future in admin.delete_topics(ours).values() if ours else ():
        future.result(timeout=LIMIT_SECONDS)


@dataclass
class Running:
    """A poller process."""

    process: subprocess.Popen[bytes]
    log: Path

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def has_logged(self, text: str) -> bool:
        return text in self.text()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def is_stopped(self) -> bool:
        """Whether it was sent SIGSTOP."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        self.signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        try:
            return self.process.wait(2 * LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            end = "\n".join(self.text().splitlines()[-25:])
            raise AssertionError(f"{self.log.parent.name}: the poller does not end, its log ends with\n{end}") from None

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(LIMIT_SECONDS)


def commands_committed(world: World) -> Iterator[tuple[int, int]]:
    """Partition and committed offset of the group, where there is one."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({**QUIET, **world.kafka, "group.id": world.names.group})
    try:
        places = [TopicPartition(world.prefix + POLL_COMMANDS, number) for number in range(world.partitions)]
        for place in consumer.committed(places, timeout=LIMIT_SECONDS):
            if place.offset >= 0:
                yield place.partition, place.offset
    finally:
        consumer.close()


MakeWorld = Callable[..., World]


@pytest.fixture
def world(bootstrap: str, registry_url: str, tmp_path: Path) -> Iterator[MakeWorld]:
    made: list[World] = []

    def make(**more: Any) -> World:
        made.append(World(bootstrap, registry_url, tmp_path, **more).prepare())
        return made[-1]

    yield make
    for item in made:
        item.close()

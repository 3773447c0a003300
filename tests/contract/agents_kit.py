"""The sending half of an agent (spool, lineage, gateway's client, deliverer), whole, against a whole gateway, without a network between them."""

from __future__ import annotations

import asyncio
import json
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from edge_iotbox.counters import Counters
from edge_iotbox.deliverer import Deliverer
from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Credential, Enrolment, read_enrolment, write_enrolment
from edge_iotbox.events import Teller
from edge_iotbox.gateway import Answer, Gateway
from edge_iotbox.inventory import Inventory, Wanted
from edge_iotbox.lineage import Lineage
from edge_iotbox.listener import Shared
from edge_iotbox.skew import SkewMeter
from edge_iotbox.spool import Limits, Spool
from streams.gateway.metrics import forget
from streams.gateway.server import Gateway as Server
from tests.edge.stage import SetClock, draft
from tests.unit.gateway.kit import BOX, Kafka, Made, gateway, with_code


@dataclass
class Line(Gateway):
    """The agent's client, straight into a gateway. `lose`: asked at each call, whether its answer is lost."""

    def __init__(self, server: Callable[[], Server], token: Callable[[], str], lineage: Lineage | None) -> None:
        super().__init__("http://127.0.0.1:1", token, lineage=lineage)
        self._server = server
        self.lose: Callable[[str], bool] = lambda path: False
        self.statuses: list[int] = []

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        async def call() -> Answer:
            transport = httpx.ASGITransport(self._server())
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                found = await client.request(method, path, content=body, headers=dict(headers))
            return Answer(found.status_code, dict(found.headers), found.content)

        answer = asyncio.run(call())
        self.statuses.append(answer.status)
        if self.lose(path):
            raise ConnectionResetError("the answer is lost")
        return answer


@dataclass
class World:
    """One Kafka, one gateway, any number of cards."""

    folder: Path
    kafka: Kafka = field(default_factory=Kafka)
    cards: int = 0

    def __post_init__(self) -> None:
        self.made: Made = gateway(self.kafka)

    def card(self) -> Path:
        self.cards += 1
        return self.folder / f"card-{self.cards}"

    def enrol(self, folder: Path) -> None:
        """The whole way, by a code."""
        self.kafka.is_down = False
        self.made.clock.passed += 10  # codes are asked for a few times a second at most
        self.cards += 1
        code = f"CODE-{self.cards}"
        with_code(self.kafka, code=code, minutes=60 * 24)
        token, _, _ = Line(lambda: self.made.app, lambda: "", None).enrol(code, BOX, "", "0.1.0")
        write_enrolment(folder / ENROLMENT, Enrolment(token, BOX))

    def begin(self, folder: Path) -> Sending:
        return Sending(self, folder)

    def copy(self, card: Path) -> Path:
        """As the card is now, also of a Box that runs."""
        to = self.card()
        shutil.copytree(card, to)
        return to

    def values(self) -> list[str]:
        """What was scanned, as it stands on the topic."""
        return [one["value"] for one in self.kafka.published() if one["kind"] == "scan"]


class Sending:
    """One start of an agent."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        clock, boot = SetClock(), str(uuid.uuid4())
        teller = Teller(BOX, boot, clock)
        self.spool = Spool.open(folder, Limits(), teller)
        self.shared = Shared(self.spool, teller, Counters(), Inventory(), SkewMeter(), Wanted())
        token = Credential(folder / ENROLMENT).token
        self.line = Line(lambda: world.made.app, token, Lineage(folder))
        self.deliverer = Deliverer(self.line, self.shared, folder / "refused.jsonl")

    @property
    def state(self) -> str:
        return self.shared.counters.sender_state

    def press(self, *values: str) -> None:
        self.spool.append([draft(value, boot=self.shared.teller.boot) for value in values])

    def send(self, tries: int = 12) -> str:
        """Until nothing is left or the gateway says no. The state."""
        for _ in range(tries):
            self.world.made.clock.passed += 60
            self.deliverer.once()
            if self.state in ("not_allowed", "other_spool") or (self.state == "good" and not self.left()):
                break
        return self.state

    def left(self) -> list[str]:
        """What was scanned and waits."""
        found = [event.value for event in self.spool.batch() if event.kind == "scan"]
        self.spool.give_back()
        return found

    def end(self) -> None:
        self.spool.close()

    def token(self) -> str:
        return read_enrolment(self.folder / ENROLMENT).token

    def lineage(self) -> list[str]:
        found: list[str] = json.loads((self.folder / "lineage.json").read_text())["names"]
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield World(tmp_path)
    forget([BOX])


def begun(world: World, *values: str) -> Sending:
    """An agent on a card of its own, enrolled, that has sent these."""
    card = world.card()
    world.enrol(card)
    agent = world.begin(card)
    agent.press(*values)
    assert agent.send() == "good"
    return agent

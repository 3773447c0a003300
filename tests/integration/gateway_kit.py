"""Gateways on a real broker, as processes that can be killed at any step, and a Box that never gives up."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.codec import Codec
from schemas.hardware import to_batch
from schemas.topics import AUDIT, EDGE_BOXES, HARDWARE_EVENTS
from streams.gateway.desk import BoxDesk
from streams.gateway.run import prepare
from streams.kafka import read_to_end
from streams.once import Once
from streams.settings import Settings
from tests.integration.poller_kit import delete_topics, registry
from tests.unit.gateway.kit import SPOOL, event
from tests.waiting import LIMIT_SECONDS, until

DEVICES = ("usb_05e0:1200", "/dev/ttyUSB0", "usbEPSONTM-T20?J5PF000123")


def headers_of(token: str) -> dict[str, str]:
    """Whose call it is, and of which spool."""
    return {"Authorization": f"Bearer {token}", "Causeway-Spool": SPOOL.name}


@dataclass
class Running:
    """A gateway process."""

    process: subprocess.Popen[bytes]
    log: Path
    ready: Path

    @property
    def url(self) -> str:
        """Waits until it answers."""
        until(
            lambda: self.ready.exists() or self.process.poll() is not None,
            "the gateway is ready",
            so_far=self.end_of_log,
        )
        assert self.ready.exists(), self.end_of_log()
        return f"http://127.0.0.1:{self.ready.read_text()}/edge/v1"

    def end_of_log(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(LIMIT_SECONDS)


@dataclass
class Gateways:
    """Topics of their own for one test."""

    bootstrap: str
    registry_url: str
    folder: Path
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}.")
    running: list[Running] = field(default_factory=list)

    def settings(self, **more: Any) -> Settings:
        document = {
            "kafka": {"bootstrap": self.bootstrap}, "registry": {"url": self.registry_url}, "topics": {"partitions": 3},
            "gateway": {"port": 0, "requests_per_second": 1000, "events_per_second": 100_000, **more},
        }  # fmt: skip
        return Settings.model_validate(document)

    @property
    def kafka(self) -> dict[str, Any]:
        return {"bootstrap.servers": self.bootstrap}

    def codec(self) -> Codec:
        return Codec(registry(self.registry_url))

    def desk(self) -> BoxDesk:
        return BoxDesk(self.settings(), self.codec(), prefix=self.prefix)

    def start(self, **plan: Any) -> Running:
        """A process. `crash`: published or written, `nth`: at which occurrence."""
        number = len(self.running)
        config, ready = self.folder / f"gateway-{number}.json", self.folder / f"gateway-{number}.port"
        settings = self.settings().model_dump(
            mode="json", include={"kafka": {"bootstrap"}, "registry": {"url"}, "topics": True, "gateway": True}
        )
        config.write_text(json.dumps({"prefix": self.prefix, "ready": str(ready), "settings": settings, **plan}))
        log = self.folder / f"gateway-{number}.log"
        command = [sys.executable, "-m", "tests.integration.gateway_process", str(config)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stderr=output, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
        self.running.append(Running(process, log, ready))
        return self.running[-1]

    def enrolled(self, url: str, box: str, is_bound: bool = True) -> str:
        """The token of a Box that went the whole way. is_bound: SPOOL speaks for it, else the first that asks."""
        code = self.desk().enrol(box, 5, actor="test", at=datetime.now(UTC)).code
        answer = httpx.post(f"{url}/enrol", json={"code": code, "box": box}, timeout=60)
        assert answer.status_code == 200, answer.text
        token = str(answer.json()["token"])
        if not is_bound:
            return token
        asked = httpx.post(f"{url}/events", content=to_batch([]), headers=headers_of(token), timeout=60)
        assert asked.status_code == 200, asked.text
        return token

    def published(self, box: str) -> list[dict[str, Any]]:
        """What stands on the topic, within each key in its order."""
        codec, topic = self.codec(), self.prefix + HARDWARE_EVENTS
        found = [codec.decode("hardware_event", record.value) for record in read_to_end(self.kafka, [topic])]
        return [one for one in found if one["box"] == box]

    def once(self, box: str) -> list[int]:
        """The sequences a reader takes, in the order of each key."""
        seen = Once()
        return [one["sequence"] for one in self.published(box) if seen.takes_event(one)]

    def audited(self) -> list[dict[str, Any]]:
        codec = self.codec()
        return [codec.decode("audit", record.value) for record in read_to_end(self.kafka, [self.prefix + AUDIT])]

    def raw_boxes(self) -> bytes:
        records = read_to_end(self.kafka, [self.prefix + EDGE_BOXES])
        return b"".join((record.key or b"") + (record.value or b"") for record in records)

    def close(self) -> None:
        for running in self.running:
            running.end()
        delete_topics(self.kafka, self.prefix)


@dataclass
class StubbornBox:
    """Sends what it has not been promised, again and again, to whichever gateway; lets go of what is promised, and of nothing else."""

    name: str
    token: str
    last: int
    chance: random.Random
    safe: int = 0

    def batch(self) -> bytes:
        first, size = self.safe + 1, self.chance.randint(1, 12)
        numbers = range(first, min(self.last, first + size - 1) + 1)
        return to_batch([event(number, box=self.name, device=DEVICES[number % len(DEVICES)]) for number in numbers])

    def send(self, client: httpx.Client, url: str) -> None:
        """One call, whose answer may be lost."""
        try:
            answer = client.post(f"{url}/events", content=self.batch(), headers=headers_of(self.token))
        except httpx.TransportError:
            return
        assert answer.status_code in (200, 503), (
            f"a Box that did nothing wrong was answered {answer.status_code}: {answer.text}"
        )
        if answer.status_code == 200 and self.chance.random() < 0.8:
            self.safe = max(self.safe, answer.json()["through"])


@pytest.fixture
def gateways(bootstrap: str, registry_url: str, tmp_path: Path) -> Iterator[Gateways]:
    made = Gateways(bootstrap, registry_url, tmp_path)
    prepare(made.settings(), registry(registry_url), made.prefix)
    yield made
    made.close()

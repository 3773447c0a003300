"""EDGE-3: both ways out of a Box on a real broker. The same records either way; who is killed before he noted what is safe doubles nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import uuid
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.gateway import Gateway
from edge_iotbox.lineage import Lineage
from edge_iotbox.verdicts import Taken
from schemas.hardware import Event
from schemas.headers import decode_headers
from schemas.record import Record
from schemas.topics import HARDWARE_EVENTS
from streams.kafka import ensure_topics, read_to_end
from streams.once import Once
from tests.edge.samples import BOX, event
from tests.integration.edge_process import straight
from tests.integration.gateway_kit import DEVICES, Gateways, gateways
from tests.waiting import LIMIT_SECONDS

__all__ = ["gateways"]  # the fixture

EVENTS, BATCH, DEATHS = 60, 7, 3


def of_all_kinds() -> list[Event]:
    """What is hard to write the same twice: several devices, no device, empty and absent fields, text beyond ASCII, numbers that are negative."""
    return [
        event(1),
        event(2, device=DEVICES[1], kind="weight", device_class="scale", value="1.25", weight="1.25", status="connected"),
        event(3, value="", payload="{}", skew_ms=-7200_000, clock_trusted=False),
        event(4, value="\u00fc\u6f22\U0001f4e6\x1d", device_name="Z\u00e4hler", device_time=None, skew_ms=None),
        event(9, first_sequence=5, kind="dropped", device="", device_class="", device_name="", value="", payload='{"count":5}'),
        event(10, device=DEVICES[2], kind="printer", status="stopped"),
        *(event(number, device=f"usb_{number:04x}:0001") for number in range(11, 31)),
    ]  # fmt: skip


def records(world: Gateways, topic: str) -> list[Record]:
    return sorted(read_to_end(world.kafka, [topic]), key=lambda one: decode_headers(one.headers).version)


def as_written(record: Record) -> tuple[Any, ...]:
    return record.partition, record.key, record.value, record.headers


def test_both_senders_write_the_same_records(gateways: Gateways, tmp_path: Path) -> None:
    """EDGE-3: partition, key, bytes and headers: a Box may change its way, and each device's events stay in order."""
    events, other = of_all_kinds(), f"{gateways.prefix}straight"
    (table,) = [topic for topic in gateways.settings().topic_table() if topic.name == HARDWARE_EVENTS]
    ensure_topics(gateways.settings(), [replace(table, name=other)])
    running = gateways.start()
    token = gateways.enrolled(running.url, BOX, is_bound=False)
    over_https = Gateway(running.url.removesuffix("/edge/v1"), lambda: token, lineage=Lineage(tmp_path))
    environment = gateways.settings().environment.value
    to_kafka = straight(gateways.bootstrap, gateways.registry_url, other, environment)
    try:
        assert over_https.send([]) == Taken(0, 0, strict=True)
        assert over_https.send(events) == Taken(30, 0)
        assert to_kafka.send(events) == Taken(30)
    finally:
        over_https.close()
        to_kafka.close()
    theirs = [as_written(one) for one in records(gateways, gateways.prefix + HARDWARE_EVENTS)]
    ours = [as_written(one) for one in records(gateways, other)]
    assert len(theirs) == len(events)
    assert ours == theirs
    assert len({partition for partition, *_ in ours}) > 1, "all in one partition: this shows less"
    decoded = [gateways.codec().decode("hardware_event", value) for _, _, value, _ in ours]
    assert [(one["sequence"], one["id"]) for one in decoded] == [(one.sequence, one.id) for one in events]


@pytest.mark.parametrize("way", ["kafka", "https"])
def test_killed_between_safe_and_noted_nothing_is_lost_or_had_twice(
    gateways: Gateways, tmp_path: Path, way: str
) -> None:
    """EDGE-3: kill -9, three times over. Straight to Kafka the batch stands there twice and is had once; the gateway knows it as a repeat."""
    plan = {
        "way": way, "folder": str(tmp_path / "spool"), "box": BOX, "boot": str(uuid.UUID(int=9)), "events": EVENTS, "batch": BATCH,
        "bootstrap": gateways.bootstrap, "registry": gateways.registry_url, "topic": gateways.prefix + HARDWARE_EVENTS,
        "environment": gateways.settings().environment.value,
    }  # fmt: skip
    if way == "https":
        running = gateways.start()
        plan |= {"url": running.url, "token": gateways.enrolled(running.url, BOX, is_bound=False)}
    ends = [sent(tmp_path, {**plan, "dies": 2 if number < DEATHS else 0}) for number in range(DEATHS + 1)]
    assert ends == [-signal.SIGKILL] * DEATHS + [0]
    published = gateways.published(BOX)
    seen = Once()
    had = [one for one in published if seen.takes_event(one)]
    assert [one["sequence"] for one in had] == list(range(1, EVENTS + 1))
    assert [one["value"] for one in had] == [f"code-{number}" for number in range(EVENTS)]
    assert len({one["id"] for one in published}) == EVENTS
    counted = Counter(one["sequence"] for one in published)
    assert max(counted.values()) == (2 if way == "kafka" else 1)
    assert sum(counted.values()) == EVENTS + (DEATHS * BATCH if way == "kafka" else 0)


def sent(folder: Path, plan: dict[str, Any]) -> int:
    """Runs the process to its end; how it ended."""
    config = folder / "edge.json"
    config.write_text(json.dumps(plan))
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.edge_process", str(config)], cwd=Path(__file__).parents[2], timeout=LIMIT_SECONDS,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
    return done.returncode

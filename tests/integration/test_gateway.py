"""EDGE-3, EDGE-4, SEC-1: gateways on a real broker. What a Box is promised is in Kafka, whoever dies; readers have each event once."""

from __future__ import annotations

import asyncio
import random
import shutil
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from edge_iotbox.gateway import Gateway
from edge_iotbox.lineage import Lineage
from edge_iotbox.verdicts import AskFirst, NotAllowed, Taken
from schemas.codec import Codec
from schemas.hardware import to_batch
from schemas.topics import EDGE_BOXES
from streams.gateway import entries
from streams.gateway.boxes import Boxes
from streams.kafka import SyncProducer
from tests.integration.gateway_kit import DEVICES, Gateways, StubbornBox, gateways, headers_of
from tests.unit.gateway.kit import event, events
from tests.waiting import until

__all__ = ["gateways"]  # the fixture

BOX = "b8:27:eb:00:00:01"


def check(world: Gateways, box: StubbornBox) -> Counter[int]:
    """Nothing lost, nothing doubled for a reader, each device's events in order. Gives how often each stands on the topic."""
    published = world.published(box.name)
    counted = Counter(one["sequence"] for one in published)
    assert sorted(world.once(box.name)) == list(range(1, box.last + 1))
    for device in DEVICES:
        first_seen = list(dict.fromkeys(one["sequence"] for one in published if one["device"] == device))
        assert first_seen == sorted(first_seen)
    return counted


@pytest.mark.parametrize("step", ["published", "written"])
def test_a_gateway_killed_between_publishing_and_answering_loses_and_doubles_nothing(
    gateways: Gateways, step: str
) -> None:
    """EDGE-3: killed before it noted what is safe, the batch stands there twice and is had once; killed after, it is known as a repeat."""
    dying = gateways.start(crash=step, nth=3)
    box = StubbornBox(BOX, gateways.enrolled(dying.url, BOX), 60, random.Random(step))
    with httpx.Client(timeout=60) as client:
        url = dying.url
        while dying.process.poll() is None:
            box.send(client, url)
        after = gateways.start()
        while box.safe < box.last:
            box.send(client, after.url)
    counted = check(gateways, box)
    assert (max(counted.values()) == 1) is (step == "written")


def test_two_gateways_at_once_and_answers_that_are_lost(gateways: Gateways) -> None:
    """EDGE-3: the same Box at both in the same moment, over and over, one of them killed on the way and begun anew."""
    running = [gateways.start(), gateways.start(crash="published", nth=12)]
    urls = [one.url for one in running]
    box = StubbornBox(BOX, gateways.enrolled(urls[0], BOX), 300, random.Random(7))
    with ThreadPoolExecutor(2) as threads, httpx.Client(timeout=60) as client:
        while box.safe < box.last:
            if running[1].process.poll() is not None:
                running[1] = gateways.start()
                urls[1] = running[1].url
            for call in [threads.submit(box.send, client, url) for url in urls]:
                call.result()
    assert len(gateways.running) == 3, "nobody was killed: this shows nothing"
    counted = check(gateways, box)
    assert max(counted.values()) > 1, "they never overlapped: this shows nothing"


def test_what_a_box_may_not_do_is_refused_and_does_not_stop_the_rest(gateways: Gateways) -> None:
    """SEC-1, SEC-5: wrong order, a hole, an event that cannot be, hostile bodies, a repeat; then it is revoked, at once at both gateways."""
    one, other = gateways.start(), gateways.start()
    with httpx.Client(timeout=60) as client:
        token = gateways.enrolled(one.url, BOX)
        client.headers.update(headers_of(token))

        def status(content: bytes, url: str = "", **headers: str) -> int:
            return client.post(f"{url or one.url}/events", content=content, headers=headers).status_code

        assert status(to_batch(events(1, 5))) == 200
        assert status(to_batch(events(1, 5)), other.url) == 200
        assert status(to_batch([event(7), event(6)])) == 422
        assert status(to_batch(events(8, 9)), other.url) == 409
        assert status(to_batch([event(6), replace(event(7), kind="nonsense")])) == 422
        assert status(b"{" * 50_000) == 400
        assert status(b"\x1f\x8b broken", **{"Content-Encoding": "gzip"}) == 400
        assert status(b" " * (1024 * 1024 + 1)) == 413
        assert status(to_batch([event(6), event(9, first=7, kind="dropped")]), other.url) == 200
        assert [found["sequence"] for found in gateways.published(BOX) if found["device"]] == [1, 2, 3, 4, 5, 6]
        assert sorted(gateways.once(BOX)) == [1, 2, 3, 4, 5, 6, 9]
        gateways.desk().revoke(BOX, actor="ann", at=datetime.now(UTC))
        assert {status(to_batch(events(10, 10)), url) for url in (one.url, other.url)} == {401}
        assert client.get(f"{other.url}/config").status_code == 401
        again = gateways.enrolled(other.url, BOX)
        client.headers.update(headers_of(again))
        assert client.post(f"{one.url}/events", content=to_batch([])).json()["through"] == 9
        assert status(to_batch(events(10, 10))) == 200
    secrets = [token.split("_", 2)[2], again.split("_", 2)[2], "CANARY", "4006381333931"]
    texts = [running.log.read_bytes() for running in gateways.running] + [gateways.raw_boxes()]
    assert not [secret for secret in secrets if any(secret.encode() in text for text in texts)]


def test_a_code_both_gateways_hear_at_once_is_one_token(gateways: Gateways) -> None:
    """SEC-1: ten times over."""
    urls = [gateways.start().url, gateways.start().url]
    desk = gateways.desk()
    with ThreadPoolExecutor(2) as threads:
        for number in range(10):
            box = f"box-{number}"
            asked = {"code": desk.enrol(box, 5, actor="ann", at=datetime.now(UTC)).code, "box": box}
            posts = [threads.submit(httpx.post, f"{url}/enrol", json=asked, timeout=60) for url in urls]
            answers = [post.result() for post in posts]
            assert sorted(answer.status_code for answer in answers) == [200, 403]
            (token,) = [answer.json()["token"] for answer in answers if answer.status_code == 200]
            for url in urls:
                found = httpx.get(f"{url}/config", headers={"Authorization": f"Bearer {token}"}, timeout=60)
                assert found.status_code == 200


def test_of_two_copies_of_a_spool_one_speaks_at_every_gateway(gateways: Gateways, tmp_path: Path) -> None:
    """EDGE-3: the other keeps what it has, and people see it; a new enrolment makes the Box one again."""
    urls = [gateways.start().url.removesuffix("/edge/v1"), gateways.start().url.removesuffix("/edge/v1")]
    tokens = [gateways.enrolled(f"{urls[0]}/edge/v1", BOX, is_bound=False)]
    (tmp_path / "card").mkdir()
    first = Gateway(urls[0], lambda: tokens[-1], lineage=Lineage(tmp_path / "card"))
    assert first.send([]) == Taken(0, 0, strict=True)
    assert first.send(events(1, 3)) == Taken(3, 0)
    shutil.copytree(tmp_path / "card", tmp_path / "copy")
    second = Gateway(urls[1], lambda: tokens[0], lineage=Lineage(tmp_path / "copy"))
    assert second.send([]) == Taken(3, 0, event(3).id)
    assert second.send(events(4, 6)) == Taken(6, 0)
    own = event(4, payload='{"value": "of the first"}')
    assert first.send([own]) == NotAllowed("other_spool")
    assert [one["sequence"] for one in gateways.published(BOX)] == [1, 2, 3, 4, 5, 6]
    assert gateways.desk().book().box(BOX).twice_at is not None
    tokens.append(gateways.enrolled(f"{urls[1]}/edge/v1", BOX, is_bound=False))
    assert first.send([own]) == AskFirst()
    assert first.send([]) == Taken(6, 0, event(6).id, strict=True)
    assert first.send([event(7, payload=own.payload)]) == Taken(7, 0)
    assert second.send([event(7)]) == NotAllowed()
    assert gateways.desk().book().box(BOX).twice_at is None
    assert gateways.once(BOX) == [1, 2, 3, 4, 5, 6, 7]
    first.close()
    second.close()


def test_what_people_do_reaches_the_box_and_the_audit_trail(gateways: Gateways) -> None:
    """EDGE-4, SEC-6: configuration has a version the Box hears of with its next call; health comes back."""
    running, desk = gateways.start(), gateways.desk()
    with httpx.Client(timeout=60) as client:
        client.headers.update(headers_of(gateways.enrolled(running.url, BOX)))
        assert client.get(f"{running.url}/config").json() == {"config": {}, "config_version": 0}
        desk.configure(BOX, ["batch_events=50", "log_level=debug"], actor="ann", at=datetime.now(UTC))
        desk.configure(
            BOX,
            ["batch_events=", "devices=usb_05e0:1200,/dev/ttyUSB0"],
            actor="ann",
            at=datetime.now(UTC),
            note="packing",
        )
        wanted = {"log_level": "DEBUG", "devices": ["usb_05e0:1200", "/dev/ttyUSB0"]}
        until(lambda: client.get(f"{running.url}/config").json()["config"] == wanted, "the configuration is known")
        version = client.get(f"{running.url}/config").json()["config_version"]
        report = {"spool_events": 3, "config_version": version}
        assert client.post(f"{running.url}/health", json=report).json() == {"config_version": version}
    known = desk.book().box(BOX)
    assert (known.health, known.config_version, known.state(datetime.now(UTC))) == (report, version, "enrolled")
    desk.revoke(BOX, actor="ann", at=datetime.now(UTC), note="gone")
    told = [(entry["actor"].split(" ")[0], entry["action"], entry["subject"]) for entry in gateways.audited()]
    subject = f"box:{BOX}"
    people = ("ann", "configure", subject)
    assert told == [
        ("test", "enrol", subject),
        ("gateway", "enrolled", subject),
        people,
        people,
        ("ann", "revoke", subject),
    ]


class SlowCodec:
    """Reads a record when it is let."""

    def __init__(self, codec: Codec) -> None:
        self._codec, self.go, self.begun = codec, threading.Event(), threading.Event()

    def decode(self, name: str, value: bytes | None) -> Any:
        self.begun.set()
        assert self.go.wait(60)
        return self._codec.decode(name, value)


async def test_what_another_gateway_wrote_is_waited_for_however_slowly_it_is_read(gateways: Gateways) -> None:
    """EDGE-3: else a Box that let go of what the other promised would hear of a hole."""
    topic, slow = gateways.prefix + EDGE_BOXES, SlowCodec(gateways.codec())
    boxes = Boxes(gateways.kafka, topic, cast(Codec, slow))
    await asyncio.to_thread(boxes.start)
    try:
        with SyncProducer(gateways.kafka) as producer:
            entry = entries.through(BOX, 7, "id", "w", by="another", at=datetime.now(UTC))
            await asyncio.to_thread(producer.send_all, [entries.message(gateways.codec(), topic, entry)])
        asked = asyncio.create_task(boxes.caught_up())
        assert await asyncio.to_thread(slow.begun.wait, 60)
        await asyncio.wait({asked}, timeout=1)
        assert not asked.done()
        slow.go.set()
        await asked
        through = boxes.book.box(BOX).through
        assert through is not None
        assert through.sequence == 7
    finally:
        slow.go.set()
        await asyncio.to_thread(boxes.close)


def test_a_gateway_asked_to_stop_ends_well(gateways: Gateways) -> None:
    running = gateways.start()
    assert running.url
    running.process.terminate()
    assert running.process.wait(60) == 0
    assert "gateway_ended" in running.end_of_log()

"""EDGE-4, SEC-1, SEC-5: what agents of IoT Boxes are answered, call by call, over ASGI with a Kafka of lists."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY, generate_latest

from edge_iotbox.counters import Counters
from edge_iotbox.health import report_of, values_of
from edge_iotbox.spool import Depth
from schemas.edge_contract import HEALTH
from schemas.hardware import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, Event, to_batch
from schemas.record import Message
from streams.gateway import entries
from streams.gateway.credentials import Token, code_hash, token_hash
from streams.gateway.metrics import forget
from tests.unit.failure.samples import codec
from tests.unit.gateway.kit import BOX, CODE, NOW, SPOOL, Kafka, Made, event, events, gateway, with_code

TOKEN = Token("0123456789ab", "s" * 43)
MAX = 1000
NONSENSE: list[tuple[str, Any]] = [
    ("spool_events", -1), ("spool_events", 1.5), ("spool_events", True), ("spool_bytes", -4096), ("spool_bytes", 2**52), ("oldest_seconds", -0.1),
    ("oldest_seconds", 1e300), ("dropped", -1), ("dropped", 0.5), ("poll_gaps", -1), ("sent_at", -1), ("sent_at", 2**53 + 1), ("skew_ms", 0.25),
    ("skew_ms", -(2**52)), ("clock_trusted", 1), ("rss_bytes", -1), ("config_version", -1), ("box_up", "yes"), ("devices", -1), ("set_aside", 1.5),
    ("refused_full", -1), ("agent_version", 1),
]  # fmt: skip


@pytest.fixture(autouse=True)
def no_gauges() -> Iterator[None]:
    yield
    forget([BOX])


@pytest.fixture
def kafka() -> Kafka:
    """With one Box enrolled."""
    found = Kafka()
    offset = with_code(found)
    found.write(
        entries.credential(BOX, TOKEN.name, token_hash(TOKEN), offset, called="", agent_version="", by="gw", at=NOW)
    )
    found.write(entries.spool(BOX, TOKEN.name, SPOOL.name, by="gw", at=NOW))
    return found


@asynccontextmanager
async def calls(made: Made, token: Token | None = TOKEN) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Causeway-Spool": SPOOL.name} | ({"Authorization": f"Bearer {token.text}"} if token else {})
    transport = httpx.ASGITransport(made.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway/edge/v1", headers=headers) as client:
        yield client


async def post(made: Made, batch: list[Event], token: Token | None = TOKEN, **more: Any) -> httpx.Response:
    async with calls(made, token) as client:
        return await client.post("/events", content=to_batch(batch), **more)


def asked(**changes: Any) -> dict[str, Any]:
    return {"code": CODE, "box": BOX, "name": "packing 1", "agent_version": "0.1.0"} | changes


async def test_a_code_becomes_a_token_that_publishes() -> None:
    """EDGE-4: from the code to the first event."""
    kafka = Kafka()
    with_code(kafka)
    kafka.write(entries.configuration(BOX, {"batch_events": 50}, by="ann", at=NOW))
    made = gateway(kafka)
    async with calls(made, None) as client:
        answer = await client.post("/enrol", json=asked(code="k7q2 9f4m xw3t obhz"))
        assert answer.status_code == 200
        token = answer.json().pop("token")
        assert answer.json() == {"token": token, "config": {"batch_events": 50}, "config_version": 2}
        client.headers["Authorization"] = f"Bearer {token}"
        answer = await client.post("/events", content=to_batch([]))
        assert answer.json() == {"through": 0, "last": "", "strict": False, "config_version": 2}
        answer = await client.post("/events", content=to_batch(events(1, 3)))
        assert (answer.status_code, answer.json()) == (200, {"through": 3, "config_version": 2})
        assert (await client.get("/config")).json() == {"config": {"batch_events": 50}, "config_version": 2}
    (audit,) = [codec().decode("audit", message.value) for message in kafka.others]
    assert (audit["action"], audit["subject"]) == ("enrolled", f"box:{BOX}")


async def test_a_code_works_once_in_its_time_for_its_box() -> None:
    """SEC-1"""
    kafka = Kafka()
    with_code(kafka)
    made = gateway(kafka)
    async with calls(made, None) as client:
        for wrong in (asked(code="0000-0000-0000-0000"), asked(box="b8:27:eb:00:00:02"), asked(code="")):
            answer = await client.post("/enrol", json=wrong)
            assert (answer.status_code, "token" in answer.json()) == (403, False)
        made.clock.passed = 16 * 60
        assert (await client.post("/enrol", json=asked())).status_code == 403
        made.clock.passed = 0
        assert (await client.post("/enrol", json=asked())).status_code == 200
        assert (await client.post("/enrol", json=asked())).status_code == 403


async def test_a_code_that_was_made_for_another_box_says_for_which_and_is_not_used_up() -> None:
    """EDGE-5: one of the two typed the wrong MAC address. Who has no code that can be used is told of no Box."""
    kafka, other = Kafka(), "b8:27:eb:00:00:02"
    with_code(kafka)
    made = gateway(kafka)
    async with calls(made, None) as client:
        answer = await client.post("/enrol", json=asked(box=other))
        assert (answer.status_code, answer.json()["expected"]) == (403, BOX)
        assert other not in answer.text, "nothing quotes what was sent"
        assert BOX not in (await client.post("/enrol", json=asked(box=other, code="0000-0000-0000-0000"))).text
        assert (await client.post("/enrol", json=asked())).status_code == 200
        assert BOX not in (await client.post("/enrol", json=asked(box=other))).text, "used"


async def test_a_code_two_gateways_hear_at_the_same_moment_is_one_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-1: and the one who lost leaves nothing behind."""
    kafka, both, deliver = Kafka(), asyncio.Barrier(2), Kafka.deliver
    with_code(kafka)

    async def together(messages: Sequence[Message]) -> None:
        if messages[0].value is not None and (messages[0].key or b"").startswith(b"credential:"):
            await both.wait()  # both have read that the code can be used
        await deliver(kafka, messages)

    monkeypatch.setattr(kafka, "deliver", together)
    made = [gateway(kafka, 1), gateway(kafka, 2)]
    async with calls(made[0], None) as first, calls(made[1], None) as second:
        answers = await asyncio.gather(*(one.post("/enrol", json=asked()) for one in (first, second)))
    assert sorted(answer.status_code for answer in answers) == [200, 403]
    credentials = [record for record in kafka.log if (record.key or b"").startswith(b"credential:")]
    assert [record.value is None for record in credentials] == [False, False, True]
    assert len({record.key for record in credentials}) == 2
    (token,) = [answer.json()["token"] for answer in answers if answer.status_code == 200]
    for one in made:
        assert (await post(one, [], Token(*token.split("_", 2)[1:]))).status_code == 200
        assert (await post(one, events(1, 1), Token(*token.split("_", 2)[1:]))).status_code == 200


async def test_enrolling_is_asked_a_few_times_a_second_at_most() -> None:
    made = gateway(Kafka())
    async with calls(made, None) as client:
        answers = [await client.post("/enrol", json=asked()) for _ in range(12)]
    assert [answer.status_code for answer in answers].count(403) == 10
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'"x"', b"\xff", b'{"code": 1, "box": "b"}', b'{"code": "c"}', b'{"code": "c", "box": "a/b"}',
        b'{"code": "c", "box": "b", "more": 1}', b'{"code": "c\\u0000", "box": "b"}', b'{"code": "c", "box": "b", "name": null}',
        json.dumps({"code": "c" * 201, "box": "b"}).encode(),
    ],
)  # fmt: skip
async def test_what_is_no_question_to_be_enrolled(body: bytes) -> None:
    async with calls(gateway(Kafka()), None) as client:
        assert (await client.post("/enrol", content=body)).status_code == 400


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer x", "Basic abc", f"Bearer cwe_{'0' * 12}_{'s' * 43}", f"Bearer cwe_{TOKEN.name}_{'t' * 43}",
        f"Bearer {TOKEN.text}x", f"Bearer {'x' * 10_000}", f"Token {TOKEN.text}",
    ],
)  # fmt: skip
async def test_without_the_right_token_nothing_is_read(kafka: Kafka, header: str) -> None:
    """SEC-1"""
    made = gateway(kafka)
    async with calls(made, None) as client:
        client.headers["Authorization"] = header
        for answer in (
            await client.post("/events", content=to_batch(events(1, 1))),
            await client.post("/health", json={}),
            await client.get("/config"),
        ):
            assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert kafka.events == []


async def test_a_token_given_by_another_gateway_a_moment_ago_is_known(kafka: Kafka) -> None:
    """EDGE-4: 401 would keep the agent away for an hour."""
    made = gateway(kafka)  # it has read nothing yet
    assert made.boxes.book.holder(TOKEN.name, token_hash(TOKEN)) == ""
    assert (await post(made, events(1, 1))).status_code == 200


async def test_strangers_ask_kafka_so_often_only(kafka: Kafka) -> None:
    """SEC-5"""
    made = gateway(kafka)
    stranger = Token("f" * 12, "s" * 43)
    answers = [await post(made, [], stranger) for _ in range(30)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 10
    assert made.boxes.asked == 20
    assert (
        await post(made, [])
    ).status_code == 200  # by then the book is read: those who are known are not in their way


async def test_a_revoked_token(kafka: Kafka) -> None:
    made = gateway(kafka)
    assert (await post(made, events(1, 1))).status_code == 200
    kafka.write(entries.revocation(BOX, by="ann", at=NOW))
    assert (await post(made, events(2, 2))).status_code == 401
    assert len(kafka.events) == 1


async def test_a_hole_a_repeat_and_the_question(kafka: Kafka) -> None:
    made = gateway(kafka)
    assert (await post(made, [])).json() == {"through": 0, "last": "", "strict": False, "config_version": 0}
    answer = await post(made, events(3, 4))
    assert (answer.status_code, answer.json()) == (409, {"expected": 1})
    explained = [event(2, first=1, kind="dropped"), *events(3, 4)]
    for _ in range(2):
        answer = await post(made, explained)
        assert (answer.status_code, answer.json()["through"]) == (200, 4)
    assert [one["sequence"] for one in kafka.published()] == [2, 3, 4]


@pytest.mark.parametrize(
    ("batch", "index"),
    [
        ([replace(event(1), kind="nonsense")], 0),
        ([event(1), event(3)], 1),
        ([event(1), event(1)], 1),
        ([event(2), event(1)], 1),
        ([event(1), event(2, box="b8:27:eb:00:00:02")], 1),
        ([event(1), event(4, first=2)], 1),
        ([event(1, payload="[]")], 0),
        ([event(1, payload="{" * 40_000)], 0),
        ([event(1, weight="heavy")], 0),
        ([replace(event(1), sequence=2**63)], 0),
    ],
)
async def test_an_event_that_cannot_be_is_named_and_nothing_published(
    kafka: Kafka, batch: list[Event], index: int
) -> None:
    """SEC-5"""
    made = gateway(kafka)
    answer = await post(made, batch)
    assert (answer.status_code, answer.json()["index"]) == (422, index)
    assert set(answer.json()) == {"index", "problem"}
    assert kafka.events == []


def bomb(size: int) -> bytes:
    return gzip.compress(b'{"events": [' + b" " * size + b"]}")


HOSTILE: dict[str, tuple[bytes, str, int]] = {
    "a zipped batch": (gzip.compress(to_batch(events(1, 3))), "gzip", 200),
    "a plain batch": (to_batch(events(1, 3)), "identity", 200),
    "as much as is allowed": (bomb(MAX_BATCH_BYTES - MAX), "gzip", 200),
    "unzipped too large": (bomb(MAX_BATCH_BYTES), "gzip", 413),
    "a bomb": (bomb(200 * MAX_BATCH_BYTES), "gzip", 413),
    "too large": (b'{"events": [' + b" " * MAX_BATCH_BYTES + b"]}", "", 413),
    "cut": (gzip.compress(to_batch(events(1, 3)))[:-9], "gzip", 400),
    "with something behind": (gzip.compress(to_batch(events(1, 3))) + b"more", "gzip", 400),
    "not zipped": (to_batch(events(1, 3)), "gzip", 400),
    "empty and zipped": (b"", "gzip", 400),
    "another encoding": (b"x", "br", 415),
    "zipped twice": (gzip.compress(gzip.compress(b"{}")), "gzip, gzip", 415),
    "empty": (b"", "", 400),
    "no text": (b"\x00\xff", "", 400),
    "very deep": (b"[" * 100_000, "", 400),
    "events are no list": (b'{"events": {}}', "", 400),
    "one field more": (b'{"events": [], "more": 1}', "", 400),
    "a very long number": (b'{"events": [' + b"1" * 5000 + b"]}", "", 400),
    "not a number": (b'{"events": [NaN]}', "", 400),
    "an event is null": (b'{"events": [null]}', "", 422),
    "an event without fields": (b'{"events": [{"sequence": 1}]}', "", 422),
    "too many events": (json.dumps({"events": [None] * (MAX_BATCH_EVENTS + 1)}).encode(), "", 413),
}


@pytest.mark.parametrize(("body", "encoding", "status"), HOSTILE.values(), ids=HOSTILE)
async def test_hostile_bodies(kafka: Kafka, body: bytes, encoding: str, status: int) -> None:
    """SEC-5: what cannot be is refused, whatever it is, and the next call is answered."""
    made = gateway(kafka)
    async with calls(made) as client:
        answer = await client.post("/events", content=body, headers={"Content-Encoding": encoding} if encoding else {})
        assert answer.status_code == status, answer.text
        assert (await client.post("/events", content=to_batch([]))).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/events", 405),
        ("POST", "/config", 405),
        ("GET", "/enrol", 405),
        ("POST", "/other", 404),
        ("GET", "/../../", 404),
    ],
)
async def test_other_addresses(kafka: Kafka, method: str, path: str, status: int) -> None:
    async with calls(gateway(kafka)) as client:
        assert (await client.request(method, path)).status_code == status


async def test_without_kafka_the_box_is_told_to_come_again(kafka: Kafka) -> None:
    """EDGE-3: nothing is promised."""
    made = gateway(kafka)
    assert (await post(made, events(1, 1))).status_code == 200
    kafka.is_down = True
    answer = await post(made, events(2, 3))
    assert (answer.status_code, answer.headers["Retry-After"], "through" in answer.json()) == (503, "5", False)
    async with calls(made) as client:
        assert (await client.post("/health", json={"spool_events": 3})).status_code == 503
        assert (await client.get("/config")).status_code == 200
    kafka.is_down = False
    assert (await post(made, events(2, 3))).json()["through"] == 3


async def test_each_box_has_its_own_quota(kafka: Kafka) -> None:
    """SEC-5: one that runs wild is put off, and the others are not."""
    other = Token("ba9876543210", "o" * 43)
    offset = with_code(kafka, "other-box")
    kafka.write(
        entries.credential(
            "other-box", other.name, token_hash(other), offset, called="", agent_version="", by="gw", at=NOW
        )
    )
    kafka.write(entries.spool("other-box", other.name, SPOOL.name, by="gw", at=NOW))
    made = gateway(kafka, requests_per_second=1.0, events_per_second=2.0)
    assert (await post(made, events(1, 30))).status_code == 200  # a batch is taken whole
    answer = await post(made, events(31, 32))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "6")
    assert (await post(made, [event(1, box="other-box")], other)).status_code == 200
    made.clock.passed = 6
    assert (await post(made, events(31, 32))).status_code == 200
    answers = [await post(made, []) for _ in range(5)]
    assert answers[-1].status_code == 429
    assert (await post(made, [], other)).status_code == 200


async def test_health_is_kept_and_shown(kafka: Kafka) -> None:
    made = gateway(kafka)
    report = {
        "spool_events": 7, "oldest_seconds": 90.5, "dropped": 2, "skew_ms": -1500, "agent_version": "0.1.0", "own_number": 3,
        "sent_at": int((NOW + timedelta(seconds=40)).timestamp() * 1e6), "clock_trusted": False, "rss_bytes": None,
    }  # fmt: skip
    async with calls(made) as client:
        assert (await client.post("/health", json=report)).json() == {"config_version": 0}
    made.boxes.read()
    assert made.boxes.book.box(BOX).health == report


@pytest.mark.parametrize(
    "report",
    [
        [], {"A": 1}, *({name: value} for name, value in NONSENSE),
        {"spool_events": "many"}, {"x": {}}, {"x": [1]}, {"x": "y" * 201}, {"x": "a\nb"}, {"x": 2**60},
        {f"f{number}": 1 for number in range(51)},
    ],
)  # fmt: skip
async def test_health_that_is_none(kafka: Kafka, report: Any) -> None:
    """SEC-5: what, where and what is expected; never what stood there. Nothing is kept of it."""
    kept = len(kafka.log)
    async with calls(gateway(kafka)) as client:
        answer = await client.post("/health", json=report)
        assert answer.status_code == 422
        problem = answer.json()["problem"]
        assert "must be" in problem
        if isinstance(report, dict) and set(report) <= set(HEALTH):
            assert problem.startswith(next(iter(report)) + ": must be ")
            assert str(next(iter(report.values()))) not in problem
        assert len(kafka.log) == kept
        assert (await client.post("/health", json={"spool_events": 0})).status_code == 200


async def test_what_an_agent_reports_is_taken(kafka: Kafka) -> None:
    """EDGE-4: also by a clock that was never set, and by one that is centuries ahead."""
    for now, skew in ((0, -1_800_000_000_000), (2**53, 10**14), (1_772_366_400_000_000, None)):
        depth = Depth(3, 2**40, 1, 10**15, 0, 7)
        values = values_of(Counters(), depth, now, skew, False, 30_000_000)
        report = report_of(values, depth, now, skew, "0.1.0", 4)
        assert set(HEALTH) == set(report)
        async with calls(gateway(kafka)) as client:
            answer = await client.post("/health", json=report)
        assert answer.status_code == 200, answer.text


async def test_nothing_quotes_a_secret_or_what_was_scanned(kafka: Kafka, caplog: pytest.LogCaptureFixture) -> None:
    """SEC-3: not logs, not metrics, not answers, not the records of Boxes."""
    caplog.set_level(logging.DEBUG)
    with_code(kafka, code="ZZZZ-ZZZZ-ZZZZ-ZZZZ")
    made = gateway(kafka)
    texts = []
    async with calls(made, None) as client:
        enrolled = (await client.post("/enrol", json=asked(code="ZZZZ-ZZZZ-ZZZZ-ZZZZ"))).json()["token"]
        texts.append((await client.post("/enrol", json=asked(code="ZZZZ-ZZZZ-ZZZZ-ZZZZ"))).text)
    token = Token(*enrolled.split("_", 2)[1:])
    wrong = [replace(event(3), kind="CANARY-4006381333931")], [replace(event(3), weight="CANARY")]
    texts += [(await post(made, batch, token)).text for batch in ([], events(1, 2), [event(9)], *wrong)]
    kafka.is_down = True
    texts.append((await post(made, events(3, 3), token)).text)
    texts += [caplog.text, generate_latest(REGISTRY).decode(), repr(token), repr(kafka.log), str(kafka.others)]
    for secret in ("CANARY", "4006381333931", token.secret, "ZZZZ"):
        assert not [text for text in texts if secret in text], secret


async def test_a_bug_is_an_answer_and_no_traceback(
    kafka: Kafka, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SEC-5: the process goes on."""
    made = gateway(kafka)

    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError("CANARY")

    monkeypatch.setattr(made.intake, "take", broken)
    assert (await post(made, events(1, 1))).status_code == 500
    assert "gateway_bug" in caplog.text
    assert "CANARY" not in caplog.text


def test_codes_are_kept_as_hashes_only() -> None:
    kafka = Kafka()
    with_code(kafka)
    assert CODE.encode() not in (kafka.log[0].value or b"")
    assert code_hash(CODE).encode() in (kafka.log[0].value or b"")

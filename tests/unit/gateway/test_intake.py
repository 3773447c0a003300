"""EDGE-3: what a gateway promises is safe, whoever else publishes for the Box at the same moment; readers take each event once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.hardware import Event
from schemas.headers import decode_headers
from schemas.record import Message
from streams.gateway import entries
from streams.gateway.book import Through
from streams.gateway.intake import Answer, AskFirst, Hole, Known, OtherSpool, Refused, Revoked, Safe
from streams.gateway.judging import judge
from streams.gateway.spools import Spool
from streams.kafka import BrokerError
from streams.once import Once
from streams.runtime.errors import DeliveryError
from tests.unit.gateway.kit import BOX, NOW, SPOOL, Kafka, event, events, gateway, with_code

KEY = "key"


def enrolled() -> Kafka:
    kafka = Kafka()
    offset = with_code(kafka)
    kafka.write(entries.credential(BOX, KEY, "digest", offset, called="", agent_version="", by="gw", at=NOW))
    kafka.write(entries.spool(BOX, KEY, SPOOL.name, by="gw", at=NOW))
    return kafka


def sequences(kafka: Kafka) -> list[int]:
    return [one["sequence"] for one in kafka.published()]


def through(sequence: int) -> Through:
    return Through(sequence, NOW, "w", event(sequence).id if sequence else "")


@pytest.mark.parametrize(
    ("batch", "safe", "fresh", "repeated", "expected"),
    [
        ([], 0, [], 0, 0),
        (events(1, 3), 0, [1, 2, 3], 0, 0),
        (events(1, 3), 2, [3], 2, 0),
        (events(1, 3), 3, [], 3, 0),
        (events(2, 3), 9, [], 2, 0),
        (events(5, 6), 3, [], 0, 4),  # a hole
        ([event(6, first=4, kind="dropped"), event(7)], 3, [6, 7], 0, 0),  # explained
        ([event(6, first=2, kind="gap")], 3, [6], 0, 0),  # explained, and more than is needed
        ([event(6, first=5, kind="dropped")], 3, [], 0, 4),  # explained, but not all of it
    ],
)
def test_which_events_are_new(batch: list[Event], safe: int, fresh: list[int], repeated: int, expected: int) -> None:
    found = judge(batch, through(safe) if safe else None)
    assert ([one.sequence for one in found.fresh], found.repeated, found.expected) == (fresh, repeated, expected)
    assert not found.is_conflict


def test_a_number_that_was_given_twice_is_told() -> None:
    """Save where the spool let go of what it had sent: an event that stands for it comes instead."""
    let_go = event(3, first=2, kind="dropped")
    assert not judge([event(1), let_go], through(3)).is_conflict
    assert judge([event(3, value="another")], through(3)).is_conflict is False  # the id does not hang on it
    assert judge([event(3, payload='{"value": "another"}')], through(3)).is_conflict
    assert not judge([event(2, payload='{"value": "another"}')], through(3)).is_conflict


async def test_events_are_published_in_order_then_written_down_then_promised() -> None:
    steps: list[tuple[str, int, int]] = []
    kafka = enrolled()
    before = len(kafka.log)
    made = gateway(kafka, at_step=lambda step: steps.append((step, len(kafka.events), len(kafka.log) - before)))
    assert await made.intake.take(BOX, KEY, SPOOL, events(1, 3)) == Safe(3, 3, 0)
    assert steps == [("published", 3, 0), ("written", 3, 1)]
    assert sequences(kafka) == [1, 2, 3]
    headers = decode_headers(kafka.events[0].headers)
    assert (headers.source, headers.entity, headers.version, headers.env) == ("iotbox", "hardware_event", 1, "sandbox")
    assert kafka.events[0].key == f"box:{BOX}:usb_05e0:1200".encode()


async def test_a_repeat_is_answered_the_same_and_published_once() -> None:
    kafka = enrolled()
    first, second = gateway(kafka, 1), gateway(kafka, 2)
    assert await first.intake.take(BOX, KEY, SPOOL, events(1, 3)) == Safe(3, 3, 0)
    assert await first.intake.take(BOX, KEY, SPOOL, events(1, 3)) == Safe(3, 0, 3)
    assert await second.intake.take(BOX, KEY, SPOOL, events(1, 3)) == Safe(3, 0, 3)
    assert await second.intake.take(BOX, KEY, SPOOL, events(2, 5)) == Safe(5, 2, 2)
    assert await first.intake.take(BOX, KEY, SPOOL, []) == Known(5, event(5).id)  # the question how far it is
    assert sequences(kafka) == [1, 2, 3, 4, 5]


async def test_a_hole_is_told_and_nothing_of_its_batch_published() -> None:
    kafka = enrolled()
    made = gateway(kafka)
    assert await made.intake.take(BOX, KEY, SPOOL, events(2, 3)) == Hole(1)
    assert await made.intake.take(BOX, KEY, SPOOL, [event(1, kind="dropped"), *events(2, 3)]) == Safe(3, 3, 0)
    assert sequences(kafka) == [1, 2, 3]


async def test_a_credential_revoked_elsewhere_publishes_nothing_any_more() -> None:
    """SEC-1: at once, not only when this gateway happens to hear of it."""
    kafka = enrolled()
    made = gateway(kafka)
    await made.boxes.caught_up()
    kafka.write(entries.revocation(BOX, by="ann", at=NOW))
    assert await made.intake.take(BOX, KEY, SPOOL, events(1, 1)) == Revoked()
    assert kafka.events == []


NEXT = Spool("5b00000000000002", (SPOOL.name,))


async def test_a_new_spool_speaks_when_it_has_asked_and_the_one_before_does_no_more() -> None:
    kafka = enrolled()
    first, second = gateway(kafka, 1), gateway(kafka, 2)
    assert await first.intake.take(BOX, KEY, SPOOL, events(1, 3)) == Safe(3, 3, 0)
    assert await second.intake.take(BOX, KEY, NEXT, events(4, 4)) == AskFirst()
    assert await second.intake.take(BOX, KEY, NEXT, []) == Known(3, event(3).id)
    assert await first.intake.take(BOX, KEY, SPOOL, events(4, 4)) == OtherSpool()
    assert await first.intake.take(BOX, KEY, SPOOL, []) == OtherSpool()
    assert await first.intake.take(BOX, KEY, NEXT, events(4, 4)) == Safe(4, 1, 0)
    assert sequences(kafka) == [1, 2, 3, 4]


async def test_two_copies_that_ask_two_gateways_at_the_same_moment_are_not_both_let_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kafka = enrolled()
    copies = [Spool(f"5b0000000000000{number}", (SPOOL.name,)) for number in (3, 4)]
    made = [gateway(kafka, number) for number in (1, 2)]
    both, deliver = asyncio.Barrier(2), kafka.deliver

    async def together(messages: Sequence[Message]) -> None:
        if (messages[0].key or b"").startswith(b"spool:"):
            await both.wait()  # both have read that they may speak
        await deliver(messages)

    monkeypatch.setattr(kafka, "deliver", together)
    asked = await asyncio.gather(*(one.intake.take(BOX, KEY, copy, []) for one, copy in zip(made, copies, strict=True)))
    assert sorted(type(answer).__name__ for answer in asked) == ["Known", "OtherSpool"]
    sent = [await one.intake.take(BOX, KEY, copy, events(1, 1)) for one, copy in zip(made, copies, strict=True)]
    assert sorted(type(answer).__name__ for answer in sent) == ["OtherSpool", "Safe"]


@pytest.mark.parametrize("is_copy", [False, True])
async def test_what_is_still_on_its_way_when_another_spool_begins_is_not_taken_for_its_own(is_copy: bool) -> None:
    """EDGE-3: a batch of the start before (or of the copy) arrives at another gateway after the new one has asked."""
    kafka = enrolled()
    second = gateway(kafka, 2)
    asked: list[Answer] = []
    first = gateway(kafka, 1, lambda step: _next_speaks(kafka, step))
    assert await first.intake.take(BOX, KEY, SPOOL, events(1, 3)) == OtherSpool(), "not promised"
    own = [event(number, payload='{"value": "b"}') for number in (1, 2, 3)] if is_copy else events(1, 3)
    assert await second.intake.take(BOX, KEY, NEXT, own[:1]) == AskFirst(), "it might be a repeat, or not"
    asked.append(await second.intake.take(BOX, KEY, NEXT, []))
    assert asked == [Known(3, event(3).id, strict=True)]
    if is_copy:  # it renumbers what it has
        assert await second.intake.take(BOX, KEY, NEXT, own) == AskFirst()
        own = [event(number, payload='{"value": "b"}') for number in (4, 5, 6)]
        assert await second.intake.take(BOX, KEY, NEXT, own) == Safe(6, 3, 0)
    else:
        assert await second.intake.take(BOX, KEY, NEXT, own) == Safe(3, 0, 3)
    assert sequences(kafka) == list(range(1, 7 if is_copy else 4))


async def test_what_comes_in_between_while_a_batch_is_published_is_not_promised_over() -> None:
    """EDGE-3: the other's numbers are the same; nobody may let go of his before it is clear whose they are."""
    kafka = enrolled()
    kafka.write(entries.spool(BOX, KEY, NEXT.name, by="gw", at=NOW))

    def late(step: str) -> None:
        if step == "published":
            kafka.write(entries.through(BOX, 4, "id-4", "w", by="gw", at=NOW, spool=SPOOL.name))

    assert await gateway(kafka, 1, late).intake.take(BOX, KEY, NEXT, events(1, 2)) == AskFirst()
    assert await gateway(kafka, 2).intake.take(BOX, KEY, NEXT, []) == Known(4, "id-4", strict=True)


def _next_speaks(kafka: Kafka, step: str) -> None:
    if step == "published":
        kafka.write(entries.spool(BOX, KEY, NEXT.name, by="gw", at=NOW))


async def test_without_kafka_nothing_is_promised() -> None:
    kafka = enrolled()
    made = gateway(kafka)
    kafka.is_down = True
    with pytest.raises(BrokerError):
        await made.intake.take(BOX, KEY, SPOOL, events(1, 3))
    kafka.is_down = False

    def dies(step: str) -> None:
        kafka.is_down = step == "published"

    half = gateway(kafka, 2, dies)
    with pytest.raises(DeliveryError):
        await half.intake.take(BOX, KEY, SPOOL, events(1, 3))
    kafka.is_down = False
    assert await made.intake.take(BOX, KEY, SPOOL, events(1, 3)) == Safe(3, 3, 0)  # published again: nobody promised it
    assert sequences(kafka) == [1, 2, 3, 1, 2, 3]


async def test_an_event_kafka_never_takes_is_named() -> None:
    """SEC-5: it must not stop what comes after it for ever."""
    kafka = enrolled()
    kafka.too_large = 2000
    made = gateway(kafka)
    await made.intake.take(BOX, KEY, SPOOL, events(1, 1))
    batch = [*events(1, 3), event(4, payload='{"value": "%s"}' % ("x" * 2000)), event(5)]
    answer = await made.intake.take(BOX, KEY, SPOOL, batch)
    assert isinstance(answer, Refused)
    assert answer.index == 3
    assert await made.intake.take(BOX, KEY, SPOOL, [*events(1, 3), event(4, kind="dropped"), event(5)]) == Safe(5, 4, 1)
    assert once(kafka) == [1, 2, 3, 4, 5]


async def test_a_box_that_does_not_wait_is_not_published_twice_by_one_gateway() -> None:
    kafka = enrolled()
    made = gateway(kafka)
    answers = await asyncio.gather(*(made.intake.take(BOX, KEY, SPOOL, events(1, 4)) for _ in range(5)))
    assert sorted(one.published for one in answers if isinstance(one, Safe)) == [0, 0, 0, 0, 4]
    assert sequences(kafka) == [1, 2, 3, 4]


def once(kafka: Kafka) -> list[int]:
    seen = Once()
    return [one["sequence"] for one in kafka.published() if seen.takes_event(one)]


async def test_two_gateways_with_one_batch_at_the_same_moment_promise_no_more_than_is_safe() -> None:
    """EDGE-3: both publish, for nobody owns a Box; what the slower one writes down last takes nothing back."""
    kafka = enrolled()
    first, second = gateway(kafka, 1), gateway(kafka, 2)
    answers = await asyncio.gather(
        first.intake.take(BOX, KEY, SPOOL, events(1, 3)), second.intake.take(BOX, KEY, SPOOL, events(1, 6))
    )
    assert [one.through for one in answers if isinstance(one, Safe)] == [3, 6]
    assert sorted(sequences(kafka)) != [1, 2, 3, 4, 5, 6], "they did not overlap: this shows nothing"
    assert once(kafka) == [1, 2, 3, 4, 5, 6]
    third = gateway(kafka, 3)  # started later: it knows the greatest
    assert await third.intake.take(BOX, KEY, SPOOL, events(7, 7)) == Safe(7, 1, 0)


@given(st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_whatever_is_lost_repeated_or_at_once_each_event_is_had_once_and_in_order(seed: int) -> None:
    """EDGE-3: answers lost, gateways that die between the steps, calls that overlap at three gateways: nothing lost, nothing doubled."""
    asyncio.run(_whatever(random.Random(seed)))


async def _whatever(chance: random.Random) -> None:
    kafka, last, safe, seed = enrolled(), 25, 0, 0
    gateways = [gateway(kafka, number) for number in range(3)]

    async def post(number: int, first: int, size: int) -> Answer | None:
        nonlocal seed
        seed += 1
        dies_at = chance.choice(["published", "written", "", "", "", ""])
        if dies_at:  # a gateway dies; another process takes its place
            gateways[number] = gateway(kafka, 10 + seed, lambda step: _die(step, dies_at))
        try:
            return await gateways[number].intake.take(BOX, KEY, SPOOL, events(first, min(last, first + size - 1)))
        except InterruptedError:
            gateways[number] = gateway(kafka, 10_000 + seed)
            return None

    while safe < last:
        calls = [
            post(number, safe + 1, chance.randint(1, 9)) for number in chance.sample(range(3), chance.randint(1, 3))
        ]
        for answer in await asyncio.gather(*calls):
            assert answer is None or isinstance(answer, Safe), "a Box that did nothing wrong was refused"
            if isinstance(answer, Safe) and chance.random() < 0.7:  # else the answer is lost
                assert set(range(1, answer.through + 1)) <= set(sequences(kafka)), "promised and not there"
                safe = max(safe, answer.through)
    assert once(kafka) == list(range(1, last + 1))


def _die(step: str, at: str) -> None:
    if step == at:
        raise InterruptedError

"""INV-5: what Amazon has accepted is named and waited for until it has taken effect or never will."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.amazon.taking import Taking, accepted, accepted_at, as_lone, is_lone
from connectors.kit.jobs import Job, parse
from tests.unit.amazon_numbers.samples import settings

T0 = 1_795_000_000


class FakeFeeds:
    """age: of every feed that is not over, None when it is."""

    age: float | None = 10.0

    async def age_seconds(self, remote: str) -> float | None:
        return self.age


class Moved:
    now = float(T0)

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


def taking(feeds: Any = None) -> tuple[Taking, Moved]:
    clock = Moved()
    configured = settings(effect_minutes=5, effect_ladder_seconds=(15, 60, 180))
    found: Any = feeds or FakeFeeds()
    return Taking(configured, lambda account: found, clock), clock


def test_its_name_says_since_when_and_comes_back_whole() -> None:
    moment = datetime.fromtimestamp(T0 + 0.25, UTC)
    for lone in (True, False):
        remote = accepted(moment, lone)
        job = Job("feed", remote, 7)
        assert (parse(job.name), accepted_at(remote), is_lone(remote)) == (job, T0 + 1, lone), (
            "never before it was sent"
        )
    assert as_lone(accepted(moment, False)) == accepted(moment, True)
    for other in ("feed:12345", "lost:JSON/1/2/3", "feed:lone-", "feed:with-x"):
        assert accepted_at(other) is None


async def test_it_is_over_when_it_cannot_take_effect_any_more() -> None:
    followed, clock = taking()
    remote = accepted(clock(), lone=True)
    assert (await followed.standing("main", [remote])).again == {remote: 15}
    clock.now += 299
    assert not (await followed.standing("main", [remote])).is_over(remote)
    clock.now += 1
    assert (await followed.standing("main", [remote])).is_over(remote)


async def test_a_feed_that_is_over_may_take_effect_as_long_as_a_call() -> None:
    """Its end is not told: it counts from when it is known."""
    feeds = FakeFeeds()
    followed, clock = taking(feeds)
    assert not (await followed.standing("main", ["feed:1"])).is_over("feed:1")
    feeds.age = None
    assert (await followed.standing("main", ["feed:1"])).wait("feed:1") == 300
    clock.now += 300
    assert (await followed.standing("main", ["feed:1"])).is_over("feed:1")


async def test_a_feed_that_never_arrived_is_over_at_once() -> None:
    lost = "lost:JSON_LISTINGS_FEED/1/2/mark"
    followed, _ = taking()
    assert (await followed.standing("main", [lost], {lost: None})).is_over(lost)
    assert not (await followed.standing("main", [lost], {lost: ""})).is_over(lost)


def test_it_is_looked_at_soon_then_later_and_once_more_at_its_end() -> None:
    followed, clock = taking()
    remote = accepted(clock(), lone=True)
    waits = []
    for _ in range(6):
        waits.append(followed.next_look(remote))
        clock.now += waits[-1]
    assert waits[:5] == [15, 45, 120, 120, 1], "at 15, 60, 180 seconds, at the end"
    assert followed.first_look == 15

"""EVT-3: kill -9 between any two steps of a poller repeats at most a page and skips nothing.

Each point is tried with a process of its own, killed at its second page, and a second process that goes on. The market's pages shift all the
while: orders already read change and move to the end, late orders appear.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.headers import decode_headers
from tests.integration.poller_kit import World, commands_committed
from tests.waiting import until

PAGE = 3
POINTS = {  # where it dies -> at which occurrence
    "taken_over": 1, "cursors_read": 1, "page_read": 2, "partly_published": 2, "page_published": 2, "cursor_sent": 2,
    "cursor_written": 2, "command_done": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Story:
    """What was seen: after the crash, and in the end."""

    exit_code: int
    safe_at_crash: set[tuple[str, int]]  # states below the cursor that no later change replaced
    raw_at_crash: set[tuple[str, int]]
    in_market: set[tuple[str, int]]
    in_raw: set[tuple[str, int]]
    repeated: list[str]  # keys of records that are there more than once
    pages_read: list[set[str]]
    positions: list[int]
    committed: list[tuple[int, int]]
    dead: int


@pytest.fixture(scope="module")
def stories(bootstrap: str, registry_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Story]]:
    """All points at once: they wait for each other's group sessions otherwise."""
    worlds = {point: World(bootstrap, registry_url, tmp_path_factory.mktemp(point)) for point in POINTS}
    try:
        with ThreadPoolExecutor(4) as pool:
            told = {point: pool.submit(_tell, world, point) for point, world in worlds.items()}
            yield {point: future.result() for point, future in told.items()}
    finally:
        for world in worlds.values():
            world.close()


def _tell(world: World, point: str) -> Story:
    world.prepare()
    world.market().change(*[f"order-{number}" for number in range(10)])
    (world.folder / "moves.main").write_text("4")
    world.send_command("poll_now")
    exit_code = world.start(crash=point, nth=POINTS[point]).ended()
    cursor = world.cursor()
    after = json.loads(cursor["position"])["after"] if cursor else 0
    at_crash = set(world.raw_states())
    safe = {(order, number) for order, number in world.market().states().items() if number <= after}
    second = world.start()
    until(world.is_caught_up, f"{point}: the second poller is caught up")
    until(lambda: list(commands_committed(world)), f"{point}: the command is done")
    assert second.terminate() == 0
    records = world.raw()
    ids = Counter(decode_headers(record.headers).id for record, _ in records)
    return Story(
        exit_code=exit_code,
        safe_at_crash=safe,
        raw_at_crash=at_crash,
        in_market=set(world.market().states().items()),
        in_raw=set(world.raw_states()),
        repeated=[event["key"] for record, event in records if ids[decode_headers(record.headers).id] > 1],
        pages_read=[set(page["keys"]) for page in world.pages()],
        positions=[
            json.loads(cursor["position"])["after"] for _, cursor in world.cursors() if cursor["account"] == "fake:main"
        ],
        committed=list(commands_committed(world)),
        dead=len(world.dead()),
    )


@pytest.mark.parametrize("point", POINTS)
def test_nothing_is_skipped(stories: dict[str, Story], point: str) -> None:
    """ORD-1: every order's newest state is published, also those that moved or appeared while pages were read."""
    story = stories[point]
    assert story.exit_code == -signal.SIGKILL
    assert len(story.in_market) == 14, "the market moved as planned"
    assert story.in_market <= story.in_raw
    assert story.dead == 0


@pytest.mark.parametrize("point", POINTS)
def test_cursor_never_runs_ahead_of_what_is_published(stories: dict[str, Story], point: str) -> None:
    assert stories[point].safe_at_crash <= stories[point].raw_at_crash


@pytest.mark.parametrize("point", POINTS)
def test_at_most_one_page_is_repeated(stories: dict[str, Story], point: str) -> None:
    repeated = Counter(stories[point].repeated)
    assert set(repeated.values()) <= {2}
    assert len(repeated) <= PAGE
    assert not repeated or any(set(repeated) <= page for page in stories[point].pages_read)


@pytest.mark.parametrize("point", POINTS)
def test_cursor_only_moves_forward(stories: dict[str, Story], point: str) -> None:
    positions = stories[point].positions
    assert positions == sorted(positions)
    assert positions


@pytest.mark.parametrize("point", POINTS)
def test_command_survives(stories: dict[str, Story], point: str) -> None:
    """A wish is done when its offset is committed; until then the next poller does it."""
    assert [offset for _, offset in stories[point].committed] == [1]


def test_page_is_repeated_exactly_where_it_must_be(stories: dict[str, Story]) -> None:
    """The crash points are where they say: after publishing and before the cursor is sent, and nowhere else. A cursor that was sent counts."""
    repeating = {point for point, story in stories.items() if story.repeated}
    assert repeating == {"partly_published", "page_published"}


def test_logs_stay_in_the_folder(stories: dict[str, Story], tmp_path: Path) -> None:
    """SEC-3: no payload in any log line."""
    logs = [path.read_text(errors="replace") for path in tmp_path.parent.glob("**/process-*.log")]
    assert logs
    assert not any('"changed"' in text for text in logs)

"""INV-5: which value may be written when, and how the jobs it depends on are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.kit.jobs import Job, Ladder, has_expired, parse, sending
from connectors.kit.ordering import Situation, Step, adopted, in_the_way, newer_under_way, step

F1, F2, SENDS = "feed:F1@x", "feed:F2@x", "sending:1795000000"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sending:1795000000|7",
        "feed:F1@x|7",
        "feed:F1",
        "after:feed:F1@x|7",
        "behind:lost:inventory/3/17/ab|2",
        "settle|7",
        "change:1795|3",
        "feed:F1@x|7~1795000000",
        "lost:inventory/3/17/ab|2~1795",
        "settle|7~1795",
    ],
)
def test_names_are_read_as_they_were_written(name: str) -> None:
    job = parse(name)
    assert (job.name if job else "") == name


@pytest.mark.parametrize(
    ("name", "how", "remote", "version", "id_"),
    [
        ("feed:F1@x|7", "feed", "feed:F1@x", 7, "F1@x"),
        ("feed:odd|name", "feed", "feed:odd|name", 0, "odd|name"),
        ("after:feed:F1|7", "after", "feed:F1", 7, "F1"),
        ("behind:lost:a/1/2/b|9", "behind", "lost:a/1/2/b", 9, "a/1/2/b"),
        ("settle|4", "settle", "", 4, ""),
        ("feed:F1@x|7~1795", "feed", "feed:F1@x", 7, "F1@x"),
        ("feed:odd|7~name", "feed", "feed:odd|7~name", 0, "odd|7~name"),
    ],
)
def test_a_name_tells_how_where_and_which_version(name: str, how: str, remote: str, version: int, id_: str) -> None:
    job = parse(name)
    assert job is not None
    assert (job.how, job.remote, job.version, job.id) == (how, remote, version, id_)


def test_a_name_tells_until_when_what_was_sent_is_right() -> None:
    """PRC-1: a sale may end while its price is on its way."""
    names = ("feed:F1@x|7~1795000000", "settle|7~1795", "feed:F1@x|7")
    assert [job.until for name in names if (job := parse(name))] == [1795000000, 1795, 0]


def at(
    version: int = 5, *, known: int = 0, newest: int = 0, job: str = "", other: str = "", urgent: bool = False
) -> Situation:
    """`other`: open jobs of other deliveries, with spaces between."""
    opens = [found for name in other.split() if (found := parse(name))]
    return Situation(version, known, newest, parse(job), opens, urgent)


@pytest.mark.parametrize(
    ("situation", "over", "expected"),
    [
        # nothing in the way
        (at(), (), Step.WRITE),
        (at(known=4, newest=4), (), Step.WRITE),
        (at(known=5), (), Step.WRITE),  # delivered again: the same once more harms nobody
        # its own job decides, whatever else is known
        (at(job=f"{F1}|5", known=9, newest=9, other=f"{F2}|9"), (), Step.ASK),
        (at(job="publish:17|5", known=9), (), Step.ASK),
        # something newer is there or under way
        (at(known=6), (), Step.STALE),
        (at(newest=6, urgent=True), (), Step.STALE),
        (at(other=f"{F1}|6"), (), Step.STALE),
        (at(other=f"after:{F1}|6", urgent=True), (), Step.STALE),
        (at(other="change:17|6"), (), Step.STALE),
        (at(job=f"after:{F1}|5", newest=6), (F1,), Step.STALE),
        (at(job=f"behind:{F1}|5", other=f"behind:{F1}|6"), (F1,), Step.STALE),
        # an older one is under way
        (at(other=f"{F1}|4"), (), Step.BEHIND),
        (at(other=f"{F1}|4", urgent=True), (), Step.TWICE),
        (at(other=f"{F1}|4"), (F1,), Step.WRITE),
        (at(other=f"after:{F1}|4"), (), Step.BEHIND),
        (at(other=f"after:{F1}|4", urgent=True), (), Step.TWICE),
        (at(other=F1), (), Step.BEHIND),  # Walmart's list names no version
        (at(other="lost:m|4", urgent=True), (), Step.TWICE),
        (at(other="lost:m|4"), ("lost:m",), Step.WRITE),
        (at(other="settle|4"), (), Step.WRITE),
        (at(other=f"{F1}|5"), (), Step.ADOPT),  # it is there already, sent before a kill
        (at(other=f"after:{F1}|5", urgent=True), (), Step.TWICE),
        # it waits itself
        (at(job=f"after:{F1}|5"), (), Step.WAIT),
        (at(job=f"behind:{F1}|5"), (), Step.WAIT),
        (at(job=f"behind:{F1}|5"), (F1,), Step.WRITE),
        (at(job=f"after:{F1}|5", urgent=True), (F1,), Step.WRITE),
        (at(job=f"after:{F1}|5", other=f"{F2}|4", urgent=True), (F1,), Step.TWICE),
        (at(job=f"behind:{F1}|5", other=f"{F2}|4"), (F1,), Step.BEHIND),
        (at(job="lost:m|5"), (), Step.WAIT),
        (at(job="lost:m|5"), ("lost:m",), Step.WRITE),
        (at(job="change:17|5"), (), Step.WAIT),
        # it was written; was something newer written under it?
        (at(job="settle|5"), (), Step.SETTLED),
        (at(job="settle|5", known=5, newest=5), (), Step.SETTLED),
        (at(job="settle|5", known=6), (), Step.RESTORE),
        (at(job="settle|5", known=6, newest=6), (), Step.SETTLED),  # written here, after ours, under one lock
        (at(job="settle|7", known=7), (), Step.SETTLED),  # the newer one was written again; nothing newer came since
        (at(job="settle|7", known=8), (), Step.RESTORE),
        (
            at(job="settle|5", known=6, other="settle|7"),
            (),
            Step.WAIT,
        ),  # 7 was written after 6: writing 6 again would hide it
        (at(job="settle|5", known=6, other=f"{F1}|7"), (), Step.WAIT),
        (
            at(job="settle|6", known=6, other="settle|7"),
            (),
            Step.WAIT,
        ),  # a newer one is not known yet; ours may lie over it
        (at(job="settle|6", known=6, other=f"{F1}|7"), (), Step.WAIT),
        (at(job="settle|6", known=6, newest=7, other="settle|7"), (), Step.SETTLED),  # written here, after ours
        (at(job="settle|5", other="settle|4"), (), Step.SETTLED),  # the older one will look for itself
        (at(job="settle|5", other=f"{F1}|4"), (), Step.AFTER),  # a feed was sent meanwhile
        (at(job="settle|5", other=f"{F1}|4"), (F1,), Step.SETTLED),
        (at(job="settle|5", other=F1), (), Step.AFTER),
        (at(job="settle|5", other=f"{SENDS}|4"), (), Step.AFTER),
        (at(job="settle|5", other=f"{F1}|6"), (F1,), Step.WAIT),  # over, but its value is not known yet
        (at(job="settle|5", other=f"after:{F1}|6"), (), Step.SETTLED),  # the newer one is written again anyway
        (at(job="settle|5", other="change:17|6"), (), Step.SETTLED),  # so is this one, perhaps next week
        # several are under way: the one that only waits hides none of them
        (at(other=f"settle|4 {F1}"), (), Step.BEHIND),
        (at(other=f"settle|4 {F1}", urgent=True), (), Step.TWICE),
        (at(other=f"{F1}|3 behind:{F1}|4"), (F1,), Step.WRITE),
        (at(other=f"{F1}|3 {F2}|4"), (F1,), Step.BEHIND),
        (at(other=f"{F1}|3 {F2}|6"), (), Step.STALE),
        (at(other=f"{F1}|6"), (F1,), Step.STALE),  # it is over, and nobody has asked how it went
        (at(other=f"{F1}|3 {F2}|5"), (), Step.ADOPT),
        (at(other=f"{F1}|5 after:{F2}|5"), (F1,), Step.BEHIND),
        # somebody is sending, or was when he died
        (at(other=f"{SENDS}|6"), (), Step.STALE),
        (at(other=f"{SENDS}|4"), (), Step.BEHIND),
        (at(other=f"{SENDS}|4", urgent=True), (), Step.TWICE),
        (at(other=f"{SENDS}|5"), (), Step.WRITE),  # itself, delivered again
        (at(job="after|5", other=f"{SENDS}|4", urgent=True), (), Step.WAIT),
        (at(job="behind|5", other=f"{SENDS}|4"), (), Step.BEHIND),
        (at(job="lost:m|5", known=6), (), Step.WAIT),  # it may have arrived, and lie over the newer one
        (at(job="lost:m|5", known=6), ("lost:m",), Step.STALE),
        (at(job="after|5", urgent=True), (), Step.WRITE),  # nobody could be asked then
        (at(job="after|5", other=F1, urgent=True), (), Step.TWICE),
    ],
)
def test_what_is_done_with_a_value(situation: Situation, over: tuple[str, ...], expected: Step) -> None:
    assert step(situation, lambda remote: remote in over) is expected


def test_a_job_is_asked_for_on_a_ladder() -> None:
    ladder = Ladder((30, 300, 900), 3600)
    assert [ladder.wait(age) for age in (0, 30, 31, 299.5, 300, 900, 100_000)] == [30, 270, 269, 1, 600, 3600, 3600]


def test_job_names_are_built_of_their_parts() -> None:
    assert Job("behind", F1, 3).name == f"behind:{F1}|3"
    assert Job("feed", F1).name == F1


def test_what_can_be_asked_for_is_waited_for_first() -> None:
    opens = at(other=f"{SENDS}|3 settle|4 {F1}|4 after:{F2}|5", urgent=True)
    assert in_the_way(opens, lambda remote: False) == parse(f"{F1}|4")
    assert in_the_way(opens, lambda remote: remote == F1) == parse(f"after:{F2}|5")
    assert in_the_way(opens, lambda remote: True) == parse(f"{SENDS}|3")
    assert adopted(at(other=f"{F1}|4 {F2}|5"), lambda remote: False) == parse(f"{F2}|5")


@pytest.mark.parametrize(
    ("other", "expected"),
    [(f"{F1}|6", True), ("lost:m|6", True), ("settle|6", True), (f"{SENDS}|6", True), (f"{F1}|5", False),
     (f"after:{F1}|6", False), (f"behind:{F1}|6", False), ("change:17|6", False)],
)  # fmt: skip
def test_a_newer_one_is_waited_for_when_it_may_lie_below(other: str, expected: bool) -> None:
    assert newer_under_way(at(other=other), 5) is expected


def test_a_sending_says_nothing_when_its_process_must_be_dead() -> None:
    begun = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    job = parse(sending(7, begun))
    assert job is not None
    assert (job.how, job.version) == ("sending", 7)
    assert not has_expired(job, begun + timedelta(minutes=15))
    assert has_expired(job, begun + timedelta(minutes=16))

"""INV-5: which value may be written when, and how the jobs it depends on are named."""

from __future__ import annotations

import pytest

from connectors.kit.jobs import Job, Ladder, parse
from connectors.kit.ordering import Situation, Step, step

F1, F2 = "feed:F1@x", "feed:F2@x"


@pytest.mark.parametrize(
    "name",
    ["", "feed:F1@x|7", "feed:F1", "after:feed:F1@x|7", "behind:lost:inventory/3/17/ab|2", "settle|7", "change:1795|3"],
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
    ],
)
def test_a_name_tells_how_where_and_which_version(name: str, how: str, remote: str, version: int, id_: str) -> None:
    job = parse(name)
    assert job is not None
    assert (job.how, job.remote, job.version, job.id) == (how, remote, version, id_)


def at(
    version: int = 5, *, known: int = 0, newest: int = 0, job: str = "", other: str = "", urgent: bool = False
) -> Situation:
    return Situation(version, known, newest, parse(job), parse(other), urgent)


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
            at(job="settle|6", known=6, other="settle|7"),
            (),
            Step.WAIT,
        ),  # a newer one is not known yet; ours may lie over it
        (at(job="settle|6", known=6, other=f"{F1}|7"), (), Step.WAIT),
        (at(job="settle|6", known=6, newest=7, other="settle|7"), (), Step.SETTLED),  # written here, after ours
        (at(job="settle|5", other="settle|4"), (), Step.WRITE),  # an older one was written again meanwhile
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

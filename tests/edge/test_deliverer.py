"""EDGE-3: what each verdict does to the spool, step by step, with a sender whose answers are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_iotbox.counters import Counters
from edge_iotbox.deliverer import NOT_ALLOWED_SECONDS, Deliverer
from edge_iotbox.inventory import Inventory, Wanted
from edge_iotbox.listener import Shared
from edge_iotbox.skew import SkewMeter
from edge_iotbox.verdicts import Hole, Later, NotAllowed, Refused, Taken, TooLarge, Verdict
from schemas.hardware import Event
from tests.edge.stage import draft, opened, teller


class Given:
    """Answers in order; what was sent is kept."""

    def __init__(self, *answers: Verdict) -> None:
        self.answers, self.sent = list(answers), list[list[int]]()

    def send(self, events: Sequence[Event]) -> Verdict:
        self.sent.append([event.sequence for event in events])
        return self.answers.pop(0)

    def close(self) -> None:
        return


def sending(folder: Path, *answers: Verdict, events: int = 4) -> tuple[Deliverer, Shared, Given]:
    spool = opened(folder)
    spool.append([draft(str(index)) for index in range(events)])
    shared = Shared(spool, teller(), Counters(), Inventory(), SkewMeter(), Wanted())
    sender = Given(*answers)
    return Deliverer(sender, shared, folder / "refused.jsonl"), shared, sender


def left(shared: Shared) -> list[int]:
    return [event.sequence for event in shared.spool.batch()]


def test_only_what_is_said_to_be_safe_is_let_go(tmp_path: Path) -> None:
    deliverer, shared, sender = sending(tmp_path, Taken(0), Taken(2), Taken(2))
    deliverer.once()
    assert deliverer.once() == 0.0
    assert left(shared) == [3, 4]
    assert shared.counters.sent == 2
    assert deliverer.once() > 0, "an answer that takes nothing is no progress: it is not asked without end"
    assert left(shared) == [3, 4]
    assert sender.sent == [[], [1, 2, 3, 4], [3, 4]]


def test_a_number_beyond_what_was_sent_lets_go_of_no_more(tmp_path: Path) -> None:
    deliverer, shared, _ = sending(tmp_path, Taken(0), Taken(99))
    deliverer.most_events = 2
    deliverer.once()
    deliverer.once()
    assert left(shared) == [3, 4]


@pytest.mark.parametrize(
    ("verdict", "wait"),
    [
        (Later("network"), 1.0),
        (Later("status_503", 7.0), 7.0),
        (NotAllowed(), NOT_ALLOWED_SECONDS),
        (Refused(-1, ""), 1.0),
        (Refused(9, ""), 1.0),
    ],
)
def test_whatever_is_no_clear_yes_keeps_everything(tmp_path: Path, verdict: Verdict, wait: float) -> None:
    deliverer, shared, _ = sending(tmp_path, Taken(0), verdict)
    deliverer.once()
    assert wait / 2 <= deliverer.once() <= wait
    assert left(shared) == [1, 2, 3, 4]


def test_a_batch_too_large_is_halved_and_one_event_too_large_is_set_aside(tmp_path: Path) -> None:
    deliverer, shared, sender = sending(tmp_path, Taken(0), TooLarge(), TooLarge(), TooLarge(), Taken(1))
    for _ in range(5):
        deliverer.once()
    assert [len(sent) for sent in sender.sent] == [0, 4, 2, 1, 1]
    assert shared.counters.set_aside == 1
    assert left(shared) == [2, 3, 4]


def test_a_hole_is_explained_before_the_next_try(tmp_path: Path) -> None:
    deliverer, shared, sender = sending(tmp_path, Taken(0), Taken(4), Hole(2), Taken(5))
    deliverer.once()
    deliverer.once()
    shared.spool.append([draft("late")])
    for _ in range(2):
        deliverer.once()
    assert sender.sent[-1] == [4, 5], "a gap in the place of the number before, which stands for all that is missing"
    assert left(shared) == []


def test_numbers_are_asked_for_before_anything_is_sent(tmp_path: Path) -> None:
    deliverer, shared, sender = sending(tmp_path, Later("network"), Taken(100), Taken(104))
    assert deliverer.once() > 0
    deliverer.once()
    deliverer.once()
    assert sender.sent == [[], [], [101, 102, 103, 104, 105]]
    assert left(shared) == [105]


def test_who_cannot_know_is_not_asked_again(tmp_path: Path) -> None:
    deliverer, _, sender = sending(tmp_path, Later("not_known"), Taken(4))
    deliverer.once()
    deliverer.once()
    assert sender.sent == [[], [1, 2, 3, 4]]

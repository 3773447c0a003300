"""TEST-1, TEST-3: what all sandboxes are made of keeps its promises."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.sandbox.batches import Batch, batch_from
from connectors.kit.sandbox.buckets import Buckets, Limit
from connectors.kit.sandbox.damaging import damaged
from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.journal import Journal
from connectors.kit.sandbox.options import span
from connectors.kit.sandbox.queries import one_of, whole
from connectors.kit.sandbox.seals import Seal
from connectors.kit.sandbox.steering import account_in, known, number

Seen = list[tuple[str, str, float]]


def test_changes_happen_once_and_in_their_order(tmp_path: Path) -> None:
    """TEST-3: also after the sandbox was killed in between."""
    journal = Journal(Database(tmp_path, "j.sqlite3"))
    for at, record in ((3.0, "late"), (1.0, "first"), (2.0, "second")):
        journal.plan(at, "a", record, {"kind": record})
    seen: Seen = []

    def act(account: str, record: str, change: dict[str, Any], at: float) -> None:
        assert change == {"kind": record}
        seen.append((account, record, at))

    journal.apply_due(2.0, act)
    again = Journal(Database(tmp_path, "j.sqlite3"))
    assert again.planned("a") == 1
    again.apply_due(10.0, act)
    again.apply_due(10.0, act)
    assert seen == [("a", "first", 1.0), ("a", "second", 2.0), ("a", "late", 3.0)]


def test_a_change_that_fails_is_still_to_come() -> None:
    journal = Journal(Database(None, ""))
    journal.plan(1.0, "a", "r", {})

    def act(account: str, record: str, change: dict[str, Any], at: float) -> None:
        raise LookupError(record)

    with pytest.raises(LookupError):
        journal.apply_due(1.0, act)
    assert journal.planned("a") == 1


def test_writes_and_refusals_are_told_apart() -> None:
    journal = Journal(Database(None, ""))
    journal.wrote("a", "r", "ship", 1.0)
    journal.wrote("a", "r", "ship", 2.0, refused=True)
    journal.wrote("b", "r", "ship", 3.0)
    assert journal.writes("a") == [(1.0, "r", "ship")]
    assert journal.refusals("a") == [(2.0, "r", "ship")]


def test_an_account_is_cleared_alone() -> None:
    database = Database(None, "")
    journal = Journal(database)
    for account in ("a", "b"):
        journal.wrote(account, "r", "ship", 1.0)
    database.clear("a")
    assert (journal.writes("a"), len(journal.writes("b"))) == ([], 1)


def test_only_what_was_sealed_is_opened() -> None:
    seal, other = Seal("pages", 1), Seal("pages", 2)
    text = seal.closed([1, "two", None])
    assert seal.opened(text) == [1, "two", None]
    for wrong in (text[1:], text[:-1], f"x{text}", "", ".", other.closed([1])):
        with pytest.raises(ValueError, match="not of this seal"):
            seal.opened(wrong)
    assert seal.fits("a", seal.signed("a"))
    assert not seal.fits("a", other.signed("a"))


def test_a_bucket_gives_its_burst_and_refills_at_its_rate() -> None:
    """RATE-1: searchOrders as published, 20 at once and one in 178 s."""
    buckets, limit = Buckets(), Limit(20, 20 / 0.0056)
    assert [buckets.take("a", "o", limit, 0.0)[0] for _ in range(21)] == [True] * 20 + [False]
    assert buckets.of("a", "o").next_token_seconds() == pytest.approx(178.57, abs=0.01)
    assert not buckets.take("a", "o", limit, 178.0)[0]
    assert buckets.take("a", "o", limit, 179.0)[0]
    assert buckets.take("b", "o", limit, 179.0)[0]
    assert [buckets.take("a", "o", limit, 1e6)[0] for _ in range(21)].count(True) == 20


def test_batches_appear_at_their_rate_or_reach_back() -> None:
    assert Batch(3, 1, None, rate=2.0).times(100.0) == [(100.0, 100.0), (100.5, 100.5), (101.0, 101.0)]
    spread = Batch(3, 1, None, spread=timedelta(seconds=30)).times(100.0)
    assert spread == [(80.0, 100.0), (90.0, 100.0), (100.0, 100.0)]
    assert batch_from({"count": 2, "rate": 4, "account": "a"}, str) == Batch(2, 0, "default", 4)


@pytest.mark.parametrize(
    "body", [{}, {"count": True}, {"count": 1, "rate": 0}, {"count": 1, "colour": 1}, {"count": 10**9}]
)
def test_a_wrong_batch_is_named(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"count|rate|colour"):
        batch_from(body, str)


def test_a_record_too_damaged_loses_a_field_instead() -> None:
    def drop(record: dict[str, Any]) -> None:
        del record["a"]

    record = {"a": 1, "b": 2}
    assert damaged(record, (drop,), "b", random.Random(1)) == {"b": 2}
    assert damaged({"b": 2}, (drop,), "b", random.Random(1)) == {}
    assert record == {"a": 1, "b": 2}


@pytest.mark.parametrize("text", ["0", "8", "-1", "1.5", "x", "", "٣", "9" * 12])
def test_numbers_of_a_query_are_whole_and_within_bounds(text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        whole({"n": text}, "n", 1, 7, 3)


def test_what_is_not_given_has_its_default() -> None:
    assert (whole({}, "n", 1, 7, 3), whole({"n": "7"}, "n", 1, 7, 3)) == (3, 7)
    assert (one_of({}, "k", ("a",)), one_of({"k": "a"}, "k", ("a",))) == (None, "a")
    with pytest.raises(ValueError, match="one of a"):
        one_of({"k": "b"}, "k", ("a",))


def test_control_calls_name_what_is_wrong() -> None:
    assert account_in(["a", "b"], {}) == "a"
    for wrong, call in (
        ("account", lambda: account_in(["a"], {"account": "x"})),
        ("unknown fields", lambda: known({"x": 1}, {"y"})),
        ("n: a number", lambda: number({"n": True}, "n", 0, 2)),
        ("FROM,TO", lambda: span("--x", "1")),
    ):
        with pytest.raises(ValueError, match=wrong):
            call()

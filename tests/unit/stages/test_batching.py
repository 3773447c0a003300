"""EVT-2: order per key is kept inside a chunk; what a sink gets at once has each key only once."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.ports import Delivery, Known
from streams.stages.batching import KeyView, plan


@dataclass(frozen=True)
class Item:
    delivery: Delivery
    asks_again: bool = False


def state(key: str, version: int, checksum: str = "", asks_again: bool = False) -> Item:
    checksum = checksum or f"c{version}"
    return Item(
        Delivery(f"{key}-{version}-{checksum}", "upsert_order", False, key, "walmart", "a", version, checksum, key, {}),
        asks_again,
    )


def command(key: str, ident: str) -> Item:
    return Item(Delivery(ident, "acknowledge_order", True, key, "odoo", "a", 1, ident, key, {}))


KNOWN = {"k": KeyView(Known(5, "c5", "sale.order", "42"))}


def ids(items: list[Item]) -> list[str]:
    return [item.delivery.id for item in items]


def test_only_the_newest_state_of_a_key_is_sent() -> None:
    items = [state("k", 1), state("j", 1), state("k", 3), state("k", 2)]
    planned = plan(items, {}, 10)
    assert [ids(batch) for batch in planned.batches] == [["j-1-c1", "k-3-c3"]]
    assert sorted(ids(planned.stale)) == ["k-1-c1", "k-2-c2"]


def test_of_equal_versions_the_last_said_is_sent() -> None:
    planned = plan([state("k", 1, "x"), state("k", 1, "y")], {}, 10)
    assert [ids(batch) for batch in planned.batches] == [["k-1-y"]]


def test_a_state_older_than_the_destination_is_stale_and_an_equal_one_already_applied() -> None:
    planned = plan([state("k", 4), state("k", 5)], KNOWN, 10)
    assert ids(planned.stale) == ["k-4-c4"]
    assert ids(planned.applied) == ["k-5-c5"]
    assert planned.batches == []


def test_same_version_with_other_content_is_sent() -> None:
    assert [ids(batch) for batch in plan([state("k", 5, "other")], KNOWN, 10).batches] == [["k-5-other"]]


def test_a_resync_asks_the_destination_again() -> None:
    assert [ids(batch) for batch in plan([state("k", 5, asks_again=True)], KNOWN, 10).batches] == [["k-5-c5"]]


def test_a_command_waits_behind_a_parked_one_of_its_key_but_not_behind_itself() -> None:
    parked = {"k": KeyView(parked="first")}
    planned = plan([command("k", "second"), command("k", "first"), command("j", "third")], parked, 10)
    assert ids(planned.behind) == ["second"]
    assert [ids(batch) for batch in planned.batches] == [["first", "third"]]


def test_a_command_already_done_is_not_sent_again() -> None:
    done = {"k": KeyView(Known(1, "first", "", "po-1"))}
    assert ids(plan([command("k", "first")], done, 10).applied) == ["first"]


def test_commands_of_one_key_go_into_batches_one_after_the_other() -> None:
    planned = plan([command("k", "1"), command("j", "2"), command("k", "3")], {}, 10)
    assert [ids(batch) for batch in planned.batches] == [["1", "2"], ["3"]]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5), st.booleans()), max_size=30),
    st.integers(1, 7),
)
def test_nothing_is_lost_and_no_batch_has_a_key_twice(raw: list[tuple[str, int, bool]], limit: int) -> None:
    items = [
        command(key, f"{key}{index}") if cmd else state(key, version) for index, (key, version, cmd) in enumerate(raw)
    ]
    planned = plan(items, {}, limit)
    sent = [item for batch in planned.batches for item in batch]
    assert sorted(map(id, [*sent, *planned.stale, *planned.applied, *planned.behind])) == sorted(map(id, items))
    for batch in planned.batches:
        assert 1 <= len(batch) <= limit
        assert len({item.delivery.key for item in batch}) == len(batch)
    order = {id(item): index for index, item in enumerate(items)}
    for key in "abc":
        places = [order[id(item)] for item in sent if item.delivery.key == key and item.delivery.is_command]
        assert places == sorted(places)

"""EVT-4, OPS-7: a sink's table gives each delivery its own outcome, in order, whatever operations a batch holds."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.operations import Operation, Operations
from connectors.kit.ports import Delivery, Difference, Outcome, Result
from schemas.reasons import Reason


def delivery(operation: str, number: int) -> Delivery:
    return Delivery(str(number), operation, True, f"k{number}", "odoo", "main", 1, "c", "c-1", {})


class Handler:
    """Says which deliveries it got, and together with which."""

    def __init__(self) -> None:
        self.alone = True
        self.batches: list[list[str]] = []

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        self.batches.append([one.id for one in batch])
        return [Outcome(Result.APPLIED, remote_id=one.id) for one in batch]

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return [[Difference("id", "", one.id)] for one in batch]

    def announces(self, delivery: Delivery) -> bool:
        return delivery.id == "1"


def test_the_table_says_what_it_takes() -> None:
    handler = Handler()
    table = Operations("Shop", {"a": Operation(handler, handler.preview), "b": Operation(handler)})
    assert table.names == frozenset("ab")
    assert table.previewed == frozenset("a")


async def test_each_has_its_outcome_in_order_and_an_unknown_one_harms_no_other() -> None:
    one, two = Handler(), Handler()
    table = Operations("Shop", {"a": Operation(one), "b": Operation(two)})
    batch = [delivery(name, number) for number, name in enumerate("abxab")]
    outcomes = await table.deliver(batch)
    assert [outcome.remote_id for outcome in outcomes] == ["0", "1", "", "3", "4"]
    assert (outcomes[2].reason, outcomes[2].detail) == (Reason.BUG, "Shop's sink knows no operation 'x'")
    assert (one.batches, two.batches) == ([["0", "3"]], [["1", "4"]])


async def test_what_cannot_say_what_it_would_change_says_nothing() -> None:
    handler = Handler()
    table = Operations("Shop", {"a": Operation(handler, handler.preview), "b": Operation(handler)})
    told = await table.preview([delivery("b", 0), delivery("a", 1), delivery("x", 2)])
    assert [[one.would_be for one in found] for found in told] == [[], ["1"], []]


def test_who_announces_and_who_shares_is_asked_by_operation() -> None:
    one, two = Handler(), Handler()
    table = Operations("Shop", {"a": Operation(one, announcer=one, shared=one), "b": Operation(two)})
    assert [table.announces(delivery(name, number)) for name, number in (("a", 1), ("a", 2), ("b", 1), ("x", 1))] == [
        True, False, False, False,
    ]  # fmt: skip
    table.set_alone(False)
    assert (one.alone, two.alone) == (False, True)

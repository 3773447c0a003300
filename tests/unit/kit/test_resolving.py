"""What held deliveries wait for: asked for a bounded time, each in its turn, nobody blocked by another (INV-4, ERR-1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.kit.errors import AuthError, DataError
from connectors.kit.resolving import TURN_SECONDS, Check, Resolving


class Walmart:
    """Answers from `there`; each answer takes two seconds. `broken` accounts cannot be opened, `odd` names cannot be read."""

    def __init__(self, there: Sequence[str] = (), broken: Sequence[str] = (), odd: Sequence[str] = ()) -> None:
        self.there, self.broken, self.odd = set(there), set(broken), set(odd)
        self.asked: list[str] = []
        self.now = 0.0
        self.wait = 0.0

    def open(self, account: str) -> Any:
        if account in self.broken:
            raise AuthError("no such account")
        return self

    def forecast_seconds(self, operation: str, calls: int) -> float:
        return self.wait

    async def has(self, _: Any, what: str, *__: Any) -> bool:
        self.asked.append(what)
        self.now += 2
        if what in self.odd:
            raise DataError("cannot be read")
        return what in self.there

    def resolved(self, names: Sequence[str], account: str) -> Sequence[str]:
        if account in self.broken:
            raise DataError("no such account")
        return names


def of(walmart: Walmart) -> Resolving[Any]:
    checks = {"listing": Check("get_item", walmart.has), "shipped": Check("get_order", walmart.has)}
    return Resolving(
        "walmart",
        walmart.open,
        checks,
        5.0,
        tables=("category", "value"),
        in_tables=walmart.resolved,
        clock=lambda: walmart.now,
    )


def listings(*skus: str) -> list[str]:
    return [f"listing:walmart:main:{sku}" for sku in skus]


async def test_a_thousand_names_take_turns_and_each_has_its_own() -> None:
    """What was found in a turn is told at its end; the next begins where it stopped."""
    skus = [f"S{number:02d}" for number in range(30)]
    walmart = Walmart(there=["S03", "S29"])
    turns = of(walmart)
    each = int(TURN_SECONDS / 2)
    assert await turns.resolve(listings(*skus)) == listings("S03")
    assert walmart.asked == skus[:each]
    found = [*await turns.resolve(listings(*skus)), *await turns.resolve(listings(*skus))]
    assert found == listings("S29")
    assert walmart.asked == skus


async def test_one_that_cannot_be_asked_blocks_nobody() -> None:
    walmart = Walmart(there=["A", "7"], broken=["closed"], odd=["1"])
    waiting = [
        "listing:walmart:closed:A", "shipped:walmart:main:1", "category:walmart:closed:All", "category:walmart:main:All",
        *listings("A"), "shipped:walmart:main:7", "shipped:walmart:main:8", "order:odoo:main:1", "nonsense",
    ]  # fmt: skip
    found = await of(walmart).resolve(waiting)
    assert found == ["category:walmart:main:All", *listings("A"), "shipped:walmart:main:7"]


async def test_a_quota_that_is_used_up_is_left_alone() -> None:
    walmart = Walmart(there=["A"])
    walmart.wait = 60.0
    assert await of(walmart).resolve(listings("A")) == []
    assert walmart.asked == []

"""PO-1: which purchase orders were deleted, each told until somebody was told, and many at once held back: rule by rule, on an Odoo of four lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from connectors.kit.errors import ConflictError, ForbiddenError
from connectors.odoo import purchase_census
from connectors.odoo.kept import ATTACHMENT
from connectors.odoo.purchase_census import Deleted, PurchaseCensus, TooManyDeletedError, deleted_of
from connectors.odoo.purchase_finding import ORDER
from connectors.odoo.purchase_memory import NAMED, Claim
from connectors.odoo.source.models import Models

DAY = "2026-11-22"


class Home:
    """What is there, what is hidden from us, and what is kept of purchase orders; `asked`: (model, domain) of each search, `read`: ids."""

    def __init__(self) -> None:
        self.there: set[int] = set()
        self.hidden: set[int] = set()
        self.kept: dict[int, tuple[str, str, str]] = {}
        self.asked: list[tuple[str, Sequence[Any]]] = []
        self.read: list[int] = []
        self.odoo = self

    def keeps(self, purchase: int, at: str = "12:00:00", *, key: str = "", state: str = "", **claim: Any) -> int:
        """One more attachment, by default of an order that waits to be paid."""
        given = {"orders": (str(10**18 + purchase),), "state": state, "is_ours": True, **claim}
        number = len(self.kept) + 1
        name = f"{NAMED}{purchase} {key or f'alibaba:main:order:{10**18 + purchase}'}"
        self.kept[number] = (name, Claim(**given).datas(), f"{DAY} {at}")
        return number

    def orders(self, *numbers: int, **claim: Any) -> None:
        """Each there, and ordered."""
        for one in numbers:
            self.there.add(one)
            self.keeps(one, **claim)

    async def rows(self, model: str, domain: Sequence[Any], fields: Sequence[str]) -> list[dict[str, Any]]:
        self.asked.append((model, domain))
        assert model == ORDER
        return [{"id": one} for one in domain[0][2] if one in self.there - self.hidden]

    async def optional(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], limit: int = 10**6
    ) -> list[dict[str, Any]]:
        self.asked.append((model, domain))
        assert model == ATTACHMENT
        every = [
            {"id": number, "name": name, "datas": datas, "write_date": at}
            for number, (name, datas, at) in sorted(self.kept.items())
        ]
        return [one for one in every if all(self._fits(one, *each) for each in domain)][:limit]

    def _fits(self, row: dict[str, Any], field: str, how: str, what: Any) -> bool:
        value = row[field]
        if how == "=like":
            return str(value).startswith(str(what).rstrip("%"))
        return bool(value in what if how == "in" else value > what if how == ">" else value >= what)

    async def ask(self, model: str, method: str, ids: list[int], fields: list[str]) -> list[dict[str, Any]]:
        self.read += ids
        if not self.there.issuperset(ids):
            raise ConflictError("it has been deleted")
        if self.hidden.intersection(ids):
            raise ForbiddenError("hidden")
        return [{"id": one} for one in ids]

    def listed(self) -> int:
        """How often attachments were listed."""
        return sum(model == ATTACHMENT and domain[0][0] == "name" for model, domain in self.asked)


@pytest.fixture
def home() -> Home:
    return Home()


def census(home: Home, at_most: int = purchase_census.AT_MOST) -> PurchaseCensus:
    return PurchaseCensus(cast(Models, home), at_most)


def number(purchase: int) -> str:
    return str(10**18 + purchase)


async def test_only_suppliers_purchase_orders_are_missed_before_they_are_ordered(home: Home) -> None:
    """PO-1: whose vendor is of a platform; of each what this process has read last."""
    found = census(home)
    found.saw(1, "somebody", "P1")
    found.saw(2, "walmart:main:x", "P2")
    found.saw(3, "alibaba:main:x", "P3")
    assert await found.deleted() == [3]
    assert await found.of({1, 2, 3}) == {3: Deleted("alibaba:main:x", (), "P3")}


async def test_so_many_are_remembered_and_the_oldest_forgotten(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """PO-1: a poller runs for months."""
    monkeypatch.setattr(purchase_census, "_REMEMBERED", 2)
    found = census(home)
    for one in (1, 2, 3):
        found.saw(one, "alibaba:main:x", f"P{one}")
    assert await found.deleted() == [2, 3]


@pytest.mark.parametrize("gone", [5, 6])
async def test_more_than_so_many_are_held_back(home: Home, gone: int) -> None:
    """PO-1: just as many are told; what is held back is not settled by what is kept next."""
    home.orders(*range(1, 31))
    home.there -= set(range(1, gone + 1))
    found = census(home, 5)
    if gone == 5:
        assert await found.deleted() == [1, 2, 3, 4, 5]
        return
    with pytest.raises(TooManyDeletedError, match=r"6 purchase orders .* Ids: 1 2 3 4 5 6$"):
        await found.deleted()
    found.keep()
    assert list(await found.of({3, 4})) == [3, 4]


async def test_a_long_list_of_ids_is_cut(home: Home) -> None:
    """ERR-5: bounded."""
    home.orders(*range(1, 52))
    home.there.clear()
    with pytest.raises(TooManyDeletedError, match=r" 49 50 \.\.\.$"):
        await census(home).deleted()
    home.there.add(51)
    with pytest.raises(TooManyDeletedError, match=r" 49 50$"):
        await census(home).deleted()


@pytest.mark.parametrize(("alive", "is_held"), [(2, True), (3, False)])
async def test_three_that_are_most_of_what_may_be_open_are_held_back(home: Home, alive: int, is_held: bool) -> None:
    """PO-1: as many that are there, with orders that may be open, are enough; finished ones do not count."""
    home.orders(1, 2, 3)
    home.there.clear()
    home.orders(*range(11, 11 + alive))
    home.orders(21, 22, 23, 24, state="done")
    found = census(home)
    if is_held:
        with pytest.raises(TooManyDeletedError):
            await found.deleted()
    else:
        assert await found.deleted() == [1, 2, 3]


async def test_those_that_are_there_are_counted_page_by_page(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """PO-1: all of them, until there are enough."""
    monkeypatch.setattr(purchase_census, "_READ", 2)
    home.orders(1, 2, 3)
    home.there.clear()
    home.orders(*range(11, 14))
    assert await census(home).deleted() == [1, 2, 3]


async def test_what_was_told_is_settled_until_something_new_is_kept(home: Home) -> None:
    """PO-1: nothing of it is asked again, by whichever way it is asked for."""
    home.orders(1, 2)
    home.there.clear()
    found = census(home)
    assert list(await found.of({1})) == [1]
    assert list(await found.of({2})) == [2]
    found.keep()
    assert list(await found.of({1, 2})) == [1], "the last that was read is safe, not what was read before it"
    found.keep()
    assert await found.of({1, 2}) == {}
    home.asked.clear()
    assert await found.deleted() == []
    assert [domain for model, domain in home.asked if model == ORDER] == []
    home.keeps(2, "12:00:05")
    assert await found.deleted() == [2]


async def test_what_needs_nothing_is_settled_at_once(home: Home) -> None:
    """PO-1: its claims are read once."""
    home.orders(1, state="done")
    home.there.clear()
    found = census(home)
    assert [await found.deleted() for _ in range(3)] == [[], [], []]
    assert home.read == [1]


async def test_what_is_asked_for_is_learnt_when_it_is_not_known(home: Home) -> None:
    """PO-1: by a process that has not looked yet; what it knows it does not list again."""
    home.orders(1)
    home.there.clear()
    found = census(home)
    assert await found.of({1}) == {1: Deleted("alibaba:main:", (number(1),))}
    assert home.listed() == 1
    assert list(await found.of({1})) == [1]
    assert home.listed() == 1
    assert await census(home).numbers([1, 2]) == {1: (number(1),)}


async def test_one_that_is_hidden_is_there(home: Home) -> None:
    """PO-1: a search says the same of both."""
    home.orders(1)
    home.hidden = {1}
    assert await census(home).deleted() == []


@pytest.mark.parametrize(
    "claim",
    [
        {"key": "odoo:purchase_order:1", "orders": (), "result": "cancelled", "is_ours": False},
        {"key": "odoo:purchase_order:1", "orders": (), "result": "not_cancelled", "is_ours": False},
        {"state": "done"},
    ],
)
async def test_one_that_was_read_and_told_or_ordered_before_is_not_told_by_its_name(home: Home, claim: Any) -> None:
    """PO-1: its cancellation was told, though it had no orders; or its orders are over."""
    home.keeps(1, **claim)
    found = census(home)
    found.saw(1, "alibaba:main:x", "P1")
    assert await found.deleted() == []


async def test_one_whose_creation_failed_may_be_ordered_yet(home: Home) -> None:
    """PO-1: it may be replayed."""
    home.keeps(1, key="odoo:purchase_order:1", orders=(), result="failed", is_ours=False)
    found = census(home)
    found.saw(1, "alibaba:main:x", "P1")
    assert await found.deleted() == [1]


async def test_attachments_are_listed_page_by_page_from_a_little_before_the_newest(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PO-1, EVT-6: the newest may stand anywhere in the list; what becomes visible within the hour is learnt. Others are none."""
    monkeypatch.setattr(purchase_census, "_PAGE", 2)
    home.orders(1, at="12:00:00")
    home.orders(2, 3, 4, at="10:00:00")
    home.kept[9] = (f"{NAMED}of somebody else", Claim().datas(), f"{DAY} 10:00:00")
    found = census(home)
    assert await found.deleted() == []
    assert set(found._kept) == {1, 2, 3, 4}
    home.asked.clear()
    home.keeps(5, "11:00:00")
    home.keeps(6, "10:59:59")
    assert await found.deleted() == [5]
    assert home.asked[0] == (
        ATTACHMENT,
        [["name", "=like", f"{NAMED}%"], ["id", ">", 0], ["write_date", ">=", f"{DAY} 11:00:00"]],
    )


async def test_all_of_them_are_listed_anew_now_and_then(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """PO-1: a transaction may take longer than an hour."""
    monkeypatch.setattr(purchase_census, "_WHOLE_EVERY", 3)
    home.orders(1)
    found = census(home)
    assert await found.deleted() == []
    home.keeps(2, "09:00:00")
    assert [await found.deleted() for _ in range(2)] == [[], [2]]


def test_the_account_is_the_first_of_those_its_orders_are_of() -> None:
    """PO-1: the same one each time."""
    claims = {f"alibaba:{one}:order:{at}": Claim(orders=(str(at),), is_ours=True) for at, one in enumerate("bac")}
    assert deleted_of(claims) == Deleted("alibaba:a:", ("0", "1", "2"))
    assert deleted_of(dict(reversed(claims.items()))) == Deleted("alibaba:a:", ("2", "1", "0"))

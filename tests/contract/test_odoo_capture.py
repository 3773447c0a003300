"""EVT-6: change capture misses nothing, whatever commits when; measured beside the cursor everybody writes first."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.odoo.source.metrics import CENSUS_ONLY
from schemas.topics import RAW
from tests.contract.odoo_capture_box import CaptureBox, Polled, begun, capture_box, fetch, off_loop, poll

LONGEST_SECONDS = 120.0  # limit_time_real of an Odoo server
ROUNDS = 25
PRODUCTS = 60


@pytest.fixture
def box() -> Iterator[CaptureBox]:
    with capture_box() as made:
        yield made


@dataclass
class PlainCursor:
    """`write_date, id` greater than the last one's: what a poller does that takes write_date for the time of the commit."""

    box: CaptureBox
    model: str
    value: str
    date: str = "2000-01-01 00:00:00"
    last: int = 0
    seen: dict[int, Any] = field(default_factory=dict)

    def poll(self) -> None:
        domain = ["|", ["write_date", ">", self.date], "&", ["write_date", "=", self.date], ["id", ">", self.last]]
        rows = self.box.call(
            self.model, "search_read", domain, [self.value, "write_date"], order="write_date, id", limit=2000
        )
        for row in rows:
            self.seen[row["id"]] = row[self.value]
            self.date, self.last = row["write_date"], row["id"]


@dataclass
class Held:
    """A transaction that is still open, and which record it locks."""

    number: int
    product: int
    age: float = 0.0


class Traffic:
    """Prices of products change, in transactions short and long, some of which are rolled back; of each product one at a time."""

    def __init__(self, box: CaptureBox, seed: int, products: Sequence[int]) -> None:
        self.box, self.products = box, list(products)
        self.random = random.Random(seed)
        self.held: list[Held] = []
        self.writes = self.late = 0

    def round(self) -> None:
        for _ in range(self.random.randint(1, 3)):
            self.begin()
        for _ in range(self.random.randint(3, 12)):
            self.short([self.random.choice(self.free())])
        if self.random.random() < 0.3:  # many rows of one transaction: one date
            self.short(self.free())
        self.pass_time(self.random.uniform(0, 30))

    def free(self) -> list[int]:
        taken = {one.product for one in self.held}
        return [one for one in self.products if one not in taken]

    def begin(self) -> None:
        product = self.random.choice(self.free())
        outcome = "rollback" if self.random.random() < 0.2 else "commit"
        number = self.box.begin("product.product", "write", [product], {"list_price": self.price()}, outcome=outcome)
        self.held.append(Held(number, product))

    def short(self, products: Sequence[int]) -> None:
        self.box.call("product.product", "write", list(products), {"list_price": self.price()})
        self.writes += len(products)

    def pass_time(self, seconds: float) -> None:
        """Transactions end sooner or later, at the latest when the server would end them."""
        for one in [one for one in self.held if one.age + seconds > LONGEST_SECONDS - 1 or self.random.random() < 0.2]:
            self.end(one)
        self.box.clock.forward(seconds)
        for one in self.held:
            one.age += seconds

    def end(self, one: Held) -> None:
        self.box.release(one.number)
        self.held.remove(one)
        self.writes += 1
        self.late += one.age > 0

    def price(self) -> float:
        return round(self.random.uniform(1, 900), 2)


def prices(box: CaptureBox) -> dict[str, str]:
    rows = box.rows("product.product", [["default_code", "like", "P-"]], ["default_code", "lst_price"])
    return {f"sku:{row['default_code']}": f"{row['lst_price']:g}" for row in rows}


def published(polled: Polled) -> dict[str, str]:
    return {key: f"{float(one['list_price']):g}" for key, one in polled.newest.items() if key.startswith("sku:P-")}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_is_missed_where_a_plain_cursor_misses(box: CaptureBox, seed: int) -> None:
    """EVT-6: long and short transactions side by side, some rolled back, hundreds of rows of one date: in the end what was published is what
    stands in Odoo, of every product. The plain cursor, polled at the same moments, has another price of some for ever."""
    made = box.hand("warehouse/products", count=PRODUCTS, prefix="P-")
    assert made
    ids = [row["id"] for row in box.rows("product.product", [["default_code", "like", "P-"]], [])]
    source, polled = box.source("products", census_minutes=0, page_rows=40, batch=25), Polled()
    plain = PlainCursor(box, "product.product", "lst_price")
    traffic = Traffic(box, seed, ids)
    await poll(source, polled)
    for _ in range(ROUNDS):
        await off_loop(traffic.round)
        await poll(source, polled)
        await off_loop(plain.poll)
    for one in list(traffic.held):
        await off_loop(traffic.end, one)
    await poll(source, polled)
    await off_loop(plain.poll)
    await source.aclose()

    now = prices(box)
    assert traffic.late > 10
    assert {key for key in now if published(polled).get(key) != now[key]} == set()
    by_id = {row["id"]: row["lst_price"] for row in box.rows("product.product", [["id", "in", ids]], ["lst_price"])}
    missed_by_plain = [one for one in ids if plain.seen.get(one) != by_id[one]]
    assert missed_by_plain, "the traffic was too tame to tell the two apart"


async def test_an_overlap_shorter_than_a_transaction_misses_and_the_wide_look_back_counts_it(box: CaptureBox) -> None:
    """EVT-6: the overlap is what finds rows that appear late; what only the wide look-back finds is counted."""
    product = box.product("LATE-1", list_price=1.0)
    source = box.source("products", overlap_seconds=10, wide_every_polls=4, wide_overlap_minutes=10, census_minutes=0)
    polled, before = Polled(), CENSUS_ONLY.labels("products", "late")._value.get()
    await poll(source, polled)
    number = await off_loop(box.begin, "product.product", "write", [product], {"list_price": 2.0})
    for _ in range(2):
        box.clock.forward(30)
        await poll(source, polled)
    await off_loop(box.release, number)
    await poll(source, polled)
    assert polled.newest["sku:LATE-1"]["list_price"] == "1"
    for _ in range(3):
        await poll(source, polled)
    await source.aclose()
    assert polled.newest["sku:LATE-1"]["list_price"] == "2"
    assert CENSUS_ONLY.labels("products", "late")._value.get() == before + 1


async def test_the_overlap_publishes_nothing_twice(box: CaptureBox) -> None:
    """EVT-6: rows are dropped by id, date and content; only a restart repeats those of the overlap, once."""
    box.hand("warehouse/products", count=50, prefix="P-", stock=5.0)
    source, polled = box.source("stock"), Polled()
    await poll(source, polled)
    await poll(source, polled)
    assert [await poll(source, polled) for _ in range(5)] == [0] * 5
    box.stock(**{"P-00007": 9.0})
    assert await poll(source, polled) == 1
    assert polled.newest["sku:P-00007"]["stock"] == [{"warehouse": "WH", "on_hand": "9", "reserved": "0"}]
    await source.aclose()
    again = box.source("stock")
    assert await poll(again, polled) == 50
    assert await poll(again, polled) == 0
    await again.aclose()


async def test_two_changes_within_one_second_are_two(box: CaptureBox) -> None:
    """EVT-6: Odoo shows seconds of a date; the content tells the second change from the first."""
    product = box.product("QUICK-1", list_price=1.0)
    source, polled = box.source("products", census_minutes=0), Polled()
    await poll(source, polled)
    for price in (2.0, 3.0, 4.0, 5.0):
        box.call("product.product", "write", [product], {"list_price": price})
        await poll(source, polled)
        assert polled.newest["sku:QUICK-1"]["list_price"] == f"{price:g}"
    await source.aclose()


async def test_hundreds_of_rows_of_one_second_come_in_pages(box: CaptureBox) -> None:
    """EVT-6: paged by id inside a date; a crash after any page repeats it and skips none (EVT-3)."""
    box.clock.forward(600)  # so that the overlap holds nothing of the seed, whose categories would bring every product
    box.hand("warehouse/products", count=300, prefix="P-")
    ids = [row["id"] for row in box.rows("product.product", [["default_code", "like", "P-"]], [])]
    source, polled = box.source("products", page_rows=100, batch=40, census_minutes=0), Polled()
    await poll(source, polled)
    await poll(source, polled)
    box.call("product.product", "write", ids, {"list_price": 77.0})
    before = polled.position
    pages = [page async for page in source.pages(before)]
    assert max(len(page.items) for page in pages) <= 40
    await source.aclose()
    for crashed_after in (0, len(pages) // 2, len(pages) - 2):
        safe = Polled(before)
        for page in pages[:crashed_after]:
            safe.take(page)
        fresh = box.source("products", page_rows=100, batch=40, census_minutes=0)
        await poll(fresh, safe)
        await fresh.aclose()
        told = {key for key, one in safe.newest.items() if one.get("list_price") == "77"}
        assert told == set(prices(box)), [one for one in safe.newest.values() if "list_price" not in one]


async def test_a_page_that_is_published_but_not_counted_comes_again(box: CaptureBox) -> None:
    """EVT-3: the poller stops between page and cursor; neither the same source nor a new one skips anything."""
    product = box.product("CRASH-1", list_price=1.0)
    source, polled = box.source("products", census_minutes=0), Polled()
    await poll(source, polled)
    await poll(source, polled)
    box.call("product.product", "write", [product], {"list_price": 2.0})
    lost = begun(source, polled.position)
    page = await anext(lost)
    assert [item.key for item in page.items] == ["sku:CRASH-1"]
    await lost.aclose()  # as the poller ends one
    assert await poll(source, polled) == 1
    assert polled.newest["sku:CRASH-1"]["list_price"] == "2"
    await source.aclose()


async def test_what_was_rolled_back_is_published_nowhere(box: CaptureBox) -> None:
    """EVT-6."""
    product = box.product("BACK-1", list_price=1.0)
    source, polled = box.source("products", census_minutes=0), Polled()
    await poll(source, polled)
    number = await off_loop(box.begin, "product.product", "write", [product], {"list_price": 9.0}, outcome="rollback")
    await poll(source, polled)
    await off_loop(box.release, number)
    await poll(source, polled)
    await source.aclose()
    assert {one["list_price"] for one in polled.newest.values()} == {"1"}


async def test_versions_only_grow_also_after_a_restart_with_a_clock_behind(box: CaptureBox) -> None:
    """INV-5: a later reading has a greater version, whichever poller made it."""
    box.product("VER-1")
    source, polled = box.source("stock"), Polled()
    await poll(source, polled)
    box.stock(**{"VER-1": 1.0})
    await poll(source, polled)
    await source.aclose()
    newest = max(version for _, version, _ in polled.records)
    box.clock.forward(-1)
    other = box.source("stock")
    box.stock(**{"VER-1": 2.0})
    await poll(other, polled)
    await other.aclose()
    assert polled.records[-1][1] > newest


async def test_ids_are_fetched_and_what_is_not_there_is_named(box: CaptureBox) -> None:
    """REC-3."""
    box.product("F-1")
    order = box.order("PO-F", [("1", box.product("F-2"), 1)])
    asked = [("stock", "F-1", "sku:F-1"), ("prices", "F-2", "sku:F-2")]
    asked += [("sale_orders", str(order), f"odoo:sale_order:{order}")]
    for flow, wanted, key in asked:
        source = box.source(flow)
        found = await fetch(source, wanted, "40404")
        await source.aclose()
        assert found.keys == [key]
        (problem,) = [problem for page in found.pages for problem in page.problems]
        assert problem.key.endswith(":40404")
        assert problem.entity in RAW["odoo"]
    source = box.source("sale_orders")
    name = box.rows("sale.order", [["id", "=", order]], ["name"])[0]["name"]
    assert (await fetch(source, name)).keys == [f"odoo:sale_order:{order}"]
    await source.aclose()


async def test_a_resync_reads_everything_without_touching_the_position(box: CaptureBox) -> None:
    """REC-3: products all, documents as far back as asked."""
    box.hand("warehouse/products", count=120, prefix="P-")
    source = box.source("prices", batch=50)
    pages = [page async for page in source.resync(box.clock.now().replace(year=2020))]
    assert len({item.key for page in pages for item in page.items}) == 120
    assert {page.position for page in pages} == {""}
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    await source.aclose()


def test_the_box_can_hold_a_transaction(box: CaptureBox) -> None:
    """The proof rests on this: what is held is not seen, and has an old date when it is."""
    product = box.product("HELD-1", list_price=1.0)
    number = box.begin("product.product", "write", [product], {"list_price": 2.0})
    box.clock.forward(60)
    now = box.clock.now()
    assert box.rows("product.product", [["id", "=", product]], ["lst_price"])[0]["lst_price"] == 1.0
    box.release(number)
    row = box.rows("product.product", [["id", "=", product]], ["lst_price", "write_date"])[0]
    assert row["lst_price"] == 2.0
    assert row["write_date"] < f"{now:%Y-%m-%d %H:%M:%S}"

"""EVT-6, TEST-1: the sandbox keeps PostgreSQL's clock. A transaction starts when its call arrives and shows when it commits,
so rows appear late with an old date, and a plain cursor over (write_date, id) misses them."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.odoo.sandbox.app import open_database
from connectors.odoo.sandbox.engine.database import SUPERUSER, Arrival
from connectors.odoo.sandbox.settings import SandboxSettings
from tests.contract.odoo_sandbox_box import OdooBox, RefusedError, odoo_box

SERIALIZATION = "psycopg2.errors.SerializationFailure"


@pytest.fixture(scope="module")
def shared_box() -> Iterator[OdooBox]:
    with odoo_box(workers=8) as box:
        yield box


@pytest.fixture
def box(shared_box: OdooBox) -> OdooBox:
    shared_box.http.post("/sandbox/reset").raise_for_status()
    return shared_box


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def control(box: OdooBox, path: str, **body: Any) -> Any:
    answer = box.http.post(f"/sandbox/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def hold(box: OdooBox, **body: Any) -> int:
    return int(control(box, "transactions/hold", **body)["rule"])


def is_open(box: OdooBox, rule: int) -> dict[str, Any]:
    """Waits until a call of this rule is held."""
    answer = box.http.get("/sandbox/transactions", params={"rule": rule, "seconds": 10})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def is_waited_for(box: OdooBox, opened: dict[str, Any]) -> None:
    """Waits until a call waits for the end of this transaction."""
    limit = time.monotonic() + 10
    while not next(one for one in seen(box) if one["id"] == opened["id"])["waiting"]:
        assert time.monotonic() < limit, "nobody waits"


def seen(box: OdooBox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = box.http.get("/sandbox/transactions").json()["transactions"]
    return found


def partner(box: OdooBox, name: str) -> int:
    return int(box.call("res.partner", "create", {"name": name}))


def since(box: OdooBox, stamp: str, after: int = 0) -> list[int]:
    """As a plain cursor asks: newer than the last row seen."""
    later = ["|", ["write_date", ">", stamp], "&", ["write_date", "=", stamp], ["id", ">", after]]
    found: list[int] = box.call("res.partner", "search", later, order="write_date, id")
    return found


def held_partner(
    box: OdooBox, pool: ThreadPoolExecutor, name: str, **rule: Any
) -> tuple["Future[int]", dict[str, Any]]:
    number = hold(box, model="res.partner", method="create", **rule)
    future = pool.submit(partner, box, name)
    return future, is_open(box, number)


def test_a_late_commit_shows_old_rows_that_a_plain_cursor_has_passed(box: OdooBox, pool: ThreadPoolExecutor) -> None:
    """EVT-6: the long transaction began first and commits last; its row has the lower id and the older date."""
    late, opened = held_partner(box, pool, "Long")
    quick = partner(box, "Quick")
    assert not late.done()
    assert box.call("res.partner", "search", [["name", "=", "Long"]]) == []
    newest = f"{opened['started']}"
    assert quick in since(box, newest)
    control(box, "transactions/release")
    long = late.result(10)
    assert long < quick
    assert box.call("res.partner", "search", [["id", "=", long], ["write_date", "=", newest]]) == [long]
    quick_date = box.call("res.partner", "read", [quick], ["write_date"])[0]["write_date"]
    assert long not in since(box, f"{quick_date}.999999", quick)
    assert long in since(box, opened["started"][:19])


def test_dates_are_the_start_in_microseconds_read_in_seconds(box: OdooBox, pool: ThreadPoolExecutor) -> None:
    late, opened = held_partner(box, pool, "Long")
    control(box, "transactions/release")
    long = late.result(10)
    read = box.call("res.partner", "read", [long], ["write_date", "create_date"])[0]
    assert read["write_date"] == read["create_date"] == opened["started"][:19]
    exact = [["id", "=", long], ["write_date", "=", opened["started"]]]
    assert box.call("res.partner", "search_count", exact) == 1
    assert box.call("res.partner", "search_count", [["id", "=", long], ["write_date", "=", read["write_date"]]]) == 0


def test_a_slow_call_has_the_date_of_its_arrival() -> None:
    """EVT-6: also without a rule: what took long shows with a date as old as it took."""
    with odoo_box(latency_ms=300) as box:
        one = partner(box, "Slow")
        answered = datetime.now(UTC) - timedelta(milliseconds=300)
        stamp = answered.strftime("%Y-%m-%d %H:%M:%S.%f")
        assert box.call("res.partner", "search", [["id", "=", one], ["write_date", "<=", stamp]]) == [one]


def test_dates_of_a_row_never_go_back() -> None:
    """A call that came first but changes a row that another has changed since starts anew, as PostgreSQL has it."""
    now = [datetime(2026, 3, 4, 5, 6, 7, 1, UTC)]
    database = open_database(SandboxSettings(), lambda: now[0])
    try:
        one = database.call(lambda env: env.create("res.partner", {"name": "One"}), SUPERUSER, {}, reads=False)

        def write(city: str, arrival: Arrival | None = None) -> str:
            database.call(
                lambda env: env.write("res.partner", one, {"city": city}), SUPERUSER, {}, reads=False, arrival=arrival
            )
            return str(database.tables["res.partner"].rows[one]["write_date"])

        early = database.arrival()
        now[0] += timedelta(seconds=1)
        first = write("later call")
        now[0] += timedelta(seconds=1)
        assert write("earlier call", early) > first
        now[0] -= timedelta(hours=1)
        assert write("after the clock was set back") > first
    finally:
        database.close()


def test_rolled_back_work_is_never_seen_and_its_client_is_told(box: OdooBox, pool: ThreadPoolExecutor) -> None:
    late, _ = held_partner(box, pool, "Never", outcome="rollback")
    control(box, "transactions/release")
    with pytest.raises(RefusedError) as caught:
        late.result(10)
    assert caught.value.name == SERIALIZATION
    assert box.call("res.partner", "search_count", [["name", "=", "Never"]]) == 0


def test_a_writer_of_a_held_row_waits_and_has_the_newer_date(box: OdooBox, pool: ThreadPoolExecutor) -> None:
    """As a row lock: what the first has written is there when the second writes, and dates of one row never go back."""
    one = partner(box, "Shared")
    rule = hold(box, model="res.partner", method="write")
    first = pool.submit(box.call, "res.partner", "write", [one], {"city": "First"})
    opened = is_open(box, rule)
    second = pool.submit(box.call, "res.partner", "write", [one], {"street": "Second"})
    other = pool.submit(box.call, "res.partner", "write", [partner(box, "Free")], {"city": "Free"})
    assert other.result(10) is True
    is_waited_for(box, opened)
    control(box, "transactions/release")
    assert first.result(10) is second.result(10) is True
    row = box.call("res.partner", "read", [one], ["city", "street"])[0]
    assert (row["city"], row["street"]) == ("First", "Second")
    assert box.call("res.partner", "search_count", [["id", "=", one], ["write_date", ">", opened["started"]]]) == 1


def test_what_an_open_transaction_refers_to_cannot_go(box: OdooBox, pool: ThreadPoolExecutor) -> None:
    parent = partner(box, "Parent")
    rule = hold(box, model="res.partner", method="create")
    child = pool.submit(box.call, "res.partner", "create", {"name": "Child", "parent_id": parent, "type": "delivery"})
    opened = is_open(box, rule)
    gone = pool.submit(box.call, "res.partner", "unlink", [parent])
    is_waited_for(box, opened)
    control(box, "transactions/release")
    row = child.result(10)
    assert gone.result(10) is True
    assert box.call("res.partner", "read", [row], ["parent_id"])[0]["parent_id"] is False


def test_the_loser_of_a_key_waits_for_the_open_winner(box: OdooBox, pool: ThreadPoolExecutor) -> None:
    """EVT-4: one record per external id, also while its transaction is still open."""
    customer, product = box.customer(), box.product("lamp")
    rule = hold(box, model="sale.order", method="load")
    winner = pool.submit(box.load_orders, ["race"], customer, product)
    opened = is_open(box, rule)
    loser = pool.submit(box.load_orders, ["race"], customer, product)
    is_waited_for(box, opened)
    control(box, "transactions/release")
    assert winner.result(10)["ids"]
    assert loser.result(10)["ids"] is False
    assert "could not serialize" in loser.result()["messages"][0]["message"]
    assert box.load_orders(["race"], customer, product)["ids"] == winner.result()["ids"]


def test_stock_that_arrives_beside_an_open_transaction_makes_a_second_quant(
    box: OdooBox, pool: ThreadPoolExecutor
) -> None:
    """INV-1: the quant is locked, Odoo skips it: two quants for one product and place, and only their sum is right."""
    product = box.product("lamp")
    control(box, "warehouse/stock", levels={"lamp": 10})
    shipped, reserving = box.load_orders(["a", "b"], box.customer(), product)["ids"]
    box.call("sale.order", "action_confirm", [shipped])
    control(box, "warehouse/deliver", order="A")
    rule = hold(box, model="sale.order", method="action_confirm")
    late = pool.submit(box.call, "sale.order", "action_confirm", [reserving])
    is_open(box, rule)
    control(box, "warehouse/return", order="A")
    control(box, "transactions/release")
    assert late.result(10) is True
    here = [["product_id", "=", product], ["location_id.usage", "=", "internal"]]
    quants = box.call("stock.quant", "search_read", here, ["quantity", "reserved_quantity"], order="id")
    assert [(one["quantity"], one["reserved_quantity"]) for one in quants] == [(9, 1), (1, 0)]
    on_hand = box.call("product.product", "read", [product], ["qty_available", "free_qty"])[0]
    assert (on_hand["qty_available"], on_hand["free_qty"]) == (10, 9)


def test_held_calls_do_not_take_the_control_side_with_them(pool: ThreadPoolExecutor) -> None:
    """All workers are held: RPC waits, as on a real server, and releasing works."""
    with odoo_box(workers=1) as box:
        late, _ = held_partner(box, pool, "Long")
        waiting = pool.submit(partner, box, "Behind")
        control(box, "transactions/release")
        assert late.result(10) < waiting.result(10)


def test_a_rule_holds_for_seconds_and_for_a_share_of_the_calls(box: OdooBox, pool: ThreadPoolExecutor) -> None:
    hold(box, seconds=0.05, times=None, rate=0.5)
    made = list(pool.map(lambda n: partner(box, f"P{n}"), range(40)))
    assert len(set(made)) == 40
    held = [one for one in seen(box) if one["state"] == "committed"]
    assert 5 <= len(held) <= 35
    control(box, "transactions/clear")
    assert box.http.get("/sandbox/transactions").json()["rules"] == []


def test_one_client_can_open_a_transaction_and_go_on(box: OdooBox) -> None:
    opened = control(box, "transactions/begin", model="res.partner", method="create", args=[{"name": "Mine"}])
    assert opened["state"] == "open"
    partner(box, "Meanwhile")
    assert box.call("res.partner", "search_count", [["name", "=", "Mine"]]) == 0
    [ended] = control(box, "transactions/release", transactions=[opened["id"]])["transactions"]
    assert ended["state"] == "committed"
    names = box.call(
        "res.partner", "search_read", [["name", "in", ["Mine", "Meanwhile"]]], ["name"], order="write_date"
    )
    assert [one["name"] for one in names] == ["Mine", "Meanwhile"]


def test_a_call_that_fails_cannot_be_opened(box: OdooBox) -> None:
    answer = box.http.post("/sandbox/transactions/begin", json={"model": "res.partner", "method": "nope"})
    assert answer.status_code == 409
    assert answer.json()["name"] == "builtins.AttributeError"


def test_reset_ends_what_is_open(box: OdooBox, pool: ThreadPoolExecutor) -> None:
    late, _ = held_partner(box, pool, "Long")
    box.http.post("/sandbox/reset").raise_for_status()
    with pytest.raises(RefusedError):
        late.result(10)
    assert box.call("res.partner", "search_count", [["name", "=", "Long"]]) == 0


def test_what_is_open_at_the_end_does_not_keep_the_server(pool: ThreadPoolExecutor) -> None:
    done = threading.Event()

    def orphan(box: OdooBox) -> None:
        try:
            partner(box, "Orphan")
        except Exception:  # noqa: BLE001 - the server goes away beneath it
            done.set()

    with odoo_box() as box:
        rule = hold(box, model="res.partner", method="create")
        pool.submit(orphan, box)
        is_open(box, rule)
    assert done.wait(10)

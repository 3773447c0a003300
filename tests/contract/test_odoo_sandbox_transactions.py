"""TEST-1: one call is one transaction; what was answered stays, also after kill -9; races end as on a real server."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from connectors.odoo.sandbox.__main__ import PASSWORD_VARIABLE
from tests.contract.odoo_sandbox_box import ABSENT, COLUMNS, PASSWORD, OdooBox, RefusedError, odoo_box
from tests.loopback import client
from tests.waiting import until

LATENCY_MS = 400
LOST = "could not serialize access due to concurrent update\n"


@contextmanager
def process(data: Path) -> Iterator[tuple[OdooBox, "subprocess.Popen[str]"]]:
    """The sandbox as users start it; killed at the end if the test has not done it."""
    command = [sys.executable, "-m", "connectors.odoo.sandbox", "--port", "0", "--data", str(data)]
    environment = {**os.environ, PASSWORD_VARIABLE: PASSWORD}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        try:
            assert running.stdout is not None
            found = re.search(r"http://\S+", running.stdout.readline())
            assert found is not None
            with client(found[0]) as http:
                yield OdooBox(found[0], http), running
        finally:
            running.kill()


def test_an_answered_order_survives_kill_9(tmp_path: Path) -> None:
    """EVT-4: ids, external ids and numbers go on where they were."""
    with process(tmp_path) as (box, running):
        customer, product = box.customer(), box.product("lamp")
        [order] = box.load_orders(["kept"], customer, product)["ids"]
        box.call("sale.order", "action_confirm", [order])
        before = box.call("sale.order", "read", [order], ["name", "amount_total", "picking_ids"])
        running.send_signal(signal.SIGKILL)
        running.wait(60)
    with process(tmp_path) as (box, _):
        assert box.call("sale.order", "read", [order], ["name", "amount_total", "picking_ids"]) == before
        again = box.load_orders(["kept", "new"], customer, product)["ids"]
        assert again[0] == order
        assert again[1] > order
        names = box.call("sale.order", "read", again, ["name"])
        assert names[1]["name"] > names[0]["name"]


def test_kill_9_in_the_middle_of_writing_loses_no_answered_call(tmp_path: Path) -> None:
    answered: list[int] = []
    with process(tmp_path) as (box, running):
        customer, product = box.customer(), box.product("lamp")

        def feed() -> None:
            with contextlib.suppress(httpx.HTTPError):
                for n in range(10_000):
                    answered.extend(box.load_orders([f"k{n}"], customer, product)["ids"])

        feeding = threading.Thread(target=feed)
        feeding.start()
        until(lambda: len(answered) > 30)
        running.send_signal(signal.SIGKILL)
        feeding.join(60)
    with process(tmp_path) as (box, _):
        found = box.call("sale.order", "search_read", [], ["order_line", "amount_total"])
        assert {one["id"] for one in found} >= set(answered)
        assert len(found) <= len(answered) + 1
        assert all(len(one["order_line"]) == 1 and one["amount_total"] == 10.0 for one in found)


def test_a_failing_call_leaves_nothing_also_after_a_restart(tmp_path: Path) -> None:
    with odoo_box(tmp_path) as box:
        customer, product = box.customer(), box.product("lamp")
        good = {"partner_id": customer, "order_line": [[0, 0, {"product_id": product}]]}
        with pytest.raises(RefusedError, match="MissingError"):
            box.call("sale.order", "create", [good, {**good, "partner_id": 999_999}])
        assert box.call("sale.order", "search_count", []) == 0
        assert box.call("sale.order.line", "search_count", []) == 0
        bare = {"partner_id": customer, "order_line": [[0, 0, {"name": "unknown"}]]}
        orders = box.call("sale.order", "create", [good, bare])
        with pytest.raises(RefusedError, match="cannot confirm"):
            box.call("sale.order", "action_confirm", orders)
        assert box.call("stock.picking", "search_count", []) == 0
    with odoo_box(tmp_path) as box:
        states = box.call("sale.order", "search_read", [], ["state"])
        assert [one["state"] for one in states] == ["draft", "draft"]
        assert box.call("stock.picking", "search_count", []) == 0


def test_the_id_of_a_deleted_record_is_not_given_again_after_a_restart(tmp_path: Path) -> None:
    """A cursor over ids would miss the record that got an old one."""
    with odoo_box(tmp_path) as box:
        deleted = box.customer()
        box.call("res.partner", "unlink", [deleted])
    with odoo_box(tmp_path) as box:
        assert box.customer() > deleted


def test_manual_models_and_their_rows_survive_a_restart(tmp_path: Path) -> None:
    with odoo_box(tmp_path) as box:
        field = {"name": "x_model", "field_description": "Model", "ttype": "char"}
        box.call("ir.model", "create", {"name": "Outbox", "model": "x_outbox", "field_id": [[0, 0, field]]})
        box.call("x_outbox", "create", {"x_model": "sale.order"})
    with odoo_box(tmp_path) as box:
        assert [one["x_model"] for one in box.call("x_outbox", "search_read", [], ["x_model"])] == ["sale.order"]


def test_losers_of_a_race_are_told_to_send_again() -> None:
    """EVT-4: one record per key; the loser's batch is kept not at all, and answers the winner's ids the second time."""
    with odoo_box(latency_ms=LATENCY_MS) as box:
        customer, product = box.customer(), box.product("lamp")
        keys = [f"r{n}" for n in range(12)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: box.load_orders(keys, customer, product), range(4)))
        winners = [one for one in answers if one["ids"]]
        losers = [one for one in answers if not one["ids"]]
        assert len(winners) == 1
        assert len(losers) == 3
        for loser in losers:
            assert [one.get("record") for one in loser["messages"]] == [*range(10), None]
            assert {one["message"] for one in loser["messages"] if one["type"] == "error"} == {LOST}
            assert loser["messages"][-1]["type"] == "warning"
        assert box.load_orders(keys, customer, product)["ids"] == winners[0]["ids"]
        assert box.call("sale.order", "search_count", []) == 12


def test_search_then_create_doubles_when_two_clients_race() -> None:
    """Nothing in Odoo keeps a customer reference unique; the sandbox must not be kinder."""
    with odoo_box(latency_ms=LATENCY_MS) as box:
        customer = box.customer()

        def sync(_: int) -> None:
            if not box.call("sale.order", "search", [["client_order_ref", "=", "TWIN"]]):
                box.call("sale.order", "create", {"partner_id": customer, "client_order_ref": "TWIN"})

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(sync, range(2)))
        assert box.call("sale.order", "search_count", [["client_order_ref", "=", "TWIN"]]) == 2


def test_a_client_that_gives_up_does_not_stop_the_server() -> None:
    """A time-out proves nothing: the order appears after the client has gone."""
    with odoo_box(latency_ms=LATENCY_MS) as box:
        customer, product = box.customer(), box.product("lamp")
        args = [box.db, box.uid, box.password, "sale.order", "load"]
        rows = [["mkt.late", "LATE", customer, "mkt.late_1", product, 1, 10]]
        params = {"service": "object", "method": "execute_kw", "args": [*args, [COLUMNS, rows], ABSENT]}
        with pytest.raises(httpx.ReadTimeout):
            box.http.post("/jsonrpc", json={"id": 1, "params": params}, timeout=LATENCY_MS / 5000)
        assert box.call("sale.order", "search_count", []) in (0, 1)
        until(lambda: box.call("sale.order", "search_count", []) == 1)

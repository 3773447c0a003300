"""EVT-6, TEST-1: a change journal made over RPC, as `install-outbox` makes it: a manual model and automations whose code writes a
row in the same transaction. And webhooks, which are sent inside the transaction and promise nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from tests.contract.odoo_sandbox_box import OdooBox, RefusedError, odoo_box

WATCHED = (
    "sale.order", "stock.picking", "stock.move", "stock.quant", "product.template", "product.product",
    "product.pricelist.item", "account.move", "purchase.order", "res.partner",
)  # fmt: skip
FIELDS = {"x_model": "char", "x_res_id": "integer", "x_op": "char"}
CODE = """
rows = [{{'x_model': records._name, 'x_res_id': r.id, 'x_op': '{op}'}} for r in records]
if rows:
    env['x_outbox'].sudo().create(rows)
"""


@pytest.fixture(scope="module")
def shared_box() -> Iterator[OdooBox]:
    with odoo_box(workers=8) as box:
        yield box


@pytest.fixture
def box(shared_box: OdooBox) -> OdooBox:
    shared_box.http.post("/sandbox/reset").raise_for_status()
    return shared_box


def model_id(box: OdooBox, name: str) -> int:
    return int(box.call("ir.model", "search", [["model", "=", name]])[0])


def install(box: OdooBox) -> list[int]:
    """Ids of the automations."""
    fields = [[0, 0, {"name": name, "field_description": name, "ttype": kind}] for name, kind in FIELDS.items()]
    outbox = box.call("ir.model", "create", {"name": "Outbox", "model": "x_outbox", "field_id": fields})
    group = box.call("ir.model.data", "search_read", [["name", "=", "group_user"], ["module", "=", "base"]], ["res_id"])
    rights = {f"perm_{word}": True for word in ("read", "write", "create", "unlink")}
    access = {"name": "outbox", "model_id": outbox, "group_id": group[0]["res_id"], **rights}
    box.call("ir.model.access", "create", access)
    rules = []
    for name in WATCHED:
        for trigger, op in (("on_create_or_write", "write"), ("on_unlink", "unlink")):
            action = {"name": op, "model_id": model_id(box, name), "state": "code", "code": CODE.format(op=op)}
            rule = {"name": f"outbox {name} {op}", "model_id": model_id(box, name), "trigger": trigger}
            rules.append({**rule, "action_server_ids": [[0, 0, action]]})
    created: list[int] = box.call("base.automation", "create", rules)
    return created


def journal(box: OdooBox, after: int = 0) -> set[tuple[str, int, str]]:
    rows = box.call("x_outbox", "search_read", [["id", ">", after]], list(FIELDS), order="id")
    return {(row["x_model"], row["x_res_id"], row["x_op"]) for row in rows}


def position(box: OdooBox) -> int:
    return int(next(iter(box.call("x_outbox", "search", [], order="id desc", limit=1)), 0))


def hand(box: OdooBox, path: str, **body: Any) -> Any:
    answer = box.http.post(f"/sandbox/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_watched_model_tells_of_its_changes(box: OdooBox) -> None:
    install(box)
    hand(box, "warehouse/products", count=1, stock=10)
    product, template = (box.call(f"product.{one}", "search", [["default_code", "=", "SKU-00001"]])[0]
                         for one in ("product", "template"))  # fmt: skip
    customer = box.customer()
    assert {("product.product", product, "write"), ("product.template", template, "write"),
            ("res.partner", customer, "write")} <= journal(box)  # fmt: skip
    [order] = box.load_orders(["one"], customer, product, 2)["ids"]
    at = position(box)
    box.call("sale.order", "action_confirm", [order])
    picking = box.call("stock.picking", "search", [["sale_id", "=", order]])[0]
    move = box.call("stock.move", "search", [["picking_id", "=", picking]])[0]
    quant = box.call("stock.quant", "search", [["product_id", "=", product], ["location_id.usage", "=", "internal"]])[0]
    told = {(name, one, "write") for name, one in (
        ("sale.order", order), ("stock.picking", picking), ("stock.move", move), ("stock.quant", quant))}  # fmt: skip
    assert told <= journal(box, at)
    at = position(box)
    hand(box, "warehouse/deliver", order="ONE")
    assert told <= journal(box, at)
    item = hand(box, "warehouse/price", sku="SKU-00001", price=7, pricelist="Channel")["item"]
    note = hand(box, "warehouse/refund", order="ONE", lines={"SKU-00001": 1})["id"]
    buying = box.call("purchase.order", "create", {"partner_id": customer})
    found = journal(box, at)
    assert ("product.pricelist.item", item, "write") in found
    assert ("account.move", note, "write") in found
    assert ("purchase.order", buying, "write") in found


def test_deletes_are_caught_and_rolled_back_work_is_not(box: OdooBox) -> None:
    install(box)
    customer, product = box.customer(), box.product("lamp")
    [order] = box.load_orders(["one"], customer, product)["ids"]
    at = position(box)
    with pytest.raises(RefusedError):
        box.call("sale.order", "create", [{"partner_id": customer}, {"partner_id": 999_999}])
    assert journal(box, at) == set()
    box.call("sale.order", "unlink", [order])
    assert ("sale.order", order, "unlink") in journal(box, at)


def test_rows_of_an_open_transaction_come_late_and_below_those_already_read(box: OdooBox) -> None:
    """EVT-6: a position in the journal is no cursor: ids are drawn at the start, rows show at the commit."""
    install(box)
    one = box.customer("One")
    opened = hand(box, "transactions/begin", model="res.partner", method="write", args=[[one], {"city": "X"}])
    other = box.customer("Other")
    at = position(box)
    assert ("res.partner", other, "write") in journal(box)
    hand(box, "transactions/release", transactions=[opened["id"]])
    assert ("res.partner", one, "write") not in journal(box, at)
    late = box.call("x_outbox", "search_read", [["x_res_id", "=", one]], ["id"], order="id desc", limit=1)
    assert late[0]["id"] < at


def test_merged_quants_vanish_without_a_word(box: OdooBox) -> None:
    """INV: SQL merges them; the oldest has the sum and its old date, no automation hears of it."""
    install(box)
    hand(box, "warehouse/products", count=1, stock=12)
    old, new = hand(box, "quants/split", sku="SKU-00001", quantity=5)["quants"]
    before = box.call("stock.quant", "search_read", [["id", "in", [old, new]]], ["quantity", "write_date"], order="id")
    assert [one["quantity"] for one in before] == [7, 5]
    dates = [["id", "=", old], ["write_date", "<", datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")]]
    at = position(box)
    assert hand(box, "quants/merge")["merged"] == 1
    after = box.call("stock.quant", "search_read", [["id", "in", [old, new]]], ["quantity", "write_date"])
    assert [(one["id"], one["quantity"]) for one in after] == [(old, 12)]
    assert box.call("stock.quant", "search_count", dates) == 1
    assert not {one for one in journal(box, at) if one[1] == new}


def test_opening_the_inventory_view_merges_unless_the_parameter_forbids_it(box: OdooBox) -> None:
    hand(box, "warehouse/products", count=1, stock=12)
    quants = hand(box, "quants/split", sku="SKU-00001", quantity=5)["quants"]
    box.call("ir.config_parameter", "set_param", "stock.skip_quant_tasks", "1")
    box.call("stock.quant", "action_view_inventory")
    assert box.call("stock.quant", "search_count", [["id", "in", quants]]) == 2
    box.call("ir.config_parameter", "set_param", "stock.skip_quant_tasks", "")
    box.call("stock.quant", "action_view_inventory")
    assert box.call("stock.quant", "search_count", [["id", "in", quants]]) == 1


def test_installing_twice_is_refused_and_uninstalling_leaves_nothing(box: OdooBox) -> None:
    rules = install(box)
    box.customer()
    assert position(box) > 0
    with pytest.raises(RefusedError, match="unique name"):
        install(box)
    box.call("base.automation", "unlink", rules)
    box.call("ir.model", "unlink", [model_id(box, "x_outbox")])
    assert box.call("ir.model.access", "search_count", [["name", "=", "outbox"]]) == 0
    assert box.call("ir.actions.server", "search_count", []) == 0
    with pytest.raises(RefusedError, match="x_outbox doesn't exist"):
        box.call("x_outbox", "search", [])
    box.customer("Nobody hears of")
    install(box)
    assert position(box) == 0


def test_fields_can_be_added_to_models_and_taken_away(box: OdooBox) -> None:
    """PRD-1: x_ fields on products, with values on those that were there before."""
    lamp = box.product("lamp")
    field = {"name": "x_shelf", "field_description": "Shelf", "ttype": "char"}
    number = {"name": "x_rank", "field_description": "Rank", "ttype": "float"}
    owner = model_id(box, "product.template")
    made = box.call("ir.model.fields", "create", [{**one, "model_id": owner} for one in (field, number)])
    assert box.call("product.product", "read", [lamp], ["x_shelf", "x_rank"]) == [
        {"id": lamp, "x_shelf": False, "x_rank": 0.0}
    ]
    box.call("product.product", "write", [lamp], {"x_shelf": "A1"})
    assert box.call("product.template", "search_count", [["x_shelf", "=", "A1"]]) == 1
    box.call("ir.model.fields", "unlink", made)
    with pytest.raises(RefusedError, match="Invalid field"):
        box.call("product.product", "read", [lamp], ["x_shelf"])


def test_a_rule_can_be_limited_to_fields_and_records(box: OdooBox) -> None:
    install(box)
    box.call("base.automation", "unlink", box.call("base.automation", "search", [["name", "like", "res.partner"]]))
    city = box.call("ir.model.fields", "search", [["model_id.model", "=", "res.partner"], ["name", "=", "city"]])
    action = {"name": "w", "model_id": model_id(box, "res.partner"), "state": "code", "code": CODE.format(op="city")}
    rule = {"name": "city", "model_id": model_id(box, "res.partner"), "trigger": "on_create_or_write"}
    limits = {"trigger_field_ids": [[6, 0, city]], "filter_domain": "[('is_company', '=', True)]"}
    box.call("base.automation", "create", {**rule, **limits, "action_server_ids": [[0, 0, action]]})
    company = box.call("res.partner", "create", {"name": "Firm", "is_company": True})
    person = box.customer()
    at = position(box)
    for one in (company, person):
        box.call("res.partner", "write", [one], {"phone": "1"})
    assert journal(box, at) == set()
    for one in (company, person):
        box.call("res.partner", "write", [one], {"city": "X"})
    assert journal(box, at) == {("res.partner", company, "city")}


# ---- webhooks


class Listener:
    """Bodies of what was posted; `behave` decides how a post is answered."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.behave: Any = lambda: 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.bodies.append(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(outer.behave())
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        found.server.shutdown()
        thread.join()
        found.server.server_close()


def hook(box: OdooBox, url: str, model: str = "sale.order") -> None:
    names = ["name", "state", "partner_id", "write_date"]
    fields = box.call("ir.model.fields", "search", [["model_id.model", "=", model], ["name", "in", names]])
    action = {"name": "Hook", "model_id": model_id(box, model), "state": "webhook", "webhook_url": url,
              "webhook_field_ids": [[6, 0, fields]]}  # fmt: skip
    rule = {"name": "hook", "model_id": model_id(box, model), "trigger": "on_create_or_write"}
    box.call("base.automation", "create", {**rule, "action_server_ids": [[0, 0, action]]})


def test_webhooks_come_several_times_per_change_before_the_commit(box: OdooBox, listener: Listener) -> None:
    hook(box, listener.url)
    customer, product = box.customer(), box.product("lamp")
    [order] = box.load_orders(["one"], customer, product)["ids"]
    assert len(listener.bodies) > 1
    body = listener.bodies[-1]
    assert list(body) == sorted(body)
    assert (body["_model"], body["_id"], body["id"], body["partner_id"]) == ("sale.order", order, order, customer)
    assert body["_action"].startswith("Hook(#")
    assert len(body["write_date"]) == 26


def test_webhooks_are_sent_for_rolled_back_work_too(box: OdooBox, listener: Listener) -> None:
    hook(box, listener.url)
    customer = box.customer()
    with pytest.raises(RefusedError):
        box.call("sale.order", "create", [{"partner_id": customer}, {"partner_id": 999_999}])
    ghost = listener.bodies[0]["_id"]
    assert box.call("sale.order", "search_count", [["id", "=", ghost]]) == 0


def test_a_webhook_that_fails_is_lost_and_the_operation_goes_on(box: OdooBox, listener: Listener) -> None:
    hook(box, listener.url, "res.partner")
    listener.behave = lambda: 500
    assert box.customer()
    posted = len(listener.bodies)
    assert posted >= 1
    listener.behave = lambda: 200
    assert len(listener.bodies) == posted
    webhooks = box.http.get("/sandbox/state").json()["webhooks"]
    assert webhooks["lost"] >= posted


def test_only_loopback_is_called(box: OdooBox) -> None:
    """SEC: a sandbox talks to nobody else; such a hook counts as refused."""
    hook(box, "http://192.0.2.1:9/hook", "res.partner")
    lost = box.http.get("/sandbox/state").json()["webhooks"]["lost"]
    assert box.customer()
    assert box.http.get("/sandbox/state").json()["webhooks"]["lost"] > lost

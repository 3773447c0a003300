"""TEST-1: over a real socket, the Odoo sandbox is called as users call Odoo: odoorpc unchanged, and raw JSON-RPC."""

import json
from collections.abc import Iterator
from typing import Any

import odoorpc
import pytest

from tests.contract.odoo_sandbox_box import ABSENT, COLUMNS, PASSWORD, OdooBox, RefusedError, odoo_box

API_KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def shared_box() -> Iterator[OdooBox]:
    with odoo_box(api_key=API_KEY) as box:
        yield box


@pytest.fixture
def box(shared_box: OdooBox) -> OdooBox:
    shared_box.http.post("/sandbox/reset").raise_for_status()
    return shared_box


# ---- odoorpc


def test_odoorpc_logs_in_and_knows_where_it_is(box: OdooBox) -> None:
    odoo = box.odoorpc()
    assert odoo.version.startswith("18.0")
    assert odoo.db.list() == [box.db]
    assert odoo.env.uid == box.uid
    assert odoo.env.user.login == "admin"
    assert odoo.env.lang == "en_US"
    assert odoo.env.ref("base.main_company").name == "My Company"
    assert "sale.order" in odoo.env
    assert "no.such.model" not in odoo.env


def test_odoorpc_creates_reads_writes_and_deletes_through_its_proxies(box: OdooBox) -> None:
    partners = box.odoorpc().env["res.partner"]
    one = partners.create({"name": "Zoë Ångström", "email": "zoe@example.com"})
    record = partners.browse(one)
    assert record.name == "Zoë Ångström"
    record.city = "Malmö"
    assert partners.read([one], ["city"]) == [{"id": one, "city": "Malmö"}]
    assert partners.search([("email", "=", "zoe@example.com")]) == [one]
    assert partners.unlink([one])
    assert partners.search_count([("email", "=", "zoe@example.com")]) == 0


def test_odoorpc_loads_orders_once_however_often_they_are_sent(box: OdooBox) -> None:
    """EVT-4: create if absent by external id; the same call again answers the same ids."""
    customer, product = box.customer(), box.product("lamp")
    orders = box.odoorpc().env["sale.order"].with_context(**ABSENT["context"])
    rows = [[f"mkt.{n}", f"R{n}", customer, f"mkt.{n}_1", product, 2, "10"] for n in range(5)]
    first, again = orders.load(COLUMNS, rows), orders.load(COLUMNS, rows)
    assert first["messages"] == []
    assert len(set(first["ids"])) == 5
    assert again["ids"] == first["ids"]
    assert box.call("sale.order", "search_count", []) == 5


def test_odoorpc_sees_a_refused_login_as_on_a_real_server(box: OdooBox) -> None:
    """AUTH-4: the error carries no information object."""
    host, port = box.url.removeprefix("http://").split(":")
    odoo = odoorpc.ODOO(host, port=int(port))
    with pytest.raises(odoorpc.error.RPCError) as caught:
        odoo.login(box.db, "admin", "wrong")
    assert caught.value.info is False


def test_odoorpc_sees_a_server_error_with_its_name(box: OdooBox) -> None:
    with pytest.raises(odoorpc.error.RPCError, match="Invalid field") as caught:
        box.odoorpc().env["res.partner"].search([("nope", "=", 1)])
    assert caught.value.info["data"]["name"] == "builtins.ValueError"
    assert "Traceback" in caught.value.info["data"]["debug"]


# ---- transport


def test_an_api_key_works_in_place_of_the_password_of_its_own_user_only(box: OdooBox) -> None:
    """AUTH-4: with another user's uid it is Access Denied."""
    box.call("res.users", "create", {"name": "Other", "login": "other", "password": "other-secret"})
    args: list[Any] = ["res.partner", "search_count", [[]], {}]
    assert "result" in box.rpc("object", "execute_kw", [box.db, box.uid, API_KEY, *args])
    other = box.call("res.users", "search", [["login", "=", "other"]])[0]
    refused = box.rpc("object", "execute_kw", [box.db, other, API_KEY, *args])
    assert refused["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ([], "builtins.IndexError"),
        (["sandbox", 2, PASSWORD], "builtins.TypeError"),
        (["sandbox", 2, PASSWORD, "sale.order", "read", []], "builtins.IndexError"),
        (["sandbox", 2, PASSWORD, "sale.order", "write", [[1]]], "builtins.TypeError"),
        (["sandbox", 2, PASSWORD, "sale.order", "search", ["text"]], "builtins.AssertionError"),
        (["sandbox", 2, PASSWORD, "sale.order", "__class__", []], "odoo.exceptions.AccessError"),
        (["sandbox", 2, PASSWORD, "sale.order", "create_many", [[]]], "builtins.AttributeError"),
    ],
)
def test_bad_calls_are_answered_with_the_errors_of_python(box: OdooBox, args: list[Any], name: str) -> None:
    """SEC-5: nothing that is not meant for clients can be reached."""
    assert box.rpc("object", "execute_kw", args)["error"]["data"]["name"] == name


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 2000])
def test_a_body_that_is_no_envelope_is_a_bad_request(box: OdooBox, body: bytes) -> None:
    answer = box.http.post("/jsonrpc", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")


def test_the_server_closes_after_each_answer_and_refuses_get(box: OdooBox) -> None:
    assert box.http.get("/jsonrpc").status_code == 400
    params = {"service": "common", "method": "version", "args": []}
    answer = box.http.post("/jsonrpc", json={"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
    assert answer.headers["connection"] == "close"


# ---- load


def test_one_bad_record_is_named_and_the_rest_goes_through_when_resent(box: OdooBox) -> None:
    """ERR-1: `record` counts records, not rows; the record before it has two rows."""
    customer, product = box.customer(), box.product("lamp")
    rows: list[list[Any]] = [
        ["mkt.a", "A", customer, "mkt.a_1", product, 1, 10],
        [None, None, None, "mkt.a_2", product, 1, 3],
        ["mkt.b", "B", customer, "mkt.b_1", 999_999, 1, 10],
        ["mkt.c", "C", customer, "mkt.c_1", product, "x", 10],
    ]
    refused = box.call("sale.order", "load", COLUMNS, rows, **ABSENT)
    assert refused["ids"] is False
    assert [(one["record"], one["rows"]) for one in refused["messages"]] == [
        (1, {"from": 2, "to": 2}),
        (2, {"from": 3, "to": 3}),
    ]
    assert box.call("sale.order", "search_count", []) == 0
    [one] = box.call("sale.order", "load", COLUMNS, rows[:2], **ABSENT)["ids"]
    assert box.call("sale.order", "read", [one], ["amount_total"])[0]["amount_total"] == 13.0


def test_more_than_ten_bad_records_end_in_a_warning_without_a_record(box: OdooBox) -> None:
    rows = [[f"mkt.x{n}", "X", 999_999, None, None, None, None] for n in range(30)]
    messages = box.call("sale.order", "load", COLUMNS, rows, **ABSENT)["messages"]
    assert [one["type"] for one in messages] == ["error"] * 10 + ["warning"]
    assert "record" not in messages[-1]


def test_customer_tax_and_order_amounts_add_up_per_tax_and_line(box: OdooBox) -> None:
    """ORD-6, ORD-11: three taxes of one line, each rounded by itself; a zero-rated fiscal position drops the default."""
    lines = [[5], [0, 0, {"repartition_type": "base"}], [0, 0, {"repartition_type": "tax"}]]
    taxes = box.call(
        "account.tax",
        "create",
        [{"name": f"t{rate}", "amount": rate, "invoice_repartition_line_ids": lines} for rate in (6.25, 1.0, 0.75)],
    )
    customer, product = box.customer(), box.product("lamp")
    order = box.call(
        "sale.order",
        "create",
        {
            "partner_id": customer,
            "order_line": [
                [0, 0, {"product_id": product, "price_unit": 9.99, "product_uom_qty": 3, "tax_id": [[6, 0, taxes]]}]
            ],
        },
    )
    amounts = box.call("sale.order", "read", [order], ["amount_untaxed", "amount_tax", "amount_total"])[0]
    # 29.97 * 6.25 % = 1.873125, 1 % = 0.2997, 0.75 % = 0.224775
    assert amounts == {"id": order, "amount_untaxed": 29.97, "amount_tax": 2.39, "amount_total": 32.36}


def test_a_fiscal_position_that_applies_by_itself_replaces_the_taxes_of_the_product(box: OdooBox) -> None:
    """ORD-11: zero-rated for one state; an explicit tax on the line wins over it."""
    default = box.call("account.tax", "search", [["type_tax_use", "=", "sale"]])[0]
    ohio = box.call("res.country.state", "search", [["code", "=", "OH"], ["country_id.code", "=", "US"]])[0]
    us = box.call("res.country", "search", [["code", "=", "US"]])[0]
    position = {"name": "Exempt", "auto_apply": True, "country_id": us, "state_ids": [[6, 0, [ohio]]]}
    box.call("account.fiscal.position", "create", {**position, "tax_ids": [[0, 0, {"tax_src_id": default}]]})
    product = box.product("lamp", taxes_id=[[6, 0, [default]]], list_price=100.0)
    home = {"name": "Ohioan", "country_id": us, "state_id": ohio}
    customer = box.call("res.partner", "create", home)
    lines = [[0, 0, {"product_id": product}], [0, 0, {"product_id": product, "tax_id": [[6, 0, [default]]]}]]
    order = box.call("sale.order", "create", {"partner_id": customer, "order_line": lines})
    assert box.call("sale.order", "read", [order], ["amount_tax"])[0]["amount_tax"] == 15.0


# ---- rights


def test_a_sales_user_is_told_what_it_may_do(box: OdooBox) -> None:
    """AUTH-4, AUTH-5: rights can be asked for without changing anything."""
    groups = box.call("ir.model.data", "search_read", [["name", "=", "group_sale_salesman"]], ["res_id"])
    user = {"name": "Robot", "login": "robot", "password": "robot-secret", "groups_id": [[6, 0, [groups[0]["res_id"]]]]}
    robot = box.call("res.users", "create", user)

    def ask(model: str, right: str) -> Any:
        args = [model, "check_access_rights", [right], {"raise_exception": False}]
        return box.rpc("object", "execute_kw", [box.db, robot, "robot-secret", *args])["result"]

    assert ask("sale.order", "create") is True
    assert ask("res.partner", "create") is False
    assert ask("stock.quant", "write") is False
    assert ask("ir.model.data", "read") is False
    assert box.call("res.users", "has_group", [robot], "base.group_user") is True
    assert box.call("res.users", "has_group", [robot], "base.group_system") is False


def test_installed_modules_can_be_looked_up(box: OdooBox) -> None:
    wanted = ["sale_management", "stock", "delivery", "crm"]
    found = box.call("ir.module.module", "search_read", [["name", "in", wanted]], ["name", "state"])
    assert {one["name"]: one["state"] for one in found} == {
        "sale_management": "installed",
        "stock": "installed",
        "delivery": "installed",
        "crm": "uninstalled",
    }


def test_every_us_state_is_there(box: OdooBox) -> None:
    """ORD-7: 50 states and the District of Columbia, territories and armed forces beside them."""
    codes = box.call("res.country.state", "search_read", [["country_id.code", "=", "US"]], ["code"])
    found = {one["code"] for one in codes}
    assert len(found) == len(codes)
    assert {"AL", "AK", "CA", "DC", "NY", "WY", "PR", "GU", "AE"} <= found
    assert len(found - {"DC", "AA", "AE", "AP", "AS", "FM", "GU", "MH", "MP", "PR", "PW", "VI"}) == 50


# ---- what can be looked at


def test_the_page_shows_orders_and_keeps_secrets_and_markup_out(box: OdooBox) -> None:
    """SEC-3: no password anywhere; SEC-5: names are text, not markup."""
    customer = box.customer("<script>alert(1)</script>")
    box.load_orders(["shown"], customer, box.product("lamp"), 3)
    page = box.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "SHOWN" in page.text
    assert "30.00" in page.text
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert "src=" not in page.text
    state = box.http.get("/sandbox/state")
    assert state.json()["orders"]["by_state"] == {"draft": 1}
    assert state.json()["orders"]["amount_total"] == 30.0
    assert state.json()["records"]["sale.order.line"] == 1
    assert state.json()["calls"]["counts"]["sale.order load"] >= 1
    for secret in (box.password, API_KEY, "robot-secret"):
        assert secret not in page.text + json.dumps(state.json())


def test_reset_brings_back_the_clean_database(box: OdooBox) -> None:
    box.load_orders(["gone"], box.customer(), box.product("lamp"))
    field = {"name": "x_a", "field_description": "A", "ttype": "char"}
    box.call("ir.model", "create", {"name": "Extra", "model": "x_extra", "field_id": [[0, 0, field]]})
    assert box.call("x_extra", "create", {"x_a": "1"}) == 1
    box.http.post("/sandbox/reset").raise_for_status()
    assert box.call("sale.order", "search_count", []) == 0
    with pytest.raises(RefusedError, match="x_extra"):
        box.call("x_extra", "search", [])
    assert box.call("res.partner", "search_count", [["name", "=", "Box Customer"]]) == 0

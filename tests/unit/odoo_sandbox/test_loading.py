"""ORD-5, EVT-4: load() splits rows into records, converts cells, and keeps a key's record as the context says."""

from typing import Any

import pytest

from connectors.odoo.sandbox.engine.database import SUPERUSER
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.loading import extract
from tests.unit.odoo_sandbox.world import World

ABSENT: dict[str, Any] = {"mode": "update", "noupdate": True}


def load(
    world: World, model: str, fields: list[str], rows: list[list[Any]], uid: int = SUPERUSER, **context: Any
) -> dict[str, Any]:
    def work(env: Env) -> dict[str, Any]:
        return env[model].load(env, fields, rows)

    return world.do(work, uid=uid, **context)


def test_rows_without_cells_of_their_own_belong_to_the_record_above(world: World) -> None:
    def work(env: Env) -> list[tuple[int, int, int]]:
        from connectors.odoo.sandbox.engine.cells import columns_of

        order = env["sale.order"]
        columns = columns_of(env, order, ["id", "order_line/name", "order_line/price_unit"])
        rows: list[list[Any]] = [["a", "x", 1], ["", "y", 2], [None, None, None], ["b", None, None], [False, "z", 0]]
        found = extract(order, columns, rows)
        return [(one.first, one.last, len(one.children.get("order_line", []))) for one in found]

    # a row that is empty altogether is a record of its own, as in Odoo
    assert world.do(work) == [(0, 1, 2), (2, 2, 0), (3, 4, 1)]


@pytest.mark.parametrize(
    ("fields", "row", "message"),
    [
        (["name", "customer_rank"], ["N", "many"], "'many' does not seem to be an integer for field 'Customer Rank'"),
        (["name", "country_id/.id"], ["N", "x1"], "Invalid database id 'x1' for the field 'Country'"),
        (["name", "country_id/id"], ["N", "base.zz"], "No matching record found for external id 'base.zz' in field"),
        (["name", "country_id"], ["N", "Atlantis"], "No matching record found for name 'Atlantis' in field 'Country'"),
        (["name", "active"], ["N", "perhaps"], "Unknown value 'perhaps' for boolean field 'Active'"),
        (["name", "type"], ["N", "castle"], "Value 'castle' not found in selection field 'Address Type'"),
        (["name", "parent_id/.id"], ["N", 999999], "No matching record found for database id '999999' in field"),
    ],
)
def test_a_cell_that_cannot_be_read_is_a_message_with_its_field(
    world: World, fields: list[str], row: list[Any], message: str
) -> None:
    refused = load(world, "res.partner", fields, [row])
    assert refused["ids"] is False
    [one] = refused["messages"]
    assert one["message"].startswith(message)
    assert (one["record"], one["field"]) == (0, fields[1].partition("/")[0])


def test_relations_are_found_by_name_code_and_external_id(world: World) -> None:
    rows = [["A", "United States"], ["B", "DE"]]
    ids = load(world, "res.partner", ["name", "country_id"], rows)["ids"]
    assert [world.read("res.partner", one, "country_id")[1] for one in ids] == ["United States", "Germany"]
    [one] = load(world, "res.partner", ["name", "country_id/id"], [["C", "base.fr"]])["ids"]
    assert world.read("res.partner", one, "country_id")[1] == "France"


def test_a_key_of_another_model_is_refused(world: World) -> None:
    load(world, "res.partner", ["id", "name"], [["mkt.k", "A"]], **ABSENT)
    [message] = load(world, "res.partner.category", ["id", "name"], [["mkt.k", "Tag"]], **ABSENT)["messages"]
    assert "found record of different model res.partner" in message["message"]


def test_a_key_made_without_the_context_is_protected_once_its_row_says_so(world: World) -> None:
    """Writing noupdate on the key's row cures it."""
    [one] = load(world, "res.partner", ["id", "name"], [["mkt.p", "Plain"]])["ids"]
    load(world, "res.partner", ["id", "name"], [["mkt.p", "Changed"]], **ABSENT)
    assert world.read("res.partner", one, "name") == "Changed"
    [key] = world.search("ir.model.data", [("module", "=", "mkt"), ("name", "=", "p")])
    world.do(lambda env: env.write("ir.model.data", key, {"noupdate": True}))
    load(world, "res.partner", ["id", "name"], [["mkt.p", "Again"]], **ABSENT)
    assert world.read("res.partner", one, "name") == "Changed"


def test_a_key_without_a_dot_belongs_to_the_import(world: World) -> None:
    load(world, "res.partner", ["id", "name"], [["lonely", "A"]], **ABSENT)
    assert world.do(lambda env: env.ref("__import__.lonely")) is not None


def test_a_product_gets_a_key_for_its_template_too(world: World) -> None:
    [product] = load(world, "product.product", ["id", "name"], [["mkt.desk", "Desk"]], **ABSENT)["ids"]
    template = world.read("product.product", product, "product_tmpl_id")[0]
    assert world.do(lambda env: env.ref("mkt.desk_product_template")) == template


def test_an_unexpected_error_in_one_record_leaves_the_others_named_too(world: World) -> None:
    """Every bad record gets its message, whatever the kind of the first."""
    fields = ["id", "name", "email"]
    rows = [["mkt.a", None, "x@y.z"], ["mkt.b c", "B", None], ["mkt.ok", "C", None]]
    refused = load(world, "res.partner", fields, rows, **ABSENT)
    assert [one["record"] for one in refused["messages"]] == [0, 1]
    assert world.do(lambda env: env.ref("mkt.ok")) is None


@pytest.mark.parametrize(
    ("zone", "stored"),
    [(None, "2025-03-04 05:06:07"), ("UTC", "2025-03-04 05:06:07"), ("America/New_York", "2025-03-04 10:06:07")],
)
def test_an_import_reads_times_in_the_zone_of_its_context(world: World, zone: str | None, stored: str) -> None:
    """ORD-6: dates in UTC; who forgets to say so shifts them by the user's zone."""
    customer = world.create("res.partner", name="C")
    rows = [["mkt.tz", customer, "2025-03-04 05:06:07"]]
    context = {**ABSENT, "tz": zone} if zone else ABSENT
    [order] = load(world, "sale.order", ["id", "partner_id/.id", "date_order"], rows, **context)["ids"]
    assert world.read("sale.order", order, "date_order") == stored


def test_rights_are_needed_only_where_something_is_made(world: World) -> None:
    """AUTH-4: what is present and kept needs no right to create; a missing right is a message, not an error."""
    group = world.do(lambda env: env.ref("sales_team.group_sale_salesman"))
    robot = world.create("res.users", name="Robot", login="robot", groups_id=[[6, 0, [group]]])
    columns, rows = ["id", "name", "amount"], [["mkt.t", "Tax", 6]]
    [tax] = load(world, "account.tax", columns, rows, **ABSENT)["ids"]
    assert load(world, "account.tax", columns, rows, uid=robot, **ABSENT)["ids"] == [tax]
    refused = load(world, "account.tax", columns, [*rows, ["mkt.u", "Other", 1]], uid=robot, **ABSENT)
    [message] = refused["messages"]
    assert message["record"] == 1
    assert message["message"].startswith("You are not allowed to create 'Tax' (account.tax) records.")

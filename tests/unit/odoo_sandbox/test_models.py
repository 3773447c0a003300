"""TEST-1: rules of the models that the recorded transcripts do not reach."""

import sqlite3

import pytest

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.store import Store
from connectors.odoo.sandbox.errors import AccessError, MissingError, NoDatabaseError, UserError, ValidationError
from tests.unit.odoo_sandbox.world import World


@pytest.fixture
def goods(world: World) -> int:
    return world.create(
        "product.product", name="Lamp", default_code="L", taxes_id=[[5]], is_storable=True, list_price=10
    )


def order(world: World, product: int, quantity: float = 2, **values: object) -> int:
    customer = world.create("res.partner", name="Customer")
    lines = [[0, 0, {"product_id": product, "product_uom_qty": quantity}]]
    return world.create("sale.order", partner_id=customer, order_line=lines, **values)


def confirm(world: World, one: int) -> None:
    world.do(lambda env: env["sale.order"].action_confirm(env, [one]))  # type: ignore[attr-defined]


def stock(world: World, product: int, quantity: float) -> None:
    place = world.search("stock.location", [("usage", "=", "internal"), ("name", "=", "Stock")])[0]
    values = {"product_id": product, "location_id": place, "inventory_quantity_auto_apply": quantity}
    world.do(lambda env: env.create("stock.quant", values), inventory_mode=True)


def test_numbers_have_gaps_after_a_failure(world: World, goods: int) -> None:
    """Odoo's sequences are not taken back, so nobody may count on them."""
    first = world.read("sale.order", order(world, goods), "name")
    with pytest.raises(MissingError):
        order(world, 999_999)
    third = world.read("sale.order", order(world, goods), "name")
    assert int(third[1:]) == int(first[1:]) + 2


def test_a_full_disk_fails_the_call_and_leaves_what_was_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is that of a database that is down; the next call works on the old rows."""

    def full(self: Store, changes: object, counters: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "commit", full)
        with pytest.raises(NoDatabaseError, match="disk is full"):
            world.create("res.partner", name="Lost")
    assert world.search("res.partner", [("name", "=", "Lost")]) == []
    assert world.create("res.partner", name="Kept")


def test_a_kit_is_sold_as_its_components_and_delivered_as_whole_kits(world: World, goods: int) -> None:
    """ORD-10: one move per component; two of three bulbs make no second set."""
    kit = world.create("product.product", name="Set", default_code="SET", taxes_id=[[5]], is_storable=True)
    template = world.read("product.product", kit, "product_tmpl_id")[0]
    lines = [[0, 0, {"product_id": goods, "product_qty": 3}]]
    world.create("mrp.bom", product_tmpl_id=template, type="phantom", bom_line_ids=lines)
    stock(world, goods, 5)
    one = order(world, kit, 2)
    confirm(world, one)
    [move] = world.search("stock.move", [("sale_line_id.order_id", "=", one)])
    assert world.read("stock.move", move, "product_uom_qty", "quantity", "state") == (6.0, 5.0, "partially_available")
    [picking] = world.search("stock.picking", [("sale_id", "=", one)])
    validate(world, picking)
    [line] = world.search("sale.order.line", [("order_id", "=", one)])
    assert world.read("sale.order.line", line, "qty_delivered") == 1.0


def validate(world: World, picking: int) -> None:
    def work(env: Env) -> None:
        assert env["stock.picking"].button_validate(env, [picking]) is True  # type: ignore[attr-defined]

    world.do(work, skip_backorder=True, skip_sms=True)


def test_less_on_a_confirmed_line_gives_stock_back(world: World, goods: int) -> None:
    stock(world, goods, 10)
    one = order(world, goods, 6)
    confirm(world, one)
    assert world.read("product.product", goods, "free_qty") == 4.0
    [line] = world.search("sale.order.line", [("order_id", "=", one)])
    world.do(lambda env: env.write("sale.order.line", line, {"product_uom_qty": 2}))
    assert world.read("product.product", goods, "free_qty", "outgoing_qty") == (8.0, 2.0)


def test_cancelling_frees_what_was_reserved(world: World, goods: int) -> None:
    """ORD-8: the delivery goes with the order."""
    stock(world, goods, 5)
    one = order(world, goods, 5)
    confirm(world, one)
    world.do(lambda env: env["sale.order"].action_cancel(env, [one]), disable_cancel_warning=True)  # type: ignore[attr-defined]
    assert world.read("product.product", goods, "free_qty", "qty_available") == (5.0, 5.0)


def test_a_service_makes_no_delivery(world: World) -> None:
    service = world.create("product.product", name="Advice", type="service", taxes_id=[[5]])
    one = order(world, service)
    confirm(world, one)
    assert world.read("sale.order", one, "picking_ids", "delivery_status") == ([], False)


def test_a_confirmed_order_keeps_its_lines_and_itself(world: World, goods: int) -> None:
    one = order(world, goods)
    confirm(world, one)
    [line] = world.search("sale.order.line", [("order_id", "=", one)])
    with pytest.raises(UserError, match="can't remove one of its lines"):
        world.do(lambda env: env.unlink("sale.order.line", [line]))
    with pytest.raises(UserError, match="can not delete"):
        world.do(lambda env: env.unlink("sale.order", [one]))


def test_addresses_of_a_customer_go_to_the_order(world: World, goods: int) -> None:
    """ORD-7: invoice and delivery addresses apart."""
    customer = world.create("res.partner", name="Ann")
    dock = world.create("res.partner", parent_id=customer, type="delivery", city="Austin")
    desk = world.create("res.partner", parent_id=customer, type="invoice", name="Desk")
    one = world.create("sale.order", partner_id=customer, order_line=[[0, 0, {"product_id": goods}]])
    shipping, invoice = world.read("sale.order", one, "partner_shipping_id", "partner_invoice_id")
    assert shipping == [dock, "Ann, Delivery Address"]
    assert invoice == [desk, "Ann, Desk"]


def test_a_plain_contact_lives_where_its_parent_lives(world: World) -> None:
    company = world.create("res.partner", name="Firm", is_company=True, city="Boston")
    child = world.create("res.partner", name="Eve", parent_id=company)
    world.do(lambda env: env.write("res.partner", company, {"city": "Chicago"}))
    assert world.read("res.partner", child, "city", "display_name") == ("Chicago", "Firm, Eve")


def test_deleting_what_others_need_is_refused_and_what_belongs_to_it_goes(world: World, goods: int) -> None:
    one = order(world, goods)
    with pytest.raises(ValidationError, match="another model requires"):
        world.do(lambda env: env.unlink("product.product", [goods]))
    world.do(lambda env: env.unlink("sale.order", [one]))
    assert world.search("sale.order.line", [("order_id", "=", one)]) == []


def test_a_removed_attribute_value_deletes_its_variants_unless_they_are_used(world: World) -> None:
    colour = world.create("product.attribute", name="Colour")
    values = [world.create("product.attribute.value", name=n, attribute_id=colour) for n in ("Red", "Blue", "Green")]
    lines = [[0, 0, {"attribute_id": colour, "value_ids": [[6, 0, values]]}]]
    shirt = world.create("product.template", name="Shirt", taxes_id=[[5]], attribute_line_ids=lines)
    variants = world.search("product.product", [("product_tmpl_id", "=", shirt)], "id")
    assert len(variants) == 3
    order(world, variants[1])
    [line] = world.search("product.template.attribute.line", [("product_tmpl_id", "=", shirt)])
    world.do(lambda env: env.write("product.template.attribute.line", line, {"value_ids": [[6, 0, values[:1]]]}))
    every = world.search("product.product", [("product_tmpl_id", "=", shirt)], "id", active_test=False)
    assert every == variants[:2]
    assert world.read("product.product", variants[1], "active") is False


def test_a_fixed_price_of_a_pricelist_wins_over_the_list_price(world: World, goods: int) -> None:
    """PRC-2: per quantity."""
    rule = {"applied_on": "0_product_variant", "product_id": goods, "min_quantity": 5, "fixed_price": 7.5}
    pricelist = world.create("product.pricelist", name="Channel", item_ids=[[0, 0, rule]])
    few = order(world, goods, 2, pricelist_id=pricelist)
    many = order(world, goods, 5, pricelist_id=pricelist)
    assert world.read("sale.order", few, "amount_total") == 20.0
    assert world.read("sale.order", many, "amount_total") == 37.5


def test_a_sales_user_sees_own_orders_and_those_of_nobody(world: World, goods: int) -> None:
    """AUTH-4: record rule of 'own documents only'."""
    group = world.do(lambda env: env.ref("sales_team.group_sale_salesman"))
    robot = world.create("res.users", name="Robot", login="robot", groups_id=[[6, 0, [group]]])
    mine, others = order(world, goods, user_id=robot), order(world, goods, user_id=2)
    nobodys = order(world, goods, user_id=False)
    found = world.do(lambda env: env["sale.order"].search(env, [], order="id"), uid=robot)
    assert found == [mine, nobodys]
    with pytest.raises(AccessError, match="top-secret"):
        world.do(lambda env: env["sale.order"].check_access(env, [others], "write"), uid=robot)


def test_read_group_sums_by_month_and_by_relation(world: World, goods: int) -> None:
    order(world, goods, 1, date_order="2025-03-04 05:06:07")
    order(world, goods, 2, date_order="2025-03-30 00:00:00")
    order(world, goods, 3, date_order="2025-04-01 00:00:00")

    def group(env: Env) -> list[tuple[object, object, object]]:
        found = env["sale.order"].read_group(env, [], ["amount_total:sum"], ["date_order:month"], lazy=False)
        return [(one["date_order:month"], one["amount_total"], one["__count"]) for one in found]

    assert world.do(group) == [("March 2025", 30.0, 2), ("April 2025", 30.0, 1)]


def test_an_image_no_decoder_knows_is_refused_and_other_text_is_dropped(world: World, goods: int) -> None:
    with pytest.raises(UserError, match="could not be decoded"):
        world.do(lambda env: env.write("product.product", goods, {"image_1920": "aGVsbG8gd29ybGQ="}))
    world.do(lambda env: env.write("product.product", goods, {"image_1920": "!!!"}))
    assert world.read("product.product", goods, "image_1920") is False


def test_a_picture_for_several_variants_at_once_reaches_the_first_only(world: World, goods: int) -> None:
    """As a real server does; written to their templates it reaches all."""
    both = [world.create("product.product", name="Other", default_code="O", taxes_id=[[5]]), goods]
    picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"
    world.do(lambda env: env.write("product.product", both, {"image_1920": picture, "list_price": 12}))
    assert [world.read("product.product", one, "image_1920") for one in both] == [picture, False]
    assert [world.read("product.product", one, "list_price") for one in both] == [12, 12]
    templates = [world.read("product.product", one, "product_tmpl_id")[0] for one in both]
    world.do(lambda env: env.write("product.template", templates, {"image_1920": picture}))
    assert [world.read("product.product", one, "image_1920") for one in both] == [picture, picture]


def test_code_of_an_action_is_interpreted_and_never_run(world: World, goods: int) -> None:
    """SEC-5: what the sandbox does not understand fails the call, as an error in a code action does."""
    model = world.search("ir.model", [("model", "=", "sale.order")])[0]
    action = {"name": "a", "model_id": model, "state": "code", "code": "__import__('os').system('true')"}
    rule = {"name": "r", "model_id": model, "trigger": "on_write", "action_server_ids": [[0, 0, action]]}
    one = order(world, goods)
    world.create("base.automation", **rule)
    with pytest.raises(ValueError, match="does not play"):
        world.do(lambda env: env.write("sale.order", one, {"origin": "x"}))
    assert world.read("sale.order", one, "origin") is False


@pytest.mark.parametrize(
    ("email", "found"),
    [
        ("Ann <ANN@Example.com>", "ann@example.com"),
        (" ann@example.com ", "ann@example.com"),
        ("a@x.io, b@x.io", False),
        ("nobody", False),
        (False, False),
    ],
)
def test_the_normalized_email_is_one_bare_address(world: World, email: object, found: object) -> None:
    """ORD-7: customers are matched by it."""
    partner = world.create("res.partner", name="Ann")
    world.do(lambda env: env.write("res.partner", partner, {"email": email}))
    assert world.read("res.partner", partner, "email_normalized") == found


def test_a_new_promise_and_a_new_address_reach_the_open_delivery(world: World, goods: int) -> None:
    one = order(world, goods)
    confirm(world, one)
    [picking] = world.search("stock.picking", [("sale_id", "=", one)])
    dock = world.create("res.partner", name="Dock")
    promise = {"commitment_date": "2026-04-01 10:00:00", "partner_shipping_id": dock}
    world.do(lambda env: env.write("sale.order", one, promise), update_delivery_shipping_partner=True)
    assert world.read("stock.picking", picking, "date_deadline", "partner_id") == (
        "2026-04-01 10:00:00",
        [dock, "Dock"],
    )
    [line] = world.search("sale.order.line", [("order_id", "=", one)])
    world.do(lambda env: env.write("sale.order.line", line, {"product_uom_qty": 3}))
    assert [world.read("stock.move", m, "product_uom_qty") for m in world.search("stock.move", [])] == [3.0]

"""EVT-6, mode `outbox`: Odoo writes down its own changes, the poller reads them and takes them away, and nothing is lost in between."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.kit.errors import RuleError
from connectors.kit.ports import Source
from connectors.odoo.client import Odoo
from connectors.odoo.outbox import Outbox
from connectors.odoo.source.journal import MODEL
from streams.cli import app
from tests.contract.odoo_capture_box import CaptureBox, Polled, begun, capture_box, off_loop, poll

FLOWS = ("stock", "sale_orders", "pickings", "products", "prices", "refunds", "purchase_orders")


@pytest.fixture
def bare() -> Iterator[CaptureBox]:
    with capture_box() as made:
        yield made


@pytest.fixture
async def box(bare: CaptureBox) -> AsyncIterator[CaptureBox]:
    """With the outbox installed."""
    odoo = Odoo(bare.settings)
    await Outbox(odoo).install(FLOWS)
    yield bare
    await odoo.aclose()


def waiting(box: CaptureBox, flow: str) -> list[int]:
    return [row["id"] for row in box.rows(MODEL, [["x_flow", "=", flow]], ["x_flow"])]


async def started(box: CaptureBox, flow: str, **capture: Any) -> tuple[Source, Polled]:
    """A source that has done its first polls: everything, then what is there by date; from then on the journal."""
    source, polled = box.source(flow, mode="outbox", census_minutes=0, **capture), Polled()
    await poll(source, polled)
    await poll(source, polled)
    await poll(source, polled)
    return source, polled


async def test_installing_is_idempotent_says_what_it_made_and_can_be_undone(bare: CaptureBox) -> None:
    """EVT-6: dry run first, twice, and away again."""
    odoo = Odoo(bare.settings)
    rehearsed = await Outbox(odoo, dry_run=True).install(FLOWS)
    assert not any(step.done for step in rehearsed)
    assert bare.rows("ir.model", [["model", "=", MODEL]], ["model"]) == []
    made = await Outbox(odoo).install(FLOWS)
    assert all(step.done and not step.impossible for step in made)
    assert made[-1].what == "field x_causeway_ordered of sale.order.line"
    assert len(bare.rows("base.automation", [], ["name"])) == len(made) - 3
    again = await Outbox(odoo).install(FLOWS)
    assert all(step.there and not step.done for step in again)
    fewer = await Outbox(odoo).install(["refunds"])
    assert [row["name"] for row in bare.rows("base.automation", [], ["name"])] == [
        "Causeway: account.move write", "Causeway: account.move unlink",
    ]  # fmt: skip
    assert any(step.done for step in fewer)
    gone = await Outbox(odoo).uninstall()
    assert [step.what for step in gone if step.done][-3:] == [
        f"access to {MODEL}", f"model {MODEL}", "group Causeway outbox",
    ]  # fmt: skip
    assert bare.rows("base.automation", [], ["name"]) == []
    assert all(step.there for step in await Outbox(odoo).uninstall())
    await odoo.aclose()


async def test_without_the_outbox_the_mode_is_refused_in_words(bare: CaptureBox) -> None:
    source, polled = bare.source("stock", mode="outbox"), Polled()
    await poll(source, polled)
    with pytest.raises(RuleError, match="install-outbox"):
        await poll(source, polled)
    await source.aclose()


async def test_changes_are_read_once_and_taken_away(box: CaptureBox) -> None:
    """EVT-6: stock, orders, deliveries, products, prices, by what Odoo wrote down."""
    product = box.product("OUT-1", list_price=10.0)
    box.stock(**{"OUT-1": 10.0})
    for flow in ("stock", "sale_orders", "pickings", "products", "prices"):
        source, polled = await started(box, flow)
        assert waiting(box, flow) == []
        order = box.order(f"PO-{flow}", [("1", product, 1)])
        box.hand("warehouse/deliver", order=order, tracking="T1")
        box.call("product.product", "write", [product], {"list_price": 12.5})
        assert waiting(box, flow)
        assert await poll(source, polled) > 0
        assert waiting(box, flow) == []
        assert await poll(source, polled) == 0
        await source.aclose()
        newest = polled.newest
        match flow:
            case "stock":
                assert newest["sku:OUT-1"]["stock"][0]["on_hand"] == "9"
            case "sale_orders":
                assert newest[f"odoo:sale_order:{order}"]["state"] == "sale"
            case "pickings":
                assert {one["state"] for one in newest.values() if one["tracking"] == "T1"} == {"done"}
            case _:
                assert newest["sku:OUT-1"]["list_price"] == "12.5"


async def test_deletions_are_caught_at_once(box: CaptureBox) -> None:
    """EVT-6: also of a product this process has never met: the row has its SKU."""
    product, kept = box.product("DEL-1"), box.product("DEL-2")
    source, polled = await started(box, "products")
    await source.aclose()
    box.call("product.product", "unlink", [product])
    fresh = box.source("products", mode="outbox", census_minutes=0)
    await poll(fresh, polled)
    await fresh.aclose()
    assert polled.newest["sku:DEL-1"]["active"] is False
    assert polled.newest["sku:DEL-2"]["id"] == kept


async def test_a_deleted_price_rule_and_a_deleted_kit_are_told(box: CaptureBox) -> None:
    """PRC-2, ORD-10."""
    part, kit = box.product("PART-1"), box.product("KIT-1", is_storable=False, list_price=5.0)
    box.stock(**{"PART-1": 10.0})
    template = box.rows("product.product", [["id", "=", kit]], ["product_tmpl_id"])[0]["product_tmpl_id"][0]
    bom = box.call(
        "mrp.bom", "create",
        {"product_tmpl_id": template, "type": "phantom", "bom_line_ids": [[0, 0, {"product_id": part, "product_qty": 2}]]},
    )  # fmt: skip
    box.hand("warehouse/price", sku="KIT-1", price=4.0, pricelist="Web")
    stock, levels = await started(box, "stock")
    prices, asked = await started(box, "prices")
    assert levels.newest["sku:KIT-1"]["stock"] == [{"warehouse": "WH", "on_hand": "5", "reserved": "0"}]
    assert len(asked.newest["sku:KIT-1"]["rules"]) == 1
    rule = box.rows("product.pricelist.item", [], ["pricelist_id"])[0]["id"]
    box.call("product.pricelist.item", "unlink", [rule])
    box.stock(**{"PART-1": 4.0})
    await poll(prices, asked)
    await poll(stock, levels)
    assert asked.newest["sku:KIT-1"]["rules"] == []
    assert levels.newest["sku:KIT-1"]["stock"] == [{"warehouse": "WH", "on_hand": "2", "reserved": "0"}]
    box.call("mrp.bom", "unlink", [bom])
    box.call("product.product", "write", [kit], {"is_storable": True})
    await poll(stock, levels)
    await stock.aclose()
    await prices.aclose()
    assert levels.newest["sku:KIT-1"]["components"] == []


async def test_rolled_back_work_is_written_down_nowhere_and_late_commits_are_read(box: CaptureBox) -> None:
    """EVT-6: rows become visible out of the order of their ids; each is read, whenever it comes."""
    first, second, third = box.product("R-1"), box.product("R-2"), box.product("R-3")
    source, polled = await started(box, "products")
    before = len(polled.records)
    back = await off_loop(box.begin, "product.product", "write", [first], {"list_price": 8.0}, outcome="rollback")
    late = await off_loop(box.begin, "product.product", "write", [second], {"list_price": 8.0})
    box.call("product.product", "write", [third], {"list_price": 8.0})
    await poll(source, polled)
    box.clock.forward(3600)
    await off_loop(box.release, back, late)
    await poll(source, polled)
    await source.aclose()
    told = {key for key, _, content in polled.records[before:] if content["list_price"] == "8"}
    assert told == {"sku:R-2", "sku:R-3"}
    assert waiting(box, "products") == []


async def test_a_crash_before_rows_are_deleted_repeats_their_page(box: CaptureBox) -> None:
    """EVT-3: the position moves first, the rows go after; in between nothing is lost."""
    product = box.product("CR-1")
    source, polled = await started(box, "products")
    box.call("product.product", "write", [product], {"list_price": 3.0})
    there = waiting(box, "products")
    pages = begun(source, polled.position)
    polled.take(await anext(pages))
    await pages.aclose()
    await source.aclose()
    assert waiting(box, "products") == there
    fresh = box.source("products", mode="outbox", census_minutes=0)
    assert await poll(fresh, polled) == 1
    await fresh.aclose()
    assert waiting(box, "products") == []


@pytest.mark.parametrize("seed", [4, 5])
async def test_nothing_is_missed_through_restarts(box: CaptureBox, seed: int) -> None:
    """EVT-6: transactions of any length, pages that are not counted, pollers that start anew: the end is what stands in Odoo."""
    chance = random.Random(seed)
    box.hand("warehouse/products", count=20, prefix="P-")
    ids = [row["id"] for row in box.rows("product.product", [["default_code", "like", "P-"]], ["default_code"])]
    source, polled = await started(box, "products", page_rows=7, batch=5)
    held: dict[int, int] = {}
    for _ in range(15):
        free = [one for one in ids if one not in held]
        held[free[0]] = await off_loop(
            box.begin, "product.product", "write", [free[0]], {"list_price": chance.randint(1, 999)}
        )
        for one in chance.sample(free[1:], 3):
            box.call("product.product", "write", [one], {"list_price": chance.randint(1, 999)})
        box.clock.forward(chance.uniform(0, 200))
        for one in chance.sample(sorted(held), len(held) // 2):
            await off_loop(box.release, held.pop(one))
        if chance.random() < 0.4:  # stops in the middle of a poll; what was published last is not counted
            pages, position = begun(source, polled.position), polled.position
            async for page in pages:
                polled.take(page)
                break
            await pages.aclose()
            polled.position = position
            await source.aclose()
            source = box.source("products", mode="outbox", census_minutes=0, page_rows=7, batch=5)
        else:
            await poll(source, polled)
    for number in held.values():
        await off_loop(box.release, number)
    await poll(source, polled)
    await source.aclose()
    rows = box.rows("product.product", [["id", "in", ids]], ["default_code", "lst_price"])
    now = {f"sku:{row['default_code']}": f"{row['lst_price']:g}" for row in rows}
    assert {key: one["list_price"] for key, one in polled.newest.items() if key in now} == now
    assert waiting(box, "products") == []


def test_the_command_installs_says_what_it_made_and_removes(bare: CaptureBox, monkeypatch: pytest.MonkeyPatch) -> None:
    """EVT-6: `causeway odoo install-outbox`, twice, and `uninstall-outbox`."""
    settings = bare.settings
    for name, value in {
        "ENVIRONMENT": "sandbox", "ODOO__ENVIRONMENT": "sandbox", "ODOO__URL": settings.url, "ODOO__DB": settings.db,
        "ODOO__LOGIN": settings.login, "ODOO__PASSWORD": settings.password.get_secret_value(),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CAUSEWAY_{name}", value)
    runner = CliRunner()
    rehearsed = runner.invoke(app, ["odoo", "install-outbox", "--dry-run"])
    assert (rehearsed.exit_code, "would be made: model x_outbox" in rehearsed.output) == (0, True)
    made = runner.invoke(app, ["odoo", "install-outbox", "--flow", "refunds"])
    assert made.output.splitlines()[0] == "made: model x_outbox"
    assert len(bare.rows("base.automation", [], ["name"])) == 2
    again = runner.invoke(app, ["odoo", "install-outbox", "--flow", "refunds"])
    assert {line.partition(":")[0] for line in again.output.splitlines()} == {"is there already"}
    assert runner.invoke(app, ["odoo", "install-outbox", "--flow", "refund"]).exit_code == 2
    monkeypatch.setenv("CAUSEWAY_ODOO__CAPTURE__MODE", "outbox")
    warned = runner.invoke(app, ["odoo", "uninstall-outbox", "--dry-run"])
    assert "CAUSEWAY_ODOO__CAPTURE__MODE is outbox: without it every flow of Odoo fails" in warned.output
    assert "would be removed: model x_outbox" in warned.output
    monkeypatch.setenv("CAUSEWAY_ODOO__CAPTURE__MODE", "poll")
    gone = runner.invoke(app, ["odoo", "uninstall-outbox"])
    assert "removed: model x_outbox" in gone.output
    assert "MODE is outbox" not in gone.output
    assert bare.rows("base.automation", [], ["name"]) == []
    monkeypatch.setenv("CAUSEWAY_ODOO__PASSWORD", "wrong")
    refused = runner.invoke(app, ["odoo", "install-outbox"])
    assert (refused.exit_code, "wrong" in refused.output) == (1, False)


async def test_a_deleted_line_of_an_order_is_noticed_whatever_it_cost(box: CaptureBox) -> None:
    """EVT-6, FUL-3: that a line of no price is gone shows in no other row."""
    order = box.order("PO-GIFT", [("1", box.product("GIFT-1"), 1), ("2", box.product("GIFT-2"), 1)], confirm=False)
    line = box.rows("sale.order.line", [["order_id", "=", order]], ["id"])[0]["id"]
    box.call("sale.order.line", "write", [line], {"price_unit": 0})
    source, polled = await started(box, "sale_orders")
    box.call("sale.order.line", "unlink", [line])
    assert await poll(source, polled) == 1
    await source.aclose()
    assert [one["line_id"] for one in polled.newest[f"odoo:sale_order:{order}"]["lines"]] == ["2"]

"""RET-2, FIN-1: rules of invoices, credit notes and journal entries that the recorded transcripts do not reach."""

from typing import Any

import pytest

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.errors import UserError
from tests.unit.odoo_sandbox.world import World


@pytest.fixture
def invoice(world: World) -> int:
    """Draft over 100.00 with 15 % on top."""
    service = world.create("product.product", name="Advice", type="service")
    customer = world.create("res.partner", name="Customer")
    lines = [[0, 0, {"product_id": service, "quantity": 2, "price_unit": 50.0}]]
    return world.create("account.move", move_type="out_invoice", partner_id=customer, invoice_line_ids=lines)


def push(world: World, button: str, *ids: int, model: str = "account.move", **context: Any) -> object:
    def work(env: Env) -> object:
        return getattr(env[model], button)(env, list(ids))

    return world.do(work, **context)


def reversal(world: World, invoice: int) -> int:
    values = {"reason": "returned"}
    dialog = world.do(lambda env: env.create("account.move.reversal", values), active_ids=[invoice])
    push(world, "refund_moves", dialog, model="account.move.reversal")
    return world.search("account.move", [("reversed_entry_id", "=", invoice)])[0]


def test_an_invoice_makes_its_tax_and_receivable_lines_and_balances(world: World, invoice: int) -> None:
    assert world.read("account.move", invoice, "amount_untaxed", "amount_tax", "amount_residual") == (100, 15, 115)
    lines = world.search("account.move.line", [("move_id", "=", invoice)], "id")
    found = [world.read("account.move.line", one, "display_type", "balance") for one in lines]
    assert found == [("product", -100.0), ("tax", -15.0), ("payment_term", 115.0)]


def test_a_changed_price_changes_tax_and_receivable(world: World, invoice: int) -> None:
    [line] = world.search("account.move.line", [("move_id", "=", invoice), ("display_type", "=", "product")])
    world.do(lambda env: env.write("account.move", invoice, {"invoice_line_ids": [[1, line, {"price_unit": 10}]]}))
    assert world.read("account.move", invoice, "amount_total") == 23.0
    assert len(world.search("account.move.line", [("move_id", "=", invoice)])) == 3


def test_a_full_credit_note_makes_the_invoice_reversed(world: World, invoice: int) -> None:
    push(world, "action_post", invoice)
    refund = reversal(world, invoice)
    assert world.read("account.move", refund, "state", "amount_total") == ("draft", 115.0)
    push(world, "action_post", refund)
    assert world.read("account.move", invoice, "payment_state", "amount_residual") == ("reversed", 0.0)
    assert world.read("account.move", refund, "payment_state") == "paid"


def test_a_partial_credit_note_leaves_the_rest_due(world: World, invoice: int) -> None:
    push(world, "action_post", invoice)
    refund = reversal(world, invoice)
    [line] = world.search("account.move.line", [("move_id", "=", refund), ("display_type", "=", "product")])
    world.do(lambda env: env.write("account.move.line", line, {"quantity": 1}))
    push(world, "action_post", refund)
    assert world.read("account.move", invoice, "payment_state", "amount_residual") == ("partial", 57.5)


def test_a_date_in_a_locked_period_is_moved_without_a_word(world: World, invoice: int) -> None:
    """Compare after posting: no error says so."""
    company = world.search("res.company", [])[0]
    world.do(lambda env: env.write("res.company", company, {"fiscalyear_lock_date": "2025-12-31"}))
    world.do(lambda env: env.write("account.move", invoice, {"invoice_date": "2025-06-01"}))
    push(world, "action_post", invoice)
    assert world.read("account.move", invoice, "date") == "2026-01-01"


def test_a_write_that_unbalances_an_entry_is_refused(world: World) -> None:
    one, other = world.search("account.account", [("code", "in", ["101401", "620000"])])
    lines = [[0, 0, {"account_id": one, "debit": 10.005}], [0, 0, {"account_id": other, "credit": "10.01"}]]
    entry = world.create("account.move", line_ids=lines)  # rounded first, so these balance
    [debit] = world.search("account.move.line", [("move_id", "=", entry), ("debit", ">", 0)])
    with pytest.raises(UserError, match="not balanced"):
        world.do(lambda env: env.write("account.move.line", debit, {"debit": 9.0}))
    assert world.read("account.move.line", debit, "debit") == 10.01


def test_a_reconciled_item_cannot_change(world: World, invoice: int) -> None:
    push(world, "action_post", invoice)
    push(world, "action_post", reversal(world, invoice))
    [due] = world.search("account.move.line", [("move_id", "=", invoice), ("display_type", "=", "payment_term")])
    with pytest.raises(UserError, match="reconciled"):
        world.do(lambda env: env.write("account.move.line", due, {"debit": 1.0}))
    push(world, "button_draft", invoice)
    assert world.read("account.move.line", due, "matching_number", "amount_residual") == (False, 115.0)


def test_only_posted_items_of_one_account_are_reconciled(world: World, invoice: int) -> None:
    lines = world.search("account.move.line", [("move_id", "=", invoice)], "id")
    with pytest.raises(UserError, match="same account"):
        push(world, "reconcile", *lines[:3:2], model="account.move.line")
    with pytest.raises(UserError, match="only reconcile posted"):
        push(world, "reconcile", lines[2], model="account.move.line")

"""Reconciliation: which debits are paid by which credits, and what follows for residuals and payment states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, many2one, rounded
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError

LINES = "account.move.line"
PARTIALS = "account.partial.reconcile"
DUE = ("asset_receivable", "liability_payable")


class PartialReconcile(Model):
    name = PARTIALS
    label = "Partial Reconcile"
    rec_name = "id"
    fields: ClassVar[Fields] = {
        "debit_move_id": many2one(LINES, "Debit Move", required=True),
        "credit_move_id": many2one(LINES, "Credit Move", required=True),
        "amount": Field("monetary", "Amount"),
    }


def reconcile(env: Env, ids: Sequence[int]) -> None:
    """Debits against credits, in the order given. Raises UserError."""
    lines = [env.row(LINES, one) for one in ids]
    if any(line["reconciled"] for line in lines):
        raise UserError("You are trying to reconcile some entries that are already reconciled.")
    if len({line["account_id"] for line in lines}) > 1:
        raise UserError("Entries are not from the same account.")
    if any(env.row("account.move", line["move_id"])["state"] != "posted" for line in lines):
        raise UserError("You can only reconcile posted entries.")
    debits = [line["id"] for line in lines if line["amount_residual"] > 0]
    credits_ = [line["id"] for line in lines if line["amount_residual"] < 0]
    for debit in debits:
        for credit in credits_:
            left = env.row(LINES, debit)["amount_residual"]
            amount = rounded(min(left, -env.row(LINES, credit)["amount_residual"]), 2)
            if amount > 0:
                env.create(PARTIALS, {"debit_move_id": debit, "credit_move_id": credit, "amount": amount})
                _settle(env, [debit, credit])
    for move in {line["move_id"] for line in lines}:
        settle_payment(env, move)


def unreconcile(env: Env, ids: Iterable[int]) -> None:
    touched: set[int] = set()
    for one in ids:
        for partial in _partials(env, one):
            touched |= {partial["debit_move_id"], partial["credit_move_id"]}
            env.unlink(PARTIALS, [partial["id"]])
    _settle(env, sorted(touched))
    for move in {env.row(LINES, one)["move_id"] for one in touched}:
        settle_payment(env, move)


def open_lines(env: Env, move: int) -> list[int]:
    """Receivable and payable lines that are not paid yet."""
    return [line["id"] for line in _due(env, move) if not line["reconciled"]]


def _due(env: Env, move: int) -> list[Row]:
    lines = env.related(LINES, "move_id", move)
    return [line for line in lines if env.value("account.account", line["account_id"], "account_type") in DUE]


def _partials(env: Env, line: int) -> list[Row]:
    return [*env.related(PARTIALS, "debit_move_id", line), *env.related(PARTIALS, "credit_move_id", line)]


def _settle(env: Env, ids: Iterable[int]) -> None:
    """Residual, mark and number of lines from their partial reconciliations."""
    for one in ids:
        line, partials = env.row(LINES, one), _partials(env, one)
        paid = sum(partial["amount"] for partial in partials)
        residual = rounded(line["balance"] - (paid if line["balance"] > 0 else -paid), 2)
        number: str | None = None
        if partials:
            first = min(partial["id"] for partial in partials)
            number = str(first) if residual == 0 else f"P{first}"
        env.patch(
            LINES, one, amount_residual=residual, reconciled=bool(partials) and residual == 0, matching_number=number
        )


def settle_payment(env: Env, move: int) -> None:
    """What is due of an invoice, and whether it is paid, partly paid or reversed."""
    row = env.row("account.move", move)
    if row["move_type"] == "entry":
        return
    due = _due(env, move)
    residual = rounded(abs(sum(line["amount_residual"] for line in due)), 2)
    if row["state"] != "posted" or not any(line["matching_number"] for line in due):
        state = "not_paid"
    elif residual:
        state = "partial"
    else:
        state = "reversed" if _only_by_refunds(env, row, due) else "paid"
    env.patch_if_changed("account.move", move, amount_residual=residual, payment_state=state)


def _only_by_refunds(env: Env, move: Row, due: Sequence[Row]) -> bool:
    if not move["move_type"].endswith("invoice"):
        return False
    others: list[Any] = []
    for line in due:
        for partial in _partials(env, line["id"]):
            other = partial["credit_move_id"] if partial["debit_move_id"] == line["id"] else partial["debit_move_id"]
            others.append(env.row("account.move", env.row(LINES, other)["move_id"])["move_type"])
    return all(kind.endswith("refund") for kind in others)


RECONCILING: list[Any] = [PartialReconcile]

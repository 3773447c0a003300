"""What happens to journal entries: their sums, posting, credit notes, invoices of sale orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Row, rounded
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.places import in_currency
from connectors.odoo.sandbox.models.reconciling import open_lines, reconcile, settle_payment, unreconcile
from connectors.odoo.sandbox.models.sale_status import to_invoice
from connectors.odoo.sandbox.models.tax_amounts import line_amounts
from connectors.odoo.sandbox.models.taxes import flat_taxes

LINES = "account.move.line"
SALE_TYPES = ("out_invoice", "out_refund", "out_receipt")
REFUND_OF = {"out_invoice": "out_refund", "in_invoice": "in_refund", "entry": "entry"}
NOTHING_TO_INVOICE = (
    "Cannot create an invoice. No items are available to invoice.\n\nTo resolve this issue, please ensure that:\n"
    "   • The products have been delivered before attempting to invoice them.\n"
    "   • The invoicing policy of the product is configured correctly."
)


def is_invoice(move: Row) -> bool:
    return bool(move["move_type"] != "entry")


def _sign(move: Row) -> int:
    """Of the product lines' balances: an invoice to a customer credits the income."""
    return -1 if move["move_type"] in ("out_invoice", "out_receipt", "in_refund") else 1


# ---- sums


def settle(env: Env, move: int, *, taxes: bool) -> None:
    """Tax lines (when a price changed), what is due, and the sums; an entry has to balance. Raises UserError."""
    if env.find("account.move", move) is None:
        return
    row = env.row("account.move", move)
    quiet = env.with_context(settling=True, active_test=False)
    if is_invoice(row):
        if taxes:
            _tax_lines(quiet, row)
        _due_line(quiet, row)
    _require_balance(env, move)
    for line in env.related(LINES, "move_id", move):
        if not line["matching_number"]:
            env.patch_if_changed(LINES, line["id"], amount_residual=line["balance"] if _reconciles(env, line) else 0.0)
    _sums(env, move)


def _of_type(env: Env, move: Row, kind: str) -> list[Row]:
    return [line for line in env.related(LINES, "move_id", move["id"]) if line["display_type"] == kind]


def _tax_lines(env: Env, move: Row) -> None:
    """Balances of the product lines, then one line per tax and account."""
    sign, places = _sign(move), env.row("res.currency", move["currency_id"])["decimal_places"]
    wanted: dict[tuple[int, int | None], float] = {}
    for line in _of_type(env, move, "product"):
        applied = flat_taxes(env, line["tax_ids"])
        found = line_amounts(applied, line["price_unit"], line["quantity"], line["discount"], places)
        money = _money(env, move, sign * found.excluded)
        env.patch(LINES, line["id"], **money, price_subtotal=found.excluded, price_total=found.included)
        for tax, amount in found.by_tax:
            key = (tax, _tax_account(env, move, tax) or line["account_id"])
            wanted[key] = wanted.get(key, 0.0) + sign * amount
    have = {(line["tax_line_id"], line["account_id"]): line["id"] for line in _of_type(env, move, "tax")}
    env.unlink(LINES, [one for key, one in have.items() if key not in wanted])
    for key, amount in wanted.items():
        if key in have:
            env.patch(LINES, have[key], **_money(env, move, rounded(amount, places)))
        else:
            name = env.row("account.tax", key[0])["name"]
            _add(env, move, rounded(amount, places), "tax", name=name, tax_line_id=key[0], account_id=key[1])


def _tax_account(env: Env, move: Row, tax: int) -> int | None:
    document = "refund" if move["move_type"].endswith("refund") else "invoice"
    for line in env.related("account.tax.repartition.line", "tax_id", tax):
        if line["document_type"] == document and line["repartition_type"] == "tax":
            return int(line["account_id"]) if line["account_id"] else None
    return None


def _due_line(env: Env, move: Row) -> None:
    """The receivable or payable takes the rest."""
    due = _of_type(env, move, "payment_term")
    rest = -sum(line["amount_currency"] for line in env.related(LINES, "move_id", move["id"]) if line not in due)
    rest = rounded(rest, 2)
    if due:
        env.patch(LINES, due[0]["id"], **_money(env, move, rest))
    elif rest:
        kind = "asset_receivable" if move["move_type"] in SALE_TYPES else "liability_payable"
        account = env.search("account.account", [("account_type", "=", kind)], limit=1)[0]
        _add(env, move, rest, "payment_term", name=move["ref"] or "", account_id=account)


def _money(env: Env, move: Row, amount: float) -> dict[str, float]:
    balance = in_currency(env, amount, move["currency_id"], env.company["currency_id"], move["date"])
    return {
        "balance": balance,
        "debit": max(balance, 0.0),
        "credit": max(-balance, 0.0),
        "amount_currency": amount,
    }


def _add(env: Env, move: Row, amount: float, kind: str, **values: Any) -> None:
    money = _money(env, move, amount)
    plain = {"move_id": move["id"], "display_type": kind, "balance": money["balance"], "amount_currency": amount}
    env.create(LINES, {**plain, **values})


def _reconciles(env: Env, line: Row) -> bool:
    account = env.find("account.account", line["account_id"])
    return account is not None and (account["reconcile"] or account["account_type"] == "asset_cash")


def _require_balance(env: Env, move: int) -> None:
    lines = env.related(LINES, "move_id", move)
    debit, credit = (round(sum(line[side] for line in lines), 2) for side in ("debit", "credit"))
    if debit != credit:
        raise UserError(
            "An error has occurred.\n\nThe move (Draft Entry) is not balanced.\n"
            f"The total of debits equals $\u00a0{debit:,.2f} and the total of credits equals $\u00a0{credit:,.2f}.\n"
            "You might want to specify a default account on journal to automatically balance each move."
        )


def _sums(env: Env, move: int) -> None:
    row = env.row("account.move", move)
    lines = env.related(LINES, "move_id", move)
    if is_invoice(row):
        sign = _sign(row)
        untaxed = sum(line["price_subtotal"] for line in lines if line["display_type"] == "product")
        tax = sign * sum(line["amount_currency"] for line in lines if line["display_type"] == "tax")
    else:
        untaxed, tax = sum(line["debit"] for line in lines), 0.0
    sums = {
        "amount_untaxed": rounded(untaxed, 2),
        "amount_tax": rounded(tax, 2),
        "amount_total": rounded(untaxed + tax, 2),
    }
    env.patch_if_changed("account.move", move, **sums)
    settle_payment(env, move)


# ---- posting


def post(env: Env, ids: Sequence[int]) -> None:
    """Numbers the entries; a credit note is reconciled with what it reverses. Raises UserError."""
    for one in ids:
        move = env.row("account.move", one)
        if move["state"] != "draft":
            raise UserError(f"The entry {move['name']} (id {one}) must be in draft.")
        if not env.children(LINES, "move_id", one):
            raise UserError("You need to add a line before posting.")
        day = _posting_day(env, move)
        dated = {"invoice_date": move["invoice_date"] or day} if is_invoice(move) else {}
        env.patch("account.move", one, date=day, **dated, name=move["name"] or _number(env, move, day))
        env.write("account.move", one, {"state": "posted"})
        settle_payment(env, one)
        if move["reversed_entry_id"] and env.row("account.move", move["reversed_entry_id"])["state"] == "posted":
            reconcile(env, [*open_lines(env, move["reversed_entry_id"]), *open_lines(env, one)])


def _posting_day(env: Env, move: Row) -> str:
    """The invoice date; inside a locked period the day after it, without a word."""
    day = str(move["invoice_date"] or move["date"])
    locked = env.company["fiscalyear_lock_date"]
    if locked and day <= locked:
        return (date.fromisoformat(locked) + timedelta(days=1)).isoformat()
    return day


def _number(env: Env, move: Row, day: str) -> str:
    journal = env.row("account.journal", move["journal_id"])
    if journal["type"] in ("sale", "purchase"):
        prefix = f"{'R' if move['move_type'].endswith('refund') else ''}{journal['code']}/{day[:4]}/"
        return f"{prefix}{env.next_number(prefix):05}"
    prefix = f"{journal['code']}/{day[:4]}/{day[5:7]}/"
    return f"{prefix}{env.next_number(prefix):04}"


def back_to_draft(env: Env, ids: Sequence[int]) -> None:
    """Undoes reconciliation without a word."""
    for one in ids:
        unreconcile(env, env.children(LINES, "move_id", one))
        env.write("account.move", one, {"state": "draft"})


# ---- making invoices and credit notes


def invoice_orders(env: Env, orders: Sequence[int]) -> list[int]:
    """One draft per order over what is to be invoiced. Raises UserError when there is nothing."""
    found = {order: _invoiceable(env, order) for order in orders}
    made = [_invoice(env, order, lines) for order, lines in found.items() if lines]
    if not made:
        raise UserError(NOTHING_TO_INVOICE)
    for order in orders:
        env.patch("sale.order", order)
    return made


def _invoiceable(env: Env, order: int) -> list[tuple[Row, float]]:
    lines = env.related("sale.order.line", "order_id", order)
    return [(line, quantity) for line in lines if (quantity := to_invoice(env, line))]


def _invoice(env: Env, order: int, lines: Sequence[tuple[Row, float]]) -> int:
    row = env.row("sale.order", order)
    commands = [
        [0, 0, {
            "product_id": line["product_id"], "name": line["name"], "quantity": quantity,
            "price_unit": line["price_unit"], "discount": line["discount"], "tax_ids": [[6, 0, line["tax_id"]]],
            "sale_line_ids": [[6, 0, [line["id"]]]],
        }]
        for line, quantity in lines
    ]  # fmt: skip
    return env.create(
        "account.move",
        {
            "move_type": "out_invoice",
            "partner_id": row["partner_invoice_id"],
            "currency_id": row["currency_id"],
            "fiscal_position_id": row["fiscal_position_id"],
            "invoice_origin": row["name"],
            "ref": row["client_order_ref"],
            "invoice_line_ids": commands,
        },
    )


def reverse(env: Env, move: int, dialog: Row) -> int:
    """A draft that takes all of it back; taxes are worked out anew."""
    row = env.row("account.move", move)
    reason = f", {dialog['reason']}" if dialog["reason"] else ""
    header = {
        "move_type": REFUND_OF.get(row["move_type"], "entry"),
        "partner_id": row["partner_id"],
        "journal_id": dialog["journal_id"] or row["journal_id"],
        "currency_id": row["currency_id"],
        "date": dialog["date"],
        "ref": f"Reversal of: {row['name']}{reason}",
        "reversed_entry_id": move,
        "invoice_origin": row["invoice_origin"],
    }
    lines = env.related(LINES, "move_id", move)
    if not is_invoice(row):
        turned = [[0, 0, _turned(line)] for line in lines]
        return env.create("account.move", {**header, "line_ids": turned})
    kept = ("product_id", "name", "quantity", "price_unit", "discount", "account_id")
    commands = [
        [
            0,
            0,
            {
                **{name: line[name] for name in kept},
                "tax_ids": [[6, 0, line["tax_ids"]]],
                "sale_line_ids": [[6, 0, env.value(LINES, line, "sale_line_ids")]],
            },
        ]
        for line in lines
        if line["display_type"] == "product"
    ]
    return env.create("account.move", {**header, "invoice_date": dialog["date"], "invoice_line_ids": commands})


def _turned(line: Row) -> dict[str, Any]:
    kept = {name: line[name] for name in ("account_id", "partner_id", "name")}
    return {**kept, "debit": line["credit"], "credit": line["debit"]}

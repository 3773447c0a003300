"""The credit notes of a return: each the difference between what the marketplace has given back so far and what stands in Odoo (RET-2).

So a refund that grows makes a second credit note over the rest, and the same state again makes none. They are found by their reference, which is
the return's key, and made by `load()` with an external id that holds the sum they bring it to. Taxes are given back in proportion to
the invoice, each tax of it by its own share (`returns_shares`), on lines of the tax's own record, so they post to its refund account.

Where the seller refunds, a person may have credited it already, which is what the marketplace tells of: that counts (`returns_credited`).

An order without a posted invoice has nothing to credit yet: the return is held until there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.errors import ConflictError, ConnectorError, DataError, RuleError
from connectors.odoo.client import Odoo
from connectors.odoo.invoices import posted_invoices
from connectors.odoo.keys import xid
from connectors.odoo.loading import Cell, load
from connectors.odoo.money import ZERO, remainder, units_at
from connectors.odoo.returns_credited import CreditedByPersons
from connectors.odoo.returns_goods import QUIET, Work
from connectors.odoo.returns_shares import Given, split
from connectors.odoo.settings import OdooSettings
from connectors.odoo.taxes import COLUMNS as TAX_COLUMNS
from connectors.odoo.taxes import amount_tax_rows

MOVE, ITEM = "account.move", "account.move.line"
_INVOICE = ("name", "partner_id", "journal_id", "currency_id", "amount_total", "amount_tax", "fiscal_position_id")
_NOTE = ("state", "amount_total", "name", "date")
_COLUMNS = (
    "id", "move_type", "reversed_entry_id/.id", "partner_id/.id", "journal_id/.id", "currency_id/.id", "ref",
    "invoice_origin",
)  # fmt: skip
_LINE, _TAX = ", line ", ", tax"
_LINES = ("name", "product_id/.id", "quantity", "price_unit", "tax_ids/.id")


@dataclass(frozen=True, slots=True)
class Invoice:
    """A posted invoice of the order and its taxes: tax id -> amount, all of them on lines of their own or computed from rates."""

    number: int
    partner: int
    journal: int
    currency: int
    currency_name: str
    total: Decimal
    taxes: tuple[tuple[int, Decimal], ...]


class CreditNotes:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, settings: OdooSettings) -> None:
        self._odoo, self._settings = odoo, settings
        self._persons = CreditedByPersons(odoo, settings.module)
        self._services: dict[str, int] = {}
        self._twins: dict[int, int] = {}

    async def missing(self, work: Work) -> Decimal:
        """How much more is to be credited. Raises ConflictError when Odoo has credited more than was given back."""
        if self._settings.credit_notes == "off" or not work.plan.currency:
            return ZERO
        credited = sum((_cents(row["amount_total"]) for row in await self._standing(work)), ZERO)
        return max(work.plan.refund - credited - await self._by_persons(work, free=True), ZERO)

    async def give(self, work: Work) -> int:
        """The newest credit note of the return, 0 when there is none. Raises ConnectorError."""
        if self._settings.credit_notes == "off" or not work.plan.currency:
            return 0
        standing = await self._standing(work)
        counted = await self._by_persons(work)
        gap = work.plan.refund - counted - sum((_cents(row["amount_total"]) for row in standing), ZERO)
        if gap > 0 and work.plan.by_seller:
            anew = await self._persons.count(work.plan.key, work.order, gap)
            counted, gap = counted + anew, gap - anew
            work.did += ["credit_counted"] if anew else []
        if gap < 0:
            raise ConflictError(
                f"Odoo has credited {-gap} {work.plan.currency} more than the marketplace gave back for this return"
            )
        if gap and counted:
            raise RuleError(
                f"{gap} {work.plan.currency} more than a person has credited went back to the buyer; credit it by hand"
            )
        if gap:
            invoice = await self._invoice(work)
            if invoice is None:
                raise ConflictError(
                    f"{gap} {work.plan.currency} are back with the buyer, but {work.order_name} has no posted invoice to credit; "
                    "it is credited when the invoice is posted (without invoices in Odoo: CAUSEWAY_ODOO__CREDIT_NOTES=off)",
                    waiting_for=f"invoiced:{work.plan.order_key}",
                )
            await self._make(work, invoice, standing, gap)
            standing = await self._standing(work)
        await self._post(work, standing, counted)
        return max((row["id"] for row in standing), default=0)

    async def _by_persons(self, work: Work, *, free: bool = False) -> Decimal:
        """What of persons' credit notes is counted for this return; with `free` what could be, too."""
        if not work.plan.by_seller:
            return ZERO
        notes = await self._persons.look(work.plan.key, work.order)
        return sum((note.mine + (note.free if free else ZERO) for note in notes), ZERO)

    async def _standing(self, work: Work) -> list[dict[str, Any]]:
        domain = [["move_type", "=", "out_refund"], ["ref", "=", work.plan.key], ["state", "!=", "cancel"]]
        return await self._odoo.rows(MOVE, domain, _NOTE)

    async def _invoice(self, work: Work) -> Invoice | None:
        """The order's newest posted invoice."""
        rows = await posted_invoices(self._odoo, work.order, _INVOICE)
        if not rows:
            return None
        row = rows[-1]
        taxed = [["move_id", "=", row["id"]], ["display_type", "=", "tax"]]
        taxes: dict[int, Decimal] = {}
        for line in await self._odoo.rows(ITEM, taxed, ["tax_line_id", "amount_currency"]):
            tax = line["tax_line_id"][0]
            taxes[tax] = taxes.get(tax, ZERO) - _cents(line["amount_currency"])
        return Invoice(
            row["id"], row["partner_id"][0], row["journal_id"][0], row["currency_id"][0], row["currency_id"][1],
            _cents(row["amount_total"]), tuple(sorted(taxes.items())),
        )  # fmt: skip

    async def _make(self, work: Work, invoice: Invoice, standing: Sequence[Mapping[str, Any]], gap: Decimal) -> None:
        plan = work.plan
        if invoice.currency_name != plan.currency:
            raise DataError(f"refund in {plan.currency}, but the invoice is in {invoice.currency_name}")
        before = plan.refund - gap
        if plan.refund > invoice.total:
            raise RuleError(f"the refund is {plan.refund - invoice.total} {plan.currency} above the invoice")
        rows = await self._rows(work, invoice, standing, before)
        key = xid(self._settings.module, "return", plan.key, "credit", f"{plan.refund:f}")
        header: list[Cell] = [
            key, "out_refund", invoice.number, invoice.partner, invoice.journal, invoice.currency, plan.key, work.order_name,
        ]  # fmt: skip
        records: list[list[Cell]] = [
            [*(header if not at else [None] * len(header)), *row] for at, row in enumerate(rows)
        ]
        columns = [*_COLUMNS, *(f"invoice_line_ids/{name}" for name in _LINES)]
        (made,) = await load(self._odoo, MOVE, columns, [records])
        if isinstance(made, ConnectorError):
            raise made
        work.did.append("credited")

    async def _rows(
        self, work: Work, invoice: Invoice, standing: Sequence[Mapping[str, Any]], before: Decimal
    ) -> list[list[Cell]]:
        """One line for the goods of each part, one for each tax given back with it."""
        plan = work.plan
        earlier = await self._earlier(standing)
        wanted = [(part.line_id, part.refund) for part in plan.parts] + [("", plan.rest)]
        given = [Given(line, amount - earlier.get(line, ZERO)) for line, amount in wanted]
        units = {part.line_id: part.refunded for part in plan.parts}
        products = await self._products(work)
        tax_product, other = await self._service("tax"), await self._service("shipping")
        rows: list[list[Cell]] = []
        for share in split(given, before, invoice.total, invoice.taxes):
            product = products.get(share.line, other) if share.line else other
            label = f"Return {plan.return_id}" + (f"{_LINE}{share.line}" if share.line else ", charges")
            quantity = units.get(share.line) or Decimal(1)
            for count, price in _units(share.net, quantity, plan.currency):
                rows.append([label, product, f"{count:f}", f"{price:f}", None])
            for tax, amount in share.taxes:
                rows.append([f"{label}{_TAX}", tax_product, "1", f"{amount:f}", str(await self._refunding(tax))])
        return rows

    async def _earlier(self, standing: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
        """What stands on the credit notes of this return by line of the order."""
        found: dict[str, Decimal] = {}
        domain = [["move_id", "in", [row["id"] for row in standing]], ["display_type", "=", "product"]]
        for row in await self._odoo.rows(ITEM, domain, ["name", "price_total"]) if standing else []:
            said = str(row["name"]).removesuffix(_TAX)
            line = said.partition(_LINE)[2] if _LINE in said else ""
            found[line] = found.get(line, ZERO) + _cents(row["price_total"])
        return found

    async def _products(self, work: Work) -> dict[str, int]:
        """The products of the order's lines."""
        ids = {numbers[0]: line for line, numbers in work.lines.items() if numbers}
        rows = await self._odoo.rows("sale.order.line", [["id", "in", sorted(ids)]], ["product_id"])
        return {ids[row["id"]]: row["product_id"][0] for row in rows if row["product_id"]}

    async def _service(self, kind: str) -> int:
        """The service product charges of this kind are booked on; orders have made it."""
        if kind not in self._services:
            code = getattr(self._settings, f"{kind}_product")
            rows = await self._odoo.rows("product.product", [["default_code", "=", code]], ["default_code"], limit=1)
            if not rows:
                raise DataError(f"Odoo has no product {code}; set CAUSEWAY_ODOO__{kind.upper()}_PRODUCT")
            self._services[kind] = rows[0]["id"]
        return self._services[kind]

    async def _refunding(self, tax: int) -> int:
        """The tax whose line is its amount: the tax itself where orders book it so, else a twin of it with the same account and grids."""
        if tax not in self._twins:
            fields = ["name", "amount_type", "amount", "refund_repartition_line_ids"]
            (row,) = await self._odoo.rows("account.tax", [["id", "=", tax]], fields, context={"active_test": False})
            whole = row["amount_type"] == "division" and row["amount"] == 100
            self._twins[tax] = tax if whole else await self._twin(tax, row)
        return self._twins[tax]

    async def _twin(self, tax: int, row: Mapping[str, Any]) -> int:
        domain = [["id", "in", row["refund_repartition_line_ids"]], ["repartition_type", "=", "tax"]]
        parts = await self._odoo.rows("account.tax.repartition.line", domain, ["account_id"])
        account = next((part["account_id"][0] for part in parts if part["account_id"]), None)
        key = xid(self._settings.module, "tax_given_back", str(tax))
        (made,) = await load(
            self._odoo,
            "account.tax",
            TAX_COLUMNS,
            [amount_tax_rows(key, f"{row['name']} (given back)", row["name"], account)],
        )
        if isinstance(made, ConnectorError):
            raise made
        return made

    async def _post(self, work: Work, standing: Sequence[Mapping[str, Any]], counted: Decimal) -> None:
        """Drafts of ours, made now or by a call whose sequel never came. Not before the sum is right to the cent."""
        drafts = [row["id"] for row in standing if row["state"] == "draft"]
        if not drafts:
            return
        gap = sum((_cents(row["amount_total"]) for row in standing), counted) - work.plan.refund
        if gap:
            raise RuleError(f"Odoo's credit notes are {gap:+f} {work.plan.currency} off the refund; left as drafts")
        if self._settings.credit_notes == "draft":
            return
        try:
            await self._odoo.tell(MOVE, "action_post", drafts, context=QUIET)
        except ConnectorError:
            if any(row["state"] != "posted" for row in await self._odoo.rows(MOVE, [["id", "in", drafts]], ["state"])):
                raise
        work.did.append("credit_posted")


def _units(net: Decimal, quantity: Decimal, currency: str) -> list[tuple[Decimal, Decimal]]:
    """(quantity, price) that come to the amount; one at the whole amount where no price of a unit does."""
    pairs = [(count, price) for count, price in units_at(net, quantity, currency) if count] if net else []
    return [(Decimal(1), net)] if pairs and remainder(net, pairs, currency) else pairs


def _cents(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal("0.01"))

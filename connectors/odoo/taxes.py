"""Tax records, their accounts and the zero-rated fiscal position, made when first needed (ORD-6, ORD-11).

A tax made over RPC without an account on its repartition lines posts to the revenue account, so each gets its collector's account, on
invoices and refunds alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.kit.errors import ConnectorError, DataError, TransientError
from connectors.odoo.client import Odoo
from connectors.odoo.jurisdictions import MARKETPLACE
from connectors.odoo.keys import xid
from connectors.odoo.loading import Cell, Rows, load
from connectors.odoo.plan import OrderPlan, TaxPlan
from connectors.odoo.settings import OdooSettings

COLUMNS = (
    "id", "name", "invoice_label", "type_tax_use", "amount_type", "amount", "price_include_override",
    "invoice_repartition_line_ids/repartition_type", "invoice_repartition_line_ids/account_id/.id",
    "refund_repartition_line_ids/repartition_type", "refund_repartition_line_ids/account_id/.id",
)  # fmt: skip


class Taxes:
    """Answers from memory after `prepare`."""

    def __init__(self, odoo: Odoo, settings: OdooSettings) -> None:
        self._odoo, self._settings = odoo, settings
        self._ids: dict[str, int | ConnectorError] = {}
        self._accounts: dict[str, int] = {}
        self._exempt: int | None = None

    async def prepare(self, plans: Sequence[OrderPlan]) -> None:
        """Find or make what these plans need. What concerns one tax only is raised when that tax is asked for."""
        needed = {tax.xid: tax for plan in plans for line in plan.lines for tax in line.taxes}
        missing = [tax for key, tax in needed.items() if not isinstance(self._ids.get(key), int)]
        if missing:
            await self._make(missing)
        if any(plan.exempt for plan in plans) and self._exempt is None:
            self._exempt = await self._fiscal_position()

    def ids(self, taxes: Iterable[TaxPlan]) -> list[int]:
        """Raises the error that kept a tax from being made, TransientError for what another batch made us forget."""
        found = []
        for tax in taxes:
            one = self._ids.get(tax.xid) or TransientError(f"tax {tax.name} is looked up again")
            if isinstance(one, ConnectorError):
                raise one
            found.append(one)
        return found

    def fiscal_position(self, plan: OrderPlan) -> int | None:
        """The zero-rated one for exempt orders."""
        return self._exempt if plan.exempt else None

    def forget(self) -> None:
        """Look everything up again: something remembered turned out to be gone."""
        self._ids.clear()
        self._accounts.clear()
        self._exempt = None

    async def _make(self, taxes: Sequence[TaxPlan]) -> None:
        records = [_rows(tax, await self._account(tax.collector)) for tax in taxes]
        made = await load(self._odoo, "account.tax", COLUMNS, records)
        for tax, one in zip(taxes, made, strict=True):
            self._ids[tax.xid] = await self._named(tax, one) if isinstance(one, DataError) else one

    async def _named(self, tax: TaxPlan, error: DataError) -> int | ConnectorError:
        """Names are unique in a company: a tax of that name made by somebody else (or whose external id was deleted) is taken."""
        domain = [["name", "=", tax.name], ["type_tax_use", "=", "sale"]]
        found = await self._odoo.rows("account.tax", domain, ["name"], limit=1)
        return int(found[0]["id"]) if found else error

    async def _account(self, collector: str) -> int:
        if collector not in self._accounts:
            mine = collector == MARKETPLACE
            code = self._settings.tax_account_marketplace if mine else self._settings.tax_account_seller
            found = await self._odoo.rows("account.account", [["code", "=", code]], ["code"], limit=1)
            self._accounts[collector] = found[0]["id"] if found else await self._make_account(collector, code)
        return self._accounts[collector]

    async def _make_account(self, collector: str, code: str) -> int:
        row: list[Cell] = [xid(self._settings.module, "account", code), code, f"Sales tax collected by {collector}"]
        columns = ["id", "code", "name", "account_type"]
        made = (await load(self._odoo, "account.account", columns, [[[*row, "liability_current"]]]))[0]
        if isinstance(made, ConnectorError):
            raise made
        return made

    async def _fiscal_position(self) -> int:
        name = self._settings.exempt_fiscal_position
        found = await self._odoo.rows("account.fiscal.position", [["name", "=", name]], ["name"], limit=1)
        if found:
            return int(found[0]["id"])
        row: list[Cell] = [xid(self._settings.module, "fiscal_position", "exempt"), name]
        made = (await load(self._odoo, "account.fiscal.position", ["id", "name"], [[row]]))[0]
        if isinstance(made, ConnectorError):
            raise made
        return made


def _rows(tax: TaxPlan, account: int) -> Rows:
    """One record: the tax with its base and tax repartition lines."""
    if tax.rate is None:
        return amount_tax_rows(tax.xid, tax.name, tax.label, account)
    rate = f"{tax.rate.normalize():f}"
    return [
        [tax.xid, tax.name, tax.label, "sale", "percent", rate, "tax_excluded", "base", None, "base", None],
        [None, None, None, None, None, None, None, "tax", account, "tax", account],
    ]


def amount_tax_rows(key: str, name: str, label: str, account: int | None) -> Rows:
    """A tax whose line is its amount: 100 %, included in the price. See `charges` for why."""
    return [
        [key, name, label, "sale", "division", "100", "tax_included", "base", None, "base", None],
        [None, None, None, None, None, None, None, "tax", account, "tax", account],
    ]

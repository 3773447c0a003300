"""Operation `post_settlement` (FIN-1, FIN-2): a settlement report becomes one posted journal entry, balanced to the cent, once.

1  plan (pure): accounts, sums; a report whose lines do not come to its deposit is never written
2  accounts, journal, exchange rate of the day
3  `load()` by the settlement's external id and currency: a report read twice is one entry
4  post, and read again what became of it: a date inside a locked period is moved by Odoo without a word, so it is told
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from connectors.kit.errors import ConflictError, ConnectorError, MappingError, RuleError
from connectors.kit.ports import Delivery, Difference, Mappings, Outcome, Result
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.handling import done, each
from connectors.odoo.keys import xid
from connectors.odoo.loading import CONTEXT, Cell, load
from connectors.odoo.money import ZERO
from connectors.odoo.settings import OdooSettings
from connectors.odoo.settlements_plan import DEFAULTS, Accounts, NewAccount, SettlementPlan, balances, plan_settlement
from schemas.records import Settlement

MOVE = "account.move"
NAME = "settlement-name"
_HEADER = ("id", "move_type", "journal_id/.id", "date", "ref")
_ITEM = ("account_id/.id", "name", "debit", "credit")
_MOST_ORDERS = 500  # in one search
_BY_CODE = {one.code: one for one in DEFAULTS.values()}


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan with database ids. rows: (account, label, balance, amount in the settlement's currency)."""

    plan: SettlementPlan
    xid: str
    journal: int
    foreign: int
    rows: tuple[tuple[int, str, Decimal, Decimal], ...]

    @property
    def debit(self) -> Decimal:
        return sum((balance for _, _, balance, _ in self.rows if balance > 0), Decimal(0))


class Settlements:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, mappings: Mappings) -> None:
        self._odoo, self._settings, self._mappings = odoo, settings, mappings
        self._ids: dict[str, int] = {}

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await each(batch, self._written)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return [await self._previewed(delivery) for delivery in batch]

    async def named(self, rest: str) -> bool:
        """Whether `SOURCE:ACCOUNT:KIND/NAME` has an account by now."""
        if rest.count(":") < 2:
            return False
        source, account, word = rest.split(":", 2)
        kind, _, name = word.partition("/")
        return self._accounts(source, account).of(kind, name) is not None

    async def account_exists(self, code: str) -> bool:
        return bool(await self._odoo.rows("account.account", [["code", "=", code]], ["code"], limit=1))

    # ---- 1, 2

    def _plan(self, delivery: Delivery) -> SettlementPlan:
        body = cast(Settlement, delivery.body)
        accounts = self._accounts(body["source"], body["account"])
        return plan_settlement(body, accounts, by_order=self._settings.settlement_detail == "order")

    def _accounts(self, source: str, account: str) -> Accounts:
        seller, facilitator = self._settings.tax_account_seller, self._settings.tax_account_marketplace
        return Accounts(
            lookup=lambda word: self._mappings.lookup(NAME, source, account, word),
            configured=self._settings.settlement_accounts,
            taxes={"tax": seller, "refund_tax": seller, "facilitator_tax": facilitator},
        )

    async def _ready(self, plan: SettlementPlan) -> Ready:
        accounts = {code: await self._account(code) for code in dict.fromkeys(item.account for item in plan.items)}
        company = (await self._odoo.rows("res.company", [], ["currency_id"], limit=1))[0]
        own, foreign, values = company["currency_id"][1], 0, [item.amount for item in plan.items]
        if plan.currency != own:
            foreign, rate = await self._rate(plan)
            values = balances(plan.items, rate, own)
        rows = tuple(
            (accounts[item.account], item.label, value, item.amount)
            for item, value in zip(plan.items, values, strict=True)
        )
        return Ready(plan, self._xid(plan), await self._journal(), foreign, rows)

    def _xid(self, plan: SettlementPlan) -> str:
        return xid(self._settings.module, "settlement", plan.key, plan.currency)

    async def _account(self, code: str) -> int:
        if code not in self._ids:
            found = await self._odoo.rows("account.account", [["code", "=", code]], ["code"], limit=1)
            self._ids[code] = found[0]["id"] if found else await self._make_account(code)
        return self._ids[code]

    async def _make_account(self, code: str) -> int:
        """Only the defaults are made. Raises MappingError for a code that somebody named and Odoo does not have."""
        taxes = {self._settings.tax_account_seller, self._settings.tax_account_marketplace}
        new = _BY_CODE.get(code) or (
            NewAccount(code, "Sales tax of marketplaces", "liability_current") if code in taxes else None
        )
        if new is None:
            raise MappingError(f"Odoo has no account {code}", waiting_for=f"account:{code}")
        row: list[Cell] = [xid(self._settings.module, "account", code), code, new.name, new.kind]
        (made,) = await load(self._odoo, "account.account", ["id", "code", "name", "account_type"], [[row]])
        if isinstance(made, ConnectorError):
            raise made
        return made

    async def _journal(self) -> int:
        code = self._settings.settlement_journal
        found = await self._odoo.rows("account.journal", [["code", "=", code]], ["code"], limit=1)
        if not found:
            raise MappingError(
                f"CAUSEWAY_ODOO__SETTLEMENT_JOURNAL: Odoo has no journal {code}",
                waiting_for=f"settlement_journal:{code}",
            )
        return int(found[0]["id"])

    async def _rate(self, plan: SettlementPlan) -> tuple[int, Decimal]:
        """(currency, units of it for one of the company's) on the day of the settlement."""
        domain = [["currency_id.name", "=", plan.currency], ["name", "<=", plan.day.isoformat()]]
        rows = await self._odoo.rows(
            "res.currency.rate", domain, ["currency_id", "company_rate"], order="name desc", limit=1
        )
        if not rows or not rows[0]["company_rate"]:
            raise MappingError(
                f"Odoo has no rate of {plan.currency} on {plan.day}", waiting_for=f"rate:{plan.currency}:{plan.day}"
            )
        return rows[0]["currency_id"][0], Decimal(repr(rows[0]["company_rate"]))

    # ---- 3, 4

    async def _written(self, delivery: Delivery) -> Outcome:
        plan = self._plan(delivery)
        if not plan.items:
            return Outcome(Result.ALREADY_APPLIED, notes=("nothing_to_post",))
        ready = await self._ready(plan)
        before = await find(self._odoo, [ready.xid])
        (made,) = await load(self._odoo, MOVE, *_loadable(ready))
        if isinstance(made, ConnectorError):
            self._ids.clear()  # an account remembered may have been deleted
            raise made
        did = [] if before else ["entered"]
        row, debit = await self._entry(made), await self._debit(made)
        if row["state"] == "draft" and debit != ready.debit:
            await self._odoo.tell(MOVE, "write", [made], {"line_ids": [[5], *_commands(ready)]}, context=CONTEXT)
            did.append("changed")
            debit = await self._debit(made)
        if debit != ready.debit:
            raise ConflictError(
                f"{row['name'] or 'the draft'} holds {debit:f}, the report {ready.debit:f}: it was entered with other "
                "figures; reverse it in Odoo, or leave it"
            )
        if row["state"] == "draft":
            row = await self._posted(made)
            did.append("posted")
        if row["state"] != "posted":
            raise RuleError(f"the entry is {row['state']} in Odoo")
        return done(did, MOVE, made, [*self._dated(row, plan), *await self._matched(plan)])

    async def _entry(self, number: int) -> dict[str, Any]:
        (row,) = await self._odoo.rows(MOVE, [["id", "=", number]], ["state", "date", "name"])
        return row

    async def _debit(self, number: int) -> Decimal:
        """The sum of its debits in the company's currency; `amount_total` is in whatever currency its items share."""
        rows = await self._odoo.rows("account.move.line", [["move_id", "=", number]], ["debit"])
        return sum((Decimal(repr(row["debit"])).quantize(Decimal("0.01")) for row in rows), Decimal(0))

    async def _posted(self, number: int) -> dict[str, Any]:
        """Posts, whatever the answer looks: only the state read afterwards counts."""
        try:
            await self._odoo.tell(MOVE, "action_post", [number], context=CONTEXT)
        except ConnectorError:
            row = await self._entry(number)
            if row["state"] != "posted":
                raise
            return row
        return await self._entry(number)

    @staticmethod
    def _dated(row: dict[str, Any], plan: SettlementPlan) -> list[str]:
        return [] if row["date"] == plan.day.isoformat() else [f"date_moved:{row['date']}"]

    async def _matched(self, plan: SettlementPlan) -> list[str]:
        """How many of the orders it speaks of are in Odoo."""
        wanted = sorted(plan.orders)
        found: set[str] = set()
        for start in range(0, len(wanted), _MOST_ORDERS):
            some = wanted[start : start + _MOST_ORDERS]
            domain = ["|", ["origin", "in", some], ["client_order_ref", "in", some]]
            for row in await self._odoo.rows("sale.order", domain, ["origin", "client_order_ref"]):
                found |= {row["origin"], row["client_order_ref"]} & plan.orders
        return [f"orders_matched:{len(found)}", f"orders_unmatched:{len(wanted) - len(found)}"] if wanted else []

    async def _previewed(self, delivery: Delivery) -> Sequence[Difference]:
        try:
            plan = self._plan(delivery)
            for number in (await find(self._odoo, [self._xid(plan)])).values():
                row = await self._entry(number)
                return [] if row["state"] == "posted" else [Difference(plan.ref, row["state"], "posted")]
        except ConnectorError as error:
            return [Difference("settlement", "", f"nothing: {error}", refused=True)]
        return [
            Difference(f"{plan.ref}: {item.account} {item.label}", "", f"{item.amount:+f} {plan.currency}")
            for item in plan.items
        ]


def _loadable(ready: Ready) -> tuple[list[str], list[list[list[Cell]]]]:
    """Columns and the one record of `load()`."""
    plan = ready.plan
    header: list[Cell] = [ready.xid, "entry", ready.journal, plan.day.isoformat(), plan.ref]
    further = ("currency_id/.id", "amount_currency") if ready.foreign else ()
    columns = [*_HEADER, *(f"line_ids/{name}" for name in (*_ITEM, *further))]
    rows: list[list[Cell]] = []
    for account, label, balance, amount in ready.rows:
        cells: list[Cell] = [account, label, f"{max(balance, 0):f}", f"{max(-balance, 0):f}"]
        cells += [ready.foreign, f"{amount:f}"] if ready.foreign else []
        rows.append([*(header if not rows else [None] * len(header)), *cells])
    return columns, [rows]


def _commands(ready: Ready) -> list[list[Any]]:
    found = []
    for account, label, balance, amount in ready.rows:
        values: dict[str, Any] = {"account_id": account, "name": label}
        values |= {"debit": float(max(balance, ZERO)), "credit": float(max(-balance, ZERO))}
        values |= {"currency_id": ready.foreign, "amount_currency": float(amount)} if ready.foreign else {}
        found.append([0, 0, values])
    return found

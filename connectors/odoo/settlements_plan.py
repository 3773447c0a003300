"""A settlement -> the items of one journal entry. Pure (FIN-1, FIN-2).

Every kind of line, and every name of a fee, has its own account: by the cross-reference table (`settlement-name`) or
CAUSEWAY_ODOO__SETTLEMENT_ACCOUNTS, else by the defaults below. Both are asked for `kind/name`, then for the name without its last part where it has
parts (`fee/Advertising/Clicks`, `fee/Advertising`), then for `kind`. Fees and unknown kinds have no default: which account a new fee belongs to is
for a person to say, and the report waits until it is said.

    credited   what the seller earned: positive lines       debited   what was taken off: negative lines, and the deposit itself

Two sums must hold, or nothing is written: the lines come to the deposit, and what a marketplace collects as tax and pays itself comes to nothing.
A report tells the tax of an order line (`tax`, `refund_tax`) and what of it the marketplace withheld (`facilitator_tax`): that part of the tax is
booked on the marketplace's account, where it nets to nothing with what was withheld; the rest is the seller's to pay.
Lines of kind `transfer` are the payout as the report shows it among its lines: they repeat the deposit and are held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.kit.errors import DataError, MappingError, RuleError
from connectors.kit.withheld import withheld_parts
from connectors.odoo.money import ZERO, number, rounded
from schemas.records import Settlement, SettlementLine

TRANSFER, FACILITATOR = "transfer", "facilitator_tax"
_TAXES = ("tax", "refund_tax")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account as it is made where no account has its code."""

    code: str
    name: str
    kind: str


DEFAULTS: dict[str, NewAccount] = {
    "sale": NewAccount("401100", "Marketplace sales", "income"),
    "shipping": NewAccount("401200", "Marketplace shipping", "income"),
    "promotion": NewAccount("401300", "Marketplace promotions", "income"),
    "refund": NewAccount("401400", "Marketplace refunds", "income"),
    "commission": NewAccount("601100", "Marketplace commission", "expense"),
    "adjustment": NewAccount("601900", "Marketplace adjustments", "expense"),
    "reserve": NewAccount("103100", "Marketplace reserve", "asset_current"),
    TRANSFER: NewAccount("103000", "Marketplace payouts under way", "asset_current"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the entry. amount: above 0 is debit, in the settlement's currency."""

    account: str
    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class SettlementPlan:
    """An account.move. `orders`: the marketplace's order ids it speaks of."""

    key: str
    ref: str
    day: date
    currency: str
    items: tuple[Item, ...]
    orders: frozenset[str]

    @property
    def debit(self) -> Decimal:
        return sum((item.amount for item in self.items if item.amount > 0), ZERO)


@dataclass(frozen=True, slots=True)
class Accounts:
    """kind and name -> code of the account. `lookup`: the cross-reference table, already of this account of the marketplace."""

    lookup: Callable[[str], str | None]
    configured: Mapping[str, str]
    taxes: Mapping[str, str]

    def of(self, kind: str, name: str) -> str | None:
        """None where a person has to say it."""
        for word in words_of(kind, name):
            if found := self.lookup(word) or self.configured.get(word):
                return found
        if kind in self.taxes:
            return self.taxes[kind]
        return DEFAULTS[kind].code if kind in DEFAULTS else None


def words_of(kind: str, name: str) -> Iterator[str]:
    """From the particular to the general: `fee/A/B`, `fee/A`, `fee`."""
    word = f"{kind}/{name}"
    while word != kind:
        yield word
        word = word.rpartition("/")[0]
    yield kind


def plan_settlement(body: Settlement, accounts: Accounts, *, by_order: bool) -> SettlementPlan:
    """Raises DataError, RuleError (sums that do not hold) or MappingError (an account nobody has named)."""
    currency = body["currency"]
    amounts = [(line, _amount(line["amount"], currency, index)) for index, line in enumerate(body["lines"])]
    deposit = _amount(body["deposit"], currency, None)
    _check_sums(amounts, deposit, currency)
    _check_names(body, accounts)
    sums: dict[tuple[str, str, bool], Decimal] = {}
    withheld = withheld_taxes(amounts)
    for index, (line, amount) in enumerate(amounts):
        if line["kind"] == TRANSFER:
            continue
        theirs = withheld.get(index, ZERO)
        for kind, part in ((line["kind"], amount - theirs), (FACILITATOR, theirs)):
            if part:
                key = (accounts.of(kind, line["name"]) or "", label_of(line, by_order=by_order), part > 0)
                sums[key] = sums.get(key, ZERO) - part
    items = [Item(code, label, amount) for (code, label, _), amount in sums.items()]
    items += [Item(accounts.of(TRANSFER, "deposit") or "", "Deposit", deposit)] if deposit else []
    return SettlementPlan(
        key=body["key"],
        ref=f"{body['source']} {body['account']} settlement {body['settlement_id']}",
        day=_day(body),
        currency=currency,
        items=tuple(items),
        orders=frozenset(line["order_id"] for line in body["lines"] if line["order_id"]),
    )


def label_of(line: SettlementLine, *, by_order: bool) -> str:
    """For people: kind and the marketplace's own words."""
    kind = line["kind"].replace("_", " ").capitalize()
    label = f"{kind}: {line['name']}" if line["name"] else kind
    return f"{label} ({line['order_id']})" if by_order and line["order_id"] else label


def _amount(text: str, currency: str, index: int | None) -> Decimal:
    where = "deposit" if index is None else f"lines[{index}].amount"
    amount = number(text, where)
    if amount != rounded(amount, currency):
        raise DataError(f"{where}: {amount} has more digits than {currency}")
    return rounded(amount, currency)


def withheld_taxes(amounts: Sequence[tuple[SettlementLine, Decimal]]) -> dict[int, Decimal]:
    """Line (by position) -> the part of its tax that the marketplace withheld, order line by order line."""
    taxes: dict[tuple[str, str], list[int]] = {}
    withheld: dict[tuple[str, str], Decimal] = {}
    for index, (line, amount) in enumerate(amounts):
        key = (line["order_id"], line["line_id"])
        if line["kind"] == FACILITATOR:
            withheld[key] = withheld.get(key, ZERO) - amount
        elif line["kind"] in _TAXES:
            taxes.setdefault(key, []).append(index)
    found: dict[int, Decimal] = {}
    for key, left in withheld.items():
        mine = taxes.get(key, [])
        parts = withheld_parts([amounts[index][1] for index in mine], left)
        found |= {index: part for index, part in zip(mine, parts, strict=True) if part}
    return found


def _check_sums(amounts: Sequence[tuple[SettlementLine, Decimal]], deposit: Decimal, currency: str) -> None:
    if not amounts and deposit:
        raise DataError("lines: the settlement has none")
    gap = sum((amount for line, amount in amounts if line["kind"] != TRANSFER), ZERO) - deposit
    if gap:
        raise RuleError(f"its lines come to {gap:+f} {currency} off the deposit of {deposit:f}; not posted")
    transfers = [amount for line, amount in amounts if line["kind"] == TRANSFER]
    if transfers and (gap := sum(transfers, ZERO) + deposit):
        raise RuleError(f"its transfers are {gap:+f} {currency} off the deposit of {deposit:f}; not posted")
    theirs = sum((amount for line, amount in amounts if line["kind"] == FACILITATOR), ZERO)
    if gap := theirs + sum(withheld_taxes(amounts).values(), ZERO):
        raise RuleError(
            f"tax the marketplace collects and pays comes to {gap:+f} {currency} instead of nothing; not posted"
        )


def _check_names(body: Settlement, accounts: Accounts) -> None:
    pairs = dict.fromkeys((line["kind"], line["name"]) for line in body["lines"] if line["kind"] != TRANSFER)
    missing = [f"{kind}/{name}" for kind, name in pairs if accounts.of(kind, name) is None]
    if missing:
        first = f"settlement-name:{body['source']}:{body['account']}:{missing[0]}"
        raise MappingError(
            f"no account for {', '.join(map(repr, missing))}; map settlement-name to an account code, or set "
            "CAUSEWAY_ODOO__SETTLEMENT_ACCOUNTS",
            waiting_for=first,
        )


def _day(body: Settlement) -> date:
    moment = body["deposited_at"] or body["ends_at"]
    if moment is None:
        raise DataError("deposited_at, ends_at: neither says when")
    return moment.date()


# ---- another currency


def balances(items: tuple[Item, ...], rate: Decimal, company_currency: str) -> list[Decimal]:
    """The items in the company's currency. `rate`: units of theirs for one of ours. Cents that rounding leaves over go into the largest item."""
    found = [rounded(item.amount / rate, company_currency) for item in items]
    gap = sum(found, ZERO)
    if gap:
        largest = max(range(len(found)), key=lambda index: abs(found[index]))
        found[largest] -= gap
    return found

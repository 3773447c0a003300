"""The lines of a canonical settlement, gathered one by one: as they are while they fit into a record, else summed by kind and name (FIN-1).

A record has at most 4 MiB; the settlement of a big seller has a hundred thousand lines. What is posted is a sum for each kind and name anyway. So
beyond the limit lines are added up as they come, and only so much is remembered as the two sums need that must hold:

- every line is in exactly one sum: the sums come to what the lines come to
- tax is split into the marketplace's and the seller's, order line by order line, before it is summed. An order line whose facilitator tax does not
  come to nothing is kept as it is, so that what posts the settlement still refuses it

What each order brought is told apart (`settled_orders`), from the lines as they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.kit.withheld import withheld_parts
from schemas.records import SettlementLine

MOST_BYTES = 3_000_000  # of all lines; with what wraps them it stays below a record's 4 MiB
_OVERHEAD = 24  # lengths, a time, the end of a text
FACILITATOR, TAXES = "facilitator_tax", ("tax", "refund_tax")
# line_id of summed tax, so that nobody sets off one against the other once more.
OURS, WITHHELD = "summed", "withheld"


@dataclass(slots=True)
class _Sum:
    amount: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)
    rows: int = 0


@dataclass(slots=True)
class _OrderTaxes:
    """Tax lines of one order line: (kind, name, amount)."""

    order_key: str
    lines: list[tuple[str, str, Decimal]] = field(default_factory=list)


class SettlementLines:
    """Add every line, then ask for `lines()`. `most_bytes`: beyond this they are summed."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._kept: list[SettlementLine] = []
        self._sums: dict[tuple[str, str, str], _Sum] = {}
        self._taxes: dict[tuple[str, str], _OrderTaxes] = {}
        self.count = 0
        self.total = Decimal(0)

    @property
    def summed(self) -> bool:
        return self._size > self._most

    def add(self, line: SettlementLine) -> None:
        self.count += 1
        self.total += Decimal(line["amount"])
        self._size += _OVERHEAD + len("".join(value for value in line.values() if isinstance(value, str)).encode())
        self._kept.append(line)
        if self.summed:
            for kept in self._kept:
                self._sum(kept)
            self._kept.clear()

    def lines(self) -> list[SettlementLine]:
        """In the report's order, or one for each kind and name."""
        if not self.summed:
            return self._kept
        sums = {key: _Sum(one.amount, one.quantity, one.rows) for key, one in self._sums.items()}
        kept: list[SettlementLine] = []
        for (order_id, line_id), taxes in self._taxes.items():
            parts = _split(taxes.lines)
            if parts is None:
                kept += [
                    _line(*one, order_id=order_id, order_key=taxes.order_key, line_id=line_id) for one in taxes.lines
                ]
                continue
            for key, amount in parts:
                _add(sums, key, amount, Decimal(0))
        return [_line(kind, name, one.amount, line_id=line_id, quantity=one.quantity, detail=f"{one.rows} rows")
                for (kind, name, line_id), one in sums.items()] + kept  # fmt: skip

    def _sum(self, line: SettlementLine) -> None:
        amount = Decimal(line["amount"])
        if line["kind"] in (FACILITATOR, *TAXES):
            taxes = self._taxes.setdefault((line["order_id"], line["line_id"]), _OrderTaxes(line["order_key"]))
            taxes.lines.append((line["kind"], line["name"], amount))
        else:
            _add(self._sums, (line["kind"], line["name"], ""), amount, Decimal(line["quantity"] or 0))


def _split(lines: list[tuple[str, str, Decimal]]) -> list[tuple[tuple[str, str, str], Decimal]] | None:
    """The tax lines of one order line, each under whose tax it is; None where facilitator tax does not come to nothing."""
    mine = [one for one in lines if one[0] in TAXES]
    theirs = [one for one in lines if one[0] == FACILITATOR]
    if not theirs:
        return [((kind, name, OURS), amount) for kind, name, amount in mine]
    withheld = -sum((amount for _, _, amount in theirs), Decimal(0))
    parts = withheld_parts([amount for _, _, amount in mine], withheld)
    if sum(parts, Decimal(0)) != withheld:
        return None
    found = [((FACILITATOR, name, WITHHELD), amount) for _, name, amount in theirs]
    for (kind, name, amount), part in zip(mine, parts, strict=True):
        found += [((FACILITATOR, name, WITHHELD), part)] if part else []
        found += [((kind, name, OURS), amount - part)] if amount != part else []
    return found


def _add(sums: dict[tuple[str, str, str], _Sum], key: tuple[str, str, str], amount: Decimal, quantity: Decimal) -> None:
    one = sums.setdefault(key, _Sum())
    one.amount += amount
    one.quantity += quantity
    one.rows += 1


def _line(
    kind: str, name: str, amount: Decimal, *, order_id: str = "", order_key: str = "", line_id: str = "",
    quantity: Decimal = Decimal(0), detail: str = "",
) -> SettlementLine:  # fmt: skip
    return SettlementLine(
        kind=kind, name=name, amount=f"{amount:f}", order_id=order_id, order_key=order_key, line_id=line_id, sku="",
        quantity=f"{quantity:f}", posted_at=None, detail=detail,
    )  # fmt: skip


def facts(lines: SettlementLines) -> Mapping[str, str]:
    """For the settlement's extras: how many lines there were, and whether they are summed."""
    return {"rows": str(lines.count)} | ({"summed": "by kind and name"} if lines.summed else {})

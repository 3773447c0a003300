"""What of a refund is tax. Pure.

A marketplace states what the buyer gets back, taxes included. The taxes of the invoice are given back in the proportion they have in it, rounded on
the running sum: whatever way refunds are cut into pieces, when everything is refunded every tax has been given back to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from connectors.kit.errors import ConflictError
from connectors.odoo.money import ZERO


@dataclass(frozen=True, slots=True)
class Given:
    """Given back now for a line of the order ("" = for none of them), taxes included."""

    line: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """The same apart: before tax, and tax id -> amount."""

    line: str
    net: Decimal
    taxes: tuple[tuple[int, Decimal], ...]


def split(given: Sequence[Given], before: Decimal, total: Decimal, taxes: Sequence[tuple[int, Decimal]]) -> list[Share]:
    """`before`: given back earlier; `total`, `taxes`: of the invoice. What belongs to no line may be below 0: kept back.

    Raises ConflictError for a line of which less is given back than earlier.
    """
    shares: list[Share] = []
    running = before
    for one in given:
        if one.amount < 0 and one.line:
            raise ConflictError(f"line {one.line}: {-one.amount} more is credited in Odoo than given back")
        if not one.amount:
            continue
        digits = total.as_tuple().exponent
        cent = Decimal(1).scaleb(int(digits)) if isinstance(digits, int) else Decimal("0.01")
        parts = []
        for tax, amount in taxes:
            part = _of(running + one.amount, amount, total, cent) - _of(running, amount, total, cent)
            parts += [(tax, part)] if part else []
        running += one.amount
        shares.append(Share(one.line, one.amount - sum((part for _, part in parts), ZERO), tuple(parts)))
    return shares


def _of(running: Decimal, amount: Decimal, total: Decimal, cent: Decimal) -> Decimal:
    return (running * amount / total).quantize(cent, ROUND_HALF_UP)

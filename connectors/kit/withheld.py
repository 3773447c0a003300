"""Tax a marketplace collects and pays itself: how much of an order line's tax is that (FIN-1, ORD-11). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def withheld_parts(taxes: Sequence[Decimal], withheld: Decimal) -> list[Decimal]:
    """Of each tax amount of one order line the part that was withheld, given what was withheld of the line in all (above zero for a sale).

    All of each where the sums agree, whatever their signs (sold and given back in one report); else as far as it goes, in order.
    """
    if sum(taxes, Decimal(0)) == withheld:
        return list(taxes)
    parts, left = [], withheld
    for tax in taxes:
        part = min(tax, left, key=abs) if tax * left > 0 else Decimal(0)
        parts.append(part)
        left -= part
    return parts

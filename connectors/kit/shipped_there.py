"""Orders that the marketplace ships itself, from its own warehouses (ORD-10). In Odoo the delivery from the warehouse that stands for them is
closed afterwards, and the marketplace is told nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from connectors.kit.errors import RuleError
from schemas.records import Shipment


def check_shipped_there(marketplace: str, shipment: Shipment, shipped: Callable[[str], Decimal]) -> None:
    """`shipped`: units of a line that the marketplace shows as gone, by the line's id; raises DataError for a line it does not have.

    Raises RuleError where more left by the transfer than the marketplace has sent: either it was closed too early, or it left a warehouse of ours and
    the buyer gets it twice.
    """
    left: dict[str, Decimal] = {}
    for parcel in shipment["parcels"]:
        for line in parcel["lines"]:
            left[line["line_id"]] = left.get(line["line_id"], Decimal(0)) + Decimal(line["quantity"])
    for line_id, count in left.items():
        if (sent := shipped(line_id)) < count:
            raise RuleError(
                f"{shipment['picking']}: {marketplace} ships this order itself and has sent {sent} units of line {line_id}, "
                f"but {count} left in Odoo; a person has to look which warehouse they left"
            )

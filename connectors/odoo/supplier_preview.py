"""What `upsert_supplier_product` would write, in words (OPS-7). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.kit.ports import Difference
from connectors.odoo.supplier_fields import FieldChanges
from connectors.odoo.supplier_prices import Changes
from connectors.odoo.supplier_products_plan import OfferPlan
from connectors.odoo.supplier_variants import Found


def differences_of(
    plan: OfferPlan,
    vendor: int,
    found: Mapping[str, Found],
    fields: FieldChanges,
    changes: Changes,
    standing: Mapping[int, Mapping[str, Any]],
) -> list[Difference]:
    """`standing`: vendor prices by id."""
    told: list[Difference] = []
    if plan.published and not vendor:
        told.append(Difference(f"vendor {plan.vendor}", "not in Odoo", "made"))
    for one in plan.variants:
        if one.id not in found:
            prices = ", ".join(f"{tier.price:f} {one.currency} from {tier.quantity:f}" for tier in one.tiers)
            told.append(Difference(f"product {one.default_code}", "not in Odoo", f"made at {prices}"))
    for (model, number), values in fields.writes.items():
        told += [Difference(f"{model} {number} {name}", "", str(value)[:200]) for name, value in values.items()]
    return [*told, *price_differences(changes, standing)]


def price_differences(changes: Changes, standing: Mapping[int, Mapping[str, Any]]) -> list[Difference]:
    """What changes of vendor prices. `standing`: those that stand, by id."""
    told = [
        Difference(f"vendor price of {row.code} from {row.quantity:f}", "none", f"{row.price:f}") for row in changes.new
    ]
    for number, values in changes.writes.items():
        before = standing[number]
        told += [
            Difference(f"vendor price of {before['product_code']} from {before['min_qty']:g}: {name}", _shown(before[name]), _shown(value))
            for name, value in values.items()
        ]  # fmt: skip
    return told


def _shown(value: Any) -> str:
    if value is None or value is False:
        return ""
    return str(value[1] if isinstance(value, list) and len(value) == 2 else value)[:200]

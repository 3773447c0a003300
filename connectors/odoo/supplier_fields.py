"""The fields of a supplier's product that a person may write too: name, internal reference, barcode, weight; each by its owner (PRD-2).

The name is a template's, the rest a variant's. A reference or barcode that a product has already is nobody's business unless an owner is configured
for it: a product of one's own that a mapping or a barcode led to keeps them without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.kit.catalogue.ownership import FieldConflict, merge
from connectors.odoo.supplier_products_plan import OfferPlan, VariantPlan
from connectors.odoo.supplier_settings import SupplierProductSettings
from connectors.odoo.supplier_variants import PRODUCT, TEMPLATE, Found

_OWN = ("default_code", "barcode")


@dataclass
class FieldChanges:
    """writes: (model, id) -> values; conflicts: (key of what they are about, conflict); seen: what to hand in next time."""

    writes: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    conflicts: list[tuple[str, FieldConflict]] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)


class FieldMerge:
    """One offer. Pure. `digits`: of weights in Odoo."""

    def __init__(
        self, plan: OfferPlan, settings: SupplierProductSettings, seen: Mapping[str, Any], digits: int
    ) -> None:
        self._plan, self._settings, self._digits = plan, settings, digits
        self._before = seen
        self.changes = FieldChanges()

    def of_template(self, template: int, standing: Mapping[str, Any]) -> None:
        self._merge(TEMPLATE, template, self._plan.key, standing, {"name": self._plan.name})

    def of_variant(self, one: VariantPlan, found: Found, taken: Mapping[str, int]) -> None:
        """`taken`: barcode -> the product that has it."""
        said: dict[str, Any] = {}
        own = {"default_code": one.default_code, "barcode": one.barcode}
        for name in _OWN:
            if own[name] and (name in self._settings.owners or not found.row.get(name)):
                said[name] = own[name]
        if taken.get(one.barcode, found.product) != found.product:
            said.pop("barcode", None)
        if one.weight is not None:
            said["weight"] = float(one.weight.quantize(Decimal(1).scaleb(-self._digits), ROUND_HALF_UP))
        standing = {**found.row, "weight": found.row["weight"] or None}  # 0 is how Odoo writes that nobody knows
        self._merge(PRODUCT, found.product, f"{self._plan.key}:{one.id}", standing, said)

    def _merge(self, model: str, number: int, key: str, standing: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        prefix = f"{model}/{number}/"
        before = {name.removeprefix(prefix): one for name, one in self._before.items() if name.startswith(prefix)}
        merged = merge(standing, said, self._settings.owners, before, self._settings.default_owner)
        if merged.writes:
            self.changes.writes[model, number] = merged.writes
        self.changes.conflicts += [(key, one) for one in merged.conflicts]
        self.changes.seen |= {prefix + name: value for name, value in merged.seen.items()}

"""The products of a supplier's offer: those that are there, and new ones as variants of one template (PRD-2, PO-3).

A variant is known, in this order, by what is remembered of the offer, by the cross-reference table (`sku`, word `OFFER/SKU`), by its internal
reference, by its barcode; whoever made the product. What is not known is loaded with external ids, so two processes make it once. Attributes are of
the kind `dynamic`: Odoo makes only the variants that are asked for, and deletes none of them.

A template belongs to an offer and its set of attributes. When the set changes, variants that are new get a template of the new set, because another
attribute on a template that has variants makes Odoo delete those it does not fit. A SKU the supplier made anew with the same attributes is the
product it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.errors import ConnectorError, RuleError
from connectors.kit.ports import Mappings
from connectors.odoo.client import Odoo
from connectors.odoo.keys import below, xid
from connectors.odoo.loading import CONTEXT, Cell, load
from connectors.odoo.settings import OdooSettings
from connectors.odoo.supplier_products_plan import OfferPlan, VariantPlan
from connectors.odoo.supplier_references import ARCHIVED_TOO, Home

PRODUCT, TEMPLATE = "product.product", "product.template"
LINE, OWN_VALUE = "product.template.attribute.line", "product.template.attribute.value"
READ = ("product_tmpl_id", "default_code", "barcode", "weight", "active")
_CHOSEN = "product_template_attribute_value_ids"


@dataclass(frozen=True, slots=True)
class Found:
    """A variant's product. how: remembered, mapped, reference, barcode, combination, made; row: what stands there (`READ`), {} of one just made."""

    product: int
    template: int
    how: str
    row: Mapping[str, Any]


Made = tuple[dict[str, Found], dict[str, ConnectorError]]


@dataclass(frozen=True, slots=True)
class NewProduct:
    """What new products begin with. costs: variant's id -> cost in the company's currency."""

    home: Home
    costs: Mapping[str, Decimal]


class SupplierVariants:
    """See the module's first lines. Every method raises ConnectorError."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, mappings: Mappings) -> None:
        self._odoo, self._module, self._mappings = odoo, settings.module, mappings
        self._settings = settings.supplier_products

    # ---- those that are there

    async def find(self, plan: OfferPlan, remembered: Mapping[str, int]) -> dict[str, Found]:
        """Variant's id -> its product, of those that are there."""
        found: dict[str, Found] = {}
        known = {one.id: remembered[one.id] for one in plan.variants if one.id in remembered}
        rows = {row["id"]: row for row in await self._rows([["id", "in", sorted(known.values())]], known)}
        for name, number in known.items():
            _claim(found, name, rows.get(number), "remembered")
        words = {one.id: self._words(plan, one) for one in plan.variants if one.id not in found}
        codes = sorted({code for found_by, _ in words.values() for code, _ in found_by})
        barcodes = sorted({barcode for _, barcode in words.values() if barcode})
        domain = ["|", ["default_code", "in", codes], ["barcode", "in", barcodes]]
        rest = sorted(await self._rows(domain, codes or barcodes), key=lambda row: (not row["active"], row["id"]))
        for name, (by_code, barcode) in words.items():
            for code, how in by_code:
                _claim(found, name, next((row for row in rest if row["default_code"] == code), None), how)
            if barcode:
                _claim(found, name, next((row for row in rest if row["barcode"] == barcode), None), "barcode")
        return found

    async def _rows(self, domain: Sequence[Any], asked: object) -> list[dict[str, Any]]:
        return await self._odoo.rows(PRODUCT, domain, READ, context=ARCHIVED_TOO) if asked else []

    def _words(self, plan: OfferPlan, one: VariantPlan) -> tuple[list[tuple[str, str]], str]:
        """([(internal reference, how it is found)], barcode). A reference that several variants share says nothing."""
        mapped = self._mappings.lookup("sku", plan.source, plan.account, f"{plan.offer_id}/{one.sku_id}")
        codes = [(mapped, "mapped")] if mapped else []
        if sum(other.default_code == one.default_code for other in plan.variants) == 1:
            codes.append((one.default_code, "reference"))
        return codes, one.barcode

    # ---- new ones

    async def make(self, plan: OfferPlan, found: Mapping[str, Found], new: NewProduct) -> Made:
        """Those of the plan's variants that are not found: (made, refused by Odoo)."""
        missing = [one for one in plan.variants if one.id not in found]
        if not missing:
            return {}, {}
        if not plan.attributes:
            cells = {**self._of_template(plan, new.home), "name": plan.name}
            return await self._loaded(plan, [(one, {**cells, **self._of_variant(one, new)}) for one in missing])
        return await self._in_template(plan, missing, found, new)

    async def _in_template(
        self, plan: OfferPlan, missing: Sequence[VariantPlan], found: Mapping[str, Found], new: NewProduct
    ) -> Made:
        attributes = {name: await self._attribute(name) for name in plan.attributes}
        values = await self._values(attributes, missing)
        try:
            template, lines = await self._template(plan, missing, attributes, values, new.home)
        except RuleError as error:
            return {}, {one.id: error for one in missing}
        chosen = await self._own_values(lines)
        domain = [["product_tmpl_id", "=", template]]
        rows = await self._odoo.rows(PRODUCT, domain, [*READ, _CHOSEN], context=ARCHIVED_TOO)
        taken = {one.product for one in found.values()}
        free = {frozenset(row[_CHOSEN]): row for row in rows if row["id"] not in taken}
        there: dict[str, Found] = {}
        wanted: list[tuple[VariantPlan, dict[str, Cell]]] = []
        refused: dict[str, ConnectorError] = {}
        for one in missing:
            ids = [chosen.get((attributes[name], values[attributes[name], text]), 0) for name, text in one.choices]
            if not all(ids):  # a person took the attribute or the value off the template
                refused[one.id] = RuleError(
                    "the template of the offer has lost one of its attributes", code="template_changed"
                )
                continue
            row = free.get(frozenset(ids))
            if row is not None:
                there[one.id] = Found(int(row["id"]), template, "combination", row)
                continue
            own: dict[str, Cell] = {"product_tmpl_id/.id": template, f"{_CHOSEN}/.id": ",".join(map(str, ids))}
            wanted.append((one, {**own, **self._of_variant(one, new)}))
        made, not_made = await self._loaded(plan, wanted)
        return {**there, **made}, {**refused, **not_made}

    async def _loaded(self, plan: OfferPlan, wanted: Sequence[tuple[VariantPlan, Mapping[str, Cell]]]) -> Made:
        if not wanted:
            return {}, {}
        columns = ["id", *wanted[0][1]]
        rows = [[[xid(self._module, "supplier_variant", plan.key, one.id), *cells.values()]] for one, cells in wanted]
        answers = dict(zip((one.id for one, _ in wanted), await load(self._odoo, PRODUCT, columns, rows), strict=True))
        ids = [one for one in answers.values() if isinstance(one, int)]
        read = {row["id"]: row for row in await self._rows([["id", "in", ids]], ids)}
        made: dict[str, Found] = {}
        for name, answer in answers.items():
            if isinstance(answer, int):
                _claim(made, name, read.get(answer), "made")
        return made, {name: one for name, one in answers.items() if isinstance(one, ConnectorError)}

    def _of_template(self, plan: OfferPlan, home: Home) -> dict[str, Cell]:
        """Not offered to a channel before a person has looked: at price 0 and, unless configured, not to be sold."""
        cells: dict[str, Cell] = {
            "name": plan.name, "type": "consu", "is_storable": "1", "list_price": "0", "purchase_ok": "1",
            "sale_ok": "1" if self._settings.sale_ok else "0",
        }  # fmt: skip
        if home.category:
            cells["categ_id/.id"] = home.category
        if home.unit:
            cells["uom_id/.id"] = cells["uom_po_id/.id"] = home.unit
        return cells

    def _of_variant(self, one: VariantPlan, new: NewProduct) -> dict[str, Cell]:
        cost = new.costs.get(one.id)
        cells: dict[str, Cell] = {
            "default_code": one.default_code, "barcode": one.barcode or None,
            "weight": f"{one.weight:f}" if one.weight else None,
        }  # fmt: skip
        return {**cells, "standard_price": f"{cost:f}"} if cost is not None else cells

    # ---- attributes

    async def _attribute(self, name: str) -> int:
        """The oldest of that name that makes no variants by itself, whoever made it, else a new one."""
        domain = [["name", "=", name], ["create_variant", "=", "dynamic"]]
        found = await self._odoo.rows("product.attribute", domain, ["name"], limit=1, context=CONTEXT)
        if found:
            return int(found[0]["id"])
        row: list[Cell] = [xid(self._module, "supplier_attribute", name), name, "dynamic"]
        return _first(await load(self._odoo, "product.attribute", ["id", "name", "create_variant"], [[row]]))

    async def _values(
        self, attributes: Mapping[str, int], variants: Iterable[VariantPlan]
    ) -> dict[tuple[int, str], int]:
        """(attribute, text) -> the value's id."""
        wanted = sorted({(attributes[name], text) for one in variants for name, text in one.choices})
        domain = [
            ["attribute_id", "in", sorted(attributes.values())],
            ["name", "in", sorted({text for _, text in wanted})],
        ]
        fields = ["attribute_id", "name"]
        found: dict[tuple[int, str], int] = {}
        for row in await self._odoo.rows("product.attribute.value", domain, fields, context=CONTEXT):
            found.setdefault((row["attribute_id"][0], row["name"]), row["id"])
        missing = [pair for pair in wanted if pair not in found]
        columns = ["id", "attribute_id/.id", "name"]
        rows: list[list[list[Cell]]] = [
            [[xid(self._module, "supplier_attribute_value", str(attribute), text), attribute, text]]
            for attribute, text in missing
        ]
        for pair, made in zip(missing, await load(self._odoo, "product.attribute.value", columns, rows), strict=True):
            found[pair] = _first([made])
        return found

    async def _template(
        self,
        plan: OfferPlan,
        variants: Sequence[VariantPlan],
        attributes: Mapping[str, int],
        values: Mapping[tuple[int, str], int],
        home: Home,
    ) -> tuple[int, list[int]]:
        """(template, its attribute lines), with these values among theirs."""
        key = xid(self._module, "supplier_template", plan.key, plan.shape)
        wanted = {
            attribute: sorted({values[attribute, text] for one in variants for other, text in one.choices if other == name})
            for name, attribute in attributes.items()
        }  # fmt: skip
        header = {"id": key, **self._of_template(plan, home)}
        columns = [*header, *(f"attribute_line_ids/{one}" for one in ("id", "attribute_id/.id", "value_ids/.id"))]
        rows: list[list[Cell]] = []
        for attribute, ids in wanted.items():
            head = list(header.values()) if not rows else [None] * len(header)
            rows.append([*head, below(key, "line", str(attribute)), attribute, ",".join(map(str, ids))])
        template = _first(await load(self._odoo, TEMPLATE, columns, [rows]))
        if not await self._odoo.rows(TEMPLATE, [["id", "=", template]], ["name"]):
            raise RuleError("a person archived the template of the offer", code="archived")
        standing = await self._odoo.rows(LINE, [["product_tmpl_id", "=", template]], ["attribute_id", "value_ids"])
        for row in standing:
            more = [one for one in wanted.get(row["attribute_id"][0], []) if one not in row["value_ids"]]
            if more:
                values_added = {"value_ids": [[4, one] for one in more]}
                await self._odoo.tell(LINE, "write", [row["id"]], values_added, context=CONTEXT)
        return template, [row["id"] for row in standing]

    async def _own_values(self, lines: Sequence[int]) -> dict[tuple[int, int], int]:
        """(attribute, value) -> the template's own record of it."""
        domain = [["attribute_line_id", "in", list(lines)], ["ptav_active", "=", True]]
        rows = await self._odoo.rows(OWN_VALUE, domain, ["attribute_id", "product_attribute_value_id"])
        return {(row["attribute_id"][0], row["product_attribute_value_id"][0]): row["id"] for row in rows}


def _first(answers: Sequence[int | ConnectorError]) -> int:
    (made,) = answers
    if isinstance(made, ConnectorError):
        raise made
    return made


def _claim(found: dict[str, Found], name: str, row: Mapping[str, Any] | None, how: str) -> None:
    """A product is one variant's only; the first that finds it has it."""
    if row is None or name in found or any(one.product == row["id"] for one in found.values()):
        return
    found[name] = Found(int(row["id"]), int(row["product_tmpl_id"][0]), how, row)

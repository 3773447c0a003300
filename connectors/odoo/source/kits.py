"""Kits: bills of materials of type phantom. Small tables, read whole and remembered until one of their rows changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.odoo.source.models import Models, link, number, text

_DEPTH = 8  # kits of kits; a circle, which Odoo refuses, would end here


@dataclass(frozen=True, slots=True)
class Component:
    """What one unit of a kit takes, in the component's own unit of measure."""

    product: int
    sku: str
    quantity: Decimal


@dataclass(slots=True)
class _Book:
    """boms: id -> kit products; parts: kit product -> its direct components; holders: component -> kits it is directly in."""

    boms: dict[int, tuple[int, ...]] = field(default_factory=dict)
    parts: dict[int, tuple[Component, ...]] = field(default_factory=dict)
    holders: dict[int, set[int]] = field(default_factory=dict)


class Units:
    """Factors of units of measure. Quantities are told in the product's own unit."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._factors: dict[int, Decimal] = {}

    async def load(self) -> None:
        """Once; `convert` of an unknown unit changes nothing."""
        if not self._factors:
            rows = await self._models.optional("uom.uom", [], ("factor",))
            self._factors = {row["id"]: number(row.get("factor")) for row in rows}

    def convert(self, quantity: Decimal, unit: int, into: int) -> Decimal:
        """A quantity of one unit in another of the same category."""
        here, there = self._factors.get(unit), self._factors.get(into)
        return quantity if unit == into or not here or not there else quantity / here * there


class Kits:
    """Asks mrp, where it is installed."""

    def __init__(self, models: Models, units: Units) -> None:
        self._models, self._units = models, units
        self._book: _Book | None = None

    def forget(self) -> None:
        """A bill of materials changed."""
        self._book = None

    async def changed(self) -> set[int]:
        """Read anew; the products that are a kit now or were one, and are made of something else than before. Nothing at the first reading."""
        before, self._book = self._book, None
        now = await self._read()
        if before is None:
            return set()
        every = before.parts.keys() | now.parts.keys()
        return {one for one in every if before.parts.get(one) != now.parts.get(one)}

    async def components(self, product: int) -> tuple[Component, ...]:
        """What one unit takes, kits in kits taken apart; () for what is no kit."""
        return _flat(await self._read(), product, Decimal(1), _DEPTH)

    async def holding(self, products: Iterable[int]) -> set[int]:
        """The kits these products are in, directly or not."""
        book = await self._read()
        found: set[int] = set()
        wave = set(products)
        while wave := {kit for one in wave for kit in book.holders.get(one, ())} - found:
            found |= wave
        return found

    async def made_by(self, rows: Sequence[Mapping[str, Any]], about: str) -> set[int]:
        """The kit products of changed rows of mrp.bom ("kit") or mrp.bom.line ("kit_line"), and the kits these are in."""
        book = await self._read()
        boms = [row["id"] if about == "kit" else link(row["bom_id"]) for row in rows]
        kits = {product for bom in boms for product in book.boms.get(bom, ())}
        return kits | await self.holding(kits)

    async def _read(self) -> _Book:
        if self._book is None:
            self._book = await self._load()
        return self._book

    async def _load(self) -> _Book:
        fields = ("product_tmpl_id", "product_id", "product_qty", "product_uom_id", "sequence")
        domain = [["type", "=", "phantom"], ["active", "=", True]]
        boms = await self._models.optional("mrp.bom", domain, fields, order="sequence, id")
        if not boms:
            return _Book()
        await self._units.load()
        domain = [["bom_id", "in", [bom["id"] for bom in boms]]]
        lines = await self._models.rows(
            "mrp.bom.line", domain, ("bom_id", "product_id", "product_qty", "product_uom_id")
        )
        templates = sorted({link(bom["product_tmpl_id"]) for bom in boms})
        variants = await self._models.rows(
            "product.product", [["product_tmpl_id", "in", templates]], ("product_tmpl_id", "uom_id")
        )
        parts = {link(line["product_id"]) for line in lines}
        products = await self._models.by_id("product.product", parts, ("default_code", "uom_id"))
        return self._bound(boms, lines, variants, products)

    def _bound(
        self, boms: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]],
        variants: Sequence[Mapping[str, Any]], products: Mapping[int, Mapping[str, Any]],
    ) -> _Book:  # fmt: skip
        book = _Book()
        lines_of, variants_of = _by(lines, "bom_id"), _by(variants, "product_tmpl_id")
        for bom in boms:
            mine = lines_of.get(bom["id"], [])
            made = variants_of.get(link(bom["product_tmpl_id"]), [])
            if link(bom["product_id"]):
                made = [one for one in made if one["id"] == link(bom["product_id"])]
            book.boms[bom["id"]] = tuple(one["id"] for one in made)
            for kit in made:
                if kit["id"] in book.parts:  # the first bill of a product counts, as in Odoo
                    continue
                size = self._units.convert(
                    number(bom["product_qty"]), link(bom.get("product_uom_id")), link(kit["uom_id"])
                )
                book.parts[kit["id"]] = tuple(self._part(line, products, size) for line in mine)
                for line in mine:
                    book.holders.setdefault(link(line["product_id"]), set()).add(kit["id"])
        return book

    def _part(self, line: Mapping[str, Any], products: Mapping[int, Mapping[str, Any]], size: Decimal) -> Component:
        product = products.get(link(line["product_id"]), {})
        taken = self._units.convert(
            number(line["product_qty"]), link(line.get("product_uom_id")), link(product.get("uom_id"))
        )
        return Component(link(line["product_id"]), text(product.get("default_code")), taken / (size or 1))


def _by(rows: Sequence[Mapping[str, Any]], name: str) -> dict[int, list[Mapping[str, Any]]]:
    """Rows by what they link to."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(link(row[name]), []).append(row)
    return found


def _flat(book: _Book, product: int, times: Decimal, depth: int) -> tuple[Component, ...]:
    """Components by product, in the order met."""
    found: dict[int, Component] = {}
    for part in book.parts.get(product, ()) if depth else ():
        taken = Component(part.product, part.sku, part.quantity * times)
        for one in _flat(book, part.product, taken.quantity, depth - 1) or (taken,):
            before = found.get(one.product)
            found[one.product] = Component(one.product, one.sku, one.quantity + (before.quantity if before else 0))
    return tuple(found.values())

"""From changed rows to the entities that have to be read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.odoo.source.kits import Kits
from connectors.odoo.source.models import Models, link
from connectors.odoo.source.watches import Watch

# A rule or category that concerns more products than this is answered by reading all of them.
MOST = 2000
RULE_SCOPE = ("pricelist_id", "applied_on", "product_tmpl_id", "product_id", "categ_id")


@dataclass(slots=True)
class Touched:
    """ids: entities to read; own: those whose own record changed; everything: all entities of the flow are concerned."""

    ids: dict[int, None] = field(default_factory=dict)
    own: set[int] = field(default_factory=set)
    everything: bool = False

    def add(self, ids: Iterable[int]) -> None:
        self.ids.update(dict.fromkeys(one for one in ids if one))


class Entities:
    """Resolves rows. `rules` remembers where each price rule applied: one that moves on concerns where it was, too."""

    def __init__(self, models: Models, kits: Kits) -> None:
        self._models, self._kits = models, kits
        self._rules: dict[int, Mapping[str, Any]] = {}

    async def of(self, watch: Watch, rows: Sequence[Mapping[str, Any]], touched: Touched) -> None:
        """Add what these changed rows of one watched model are about. Raises ConnectorError."""
        if not rows:
            return
        match watch.about:
            case "id":
                touched.add(row["id"] for row in rows)
                if watch.own:
                    touched.own.update(row["id"] for row in rows)
            case "everything":
                touched.everything = True
            case "product_tmpl_id.variants":
                await self.of_templates({link(row["product_tmpl_id"]) for row in rows}, touched)
            case "template":
                await self.of_templates({row["id"] for row in rows}, touched)
            case "kit" | "kit_line":
                await self._of_kits(watch.about, rows, touched)
            case "category":
                await self._in_categories({row["id"] for row in rows}, touched)
            case "rule":
                await self._under_rules(rows, touched)
            case name:
                touched.add(link(row[name]) for row in rows)
        if watch.model in ("stock.quant", "stock.move", "product.product"):
            touched.add(await self._kits.holding(link(row.get("product_id")) or row["id"] for row in rows))

    async def after_bom(self, templates: set[int], touched: Touched) -> None:
        """A bill of materials is gone: what it made is no kit any more."""
        self._kits.forget()
        await self.of_templates(templates, touched)

    async def changed_kits(self) -> set[int]:
        """Kits whose bill of materials changed or vanished without a row that told of it."""
        return await self._kits.changed()

    async def remember_rules(self) -> list[int]:
        """Where every price rule applies now. Returns the ids of rules that were known and are gone."""
        rows = await self._models.rows("product.pricelist.item", [], RULE_SCOPE)
        there = {row["id"]: row for row in rows}
        gone = [one for one in self._rules if one not in there]
        self._rules = there | {one: self._rules[one] for one in gone}
        return gone

    async def under_gone_rules(self, ids: Iterable[int], touched: Touched) -> None:
        """The products deleted rules applied to; everything when that is not known."""
        known = [one for one in ids if one in self._rules]
        touched.everything |= len(known) < len(list(ids))
        for one in known:
            await self._scope(self._rules.pop(one), touched)

    async def _of_kits(self, about: str, rows: Sequence[Mapping[str, Any]], touched: Touched) -> None:
        before = await self._kits.made_by(rows, about)
        self._kits.forget()
        touched.add(before | await self._kits.made_by(rows, about))

    async def of_templates(self, templates: set[int], touched: Touched) -> None:
        """All their variants."""
        await self._products([["product_tmpl_id", "in", sorted(templates)]], touched)

    async def _in_categories(self, categories: set[int], touched: Touched) -> None:
        await self._products([["categ_id", "child_of", sorted(categories)]], touched)

    async def _under_rules(self, rows: Sequence[Mapping[str, Any]], touched: Touched) -> None:
        for row in rows:
            before = self._rules.get(row["id"])
            await self._scope(row, touched)
            if before is not None and any(before[name] != row[name] for name in RULE_SCOPE):
                await self._scope(before, touched)
            self._rules[row["id"]] = {name: row[name] for name in RULE_SCOPE}

    async def _scope(self, rule: Mapping[str, Any], touched: Touched) -> None:
        match rule["applied_on"]:
            case "0_product_variant":
                touched.add([link(rule["product_id"])])
            case "1_product":
                await self.of_templates({link(rule["product_tmpl_id"])}, touched)
            case "2_product_category":
                await self._in_categories({link(rule["categ_id"])}, touched)
            case _:
                touched.everything = True

    async def _products(self, domain: list[Any], touched: Touched) -> None:
        if touched.everything:
            return
        rows = await self._models.rows("product.product", domain, (), limit=MOST + 1)
        touched.everything |= len(rows) > MOST
        if len(rows) <= MOST:
            touched.add(row["id"] for row in rows)

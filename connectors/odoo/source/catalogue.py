"""From product ids to SKUs: which record of Odoo stands for a SKU now, and whether it is to be sold.

Two products may have one internal reference; Odoo does not mind. The one to be sold counts, of several the oldest, as for incoming orders. A SKU
that has no product any more (deleted, renamed, archived) is told of as well: nothing of it may be offered.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.odoo.source.models import Models, Row, text
from connectors.odoo.source.readers import Asked

logger = logging.getLogger(__name__)
MODEL = "product.product"
FIELDS = (
    "default_code",
    "active",
    "sale_ok",
    "type",
    "is_storable",
    "categ_id",
    "uom_id",
    "product_tmpl_id",
    "write_date",
)
GOODS = "consu"
# Services are no goods; the internal reference is the SKU.
SOLD = [["default_code", "!=", False], ["type", "=", GOODS]]
_LISTED = 2000


@dataclass(frozen=True, slots=True)
class Item:
    """A SKU. row: its product, None when there is none any more; active: it may be offered."""

    sku: str
    product: int
    row: Row | None
    active: bool


@dataclass(frozen=True, slots=True)
class Census:
    """What a look at all ids showed.

    deleted  products that vanished, SKUs by id
    missed   products the polls should have seen but have not
    gone     SKUs that were published as for sale, and no product has any more: deleted or renamed while no poller ran. No ids: nobody knows them
    """

    deleted: Mapping[int, str]
    missed: tuple[int, ...]
    gone: tuple[str, ...] = ()


class Catalogue:
    """Resolves ids to SKUs, and remembers the SKUs of ids it has met: about 150 bytes each."""

    def __init__(self, models: Models, wanted: Sequence[Any]) -> None:
        self._models = models
        self._wanted = [*SOLD, *wanted]
        self._known: dict[int, str] = {}
        self._met: dict[int, str] = {}
        self._counted = False

    async def items(self, asked: Asked, fields: Iterable[str]) -> list[Item]:
        """The SKUs these products have, or had when they were last met. Raises ConnectorError."""
        rows = await self._models.by_id(MODEL, asked.ids, ("default_code", "type"))
        told: dict[str, int] = {}  # SKU -> a product that has or had it
        always: set[str] = set()
        for one in asked.ids:
            now, before = (
                text(rows.get(one, {}).get("default_code")),
                self._known.get(one) or asked.deleted.get(one, ""),
            )
            if before and before != now:
                told[before] = one
                always.add(before)
            if now:
                told[now] = one
            if one in self._known or (one in asked.own and rows.get(one, {}).get("type") == GOODS):
                always.add(now)
            self._met[one] = now
        return await self._chosen(told, always, fields)

    async def _chosen(self, told: Mapping[str, int], always: Collection[str], fields: Iterable[str]) -> list[Item]:
        if not told:
            return []
        rows = await self._models.rows(MODEL, [["default_code", "in", sorted(told)]], {*FIELDS, *fields})
        wanted = await self._of_these(row["id"] for row in rows)
        twins: dict[str, list[Row]] = {}
        for row in rows:
            twins.setdefault(text(row["default_code"]), []).append(row)
        items = []
        for sku, product in told.items():
            best = min(twins.get(sku, ()), key=lambda row: (row["id"] not in wanted, row["id"]), default=None)
            if len([row for row in twins.get(sku, ()) if row["id"] in wanted]) > 1:
                logger.warning("capture_shared_sku products=%s", [row["id"] for row in twins[sku]])
            active = best is not None and best["id"] in wanted
            if active or sku in always:
                items.append(Item(sku, best["id"] if best else max(product, 0), best, active))
        return items

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        """SKU -> a product that has it; the record that counts is chosen when it is read."""
        rows = await self._models.rows(MODEL, [["default_code", "in", list(names)]], ("default_code",))
        return {text(row["default_code"]): row["id"] for row in reversed(rows)}

    async def after(self, product: int, limit: int) -> list[int]:
        """The next ids of products to be sold, and of archived ones, for a sweep."""
        domain = [*self._every(), ["id", ">", product]]
        return [row["id"] for row in await self._models.rows(MODEL, domain, (), limit=limit)]

    @property
    def is_new(self) -> bool:
        """Whether it has not looked at all ids yet."""
        return not self._counted

    async def census(self, settled: str, published: Collection[str] = ()) -> Census:
        """Look at every id. `settled`: polls have read what changed before this stamp. `published`: SKUs that are for sale as far as anybody was
        told. The first look only gets to know the products; what it is told of others is compared by SKU."""
        listed: dict[int, tuple[str, str]] = {}
        last = 0
        while True:
            rows = await self._models.rows(
                MODEL, [*self._every(), ["id", ">", last]], ("default_code", "write_date"), limit=_LISTED
            )
            listed.update({row["id"]: (text(row["default_code"]), str(row["write_date"])) for row in rows})
            if len(rows) < _LISTED:
                break
            last = rows[-1]["id"]
        maybe = [one for one in self._known if one not in listed and self._known[one]]
        there = await self._models.by_id(MODEL, maybe, ("default_code",))
        deleted = {one: self._known[one] for one in maybe if one not in there}
        missed = tuple(one for one, (sku, at) in listed.items() if self._known.get(one) != sku and at < settled)
        there_now = {sku for sku, _ in listed.values()}
        gone = tuple(sku for sku in sorted(published) if sku not in there_now)
        first, self._counted = not self._counted, True
        if first:
            self._known = {one: sku for one, (sku, _) in listed.items()} | self._known
            missed = ()
        return Census(deleted, missed, gone)

    def known(self) -> list[int]:
        """Ids of all products met."""
        return list(self._known)

    def keep(self) -> None:
        """What was resolved last is published."""
        for one, sku in self._met.items():
            if sku:
                self._known[one] = sku
            else:
                self._known.pop(one, None)
        self._met = {}

    def _every(self) -> list[Any]:
        # Those that are archived or not for sale any more are told of too, so only what makes a SKU counts here.
        return list(SOLD)

    async def _of_these(self, ids: Iterable[int]) -> set[int]:
        domain = [["id", "in", sorted(set(ids))], ["active", "=", True], ["sale_ok", "=", True], *self._wanted]
        return {row["id"] for row in await self._models.rows(MODEL, domain, ())}

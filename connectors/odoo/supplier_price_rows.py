"""Vendors' prices in Odoo (`product.supplierinfo`): read, made, written, ended. What is to change is decided in `supplier_prices`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.kit.errors import ConnectorError
from connectors.odoo.client import Odoo
from connectors.odoo.keys import xid
from connectors.odoo.loading import CONTEXT, Cell, load
from connectors.odoo.settings import OdooSettings
from connectors.odoo.supplier_prices import FIELDS, Changes, PriceRow, changes_of, differing
from connectors.odoo.supplier_products_plan import OfferPlan

PRICES = "product.supplierinfo"
_COLUMNS = (
    "id",
    "partner_id/.id",
    "product_id/.id",
    "product_code",
    "product_name",
    "min_qty",
    "price",
    "currency_id/.id",
)
_OF_ODOO = 1  # days a row has that nobody gave any


class SupplierPriceRows:
    """Every method raises ConnectorError."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, now: Callable[[], datetime]) -> None:
        self._odoo, self._module, self._now = odoo, settings.module, now
        self._lead_days = settings.supplier_products.lead_days

    async def changes(
        self, plan: OfferPlan, vendor: int, wanted: Sequence[PriceRow], archived: frozenset[str]
    ) -> tuple[Changes, dict[int, Any]]:
        """What is to change, and the rows that stand, by id. `archived`: SKUs whose rows stay as they are, like those of skipped ones."""
        mine = sorted({one.product for one in wanted})
        domain = [
            ["partner_id", "=", vendor],
            "|",
            ["product_code", "=like", f"{plan.offer_id}/%"],
            ["product_id", "in", mine],
        ]
        standing = await self._odoo.rows(PRICES, domain, [*FIELDS, "delay"])
        found = changes_of(wanted, standing, plan.offer_id, self._now().date(), plan.skipped | archived)
        return found, {row["id"]: row for row in standing}

    async def standing(self, vendor: int, offer_id: str) -> dict[int, dict[str, Any]]:
        """The vendor's rows of an offer, by id."""
        domain = [["partner_id", "=", vendor], ["product_code", "=like", f"{offer_id}/%"]]
        return {row["id"]: row for row in await self._odoo.rows(PRICES, domain, [*FIELDS, "delay"])}

    async def write(
        self, key: str, vendor: int, changes: Changes, standing: Mapping[int, Mapping[str, Any]]
    ) -> list[str]:
        """Codes of what was done. `key`: the offer's; `standing`: as `changes` gave them; a new row has the lead time of the SKU's others."""
        if changes.new:
            made = await self._make(key, vendor, changes.new, _lead_times(standing))
            await self._keep_up(vendor, made, changes.new)
        await self._write(changes.writes)
        counts = {
            "prices_made": len(changes.new), "prices_written": len(changes.writes) - len(changes.ended),
            "prices_ended": len(changes.ended),
        }  # fmt: skip
        return [f"{name}:{count}" for name, count in counts.items() if count]

    async def _make(
        self, key: str, vendor: int, rows: Sequence[PriceRow], lead_times: Mapping[str, int]
    ) -> dict[int, int]:
        """Rows, and the lead time each was made with, 0 = Odoo's own. One that was made before and changed by a person since is found by its external
        id, and made right."""
        alike: dict[bool, list[tuple[PriceRow, int]]] = {}
        for one in rows:
            days = max(lead_times.get(one.sku, 0), self._lead_days)
            alike.setdefault(bool(days), []).append((one, days))
        wanted: dict[int, PriceRow] = {}
        given: dict[int, int] = {}
        for has_days, group in alike.items():
            columns = [*_COLUMNS, "delay"] if has_days else _COLUMNS
            records = [[self._cells(key, vendor, one) + ([str(days)] if has_days else [])] for one, days in group]
            made = await load(self._odoo, PRICES, columns, records)
            if error := next((one for one in made if isinstance(one, ConnectorError)), None):
                raise error
            numbers = [one for one in made if isinstance(one, int)]
            wanted |= dict(zip(numbers, [one for one, _ in group], strict=True))
            given |= dict(zip(numbers, [days for _, days in group], strict=True))
        read = await self._odoo.rows(PRICES, [["id", "in", sorted(wanted)]], FIELDS)
        await self._write({row["id"]: found for row in read if (found := differing(wanted[row["id"]], row))})
        return given

    async def _keep_up(self, vendor: int, made: Mapping[int, int], new: Sequence[PriceRow]) -> None:
        """Lead times that were decided while these rows were made are theirs too: whoever decides looks again for rows that came meanwhile, and so
        one of both sees the other. One that somebody changed by now is left alone."""
        for offer_id in {one.code.split("/")[0] for one in new}:
            rows = await self.standing(vendor, offer_id)
            now = _lead_times({number: row for number, row in rows.items() if number not in made})
            late: dict[int, dict[str, Any]] = {}
            for number, days in made.items():
                sku = str(rows[number]["product_code"]).split("/")[1] if number in rows else ""
                wanted = max(now.get(sku, days), self._lead_days)
                if (
                    number in rows
                    and sku in now
                    and wanted != days
                    and int(rows[number]["delay"]) in (days, days or _OF_ODOO)
                ):
                    late[number] = {"delay": wanted}
            await self._write(late)

    async def _write(self, writes: Mapping[int, Mapping[str, Any]]) -> None:
        """Rows that change alike in one call: an offer may have hundreds."""
        alike: dict[tuple[tuple[str, Any], ...], list[int]] = {}
        for number, values in writes.items():
            alike.setdefault(tuple(sorted(values.items())), []).append(number)
        for pairs, numbers in alike.items():
            await self._odoo.tell(PRICES, "write", numbers, dict(pairs), context=CONTEXT)

    def _cells(self, offer: str, vendor: int, one: PriceRow) -> list[Cell]:
        key = xid(self._module, "supplier_price", offer, str(vendor), one.sku or "single", f"{one.quantity:f}")
        return [
            key, vendor, one.product, one.code, one.name, f"{one.quantity:f}", f"{one.price:f}", one.currency,
        ]  # fmt: skip


def _lead_times(standing: Mapping[int, Mapping[str, Any]]) -> dict[str, int]:
    """SKU -> days of its rows, the fewest where they differ: what is out of stock stays so for a quantity that is new."""
    found: dict[str, int] = {}
    for row in standing.values():
        code = str(row["product_code"] or "").split("/")
        if len(code) > 1:
            found[code[1]] = min(int(row["delay"]), found.get(code[1], int(row["delay"])))
    return found

"""The smallest order of an offer that was accepted (PO-4), as far as anybody asked for that: vendors' prices begin with it, not with the supplier's.

It is kept in Odoo beside the offer, because two operations need it: `set_vendor_terms` says it, `upsert_supplier_product` keeps to it.

    1  what was accepted before; an older decision is stale
    2  the vendor's rows of the offer, and those that should stand; SKUs without any get them with the offer
    3  remember it, change the rows, remember that they were changed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from connectors.kit.ports import Delivery, Difference, Outcome, Result
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.handling import done
from connectors.odoo.kept import ATTACHMENT, keep, packed, unpacked
from connectors.odoo.keys import xid
from connectors.odoo.money import number
from connectors.odoo.settings import OdooSettings
from connectors.odoo.supplier_preview import price_differences
from connectors.odoo.supplier_price_rows import PRICES, SupplierPriceRows
from connectors.odoo.supplier_prices import Changes, Least, PriceRow, changes_of, converted, has_ended, tiers_of
from connectors.odoo.supplier_products_plan import vendor_reference
from connectors.odoo.supplier_references import SupplierReferences
from connectors.odoo.supplier_variants import PRODUCT
from schemas.records import VendorTerms

QUANTITY = "quantity"
Rows = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """minimum: decimal text, "" = whatever the supplier says; done: the rows were changed."""

    version: int = 0
    delivery: str = ""
    minimum: str = ""
    done: bool = True

    @classmethod
    def read(cls, datas: str | bool | None) -> Accepted:
        """From an attachment's `datas`; what cannot be read counts as nothing accepted."""
        try:
            found = unpacked(datas)
            return cls(int(found["version"]), str(found["delivery"]), str(found["minimum"]), bool(found["done"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def datas(self) -> str:
        return packed({"version": self.version, "delivery": self.delivery, "minimum": self.minimum, "done": self.done})

    def least(self, offered: str) -> Least:
        """Where vendors' prices begin. `offered`: the supplier's own, "" = 1. Raises DataError."""
        if self.minimum:
            return Least(number(self.minimum, "minimum_quantity"), exactly=True)
        return Least(number(offered or "1", "minimum_quantity"))


class AcceptedQuantities:
    """By the offer's key. Every method raises ConnectorError."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module

    async def recalled(self, offer: str) -> Accepted:
        for found in (await find(self._odoo, [self._xid(offer)])).values():
            rows = await self._odoo.rows(ATTACHMENT, [["id", "=", found]], ["datas"])
            return Accepted.read(rows[0]["datas"] if rows else None)
        return Accepted()

    async def keep(self, offer: str, accepted: Accepted) -> None:
        await keep(self._odoo, self._xid(offer), f"causeway {offer}:{QUANTITY}", accepted.datas())

    def _xid(self, offer: str) -> str:
        return xid(self._module, "vendor_terms", f"{offer}:{QUANTITY}")


class SupplierQuantity:
    """See the module's first lines."""

    def __init__(
        self, odoo: Odoo, settings: OdooSettings, references: SupplierReferences, now: Callable[[], datetime]
    ) -> None:
        self._odoo, self._settings, self._now = odoo, settings.supplier_products, now
        self._references = references
        self._prices = SupplierPriceRows(odoo, settings, now)
        self._accepted = AcceptedQuantities(odoo, settings.module)

    async def written(self, delivery: Delivery) -> Outcome:
        """Raises ConnectorError."""
        terms, offer = _of(delivery)
        before = await self._accepted.recalled(offer)
        if before.version > delivery.version:
            return Outcome(Result.STALE, remote_model=PRICES)
        if before.done and before.delivery == delivery.id:
            return done([], PRICES, "")
        accepted = Accepted(delivery.version, delivery.id, terms["minimum_quantity"], done=False)
        vendor, changes, standing = await self._changes(terms, accepted)
        await self._accepted.keep(offer, accepted)
        did = await self._prices.write(offer, vendor, changes, standing)
        await self._accepted.keep(offer, replace(accepted, done=True))
        return done(did, PRICES, min(standing, default="") or "")

    async def previewed(self, delivery: Delivery) -> Sequence[Difference]:
        """Raises ConnectorError."""
        terms, offer = _of(delivery)
        before = await self._accepted.recalled(offer)
        if before.version > delivery.version or (before.done and before.delivery == delivery.id):
            return ()
        _, changes, standing = await self._changes(terms, Accepted(minimum=terms["minimum_quantity"]))
        return price_differences(changes, standing)

    async def _changes(self, terms: VendorTerms, accepted: Accepted) -> tuple[int, Changes, Rows]:
        """(vendor, what is to change, the rows that stand)."""
        vendor = await self._references.vendor_known(
            vendor_reference(terms["source"], terms["account"], terms["supplier"])
        )
        standing = await self._prices.standing(vendor, terms["offer_id"]) if vendor else {}
        wanted = await self._wanted(terms, accepted.least(terms["offered_minimum"]), standing)
        spared = {_sku(row) for row in standing.values()} - {one.sku for one in wanted}
        today = self._now().date()
        return vendor, changes_of(wanted, list(standing.values()), terms["offer_id"], today, spared), standing

    async def _wanted(self, terms: VendorTerms, least: Least, standing: Rows) -> list[PriceRow]:
        """The rows that should stand, of SKUs that have one that holds; those of an archived product stay as they are."""
        today = self._now().date()
        bases = {
            _sku(row): row for _, row in sorted(standing.items()) if row["product_id"] and not has_ended(row, today)
        }
        products = sorted({row["product_id"][0] for row in bases.values()})
        active = {row["id"] for row in await self._odoo.rows(PRODUCT, [["id", "in", products]], ["default_code"])}
        rows = []
        for sku in terms["skus"]:
            base = bases.get(sku["sku_id"])
            if base is None or base["product_id"][0] not in active:
                continue
            currency, tiers = tiers_of(sku["prices"], least, self._settings.prices, "skus.prices")
            if not tiers:
                continue
            exchange = await self._references.exchange(currency, [], make=False)
            for tier in tiers:
                price: Decimal = converted(tier.price, exchange.rate, exchange.digits)
                name = str(base["product_name"] or "")
                if price:
                    code, product = base["product_code"], base["product_id"][0]
                    rows.append(PriceRow(product, code, name, tier.quantity, price, exchange.currency))
        return rows


def _of(delivery: Delivery) -> tuple[VendorTerms, str]:
    """(the decision, the offer's key)."""
    return cast(VendorTerms, delivery.body), delivery.key.removesuffix(f":{QUANTITY}")


def _sku(row: Mapping[str, Any]) -> str:
    return str(row["product_code"]).split("/")[1]

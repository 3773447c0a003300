"""What a supplier's offer refers to in Odoo: its vendor, the currency with its rate, category and unit. Found by reference or name; the vendor is
made and the currency made active where the configuration says so.

A rate is never guessed: without one of the configuration or of Odoo, what has to be converted is held until there is one (Odoo itself would take
1 for 1 without a word).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.kit.errors import ConnectorError, DataError, MappingError
from connectors.kit.ports import Mappings
from connectors.kit.vendor_references import is_of
from connectors.odoo.client import Odoo
from connectors.odoo.keys import xid
from connectors.odoo.loading import CONTEXT, Cell, load
from connectors.odoo.purchase_vendors import PARTNER, same_vendors
from connectors.odoo.settings import OdooSettings
from connectors.odoo.supplier_products_plan import OfferPlan

CURRENCY = "res.currency"
PRICE, WEIGHT = ("product.supplierinfo", "price"), ("product.template", "weight")  # fields whose digits count
KIND = "product_category"  # of the cross-reference tables
ARCHIVED_TOO = {**CONTEXT, "active_test": False}
_VENDOR_CURRENCY = "property_purchase_currency_id"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The currency vendor prices are written in: id; rate into it from the supplier's (1 where it is the supplier's own); digits of prices."""

    currency: int
    rate: Decimal
    digits: int


@dataclass(frozen=True, slots=True)
class Home:
    """Where a new product belongs: ids, 0 = Odoo's default."""

    category: int
    unit: int


class SupplierReferences:
    """See the module's first lines. Every method raises ConnectorError."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, mappings: Mappings, now: Callable[[], datetime]) -> None:
        self._odoo, self._module, self._mappings, self._now = odoo, settings.module, mappings, now
        self._settings = settings.supplier_products
        self._company: tuple[int, str] = (0, "")
        self._digits: dict[tuple[str, str], int] = {}
        self._has_purchase: bool | None = None

    # ---- the vendor

    async def vendor(self, plan: OfferPlan, notes: list[str]) -> int:
        """Its id; 0 where it would be made. Notes a vendor whose orders would not be in the supplier's currency."""
        fields = [_VENDOR_CURRENCY] if self._settings.currency == "keep" and await self._buys_in_currencies() else []
        found = await same_vendors(self._odoo, plan.vendor, fields)
        if not found:
            if self._settings.vendors == "hold":
                raise MappingError(
                    f"no contact of Odoo has the reference {plan.vendor}; give it to the supplier's",
                    waiting_for=f"supplier:{plan.vendor}",
                )
            return 0
        currency = plan.variants[0].currency if plan.variants else ""
        if fields and currency and (found[0][_VENDOR_CURRENCY] or [0, ""])[1] != currency:
            notes.append(f"vendor_currency_not_{currency}")
        return int(found[0]["id"])

    async def make_vendor(self, plan: OfferPlan, currency: int) -> int:
        """`currency`: what is ordered in; 0 = the company's."""
        country = await self._odoo.rows("res.country", [["code", "=", "CN"]], ["code"], limit=1)
        row: dict[str, Cell] = {
            "id": xid(self._module, "supplier", *plan.vendor.split(":", 2)), "name": plan.vendor_name or plan.vendor,
            "ref": plan.vendor, "is_company": "1", "country_id/.id": country[0]["id"] if country else None,
        }  # fmt: skip
        if currency and await self._buys_in_currencies():
            row[f"{_VENDOR_CURRENCY}/.id"] = currency
        (made,) = await load(self._odoo, PARTNER, list(row), [[list(row.values())]])
        if isinstance(made, ConnectorError):
            raise made
        return made

    async def vendor_known(self, reference: str) -> int:
        """Its id, 0 where Odoo has none; an archived one too."""
        found = await same_vendors(self._odoo, reference, context=ARCHIVED_TOO)
        return int(found[0]["id"]) if found else 0

    async def vendor_exists(self, reference: str) -> bool:
        return bool(await same_vendors(self._odoo, reference))

    async def is_any_of(self, vendors: Collection[int], whose: str) -> bool:
        """Whether one of these contacts is a vendor of `PLATFORM:ACCOUNT`."""
        domain = [["id", "in", sorted(vendors)]]
        rows = await self._odoo.rows(PARTNER, domain, ["ref"], context=ARCHIVED_TOO)
        return any(is_of(str(row["ref"] or ""), whose) for row in rows)

    async def _buys_in_currencies(self) -> bool:
        """Whether a vendor can have a currency of its own: with the app Purchase."""
        if self._has_purchase is None:
            found = await self._odoo.ask(PARTNER, "fields_get", [_VENDOR_CURRENCY], ["type"])
            self._has_purchase = _VENDOR_CURRENCY in found
        return self._has_purchase

    # ---- money

    async def exchange(self, currency: str, notes: list[str], *, make: bool) -> Exchange:
        """What vendor prices of a supplier in this currency are written in. `make`: an inactive currency may be made active."""
        own, code = await self._own()
        digits = await self.digits(*PRICE)
        if self._settings.currency == "convert" and currency != code:
            return Exchange(own, await self._needed_rate(currency), digits)
        if currency == code:
            return Exchange(own, Decimal(1), digits)
        return Exchange(await self._active(currency, notes, make=make), Decimal(1), digits)

    async def cost_rate(self, currency: str) -> Decimal | None:
        """What one unit of it is in the company's currency, None where nobody has said."""
        _, code = await self._own()
        return Decimal(1) if currency == code else await self._rate(currency)

    async def currency_active(self, currency: str) -> bool:
        return bool(await self._odoo.rows(CURRENCY, [["name", "=", currency], ["active", "=", True]], ["name"]))

    async def digits(self, model: str, field: str) -> int:
        """Digits behind the point of that field. They are asked of the field: decimal.precision itself only administrators may read."""
        if (model, field) not in self._digits:
            found = await self._odoo.ask(model, "fields_get", [field], ["digits"])
            told = found.get(field, {}).get("digits")
            self._digits[model, field] = int(told[1]) if isinstance(told, list | tuple) and len(told) > 1 else 2
        return self._digits[model, field]

    async def _own(self) -> tuple[int, str]:
        if not self._company[0]:
            (company,) = await self._odoo.rows("res.company", [], ["currency_id"], limit=1)
            self._company = (int(company["currency_id"][0]), str(company["currency_id"][1]))
        return self._company

    async def _active(self, currency: str, notes: list[str], *, make: bool) -> int:
        domain: list[Any] = [["name", "=", currency]]
        found = await self._odoo.rows(CURRENCY, domain, ["active"], limit=1, context=ARCHIVED_TOO)
        if not found:
            raise DataError(f"prices: Odoo knows no currency {currency}")
        (row,) = found
        if row["active"]:
            return int(row["id"])
        if not self._settings.activate_currency:
            raise MappingError(
                f"the currency {currency} is not active in Odoo; activate it, or set "
                "CAUSEWAY_ODOO__SUPPLIER_PRODUCTS__CURRENCY=convert",
                waiting_for=f"currency:{currency}",
            )
        if make:
            await self._odoo.tell(CURRENCY, "write", [row["id"]], {"active": True}, context=CONTEXT)
        notes.append(f"currency_activated:{currency}")
        return int(row["id"])

    async def _needed_rate(self, currency: str) -> Decimal:
        rate = await self._rate(currency)
        if rate is None:
            day = self._now().date()
            raise MappingError(
                f"Odoo has no rate of {currency} on {day}, nor has CAUSEWAY_ODOO__SUPPLIER_PRODUCTS__RATES",
                waiting_for=f"rate:{currency}:{day}",
            )
        return rate

    async def _rate(self, currency: str) -> Decimal | None:
        if currency in self._settings.rates:
            return self._settings.rates[currency]
        domain = [["currency_id.name", "=", currency], ["name", "<=", self._now().date().isoformat()]]
        found = await self._odoo.rows("res.currency.rate", domain, ["company_rate"], order="name desc", limit=1)
        if not found or not found[0]["company_rate"]:
            return None
        return 1 / Decimal(repr(found[0]["company_rate"]))

    # ---- where it belongs

    async def home(self, plan: OfferPlan, notes: list[str]) -> Home:
        """Notes what has no place of its own."""
        return Home(await self._category(plan, notes), await self._unit(plan, notes))

    async def _category(self, plan: OfferPlan, notes: list[str]) -> int:
        table = self._settings.categories
        mapped = self._mappings.lookup(KIND, plan.source, plan.account, plan.category_id) if plan.category_id else None
        name = mapped or table.get(plan.category_id) or table.get(plan.category_name) or ""
        if not name:
            notes.append(f"category_unmapped:{plan.category_id or 'none'}")
        for one, is_default in ((name, False), (self._settings.default_category, True)):
            found = await self._named("product.category", "complete_name", one) if one else 0
            if found:
                return found
            if one:
                notes.append("default_category_missing" if is_default else f"category_missing:{plan.category_id}")
        return 0

    async def _unit(self, plan: OfferPlan, notes: list[str]) -> int:
        name = self._settings.unit_of(plan.unit)
        if not name:
            notes.append(f"unit_unknown:{plan.unit or 'none'}")
            return 0
        found = await self._named("uom.uom", "name", name)
        if not found:
            notes.append(f"unit_missing:{name}")
        return found

    async def _named(self, model: str, field: str, name: str) -> int:
        found: Sequence[Any] = await self._odoo.rows(model, [[field, "=", name]], [field], limit=1, context=CONTEXT)
        return int(found[0]["id"]) if found else 0

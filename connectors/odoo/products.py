"""Which product a marketplace line is (ORD-9): by SKU, then by the cross-reference table, then by barcode or the marketplace's own item id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from connectors.kit.errors import ConnectorError, MappingError, TransientError
from connectors.kit.ports import Mappings
from connectors.odoo.client import Odoo
from connectors.odoo.keys import xid
from connectors.odoo.kits import make_kit
from connectors.odoo.loading import Cell, load
from connectors.odoo.plan import Goods, OrderPlan, Service
from connectors.odoo.products_made import COLUMNS, asked_for, cells, company_currency, ensure_mark
from connectors.odoo.settings import OdooSettings

KEEP = timedelta(minutes=1)
_SERVICE_NAMES = {
    Service.SHIPPING: "Marketplace shipping",
    Service.DISCOUNT: "Marketplace discount",
    Service.FEE: "Marketplace fee",
    Service.TAX: "Marketplace tax",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product as one account of a marketplace names it."""

    source: str
    account: str
    goods: Goods

    @property
    def waiting_for(self) -> str:
        return f"sku:{self.source}:{self.account}:{self.goods.sku}"


class Products:
    """Finds products; remembers found ones for a minute, so a catalogue that changes is seen soon."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, mappings: Mappings, now: Callable[[], datetime]) -> None:
        self._odoo, self._settings, self._mappings, self._now = odoo, settings, mappings, now
        self._found: dict[Wanted, tuple[int, datetime]] = {}
        self._refused: dict[Wanted, ConnectorError] = {}
        self._services: dict[Service, int] = {}

    async def prepare(self, plans: Iterable[OrderPlan]) -> None:
        """Find the products of these plans, and make missing ones where configured."""
        plans = list(plans)
        wanted = {
            Wanted(plan.source, plan.account, line.item)
            for plan in plans
            for line in plan.lines
            if isinstance(line.item, Goods)
        }
        await self.find(wanted)
        self._refused.clear()
        kits = [one for one in wanted if one.goods.components and one not in self._found]
        missing = [one for one in wanted if one not in self._found and not one.goods.components]
        kits = kits if self._settings.unknown_bundle == "create" else []
        missing = missing if self._settings.unknown_sku == "create" else []
        prices = asked_for(plans, await company_currency(self._odoo)) if kits or missing else {}
        for one in kits:
            await self._make_kit(one, prices.get(one.goods))
        if missing:
            await self._make(missing, prices)

    def product(self, plan: OrderPlan, item: Goods | Service) -> int:
        """Its id. Raises MappingError for a SKU nobody knows, TransientError for what another batch made us forget."""
        if isinstance(item, Service):
            if item not in self._services:
                raise TransientError(f"the product of {item} charges is looked up again")
            return self._services[item]
        wanted = Wanted(plan.source, plan.account, item)
        if error := self._refused.get(wanted):
            raise error
        if wanted not in self._found:
            raise MappingError(f"SKU {item.sku!r}: no product of Odoo belongs to it", waiting_for=wanted.waiting_for)
        return self._found[wanted][0]

    def known(self, wanted: Wanted) -> int:
        """Its id as `find` has found it, 0 when it has not."""
        return self._found[wanted][0] if wanted in self._found else 0

    def services(self) -> frozenset[int]:
        """The service products' ids."""
        return frozenset(self._services.values())

    def forget(self) -> None:
        """Look everything up again: something remembered turned out to be gone."""
        self._found.clear()
        self._services.clear()

    async def find(self, wanted: Iterable[Wanted]) -> set[Wanted]:
        """Those of them that exist in Odoo now."""
        wanted = set(wanted)
        fresh = self._now() - KEEP
        self._found = {one: entry for one, entry in self._found.items() if entry[1] > fresh}
        unknown = [one for one in wanted if one not in self._found]
        codes = await self._by("default_code", {word for one in unknown for word in self._codes(one)})
        self._remember(unknown, codes, self._codes)
        unknown = [one for one in unknown if one not in self._found]
        barcodes = await self._by("barcode", {word for one in unknown for word in self._barcodes(one)})
        self._remember(unknown, barcodes, self._barcodes)
        return {one for one in wanted if one in self._found}

    async def ensure_services(self) -> None:
        """The service products that charges are booked on; made when absent. Raises ForbiddenError when that is not allowed."""
        codes = {service: getattr(self._settings, f"{service}_product") for service in Service}
        if self._services.keys() == codes.keys():
            return
        found = await self._by("default_code", set(codes.values()))
        missing = [service for service in Service if codes[service] not in found]
        columns = ["id", "default_code", "name", "type", "list_price", "invoice_policy", "taxes_id/.id"]
        rows = [
            [[xid(self._settings.module, "service", service), codes[service], _SERVICE_NAMES[service], "service", 0, "order", None]]
            for service in missing
        ]  # fmt: skip
        made = dict(zip(missing, await load(self._odoo, "product.product", columns, rows), strict=True))
        for service, code in codes.items():
            one = found.get(code) or made[service]
            if isinstance(one, ConnectorError):
                raise one
            self._services[service] = one

    def _codes(self, one: Wanted) -> Sequence[str]:
        externals = [word for word in (one.goods.sku, one.goods.item_id) if word]
        mapped = [self._mappings.lookup("sku", one.source, one.account, external) for external in externals]
        return [word for word in (one.goods.sku, *mapped) if word]

    @staticmethod
    def _barcodes(one: Wanted) -> Sequence[str]:
        return [word for word in (one.goods.barcode, one.goods.item_id) if word]

    async def _by(self, field: str, words: set[str]) -> dict[str, int]:
        """Nothing keeps two products from having one internal reference: the oldest wins, always the same one."""
        if not words:
            return {}
        found: dict[str, int] = {}
        for row in await self._odoo.rows("product.product", [[field, "in", sorted(words)]], [field]):
            found.setdefault(row[field], row["id"])
        return found

    def _remember(
        self, wanted: Iterable[Wanted], found: dict[str, int], words: Callable[[Wanted], Sequence[str]]
    ) -> None:
        for one in wanted:
            for word in words(one):
                if word in found and one not in self._found:
                    self._found[one] = (found[word], self._now())

    async def _make_kit(self, kit: Wanted, price: Decimal | None) -> None:
        """A bundle nobody knows, of parts that are known. What keeps it from being made is told when the product is asked for."""
        parts = {sku: Wanted(kit.source, kit.account, Goods(sku, "", "", "")) for sku, _ in kit.goods.components}
        await self.find(parts.values())
        missing = [one for one in parts.values() if one not in self._found]
        try:
            if missing:
                sku = missing[0].goods.sku
                text = f"SKU {kit.goods.sku!r} is a bundle, and no product of Odoo belongs to its part {sku!r}"
                raise MappingError(text, waiting_for=missing[0].waiting_for)
            products = {sku: self._found[one][0] for sku, one in parts.items()}
            own = dict(zip(COLUMNS, cells(price, await ensure_mark(self._odoo, self._settings.module)), strict=True))
            made = await make_kit(self._odoo, self._settings.module, kit.goods, products, own)
            self._found[kit] = (made, self._now())
        except ConnectorError as error:
            self._refused[kit] = error

    async def _make(self, missing: Sequence[Wanted], prices: Mapping[Goods, Decimal]) -> None:
        """unknown_sku=create. Two accounts naming one SKU make one product: its external id holds the SKU alone."""
        module = self._settings.module
        mark = await ensure_mark(self._odoo, module)
        columns = ["id", "default_code", "name", "type", "is_storable", *COLUMNS]
        rows: list[list[list[Cell]]] = []
        for one in missing:
            goods = one.goods
            own = [xid(module, "product", goods.sku), goods.sku, goods.title or goods.sku, "consu", "1"]
            rows.append([[*own, *cells(prices.get(goods), mark)]])
        for one, made in zip(missing, await load(self._odoo, "product.product", columns, rows), strict=True):
            if isinstance(made, ConnectorError):
                self._refused[one] = made
            else:
                self._found[one] = (made, self._now())

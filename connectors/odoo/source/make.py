"""Puts the source of a flow together. Nothing is asked of Odoo here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from connectors.kit.ports import Deps, Source
from connectors.odoo.capture_settings import CaptureSettings
from connectors.odoo.client import Odoo
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.capture import OdooCapture, Parts
from connectors.odoo.source.catalogue import Catalogue
from connectors.odoo.source.deleted_lines import DeletedLines
from connectors.odoo.source.entities import Entities
from connectors.odoo.source.journal import Journal
from connectors.odoo.source.kits import Kits, Units
from connectors.odoo.source.links import EXTRA, OTHER, SHIPPING, TAX, Links
from connectors.odoo.source.models import Models
from connectors.odoo.source.orders import OrderReader
from connectors.odoo.source.pickings import PickingReader
from connectors.odoo.source.prices import PriceReader
from connectors.odoo.source.products import ProductReader
from connectors.odoo.source.purchases import PartnerReader, PurchaseReader
from connectors.odoo.source.readers import Reader
from connectors.odoo.source.refunds import RefundReader
from connectors.odoo.source.stock import StockReader
from connectors.odoo.source.watches import PLANS
from schemas.topics import RAW

ACCOUNT = "main"
PARTNERS = "partners"
_SOON, _LATER = timedelta(seconds=5), timedelta(seconds=30)
FLOWS = {name: _SOON if name in ("stock", "sale_orders", "pickings") else _LATER for name in PLANS}


def flows_for(settings: OdooSettings) -> Mapping[str, timedelta]:
    """Those that are switched on: none without a mode of capture, partners only on request."""
    capture = settings.capture
    if capture.mode == "off":
        return {}
    return {name: interval for name, interval in FLOWS.items() if name != PARTNERS or capture.partners}


def resync_reach(settings: OdooSettings, flow: str) -> tuple[timedelta, str] | None:
    """Documents have a date and are many, so a resync goes back as far as a first poll would. Products are read whole, all of them."""
    if flow not in PLANS or PLANS[flow].products:
        return None
    return timedelta(days=settings.capture.start_days_back), "CAUSEWAY_ODOO__CAPTURE__START_DAYS_BACK"


def make_source(settings: OdooSettings, account: str, flow: str, deps: Deps) -> Source:
    """Raises ValueError for an unknown flow or a database of another environment."""
    if flow not in PLANS:
        raise ValueError(f"odoo has no flow {flow!r}; it has {', '.join(PLANS)}")
    capture = settings.capture
    settings.check_environment(deps.environment)
    odoo = Odoo(settings.model_copy(update={"workers": 1}))  # one flow asks one thing at a time
    models = Models(odoo)
    units = Units(models)
    kits = Kits(models, units)
    entities = Entities(models, kits)
    plan = PLANS[flow]
    catalogue = Catalogue(models, capture.products_wanted) if plan.products else None
    journal = Journal(flow, plan, models, entities, capture.page_rows) if capture.mode == "outbox" else None
    links = Links(odoo, settings.module)
    reader = _reader(settings, flow, models, catalogue, kits, units, links, deps)
    known = partial(deps.known, RAW["odoo"][plan.entity])
    deleted = reader.deleted if isinstance(reader, PurchaseReader) else None
    parts = Parts(plan, odoo, models, entities, reader, catalogue, journal, known, deleted)
    return OdooCapture(capture, account, flow, parts, deps.now)


def _reader(
    settings: OdooSettings, flow: str, models: Models, catalogue: Catalogue | None, kits: Kits, units: Units, links: Links, deps: Deps
) -> Reader:  # fmt: skip
    capture: CaptureSettings = settings.capture
    match flow, catalogue:
        case "sale_orders", None:
            return OrderReader(models, links, capture, DeletedLines(models, links, settings.module))
        case "pickings", None:
            return PickingReader(models, links, kits, units)
        case "refunds", None:
            return RefundReader(models, links, services_of(settings))
        case "purchase_orders", None:
            return PurchaseReader(models, capture.purchases_deleted_at_most)
        case "partners", None:
            return PartnerReader(models)
        case "stock", Catalogue():
            apart = settings.warehouses_apart()
            return StockReader(
                models, catalogue, kits, units, links, moves_days=capture.moves_days, now=deps.now, apart=apart
            )
        case "products", Catalogue():
            return ProductReader(models, catalogue, capture)
        case "prices", Catalogue():
            return PriceReader(models, catalogue, capture, settings.module)
    raise ValueError(f"odoo has no flow {flow!r}")


def services_of(settings: OdooSettings) -> dict[str, str]:
    """Internal references of the products charges are booked on -> what they are."""
    return {
        settings.shipping_product: SHIPPING,
        settings.tax_product: TAX,
        settings.discount_product: OTHER,
        settings.fee_product: EXTRA,
    }

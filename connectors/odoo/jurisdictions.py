"""Which tax record a marketplace's tax belongs to: one for each jurisdiction, name and collector (ORD-6, ORD-11). Pure."""

from __future__ import annotations

from decimal import Decimal

from connectors.odoo.keys import hidden_xid
from connectors.odoo.plan import TaxPlan
from schemas.records import Order, Tax

MARKETPLACE = "marketplace"
SELLER = "seller"


def plan_tax(tax: Tax, order: Order, module: str, rate: Decimal | None = None) -> TaxPlan:
    """The record. Where the source does not say whose tax it is, the state it was delivered to stands in for the jurisdiction."""
    collector = collector_of(tax, order)
    place = tax["code"] or ("" if tax["jurisdiction"] else _place(order))
    named = tax["name"] or tax["jurisdiction"] or "Tax"
    label = named if not place or place.lower() in named.lower() else f"{named} {place}"
    percent = "" if rate is None else f" {rate.normalize():f} %"
    identity = (order["source"], tax["jurisdiction"], label, collector, percent)
    name = f"{label}{percent} ({order['source']}, {tax['jurisdiction'] or 'any'}, collected by {collector})"
    return TaxPlan(hidden_xid(module, "tax", identity), name, label, collector, rate)


def collector_of(tax: Tax, order: Order) -> str:
    """Who pays it to the authority. Unstated counts as the seller: better a tax looked at twice than one nobody pays."""
    said = tax["collected_by"] or order["tax_collection"]
    return MARKETPLACE if said == MARKETPLACE else SELLER


def _place(order: Order) -> str:
    address = order["ship_to"]
    return "-".join(part for part in (address["country"], address["state"]) if part)

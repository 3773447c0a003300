"""How far each flow of each account is switched on (OPS-7): off, shadow, on; and for which products while it is tried (pilot). Pure.

A new account is in shadow with every flow: it is read, everything is worked out, nothing is written; `causeway shadow diff` shows what
would be. Read-only, one-way and both ways are what one gets by switching flows on one after the other.

    off       nothing follows; counted as excluded
    shadow    what would be delivered is kept on `shadow.<destination>`, newest of each key and operation
    on        delivered; with a pilot scope only what lies in it, the rest stays in shadow
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from pydantic import Field

from connectors.kit.settings import Part
from schemas.topics import EDGE, SUPPLIERS
from streams.settings_patterns import Pattern
from streams.settings_places import instead

T = TypeVar("T")


class Phase(StrEnum):
    """How far a flow is switched on."""

    OFF = "off"
    SHADOW = "shadow"
    ON = "on"


class Flow(StrEnum):
    """What can be switched, each by the writes it does."""

    ORDERS = "orders"  # marketplace -> Odoo: sale orders
    ACKNOWLEDGEMENTS = "acknowledgements"  # Odoo -> marketplace
    SHIPMENTS = "shipments"  # Odoo -> marketplace
    CANCELLATIONS = "cancellations"  # Odoo -> marketplace, and what takes one back in Odoo
    REFUNDS = "refunds"  # Odoo -> marketplace
    RETURNS = "returns"  # marketplace -> Odoo: return pickings, credit notes
    STOCK = "stock"  # Odoo -> marketplace
    PRICES = "prices"  # Odoo -> marketplace
    PRODUCTS = "products"  # Odoo -> marketplace: listings
    CATALOGUE = "catalogue"  # marketplace -> Odoo: products
    SETTLEMENTS = "settlements"  # marketplace -> Odoo: journal entries
    PURCHASES = "purchases"  # Odoo -> supplier's platform: purchase orders, and what became of each back to Odoo
    SUPPLIER_ORDERS = "supplier_orders"  # supplier's platform -> Odoo: how far purchase orders are, and their parcels
    SUPPLIER_PRODUCTS = "supplier_products"  # supplier's platform -> Odoo: products and vendors' prices
    SUPPLIER_TERMS = (
        "supplier_terms"  # supplier's platform -> Odoo: vendors' lead times and smallest orders, once approved
    )
    PACKING = "packing"  # packing stations -> Odoo: what was packed of a transfer, and its weight


ALL = "all"
SUPPLIER_FLOWS = (Flow.PURCHASES, Flow.SUPPLIER_ORDERS, Flow.SUPPLIER_PRODUCTS, Flow.SUPPLIER_TERMS)
EDGE_FLOWS = (Flow.PACKING,)
MARKETPLACE_FLOWS = tuple(flow for flow in Flow if flow not in (*SUPPLIER_FLOWS, *EDGE_FLOWS))

# Marketplace or supplier's platform -> account -> flow or `all` -> phase.
Phases = Mapping[str, Mapping[str, Mapping[str, Phase]]]


class Pilot(Part):
    """What a flow that is on is kept to while it is tried. Empty = everything."""

    skus: Pattern = Field("", description="regular expression of SKUs, matched from their beginning")
    categories: tuple[str, ...] = Field(
        (), description="complete names of categories in Odoo; their sub-categories belong to them"
    )

    @property
    def is_everything(self) -> bool:
        """Nothing is left out."""
        return not (self.skus or self.categories)

    def covers(self, skus: Iterable[str], category: str) -> bool:
        """Whether a record about these SKUs (all of them) and of this category lies in it. A record that is about no product does."""
        names = [sku for sku in skus if sku]
        if self.skus and not all(re.match(self.skus, sku) for sku in names):
            return False
        if not self.categories or not category:
            return True
        return any(category == name or category.startswith(f"{name} / ") for name in self.categories)


def flow_name(name: str) -> str:
    """Raises ValueError for a flow that does not exist."""
    known = [*(flow.value for flow in Flow), ALL]
    if name not in known:
        raise ValueError(f"there is no flow {name!r}{instead(name, known)}")
    return name


def flows_of(partner: str) -> tuple[Flow, ...]:
    """What an account there can be switched for: a marketplace is sold through, a supplier's platform is bought through, a station packs."""
    if partner == EDGE:
        return EDGE_FLOWS
    return SUPPLIER_FLOWS if partner in SUPPLIERS else MARKETPLACE_FLOWS


def without_case(accounts: Mapping[str, Mapping[str, T]]) -> dict[str, dict[str, T]]:
    """Marketplaces and accounts in small letters, as the accounts themselves are named. Raises ValueError for two that differ in case only."""
    made: dict[str, dict[str, T]] = {}
    for marketplace, parts in accounts.items():
        own = made.setdefault(marketplace.lower(), {})
        for account, part in parts.items():
            if account.lower() in own:
                raise ValueError(f"{marketplace}, {account}: two names differ in letter case only")
            own[account.lower()] = part
    return made


def phase_of(phases: Phases, source: str, account: str, flow: Flow) -> Phase:
    """The flow's own phase, else the account's `all`, else shadow."""
    flows = phases.get(source, {}).get(account.lower(), {})
    return flows.get(flow.value, flows.get(ALL, Phase.SHADOW))

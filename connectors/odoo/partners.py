"""Customers and their addresses, each once (ORD-7).

A customer is looked for by e-mail in any case, whoever made them; only an unknown one is made, under an external id that is a hash of the e-mail,
so two orders of one new customer, in one batch or in two processes, make one partner. Addresses are children with an external id that
is a hash of customer and address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.kit.errors import ConnectorError
from connectors.odoo.client import Odoo
from connectors.odoo.loading import Cell, Loaded, load
from connectors.odoo.plan import AddressPlan, CustomerPlan, PostalAddress
from connectors.odoo.references import Region, Resolved

_ADDRESS = ("street", "street2", "city", "zip", "state_id/.id", "country_id/.id")
_CUSTOMER = ("id", "name", "email", "phone", "company_name", *_ADDRESS)
_CHILD = ("id", "parent_id/.id", "type", "name", "phone", "company_name", *_ADDRESS)


@dataclass(frozen=True, slots=True)
class Parties:
    """Database ids of who an order is for."""

    customer: int
    delivery: int
    invoice: int


async def ensure_parties(odoo: Odoo, orders: Sequence[Resolved]) -> list[Parties | ConnectorError]:
    """For each order its partners. Raises ConnectorError for what concerns all of them."""
    customers = await _customers(odoo, orders)
    children: dict[str, tuple[AddressPlan, Region, int]] = {}
    for order in orders:
        customer = customers[order.plan.customer.xid]
        for plan, region in ((order.plan.delivery, order.delivery), (order.plan.invoice, order.invoice)):
            if plan and region and isinstance(customer, int):
                children[plan.xid] = (plan, region, customer)
    rows = [[_child(plan, region, customer)] for plan, region, customer in children.values()]
    addresses = dict(zip(children, await load(odoo, "res.partner", _CHILD, rows), strict=True))
    return [_parties(order, customers, addresses) for order in orders]


def _parties(order: Resolved, customers: dict[str, Loaded], addresses: dict[str, Loaded]) -> Parties | ConnectorError:
    customer = customers[order.plan.customer.xid]
    if isinstance(customer, ConnectorError):
        return customer
    delivery = addresses[order.plan.delivery.xid]
    invoice = addresses[order.plan.invoice.xid] if order.plan.invoice else customer
    for one in (delivery, invoice):
        if isinstance(one, ConnectorError):
            return one
    assert isinstance(delivery, int)
    assert isinstance(invoice, int)
    return Parties(customer, delivery, invoice)


async def _customers(odoo: Odoo, orders: Sequence[Resolved]) -> dict[str, Loaded]:
    """Customer's external id -> database id or error."""
    wanted = {order.plan.customer.xid: order for order in orders}
    known = await _by_email(odoo, {order.plan.customer.email for order in orders} - {""})
    found: dict[str, Loaded] = {}
    new: list[Resolved] = []
    for key, order in wanted.items():
        if order.plan.customer.email in known:
            found[key] = known[order.plan.customer.email]
        else:
            new.append(order)
    rows = [[_customer(order.plan.customer, order.customer)] for order in new]
    made = await load(odoo, "res.partner", _CUSTOMER, rows)
    found.update({order.plan.customer.xid: one for order, one in zip(new, made, strict=True)})
    return found


async def _by_email(odoo: Odoo, emails: set[str]) -> dict[str, int]:
    """Of several partners with one e-mail the topmost, then the oldest. `email_normalized` is Odoo's own lower-case form, stored."""
    if not emails:
        return {}
    domain = [["email_normalized", "in", sorted(emails)]]
    rows = await odoo.rows("res.partner", domain, ["email_normalized", "parent_id"])
    found: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: (bool(row["parent_id"]), row["id"])):
        found.setdefault(row["email_normalized"], row["id"])
    return found


def _customer(customer: CustomerPlan, region: Region) -> list[Cell]:
    first: list[Cell] = [customer.xid, customer.name, customer.email or None, customer.phone or None]
    return [*first, customer.company or None, *_cells(customer.address, region)]


def _child(plan: AddressPlan, region: Region, parent: int) -> list[Cell]:
    address = plan.address
    first: list[Cell] = [plan.xid, parent, plan.kind, address.name or None, address.phone or None]
    return [*first, address.company or None, *_cells(address, region)]


def _cells(address: PostalAddress, region: Region) -> list[Cell]:
    texts: list[Cell] = [text or None for text in (address.street, address.street2, address.city, address.zip)]
    return [*texts, region.state, region.country]

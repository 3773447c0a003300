"""Customers and their addresses, each once (ORD-7).

A customer is looked for by e-mail in any case, whoever made them; only an unknown one is made, under an external id that is a hash of the e-mail,
so two orders of one new customer, in one batch or in two processes, make one partner. Addresses are children with an external id that
is a hash of customer and address.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.kit.errors import ConnectorError
from connectors.odoo.client import Odoo
from connectors.odoo.loading import CONTEXT, Cell, Loaded, load
from connectors.odoo.plan import PostalAddress
from connectors.odoo.references import Region, Resolved

_PLACE = ("street", "street2", "city", "zip", "state_id/.id", "country_id/.id")
_CHILD = ("id", "type", "name", "phone", "company_name", *_PLACE)
_CUSTOMER = ("id", "name", "email", "phone", "company_name", *_PLACE, *(f"child_ids/{name}" for name in _CHILD))


@dataclass(frozen=True, slots=True)
class Parties:
    """Database ids of who an order is for."""

    customer: int
    delivery: int
    invoice: int


async def ensure_parties(odoo: Odoo, orders: Sequence[Resolved]) -> list[Parties | ConnectorError]:
    """For each order its partners. Raises ConnectorError for what concerns all of them."""
    customers = await _customers(odoo, orders)
    owners: dict[str, int] = {}
    rows: dict[str, list[Cell]] = {}
    for order in orders:
        customer = customers[order.plan.customer.xid]
        if isinstance(customer, int):
            for key, cells in _children(order):
                owners[key], rows[key] = customer, cells
    loaded = await load(odoo, "res.partner", _CHILD, [[cells] for cells in rows.values()])
    addresses = dict(zip(rows, loaded, strict=True))
    await _adopt(odoo, {one: owners[key] for key, one in addresses.items() if isinstance(one, int)})
    return [_parties(order, customers, addresses) for order in orders]


async def _adopt(odoo: Odoo, owners: dict[int, int]) -> None:
    """Give addresses without a customer theirs.

    New customers come with their addresses. An address of a known one is made alone and then attached, because loading it with its parent
    reads fields that only users of Invoicing may read (Odoo 18, `res.partner._load_records_create`).
    """
    if not owners:
        return
    alone: dict[int, list[int]] = defaultdict(list)
    for row in await odoo.ask("res.partner", "read", sorted(owners), fields=["parent_id"]):
        if not row["parent_id"]:
            alone[owners[row["id"]]].append(row["id"])
    for customer, addresses in alone.items():
        await odoo.tell("res.partner", "write", addresses, {"parent_id": customer}, context=CONTEXT)


def _parties(order: Resolved, customers: dict[str, Loaded], addresses: dict[str, Loaded]) -> Parties | ConnectorError:
    customer = customers[order.plan.customer.xid]
    if isinstance(customer, ConnectorError):
        return customer
    delivery = addresses[order.plan.delivery.xid]
    invoice = addresses[order.plan.invoice.xid] if order.plan.invoice else customer
    if isinstance(delivery, ConnectorError):
        return delivery
    if isinstance(invoice, ConnectorError):
        return invoice
    return Parties(customer, delivery, invoice)


async def _customers(odoo: Odoo, orders: Sequence[Resolved]) -> dict[str, Loaded]:
    """Customer's external id -> database id or error. New ones are made with the addresses of all their orders."""
    known = await _by_email(odoo, {order.plan.customer.email for order in orders} - {""})
    found: dict[str, Loaded] = {}
    new: dict[str, list[Resolved]] = defaultdict(list)
    for order in orders:
        customer = order.plan.customer
        if customer.email in known:
            found[customer.xid] = known[customer.email]
        else:
            new[customer.xid].append(order)
    made = await load(odoo, "res.partner", _CUSTOMER, [_family(one) for one in new.values()])
    found.update(zip(new, made, strict=True))
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


def _family(orders: Sequence[Resolved]) -> list[list[Cell]]:
    """A new customer's row with the first address, then one row for each further address."""
    customer, region = orders[0].plan.customer, orders[0].customer
    row: list[Cell] = [
        customer.xid,
        customer.name,
        customer.email or None,
        customer.phone or None,
        customer.company or None,
    ]
    row += _place(customer.address, region)
    empty: list[Cell] = [None] * len(row)
    children = dict(child for order in orders for child in _children(order))
    return [[*(empty if position else row), *cells] for position, cells in enumerate(children.values())]


def _children(order: Resolved) -> Iterator[tuple[str, list[Cell]]]:
    """(external id, cells) of the order's addresses."""
    plan = order.plan
    for one, region in ((plan.delivery, order.delivery), (plan.invoice, order.invoice)):
        if one and region:
            address = one.address
            row: list[Cell] = [one.xid, one.kind, address.name or None, address.phone or None, address.company or None]
            yield one.xid, [*row, *_place(address, region)]


def _place(address: PostalAddress, region: Region) -> list[Cell]:
    texts: list[Cell] = [text or None for text in (address.street, address.street2, address.city, address.zip)]
    return [*texts, region.state, region.country]

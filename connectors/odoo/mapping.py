"""A canonical order -> what is to stand in Odoo. Pure: no IO, no clock; database ids come later (`references`).

Walk: is it for this database at all (TEST-4), and can it be shipped (ORD-12)? -> customer and addresses (ORD-7, ORD-12) -> lines -> does the
sum come to the total (ORD-6)?
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from html import escape

from connectors.kit.errors import DataError, RuleError
from connectors.kit.shipping_check import is_to_be_shipped, standing_problems
from connectors.odoo.addresses import check_shippable, postal
from connectors.odoo.charges import difference, lines_of
from connectors.odoo.keys import hidden_xid, xid
from connectors.odoo.money import amount_of
from connectors.odoo.plan import AddressPlan, CustomerPlan, OrderPlan, PostalAddress
from connectors.odoo.settings import OdooSettings, Stage
from schemas.records import Order


@dataclass(frozen=True, slots=True)
class Rules:
    """What of the configuration decides how an order is mapped. `production`: test orders are refused."""

    settings: OdooSettings
    production: bool

    @property
    def id_key(self) -> bytes:
        return self.settings.id_key.get_secret_value().encode()


def plan_order(order: Order, rules: Rules) -> OrderPlan:
    """The plan. Raises DataError for an order that is wrong in itself, RuleError for one that must not be written."""
    settings = rules.settings
    _admit(order, rules)
    stage = settings.stage_of(order["status"])
    order_xid = xid(settings.module, "order", order["key"])
    customer = _customer(order, rules)
    delivery = _address(order, rules, customer, "delivery")
    if is_to_be_shipped(order) and settings.address_check == "strict":
        check_shippable(delivery.address)
    lines = lines_of(order, order_xid, settings.module, native_rates=settings.native_rates)
    if stage is not Stage.CANCELLED:
        _no_debt(order)
    if stage is not Stage.CANCELLED and (gap := difference(order, lines)):
        raise DataError(
            f"amounts: the marketplace's total is {gap:+f} {order['currency']} off the sum of its lines, charges and taxes"
        )
    return OrderPlan(
        xid=order_xid,
        key=order["key"],
        source=order["source"],
        account=order["account"],
        origin=order["order_id"],
        reference=order["customer_order_id"] or order["order_id"],
        ordered_at=order["ordered_at"],
        promised_at=order["ship_by"] or order["deliver_by"],
        currency=order["currency"],
        total=amount_of(order["total"], order["currency"], "total"),
        stage=stage,
        customer=customer,
        delivery=delivery,
        invoice=_address(order, rules, customer, "invoice") if order["bill_to"] else None,
        lines=lines,
        note=note_of(order, settings),
        shipping_level=order["shipping_level"],
        marketplace_ships=order["fulfilment"] == "marketplace",
        exempt=order["tax_exempt"],
        version=order["version"],
    )


def _admit(order: Order, rules: Rules) -> None:
    if order["test"] and rules.production:
        raise RuleError("a test order never reaches a production Odoo (TEST-4)")
    if not order["lines"]:
        raise DataError("lines: the order has none")
    ids = [line["line_id"] for line in order["lines"]]
    if len(set(ids)) != len(ids):
        raise DataError("lines: two have the same line_id")
    if problems := standing_problems(order):
        raise DataError("; ".join(problems), code="SHIPPING")
    apart = rules.settings.marketplace_warehouse_of(order["source"], order["account"])
    if order["fulfilment"] == "marketplace" and not apart:
        raise RuleError(
            f"fulfilled by the marketplace: name the warehouse that stands for its stock, {order['source']} in "
            "CAUSEWAY_ODOO__MARKETPLACE_WAREHOUSES, or CAUSEWAY_ODOO__MARKETPLACE_WAREHOUSE for all marketplaces"
        )


def _no_debt(order: Order) -> None:
    """Nobody is paid for buying; 0 is a free replacement."""
    total = amount_of(order["total"], order["currency"], "total")
    if total < 0:
        raise DataError(f"total: {total:f} {order['currency']} is below 0")


def _customer(order: Order, rules: Rules) -> CustomerPlan:
    """ORD-7: known by e-mail, else one for this order alone."""
    buyer, module = order["buyer"], rules.settings.module
    email = buyer["email"].strip().lower()
    name = " ".join((buyer["name"] or order["ship_to"]["name"]).split())
    name = name or f"{order['source']} customer {order['customer_order_id'] or order['order_id']}"
    identity = ("email", email) if email else ("order", order["key"])
    return CustomerPlan(
        xid=hidden_xid(module, "customer", identity, rules.id_key),
        name=name,
        email=email,
        phone=buyer["phone"] or order["ship_to"]["phone"],
        company=buyer["company"],
        address=postal(order["bill_to"] or order["ship_to"], name),
    )


def _address(order: Order, rules: Rules, customer: CustomerPlan, kind: str) -> AddressPlan:
    given = order["bill_to"] if kind == "invoice" and order["bill_to"] else order["ship_to"]
    address = postal(given, customer.name)
    identity = (customer.xid, kind, *(part.casefold() for part in _parts(address)))
    return AddressPlan(hidden_xid(rules.settings.module, "address", identity, rules.id_key), kind, address)


def _parts(address: PostalAddress) -> tuple[str, ...]:
    return tuple(str(part) for part in astuple(address))


def note_of(order: Order, settings: OdooSettings) -> str:
    """The order's note as HTML: gift message, buyer's note, the business buyer's order number, as far as wanted."""
    parts: list[tuple[str, str]] = []
    if "gift" in settings.notes:
        parts.append(("Gift message", order["gift_message"]))
        parts.extend((f"Gift message ({line['sku']})", line["gift_message"]) for line in order["lines"])
        if order["gift"]:
            parts.append(("Gift", "no prices on the packing slip"))
    if "buyer" in settings.notes:
        parts.append(("Buyer's note", order["buyer_note"]))
    if "purchase_order" in settings.notes:
        parts.append(("Purchase order", order["purchase_order_number"]))
    return "".join(f"<p>{escape(title)}: {escape(text)}</p>" for title, text in parts if text)

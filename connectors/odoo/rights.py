"""The rights each of the sink's flows needs: model by model, with the group that gives them (AUTH-4, AUTH-5)."""

from __future__ import annotations

from dataclasses import dataclass

SALES, CONTACTS = "Sales / User: All Documents", "Extra Rights / Contact Creation"
BILLING, INVOICING = "Invoicing / Administrator", "Invoicing / Billing"
INVENTORY, PRODUCTS, MAKING = "Inventory / User", "Sales / Administrator", "Manufacturing / User"
INTERNAL = "User types / Internal User"


@dataclass(frozen=True, slots=True)
class Need:
    """`app`: what the model comes with; `group`: what gives the rights; `purpose`: what they are for."""

    model: str
    app: str
    rights: tuple[str, ...]
    group: str
    purpose: str


def _need(model: str, app: str, rights: str, group: str, purpose: str) -> Need:
    return Need(model, app, tuple(rights.split()), group, purpose)


ORDERS = (
    _need("sale.order", "Sales", "read write create", SALES, "orders"),
    _need("sale.order.line", "Sales", "read write create", SALES, "order lines"),
    _need("res.partner", "Contacts", "read write create", CONTACTS, "customers and addresses"),
    _need("product.product", "Sales", "read", SALES, "matching SKUs"),
    _need("product.pricelist", "Sales", "read", SALES, "orders in another currency"),
    _need("account.tax", "Invoicing", "read create", BILLING, "taxes by jurisdiction"),
    _need("account.account", "Invoicing", "read", BILLING, "accounts of the taxes"),
    _need("account.fiscal.position", "Invoicing", "read", BILLING, "exempt orders"),
    _need("stock.picking", "Inventory", "read write", INVENTORY, "deliveries of changed, held and cancelled orders"),
    _need("stock.move", "Inventory", "read write", INVENTORY, "what is reserved for held orders"),
    _need("stock.warehouse", "Inventory", "read", INVENTORY, "the warehouse that ships"),
    _need("delivery.carrier", "Delivery Costs", "read", SALES, "delivery methods"),
    _need("crm.team", "Sales", "read", SALES, "the sales team"),
    _need("mail.message", "Discuss", "read create", INTERNAL, "notes on orders"),
)
RETURNS = (
    _need("stock.picking", "Inventory", "read write create", INVENTORY, "return transfers"),
    _need("stock.move", "Inventory", "read write create", INVENTORY, "goods that come back"),
    _need("stock.picking.type", "Inventory", "read", INVENTORY, "where goods come back to"),
    _need("account.move", "Invoicing", "read write create", INVOICING, "credit notes"),
    _need("account.move.line", "Invoicing", "read write create", INVOICING, "lines of credit notes"),
)
SETTLEMENTS = (
    _need("account.move", "Invoicing", "read write create", INVOICING, "entries of settlements"),
    _need("account.move.line", "Invoicing", "read write create", INVOICING, "their items"),
    _need("account.journal", "Invoicing", "read", INVOICING, "the journal of settlements"),
    _need("account.account", "Invoicing", "read create", BILLING, "accounts of settlements; those by default are made"),
    _need("res.currency.rate", "Invoicing", "read", INTERNAL, "settlements in another currency"),
)
LISTINGS = (
    _need("product.product", "Sales", "read write", PRODUCTS, "fields the marketplace owns"),
    _need("ir.attachment", "Discuss", "read write create", INTERNAL, "what was last seen of a listing"),
)
BY_USE: dict[str, tuple[Need, ...]] = {
    "orders": ORDERS,
    "returns": RETURNS,
    "settlements": SETTLEMENTS,
    "listings": LISTINGS,
}
UNKNOWN_SKUS = _need("product.product", "Sales", "create", PRODUCTS, "products for unknown SKUs")
NEW_PRODUCTS = (
    _need("product.product", "Sales", "create", PRODUCTS, "products for unknown SKUs"),
    _need("product.template", "Sales", "create", PRODUCTS, "templates of variants"),
    _need("product.attribute", "Sales", "create", PRODUCTS, "attributes of variants"),
    _need("product.attribute.value", "Sales", "create", PRODUCTS, "values of attributes"),
    _need("product.template.attribute.line", "Sales", "write create", PRODUCTS, "attributes of a template"),
)

"""The rights each flow needs, what is written and what is read of changes: model by model, with the group that gives them (AUTH-4, AUTH-5).

Groups are those that give the right with the least beside it, as Odoo 18 Community ships them (`ir.model.access` of a real database).
"""

from __future__ import annotations

from dataclasses import dataclass

PURCHASES_GROUP = "Purchase / User"
SALES, OWN_SALES = "Sales / User: All Documents", "Sales / User: Own Documents Only"
CONTACTS, PRODUCTS = "Extra Rights / Contact Creation", "Extra Rights / Product Creation"
INVOICING, ACCOUNTING = "Invoicing / Invoicing", "Invoicing / Administrator"
INVENTORY, MAKING, INTERNAL = "Inventory / User", "Manufacturing / Administrator", "User types / Internal User"


@dataclass(frozen=True, slots=True)
class Need:
    """`app`: what the model comes with; `group`: what gives the rights; `purpose`: what they are for; `optional`: without the app there is nothing
    to do; `instead`: what makes the rights needless."""

    model: str
    app: str
    rights: tuple[str, ...]
    group: str
    purpose: str
    optional: bool = False
    instead: str = ""


def need(
    model: str, app: str, rights: str, group: str, purpose: str, *, optional: bool = False, instead: str = ""
) -> Need:
    """In one line: `rights` separated by spaces."""
    return Need(model, app, tuple(rights.split()), group, purpose, optional, instead)


ORDERS = (
    need("sale.order", "Sales", "read write create", SALES, "orders"),
    need("sale.order.line", "Sales", "read write create", SALES, "order lines"),
    need("res.partner", "Contacts", "read write create", CONTACTS, "customers and addresses"),
    need("product.product", "Sales", "read", INTERNAL, "matching SKUs"),
    need("product.pricelist", "Sales", "read", INTERNAL, "orders in another currency"),
    need("account.tax", "Invoicing", "read", INTERNAL, "taxes by jurisdiction"),
    need("account.tax", "Invoicing", "create", ACCOUNTING, "taxes by jurisdiction, each when an order first has it",
         instead="enter those of the jurisdictions you sell to"),
    need("account.account", "Invoicing", "read", INTERNAL, "accounts of the taxes"),
    need("account.fiscal.position", "Invoicing", "read", INTERNAL, "exempt orders"),
    need("stock.picking", "Inventory", "read write", INVENTORY, "deliveries of changed, held and cancelled orders"),
    need("stock.move", "Inventory", "read write", INVENTORY, "what is reserved for held orders"),
    need("stock.warehouse", "Inventory", "read", INTERNAL, "the warehouse that ships"),
    need("account.move", "Invoicing", "read", SALES, "invoices of orders that are brought back"),
    need("delivery.carrier", "Delivery Costs", "read", SALES, "delivery methods"),
    need("crm.team", "Sales", "read", INTERNAL, "the sales team"),
    need("mail.message", "Discuss", "read create", INTERNAL, "notes on orders"),
    need("mail.activity", "Discuss", "read create", INTERNAL, "orders in an unknown state"),
    need("ir.attachment", "Discuss", "read write create", INTERNAL, "which lines of quotations were written"),
)  # fmt: skip
RETURNS = (
    need("sale.order", "Sales", "read", SALES, "orders that goods come back from"),
    need("sale.order.line", "Sales", "read", SALES, "their lines"),
    need("stock.picking", "Inventory", "read write create", INVENTORY, "return transfers"),
    need("stock.move", "Inventory", "read write create", INVENTORY, "goods that come back"),
    need("stock.picking.type", "Inventory", "read", INTERNAL, "where goods come back to"),
    need("stock.warehouse", "Inventory", "read", INTERNAL, "where goods come back to"),
    need("account.move", "Invoicing", "read write create", INVOICING, "credit notes"),
    need("account.move.line", "Invoicing", "read write create", INVOICING, "lines of credit notes"),
    need("account.tax", "Invoicing", "read", INTERNAL, "taxes of credit notes"),
    need("account.tax.repartition.line", "Invoicing", "read", INTERNAL, "their accounts"),
    need("mail.message", "Discuss", "read create", INTERNAL, "notes on orders"),
    need("ir.attachment", "Discuss", "read create", INTERNAL, "what persons took back, counted for a return"),
)
SETTLEMENTS = (
    need("account.move", "Invoicing", "read write create", INVOICING, "entries of settlements"),
    need("account.move.line", "Invoicing", "read write create", INVOICING, "their items"),
    need("account.journal", "Invoicing", "read", INVOICING, "the journal of settlements"),
    need("account.account", "Invoicing", "read", INTERNAL, "accounts of settlements"),
    need("account.account", "Invoicing", "create", ACCOUNTING, "accounts of settlements; those by default are made",
         instead="enter the accounts named below"),
    need("sale.order", "Sales", "read", INVOICING, "matching settlements to orders"),
    need("res.currency.rate", "Invoicing", "read", INTERNAL, "settlements in another currency"),
)  # fmt: skip
LISTINGS = (
    need("product.product", "Sales", "read", INTERNAL, "comparing a marketplace's catalogue"),
    need("product.product", "Sales", "write", PRODUCTS, "fields the marketplace owns"),
    need("ir.attachment", "Discuss", "read write create", INTERNAL, "what was last seen of a listing"),
)
PURCHASES = (
    need(
        "purchase.order",
        "Purchase",
        "read write",
        PURCHASES_GROUP,
        "numbers of orders at suppliers' platforms",
        optional=True,
    ),
    need("purchase.order.line", "Purchase", "read", PURCHASES_GROUP, "naming lines in notes", optional=True),
    need("res.partner", "Contacts", "read", INTERNAL, "which vendor is on which platform"),
    need("stock.picking", "Inventory", "read write", INVENTORY, "tracking of receipts", optional=True),
    need("delivery.carrier", "Delivery Costs", "read", INVENTORY, "carriers of receipts", optional=True),
    need("mail.message", "Discuss", "read create", INTERNAL, "notes on purchase orders and receipts"),
    need("mail.activity", "Discuss", "read write create", INTERNAL, "what the buyer has to decide"),
    need(
        "ir.attachment",
        "Discuss",
        "read write create",
        INTERNAL,
        "what is known of purchase orders at suppliers' platforms",
    ),
)
SUPPLIER_PRODUCTS = (
    *(
        need(model, "Sales", "read", INTERNAL, purpose)
        for model, purpose in (
            ("product.product", "variants of suppliers' offers"),
            ("product.template", "names and pictures of suppliers' offers"),
            ("product.category", "categories of suppliers' offers"),
            ("uom.uom", "units of suppliers' offers"),
            ("product.supplierinfo", "vendor prices"),
            ("res.currency", "currencies of vendor prices"),
            ("res.currency.rate", "costs and prices in the company's currency"),
            ("res.partner", "vendors by their reference"),
            ("res.country", "the country of new vendors"),
        )
    ),
    need("product.product", "Sales", "write create", PRODUCTS, "variants of suppliers' offers"),
    need("product.template", "Sales", "write create", PRODUCTS, "suppliers' offers"),
    need("product.attribute", "Sales", "read create", PRODUCTS, "what tells variants apart"),
    need("product.attribute.value", "Sales", "read create", PRODUCTS, "what tells variants apart"),
    need("product.template.attribute.line", "Sales", "read write create", PRODUCTS, "what tells variants apart"),
    need("product.template.attribute.value", "Sales", "read", PRODUCTS, "what tells variants apart"),
    need("product.supplierinfo", "Sales", "write create", PRODUCTS, "vendor prices"),
    need("ir.attachment", "Discuss", "read write create", INTERNAL, "what was written of a supplier's offer"),
)
NEW_VENDORS = (
    need("res.partner", "Contacts", "create", CONTACTS, "vendors of suppliers' offers",
         instead="set CAUSEWAY_ODOO__SUPPLIER_PRODUCTS__VENDORS=hold"),
)  # fmt: skip
NEW_CURRENCIES = (
    need("res.currency", "Invoicing", "write", ACCOUNTING, "making the suppliers' currency active",
         instead="activate it by hand and set CAUSEWAY_ODOO__SUPPLIER_PRODUCTS__ACTIVATE_CURRENCY=false"),
)  # fmt: skip
BY_USE: dict[str, tuple[Need, ...]] = {
    "orders": ORDERS,
    "returns": RETURNS,
    "settlements": SETTLEMENTS,
    "listings": LISTINGS,
    "purchases": PURCHASES,
    "supplier_products": SUPPLIER_PRODUCTS,
}
# The sink's operations that are a use.
OPERATIONS_OF: dict[str, frozenset[str]] = {
    "orders": frozenset({"upsert_order", "reopen_order"}),
    "returns": frozenset({"upsert_return"}),
    "settlements": frozenset({"post_settlement"}),
    "listings": frozenset({"merge_listing"}),
    "purchases": frozenset({"update_purchase", "note_purchase"}),
    "supplier_products": frozenset({"upsert_supplier_product", "set_vendor_terms"}),
}
UNKNOWN_SKUS = (
    need("product.product", "Sales", "create", PRODUCTS, "products for unknown SKUs",
         instead="set CAUSEWAY_ODOO__UNKNOWN_SKU=hold"),
    need("product.tag", "Sales", "read create", PRODUCTS, "the mark of products made for unknown SKUs",
         instead="set CAUSEWAY_ODOO__UNKNOWN_SKU=hold"),
)  # fmt: skip
UNKNOWN_BUNDLES = (
    need("mrp.bom", "Manufacturing", "create", MAKING, "kits of bundles nobody knows yet", optional=True,
         instead="set CAUSEWAY_ODOO__UNKNOWN_BUNDLE=hold"),
)  # fmt: skip
NEW_PRODUCTS = tuple(
    need(model, "Sales", rights, PRODUCTS, purpose, instead="set CAUSEWAY_ODOO__LISTINGS__UNKNOWN=skip")
    for model, rights, purpose in (
        ("product.product", "create", "products for unknown SKUs"),
        ("product.template", "create", "templates of variants"),
        ("product.attribute", "create", "attributes of variants"),
        ("product.attribute.value", "create", "values of attributes"),
        ("product.template.attribute.line", "write create", "attributes of a template"),
    )
)

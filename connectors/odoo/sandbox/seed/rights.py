"""Groups, and which group may do what: "r" read, "w" write, "c" create, "u" unlink.

The administrator (base.group_system) may do everything; a model that is not named is theirs alone.
"""

# external id: (name, implied groups)
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "base.group_user": ("Internal User", ()),
    "base.group_portal": ("Portal", ()),
    "base.group_public": ("Public", ()),
    "base.group_partner_manager": ("Contact Creation", ()),
    "base.group_erp_manager": ("Access Rights", ("base.group_user",)),
    "base.group_system": ("Settings", ("base.group_erp_manager", "base.group_partner_manager")),
    "product.group_product_manager": ("Product Creation", ("base.group_user",)),
    "account.group_account_readonly": ("Accounting: read-only", ("base.group_user",)),
    "account.group_account_invoice": ("Invoicing", ("base.group_user",)),
    "account.group_account_user": ("Accountant", ("account.group_account_invoice", "account.group_account_readonly")),
    "account.group_account_manager": ("Billing Administrator", ("account.group_account_user",)),
    "sales_team.group_sale_salesman": ("User: Own Documents Only", ("base.group_user",)),
    "sales_team.group_sale_salesman_all_leads": ("User: All Documents", ("sales_team.group_sale_salesman",)),
    "sales_team.group_sale_manager": (
        "Sales Administrator",
        ("sales_team.group_sale_salesman_all_leads", "product.group_product_manager"),
    ),
    "sale.group_auto_done_setting": ("Lock Confirmed Sales", ()),
    "stock.group_stock_user": ("Inventory User", ("base.group_user",)),
    "stock.group_stock_manager": (
        "Inventory Administrator",
        ("stock.group_stock_user", "product.group_product_manager"),
    ),
    "purchase.group_purchase_user": ("Purchase User", ("base.group_user",)),
    "purchase.group_purchase_manager": (
        "Purchase Administrator",
        ("purchase.group_purchase_user", "product.group_product_manager"),
    ),
}

# group: models by rights
RIGHTS: dict[str, dict[str, str]] = {
    "base.group_user": {
        "r": "res.company res.currency res.currency.rate res.country res.country.state res.country.group res.lang "
        "res.partner res.partner.category res.users res.groups uom.uom uom.category "
        "account.incoterms account.payment.term account.tax account.tax.group account.tax.repartition.line "
        "product.template product.product product.category product.tag product.pricelist product.pricelist.item "
        "product.attribute product.attribute.value product.template.attribute.line product.template.attribute.value "
        "product.supplierinfo crm.team ir.model stock.warehouse stock.location stock.picking.type stock.quant account.account "
        "account.fiscal.position account.fiscal.position.tax account.fiscal.position.account mail.message.subtype mail.activity.type",
        "rwcu": "mail.message mail.activity ir.attachment",
    },
    "base.group_partner_manager": {"rwcu": "res.partner res.partner.category", "r": "delivery.carrier"},
    "product.group_product_manager": {
        "rwcu": "product.template product.product product.category product.tag product.attribute "
        "product.attribute.value product.template.attribute.line product.template.attribute.value product.supplierinfo",
    },
    "sales_team.group_sale_salesman": {
        "rwc": "sale.order stock.picking stock.move crm.tag",
        "rwcu": "sale.order.line sale.order.cancel sale.advance.payment.inv",
        "r": "account.journal account.move account.move.line delivery.carrier mrp.bom mrp.bom.line",
    },
    "sales_team.group_sale_manager": {
        "rwc": "res.partner",
        "rwcu": "sale.order sale.order.line stock.picking stock.move crm.team crm.tag product.pricelist "
        "product.pricelist.item delivery.carrier",
    },
    "stock.group_stock_user": {
        "rwcu": "stock.picking stock.move stock.quant stock.return.picking stock.return.picking.line "
        "stock.backorder.confirmation confirm.stock.sms",
        "rw": "sale.order sale.order.line",
        "r": "mrp.bom mrp.bom.line delivery.carrier purchase.order purchase.order.line",
    },
    "stock.group_stock_manager": {
        "rwc": "res.partner",
        "rwcu": "stock.warehouse stock.location stock.picking.type delivery.carrier",
    },
    "account.group_account_invoice": {
        "rwcu": "account.move account.move.line account.move.reversal account.partial.reconcile sale.advance.payment.inv",
        "r": "account.analytic.distribution.model account.account account.journal sale.order sale.order.line",
    },
    "account.group_account_manager": {
        "rwcu": "account.account account.journal account.tax account.tax.group account.tax.repartition.line "
        "account.fiscal.position account.fiscal.position.tax account.fiscal.position.account account.payment.term "
        "res.currency res.currency.rate",
    },
    "purchase.group_purchase_user": {
        "rwcu": "purchase.order purchase.order.line stock.picking",
        "rwc": "stock.move",
        "r": "stock.picking.type account.fiscal.position account.move account.move.line",
    },
    "purchase.group_purchase_manager": {"rwcu": "product.supplierinfo", "rwc": "res.partner"},
}

"""Fills an empty database. Ids follow the order of creation, as anywhere: look records up, do not guess them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.models.users import hashed
from connectors.odoo.sandbox.seed.places import COUNTRIES, STATES, currencies, named
from connectors.odoo.sandbox.seed.rights import GROUPS, RIGHTS
from connectors.odoo.sandbox.settings import SandboxSettings

MODULES = """
    base web mail contacts product uom account sale sale_management sales_team stock sale_stock purchase purchase_stock
    delivery stock_delivery stock_account stock_sms mrp sale_mrp l10n_us base_automation bus auth_totp
"""
NOT_INSTALLED = "crm website point_of_sale hr project"
ACCOUNTS = (
    ("101401", "Bank", "asset_cash"),
    ("101501", "Cash", "asset_cash"),
    ("101701", "Liquidity Transfer", "asset_current"),
    ("110100", "Stock Valuation", "asset_current"),
    ("121000", "Account Receivable", "asset_receivable"),
    ("211000", "Account Payable", "liability_payable"),
    ("251000", "Tax Received", "liability_current"),
    ("400000", "Product Sales", "income"),
    ("441000", "Foreign Exchange Gain", "income_other"),
    ("500000", "Cost of Goods Sold", "expense_direct_cost"),
    ("600000", "Expenses", "expense"),
    ("620000", "Bank Fees", "expense"),
    ("999999", "Undistributed Profits/Losses", "equity_unaffected"),
)
JOURNALS = (
    ("INV", "Customer Invoices", "sale", "400000"),
    ("BILL", "Vendor Bills", "purchase", "600000"),
    ("MISC", "Miscellaneous Operations", "general", None),
    ("EXCH", "Exchange Difference", "general", None),
    ("CABA", "Cash Basis Taxes", "general", None),
    ("BNK1", "Bank", "bank", "101401"),
    ("CSH1", "Cash", "cash", "101501"),
    ("STJ", "Inventory Valuation", "general", None),
)
PRECISIONS = ("Product Price", "Discount", "Product Unit of Measure", "Stock Weight", "Volume")


def clean_database(settings: SandboxSettings) -> Callable[[Env], None]:
    """The seed for these credentials."""

    def seed(env: Env) -> None:
        _models(env)
        _places(env)
        _company(env)
        _users(env, settings)
        _access(env)
        _accounting(env)
        _products(env)
        _stock(env)
        _sales(env)

    return seed


def _new(env: Env, external_id: str, model: str, values: dict[str, Any]) -> int:
    """A record of a module's data: with its external id."""
    record_id = env.create(model, values)
    module, _, name = external_id.partition(".")
    env.create("ir.model.data", {"module": module, "name": name, "model": model, "res_id": record_id, "noupdate": True})
    return record_id


def _models(env: Env) -> None:
    for model in sorted(env.db.registry, key=lambda one: one.name):
        family = model.name.partition(".")[0]
        owner = (
            family if family in ("sale", "purchase", "stock") else "base"
        )  # as far as anybody asks for them by external id
        external_id = f"{owner}.model_{model.name.replace('.', '_')}"
        _new(env, external_id, "ir.model", {"name": model.label, "model": model.name, "state": "base"})
        _fields(env, model)
    for name in MODULES.split():
        values = {"name": name, "shortdesc": name.replace("_", " ").title(), "state": "installed"}
        _new(env, f"base.module_{name}", "ir.module.module", {**values, "latest_version": "18.0.1.0"})
    for name in NOT_INSTALLED.split():
        _new(env, f"base.module_{name}", "ir.module.module", {"name": name, "state": "uninstalled"})
    _new(env, "base.lang_en", "res.lang", {"name": "English (US)", "code": "en_US"})


def _fields(env: Env, model: Model) -> None:
    """Rows of ir.model.fields; put as they are, because there are some thousands of them."""
    owner = env.search("ir.model", [("model", "=", model.name)])[0]
    fields = env["ir.model.fields"]
    stamps = {"create_date": env.tx.started, "write_date": env.tx.started, "create_uid": env.uid, "write_uid": env.uid}
    for name in model.field_names:
        spec = model.all_fields[name]
        own = {
            "name": name, "field_description": spec.label or name, "ttype": spec.kind, "relation": spec.relation or None,
            "relation_field": spec.inverse or None, "required": spec.required, "store": spec.sortable, "state": "base",
            "model_id": owner,
        }  # fmt: skip
        record_id = env.db.next_id(fields.name)
        env.tx.put(fields.name, record_id, {"id": record_id, **fields.blank(), **own, **stamps})


def _places(env: Env) -> None:
    for code, places in currencies():
        values = {"name": code, "decimal_places": places, "rounding": 10.0**-places, "symbol": code}
        _new(env, f"base.{code}", "res.currency", {**values, "active": code == "USD"})
    for code, name in named(COUNTRIES):
        _new(env, f"base.{code.lower()}", "res.country", {"code": code, "name": name})
    for country, text in STATES.items():
        owner = env.ref(f"base.{country.lower()}")
        for code, name in named(text):
            values = {"country_id": owner, "code": code, "name": name}
            _new(env, f"base.state_{country.lower()}_{code.lower()}", "res.country.state", values)
    for name in PRECISIONS:
        env.create("decimal.precision", {"name": name, "digits": 2})


def _company(env: Env) -> None:
    us = env.ref("base.us")
    partner = _new(
        env, "base.main_partner", "res.partner", {"name": "My Company", "is_company": True, "country_id": us}
    )
    values = {"name": "My Company", "partner_id": partner, "country_id": us, "currency_id": env.ref("base.USD")}
    _new(env, "base.main_company", "res.company", values)


def _users(env: Env, settings: SandboxSettings) -> None:
    for external_id, (name, implied) in GROUPS.items():
        ids = [[6, 0, [env.ref(one) for one in implied]]]
        _new(env, external_id, "res.groups", {"name": name, "implied_ids": ids})
    not_given = ("base.group_portal", "base.group_public", "sale.group_auto_done_setting")
    manual = [env.ref(one) for one in GROUPS if one not in not_given]
    system = {"name": "System", "login": "__system__", "active": False, "groups_id": [[6, 0, manual]]}
    _new(env, "base.user_root", "res.users", system)
    admin = {"name": "Administrator", "login": settings.login, "groups_id": [[6, 0, manual]]}
    uid = _new(env, "base.user_admin", "res.users", admin)
    env.patch("res.users", uid, secret=hashed(settings.password))


def _access(env: Env) -> None:
    models = {row["model"]: row["id"] for row in env.rows("ir.model").values()}
    for group, by_rights in RIGHTS.items():
        for rights, names in by_rights.items():
            for name in names.split():
                flags = {f"perm_{word}": word[0] in rights for word in ("read", "write", "create", "unlink")}
                values = {"name": f"{name} {group}", "model_id": models[name], "group_id": env.ref(group), **flags}
                env.create("ir.model.access", values)


def _accounting(env: Env) -> None:
    by_code = {}
    for code, name, kind in ACCOUNTS:
        by_code[code] = env.create("account.account", {"code": code, "name": name, "account_type": kind})
    for code, name, kind, account in JOURNALS:
        values = {"code": code, "name": name, "type": kind, "default_account_id": by_code.get(account or "", False)}
        env.create("account.journal", values)
    group = env.create("account.tax.group", {"name": "Tax 15%"})
    for use, which in (("sale", "account_sale_tax_id"), ("purchase", "account_purchase_tax_id")):
        lines = [
            [0, 0, {"repartition_type": "base"}],
            [0, 0, {"repartition_type": "tax", "account_id": by_code["251000"]}],
        ]
        values = {"name": "15%", "amount": 15.0, "type_tax_use": use, "tax_group_id": group}
        both = {"invoice_repartition_line_ids": lines, "refund_repartition_line_ids": lines}
        env.patch("res.company", env.company["id"], **{which: env.create("account.tax", {**values, **both})})
    _new(env, "account.account_payment_term_immediate", "account.payment.term", {"name": "Immediate Payment"})
    _new(env, "account.account_payment_term_30days", "account.payment.term", {"name": "30 Days"})


def _products(env: Env) -> None:
    category = _new(env, "uom.product_uom_categ_unit", "uom.category", {"name": "Unit"})
    _new(env, "uom.product_uom_unit", "uom.uom", {"name": "Units", "category_id": category})
    dozen = {"name": "Dozens", "category_id": category, "uom_type": "bigger", "factor": 1 / 12}
    _new(env, "uom.product_uom_dozen", "uom.uom", dozen)
    every = _new(env, "product.product_category_all", "product.category", {"name": "All"})
    _new(env, "product.product_category_1", "product.category", {"name": "Saleable", "parent_id": every})


def _stock(env: Env) -> None:
    places: tuple[tuple[str, str, str, str | None], ...] = (
        ("stock.stock_location_locations", "Physical Locations", "view", None),
        ("stock.stock_location_locations_partner", "Partners", "view", None),
        ("stock.stock_location_locations_virtual", "Virtual Locations", "view", None),
        ("stock.stock_location_suppliers", "Vendors", "supplier", "stock.stock_location_locations_partner"),
        ("stock.stock_location_customers", "Customers", "customer", "stock.stock_location_locations_partner"),
        ("stock.location_inventory", "Inventory adjustment", "inventory", "stock.stock_location_locations_virtual"),
        ("stock.location_production", "Production", "production", "stock.stock_location_locations_virtual"),
    )
    for external_id, name, usage, parent in places:
        values = {"name": name, "usage": usage, "location_id": env.ref(parent) if parent else False}
        _new(env, external_id, "stock.location", values)
    _new(env, "stock.warehouse0", "stock.warehouse", {"name": env.company["name"], "code": "WH"})


def _sales(env: Env) -> None:
    _new(env, "sales_team.team_sales_department", "crm.team", {"name": "Sales"})
    _new(env, "mail.mt_comment", "mail.message.subtype", {"name": "Discussions"})
    for code, name in (("todo", "To-Do"), ("email", "Email"), ("call", "Call"), ("warning", "Exception")):
        _new(env, f"mail.mail_activity_data_{code}", "mail.activity.type", {"name": name})
    _new(env, "mail.mt_note", "mail.message.subtype", {"name": "Note", "internal": True})
    values = {"name": "Standard delivery", "type": "service", "default_code": "Delivery_007", "list_price": 0.0}
    product = env.create("product.product", {**values, "sale_ok": False, "purchase_ok": False})
    carrier = {"name": "Standard delivery", "product_id": product, "delivery_type": "fixed"}
    _new(env, "delivery.free_delivery_carrier", "delivery.carrier", carrier)

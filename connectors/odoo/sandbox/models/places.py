"""Company, currencies with rates, countries and states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import (
    Field,
    Fields,
    Row,
    choice,
    derived,
    many2many,
    many2one,
    one2many,
    rounded,
)
from connectors.odoo.sandbox.engine.model import Model


class Company(Model):
    name = "res.company"
    label = "Companies"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Company Name", required=True),
        "partner_id": many2one("res.partner", "Partner"),
        "currency_id": many2one("res.currency", "Currency", required=True),
        "country_id": many2one("res.country", "Country"),
        "account_sale_tax_id": many2one("account.tax", "Default Sale Tax"),
        "account_purchase_tax_id": many2one("account.tax", "Default Purchase Tax"),
        "stock_move_sms_validation": Field("boolean", "SMS Confirmation", default=True),
        "tax_calculation_rounding_method": choice(
            "round_per_line=Round per Line", "round_globally", label="Tax Rounding", default="round_per_line"
        ),
        "fiscalyear_lock_date": Field("date", "Global Lock Date"),
        "active": Field("boolean", "Active", default=True),
    }


class Currency(Model):
    name = "res.currency"
    label = "Currency"
    order = "active desc, name"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Currency", required=True, index=True),
        "full_name": Field("char", "Name"),
        "symbol": Field("char", "Symbol"),
        "rounding": Field("float", "Rounding Factor", default=0.01),
        "decimal_places": Field("integer", "Decimal Places", default=2),
        "active": Field("boolean", "Active", default=True),
        "rate_ids": one2many("res.currency.rate", "currency_id", "Rates"),
        "rate": derived("float", lambda env, row: rate_at(env, row["id"], env.today), "Current Rate"),
    }

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        """A second active currency switches pricelists on: the first one is made by itself."""
        actives = sum(1 for row in env.rows("res.currency").values() if row["active"])
        if values.get("active") and actives > 1 and not env.rows("product.pricelist"):
            env.create("product.pricelist", {"name": "Default", "currency_id": env.company["currency_id"]})


class CurrencyRate(Model):
    name = "res.currency.rate"
    label = "Currency Rate"
    order = "name desc, id"
    fields: ClassVar[Fields] = {
        "name": Field("date", "Date", required=True, default=lambda env: env.today),
        "rate": Field("float", "Technical Rate"),
        "company_rate": derived(
            "float",
            lambda env, row: row["rate"],
            "Rate",
            assign=lambda env, one, value: env.patch("res.currency.rate", one, rate=float(value)),
        ),
        "inverse_company_rate": derived(
            "float",
            lambda env, row: 1 / row["rate"] if row["rate"] else 0.0,
            "Inverse Rate",
            assign=lambda env, one, value: env.patch("res.currency.rate", one, rate=1 / float(value)),
        ),
        "currency_id": many2one("res.currency", "Currency", required=True, ondelete="cascade"),
        "company_id": many2one("res.company", "Company"),
    }


def rate_at(env: Env, currency: int, day: str) -> float:
    """Units of `currency` per unit of the company's currency on that day; 1 where no rate is known."""
    rates = [row for row in env.related("res.currency.rate", "currency_id", currency) if row["name"] <= day[:10]]
    return float(rates[0]["rate"]) if rates else 1.0


def in_currency(env: Env, amount: float, source: int, target: int, day: str) -> float:
    if source == target:
        return amount
    places = env.row("res.currency", target)["decimal_places"]
    return rounded(amount * rate_at(env, target, day) / rate_at(env, source, day), places)


class Country(Model):
    name = "res.country"
    label = "Country"
    order = "name, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Country Name", required=True, index=True),
        "code": Field("char", "Country Code", required=True, index=True),
        "currency_id": many2one("res.currency", "Currency"),
        "state_ids": one2many("res.country.state", "country_id", "States"),
    }

    def is_named(self, env: Env, row: Row, operator: str, name: str) -> bool:
        return row["code"] == name.upper() or super().is_named(env, row, operator, name)


class CountryState(Model):
    name = "res.country.state"
    label = "Country state"
    order = "code, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "State Name", required=True),
        "code": Field("char", "State Code", required=True, index=True),
        "country_id": many2one("res.country", "Country", required=True),
    }

    def display_name(self, env: Env, row: Row) -> str:
        return f"{row['name']} ({env.row('res.country', row['country_id'])['code']})"

    def is_named(self, env: Env, row: Row, operator: str, name: str) -> bool:
        return name in (row["code"], row["name"]) or super().is_named(env, row, operator, name)


class Language(Model):
    name = "res.lang"
    label = "Languages"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "code": Field("char", "Locale Code", required=True, index=True),
        "active": Field("boolean", "Active", default=True),
    }


class DecimalPrecision(Model):
    name = "decimal.precision"
    label = "Decimal Precision"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Usage", required=True, index=True),
        "digits": Field("integer", "Digits", required=True, default=2),
    }


class UnitCategory(Model):
    name = "uom.category"
    label = "Product UoM Categories"
    fields: ClassVar[Fields] = {"name": Field("char", "Unit of Measure Category", required=True)}


class Unit(Model):
    name = "uom.uom"
    label = "Product Unit of Measure"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Unit of Measure", required=True),
        "category_id": many2one("uom.category", "Category", required=True),
        "uom_type": choice(
            "bigger=Bigger than the reference", "reference=Reference", "smaller", label="Type", default="reference"
        ),
        "factor": Field("float", "Ratio", default=1.0),
        "rounding": Field("float", "Rounding Precision", default=0.01),
        "active": Field("boolean", "Active", default=True),
    }


class Incoterm(Model):
    name = "account.incoterms"
    label = "Incoterms"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "code": Field("char", "Code", required=True),
    }


class CountryGroup(Model):
    name = "res.country.group"
    label = "Country Group"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "country_ids": many2many("res.country", "Countries"),
    }


PLACES: list[Any] = [
    Company, Currency, CurrencyRate, Country, CountryState, Language, DecimalPrecision, UnitCategory, Unit, Incoterm,
    CountryGroup,
]  # fmt: skip

"""Customers, vendors and their addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import ValidationError
from connectors.odoo.sandbox.models.messages import Thread

ADDRESS = ("street", "street2", "city", "zip", "state_id", "country_id")
TYPE_LABELS = {"invoice": "Invoice Address", "delivery": "Delivery Address", "other": "Other Address"}


class PartnerCategory(Model):
    name = "res.partner.category"
    label = "Partner Tags"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "active": Field("boolean", "Active", default=True),
    }


def _set_company_type(env: Env, record_id: int, value: Any) -> None:
    env.patch("res.partner", record_id, is_company=value == "company")


class Partner(Thread):
    name = "res.partner"
    label = "Contact"
    order = "complete_name, id desc"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", index=True),
        "complete_name": derived("char", lambda env, row: env.display("res.partner", row["id"]), sortable=True),
        "ref": Field("char", "Reference", index=True),
        "parent_id": many2one("res.partner", "Related Company"),
        "child_ids": one2many("res.partner", "parent_id", "Contact"),
        "type": choice(
            "contact", "invoice=Invoice Address", "delivery=Delivery Address", "other=Other Address",
            label="Address Type", default="contact",
        ),
        "is_company": Field("boolean", "Is a Company"),
        "company_type": derived(
            "selection",
            lambda env, row: "company" if row["is_company"] else "person",
            "Company Type",
            selection=(("person", "Individual"), ("company", "Company")),
            assign=_set_company_type,
        ),
        "company_name": Field("char", "Company Name"),
        "commercial_partner_id": derived(
            "many2one", lambda env, row: commercial(env, row)["id"], "Commercial Entity", relation="res.partner",
            sortable=True,
        ),
        "street": Field("char", "Street"),
        "street2": Field("char", "Street2"),
        "city": Field("char", "City"),
        "zip": Field("char", "Zip"),
        "state_id": many2one("res.country.state", "State", ondelete="restrict"),
        "country_id": many2one("res.country", "Country", ondelete="restrict"),
        "email": Field("char", "Email", index=True),
        "email_normalized": Field("char", "Normalized Email", index=True),
        "phone": Field("char", "Phone"),
        "mobile": Field("char", "Mobile"),
        "website": Field("char", "Website Link"),
        "vat": Field("char", "Tax ID"),
        "function": Field("char", "Job Position"),
        "comment": Field("html", "Notes"),
        "lang": Field("char", "Language", default="en_US"),
        "tz": Field("char", "Timezone"),
        "category_id": many2many("res.partner.category", "Tags"),
        "user_id": many2one("res.users", "Salesperson"),
        "company_id": many2one("res.company", "Company"),
        "customer_rank": Field("integer", "Customer Rank"),
        "supplier_rank": Field("integer", "Supplier Rank"),
        "active": Field("boolean", "Active", default=True),
        "property_account_position_id": many2one("account.fiscal.position", "Fiscal Position"),
        "property_purchase_currency_id": many2one("res.currency", "Supplier Currency"),
        "property_product_pricelist": derived(
            "many2one", lambda env, row: row.get("own_pricelist") or first_pricelist(env), "Pricelist",
            relation="product.pricelist",
            assign=lambda env, one, value: env.patch("res.partner", one, own_pricelist=value or None),
        ),
    }  # fmt: skip

    def display_name(self, env: Env, row: Row) -> str:
        name = row["name"] or ""
        parent = env.find("res.partner", row["parent_id"])
        if parent is None and not row["company_name"]:
            return name
        name = name or TYPE_LABELS.get(row["type"], "")
        if row["is_company"]:
            return name
        owner = commercial(env, row)
        company = owner["name"] if owner["is_company"] else row["company_name"]
        return f"{company or (parent or {}).get('name') or ''}, {name}"

    def created(self, env: Env, record_id: int, given: Values) -> None:
        self._normalize_email(env, record_id)
        self._take_address_of_parent(env, record_id)

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        for one in ids:
            if "email" in values:
                self._normalize_email(env, one)
            if "parent_id" in values:
                self._take_address_of_parent(env, one)
            if any(name in values for name in ADDRESS):
                self._pass_address_on(env, one)

    def check(self, env: Env, row: Row) -> None:
        if row["type"] == "contact" and not row["name"]:
            raise ValidationError("The operation cannot be completed: Contacts require a name")
        seen, above = {row["id"]}, row["parent_id"]
        while above:
            if above in seen:
                raise ValidationError("You cannot create recursive Partner hierarchies.")
            seen.add(above)
            above = env.row(self.name, above)["parent_id"]

    @staticmethod
    def _normalize_email(env: Env, record_id: int) -> None:
        """The bare address in lower case, empty unless there is exactly one (mail.thread.blacklist of the mail app)."""
        found = re.findall(r"[^\s<>,;]+@[^\s<>,;]+", env.row("res.partner", record_id)["email"] or "")
        env.patch("res.partner", record_id, email_normalized=found[0].lower() if len(found) == 1 else None)

    @staticmethod
    def _take_address_of_parent(env: Env, record_id: int) -> None:
        """A plain contact lives where its parent lives."""
        row = env.row("res.partner", record_id)
        parent = env.find("res.partner", row["parent_id"])
        if parent is not None and row["type"] == "contact" and any(parent[name] for name in ADDRESS):
            env.patch("res.partner", record_id, **{name: parent[name] for name in ADDRESS})

    @staticmethod
    def _pass_address_on(env: Env, record_id: int) -> None:
        parent = env.row("res.partner", record_id)
        for child in env.related("res.partner", "parent_id", record_id):
            if child["type"] == "contact":
                env.patch("res.partner", child["id"], **{name: parent[name] for name in ADDRESS})


def commercial(env: Env, row: Row) -> Row:
    """The company (or topmost contact) that is sold to."""
    while not row["is_company"] and row["parent_id"]:
        row = env.row("res.partner", row["parent_id"])
    return row


def address_of(env: Env, partner: int, kind: str) -> int:
    """The partner's own address of this kind (invoice, delivery), else the partner."""
    row = env.row("res.partner", partner)
    if row["type"] == kind:
        return partner
    for child in env.related("res.partner", "parent_id", partner):
        if child["type"] == kind:
            return int(child["id"])
    return partner


def first_pricelist(env: Env) -> int | None:
    active = [row for row in env.rows("product.pricelist").values() if row["active"]]
    return min((row["sequence"], row["id"]) for row in active)[1] if active else None


PARTNERS: list[Any] = [PartnerCategory, Partner]

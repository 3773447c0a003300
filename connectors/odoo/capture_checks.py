"""What `causeway verify` looks at beside rights on models: which records the user sees at all, and what the settings of capture name (AUTH-5).

A record rule hides records without an error: a salesperson of "Own Documents Only" is told of no other order, a purchaser of no credit note.
Then nothing fails, and nothing is noticed either. So the groups that bring such rules are asked for by name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Check
from connectors.odoo.client import Odoo
from connectors.odoo.rights import INVOICING, OWN_SALES, SALES
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import flows_for
from connectors.odoo.source.orders import ORDERED_FIELD

_OWN_ORDERS, _ALL_ORDERS = "sales_team.group_sale_salesman", "sales_team.group_sale_salesman_all_leads"
_ALL_NOTES = (_ALL_ORDERS, "account.group_account_invoice", "account.group_account_readonly")
_OF_ORDERS = frozenset({"sale_orders", "pickings", "stock", "refunds"})


class CaptureChecks:
    """Asks, changes nothing."""

    def __init__(self, settings: OdooSettings, odoo: Odoo) -> None:
        self._settings, self._odoo = settings, odoo
        self._capture = settings.capture
        self._flows = frozenset(flows_for(settings))

    async def checks(self, uses: Collection[str]) -> list[Check]:
        """Those that the flows which are switched on need."""
        found: list[Check] = []
        try:
            if {"orders", "returns"} & set(uses) or self._flows & _OF_ORDERS:
                found.append(await self._all_orders())
            if "refunds" in self._flows:
                found.append(await self._all_notes())
            for model, setting, names in self._fields():
                found.append(await self._has_fields(model, setting, names))
            for model, setting, domain in self._domains():
                found.append(await self._selects(model, setting, domain))
            if "sale_orders" in self._flows:
                found.append(await self._ordered())
        except ConnectorError as error:
            found.append(Check("capture", ok=False, detail=str(error), remedy="mend what fails above first"))
        return found

    # ---- what is seen

    async def _all_orders(self) -> Check:
        own, every = await self._groups(_OWN_ORDERS, _ALL_ORDERS)
        ok = every or not own
        return Check(
            "every order", ok, "seen, whoever sold it" if ok else f"hidden by the group {OWN_SALES}: orders of others are not seen",
            "" if ok else f"give user {self._settings.login} the group {SALES}",
        )  # fmt: skip

    async def _all_notes(self) -> Check:
        ok = any(await self._groups(*_ALL_NOTES))
        return Check(
            "every credit note", ok, "seen, whoever made it" if ok else "credit notes of customers are hidden, or only own ones are seen",
            "" if ok else f"give user {self._settings.login} the group {SALES} or {INVOICING}",
        )  # fmt: skip

    async def _groups(self, *names: str) -> list[bool]:
        user = (await self._odoo.ask("res.users", "context_get"))["uid"]
        return [bool(await self._odoo.ask("res.users", "has_group", [user], name)) for name in names]

    # ---- what the settings name

    def _fields(self) -> list[tuple[str, str, Sequence[str]]]:
        one = self._capture
        found: list[tuple[str, str, Sequence[str]]] = []
        if "products" in self._flows:
            found.append(("product.product", "PRODUCT_FIELDS", one.product_fields))
            found.append(("product.product", "BRAND_FIELD", [one.brand_field]))
        if "prices" in self._flows:
            found.append(("product.product", "PRICE_FIELDS", one.price_fields))
        if "sale_orders" in self._flows:
            found.append(("sale.order", "CANCEL_REASON_FIELD", [one.cancel_reason_field]))
        return [
            (model, setting, named) for model, setting, names in found if (named := [name for name in names if name])
        ]

    async def _has_fields(self, model: str, setting: str, names: Sequence[str]) -> Check:
        there = await self._odoo.ask(model, "fields_get", list(names), ["type"])
        absent = sorted(set(names) - set(there))
        detail = f"{model} has no {', '.join(absent)}" if absent else f"{model}: {', '.join(names)}"
        remedy = f"make the field in Odoo, or leave it out of CAUSEWAY_ODOO__CAPTURE__{setting}" if absent else ""
        return Check(f"capture {setting.lower()}", not absent, detail, remedy)

    def _domains(self) -> list[tuple[str, str, list[Any]]]:
        found: list[tuple[str, str, list[Any]]] = []
        if self._flows & {"stock", "products", "prices"} and self._capture.products_wanted:
            found.append(("product.product", "PRODUCT_DOMAIN", self._capture.products_wanted))
        if "sale_orders" in self._flows and self._capture.orders_wanted:
            found.append(("sale.order", "ORDER_DOMAIN", self._capture.orders_wanted))
        if "prices" in self._flows:
            found += [("product.pricelist", "PRICELISTS", [["name", "=", name]]) for name in self._capture.pricelists]
        return found

    async def _selects(self, model: str, setting: str, domain: list[Any]) -> Check:
        """A domain Odoo cannot read fails; so does the name of a pricelist that is not there."""
        subject, remedy = f"capture {setting.lower()}", f"mend CAUSEWAY_ODOO__CAPTURE__{setting}"
        try:
            count = await self._odoo.ask(model, "search_count", domain)
        except ConnectorError as error:
            return Check(subject, ok=False, detail=str(error), remedy=remedy)
        named = setting == "PRICELISTS"
        ok = bool(count) or not named
        return Check(
            subject,
            ok,
            f"{domain[0][2]} exists" if named and ok else f"selects {count} of {model}",
            "" if ok else remedy,
        )

    async def _ordered(self) -> Check:
        """Whether a lowered quantity can be told (docs/capture.md)."""
        there = await self._odoo.ask("sale.order.line", "fields_get", [ORDERED_FIELD], ["type"])
        detail = (
            "whole and in part" if there
            else f"of whole lines; a quantity that is lowered is not told without {ORDERED_FIELD}, which `causeway odoo install-field` makes"
        )  # fmt: skip
        return Check("capture of cancellations", ok=True, detail=detail)

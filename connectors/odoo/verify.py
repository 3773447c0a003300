"""`causeway verify` for Odoo (AUTH-4, AUTH-5): version, login, apps, rights, records. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Check, Deps
from connectors.odoo.auth import SERIES
from connectors.odoo.client import Odoo
from connectors.odoo.settings import OdooSettings, is_loopback

# model -> (app it comes with, rights needed, group that gives them, what it is for)
SALES, CONTACTS, BILLING = "Sales / User: All Documents", "Extra Rights / Contact Creation", "Invoicing / Administrator"
INVENTORY, PRODUCTS = "Inventory / User", "Sales / Administrator"
MODELS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "sale.order": ("Sales", ("read", "write", "create"), SALES, "orders"),
    "sale.order.line": ("Sales", ("read", "write", "create"), SALES, "order lines"),
    "res.partner": ("Contacts", ("read", "write", "create"), CONTACTS, "customers and addresses"),
    "product.product": ("Sales", ("read",), SALES, "matching SKUs"),
    "product.pricelist": ("Sales", ("read",), SALES, "orders in another currency"),
    "account.tax": ("Invoicing", ("read", "create"), BILLING, "taxes by jurisdiction"),
    "account.account": ("Invoicing", ("read",), BILLING, "accounts of the taxes"),
    "account.fiscal.position": ("Invoicing", ("read",), BILLING, "exempt orders"),
    "stock.picking": ("Inventory", ("read", "write"), INVENTORY, "deliveries of changed and cancelled orders"),
    "stock.warehouse": ("Inventory", ("read",), INVENTORY, "the warehouse that ships"),
    "delivery.carrier": ("Delivery Costs", ("read",), SALES, "delivery methods"),
    "crm.team": ("Sales", ("read",), SALES, "the sales team"),
}


class OdooVerifier:
    """Says right by right what works."""

    def __init__(self, settings: OdooSettings, deps: Deps) -> None:
        self._settings, self._deps = settings, deps
        self._odoo = Odoo(settings)

    async def verify(self) -> Sequence[Check]:
        try:
            return await self._checks()
        finally:
            await self._odoo.aclose()

    async def _checks(self) -> list[Check]:
        checks = [self._transport()]
        login = await self._login()
        checks += login
        if not all(check.ok for check in login):
            return checks
        for model in MODELS:
            checks += await self._model(model)
        checks += await self._records()
        checks.append(await self._rounding())
        return checks

    def _transport(self) -> Check:
        url = self._settings.url
        if url.startswith("https://"):
            return Check("transport", ok=True, detail="TLS")
        return Check("transport", ok=is_loopback(url.split("//")[1].split(":")[0]), detail="plain HTTP on this machine")

    async def _login(self) -> list[Check]:
        try:
            await self._odoo.ask("res.users", "context_get")
            version = await self._odoo.server_version()
        except ConnectorError as error:
            return [Check("login", ok=False, detail=str(error), remedy=_remedy(error, self._settings))]
        right = version.startswith(SERIES)
        return [
            Check("login", ok=True, detail=f"database {self._settings.db}, user {self._settings.login}"),
            Check("version", ok=right, detail=version, remedy="" if right else f"use an Odoo {SERIES} database"),
        ]

    async def _model(self, model: str) -> list[Check]:
        app, rights, group, purpose = MODELS[model]
        checks: list[Check] = []
        for right in self._rights(model, rights):
            subject = f"{right} {model}"
            try:
                allowed = await self._odoo.ask(model, "check_access_rights", right, raise_exception=False)
            except ConnectorError as error:
                remedy = f"install the app {app}, or {_remedy(error, self._settings)}"
                return [*checks, Check(subject, ok=False, detail=f"{purpose}: {error}", remedy=remedy)]
            remedy = "" if allowed else f"give user {self._settings.login} the group {group}"
            checks.append(Check(subject, ok=bool(allowed), detail=purpose, remedy=remedy))
        return checks

    def _rights(self, model: str, rights: tuple[str, ...]) -> tuple[str, ...]:
        if model == "product.product" and self._settings.unknown_sku == "create":
            return (*rights, "create")
        return rights

    async def _records(self) -> list[Check]:
        """Records the configuration names. Those Causeway makes by itself are fine when absent, if it may make them."""
        settings = self._settings
        wanted = [
            ("account.account", "code", settings.tax_account_marketplace, "TAX_ACCOUNT_MARKETPLACE", True),
            ("account.account", "code", settings.tax_account_seller, "TAX_ACCOUNT_SELLER", True),
            *(
                (
                    "product.product",
                    "default_code",
                    getattr(settings, f"{name}_product"),
                    f"{name}_product".upper(),
                    True,
                )
                for name in ("shipping", "discount", "fee", "tax")
            ),
            ("stock.warehouse", "code", settings.warehouse, "WAREHOUSE", False),
            ("stock.warehouse", "code", settings.marketplace_warehouse, "MARKETPLACE_WAREHOUSE", False),
            ("crm.team", "name", settings.team, "TEAM", False),
            *(("delivery.carrier", "name", name, "CARRIERS", False) for name in settings.carriers.values()),
            *(("product.pricelist", "name", name, "PRICELISTS", False) for name in settings.pricelists.values()),
        ]
        return [await self._record(*one) for one in wanted if one[2]]

    async def _record(self, model: str, field: str, value: str, setting: str, makes: bool) -> Check:
        subject = f"{model} {value}"
        try:
            if await self._odoo.ask(model, "search_count", [[field, "=", value]]):
                return Check(subject, ok=True, detail="exists")
            if makes and await self._odoo.ask(model, "check_access_rights", "create", raise_exception=False):
                return Check(subject, ok=True, detail="absent; made with the first order that needs it")
        except ConnectorError as error:
            return Check(subject, ok=False, detail=str(error), remedy=_remedy(error, self._settings))
        remedy = f"make it in Odoo, or name another in CAUSEWAY_ODOO__{setting}"
        return Check(subject, ok=False, detail="does not exist", remedy=remedy)

    async def _rounding(self) -> Check:
        subject = "tax rounding"
        try:
            company = (await self._odoo.rows("res.company", [], ["tax_calculation_rounding_method"], limit=1))[0]
        except ConnectorError as error:
            return Check(subject, ok=False, detail=str(error), remedy=_remedy(error, self._settings))
        per_line = company["tax_calculation_rounding_method"] == "round_per_line"
        ok = per_line or not self._settings.native_rates
        remedy = "" if ok else "set it to round per line, or CAUSEWAY_ODOO__NATIVE_RATES=false"
        return Check(subject, ok=ok, detail="per line" if per_line else "globally", remedy=remedy)


def _remedy(error: ConnectorError, settings: OdooSettings) -> str:
    match type(error).__name__:
        case "AuthError":
            return "check CAUSEWAY_ODOO__LOGIN, _PASSWORD and _DB"
        case "ForbiddenError":
            return f"give user {settings.login} the right named"
    return f"check CAUSEWAY_ODOO__URL ({settings.url}) and that Odoo answers there"

"""`causeway verify` for Odoo (AUTH-4, AUTH-5): version, login, apps, rights, records. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Check, Deps
from connectors.odoo.auth import SERIES
from connectors.odoo.client import Odoo
from connectors.odoo.listings_plan import WRITABLE
from connectors.odoo.rights import BY_USE, NEW_PRODUCTS, UNKNOWN_SKUS, Need
from connectors.odoo.settings import OdooSettings, is_loopback
from connectors.odoo.settlements_plan import DEFAULTS


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
        for need in needed(self._settings):
            checks += await self._model(need)
        checks += await self._records()
        if "listings" in self._settings.uses:
            checks.append(await self._listing_fields())
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

    async def _model(self, need: Need) -> list[Check]:
        checks: list[Check] = []
        for right in need.rights:
            subject = f"{right} {need.model}"
            try:
                allowed = await self._odoo.ask(need.model, "check_access_rights", right, raise_exception=False)
            except ConnectorError as error:
                remedy = f"install the app {need.app}, or {_remedy(error, self._settings)}"
                return [*checks, Check(subject, ok=False, detail=f"{need.purpose}: {error}", remedy=remedy)]
            remedy = "" if allowed else f"give user {self._settings.login} the group {need.group}"
            checks.append(Check(subject, ok=bool(allowed), detail=need.purpose, remedy=remedy))
        return checks

    async def _listing_fields(self) -> Check:
        """The product fields catalogue-in is configured to write."""
        subject, wanted = "product.product fields", self._settings.listings.wanted()
        try:
            found = await self._odoo.ask("product.product", "fields_get", list(wanted), ["type"])
        except ConnectorError as error:
            return Check(subject, ok=False, detail=str(error), remedy=_remedy(error, self._settings))
        wrong = sorted(name for name in wanted if name not in found or found[name]["type"] not in WRITABLE)
        if wrong:
            remedy = "make the field in Odoo, or name another in CAUSEWAY_ODOO__LISTINGS__FIELDS"
            return Check(subject, ok=False, detail=f"cannot be filled: {', '.join(wrong)}", remedy=remedy)
        return Check(subject, ok=True, detail=", ".join(sorted(wanted)))

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
        if "settlements" in settings.uses:
            named = sorted(set(settings.settlement_accounts.values()))
            defaults = {one.code for kind, one in DEFAULTS.items() if kind not in settings.settlement_accounts}
            wanted += [
                ("account.journal", "code", settings.settlement_journal, "SETTLEMENT_JOURNAL", False),
                *(("account.account", "code", code, "SETTLEMENT_ACCOUNTS", False) for code in named),
                *(("account.account", "code", code, "SETTLEMENT_ACCOUNTS", True) for code in sorted(defaults)),
            ]
        return [await self._record(*one) for one in wanted if one[2]]

    async def _record(self, model: str, field: str, value: str, setting: str, makes: bool) -> Check:
        subject = f"{model} {value}"
        try:
            if await self._odoo.ask(model, "search_count", [[field, "=", value]]):
                return Check(subject, ok=True, detail="exists")
            if makes and await self._odoo.ask(model, "check_access_rights", "create", raise_exception=False):
                return Check(subject, ok=True, detail="absent; made when first needed")
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


def needed(settings: OdooSettings) -> list[Need]:
    """What these settings need; of a right that several flows need, the first says what it is for."""
    needs = [need for use in settings.uses for need in BY_USE[use]]
    if settings.unknown_sku == "create":
        needs.append(UNKNOWN_SKUS)
    if "listings" in settings.uses and settings.listings.unknown == "create":
        needs += NEW_PRODUCTS
    asked: set[tuple[str, str]] = set()
    found = []
    for need in needs:
        rights = tuple(right for right in need.rights if (need.model, right) not in asked)
        asked |= {(need.model, right) for right in rights}
        if rights:
            found.append(replace(need, rights=rights))
    return found


def _remedy(error: ConnectorError, settings: OdooSettings) -> str:
    match type(error).__name__:
        case "AuthError":
            return "check CAUSEWAY_ODOO__LOGIN, _PASSWORD and _DB"
        case "ForbiddenError":
            return f"give user {settings.login} the right named"
    return f"check CAUSEWAY_ODOO__URL ({settings.url}) and that Odoo answers there"

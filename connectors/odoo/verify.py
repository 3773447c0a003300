"""`causeway verify` for Odoo (AUTH-4, AUTH-5): version, login, apps, rights, records. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from connectors.kit.errors import ConnectorError, RuleError
from connectors.kit.ports import Check, Deps
from connectors.odoo.auth import SERIES
from connectors.odoo.capture_checks import CaptureChecks
from connectors.odoo.capture_rights import CAPTURE_OF, OUTBOX, capture_needs
from connectors.odoo.client import Odoo
from connectors.odoo.listings_plan import WRITABLE
from connectors.odoo.purchase_vendors import vendor_check
from connectors.odoo.rights import (
    BY_USE,
    NEW_CURRENCIES,
    NEW_PRODUCTS,
    NEW_VENDORS,
    OPERATIONS_OF,
    UNKNOWN_BUNDLES,
    UNKNOWN_SKUS,
    Need,
)
from connectors.odoo.settings import OdooSettings, is_loopback
from connectors.odoo.settlements_plan import DEFAULTS
from connectors.odoo.source.make import flows_for


class OdooVerifier:
    """Says right by right what works."""

    def __init__(self, settings: OdooSettings, deps: Deps) -> None:
        self._settings, self._deps = settings, deps
        self._odoo = Odoo(settings)
        self._uses = uses(settings, deps.operations)

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
        for need in needed(self._settings, self._deps.operations):
            checks += await self._model(need)
        checks += await CaptureChecks(self._settings, self._odoo).checks(self._uses)
        checks += await self._records()
        if "listings" in self._uses:
            checks.append(await self._listing_fields())
        if "purchases" in self._uses and self._settings.purchases.accounts:
            checks.append(await vendor_check(self._odoo, self._settings.purchases.accounts))
        if self._uses:
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
            return [Check("login", ok=False, detail=str(error), remedy=remedy_of(error, self._settings))]
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
            except RuleError as error:  # "Object x doesn't exist"
                return [*checks, self._absent(subject, need, error)]
            except ConnectorError as error:
                remedy = remedy_of(error, self._settings)
                return [*checks, Check(subject, ok=False, detail=f"{need.purpose}: {error}", remedy=remedy)]
            remedy = "" if allowed else self._given_by(need)
            checks.append(Check(subject, ok=bool(allowed), detail=need.purpose, remedy=remedy))
        return checks

    def _absent(self, subject: str, need: Need, error: RuleError) -> Check:
        if need.optional:
            return Check(subject, ok=True, detail=f"{need.purpose}: nothing to do, the app {need.app} is not installed")
        remedy = self._given_by(need) if need.group == OUTBOX else f"install the app {need.app}"
        return Check(subject, ok=False, detail=f"{need.purpose}: {error}", remedy=remedy)

    def _given_by(self, need: Need) -> str:
        if need.group == OUTBOX:
            return f"run `causeway odoo install-outbox` as {self._settings.login}, or give that user the group {OUTBOX}"
        remedy = f"give user {self._settings.login} the group {need.group}"
        return f"{remedy}, or {need.instead}" if need.instead else remedy

    async def _listing_fields(self) -> Check:
        """The product fields catalogue-in is configured to write."""
        subject, wanted = "product.product fields", self._settings.listings.wanted()
        try:
            found = await self._odoo.ask("product.product", "fields_get", list(wanted), ["type"])
        except ConnectorError as error:
            return Check(subject, ok=False, detail=str(error), remedy=remedy_of(error, self._settings))
        wrong = sorted(name for name in wanted if name not in found or found[name]["type"] not in WRITABLE)
        if wrong:
            remedy = "make the field in Odoo, or name another in CAUSEWAY_ODOO__LISTINGS__FIELDS"
            return Check(subject, ok=False, detail=f"cannot be filled: {', '.join(wrong)}", remedy=remedy)
        return Check(subject, ok=True, detail=", ".join(sorted(wanted)))

    async def _records(self) -> list[Check]:
        """Records the configuration names. Those Causeway makes by itself are fine when absent, if it may make them."""
        settings = self._settings
        wanted: list[tuple[str, str, str, str, bool]] = []
        if {"orders", "settlements"} & set(self._uses):
            wanted += [
                ("account.account", "code", settings.tax_account_marketplace, "TAX_ACCOUNT_MARKETPLACE", True),
                ("account.account", "code", settings.tax_account_seller, "TAX_ACCOUNT_SELLER", True),
            ]
        if "orders" in self._uses:
            apart = settings.warehouses_apart()
            services = [f"{name}_product" for name in ("shipping", "discount", "fee", "tax")]
            wanted += [
                *(("product.product", "default_code", getattr(settings, one), one.upper(), True) for one in services),
                ("stock.warehouse", "code", settings.warehouse, "WAREHOUSE", False),
                *(("stock.warehouse", "code", code, "MARKETPLACE_WAREHOUSES", False) for code in sorted(apart)),
                ("crm.team", "name", settings.team, "TEAM", False),
                *(("delivery.carrier", "name", name, "CARRIERS", False) for name in settings.carriers.values()),
                *(("product.pricelist", "name", name, "PRICELISTS", False) for name in settings.pricelists.values()),
            ]
        if "settlements" in self._uses:
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
            return Check(subject, ok=False, detail=str(error), remedy=remedy_of(error, self._settings))
        remedy = f"make it in Odoo, or name another in CAUSEWAY_ODOO__{setting}"
        return Check(subject, ok=False, detail="does not exist", remedy=remedy)

    async def _rounding(self) -> Check:
        subject = "tax rounding"
        try:
            company = (await self._odoo.rows("res.company", [], ["tax_calculation_rounding_method"], limit=1))[0]
        except ConnectorError as error:
            return Check(subject, ok=False, detail=str(error), remedy=remedy_of(error, self._settings))
        per_line = company["tax_calculation_rounding_method"] == "round_per_line"
        ok = per_line or not self._settings.native_rates
        remedy = "" if ok else "set it to round per line, or CAUSEWAY_ODOO__NATIVE_RATES=false"
        return Check(subject, ok=ok, detail="per line" if per_line else "globally", remedy=remedy)


def uses(settings: OdooSettings, operations: Collection[str] | None = None) -> tuple[str, ...]:
    """What is written: of what the settings say, the part whose operations are switched on (None: all are)."""
    return tuple(use for use in settings.uses if operations is None or OPERATIONS_OF[use] & frozenset(operations))


def needed(settings: OdooSettings, operations: Collection[str] | None = None) -> list[Need]:
    """What these settings need, each right once, with all it is for; the first that needs it says which group gives it."""
    written = uses(settings, operations)
    needs = [need for use in written for need in BY_USE[use]]
    if "orders" in written:
        needs += UNKNOWN_SKUS if settings.unknown_sku == "create" else ()
        needs += UNKNOWN_BUNDLES if settings.unknown_bundle == "create" else ()
    if "listings" in written and settings.listings.unknown == "create":
        needs += NEW_PRODUCTS
    if "supplier_products" in written:
        rules = settings.supplier_products
        needs += NEW_VENDORS if rules.vendors == "make" else ()
        needs += NEW_CURRENCIES if rules.currency == "keep" and rules.activate_currency else ()
    needs += capture_needs(flows_for(settings), outbox=settings.capture.mode == "outbox")
    found: dict[tuple[str, str], Need] = {}
    for need in needs:
        for right in need.rights:
            known = found.get((need.model, right))
            found[need.model, right] = _joined(known, need) if known else replace(need, rights=(right,))
    return list(found.values())


def _joined(known: Need, need: Need) -> Need:
    """Both purposes in one: `orders; capture of sale_orders, stock`."""
    purposes = [*known.purpose.split("; "), need.purpose]
    flows = [one.removeprefix(CAPTURE_OF) for one in purposes if one.startswith(CAPTURE_OF)]
    others = [one for one in dict.fromkeys(purposes) if not one.startswith(CAPTURE_OF)]
    said = [*others, *([CAPTURE_OF + ", ".join(flows)] if flows else [])]
    return replace(known, purpose="; ".join(said), optional=known.optional and need.optional, instead="")


def remedy_of(error: ConnectorError, settings: OdooSettings) -> str:
    match type(error).__name__:
        case "AuthError":
            return "check CAUSEWAY_ODOO__LOGIN, _PASSWORD and _DB"
        case "ForbiddenError":
            return f"give user {settings.login} the right named"
    return f"check CAUSEWAY_ODOO__URL ({settings.url}) and that Odoo answers there"

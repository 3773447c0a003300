"""Records an order refers to and that seldom change: countries, states, currencies, warehouses, teams, delivery methods. Looked up once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connectors.kit.errors import DataError, MappingError
from connectors.kit.ports import Mappings
from connectors.kit.shipping_check import US_TERRITORIES
from connectors.odoo.client import Odoo
from connectors.odoo.plan import OrderPlan, PostalAddress
from connectors.odoo.settings import OdooSettings

# Records the configuration names: kind -> (model, field it names).
NAMED = {
    "warehouse": ("stock.warehouse", "code"),
    "marketplace_warehouse": ("stock.warehouse", "code"),
    "team": ("crm.team", "name"),
}


class Places:
    """Answers from memory after `prepare`. Not cached: what was not there, so it is found once it has been made."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, mappings: Mappings) -> None:
        self._odoo, self._settings, self._mappings = odoo, settings, mappings
        self._countries: dict[str, int] = {}
        self._states: dict[tuple[str, str], int] = {}
        self._pricelists: dict[str, int] = {}
        self._carriers: dict[str, int] = {}
        self._company_currency = ""
        self._named: dict[tuple[str, str], int] = {}

    async def prepare(self, plans: Iterable[OrderPlan]) -> None:
        """Look up whatever these plans need. Raises ConnectorError."""
        plans = list(plans)
        addresses = [a.address for plan in plans for a in (plan.delivery, plan.invoice) if a]
        addresses += [plan.customer.address for plan in plans]
        await self._find_countries({address.country for address in addresses} - {""})
        await self._find_states({(a.country, a.state) for a in addresses if a.country and a.state})
        await self._find_currencies({plan.currency for plan in plans})
        await self._find_carriers(plans)
        await self._find_named([self._warehouse_name(plan) for plan in plans])

    async def _find_countries(self, codes: set[str]) -> None:
        if missing := codes - self._countries.keys():
            for row in await self._odoo.rows("res.country", [["code", "in", sorted(missing)]], ["code"]):
                self._countries[row["code"]] = row["id"]

    async def _find_states(self, states: set[tuple[str, str]]) -> None:
        missing = {pair for pair in states - self._states.keys() if pair[0] in self._countries}
        if not missing:
            return
        domain = [
            ["country_id", "in", sorted({self._countries[country] for country, _ in missing})],
            ["code", "in", sorted({code for _, code in missing})],
        ]
        by_id = {number: code for code, number in self._countries.items()}
        for row in await self._odoo.rows("res.country.state", domain, ["code", "country_id"]):
            self._states[by_id[row["country_id"][0]], row["code"]] = row["id"]

    async def _find_currencies(self, currencies: set[str]) -> None:
        """A sale order takes its currency from its pricelist only; a `currency_id` given to it is ignored without a word."""
        if not self._company_currency:
            company = (await self._odoo.rows("res.company", [], ["currency_id"], limit=1))[0]
            self._company_currency = company["currency_id"][1]
        for currency in currencies - self._pricelists.keys():
            domain: list[Any] = [["currency_id.name", "=", currency]]
            if name := self._settings.pricelists.get(currency):
                domain.append(["name", "=", name])
            if found := await self._odoo.rows("product.pricelist", domain, ["name"], limit=1):
                self._pricelists[currency] = found[0]["id"]

    async def _find_carriers(self, plans: list[OrderPlan]) -> None:
        names = {name for plan in plans if (name := self._carrier_name(plan))} - self._carriers.keys()
        if names:
            for row in await self._odoo.rows("delivery.carrier", [["name", "in", sorted(names)]], ["name"]):
                self._carriers.setdefault(row["name"], row["id"])

    async def _find_named(self, warehouses: Iterable[tuple[str, str]]) -> None:
        """The records the configuration names, (kind, name): these warehouses, and the team."""
        for kind, wanted in {*warehouses, ("team", self._settings.team)} - self._named.keys():
            model, field = NAMED[kind]
            if wanted and (found := await self._odoo.rows(model, [[field, "=", wanted]], [field], limit=1)):
                self._named[kind, wanted] = found[0]["id"]

    def country(self, address: PostalAddress) -> int | None:
        """Its country's id, None when the address names none. Raises DataError for one Odoo does not know."""
        if not address.country:
            return None
        if address.country not in self._countries:
            raise DataError("address: Odoo knows no country of this code")
        return self._countries[address.country]

    def state(self, address: PostalAddress) -> int | None:
        """Its state's id; None outside the US where Odoo lists no such state. Raises DataError for an unknown US state."""
        if not address.state or address.country in US_TERRITORIES:
            return None
        found = self._states.get((address.country, address.state))
        if found is None and address.country == "US":
            raise DataError("address: the US have no state of this code")
        return found

    def pricelist(self, plan: OrderPlan) -> int | None:
        """The pricelist that gives the order its currency; None when the company's own needs none. Raises MappingError when there is none."""
        found = self._pricelists.get(plan.currency)
        if found is None and plan.currency != self._company_currency:
            raise MappingError(
                f"currency {plan.currency}: activate it in Odoo and make a pricelist in it",
                waiting_for=f"pricelist:{plan.currency}",
            )
        return found

    def carrier(self, plan: OrderPlan) -> int | None:
        """The delivery method of its shipping level; None where none are configured. Raises MappingError for a level that has none (ORD-12)."""
        name = self._carrier_name(plan)
        if name in self._carriers:
            return self._carriers[name]
        if not plan.shipping_level or not (self._settings.carriers or name):
            return None
        raise MappingError(
            f"shipping level {plan.shipping_level!r}: no delivery method of Odoo belongs to it",
            waiting_for=f"carrier:{plan.source}:{plan.account}:{plan.shipping_level}",
        )

    def warehouse(self, plan: OrderPlan) -> int | None:
        """The warehouse to ship from, None for Odoo's default. Raises MappingError when the configured one does not exist."""
        return self._record(*self._warehouse_name(plan))

    def team(self) -> int | None:
        """The sales team, None for Odoo's default. Raises MappingError when the configured one does not exist."""
        return self._record("team", self._settings.team)

    def _warehouse_name(self, plan: OrderPlan) -> tuple[str, str]:
        """(kind, code) of the warehouse the order takes from; what a marketplace ships is in one of its own (ORD-10)."""
        if plan.marketplace_ships:
            return "marketplace_warehouse", self._settings.marketplace_warehouse_of(plan.source, plan.account)
        return "warehouse", self._settings.warehouse

    def _record(self, kind: str, wanted: str) -> int | None:
        if wanted and (kind, wanted) not in self._named:
            raise MappingError(
                f"the configuration names {wanted} as {kind}: Odoo has no {NAMED[kind][0]} of that name",
                waiting_for=f"{kind}:{wanted}",
            )
        return self._named.get((kind, wanted))

    def _carrier_name(self, plan: OrderPlan) -> str:
        mapped = self._mappings.lookup("carrier", plan.source, plan.account, plan.shipping_level)
        return mapped or self._settings.carriers.get(plan.shipping_level, "")

"""A plan with database ids: everything an order refers to, found or made before the order itself is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.kit.errors import ConnectorError, MappingError, StopError
from connectors.kit.ports import Mappings
from connectors.odoo.client import Odoo
from connectors.odoo.places import Places
from connectors.odoo.plan import LinePlan, OrderPlan, PostalAddress
from connectors.odoo.products import Products
from connectors.odoo.settings import OdooSettings, Stage
from connectors.odoo.taxes import Taxes


@dataclass(frozen=True, slots=True)
class ResolvedLine:
    """A line with the ids of its product (None: unknown, in a cancelled order only) and taxes."""

    plan: LinePlan
    product: int | None
    taxes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """The ids of an address' country and state."""

    country: int | None
    state: int | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """An order ready to be written. `optional`: header columns that are sent only where they have a value."""

    plan: OrderPlan
    lines: tuple[ResolvedLine, ...]
    customer: Region
    delivery: Region
    invoice: Region | None
    optional: tuple[tuple[str, int], ...]


class References:
    """Finds what orders refer to, for a whole batch at once."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, mappings: Mappings, now: Callable[[], datetime]) -> None:
        self.places = Places(odoo, settings, mappings)
        self.products = Products(odoo, settings, mappings, now)
        self.taxes = Taxes(odoo, settings)

    async def prepare(self, plans: Sequence[OrderPlan]) -> None:
        """Raises ConnectorError for what concerns every order."""
        await self.products.ensure_services()
        await self.places.prepare(plans)
        await self.products.prepare(plans)
        await self.taxes.prepare(plans)

    def forget(self) -> None:
        """After Odoo refused an id: whatever is remembered may have been deleted."""
        self.products.forget()
        self.taxes.forget()

    def resolved(self, plan: OrderPlan) -> Resolved:
        """From memory. Raises MappingError, DataError, or what kept a record from being made.

        An order that is cancelled anyway is not held up by what is unknown in it.
        """
        lenient = plan.stage is Stage.CANCELLED
        lines = tuple(
            ResolvedLine(line, self._product(plan, line, lenient=lenient), tuple(self.taxes.ids(line.taxes)))
            for line in plan.lines
        )
        return Resolved(
            plan=plan,
            lines=lines,
            customer=self._region(plan.customer.address, lenient=lenient),
            delivery=self._region(plan.delivery.address, lenient=lenient),
            invoice=self._region(plan.invoice.address, lenient=lenient) if plan.invoice else None,
            optional=self._optional(plan, lenient=lenient),
        )

    def _product(self, plan: OrderPlan, line: LinePlan, *, lenient: bool) -> int | None:
        try:
            return self.products.product(plan, line.item)
        except MappingError:
            if lenient:
                return None
            raise

    def _region(self, address: PostalAddress, *, lenient: bool) -> Region:
        try:
            return Region(self.places.country(address), self.places.state(address))
        except StopError:
            if lenient:
                return Region(None, None)
            raise

    def _optional(self, plan: OrderPlan, *, lenient: bool) -> tuple[tuple[str, int], ...]:
        found: list[tuple[str, int]] = []
        asked: list[tuple[str, Callable[[], int | None]]] = [
            ("pricelist_id/.id", lambda: self.places.pricelist(plan)),
            ("carrier_id/.id", lambda: self.places.carrier(plan)),
            ("warehouse_id/.id", lambda: self.places.warehouse(plan)),
            ("team_id/.id", self.places.team),
            ("fiscal_position_id/.id", lambda: self.taxes.fiscal_position(plan)),
        ]
        for column, ask in asked:
            try:
                number = ask()
            except ConnectorError:
                if not lenient:
                    raise
                continue
            if number is not None:
                found.append((column, number))
        return tuple(found)

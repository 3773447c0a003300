"""A plan with database ids: everything an order refers to, found or made before the order itself is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.kit.errors import ConnectorError, StopError
from connectors.kit.ports import Mappings
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.places import Places
from connectors.odoo.plan import Goods, LinePlan, OrderPlan, PostalAddress
from connectors.odoo.products import Products, Wanted
from connectors.odoo.settings import OdooSettings, Stage
from connectors.odoo.taxes import Taxes


@dataclass(frozen=True, slots=True)
class ResolvedLine:
    """A line with the ids of its product and taxes.

    product    None: unknown. A cancelled order is written without it; of an order that is in Odoo it is never asked for, as long as the line is
    unknown    why it is, for a line that has to be made after all
    """

    plan: LinePlan
    product: int | None
    taxes: tuple[int, ...]
    unknown: ConnectorError | None = None


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
        self._odoo, self.now = odoo, now
        self.places = Places(odoo, settings, mappings)
        self.products = Products(odoo, settings, mappings, now)
        self.taxes = Taxes(odoo, settings)

    async def prepare(self, plans: Sequence[OrderPlan]) -> frozenset[str]:
        """External ids of those orders with an unknown product that are in Odoo already. Raises ConnectorError for what concerns every order."""
        await self.products.ensure_services()
        await self.places.prepare(plans)
        standing = await self._standing(plans)
        await self.products.prepare([_without(plan, standing) for plan in plans])
        await self.taxes.prepare(plans)
        return frozenset(plan.xid for plan in plans if plan.xid in standing)

    async def standing(self, plans: Sequence[OrderPlan]) -> frozenset[str]:
        """External ids of those orders that are in Odoo."""
        return frozenset(await find(self._odoo, [plan.xid for plan in plans])) if plans else frozenset()

    async def _standing(self, plans: Sequence[OrderPlan]) -> frozenset[str]:
        """External ids of orders and lines that exist, of the few with an unknown product: archived or renamed since, or new in truth.

        The product of a line that exists is never changed, so nobody need know it any more: not to hold the order's delivery, say.
        """
        wanted = {plan.xid: {line.xid: one for line, one in wanted_of(plan)} for plan in plans}
        known = await self.products.find(one for lines in wanted.values() for one in lines.values())
        unknown = {key: [line for line, one in lines.items() if one not in known] for key, lines in wanted.items()}
        return frozenset(
            await find(self._odoo, [one for key, lines in unknown.items() if lines for one in (key, *lines)])
        )

    def forget(self) -> None:
        """After Odoo refused an id: whatever is remembered may have been deleted."""
        self.products.forget()
        self.taxes.forget()

    def resolved(self, plan: OrderPlan, *, stands: bool = False) -> Resolved:
        """From memory. Raises MappingError, DataError, or what kept a record from being made; TransientError for what was forgotten meanwhile.

        An order that is cancelled anyway is not held up by what is unknown in it; nor one that `stands` in Odoo by what is not written any more.
        """
        lenient = plan.stage is Stage.CANCELLED
        return Resolved(
            plan=plan,
            lines=tuple(self._line(plan, line, lenient=lenient or stands) for line in plan.lines),
            customer=self._region(plan.customer.address, lenient=lenient),
            delivery=self._region(plan.delivery.address, lenient=lenient),
            invoice=self._region(plan.invoice.address, lenient=lenient) if plan.invoice else None,
            optional=self._optional(plan, lenient=lenient or stands),
        )

    def _line(self, plan: OrderPlan, line: LinePlan, *, lenient: bool) -> ResolvedLine:
        taxes = tuple(self.taxes.ids(line.taxes))
        try:
            return ResolvedLine(line, self.products.product(plan, line.item), taxes)
        except ConnectorError as error:
            if lenient:
                return ResolvedLine(line, None, taxes, error)
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


def wanted_of(plan: OrderPlan) -> list[tuple[LinePlan, Wanted]]:
    """The goods' lines of an order and the products they want."""
    return [(line, Wanted(plan.source, plan.account, line.item)) for line in plan.lines if isinstance(line.item, Goods)]


def _without(plan: OrderPlan, standing: frozenset[str]) -> OrderPlan:
    """The plan without lines that stand in Odoo already."""
    return replace(plan, lines=tuple(line for line in plan.lines if line.xid not in standing))

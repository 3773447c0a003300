"""What has to be done to an order that stands in Odoo so that it says what the marketplace says (ORD-5, ORD-8). Pure: state in, steps out.

    marketplace says   order in Odoo is         what happens
    cancelled          cancelled                nothing
                       delivered or locked      refused: it has shipped, a person decides
                       anything else            cancel, with its open deliveries
    shipped            cancelled                refused: a person decides
    anything else      cancelled                nothing, where changes of Odoo are captured: the marketplace hears of it, and what it refuses is
                                                taken back (ORD-13); else refused: a person cancelled it, a person decides
                       locked, same total       nothing
                       locked, other total      refused: locked orders do not change
                       not locked               changed lines, address and promise are written; then confirm and lock as the stage wants

A stage never goes back: an order a person has confirmed stays confirmed. What a person lowered stays lowered (`line_changes`), and the order's
total here is what is left with that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.kit.errors import RuleError
from connectors.odoo.partners import Parties
from connectors.odoo.plan import OrderPlan
from connectors.odoo.settings import Stage

READ = (
    "state", "locked", "amount_total", "currency_id", "date_order", "commitment_date", "delivery_status",
    "partner_shipping_id", "write_date",
)  # fmt: skip
CANCELLED_IN_ODOO = "cancelled_in_odoo"
_TIME = "%Y-%m-%d %H:%M:%S"  # UTC; the only form Odoo accepts in values


@dataclass(frozen=True, slots=True)
class Seen:
    """A sale.order as it stands. `made`: by the very call before, so its lines need no comparing; `written`: when it was last changed."""

    id: int
    state: str
    locked: bool
    total: Decimal
    currency: str
    ordered_at: str
    promised_at: str
    shipped: bool
    delivery_partner: int
    made: bool = False
    written: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any], *, made: bool = False) -> Seen:
        """From what `read` answers for the fields READ."""
        return cls(
            id=row["id"],
            state=row["state"],
            locked=row["locked"],
            total=Decimal(repr(row["amount_total"])).quantize(Decimal("0.01")),
            currency=row["currency_id"][1],
            ordered_at=row["date_order"] or "",
            promised_at=row["commitment_date"] or "",
            shipped=row["delivery_status"] in ("started", "partial", "full"),
            delivery_partner=row["partner_shipping_id"][0],
            made=made,
            written=str(row.get("write_date") or ""),
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """What to do, in this order: refuse, or cancel, or header and lines, confirm, order date, lock."""

    refusal: RuleError | None = None
    cancel: bool = False
    header: Mapping[str, Any] = field(default_factory=dict)
    lines: bool = False
    confirm: bool = False
    redate: bool = False
    lock: bool = False
    note: str = ""


def steps_for(plan: OrderPlan, parties: Parties, seen: Seen, *, is_captured: bool = False) -> Steps:
    """The table above. `is_captured`: what is cancelled in Odoo is told to the marketplace."""
    if plan.stage is Stage.CANCELLED:
        return _cancelling(seen)
    if seen.state == "cancel" and is_captured and plan.stage is not Stage.LOCKED:
        return Steps(note=CANCELLED_IN_ODOO)
    if seen.state == "cancel":
        return Steps(refusal=RuleError("cancelled in Odoo, but not at the marketplace; nothing was written"))
    if seen.locked:
        if problem := mismatch(plan, seen):
            return Steps(refusal=RuleError(f"locked in Odoo, so the marketplace's change was not written: {problem}"))
        return Steps(redate=seen.ordered_at != stamp(plan.ordered_at))
    header: dict[str, Any] = {}
    if not seen.made and seen.delivery_partner != parties.delivery:
        if seen.shipped:
            return Steps(refusal=RuleError("the delivery address changed after the order was shipped in Odoo"))
        header["partner_shipping_id"] = parties.delivery
    if not seen.made and seen.promised_at != stamp(plan.promised_at):
        header["commitment_date"] = stamp(plan.promised_at) or False
    confirm = plan.stage is not Stage.QUOTATION and seen.state != "sale"
    return Steps(
        header=header,
        lines=not seen.made,
        confirm=confirm,
        redate=confirm or seen.ordered_at != stamp(plan.ordered_at),
        lock=plan.stage is Stage.LOCKED,
    )


def _cancelling(seen: Seen) -> Steps:
    if seen.state == "cancel":
        return Steps()
    if seen.shipped:
        return Steps(
            refusal=RuleError("cancelled at the marketplace after it was shipped in Odoo; nothing was written")
        )
    if seen.locked:
        return Steps(refusal=RuleError("cancelled at the marketplace, but locked in Odoo; unlock it to cancel it"))
    return Steps(cancel=True)


def mismatch(plan: OrderPlan, seen: Seen) -> str:
    """How Odoo's total differs from the marketplace's (ORD-6); empty when it does not."""
    if seen.currency != plan.currency:
        return f"amounts are in {seen.currency} in Odoo, in {plan.currency} at the marketplace"
    gap = seen.total - plan.total
    return f"Odoo's total is {gap:+f} {plan.currency} off the marketplace's" if gap else ""


def stamp(moment: datetime | None) -> str:
    """A time as Odoo writes it; empty for none."""
    return moment.astimezone(UTC).strftime(_TIME) if moment else ""

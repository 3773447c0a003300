"""A canonical return -> how much of each order line comes back, has come back, and was refunded. Pure (RET-1, RET-2).

Goods, money and customer service are three states, and none is derived from another: a refunded return whose goods are still on their way has
its credit note and no stock; goods that are back without a refund have their stock and no credit note.

    physical of a line      comes back    has come back
    announced, in_transit   all           nothing (all, where stock is released when announced)
    received                all           all
    lost, none, kept        nothing       nothing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from connectors.kit.errors import DataError, RuleError
from connectors.odoo.money import ZERO, amount_of, number
from connectors.odoo.record_places import Place
from connectors.odoo.record_places import line as place_of_line
from schemas.records import ReturnLine, ReturnOrder

# Of `extras`: who gives buyers their money back, where it is not the marketplace.
REFUNDED_BY, SELLER = "refunded_by", "seller"
_COMING = ("announced", "in_transit", "received")
_REFUNDED = ("refunded", "partly_refunded")


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the order: units that come back, units that are back, money given back (taxes included)."""

    line_id: str
    sku: str
    coming: Decimal
    back: Decimal
    refund: Decimal
    refunded: Decimal = ZERO  # units the refund is for


@dataclass(frozen=True, slots=True)
class ReturnPlan:
    """`rest`: what the marketplace gave back beyond its lines (shipping) or kept back (below 0). `currency` is empty when nothing was given back.
    `by_seller`: it was the seller who gave it back, not the marketplace."""

    key: str
    return_id: str
    order_key: str
    parts: tuple[Part, ...]
    rest: Decimal
    currency: str
    states: str
    tracking: str
    by_seller: bool = False

    @property
    def refund(self) -> Decimal:
        """All that was given back so far."""
        return sum((part.refund for part in self.parts), self.rest)


@dataclass
class _Sum:
    sku: str
    coming: Decimal = ZERO
    back: Decimal = ZERO
    refund: Decimal = ZERO
    refunded: Decimal = ZERO
    carriers: list[str] = field(default_factory=list)


def plan_return(body: ReturnOrder, *, release_at: str) -> ReturnPlan:
    """`release_at`: receipt or announced. Raises DataError naming field and problem."""
    if not body["lines"]:
        raise DataError("lines: the return has none")
    currency = _currency(body)
    sums: dict[str, _Sum] = {}
    for index, line in enumerate(body["lines"]):
        where = place_of_line(index, line["return_line_id"])
        _add(sums.setdefault(line["line_id"], _Sum(line["sku"])), line, where, currency, release_at)
    refund = sum((one.refund for one in sums.values()), ZERO)
    return ReturnPlan(
        key=body["key"],
        return_id=body["return_id"],
        order_key=body["order_key"],
        parts=tuple(
            Part(line_id, one.sku, one.coming, one.back, one.refund, one.refunded) for line_id, one in sums.items()
        ),
        rest=_rest(body, refund, currency),
        currency=currency if refund or body["financial"] in _REFUNDED else "",
        states=states_of(body),
        tracking=", ".join(dict.fromkeys(line["tracking_number"] for line in body["lines"] if line["tracking_number"])),
        by_seller=body["extras"].get(REFUNDED_BY) == SELLER,
    )


def states_of(body: ReturnOrder) -> str:
    """The three states in one sentence, for people."""
    states = {"physical": body["physical"], "financial": body["financial"], "service": body["service"]}
    said = {name: state or "not said" for name, state in states.items()}
    return (
        f"Return {body['return_id']} ({body['source']} {body['account']}): goods {said['physical']}, "
        f"money {said['financial']}, customer service {said['service']}"
    )


def _add(total: _Sum, line: ReturnLine, where: Place, currency: str, release_at: str) -> None:
    quantity = number(line["quantity"], str(where.field("quantity")))
    if quantity <= 0:
        raise DataError(f"{where.field('quantity')}: not above 0")
    if line["physical"] in _COMING and not line["kept"]:
        total.coming += quantity
        if line["physical"] == "received" or release_at == "announced":
            total.back += quantity
    if line["financial"] in _REFUNDED and line["refund"] is not None:
        amount = amount_of(line["refund"], currency, str(where.field("refund")))
        if amount < 0:
            raise DataError(f"{where.field('refund')}: below 0")
        total.refund += amount
        total.refunded += quantity


def _currency(body: ReturnOrder) -> str:
    amounts = [body["total_refund"], *(line["refund"] for line in body["lines"])]
    return next((money["currency"] for money in amounts if money is not None), "")


def _rest(body: ReturnOrder, refund: Decimal, currency: str) -> Decimal:
    """Only a return that is refunded as a whole says by its total what else was given back, or (below 0) kept back, a restocking fee say."""
    if body["financial"] != "refunded" or body["total_refund"] is None:
        return ZERO
    total = amount_of(body["total_refund"], currency, "total_refund")
    if total < 0:
        raise DataError("total_refund: below 0")
    return total - refund


# ---- what to do about goods


@dataclass(frozen=True, slots=True)
class Shipped:
    """A done delivery of (a component of) an order line. `per_unit`: how many of it one unit of the line takes, 1 but for kits."""

    move: int
    picking: int
    product: int
    uom: int
    quantity: Decimal
    per_unit: Decimal
    group: int = 0


@dataclass(frozen=True, slots=True)
class Back:
    """A move that brings some of it back.

    ours         made by this sink for this very return
    by_person    made by no return of this sink. What of it is done may be this return's goods all the same:
    counted      as much is counted for this return
    elsewhere    as much for other returns
    """

    move: int
    picking: int
    source: int
    demand: Decimal
    quantity: Decimal
    state: str
    ours: bool
    by_person: bool = False
    counted: Decimal = ZERO
    elsewhere: Decimal = ZERO

    @property
    def free(self) -> Decimal:
        """What a person took in that is counted for no return yet."""
        return self.quantity - self.counted - self.elsewhere if self.by_person and self.state == "done" else ZERO

    @property
    def open(self) -> bool:
        return self.state not in ("done", "cancel")


@dataclass(frozen=True, slots=True)
class Deed:
    """What to do about one delivery move: make a move back for `make`, or set the demand of move `change` to `demand`; then take in `take` of it."""

    source: Shipped
    make: Decimal = ZERO
    change: int = 0
    demand: Decimal = ZERO
    take: Decimal = ZERO


class ImpossibleError(RuleError):
    """Odoo and the marketplace cannot both be right about goods."""


def deeds(part: Part, shipped: Sequence[Shipped], backs: Mapping[int, Sequence[Back]]) -> list[Deed]:
    """Raises ImpossibleError for more back than shipped, or more taken in than the marketplace says."""
    found: list[Deed] = []
    for product in dict.fromkeys(one.product for one in shipped):
        moves = [one for one in shipped if one.product == product]
        coming, back = part.coming * moves[0].per_unit, part.back * moves[0].per_unit
        counted = min(sum((one.counted for move in moves for one in backs.get(move.move, ())), ZERO), coming)
        coming, back = coming - counted, max(back - counted, ZERO)
        for share, one in _spread(coming, back, moves, backs, part):
            if deed := _deed(one, share, [back for back in backs.get(one.move, ()) if back.ours]):
                found.append(deed)
    return found


def to_count(part: Part, shipped: Sequence[Shipped], backs: Mapping[int, Sequence[Back]]) -> dict[int, Decimal]:
    """How much of which receipts a person made is to be counted for this return: as much as it has no move of its own for."""
    found: dict[int, Decimal] = {}
    for product in dict.fromkeys(one.product for one in shipped):
        moves = [one for one in shipped if one.product == product]
        known = [back for one in moves for back in backs.get(one.move, ())]
        mine = sum(
            (one.demand if one.open else one.quantity for one in known if one.ours and one.state != "cancel"), ZERO
        )
        need = part.coming * moves[0].per_unit - mine - sum((one.counted for one in known), ZERO)
        for one in sorted(known, key=lambda one: one.move):
            if one.free > 0 and need > 0:
                found[one.move] = min(one.free, need)
                need -= found[one.move]
    return found


def _spread(
    coming: Decimal, back: Decimal, moves: Sequence[Shipped], backs: Mapping[int, Sequence[Back]], part: Part
) -> list[tuple[tuple[Decimal, Decimal], Shipped]]:
    """Over the deliveries of the line, oldest first, leaving out what others have brought back already and what is on its way to be."""
    found = []
    for one in moves:
        others = sum((b.demand for b in backs.get(one.move, ()) if not b.ours and b.state != "cancel"), ZERO)
        room = max(one.quantity - others, ZERO)
        share = min(room, coming)
        found.append(((share, min(share, back)), one))
        coming, back = coming - share, back - min(share, back)
    if coming > 0:
        raise ImpossibleError(
            f"line {part.line_id}: {coming:f} more come back than Odoo has delivered and not yet taken back"
        )
    return found


def _deed(source: Shipped, share: tuple[Decimal, Decimal], mine: Sequence[Back]) -> Deed | None:
    wanted, back = share
    done = sum((one.quantity for one in mine if one.state == "done"), ZERO)
    still = [one for one in mine if one.open]
    if wanted < done:
        raise ImpossibleError(f"Odoo has taken in {done:f}, the marketplace says {wanted:f}")
    demand, take = wanted - done, max(back - done, ZERO)
    if not still:
        return Deed(source, make=demand, take=take) if demand else None
    if demand == sum((one.demand for one in still), ZERO) and not take:
        return None
    others = sum((one.demand for one in still[1:]), ZERO)
    return Deed(source, change=still[0].move, demand=max(demand - others, ZERO), take=take)

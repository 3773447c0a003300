"""A purchase order of Odoo -> what is to be ordered: parts of at most 50 specs, each with what it is called there (PO-1). Pure.

The same purchase order always gives the same parts, in the order of its lines, whatever the offers say by then: a part is looked up by its
reference before it is ever sent. Lines of one spec are ordered together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.kit.money import quantity_text
from connectors.kit.vendor_references import vendor_reference
from schemas.records import PurchaseLine, PurchaseOrder, ResultProblem

MOST_SPECS = 50
LONGEST_REFERENCE = 64
_LAST_PLACE = 9_999
CNY = "CNY"
PLATFORM = "alibaba"
_CODE = re.compile(r"([0-9]{1,19})(?:/([0-9]{0,19})(?:/([0-9a-zA-Z]{0,64}))?)?")
_REFERENCE = re.compile(r"[A-Za-z0-9._/-]+")
_MOST_UNITS = 10**9
# (offer, spec): what is ordered; the spec is "" for an offer that has none.
Spec = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of one spec. price: of a unit, yuan, the mean where several lines want it; lines: of the purchase order."""

    offer_id: str
    spec_id: str
    quantity: int
    price: Decimal
    lines: tuple[PurchaseLine, ...]

    @property
    def spec(self) -> Spec:
        return (self.offer_id, self.spec_id)

    @property
    def line_ids(self) -> list[str]:
        return [line["line_id"] for line in self.lines]

    @property
    def supplier_code(self) -> str:
        return self.lines[0]["supplier_code"]

    def as_cargo(self) -> dict[str, Any]:
        """As the calls take it. An offer without specs is ordered without one."""
        cargo: dict[str, Any] = {"offerId": int(self.offer_id), "quantity": self.quantity}
        return {**cargo, "specId": self.spec_id} if self.spec_id else cargo


@dataclass(frozen=True, slots=True)
class PurchasePart:
    """What becomes one order, unless the platform splits it. reference: `outOrderId`."""

    reference: str
    wanted: tuple[Wanted, ...]

    @property
    def line_ids(self) -> list[str]:
        return [line_id for one in self.wanted for line_id in one.line_ids]


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What an offer asks of a buyer. supplier: `sellerOpenId`, "" = not said; minimum, batch: units, 1 = no rule."""

    supplier: str = ""
    is_on_sale: bool = True
    minimum: int = 1
    batch: int = 1
    unit: str = ""
    specs: frozenset[str] = frozenset()


def parts_of(order: PurchaseOrder, prefix: str) -> tuple[list[PurchasePart], list[ResultProblem]]:
    """Its parts, and what keeps it from being ordered; with problems the parts are those of the good lines."""
    problems = order_problems(order, prefix)
    wanted: dict[Spec, list[tuple[PurchaseLine, int]]] = {}
    for line in order["lines"]:
        found = _read(line)
        if isinstance(found, str):
            problems.append(problem(found, line=line))
        elif found is not None:
            spec, units = found
            wanted.setdefault(spec, []).append((line, units))
    if not wanted and not problems:
        problems.append(problem("There is nothing to order: no line has a quantity."))
    groups = [_wanted(spec, lines) for spec, lines in wanted.items()]
    pieces = [groups[at : at + MOST_SPECS] for at in range(0, len(groups), MOST_SPECS)]
    return [PurchasePart(reference_of(order, prefix, at), tuple(one)) for at, one in enumerate(pieces)], problems


def reference_of(order: PurchaseOrder, prefix: str, place: int) -> str:
    """What the part at that place, from 0, is called at the platform."""
    return further(f"{prefix}{order['name']}", place)


def further(reference: str, place: int) -> str:
    """Of the part at that place, from 0, where the first one's reference is that."""
    return f"{reference}-{place + 1}" if place else reference


def sendable_reference(order: PurchaseOrder, prefix: str) -> str:
    """Its first part's; "" where nothing can be sent under its name."""
    reference = reference_of(order, prefix, _LAST_PLACE)
    is_sendable = _REFERENCE.fullmatch(order["name"]) and len(reference) <= LONGEST_REFERENCE
    return reference_of(order, prefix, 0) if is_sendable else ""


def order_problems(order: PurchaseOrder, prefix: str) -> list[ResultProblem]:
    """What is wrong with the purchase order as a whole."""
    found = []
    if not sendable_reference(order, prefix):
        words = "The purchase order's name cannot be sent to 1688: letters, digits, points, slashes and dashes only, not too long."
        found.append(problem(words))
    if order["currency"] != CNY:
        words = f"Prices at 1688 are in CNY, those of this purchase order in {order['currency'] or 'no currency'}: "
        found.append(problem(f"{words}set the vendor's currency to CNY and make the purchase order anew."))
    return found


def offer_problems(
    parts: Sequence[PurchasePart], offers: Mapping[str, OfferFacts], supplier: str
) -> list[ResultProblem]:
    """What the offers, as far as they are known, say against it. supplier: `sellerOpenId` of the vendor."""
    units: dict[str, int] = {}
    for part in parts:
        for one in part.wanted:
            units[one.offer_id] = units.get(one.offer_id, 0) + one.quantity
    found = []
    for part in parts:
        for one in part.wanted:
            facts = offers.get(one.offer_id)
            words = "" if facts is None else _against(one, facts, units[one.offer_id], supplier)
            found += [problem(words, line=line) for line in one.lines if words]
    return found


def vendor_of(order: PurchaseOrder) -> str:
    """`sellerOpenId` of `alibaba:ACCOUNT:SELLEROPENID`; "" where the vendor's reference is another."""
    found = vendor_reference(order["supplier"])
    return found.seller if found is not None and found.platform == PLATFORM else ""


def vendor_problem(order: PurchaseOrder, account: str) -> ResultProblem | None:
    """What is wrong with the vendor's reference, where it does not lead to a seller at this account."""
    found = vendor_reference(order["supplier"])
    if found is not None and found.account == account and found.seller:
        return None
    if found is None or not found.account:
        wrong = "names no account"
    elif found.account != account:
        wrong = f"names the account {found.account}, which Causeway does not have"
    else:
        wrong = "names no seller"
    return problem(
        f"The vendor's reference in Odoo, {order['supplier'].strip()[:80]!r}, {wrong}: correct it on the vendor's contact "
        f"({PLATFORM}:{account}:SELLER, with the seller's number at 1688), then save a change of this purchase order."
    )


def problem(text: str, *, line: PurchaseLine | None = None, code: str = "") -> ResultProblem:
    """For the buyer. Without a line it is of all."""
    line_id, supplier_code = ("", "") if line is None else (line["line_id"], line["supplier_code"])
    return ResultProblem(line_id=line_id, supplier_code=supplier_code[:120], code=code, text=text)


def spec_of(supplier_code: str) -> Spec | None:
    """(offer, spec) of `OFFERID/SKUID/SPECID`; None for what is no such code. A SKU without its spec cannot be ordered."""
    found = _CODE.fullmatch(supplier_code.strip())
    if found is None or int(found[1]) == 0 or (found[2] and not found[3]):
        return None
    return found[1], found[3] or ""


def _read(line: PurchaseLine) -> tuple[Spec, int] | str | None:
    """(what, units) of a line, words for the buyer, or None for a line of nothing."""
    units = _number(line["quantity"])
    if units is not None and units == 0:
        return None
    spec = spec_of(line["supplier_code"])
    if not line["supplier_code"].strip():
        return "The product has no vendor code of this supplier: enter OFFERID/SKUID/SPECID in its vendor price list."
    if spec is None:
        return "The vendor code is not OFFERID/SKUID/SPECID: correct it in the product's vendor price list."
    if units is None or not 0 < units < _MOST_UNITS:
        return "The quantity is no number that can be ordered."
    if units != units.to_integral_value():
        return f"1688 sells whole units, not {quantity_text(units)}: round the quantity."
    if (price := _number(line["unit_price"]["amount"])) is None or price < 0:
        return "The price is no amount."
    return spec, int(units)


def _wanted(spec: Spec, lines: Sequence[tuple[PurchaseLine, int]]) -> Wanted:
    units = sum(each for _, each in lines)
    amount = sum((Decimal(line["unit_price"]["amount"]) * each for line, each in lines), Decimal(0))
    return Wanted(*spec, units, amount / units, tuple(line for line, _ in lines))


def _against(one: Wanted, facts: OfferFacts, of_offer: int, supplier: str) -> str:
    if facts.supplier and supplier and facts.supplier != supplier:
        return "This offer is of another supplier: put it on a purchase order of that supplier."
    if not facts.is_on_sale:
        return "The supplier does not sell this offer any more: choose another one."
    if facts.specs and one.spec_id not in facts.specs:
        return "The offer has no such variant any more (suppliers make them anew): take the new vendor code from the offer."
    unit = f" {facts.unit}" if facts.unit else ""
    if of_offer < facts.minimum:
        return f"The supplier sells at least {facts.minimum}{unit} of this offer, {of_offer} are ordered: order more."
    if facts.batch > 1 and one.quantity % facts.batch:
        return f"The supplier sells this offer in lots of {facts.batch}{unit}, {one.quantity} are ordered: change the quantity."
    return ""


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None

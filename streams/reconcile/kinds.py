"""What is reconciled: the words of each kind, which of them agree, and what to do about what does not. Pure.

    Odoo's purchase order      the supplier's orders
    draft                      none, or cancelled ones
    ordered                    one at least that is not cancelled; none `stopped`
    received                   the same, and all of them sent, in part at least
    cancelled                  none, or cancelled ones

`unknown` is a doubt: the platform has a word we do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.kit.books import MadeBy
from streams.phases import Flow

PURCHASES = "purchases"
CANCELLED, UNKNOWN = "cancelled", "unknown"


@dataclass(frozen=True, slots=True)
class Kind:
    """Rules of a kind.

    thing, there   in words: what Odoo has, what the other side has
    flow           that makes it there: while it is not on, nothing is expected by itself
    expected       Odoo's states of what has to be at the other side
    against        Odoo's state -> the other side's states that contradict it; what is cancelled there agrees where it is not expected
    advice         finding (`what`, `what:state`) -> what to do
    """

    name: str
    thing: str
    there: str
    flow: Flow
    expected: frozenset[str]
    against: Mapping[str, frozenset[str]]
    advice: Mapping[str, str]

    def advice_for(self, what: str, detail: str = "") -> str:
        """The words for that, else those for all of its kind."""
        return self.advice.get(f"{what}:{detail}") or self.advice[what]


_ALIVE = frozenset({"to_pay", "paid", "part_shipped", "shipped", "delivered", "done", "stopped"})

_PURCHASES = Kind(
    name=PURCHASES,
    thing="purchase order",
    there="order",
    flow=Flow.PURCHASES,
    expected=frozenset({"ordered", "received"}),
    against={
        "draft": _ALIVE,
        "cancelled": _ALIVE,
        "ordered": frozenset({"stopped"}),
        "received": frozenset({"to_pay", "paid", "stopped"}),
    },
    advice={
        "missing_there": "Where a note in Odoo says what keeps it from being ordered: mend that, and it is ordered. One with no note may have been "
        "entered or imported as confirmed, and such are not ordered: cancel it, set it to draft and confirm it again. Ordered by hand: write "
        "the order's number into its vendor reference. Not wanted any more: cancel it.",
        f"missing_in_odoo:{MadeBy.US}": "It was ordered for a purchase order that Odoo does not have any more: cancel the order there, or make "
        "the purchase order anew and write this number into its vendor reference.",
        "missing_in_odoo": "It was ordered by hand: write its number into the vendor reference of its purchase order; make one where there is none.",
        "status": "Look at both and make them say the same.",
        "status:cancelled": "The purchase order is cancelled and the order is not: cancel it there before it is paid, else ask the supplier for "
        "a refund; or make the purchase order anew. Has another purchase order taken it over, by its vendor reference, delete this one.",
        "status:draft": "It was ordered, but the purchase order is only a draft: confirm it, or cancel the order there.",
        "status:all_cancelled": "The supplier's side has cancelled: order elsewhere on a new purchase order, or cancel this one.",
        "status:received": "The goods are taken in, but the supplier has not sent them yet: look at the receipt, and at the order there.",
        "status:stopped": "The order was stopped there, neither finished nor cancelled: ask the supplier, then correct the purchase order.",
        "quantity": "Correct the purchase order to what was ordered, or order what is missing; what is too much can be cancelled there before it "
        "is paid. Amounts are compared once quantities agree.",
        "amount": "The supplier has changed the price or the freight, or the purchase order was changed: correct it, or ask before it is paid.",
        "doubt": "It cannot be told whether they agree: look at both sides.",
        "doubt:ambiguous": "It could be of several purchase orders: leave its number in the vendor reference of one.",
        "doubt:currency": "The currencies differ, so amounts cannot be compared: the vendor's currency in Odoo has to be that of the platform.",
        "doubt:vendor": "The order was made by Causeway, and its number stands on a purchase order whose vendor is none of this account: the vendor "
        "was changed after it was ordered. Cancel the order there, or set the vendor right.",
        "doubt:unknown": "The platform shows a state that is not known here: look at the order there; nothing was concluded from it.",
    },
)

KINDS: Mapping[str, Kind] = {one.name: one for one in (_PURCHASES,)}

"""Orders in a state nobody knows (ORD-8): they come in as quotations, and a person is told, in Odoo, where the order stands.

The marketplace says a word that our table lacks, new or meant for a person ("Unfulfillable"). Whether the goods are to be shipped, nobody can
know from it. So the order gets an activity, which shows in every list of orders, and a note that stays when the activity is done; for each such
word once. The outcome says `unknown_status`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.kit.errors import ConnectorError
from connectors.kit.line_states import UNKNOWN
from connectors.odoo.activities import Wanted, ask
from connectors.odoo.chatter import note
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.keys import hidden_xid
from schemas.records import Order

NOTE = "unknown_status"
SUMMARY = "Unknown state at the marketplace: decide what to do"
_MOST = 100


@dataclass(frozen=True, slots=True)
class Odd:
    """An order that stands in Odoo, and the words of the marketplace for its state."""

    order: int
    key: str
    source: str
    words: str

    @property
    def text(self) -> str:
        """For people; no personal data."""
        return (
            f'{self.source} says "{self.words}" of this order, a state Causeway does not know. It came in as any other; '
            "whether it is to be shipped is for a person to decide."
        )


def odd_of(order: Order, number: int) -> Odd | None:
    """None for an order whose state is known."""
    if order["status"] != UNKNOWN:
        return None
    return Odd(number, order["key"], order["source"], order["source_status"][:_MOST])


class UnknownStates:
    """Tells of them, each once however often it is asked."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module

    async def tell(self, orders: Sequence[Odd]) -> list[ConnectorError | None]:
        """What kept a person from being told, for each order."""
        return [await self._one(odd) for odd in orders]

    async def _one(self, odd: Odd) -> ConnectorError | None:
        told = hidden_xid(self._module, "order_unknown", (odd.key, odd.words))
        try:
            if not await find(self._odoo, [told]):  # the activity goes when it is done, the note stays
                await self._activity(odd)
                await note(self._odoo, told, "sale.order", odd.order, [odd.text])
        except ConnectorError as error:
            return error
        return None

    async def _activity(self, odd: Odd) -> None:
        key = hidden_xid(self._module, "order_unknown_activity", (odd.key, odd.words))
        wanted = Wanted(key, "sale.model_sale_order", odd.order, SUMMARY, (odd.text,))
        await ask(self._odoo, wanted, known=0)  # the one there may be has the same key

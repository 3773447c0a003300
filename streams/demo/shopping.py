"""What a demo buys at a supplier's platform: four purchase orders, one of more things than one order can hold, one that is cancelled, one whose
price was raised before it was confirmed. Beside the day in the shop (`run`), in its three steps.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from streams.demo.agree import FlowReport
from streams.demo.bought import MOST_CODES, Bought, End, Purchasing, agree_on_purchases
from streams.demo.buyers import Buyers, VendorPrice
from streams.demo.supplier import Supplier
from streams.observe.ledger import DEAD, FlowLedger

_RISE_PERCENT = 40
_FEW, _PARCELS = 3, 2


class Shopping:
    """client: a logged-in odoorpc client; chance: seeded, so that a demo repeats."""

    def __init__(self, supplier: Supplier, client: Any, chance: random.Random) -> None:
        self._supplier = supplier
        self._buyers = Buyers(client, supplier.name)
        self._chance = chance
        self._is_open = self._buyers.can_buy()
        self._bought: list[Bought] = []
        self._sent: list[str] = []

    def prepare(self) -> None:
        """Before anything is bought."""
        if self._is_open:
            self._buyers.add_carrier(self._supplier.carrier)

    def order(self) -> None:
        """Make and confirm purchase orders of what has come in; none where that is too little to order from."""
        if not self._is_open:
            return
        large, small = (self._priced(seller) for seller in self._supplier.sellers)
        self._chance.shuffle(large)
        self._chance.shuffle(small)
        many = MOST_CODES + _FEW
        if len(large) < many + _FEW or len(small) < 2 * _FEW:
            return  # the offers that are missing are told of
        self._drafted(large[many : many + _FEW])
        self._drafted(large[:many])
        self._drafted(small[:_FEW])
        dearer = self._drafted(small[_FEW : 2 * _FEW], End.STOPPED)
        self._supplier.raise_price(next(iter(dearer.units)), _RISE_PERCENT)
        self._buyers.confirm([one.odoo_id for one in self._bought])

    def send_and_cancel(self) -> None:
        """The third is cancelled; the supplier sends the first two, every other order in two parcels."""
        if len(self._bought) < _FEW:
            return
        dropped = self._bought[2]
        self._buyers.cancel(dropped.odoo_id)
        self._bought[2] = replace(dropped, end=End.CANCELLED)
        names = {reference for one in self._bought[:2] for reference in one.references}
        alive = [order for order in self._supplier.orders() if order.reference in names and not order.is_cancelled]
        for number, order in enumerate(sorted(alive, key=lambda one: one.id)):
            self._supplier.send(order.id, _PARCELS if number % 2 == 0 else 1)
            self._sent.append(order.id)

    def compared(self, flows: Mapping[str, FlowLedger]) -> list[FlowReport]:
        """Both sides as they are now. flows: the pipeline's ledgers, by operation."""
        if not self._is_open:
            return []
        supplier, offered = self._supplier, self._supplier.offered()
        dead = {
            name: [
                entry
                for entry in ledger.entries.values()
                if entry.state == DEAD and entry.by_destination and entry.channel[0] == supplier.name
            ]
            for name, ledger in flows.items()
        }
        sides = Purchasing(
            supplier.name, supplier.currency, supplier.carrier, supplier.words, offered, supplier.orders(), self._buyers.prices(),
            self._buyers.products([one.sku for one in offered]), self._buyers.seen([one.odoo_id for one in self._bought]), dead,
        )  # fmt: skip
        return agree_on_purchases(self._bought, sides, self._sent)

    def _priced(self, seller: str) -> list[VendorPrice]:
        """What one of the sellers offers and Odoo knows."""
        prices = self._buyers.prices()
        return [prices[one.code][0] for one in self._supplier.offered() if one.seller == seller and one.code in prices]

    def _drafted(self, prices: Sequence[VendorPrice], end: End = End.ORDERED) -> Bought:
        lines = [(one, self._chance.randrange(2, 6)) for one in prices]
        number, name = self._buyers.draft(lines)
        cents = sum(one.cents * units for one, units in lines)
        self._bought.append(Bought(number, name, {one.code: units for one, units in lines}, cents, end))
        return self._bought[-1]

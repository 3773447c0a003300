"""The price a new listing starts with: what was decided for the channel, as far as it stands (PRC-1, PRC-2). Pure.

A marketplace takes no item without a price, and from the moment it has one somebody may buy for it. So it is the price the channel would be
told of: from its pricelist, in its currency, rounded, not below the floor, approved where that is asked for. While the newest price waits for a
person or for a setting, or is wrong, the last one that was decided is a price of yesterday: nothing new is put on sale for it.

Whether a listing exists has no part in the decision, so neither waits for the other.
"""

from __future__ import annotations

from schemas.records import Money, OfferedPrice


def first_price(offer: OfferedPrice) -> Money | None:
    """The ordinary price, without a sale's reduction, which comes by the price flow; None while nothing is decided."""
    is_open = offer["proposal"] or offer["waits_for"] or offer["problem"]
    return None if is_open else offer["price"]

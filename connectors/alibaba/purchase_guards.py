"""Which purchase orders are not ours to order (PO-1): what was confirmed before Causeway took over, and what a person has ordered already. Pure.

confirmed_before         before `not_before`: whoever bought then has ordered it by hand, or has decided not to
confirmation_unknown     Odoo does not say when it was confirmed, as of one that was entered as confirmed already
never_confirmed          cancelled as a quotation: nothing was ever sent
no_such_account          its vendor's reference names no seller at an account of ours, and it was ordered before that, or by hand
ordered_by_hand          its vendor reference has an order's number of the platform that we have not made: it is followed, not ordered

What we have ordered, or may have, stays ours whatever these say.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast

from connectors.alibaba.doubts import Doubt
from connectors.kit.order_numbers import order_numbers
from connectors.kit.ports import Delivery
from schemas.records import PurchaseOrder

CONFIRMED_BEFORE, CONFIRMATION_UNKNOWN = "confirmed_before", "confirmation_unknown"
NEVER_CONFIRMED, ORDERED_BY_HAND = "never_confirmed", "ordered_by_hand"
NO_SUCH_ACCOUNT = "no_such_account"
_CANCELLED = "cancel"


def kept_back(delivery: Delivery, doubt: Doubt | None, not_before: datetime | None) -> str:
    """Why it is not carried out, empty where it is. doubt: of what may be on its way; not_before: aware, None = nobody has said."""
    known = delivery.known
    if doubt is not None or (known is not None and known.remote_id) or not_before is None:
        return ""
    return _by_time(cast("PurchaseOrder", delivery.body), not_before)


def numbers_by_hand(order: PurchaseOrder, ours: Collection[str]) -> list[str]:
    """Order numbers in its vendor reference that are not `ours`."""
    return [one for one in order_numbers(order["supplier_reference"]) if one not in ours]


def _by_time(order: PurchaseOrder, not_before: datetime) -> str:
    confirmed = order.get("confirmed_at")
    if confirmed is None:
        return NEVER_CONFIRMED if order["state"] == _CANCELLED else CONFIRMATION_UNKNOWN
    return CONFIRMED_BEFORE if confirmed < not_before else ""

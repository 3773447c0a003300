"""What of an order an answer holds: `includedData` decides, and so do its status and the application's roles.

A stored order is always whole. Without any includedData an answer has the basic data only: neither status nor money
(amazon.md section 6). Whether a missing role leaves a block out or refuses the call is not known; here it is left out.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from connectors.amazon.sandbox.operations import DELIVERY, TAX
from connectors.kit.sandbox.steering import Json

# Data set -> the fields of the order, the fields of each item.
_FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "BUYER": (("buyer",), ()),
        "RECIPIENT": (("recipient",), ()),
        "PROCEEDS": (("proceeds",), ("proceeds",)),
        "EXPENSE": ((), ("expense",)),
        "PROMOTION": ((), ("promotion",)),
        "CANCELLATION": ((), ("cancellation",)),
        "FULFILLMENT": (("fulfillment",), ("fulfillment",)),
        "PACKAGES": (("packages",), ()),
        "TAX": (("tax",), ("tax",)),
        "PAYMENT": (("payment",), ()),
        "FULFILLMENT_ORDERS": (("fulfillmentOrders",), ()),
    }
)
DATA_SETS = tuple(_FIELDS)
_ROLE_OF = {"BUYER": DELIVERY, "RECIPIENT": DELIVERY, "TAX": TAX}
_PENDING = ("PENDING", "PENDING_AVAILABILITY")
# While payment is not confirmed there is no money, no buyer and no address.
_NOT_WHILE_PENDING = {"BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "TAX", "PAYMENT"}


def shown(order: Json, included: Collection[str], roles: Collection[str]) -> Json:
    """An order as the API gives it."""
    pending = status_of(order) in _PENDING
    hidden = {name for name in _FIELDS if name not in included or (name in _ROLE_OF and _ROLE_OF[name] not in roles)}
    hidden |= _NOT_WHILE_PENDING if pending else set()
    of_order = {field for name in hidden for field in _FIELDS[name][0]}
    of_item = {field for name in hidden for field in _FIELDS[name][1]}
    answer = {name: value for name, value in order.items() if name not in of_order}
    items = answer.get("orderItems")
    if isinstance(items, list):
        answer["orderItems"] = [_item(one, of_item, pending=pending) for one in items]
    return answer


def status_of(order: Json) -> str:
    """Orders of wrong form have none."""
    found = order.get("fulfillment")
    return str(found.get("fulfillmentStatus", "")) if isinstance(found, dict) else ""


def _item(item: Any, hidden: Collection[str], *, pending: bool) -> Any:
    if not isinstance(item, dict):
        return item
    kept = {name: value for name, value in item.items() if name not in hidden}
    product = kept.get("product")
    if pending and isinstance(product, dict):
        kept["product"] = {name: value for name, value in product.items() if name != "price"}
    return kept

"""Orders of wrong form, each in one way. All keep their orderId, so what became of them can be followed."""

import random

from connectors.kit.sandbox import damaging
from connectors.kit.sandbox.damaging import Damage
from connectors.kit.sandbox.steering import Json


def _first_item(order: Json) -> Json:
    item: Json = order["orderItems"][0]
    return item


def _no_items(order: Json) -> None:
    del order["orderItems"]


def _items_null(order: Json) -> None:
    order["orderItems"] = None


def _amount_as_words(order: Json) -> None:
    _first_item(order)["proceeds"]["proceedsTotal"]["amount"] = "12,50 Dollars"


def _quantity_negative(order: Json) -> None:
    _first_item(order)["quantityOrdered"] = -1


def _quantity_as_words(order: Json) -> None:
    _first_item(order)["quantityOrdered"] = "a few"


def _time_as_words(order: Json) -> None:
    order["lastUpdatedTime"] = "last Tuesday"


def _status_unknown(order: Json) -> None:
    order["fulfillment"]["fulfillmentStatus"] = "TELEPORTED"


def _channel_null(order: Json) -> None:
    order["salesChannel"] = None


def _item_is_a_string(order: Json) -> None:
    order["orderItems"][0] = "item 1"


DAMAGES: tuple[Damage, ...] = (
    _no_items,
    _items_null,
    _amount_as_words,
    _quantity_negative,
    _quantity_as_words,
    _time_as_words,
    _status_unknown,
    _channel_null,
    _item_is_a_string,
)


def damaged(order: Json, rng: random.Random) -> Json:
    """As damaging.damaged; an order too damaged for what was drawn loses its items."""
    return damaging.damaged(order, DAMAGES, "orderItems", rng)

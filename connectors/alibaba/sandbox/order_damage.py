"""Orders of wrong form, each in one way. All keep an id, so what became of them can be followed."""

import random

from connectors.kit.sandbox import damaging
from connectors.kit.sandbox.damaging import Damage
from connectors.kit.sandbox.steering import Json


def _no_lines(order: Json) -> None:
    del order["productItems"]


def _lines_null(order: Json) -> None:
    order["productItems"] = None


def _amount_as_words(order: Json) -> None:
    order["baseInfo"]["totalAmount"] = "一百元"


def _quantity_negative(order: Json) -> None:
    order["productItems"][0]["quantity"] = -1


def _time_as_words(order: Json) -> None:
    order["baseInfo"]["modifyTime"] = "昨天"


def _short_time(order: Json) -> None:
    """14 digits where 17 belong."""
    text = order["baseInfo"]["createTime"]
    order["baseInfo"]["createTime"] = text[:14] + text[17:]


def _status_unknown(order: Json) -> None:
    order["baseInfo"]["status"] = "teleported"


def _line_is_a_string(order: Json) -> None:
    order["productItems"][0] = "第一行"


DAMAGES: tuple[Damage, ...] = (
    _no_lines,
    _lines_null,
    _amount_as_words,
    _quantity_negative,
    _time_as_words,
    _short_time,
    _status_unknown,
    _line_is_a_string,
)


def damaged(order: Json, rng: random.Random) -> Json:
    """As damaging.damaged; an order too damaged for what was drawn loses its lines."""
    return damaging.damaged(order, DAMAGES, "productItems", rng)

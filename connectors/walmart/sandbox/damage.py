"""Orders of wrong form, each in one way. All keep their purchaseOrderId, so what became of them can be followed."""

import random

from connectors.kit.sandbox import damaging
from connectors.kit.sandbox.damaging import Damage
from connectors.walmart.sandbox.charges import Json


def _first_line(order: Json) -> Json:
    line: Json = order["orderLines"]["orderLine"][0]
    return line


def _no_lines(order: Json) -> None:
    del order["orderLines"]


def _lines_null(order: Json) -> None:
    order["orderLines"] = {"orderLine": None}


def _amount_as_words(order: Json) -> None:
    _first_line(order)["charges"]["charge"][0]["chargeAmount"]["amount"] = "12,50 Dollars"


def _amount_of_forty_digits(order: Json) -> None:
    _first_line(order)["charges"]["charge"][0]["chargeAmount"]["amount"] = int("9" * 40)


def _date_as_words(order: Json) -> None:
    order["orderDate"] = "last Tuesday"


def _date_beyond_calendars(order: Json) -> None:
    order["orderDate"] = 10**17


def _quantity_negative(order: Json) -> None:
    _first_line(order)["orderLineQuantity"]["amount"] = "-1"


def _quantity_as_words(order: Json) -> None:
    _first_line(order)["orderLineQuantity"]["amount"] = "a few"


def _status_unknown(order: Json) -> None:
    _first_line(order)["orderLineStatuses"]["orderLineStatus"][0]["status"] = "Teleported"


def _shipping_as_words(order: Json) -> None:
    order["shippingInfo"] = "by mail"


def _line_is_a_string(order: Json) -> None:
    order["orderLines"]["orderLine"][0] = "line 1"


DAMAGES: tuple[Damage, ...] = (
    _no_lines,
    _lines_null,
    _amount_as_words,
    _amount_of_forty_digits,
    _date_as_words,
    _date_beyond_calendars,
    _quantity_negative,
    _quantity_as_words,
    _status_unknown,
    _shipping_as_words,
    _line_is_a_string,
)


def damaged(order: Json, rng: random.Random) -> Json:
    """As damaging.damaged; an order too damaged for what was drawn loses its lines."""
    return damaging.damaged(order, DAMAGES, "orderLines", rng)

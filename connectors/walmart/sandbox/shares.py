"""A line's money for some of its units, in cents. Parts taken one after the other add up to the whole, to the cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.lines import GONE, units


@dataclass(frozen=True)
class LineMoney:
    """Cents of a line or of a part of it. discount is negative; taxes are those Walmart collects and keeps."""

    product: int = 0
    discount: int = 0
    shipping: int = 0
    product_tax: int = 0
    shipping_tax: int = 0

    def minus(self, other: "LineMoney") -> "LineMoney":
        return LineMoney(
            self.product - other.product,
            self.discount - other.discount,
            self.shipping - other.shipping,
            self.product_tax - other.product_tax,
            self.shipping_tax - other.shipping_tax,
        )


def charged_units(line: Json) -> int:
    """Units the line's charges cover: those not cancelled."""
    counted = units(line)
    return sum(counted.values()) - counted["Cancelled"]


def gone_units(line: Json) -> int:
    counted = units(line)
    return sum(counted[state] for state in GONE)


def money_of(charges: Sequence[Json], part: int = 1, whole: int = 1) -> LineMoney:
    """The charges' money for `part` of `whole` units, each sum rounded half up."""
    goods = [charge for charge in charges if charge["chargeType"] == "PRODUCT"]
    carriage = [charge for charge in charges if charge["chargeType"] == "SHIPPING"]
    amounts = [_cents(charge["chargeAmount"]) for charge in goods]

    def share(cents: int) -> int:
        return int((Decimal(cents) * part / whole).quantize(Decimal(1), ROUND_HALF_UP)) if whole else 0

    return LineMoney(
        product=share(sum(value for value in amounts if value > 0)),
        discount=share(sum(value for value in amounts if value < 0)),
        shipping=share(sum(_cents(charge["chargeAmount"]) for charge in carriage)),
        product_tax=share(_taxes(goods)),
        shipping_tax=share(_taxes(carriage)),
    )


def slice_of(charges: Sequence[Json], before: int, after: int, whole: int) -> LineMoney:
    """The money of the units between the `before`-th and the `after`-th."""
    return money_of(charges, after, whole).minus(money_of(charges, before, whole))


def _taxes(charges: Sequence[Json]) -> int:
    return sum(_cents(charge["tax"]["taxAmount"]) for charge in charges if "tax" in charge)


def _cents(money: Json) -> int:
    return int((Decimal(str(money["amount"])) * 100).quantize(Decimal(1), ROUND_HALF_UP))

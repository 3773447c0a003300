"""An order at a supplier as the sandbox holds it; what the APIs show of it is made in order_views.py. Money in fen, times in epoch seconds."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from connectors.kit.sandbox.steering import Json

UNPAID, PAID, SHIPPED = "waitbuyerpay", "waitsellersend", "waitbuyerreceive"
SIGNED, CONFIRMED, SUCCESS = "signinsuccess", "confirm_goods", "success"
CANCELLED, TERMINATED = "cancel", "terminated"


@dataclass(frozen=True)
class Line:
    """sku_id, spec_id: none of an offer without specs; price: of the list, per unit; amount: what is really paid for the line."""

    sub_id: str
    offer_id: int
    name: str
    unit: str
    quantity: int
    price: int
    amount: int
    sku_id: int | None = None
    spec_id: str | None = None
    cargo: str = ""
    image: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    shipped: int = 0

    @property
    def left(self) -> int:
        return self.quantity - self.shipped


@dataclass(frozen=True)
class Order:
    """account: the buyer's app key; creation: of which create call it is (a split one makes several orders); discount: signed, what lowers is
    negative; hidden_until: absent from lists until then."""

    id: str
    account: str
    creation: str
    seller: str
    status: str
    lines: tuple[Line, ...]
    address: Json
    freight: int
    created: float
    modified: float
    out_order_id: str = ""
    flow: str = "general"
    message: str = ""
    discount: int = 0
    refund: int = 0
    refund_status: str = ""
    paid: float | None = None
    sent: float | None = None
    confirmed: float | None = None
    completed: float | None = None
    close_reason: str = ""
    hidden_until: float = 0.0

    @property
    def goods(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def total(self) -> int:
        return self.goods + self.freight + self.discount

    def line(self, sub_id: str) -> Line | None:
        return next((one for one in self.lines if one.sub_id == sub_id), None)

    def each(self, change: Callable[[Line], Line]) -> "Order":
        return replace(self, lines=tuple(change(line) for line in self.lines))

    def as_json(self) -> Json:
        return asdict(self)


def order_from(data: Json) -> Order:
    """The other way round."""
    lines: Any = tuple(
        Line(**{**one, "attributes": tuple((a[0], a[1]) for a in one["attributes"])}) for one in data["lines"]
    )
    return Order(**{**data, "lines": lines})

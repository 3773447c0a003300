"""The report of all orders by order date, one line an item: a census without a list call."""

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.moments import iso
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.reports import Asked, Made
from connectors.amazon.sandbox.store import StoredOrder
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.steering import FORM_ERRORS, Json

TYPE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
# The first columns of Amazon's; v0's words for status and channel.
COLUMNS = (
    "amazon-order-id",
    "merchant-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "product-name",
    "sku",
    "asin",
    "quantity",
)
_STATUSES = {"PENDING": "Pending", "PENDING_AVAILABILITY": "Pending", "CANCELLED": "Cancelled", "SHIPPED": "Shipped"}


class OrderReport(Part):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        world.reports.register(TYPE, self.made)

    def made(self, asked: Asked) -> Made | None:
        lines = []
        for order in self.world.store.all(asked.account):
            if order.visible_at > asked.at or not asked.start <= order.created <= asked.end:
                continue
            if order.marketplace in asked.marketplaces:
                lines += _lines(order)
        if not lines:
            return None
        return Made(("\r\n".join(["\t".join(COLUMNS), *lines]) + "\r\n").encode())


def _lines(order: StoredOrder) -> list[str]:
    try:
        return ["\t".join(_values(order, item)) for item in lifecycle.items_of(order.body)]
    except FORM_ERRORS:
        return []


def _values(order: StoredOrder, item: Json) -> tuple[str, ...]:
    status = _STATUSES.get(order.status, "Shipping" if order.status == "PARTIALLY_SHIPPED" else "Unshipped")
    aliases = order.body.get("orderAliases", [])
    product = item["product"]
    return (
        order.id,
        aliases[0]["aliasId"] if aliases else "",
        iso(order.created),
        iso(order.updated),
        status,
        order.fulfilled_by.title(),
        order.body["salesChannel"]["marketplaceName"],
        product["title"],
        product["sellerSku"],
        product["asin"],
        str(item["quantityOrdered"]),
    )

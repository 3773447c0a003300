"""What stands in the reports on request: items, stock, cancellations. Column names as in sellers' files, a selection of them."""

from collections.abc import Sequence

from connectors.kit.sandbox.steering import FORM_ERRORS
from connectors.walmart.sandbox.item_store import Item
from connectors.walmart.sandbox.lines import lines_of, statuses_of
from connectors.walmart.sandbox.report_requests import ReportRequest
from connectors.walmart.sandbox.world import World

ITEM_COLUMNS = (
    "SKU",
    "Item ID",
    "Product Name",
    "Lifecycle Status",
    "Publish Status",
    "Status Change Reason",
    "Product Category",
    "Price",
    "Currency",
    "GTIN",
    "UPC",
    "Fulfillment Type",
    "Variant Group ID",
)
INVENTORY_COLUMNS = (
    "SKU",
    "GTIN",
    "Item Name",
    "Ship Node",
    "Input Quantity",
    "Reserved Quantity",
    "Available To Sell",
)
CANCELLATION_COLUMNS = ("Purchase Order", "Line", "SKU", "Quantity", "Reason")
Table = tuple[Sequence[str], list[dict[str, str]]]


def contents_of(world: World, request: ReportRequest) -> Table:
    """(columns, rows) of a report, as the store is now."""
    match request.kind:
        case "ITEM":
            return ITEM_COLUMNS, [_item(item) for item in world.items.all(request.account)]
        case "INVENTORY":
            return INVENTORY_COLUMNS, _inventory(world, request.account)
    return CANCELLATION_COLUMNS, _cancellations(world, request.account)


def _item(item: Item) -> dict[str, str]:
    return {
        "SKU": item.sku,
        "Item ID": item.wpid,
        "Product Name": item.name,
        "Lifecycle Status": item.lifecycle,
        "Publish Status": item.published,
        "Status Change Reason": "; ".join(item.reasons),
        "Product Category": item.product_type,
        "Price": f"{item.price_cents / 100:.2f}",
        "Currency": "USD",
        "GTIN": item.gtin,
        "UPC": item.gtin[2:] if item.gtin.startswith("00") else "",
        "Fulfillment Type": "Walmart Fulfilled" if item.wfs else "Seller Fulfilled",
        "Variant Group ID": item.variant_group,
    }


def _inventory(world: World, account: str) -> list[dict[str, str]]:
    reserved, rows = world.reserved(account, world.now()), []
    default = world.settings.nodes_of(account)[0]
    for item in world.items.all(account):
        for stock in world.stock.of(account, item.sku):
            left = max(0, stock.amount - stock.sold)
            held = min(reserved[item.sku], left) if stock.node == default else 0
            facts = {"SKU": item.sku, "GTIN": item.gtin, "Item Name": item.name, "Ship Node": stock.node}
            counts = {"Input Quantity": stock.amount, "Reserved Quantity": held, "Available To Sell": left - held}
            rows.append({**facts, **{name: str(count) for name, count in counts.items()}})
    return rows


def _cancellations(world: World, account: str) -> list[dict[str, str]]:
    rows = []
    for order in world.store.all(account):
        try:
            for line in lines_of(order.body):
                for status in statuses_of(line):
                    if status["status"] == "Cancelled":
                        first = {"Purchase Order": order.po, "Line": line["lineNumber"], "SKU": line["item"]["sku"]}
                        reason = str(status.get("cancellationReason", ""))
                        rows.append({**first, "Quantity": status["statusQuantity"]["amount"], "Reason": reason})
        except FORM_ERRORS:
            continue
    return rows

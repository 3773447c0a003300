"""The lines of the two returns reports. Pure. Columns as sellers' files have them; readers go by their names."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.marketplaces import Marketplace
from connectors.amazon.sandbox.moments import read
from connectors.amazon.sandbox.return_store import SELLABLE, Line, StoredReturn
from connectors.kit.sandbox.steering import Json

SELLER_COLUMNS = (
    "Order ID",
    "Order date",
    "Return request date",
    "Return request status",
    "Amazon RMA ID",
    "Merchant RMA ID",
    "Label type",
    "Label cost",
    "Currency code",
    "Return carrier",
    "Tracking ID",
    "Label to be paid by",
    "A-to-Z Claim",
    "Is prime",
    "ASIN",
    "Merchant SKU",
    "Item Name",
    "Return quantity",
    "Return Reason",
    "In policy",
    "Return type",
    "Resolution",
    "Invoice number",
    "Return delivery date",
    "Order Amount",
    "Order quantity",
    "SafeT Action reason",
    "SafeT claim id",
    "SafeT claim state",
    "SafeT claim creation time",
    "SafeT claim reimbursement amount",
    "Refunded Amount",
    "Order Item ID",
)
FBA_COLUMNS = (
    "return-date",
    "order-id",
    "sku",
    "asin",
    "fnsku",
    "product-name",
    "quantity",
    "fulfillment-center-id",
    "detailed-disposition",
    "reason",
    "status",
    "license-plate-number",
    "customer-comments",
)


def written(columns: Sequence[str], lines: Sequence[Mapping[str, str]]) -> bytes:
    rows = ["\t".join(columns), *("\t".join(line.get(name, "") for name in columns) for line in lines)]
    return ("\r\n".join(rows) + "\r\n").encode()


def seller_lines(
    one: StoredReturn, order: Json, refunded: Mapping[str, int], place: Marketplace
) -> list[dict[str, str]]:
    """refunded: by order item, smallest units."""
    total = order.get("proceeds", {}).get("grandTotal", {}).get("amount", "")
    common = {
        "Order ID": one.order_id,
        "Order date": _day(read(order["createdTime"])),
        "Return request date": _day(one.requested),
        "Return request status": one.status,
        "Amazon RMA ID": one.id,
        "Label type": "AmazonUnPaidLabel",
        "Label cost": _amount(0, place),
        "Currency code": place.currency,
        "Return carrier": "UPS",
        "Tracking ID": f"1Z{one.id}",
        "Label to be paid by": "Seller",
        "A-to-Z Claim": "N",
        "Is prime": "Y" if "PRIME" in order.get("programs", []) else "N",
        "In policy": "Y",
        "Return type": "C-Returns",
        "Resolution": "StandardRefund",
        "Return delivery date": _day(one.received) if one.received is not None else "",
        "Order Amount": str(total),
    }
    return [{**common, **_item(line, order, refunded.get(line.item_id, 0), place)} for line in one.lines]


def fba_lines(one: StoredReturn) -> list[dict[str, str]]:
    """A line for each unit, as each has its own plate."""
    return [_unit(one, line, number) for line in one.lines for number in range(1, line.quantity + 1)]


def _item(line: Line, order: Json, refunded: int, place: Marketplace) -> dict[str, str]:
    return {
        "ASIN": line.asin,
        "Merchant SKU": line.sku,
        "Item Name": line.title,
        "Return quantity": str(line.quantity),
        "Return Reason": f"CR-{line.reason}",
        "Order quantity": str(lifecycle.item_of(order, line.item_id)["quantityOrdered"]),
        "Refunded Amount": _amount(refunded, place) if refunded else "",
        "Order Item ID": line.item_id,
    }


def _unit(one: StoredReturn, line: Line, number: int) -> dict[str, str]:
    moment = datetime.fromtimestamp((one.received or 0) / 1000, UTC)
    return {
        "return-date": moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "order-id": one.order_id,
        "sku": line.sku,
        "asin": line.asin,
        "fnsku": f"X00{line.asin[-7:]}",
        "product-name": line.title,
        "quantity": "1",
        "fulfillment-center-id": "LEX1",
        "detailed-disposition": line.disposition,
        "reason": line.reason,
        "status": "Unit returned to inventory" if line.disposition == SELLABLE else "Reimbursed",
        "license-plate-number": f"LPN{one.id}{line.item_id[-4:]}{number:02d}",
    }


def _day(ms: int) -> str:
    """20-Aug-2026, whatever the machine's language."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{moment.day:02d}-{months[moment.month - 1]}-{moment.year}"


def _amount(minor: int, place: Marketplace) -> str:
    return f"{Decimal(minor).scaleb(-place.digits):.{place.digits}f}"

"""Small settlement reports for tests; every cell replaceable by its column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

HEADER = (
    "settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency", "transaction-type",
    "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name", "amount-type", "amount-description", "amount",
    "fulfillment-id", "posted-date", "posted-date-time", "order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku",
    "quantity-purchased",
)  # fmt: skip
SUMMARY = {
    "settlement-id": "1880001", "settlement-start-date": "2025-06-01 00:00:00 UTC", "settlement-end-date": "2025-06-14 00:00:00 UTC",
    "deposit-date": "2025-06-16 00:00:00 UTC", "total-amount": "10.00", "currency": "USD",
}  # fmt: skip
ORDER_ID = "111-0000001-0000001"


def amount(triple: str, text: str, order_id: str = ORDER_ID, **cells: str) -> dict[str, str]:
    """A row: `Order/ItemPrice/Principal`; cells by column with `_` for `-`."""
    transaction, amount_type, description = triple.split("/")
    return {
        "settlement-id": SUMMARY["settlement-id"], "transaction-type": transaction, "amount-type": amount_type,
        "amount-description": description, "amount": text, "order-id": order_id, "posted-date-time": "2025-06-03 10:00:00 UTC",
    } | {name.replace("_", "-"): cell for name, cell in cells.items()}  # fmt: skip


def report(*rows: dict[str, str], header: Sequence[str] = HEADER, **summary: str) -> str:
    """Header, summary, rows."""
    first = SUMMARY | {name.replace("_", "-"): cell for name, cell in summary.items()}
    lines = ["\t".join(header), *("\t".join(row.get(name, "") for name in header) for row in (first, *rows))]
    return "\r\n".join(lines) + "\r\n"


def many_rows(orders: int) -> Iterator[bytes]:
    """A report of seven rows for each order, a line at a time; it comes to what it says."""
    per_order = (
        ("ItemPrice", "Principal", "19.99"), ("ItemPrice", "Tax", "1.65"), ("ItemPrice", "Shipping", "5.99"), ("Promotion", "Shipping", "-5.99"),
        ("ItemFees", "Commission", "-3.00"), ("ItemFees", "FBAPerUnitFulfillmentFee", "-3.86"),
        ("ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", "-1.65"),
    )  # fmt: skip
    total = orders * 1313  # cents
    yield report(total_amount=f"{total // 100}.{total % 100:02}").encode()
    for number in range(orders):
        order = f"111-{number * 7919 % 10**7:07}-{number:07}"
        for amount_type, description, text in per_order:
            cells = amount(
                f"Order/{amount_type}/{description}", text, order, order_item_code=f"{number * 104729 % 10**13:014}",
                shipment_id=f"D{number * 31337 % 10**8:08}", sku=f"SKU-{number % 997}", quantity_purchased="1", marketplace_name="Amazon.com",
            )  # fmt: skip
            yield ("\t".join(cells.get(name, "") for name in HEADER) + "\r\n").encode()

"""Rows of a reconciliation report: one row per amount, not per order (walmart.md section 11).

Pure. A sale is booked when its units are gone, a refund when it was made; taxes are Walmart's to pay, so each is booked once as
collected and once as withheld and nets to zero. Column names are those of the page "Generate a reconciliation report"; amount
types and descriptions as reported by sellers. Commission rates are plausible.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.lines import lines_of
from connectors.walmart.sandbox.product_types import BY_NAME
from connectors.walmart.sandbox.shares import LineMoney, charged_units, gone_units, money_of, slice_of

COLUMNS = (
    "Period Start Date",
    "Period End Date",
    "Total Payable",
    "Currency",
    "Transaction Key",
    "Transaction Posted Timestamp",
    "Transaction Type",
    "Transaction Description",
    "Customer Order #",
    "Customer Order line #",
    "Purchase Order #",
    "Purchase Order line #",
    "Amount",
    "Amount Type",
    "Ship Qty",
    "Commission Rate",
    "Base Commission Rate",
    "Transaction Reason Description",
    "Partner Item Id",
    "Partner GTIN",
    "Partner Item Name",
    "Product Tax Code",
    "Ship to State",
    "Ship to City",
    "Ship to Zipcode",
    "Contract Category",
    "Product Type",
    "Commission Rule",
    "Shipping Method",
    "Fulfillment Type",
    "Fulfillment Details",
    "Original Commission",
    "Commission Incentive Program",
    "Commission Saving",
    "Customer Promo Type",
    "Total Walmart Funded Savings Program",
    "Campaign Id",
)
SALE, REFUND, ADJUSTMENT, SERVICE_FEE, SUMMARY = "Sale", "Refund", "Adjustment", "Service Fee", "PaymentSummary"
DEFAULT_RATE = Decimal(15)
WFS_CENTS_PER_UNIT = 345
RETURN_LABEL_CENTS = 599


@dataclass(frozen=True)
class Row:
    """One amount, in cents, signed as the seller sees it. values: further columns."""

    kind: str
    amount_type: str
    cents: int
    description: str
    key: str
    posted_ms: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class Settled:
    """What of an order line earlier reports have booked: units sold, refund charges, and units given back, by return."""

    units: int = 0
    refunds: int = 0
    returned: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ItemFacts:
    """What a report says about the goods themselves."""

    gtin: str = ""
    product_type: str = ""

    @property
    def rate(self) -> Decimal:
        """Commission in percent."""
        known = BY_NAME.get(self.product_type)
        return Decimal(known.commission) if known else DEFAULT_RATE


def line_rows(
    order: Json, line: Json, settled: Settled, facts: ItemFacts, returns: Sequence[Json], now_ms: int
) -> tuple[list[Row], Settled]:
    """The rows of an order line that no report has booked yet, and what is booked with them."""
    whole, gone, charges = charged_units(line), gone_units(line), line["charges"]["charge"]
    values = _columns(order, line, facts)
    key = f"{order['purchaseOrderId']}_{line['lineNumber']}"
    posted = int(line.get("statusDate", now_ms))
    rows: list[Row] = []
    if gone > settled.units:
        count = gone - settled.units
        part = slice_of(charges, settled.units, gone, whole)
        shown = {**values, "Ship Qty": str(count)}
        rows += _money_rows(SALE, "Purchase", part, 1, facts, f"{key}_S{settled.units}", posted, shown)
        rows += _wfs_rows(order, count, f"{key}_F{settled.units}", posted, shown)
    given = line.get("refund", {}).get("refundCharges", {}).get("refundCharge", [])
    for number, refund in enumerate(given[settled.refunds :], start=settled.refunds):
        shown = {**values, "Transaction Reason Description": str(refund.get("refundReason", ""))}
        back = money_of([_positive(refund["charge"])])
        rows += _money_rows(REFUND, "Refund", back, -1, facts, f"{key}_R{number}", posted, shown)
    returned = dict(settled.returned)
    for one in returns:
        rows += _return_rows(one, line, returned, facts, values, now_ms)
    return rows, Settled(max(gone, settled.units), len(given), returned)


def _return_rows(
    one: Json, line: Json, returned: dict[str, int], facts: ItemFacts, values: Mapping[str, str], now_ms: int
) -> Iterator[Row]:
    """Refunds made through a return; `returned` is brought up to date."""
    for entry in one["returnOrderLines"]:
        if str(entry["purchaseOrderLineNumber"]) != line["lineNumber"]:
            continue
        key = f"{one['returnOrderId']}_{entry['returnOrderLineNumber']}"
        before, after = returned.get(key, 0), entry["refundedQty"]
        if after <= before:
            continue
        goods = [charge for charge in line["charges"]["charge"] if charge["chargeType"] == "PRODUCT"]
        part = slice_of(goods, before, after, charged_units(line))
        shown = {**values, "Ship Qty": str(after - before), "Transaction Reason Description": entry["returnReason"]}
        yield from _money_rows(REFUND, "Refund", part, -1, facts, f"{key}_{before}", now_ms, shown)
        if before == 0 and entry["returnExpectedFlag"]:
            text = "Walmart Return Shipping Charge"
            yield Row(ADJUSTMENT, "Fee/Reimbursement", -RETURN_LABEL_CENTS, text, f"{key}_L", now_ms, values)
        returned[key] = after


def _money_rows(
    kind: str,
    text: str,
    part: LineMoney,
    sign: int,
    facts: ItemFacts,
    key: str,
    posted: int,
    values: Mapping[str, str],
) -> list[Row]:
    """sign 1: a sale, -1: money given back, and its commission given back to the seller."""
    goods, rate = part.product + part.discount, facts.rate
    amounts = (
        ("Product Price", part.product),
        ("Promo Code", part.discount),
        ("Shipping", part.shipping),
        ("Product tax", part.product_tax),
        ("Product tax withheld", -part.product_tax),
        ("Shipping tax", part.shipping_tax),
        ("Shipping tax withheld", -part.shipping_tax),
    )
    rows = [Row(kind, name, sign * cents, text, key, posted, values) for name, cents in amounts if cents]
    shown = {**values, "Commission Rate": _rate(rate), "Base Commission Rate": _rate(rate)}
    for name, base in (("Commission on Product", goods), ("Commission on Shipping", part.shipping)):
        if cents := _percent(base, rate):
            rows.append(
                Row(kind, name, -sign * cents, text, key, posted, {**shown, "Original Commission": _text(cents)})
            )
    return rows


def _wfs_rows(order: Json, count: int, key: str, posted: int, values: Mapping[str, str]) -> list[Row]:
    if order.get("shipNode", {}).get("type") != "WFSFulfilled":
        return []
    fee = -WFS_CENTS_PER_UNIT * count
    return [Row(SERVICE_FEE, "Fee/Reimbursement", fee, "WFS Fulfillment Fee", key, posted, values)]


def _columns(order: Json, line: Json, facts: ItemFacts) -> dict[str, str]:
    address = order["shippingInfo"]["postalAddress"]
    wfs = order.get("shipNode", {}).get("type") == "WFSFulfilled"
    known = BY_NAME.get(facts.product_type)
    return {
        "Customer Order #": str(order["customerOrderId"]),
        "Customer Order line #": line["lineNumber"],
        "Purchase Order #": str(order["purchaseOrderId"]),
        "Purchase Order line #": line["lineNumber"],
        "Partner Item Id": line["item"]["sku"],
        "Partner GTIN": facts.gtin,
        "Partner Item Name": line["item"]["productName"],
        "Product Tax Code": "2038710",
        "Ship to State": str(address.get("state", "")),
        "Ship to City": str(address.get("city", "")),
        "Ship to Zipcode": str(address.get("postalCode", "")),
        "Contract Category": known.category if known else "",
        "Product Type": facts.product_type,
        "Shipping Method": str(order["shippingInfo"].get("methodCode", "")),
        "Fulfillment Type": "Walmart Fulfilled" if wfs else "Seller Fulfilled",
    }


def _positive(charge: Json) -> Json:
    """A refunded charge with its signs turned, so that its parts are told as those of a charge."""

    def turned(money: Json) -> Json:
        return {**money, "amount": -money["amount"]}

    found = {**charge, "chargeAmount": turned(charge["chargeAmount"])}
    return (
        {**found, "tax": {**charge["tax"], "taxAmount": turned(charge["tax"]["taxAmount"])}}
        if "tax" in charge
        else found
    )


def cells(row: Row) -> dict[str, str]:
    """A row as the columns of the file; those that are empty are left out."""
    found = {
        "Transaction Key": row.key,
        "Transaction Posted Timestamp": us_date(row.posted_ms),
        "Transaction Type": row.kind,
        "Transaction Description": row.description,
        "Amount": _text(row.cents),
        "Amount Type": row.amount_type,
        **row.values,
    }
    return {name: value for name, value in found.items() if value}


def summary_cells(start_ms: int, end_ms: int, payable_cents: int) -> dict[str, str]:
    return {
        "Period Start Date": us_date(start_ms),
        "Period End Date": us_date(end_ms),
        "Total Payable": _text(payable_cents),
        "Currency": "USD",
        "Transaction Posted Timestamp": us_date(end_ms),
        "Transaction Type": SUMMARY,
        "Transaction Description": "Deposited in account" if payable_cents >= 0 else "Carried over to next cycle",
    }


def us_date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%m/%d/%Y")


def _percent(cents: int, rate: Decimal) -> int:
    return int((cents * rate / 100).quantize(Decimal(1), ROUND_HALF_UP))


def _rate(rate: Decimal) -> str:
    return f"{rate / 100:.4f}".rstrip("0")


def _text(cents: int) -> str:
    return f"{Decimal(cents) / 100:.2f}"


def rows_of_order(
    order: Json, settled: Mapping[str, Settled], facts: Mapping[str, ItemFacts], returns: Sequence[Json], now_ms: int
) -> tuple[list[Row], dict[str, Settled]]:
    """All unbooked rows of an order; settled and the answer are by line number, facts by SKU."""
    rows: list[Row] = []
    after: dict[str, Settled] = {}
    for line in lines_of(order):
        number, sku = line["lineNumber"], line["item"]["sku"]
        made, after[number] = line_rows(
            order, line, settled.get(number, Settled()), facts.get(sku, ItemFacts()), returns, now_ms
        )
        rows += made
    return rows, after

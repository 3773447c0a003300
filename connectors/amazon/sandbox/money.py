"""Money of an order: per item and kind, in the currency's smallest unit, and the proceeds blocks made of it.

Decided here, because the model leaves it open: breakdowns add up to their total, so a DISCOUNT is negative; `unitPrice` and
ITEM are without tax where the marketplace adds it (US, CA) and with it elsewhere, where there is no TAX breakdown; what is
cancelled has no proceeds any more.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from connectors.amazon.sandbox.marketplaces import Marketplace
from connectors.kit.sandbox.steering import Json

# Kinds in the order they are written.
KINDS = ("ITEM", "SHIPPING", "GIFT_WRAP", "DISCOUNT", "TAX", "OTHER")
# Plausible rates, not current ones, in percent by state.
_RATES: Mapping[str, str] = {
    "CA": "8.5",
    "TX": "8.25",
    "NY": "8.0",
    "IL": "9.25",
    "FL": "7.0",
    "WA": "10.35",
    "CO": "8.05",
    "GA": "8.9",
    "ON": "13.0",
    "QC": "14.975",
    "BC": "12.0",
}


def tax_on(minor: int, state: str) -> int:
    """States without an entry have no sales tax."""
    return int((minor * Decimal(_RATES.get(state, "0")) / 100).quantize(Decimal(1), ROUND_HALF_UP))


def proceeds(amounts: Mapping[str, int], tax: Mapping[str, int], place: Marketplace) -> Json:
    """ItemProceeds. amounts: by kind without TAX; tax: by the kind it is on."""
    total = sum(amounts.values()) + sum(tax.values())
    breakdowns = [_breakdown(kind, amounts[kind], place) for kind in KINDS if amounts.get(kind)]
    for one in breakdowns:
        if one["type"] == "DISCOUNT":
            one["detailedBreakdowns"] = [{"subtype": "ITEM", "value": one["subtotal"]}]
    if any(tax.values()):
        details = [{"subtype": kind, "value": place.money(tax[kind])} for kind in KINDS if tax.get(kind)]
        breakdowns.append({**_breakdown("TAX", sum(tax.values()), place), "detailedBreakdowns": details})
    return {"proceedsTotal": place.money(total), "breakdowns": breakdowns}


def order_proceeds(items: Iterable[Json], place: Marketplace) -> Json | None:
    """OrderProceeds: the sum of the items that have any; None when none has."""
    sums: Counter[str] = Counter()
    found = [item["proceeds"] for item in items if "proceeds" in item]
    if not found:
        return None
    for one in found:
        for breakdown in one["breakdowns"]:
            sums[breakdown["type"]] += minor(breakdown["subtotal"], place)
    total = sum(minor(one["proceedsTotal"], place) for one in found)
    breakdowns = [_breakdown(kind, sums[kind], place) for kind in KINDS if sums[kind]]
    return {"grandTotal": place.money(total), "breakdowns": breakdowns}


def minor(money: Mapping[str, str], place: Marketplace) -> int:
    return int(Decimal(money["amount"]).scaleb(place.digits))


def _breakdown(kind: str, amount: int, place: Marketplace) -> Json:
    return {"type": kind, "subtotal": place.money(amount)}


def scaled(block: Json, part: int, whole: int, place: Marketplace) -> Json:
    """ItemProceeds for `part` of `whole` units, each amount rounded half up."""

    def less(amount: Mapping[str, str]) -> dict[str, str]:
        value = Decimal(minor(amount, place)) * part / whole
        return place.money(int(value.quantize(Decimal(1), ROUND_HALF_UP)))

    breakdowns = []
    for one in block["breakdowns"]:
        details = [{**detail, "value": less(detail["value"])} for detail in one.get("detailedBreakdowns", [])]
        cut = {"type": one["type"], "subtotal": less(one["subtotal"])}
        breakdowns.append({**cut, "detailedBreakdowns": details} if details else cut)
    total = sum(minor(one["subtotal"], place) for one in breakdowns)
    return {"proceedsTotal": place.money(total), "breakdowns": breakdowns}

"""The refund call: amounts are negative, lines must have been shipped, and no charge is given back twice."""

import copy
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.walmart.sandbox.bodies import RefundBody, RefundedCharge, RefundLine
from connectors.walmart.sandbox.charges import Json, amount
from connectors.walmart.sandbox.lifecycle import RuleError, parsed
from connectors.walmart.sandbox.lines import GONE, lines_of, units


def refund(order: Json, body: Any, now_ms: int) -> Json:
    """Adds the refunded charges to each line's `refund`. A line refunded in full, or partially with its whole item
    price, gets all its charges back, tax and shipping too (walmart.md section 5)."""
    wanted = parsed(RefundBody, body).orderRefund
    if wanted.purchaseOrderId != order["purchaseOrderId"]:
        raise RuleError("purchaseOrderId", "does not match the order in the path")
    lines = wanted.orderLines.orderLine
    if len({line.isFullRefund for line in lines}) > 1:
        raise RuleError("isFullRefund", "one request is all full or all partial refunds")
    changed = copy.deepcopy(order)
    for line in lines:
        _refund_line(changed, line, now_ms)
    return changed


def _refund_line(order: Json, wanted: RefundLine, now_ms: int) -> None:
    line = next((one for one in lines_of(order) if one["lineNumber"] == wanted.lineNumber), None)
    if line is None:
        raise RuleError("lineNumber", f"the order has no line {wanted.lineNumber}")
    if not any(units(line)[state] for state in GONE):
        raise RuleError("lineNumber", f"line {wanted.lineNumber} is not shipped")
    asked = [charge for one in wanted.refunds.refund for charge in one.refundCharges.refundCharge]
    charges: list[Json] = line["charges"]["charge"]
    reason = asked[0].refundReason
    earlier: list[Json] = line.get("refund", {}).get("refundCharges", {}).get("refundCharge", [])
    if wanted.isFullRefund or any(_is_whole_item(charge.charge, charges) for charge in asked):
        if earlier:
            raise RuleError("isFullRefund", f"line {wanted.lineNumber} is refunded already, at least in part")
        added = [_back(charge, reason) for charge in charges]
    else:
        added = [
            {"refundReason": one.refundReason, "charge": one.charge.model_dump(exclude_none=True)} for one in asked
        ]
    _check_bounds(wanted.lineNumber, charges, [*earlier, *added])
    comments = next((one.refundComments for one in wanted.refunds.refund if one.refundComments), None)
    line["refund"] = {
        "refundId": f"{order['purchaseOrderId']}-{wanted.lineNumber}",
        **({"refundComments": comments} if comments else {}),
        "refundCharges": {"refundCharge": [*earlier, *added]},
    }
    line["statusDate"] = now_ms


def _is_whole_item(asked: RefundedCharge, charges: Sequence[Json]) -> bool:
    item = sum((_decimal(c["chargeAmount"]) for c in charges if c["chargeName"] == "ItemPrice"), Decimal(0))
    return asked.chargeType == "PRODUCT" and 0 < item == -Decimal(str(asked.chargeAmount.amount))


def _back(charge: Json, reason: str) -> Json:
    def negative(money: Json) -> Json:
        return {**money, "amount": amount(-int(_decimal(money) * 100))}

    returned = {**charge, "chargeAmount": negative(charge["chargeAmount"])}
    if "tax" in charge:
        returned["tax"] = {**charge["tax"], "taxAmount": negative(charge["tax"]["taxAmount"])}
    return {"refundReason": reason, "charge": returned}


def _check_bounds(number: str, charges: Sequence[Json], refunds: Sequence[Json]) -> None:
    """Per charge type, what is given back may not exceed what was charged, for amounts and for taxes."""
    for kind in ("PRODUCT", "SHIPPING"):
        charged = [c for c in charges if c["chargeType"] == kind]
        returned = [r["charge"] for r in refunds if r["charge"]["chargeType"] == kind]
        if _sum(charged) + _sum(returned) < 0 or _taxes(charged) + _taxes(returned) < 0:
            raise RuleError("chargeAmount", f"refunds of line {number} exceed its {kind} charges")


def _sum(charges: Sequence[Json]) -> Decimal:
    return sum((_decimal(charge["chargeAmount"]) for charge in charges), Decimal(0))


def _taxes(charges: Sequence[Json]) -> Decimal:
    return sum((_decimal(charge["tax"]["taxAmount"]) for charge in charges if "tax" in charge), Decimal(0))


def _decimal(money: Json) -> Decimal:
    return Decimal(str(money["amount"]))

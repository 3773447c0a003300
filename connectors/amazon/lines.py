"""One line of an Amazon order -> the canonical line. Pure; raises DataError."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from connectors.amazon.marketplaces import Marketplace
from connectors.amazon.money import (
    ITEM,
    SHIPPING,
    WRAP,
    ZERO,
    LineMoney,
    TaxPlace,
    discounts_of,
    fees_of,
    line_money,
    money_in,
    taxes_of,
)
from connectors.amazon.statuses import LineState, line_state
from connectors.kit.money import as_money, quantity_text, unit_price
from connectors.kit.reading import Reader
from schemas.records import LineShipment, Money, OrderLine

_GONE = "CANCELLED"
_CONSTRAINTS = (
    "palletDelivery", "cashOnDelivery", "signatureConfirmation", "recipientIdentityVerification", "recipientAgeVerification"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What lines need to know of their order. parcels: by orderItemId; currency: of the whole order, "" when no amount names one;
    tax_told: the data set TAX was given to us."""

    status: str
    word: str
    marketplace: Marketplace | None
    currency: str
    tax_told: bool
    parcels: dict[str, list[LineShipment]]


def order_line(line: Reader, order: OrderFacts) -> tuple[OrderLine, LineMoney]:
    """The line and its money. Raises DataError."""
    state = line_state(line, order.status, order.word)
    money = line_money(line, state.units, order.currency, order.marketplace, tax_told=order.tax_told)
    money.currency = money.currency or order.currency
    product, work, cancellation = line["product"], line["fulfillment"], line["cancellation"]
    gift, shipping = work["packing"]["giftOption"], work["shipping"]
    item_taxes, shipping_taxes, other_taxes = taxes_of(money, order.marketplace)
    line_id, asin = line.needed_text("orderItemId"), product.text("asin")
    record = OrderLine(
        line_id=line_id,
        # An item without a SKU of ours (a service, or one deleted since) is still told by its ASIN.
        sku=product.text("sellerSku") or asin or product.needed_text("sellerSku"),
        marketplace_item_id=asin,
        barcode="",
        title=product.text("title"),
        condition="/".join(dict.fromkeys(product["condition"].facts("conditionType", "conditionSubtype").values())),
        quantity=quantity_text(state.ordered),
        unit=line["measurement"].text("unit", "EACH").upper(),
        quantity_cancelled=quantity_text(state.cancelled),
        quantity_shipped=quantity_text(state.shipped),
        unit_price=as_money(_unit_price(line, money, state), money.currency),
        amount=as_money(money.parts.get(ITEM, ZERO), money.currency),
        shipping_amount=_part(money, SHIPPING),
        gift_wrap_amount=_part(money, WRAP),
        taxes=item_taxes,
        shipping_taxes=shipping_taxes,
        other_taxes=other_taxes,
        discounts=discounts_of(money, promotions(line)),
        fees=fees_of(money),
        statuses=state.statuses,
        status=state.status,
        components=[],
        shipments=order.parcels.get(line_id, []),
        serial_numbers=product.texts("serialNumbers"),
        shipping_method="",
        ship_by=None,
        deliver_by=shipping["scheduledDeliveryWindow"].time("latestDateTime"),
        buyer_cancel_requested=_wants_to_cancel(cancellation, state),
        cancel_reason=cancellation["cancellationExecution"].text("cancelReason") or cancellation["cancellationRequest"].text("cancelReason"),
        gift_message=gift.text("giftMessage"),
        return_id="",
        extras=_extras(line),
    )  # fmt: skip
    return record, money


def promotions(line: Reader) -> list[str]:
    """The promotions of a line, each once."""
    found = (one.text("promotionId") for one in line["promotion"].objects("breakdowns"))
    return list(dict.fromkeys(name for name in found if name))


def parcels_in(order: Reader) -> dict[str, list[LineShipment]]:
    """orderItemId -> the parcels it is in. Parcels that were cancelled are none."""
    found: dict[str, list[LineShipment]] = {}
    for parcel in order.objects("packages"):
        if parcel["packageStatus"].text("status").upper() == _GONE:
            continue
        for item in parcel.objects("packageItems"):
            found.setdefault(item.needed_text("orderItemId"), []).append(
                LineShipment(
                    tracking_number=parcel.text("trackingNumber"),
                    carrier=parcel.text("carrier"),
                    method=parcel.text("shippingService"),
                    quantity=quantity_text(item.decimal("quantity", whole_digits=6, fraction_digits=0)),
                    shipped_at=parcel.time("shipTime"),
                )
            )
    return found


def _unit_price(line: Reader, money: LineMoney, state: LineState) -> Decimal:
    """Amazon's own where it makes the amount (it is with tax where prices are), else the amount by the units."""
    amount, price = money.parts.get(ITEM, ZERO), line["product"]["price"]["unitPrice"]
    if not price.missing and money.place is not TaxPlace.INCLUDED:
        stated, _ = money_in(price, money.currency)
        if stated * state.units == amount or not state.units:
            return stated
    return unit_price(amount, state.units)


def _part(money: LineMoney, kind: str) -> Money | None:
    return as_money(money.parts[kind], money.currency) if kind in money.parts else None


def _wants_to_cancel(cancellation: Reader, state: LineState) -> bool:
    """The buyer asked and nobody has decided yet: what is cancelled or gone needs no decision (FUL-3)."""
    asked = cancellation["cancellationRequest"].text("requester").upper() == "BUYER"
    return asked and cancellation["cancellationExecution"].missing and state.units > state.shipped


def _extras(line: Reader) -> dict[str, str]:
    product, work = line["product"], line["fulfillment"]
    schemes = [one.text("reportingScheme") for one in line["tax"].objects("taxCalculationBreakdowns")]
    demanded = [
        name
        for name, word in work["shipping"]["shippingConstraints"].facts(*_CONSTRAINTS).items()
        if word == "MANDATORY"
    ]
    points = line["expense"]["pointsCost"]["pointsGranted"]
    found = {
        "programs": ",".join(line.texts("programs")),
        "reportingScheme": ",".join(dict.fromkeys(text for text in schemes if text)),
        "shippingConstraints": ",".join(demanded),
        "serialNumberRequirement": work["packing"]["serialNumberRequirement"].text("requirementType"),
        "cancelledBy": line["cancellation"]["cancellationExecution"].text("cancelledBy"),
        "promotionIds": ",".join(promotions(line)),
        **product["price"].facts("priceDesignation"),
        **work["packing"]["giftOption"].facts("giftWrapLevel"),
        **points.facts("pointsNumber"),
        **work["shipping"]["internationalShipping"].facts("iossNumber"),
    }
    return {name: text for name, text in found.items() if text}

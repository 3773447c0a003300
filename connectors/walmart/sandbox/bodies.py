"""Request bodies of the order writes, with the rules of the published types where those are right (walmart.md, 13).

ShippingLineType, ShipLineStatusType, TrackingInfoType, CarrierNameType, CancelLineStatusType, RefundLineType.
Fields we do not use are let through, as Walmart does.
"""
# ruff: noqa: N815, SIM905 - the names are the wire's; a split string reads better than 57 lines

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

METHODS = Literal["Standard", "Express", "OneDay", "Freight", "WhiteGlove", "Value"]
# CarrierNameType.carrier in the order model, 57 values; they must match exactly.
CARRIERS = frozenset(
    (
        "UPS|USPS|FedEx|Airborne|OnTrac|DHL Ecommerce - US|DHL|LS|UDS|UPSMI|FDX|PILOT|ESTES|SAIA|FDS Express|"
        "Seko Worldwide|HIT Delivery|FEDEXSP|RL Carriers|Metropolitan Warehouse & Delivery|China Post|YunExpress|"
        "Yellow Freight Sys|AIT Worldwide Logistics|Chukou1|Sendle|Landmark Global|Sunyou|Yanwen|4PX|GLS|"
        "OSM Worldwide|FIRST MILE|AM Trucking|CEVA|India Post|SF Express|CNE|TForce Freight|AxleHire|LSO|Royal Mail|"
        "ABF Freight System|WanB|Roadrunner Freight|Meyer Distribution|AAA Cooper|Canada Post|"
        "Southeastern Freight Lines|Japan Post|Correos de Mexico|XPO Logistics|JD Logistics|YDH|JCEX|Flyt|Deutsche Post"
    ).split("|")
)
# RefundChargeType.refundReason
REFUND_REASONS = frozenset(
    (
        "BillingError|TaxExemptCustomer|ItemNotAsAdvertised|IncorrectItemReceived|CancelledYetShipped|"
        "ItemNotReceivedByCustomer|IncorrectShippingPrice|DamagedItem|DefectiveItem|CustomerChangedMind|"
        "CustomerReceivedItemLate|Missing Parts / Instructions|Finance -> Goodwill|Finance -> Rollback|Buyer canceled|"
        "Customer returned item|General adjustment|Merchandise not received|Quality -> Missing Parts / Instructions|"
        "Shipping & Delivery -> Damaged|Shipping & Delivery -> Shipping Price Discrepancy|Others"
    ).split("|")
)
Text = Annotated[str, StringConstraints(min_length=1)]


class Quantity(BaseModel):
    unitOfMeasurement: Literal["EACH", "EA"]
    amount: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}$")]

    @property
    def count(self) -> int:
        return int(self.amount)


class CarrierName(BaseModel):
    carrier: str | None = None
    otherCarrier: str | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "CarrierName":
        if not (self.carrier or self.otherCarrier):
            raise ValueError("carrier or otherCarrier is required")
        if self.carrier and self.carrier not in CARRIERS:
            raise ValueError(f"carrier {self.carrier!r} is not in the list of carriers; use otherCarrier")
        return self


class TrackingInfo(BaseModel):
    shipDateTime: Annotated[int, Field(strict=True, gt=0)]
    carrierName: CarrierName
    methodCode: METHODS
    trackingNumber: Text
    trackingURL: str | None = None

    @model_validator(mode="after")
    def _other_carrier_needs_a_link(self) -> "TrackingInfo":
        if self.carrierName.otherCarrier and not self.trackingURL:
            raise ValueError("trackingURL is required with otherCarrier")
        return self


class CurrentTracking(BaseModel):
    trackingNumber: Text


class ShipStatus(BaseModel):
    status: Literal["Shipped"]
    statusQuantity: Quantity
    trackingInfo: TrackingInfo
    currentTrackingInfo: CurrentTracking | None = None


class ShipStatuses(BaseModel):
    orderLineStatus: Annotated[list[ShipStatus], Field(min_length=1)]


class ShipLine(BaseModel):
    lineNumber: Text
    sellerOrderId: Annotated[str, StringConstraints(min_length=1, max_length=30)]
    intentToCancelOverride: bool = False
    orderLineStatuses: ShipStatuses


class ShipLines(BaseModel):
    orderLine: Annotated[list[ShipLine], Field(min_length=1)]


class Shipment(BaseModel):
    orderLines: ShipLines
    processMode: Literal["PARTIAL_UPDATE"] | None = None


class ShipmentBody(BaseModel):
    orderShipment: Shipment


CUSTOMER_ASKED = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"


class CancelStatus(BaseModel):
    status: Literal["Cancelled"]
    cancellationReason: Literal[
        "CUSTOMER_REQUESTED_SELLER_TO_CANCEL",
        "SELLER_CANCEL_PRICING_ERROR",
        "SELLER_CANCEL_OUT_OF_STOCK",
        "SELLER_CANCEL_FRAUD_STOP_SHIPMENT",
        "SELLER_CANCEL_ADDRESS_NOT_SERVICEABLE",
    ]
    statusQuantity: Quantity


class CancelStatuses(BaseModel):
    orderLineStatus: Annotated[list[CancelStatus], Field(min_length=1)]


class CancelLine(BaseModel):
    lineNumber: Text
    orderLineStatuses: CancelStatuses


class CancelLines(BaseModel):
    orderLine: Annotated[list[CancelLine], Field(min_length=1)]


class Cancellation(BaseModel):
    orderLines: CancelLines


class CancellationBody(BaseModel):
    orderCancellation: Cancellation


class Money(BaseModel):
    currency: Literal["USD"]
    amount: Annotated[float, Field(le=0)]  # refund amounts are negative


class RefundTax(BaseModel):
    taxName: Text
    taxAmount: Money


class RefundedCharge(BaseModel):
    chargeType: Literal["PRODUCT", "SHIPPING"]
    chargeName: Text
    chargeAmount: Money
    tax: RefundTax | None = None


class RefundCharge(BaseModel):
    refundReason: str
    charge: RefundedCharge

    @model_validator(mode="after")
    def _known_reason(self) -> "RefundCharge":
        if self.refundReason not in REFUND_REASONS:
            raise ValueError(f"refundReason {self.refundReason!r} is not in the list of reasons")
        return self


class RefundCharges(BaseModel):
    refundCharge: Annotated[list[RefundCharge], Field(min_length=1)]


class Refund(BaseModel):
    refundComments: str | None = None
    refundCharges: RefundCharges


class Refunds(BaseModel):
    refund: Annotated[list[Refund], Field(min_length=1)]


class RefundLine(BaseModel):
    lineNumber: Text
    isFullRefund: bool = False
    refunds: Refunds


class RefundLines(BaseModel):
    orderLine: Annotated[list[RefundLine], Field(min_length=1)]


class OrderRefund(BaseModel):
    purchaseOrderId: Text
    orderLines: RefundLines


class RefundBody(BaseModel):
    orderRefund: OrderRefund

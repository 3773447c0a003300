"""Orders v0, what has no successor: shipmentConfirmation, 204 and no body (amazon.md section 6). It also corrects."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.amazon.sandbox import lifecycle, moments
from connectors.amazon.sandbox.errors import ApiError, invalid
from connectors.amazon.sandbox.gate import json_body
from connectors.amazon.sandbox.lifecycle import Parcel, RuleError
from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.moments import iso
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.store import StoredOrder
from connectors.kit.sandbox.steering import FORM_ERRORS

# A ship date may lie a little ahead: labels are printed in the evening for the morning.
AHEAD_MS = 86_400_000
Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Item(_Strict):
    order_item_id: Text
    quantity: Annotated[int, Field(ge=1)]
    transparency_codes: list[str] = []


class PackageDetail(_Strict):
    package_reference_id: str
    carrier_code: Text
    carrier_name: str = ""
    shipping_method: str = ""
    tracking_number: Text
    ship_date: str
    ship_from_supply_source_id: str = ""
    order_items: Annotated[list[Item], Field(min_length=1)]

    @field_validator("package_reference_id")
    @classmethod
    def _is_positive(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9]\d*", value):
            raise ValueError("a positive number as text is expected")
        return value

    @field_validator("ship_date")
    @classmethod
    def _is_a_moment(cls, value: str) -> str:
        moments.read(value)
        return value


class Confirmation(_Strict):
    """ConfirmShipmentRequest of the model."""

    marketplace_id: Text
    package_detail: PackageDetail
    cod_collection_method: Literal["DirectPayment"] | None = None


class Shipment(Part):
    def routes(self) -> list[Route]:
        path = "/orders/v0/orders/{order_id}/shipmentConfirmation"
        return [Route(path, self.confirm, methods=["POST"])]

    async def confirm(self, request: Request) -> Response:
        passed = self.world.gate.enter(request, "confirmShipment")
        body = parsed(await json_body(request))
        order = self.world.order(passed.account, request.path_params["order_id"], passed.now)
        try:
            changed = shipped(order, body, int(passed.now * 1000))
        except RuleError as error:
            self.world.journal.wrote(order.account, order.id, "ship", passed.now, refused=True)
            raise invalid(error.description) from error
        except FORM_ERRORS as error:
            raise ApiError(500, "The order is damaged.") from error
        with self.world.database.transaction():
            self.world.save(order, changed, passed.now)
            self.world.journal.wrote(order.account, order.id, "ship", passed.now)
        return passed.empty()


def parsed(body: dict[str, Any]) -> Confirmation:
    """Raises ApiError 400 naming the first wrong field."""
    try:
        return Confirmation.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def shipped(order: StoredOrder, body: Confirmation, now_ms: int) -> dict[str, Any]:
    """The order with its parcel. Raises RuleError."""
    package = body.package_detail
    if order.fulfilled_by != "MERCHANT":
        raise RuleError("Orders fulfilled by Amazon cannot be confirmed.")
    if body.marketplace_id != order.marketplace:
        raise RuleError("marketplaceId is not the order's.")
    if package.carrier_code == "Other" and not package.carrier_name:
        raise RuleError("carrierName is required when carrierCode is Other.")
    if body.cod_collection_method and order.marketplace != BY_COUNTRY["JP"].id:
        raise RuleError("codCollectionMethod is for Japan only.")
    shipped_ms = moments.read(package.ship_date)
    if not order.created - 1000 <= shipped_ms <= now_ms + AHEAD_MS:
        raise RuleError("shipDate lies before the order or in the future.")
    units: dict[str, int] = {}
    for item in package.order_items:
        units[item.order_item_id] = units.get(item.order_item_id, 0) + item.quantity
    carrier = package.carrier_name if package.carrier_code == "Other" else package.carrier_code
    parcel = Parcel(
        reference=package.package_reference_id,
        carrier=carrier,
        service=package.shipping_method,
        tracking=package.tracking_number,
        ship_time=iso(shipped_ms),
        units=units,
    )
    return lifecycle.ship(order.body, parcel, iso(now_ms))

"""The JSON schema of an item feed for given product types, as POST /v3/items/spec answers it (draft-07)."""

from collections.abc import Sequence

from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.item_rules import ID_LENGTHS, MAX_NAME, MAX_SKU
from connectors.walmart.sandbox.product_types import YES_NO, ProductType

MAX_TYPES = 20


def feed_schema(feed_type: str, version: str, types: Sequence[ProductType]) -> Json:
    """feed_type: MP_ITEM or MP_MAINTENANCE; a maintenance feed requires SKU and identifier only."""
    partial = feed_type == "MP_MAINTENANCE"
    header = {
        "businessUnit": {"type": "string", "enum": ["WALMART_US"]},
        "locale": {"type": "string", "enum": ["en"]},
        "version": {"type": "string", "enum": [version]},
    }
    visible = {one.name: _visible(one, partial=partial) for one in types}
    required = ["Orderable"] if partial else ["Orderable", "Visible"]
    item = {"Orderable": _orderable(partial=partial), "Visible": _object(visible, [], minProperties=1, maxProperties=1)}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **_object(
            {
                "MPItemFeedHeader": _object(header, list(header)),
                "MPItem": {"type": "array", "minItems": 1, "maxItems": 10_000, "items": _object(item, required)},
            },
            ["MPItemFeedHeader", "MPItem"],
        ),
    }


def _orderable(*, partial: bool) -> Json:
    kinds = {"type": "string", "enum": list(ID_LENGTHS)}
    identifiers = {"productIdType": kinds, "productId": {"type": "string", "maxLength": 14}}
    fields: Json = {
        "sku": {"type": "string", "minLength": 1, "maxLength": MAX_SKU},
        "productIdentifiers": _object(identifiers, ["productIdType", "productId"]),
        "productName": {"type": "string", "minLength": 1, "maxLength": MAX_NAME},
        "brand": {"type": "string", "minLength": 1, "maxLength": 60},
        "price": {"type": "number", "minimum": 0.01},
        "ShippingWeight": {"type": "number", "minimum": 0.001},
        "MustShipAlone": {"type": "string", "enum": list(YES_NO)},
        "shipsInOriginalPackaging": {"type": "string", "enum": list(YES_NO)},
        "startDate": {"type": "string"},
        "endDate": {"type": "string"},
    }
    required = ["sku", "productIdentifiers"]
    more = [] if partial else ["productName", "brand", "price", "ShippingWeight"]
    return _object(fields, [*required, *more])


def _visible(product_type: ProductType, *, partial: bool) -> Json:
    fields = {one.name: one.schema() for one in product_type.attributes}
    return _object(fields, [] if partial else [one.name for one in product_type.required])


def _object(properties: Json, required: Sequence[str], **more: int) -> Json:
    found: Json = {"type": "object", "properties": properties, "additionalProperties": False, **more}
    return {**found, "required": list(required)} if required else found

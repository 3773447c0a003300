"""Product types of the sandbox and the attributes a listing of each may have.

A handful of types with names that Amazon has; PRODUCT is the generic one that price and stock updates use. The lists are short: what is
left out of the real ones is left out. An attribute is always a list of objects (amazon.md section 7); `schema` is that of one object,
`selectors` tell objects of one attribute apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connectors.kit.sandbox.steering import Json

LISTING, PRODUCT_ONLY, OFFER_ONLY = "LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY"
REQUIREMENTS = (LISTING, PRODUCT_ONLY, OFFER_ONLY)
CHANNELS = ("DEFAULT", "AMAZON_NA", "AMAZON_EU", "AMAZON_JP")
CONDITIONS = (
    "new_new",
    "new_open_box",
    "refurbished_refurbished",
    "used_like_new",
    "used_very_good",
    "used_good",
    "used_acceptable",
)
IDENTITY, DETAILS, OFFER, IMAGES, VARIATIONS, SAFETY, SHIPPING = (
    "product_identity",
    "product_details",
    "offer",
    "images",
    "variations",
    "safety_and_compliance",
    "shipping",
)
GROUPS = (OFFER, IDENTITY, DETAILS, IMAGES, VARIATIONS, SAFETY, SHIPPING)
PLACE: Json = {"type": "string", "minLength": 1}


@dataclass(frozen=True)
class Attribute:
    """most: how many objects with the same selectors; schema: of one object, without its marketplace."""

    name: str
    group: str
    schema: Json
    selectors: tuple[str, ...] = ("marketplace_id",)
    most: int = 1

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").title()

    @property
    def by_marketplace(self) -> bool:
        return "marketplace_id" in self.selectors


@dataclass(frozen=True)
class ProductType:
    """required: attributes of the product a full listing of it needs."""

    name: str
    title: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


def _object(properties: Json, *required: str) -> Json:
    found: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _value(schema: Json) -> Json:
    return _object({"value": schema, "marketplace_id": PLACE}, "value")


def _text(name: str, group: str, longest: int, most: int = 1) -> Attribute:
    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    fields = {"value": schema, "language_tag": {"type": "string"}, "marketplace_id": PLACE}
    return Attribute(name, group, _object(fields, "value"), ("marketplace_id", "language_tag"), most)


def _measure(name: str, *units: str) -> Attribute:
    fields = {"value": {"type": "number", "minimum": 0}, "unit": {"type": "string", "enum": list(units)}}
    return Attribute(name, SHIPPING, _object({**fields, "marketplace_id": PLACE}, "value", "unit"))


def _image(name: str) -> Attribute:
    location = {"type": "string", "pattern": "^https?://"}
    return Attribute(name, IMAGES, _object({"media_location": location, "marketplace_id": PLACE}, "media_location"))


_PRICE = {"type": "number", "exclusiveMinimum": 0}
_SCHEDULED = {
    "type": "array",
    "minItems": 1,
    "maxItems": 1,
    "items": _object({"schedule": {"type": "array", "minItems": 1, "items": _object({"value_with_tax": _PRICE}, "value_with_tax")}}, "schedule"),
}  # fmt: skip
_SALE_TIMES = {"start_at": {"type": "string"}, "end_at": {"type": "string"}, "value_with_tax": _PRICE}
_SALE = {
    "type": "array",
    "minItems": 1,
    "maxItems": 1,
    "items": _object(
        {"schedule": {"type": "array", "minItems": 1, "items": _object(_SALE_TIMES, "start_at", "end_at", "value_with_tax")}},
        "schedule",
    ),
}  # fmt: skip
_OFFER = _object(
    {
        "marketplace_id": PLACE,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "audience": {"type": "string", "enum": ["ALL", "B2B"]},
        "our_price": _SCHEDULED,
        "discounted_price": _SALE,
        "minimum_seller_allowed_price": _SCHEDULED,
        "maximum_seller_allowed_price": _SCHEDULED,
        "quantity_discount_plan": {"type": "array", "items": {"type": "object"}},
        "start_at": {"type": "object"},
        "end_at": {"type": "object"},
    },
    "currency",
)
_AVAILABILITY = _object(
    {
        "fulfillment_channel_code": {"type": "string", "enum": list(CHANNELS)},
        "quantity": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
        "lead_time_to_ship_max_days": {"type": "integer", "minimum": 0, "maximum": 60},
        "restock_date": {"type": "string"},
        "is_inventory_available": {"type": "boolean"},
    },
    "fulfillment_channel_code",
)
_PARENT = _object(
    {
        "parent_sku": {"type": "string", "minLength": 1},
        "child_relationship_type": {"type": "string", "enum": ["variation"]},
        "marketplace_id": PLACE,
    }
)
_IDENTIFIER = _object(
    {
        "type": {"type": "string", "enum": ["ean", "upc", "gtin", "isbn", "jan"]},
        "value": {"type": "string", "pattern": "^[0-9Xx]{8,14}$"},
        "marketplace_id": PLACE,
    },
    "type",
    "value",
)
_LENGTH = _object(
    {
        "value": {"type": "number", "minimum": 0},
        "unit": {"type": "string", "enum": ["centimeters", "inches", "millimeters"]},
    },
    "value",
    "unit",
)
_DIMENSIONS = _object(
    {"length": _LENGTH, "width": _LENGTH, "height": _LENGTH, "marketplace_id": PLACE}, "length", "width", "height"
)
_LIST_PRICE = _object(
    {"currency": {"type": "string"}, "value": _PRICE, "value_with_tax": _PRICE, "marketplace_id": PLACE}, "currency"
)
_UNIT_COUNT = _object(
    {
        "value": {"type": "number"},
        "type": _object({"value": {"type": "string"}, "language_tag": {"type": "string"}}),
        "marketplace_id": PLACE,
    },
    "value",
    "type",
)
_FLAG = {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0}
_WEIGHTS = ("grams", "kilograms", "ounces", "pounds")
_ALL = (
    Attribute("purchasable_offer", OFFER, _OFFER, ("marketplace_id", "currency", "audience")),
    Attribute("fulfillment_availability", OFFER, _AVAILABILITY, ("fulfillment_channel_code",)),
    Attribute("condition_type", OFFER, _value({"type": "string", "enum": list(CONDITIONS)})),
    Attribute("list_price", OFFER, _LIST_PRICE, ("marketplace_id", "currency")),
    Attribute("max_order_quantity", OFFER, _value(_COUNT)),
    Attribute("merchant_shipping_group", OFFER, _value({"type": "string"})),
    Attribute("product_tax_code", OFFER, _value({"type": "string"})),
    Attribute("merchant_suggested_asin", IDENTITY, _value({"type": "string", "pattern": "^[A-Z0-9]{10}$"})),
    Attribute("externally_assigned_product_identifier", IDENTITY, _IDENTIFIER, ("marketplace_id", "type"), 5),
    Attribute("supplier_declared_has_product_identifier_exemption", IDENTITY, _value(_FLAG)),
    Attribute("recommended_browse_nodes", IDENTITY, _value({"type": "string", "pattern": "^[0-9]+$"}), most=2),
    _text("item_name", IDENTITY, 200),
    _text("brand", IDENTITY, 100),
    _text("manufacturer", IDENTITY, 100),
    _text("model_number", IDENTITY, 80),
    _text("model_name", IDENTITY, 120),
    Attribute("part_number", IDENTITY, _value({"type": "string", "maxLength": 80})),
    Attribute("item_type_keyword", IDENTITY, _value({"type": "string", "maxLength": 120})),
    _text("product_description", DETAILS, 2000),
    _text("bullet_point", DETAILS, 500, 10),
    _text("generic_keyword", DETAILS, 250),
    _text("color", DETAILS, 100),
    _text("size", DETAILS, 100),
    _text("material", DETAILS, 100, 3),
    _text("style", DETAILS, 100),
    _text("pattern", DETAILS, 100),
    _text("special_feature", DETAILS, 100, 5),
    _text("included_components", DETAILS, 200, 10),
    _text("warranty_description", DETAILS, 1000),
    _text("department", DETAILS, 100),
    Attribute("target_gender", DETAILS, _value({"type": "string", "enum": ["male", "female", "unisex"]})),
    Attribute("number_of_items", DETAILS, _value(_COUNT)),
    Attribute("unit_count", DETAILS, _UNIT_COUNT),
    _image("main_product_image_locator"),
    *(_image(f"other_product_image_locator_{number}") for number in range(1, 9)),
    Attribute("parentage_level", VARIATIONS, _value({"type": "string", "enum": ["parent", "child"]})),
    Attribute("child_parent_sku_relationship", VARIATIONS, _PARENT),
    Attribute("variation_theme", VARIATIONS, _object({"name": {"type": "string"}, "marketplace_id": PLACE}, "name")),
    Attribute("country_of_origin", SAFETY, _value({"type": "string", "pattern": "^[A-Z]{2}$"})),
    Attribute("batteries_required", SAFETY, _value(_FLAG)),
    Attribute("batteries_included", SAFETY, _value(_FLAG)),
    Attribute("supplier_declared_dg_hz_regulation", SAFETY, _value({"type": "string"}), most=5),
    _measure("item_weight", *_WEIGHTS),
    _measure("item_package_weight", *_WEIGHTS),
    Attribute("item_dimensions", SHIPPING, _DIMENSIONS),
    Attribute("item_package_dimensions", SHIPPING, _DIMENSIONS),
)  # fmt: skip
ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType({one.name: one for one in _ALL})
# What an offer for a product that Amazon knows needs; what a product needs whatever its type is.
OFFER_REQUIRED = ("condition_type", "purchasable_offer")
_ALWAYS = ("item_name", "brand")
_FULL = ("product_description", "bullet_point", "country_of_origin", "supplier_declared_dg_hz_regulation")
_TYPES = (
    ProductType("PRODUCT", "Product", _ALWAYS),
    ProductType("HOME", "Home", (*_ALWAYS, *_FULL)),
    ProductType("KITCHEN", "Kitchen", (*_ALWAYS, *_FULL, "material")),
    ProductType("LAMP", "Lamp", (*_ALWAYS, *_FULL, "batteries_required")),
    ProductType("LUGGAGE", "Luggage", (*_ALWAYS, *_FULL, "size")),
    ProductType("OFFICE_PRODUCTS", "Office Products", (*_ALWAYS, *_FULL)),
    ProductType("SHIRT", "Shirt", (*_ALWAYS, *_FULL, "color", "size", "department", "target_gender")),
    ProductType("SPORTING_GOODS", "Sporting Goods", (*_ALWAYS, *_FULL)),
)
TYPES: Mapping[str, ProductType] = MappingProxyType({one.name: one for one in _TYPES})
# Which of them a product of the sandbox's catalogue is, by a word of its name.
_WORDS = {
    "Lamp": "LAMP", "Mat": "SPORTING_GOODS", "Bike": "SPORTING_GOODS", "Bottle": "SPORTING_GOODS", "Pencil": "OFFICE_PRODUCTS",
    "Phone": "OFFICE_PRODUCTS", "Grinder": "KITCHEN", "Pan": "KITCHEN", "Board": "KITCHEN",
}  # fmt: skip


def type_of(name: str) -> str:
    """The product type of a product of this name."""
    words = name.replace(",", " ").split()
    return next((found for word, found in _WORDS.items() if word in words), "HOME")


def required_of(product_type: str, requirements: str) -> tuple[str, ...]:
    """Names of the attributes a set of requirements wants."""
    product = TYPES[product_type].required
    if requirements == OFFER_ONLY:
        return ("merchant_suggested_asin", *OFFER_REQUIRED)
    return product if requirements == PRODUCT_ONLY else (*product, *OFFER_REQUIRED)

"""What Walmart checks in an item before it takes it: identifiers with their check digits, prices, required attributes.

Pure. Entries come from JSON read with decimals kept, so that a price of 19.999 is seen for what it is.
Codes: ERR_PDI_0047 check digit (walmart.md section 10), ERR_PDI_0034 required or invalid field, ERR_EXT_DATA_0101119 product id
known under other details, ERR_EXT_DATA_0101211 SKU bound to another product id (third-party code bases).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.product_types import BY_NAME, Attribute, ProductType

DATA_ERROR, SYSTEM_ERROR, TIMEOUT_ERROR = "DATA_ERROR", "SYSTEM_ERROR", "TIMEOUT_ERROR"
CHECK_DIGIT, BAD_FIELD = "ERR_PDI_0047", "ERR_PDI_0034"
OTHER_DETAILS, BOUND_ELSEWHERE = "ERR_EXT_DATA_0101119", "ERR_EXT_DATA_0101211"
# The real code is not published; the name of the API's own error says what it is.
UNKNOWN_SKU = "CONTENT_NOT_FOUND"
NO_MATCH = "ERR_EXT_DATA_0101116"
ID_LENGTHS = {"GTIN": (14,), "UPC": (12,), "EAN": (13,), "ISBN": (10, 13)}
MAX_SKU, MAX_NAME = 50, 200


@dataclass(frozen=True)
class FeedError:
    """One ingestion error of an item or of a whole feed."""

    code: str
    description: str
    field: str = ""
    type: str = DATA_ERROR

    def as_json(self) -> Json:
        found = {"type": self.type, "code": self.code, "description": self.description}
        return {**found, "field": self.field} if self.field else found


class ItemError(Exception):
    """An item that is refused, with all that is wrong with it."""

    def __init__(self, *errors: FeedError) -> None:
        super().__init__("; ".join(f"{error.code} {error.description}" for error in errors))
        self.errors = errors


def bad(field: str, description: str) -> ItemError:
    return ItemError(FeedError(BAD_FIELD, description, field))


@dataclass(frozen=True)
class Draft:
    """An item as a feed describes it. gtin: 14 digits. A field that a partial update leaves out is None."""

    sku: str
    gtin: str
    name: str | None
    price_cents: int | None
    product_type: str | None
    content: Json
    variant_group: str = ""
    variant_attributes: tuple[tuple[str, str], ...] = ()
    is_primary: bool = False


def check_digit(digits: str) -> int:
    """The GS1 check digit that belongs behind `digits` (General Specifications 7.9): weights 3 and 1 from the right."""
    return -sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits))) % 10


def gtin_of(identifiers: Any) -> str:
    """The 14-digit GTIN of productIdentifiers. Raises ItemError."""
    if not isinstance(identifiers, dict):
        raise bad("productIdentifiers", "an object with productIdType and productId is expected")
    kind, number = identifiers.get("productIdType"), identifiers.get("productId")
    if kind not in ID_LENGTHS:
        raise bad("productIdType", f"one of {', '.join(ID_LENGTHS)} is expected")
    if not isinstance(number, str) or len(number) not in ID_LENGTHS[kind]:
        raise bad("productId", f"text of {' or '.join(map(str, ID_LENGTHS[kind]))} digits is expected for {kind}")
    if len(number) == 10:
        return _isbn10(number)
    if not (number.isascii() and number.isdigit()):
        raise bad("productId", "digits are expected")
    if check_digit(number[:-1]) != int(number[-1]):
        raise ItemError(FeedError(CHECK_DIGIT, "invalid check-digit", "productId"))
    return number.zfill(14)


def _isbn10(number: str) -> str:
    """The GTIN of a ten-digit ISBN; X stands for 10 (ISO 2108)."""
    values = [10 if digit == "X" and place == 9 else int(digit) if digit.isdigit() else None
              for place, digit in enumerate(number)]  # fmt: skip
    if None in values or sum((10 - place) * (value or 0) for place, value in enumerate(values)) % 11:
        raise ItemError(FeedError(CHECK_DIGIT, "invalid check-digit", "productId"))
    body = f"978{number[:9]}"
    return f"0{body}{check_digit(body)}"


def sku_of(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_SKU:
        raise bad("sku", f"text of 1 to {MAX_SKU} characters is expected")
    return value


def cents_of(value: Any, field: str) -> int:
    """A positive price of at most two decimals. Raises ItemError."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise bad(field, "a number is expected")
    cents = Decimal(value) * 100
    if not Decimal(0) < cents < 10**9 or cents != int(cents):
        raise bad(field, "an amount above 0 with at most two decimals is expected")
    return int(cents)


def amount_of(quantity: Any) -> int:
    """Units of {"unit": "EACH", "amount": whole number}. Raises ItemError."""
    if not isinstance(quantity, dict) or quantity.get("unit") != "EACH":
        raise bad("unit", "EACH is expected")
    value = quantity.get("amount")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        raise bad("amount", "a whole number of 0 or more is expected")
    return value


def full_item(entry: Any) -> Draft:
    """An MP_ITEM entry. Raises ItemError with everything that is missing."""
    orderable, visible = _blocks(entry)
    product_type, attributes = _visible(visible, needed=True)
    errors: list[FeedError] = []
    sku, gtin = _collected(errors, sku_of, orderable.get("sku")), _collected(errors, gtin_of, _ids(orderable))
    price = _collected(errors, lambda value: cents_of(value, "price"), orderable.get("price"))
    # 4.8 has name and brand among Orderable, the product-type specs of 5.0 have them among Visible: both are taken.
    name = orderable.get("productName", attributes.get("productName"))
    brand = orderable.get("brand", attributes.get("brand"))
    errors += [_missing(field) for field, value in (("productName", name), ("brand", brand)) if not _text(value)]
    if len(str(name)) > MAX_NAME:
        errors.append(FeedError(BAD_FIELD, f"at most {MAX_NAME} characters are allowed", "productName"))
    if not _positive(orderable.get("ShippingWeight")):
        errors.append(_missing("ShippingWeight"))
    errors += _attribute_errors(BY_NAME.get(product_type or ""), attributes)
    if errors or sku is None or gtin is None:
        raise ItemError(*errors)
    return Draft(sku, gtin, str(name), price, product_type, _content(entry), **_variant(attributes))


def maintenance(entry: Any) -> Draft:
    """An MP_MAINTENANCE entry: SKU and identifier, and whatever is to change."""
    orderable, visible = _blocks(entry)
    product_type, attributes = _visible(visible, needed=False)
    price = cents_of(orderable["price"], "price") if "price" in orderable else None
    name = orderable.get("productName", attributes.get("productName"))
    if name is not None and not (_text(name) and len(name) <= MAX_NAME):
        raise bad("productName", f"text of 1 to {MAX_NAME} characters is expected")
    sku, gtin = sku_of(orderable.get("sku")), gtin_of(_ids(orderable))
    return Draft(sku, gtin, name, price, product_type, _content(entry), **_variant(attributes))


def match(entry: Any) -> Draft:
    """An MP_ITEM_MATCH entry: an offer on an item that Walmart has already."""
    item = entry.get("Item") if isinstance(entry, dict) else None
    if not isinstance(item, dict):
        raise bad("Item", "an object is expected")
    if not _positive(item.get("ShippingWeight")):
        raise ItemError(_missing("ShippingWeight"))
    price = cents_of(item.get("price"), "price")
    return Draft(sku_of(item.get("sku")), gtin_of(_ids(item)), None, price, None, _content(entry))


def _blocks(entry: Any) -> tuple[Json, Json]:
    orderable = entry.get("Orderable") if isinstance(entry, dict) else None
    visible = entry.get("Visible", {}) if isinstance(entry, dict) else None
    if not isinstance(orderable, dict) or not isinstance(visible, dict):
        raise bad("MPItem", "objects Orderable and Visible are expected")
    return orderable, visible


def _visible(visible: Json, *, needed: bool) -> tuple[str | None, Json]:
    """(product type, its attributes). In 4.8 the key is a category, which stands for no type of ours."""
    if len(visible) != 1 and (needed or visible):
        raise bad("Visible", "exactly one product type is expected")
    for name, attributes in visible.items():
        if not isinstance(attributes, dict):
            raise bad("Visible", f"the attributes of {name} are expected as an object")
        if name not in BY_NAME and name not in {one.category for one in BY_NAME.values()} and needed:
            raise bad("Visible", f"unknown product type {name}")
        return name, attributes
    return None, {}


def _ids(block: Json) -> Any:
    return block.get("productIdentifiers")


def _attribute_errors(product_type: ProductType | None, attributes: Json) -> list[FeedError]:
    required = product_type.required if product_type else BY_NAME["Other Home Decor"].required
    errors = [_missing(one.name) for one in required if one.name not in attributes]
    known = {one.name: one for one in (product_type.attributes if product_type else required)}
    for name, value in attributes.items():
        if name in known and (wrong := _wrong(known[name], value)):
            errors.append(FeedError(BAD_FIELD, wrong, name))
    return errors


def _wrong(attribute: Attribute, value: Any) -> str:
    """What is wrong with an attribute's value; empty when nothing is."""
    match attribute.kind:
        case "number":
            return "" if _number(value) else "a number is expected"
        case "measure":
            fits = isinstance(value, dict) and _number(value.get("measure")) and value.get("unit") in attribute.values
            return "" if fits else f"measure and unit ({', '.join(attribute.values)}) are expected"
        case "texts":
            if not isinstance(value, list) or not value:
                return "a list of texts is expected"
            return next((wrong for one in value if (wrong := _wrong_text(attribute, one))), "")
    return _wrong_text(attribute, value)


def _wrong_text(attribute: Attribute, value: Any) -> str:
    if not _text(value):
        return "text is expected"
    if attribute.values and value not in attribute.values:
        return f"one of {', '.join(attribute.values)} is expected"
    return "" if len(value) <= attribute.max_length else f"at most {attribute.max_length} characters are allowed"


def _variant(attributes: Json) -> dict[str, Any]:
    group = attributes.get("variantGroupId")
    if not _text(group):
        return {}
    names = attributes.get("variantAttributeNames")
    pairs = tuple((name, _first(attributes.get(name))) for name in names or () if isinstance(name, str))
    primary = attributes.get("isPrimaryVariant") == "Yes"
    return {"variant_group": group, "variant_attributes": pairs, "is_primary": primary}


def _first(value: Any) -> str:
    return str(value[0]) if isinstance(value, list) and value else str(value)


def _content(entry: Any) -> Any:
    """A copy that can be written as JSON: decimals become floats."""
    if isinstance(entry, dict):
        return {name: _content(value) for name, value in entry.items()}
    if isinstance(entry, list):
        return [_content(value) for value in entry]
    return float(entry) if isinstance(entry, Decimal) else entry


def _collected(errors: list[FeedError], read: Any, value: Any) -> Any:
    """The value read, or None with its errors added."""
    try:
        return read(value)
    except ItemError as error:
        errors.extend(error.errors)
        return None


def _missing(field: str) -> FeedError:
    return FeedError(BAD_FIELD, f"{field} is required", field)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and value >= 0


def _positive(value: Any) -> bool:
    return _number(value) and value > 0

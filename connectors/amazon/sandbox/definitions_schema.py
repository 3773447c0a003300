"""The JSON schema of a product type, as a definition links to it, and what of given attributes it finds wrong.

What is served is what is checked: the same schema judges listings (listing_rules)."""

import base64
import hashlib
import json
from functools import cache

from jsonschema import Draft7Validator

from connectors.amazon.sandbox.definitions_types import (
    ATTRIBUTES,
    GROUPS,
    LISTING,
    OFFER,
    OFFER_ONLY,
    TYPES,
    Attribute,
    required_of,
)
from connectors.kit.sandbox.steering import Json

META_ID = "https://schemas.amazon.com/selling-partners/definitions/product-types/meta-schema/v1"
SCHEMA_ID = "https://schemas.amazon.com/selling-partners/definitions/product-types/schema/v1"
VERSION = "U2FuZGJveCAx="
# The words a product type's schema uses beyond JSON Schema's own.
META_SCHEMA: Json = {
    "$id": META_ID,
    "$schema": "https://json-schema.org/draft/2019-09/schema",
    "title": "Amazon Product Type Definition Meta-Schema (v1)",
    "type": "object",
    "properties": {
        "selectors": {"type": "array", "items": {"type": "string"}},
        "maxUniqueItems": {"type": "integer", "minimum": 0},
        "minUniqueItems": {"type": "integer", "minimum": 0},
        "editable": {"type": "boolean"},
        "hidden": {"type": "boolean"},
    },
}


def names_of(requirements: str) -> list[str]:
    """Attributes of a set of requirements."""
    if requirements == OFFER_ONLY:
        return [one.name for one in ATTRIBUTES.values() if one.group == OFFER or one.name == "merchant_suggested_asin"]
    return [one.name for one in ATTRIBUTES.values() if requirements == LISTING or one.group != OFFER]


@cache
def schema_of(product_type: str, requirements: str = LISTING, *, enforced: bool = True) -> Json:
    """enforced: attributes that are required must be there; False is for partial updates."""
    found: Json = {
        "$schema": META_ID,
        "$id": f"{SCHEMA_ID}/{product_type}",
        "title": TYPES[product_type].title,
        "type": "object",
        "properties": {name: attribute_schema(ATTRIBUTES[name]) for name in names_of(requirements)},
        "additionalProperties": False,
    }
    return {**found, "required": list(required_of(product_type, requirements))} if enforced else found


def attribute_schema(attribute: Attribute) -> Json:
    return {
        "title": attribute.title,
        "type": "array",
        "minItems": 1,
        "selectors": list(attribute.selectors),
        "maxUniqueItems": attribute.most,
        "items": attribute.schema,
    }


@cache
def validator(product_type: str, requirements: str, *, enforced: bool) -> Draft7Validator:
    """For the checks; the words of the meta-schema have no meaning to it (listing_rules looks after those)."""
    return Draft7Validator(
        {
            **schema_of(product_type, requirements, enforced=enforced),
            "$schema": "http://json-schema.org/draft-07/schema#",
        }
    )


def groups(requirements: str) -> Json:
    """propertyGroups of a definition."""
    names = set(names_of(requirements))
    found = {
        group: [one.name for one in ATTRIBUTES.values() if one.group == group and one.name in names] for group in GROUPS
    }
    return {
        group: {"title": group.replace("_", " ").title(), "description": "", "propertyNames": members}
        for group, members in found.items()
        if members
    }


def content(schema: Json) -> bytes:
    return json.dumps(schema, ensure_ascii=False, indent=1).encode()


def checksum(data: bytes) -> str:
    """Base64 MD5, as the model has it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()

"""Bodies of PUT and PATCH of a listings item, and of the messages of a listings feed: their form. Pure; raises ApiError 400."""

from collections.abc import Sequence
from typing import Any

from connectors.amazon.sandbox.definitions_types import LISTING, REQUIREMENTS
from connectors.amazon.sandbox.errors import ApiError
from connectors.amazon.sandbox.listing_attributes import OPERATIONS, Attributes
from connectors.amazon.sandbox.listing_store import Change
from connectors.kit.sandbox.steering import Json


def bad(details: str) -> ApiError:
    """As the model's examples have it."""
    return ApiError(400, "Invalid input", details, "BAD_REQUEST")


def put_of(body: Json, places: Sequence[str], sent_at: float, via: str = "put", reference: str = "") -> Change:
    """{"productType", "requirements", "attributes"}"""
    _known(body, {"productType", "requirements", "attributes"})
    requirements = body.get("requirements", LISTING)
    if requirements not in REQUIREMENTS:
        raise bad(f"requirements: one of {', '.join(REQUIREMENTS)} is expected.")
    kind, attributes = product_type(body), attributes_of(body.get("attributes"))
    return Change("put", tuple(places), sent_at, via, reference, kind, requirements, attributes)


def patch_of(body: Json, places: Sequence[str], sent_at: float, via: str = "patch", reference: str = "") -> Change:
    """{"productType", "patches"}"""
    _known(body, {"productType", "patches"})
    patches = body.get("patches")
    if not isinstance(patches, list) or not patches:
        raise bad("patches: at least one is expected.")
    for patch in patches:
        _check_patch(patch)
    return Change("patch", tuple(places), sent_at, via, reference, product_type(body), patches=patches)


def product_type(body: Json) -> str:
    found = body.get("productType")
    if not isinstance(found, str) or not found:
        raise bad("productType is required.")
    return found


def attributes_of(given: Any) -> Attributes:
    """Each attribute is a list of objects. Raises ApiError."""
    if not isinstance(given, dict) or not given:
        raise bad("attributes: an object is expected.")
    for name, values in given.items():
        if not _objects(values):
            raise bad(f"attributes.{name}: a list of objects is expected.")
    return given


def _check_patch(patch: Any) -> None:
    if not isinstance(patch, dict) or not isinstance(patch.get("path"), str):
        raise bad("patches: op and path are required.")
    _known(patch, {"op", "path", "value"})
    if patch.get("op") not in OPERATIONS:
        raise bad(f"op: one of {', '.join(OPERATIONS)} is expected.")
    if "value" in patch and not _objects(patch["value"]):
        raise bad(f"{patch['path'][:80]}: value is a list of objects.")


def _objects(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, dict) for value in values)


def _known(body: Json, names: set[str]) -> None:
    if unknown := sorted(set(body) - names):
        raise bad(f"Unknown fields: {', '.join(unknown)}.")

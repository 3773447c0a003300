"""Variants of one product: what tells them apart, and whether it does (PRD-1). Pure.

Odoo: variants share a template; `variant_group` is its id, `variant_attributes` the names that differ, `attributes` this variant's values.
Marketplaces: a group id, the names of their own attributes that differ, and one variant that stands for the group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.kit.catalogue.colours import folded
from connectors.kit.catalogue.problems import VARIANT, FieldProblem
from schemas.records import Product


@dataclass(frozen=True, slots=True)
class Group:
    """id: shared by the variants; attributes: Odoo's names of what differs; primary: whether this one stands for all, None when not known."""

    id: str
    attributes: tuple[str, ...]
    primary: bool | None = None


def group_of(product: Product, siblings: Sequence[Product] = ()) -> Group | None:
    """The group of a product, None for a product without variants. Of the siblings known, the one with the lowest id stands for the group."""
    if not product["variant_group"]:
        return None
    known = _members(product, siblings)
    primary = (
        min(known, key=lambda one: (one["product_id"], one["sku"]))["sku"] == product["sku"] if len(known) > 1 else None
    )
    return Group(product["variant_group"], tuple(product["variant_attributes"]), primary)


def variant_problems(product: Product, siblings: Sequence[Product] = ()) -> list[FieldProblem]:
    """What keeps it from being told apart: no attribute that differs, a missing value, the same values as a sibling."""
    if not product["variant_group"]:
        return []
    names = product["variant_attributes"]
    if not names:
        return [
            FieldProblem(
                VARIANT, "variant_attributes", "is in a variant group, but no attribute tells its variants apart"
            )
        ]
    problems = [
        FieldProblem(VARIANT, f"attributes.{name}", "tells the variants apart, but has no value")
        for name in names
        if not product["attributes"].get(name, "").strip()
    ]
    mine = combination(product)
    twins = [
        one["sku"] for one in _members(product, siblings) if one["sku"] != product["sku"] and combination(one) == mine
    ]
    if twins and not problems:
        same = ", ".join(f"{name}={product['attributes'][name]}" for name in names)
        problems.append(
            FieldProblem(VARIANT, "variant_attributes", f"{same[:80]} is also {', '.join(sorted(twins)[:3])}")
        )
    return problems


def combination(product: Product) -> tuple[str, ...]:
    """The values that tell it apart, for comparing."""
    return tuple(folded(product["attributes"].get(name, "")) for name in product["variant_attributes"])


def grouped(products: Sequence[Product]) -> Mapping[str, Sequence[Product]]:
    """Products by variant group; those without one are left out."""
    found: dict[str, list[Product]] = defaultdict(list)
    for product in products:
        if product["variant_group"]:
            found[product["variant_group"]].append(product)
    return found


def _members(product: Product, siblings: Sequence[Product]) -> list[Product]:
    others = [one for one in siblings if one["variant_group"] == product["variant_group"] and one["active"]]
    return [product, *(one for one in others if one["sku"] != product["sku"])]

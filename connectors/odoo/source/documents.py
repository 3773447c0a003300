"""What readers of documents share: selection by domain, finding by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.odoo.source.models import Models, Row, link, text

ORDER, LINE = "sale.order", "sale.order.line"


async def selected(models: Models, model: str, ids: Sequence[int], domain: Sequence[Any]) -> set[int]:
    """Of these ids, those a configured domain selects."""
    if not domain or not ids:
        return set(ids)
    return {row["id"] for row in await models.rows(model, [["id", "in", list(ids)], *domain], ())}


async def named(models: Models, model: str, names: Sequence[str], domain: Sequence[Any] = ()) -> dict[str, int]:
    """Database ids or names, as people write them -> ids of records that are there."""
    numbers = [int(one) for one in names if one.isascii() and one.isdigit()]
    wanted = ["|", ["id", "in", numbers], ["name", "in", list(names)], *domain]
    found: dict[str, int] = {}
    for row in await models.rows(model, wanted, ("name",)):
        found.update({one: row["id"] for one in names if one == text(row["name"]) or one == str(row["id"])})
    return found


async def by_parent(
    models: Models, model: str, parent: str, ids: Sequence[int], fields: Sequence[str], domain: Sequence[Any] = ()
) -> dict[int, list[Row]]:
    """The rows of a child model by the record they belong to."""
    found: dict[int, list[Row]] = {one: [] for one in ids}
    for row in await models.rows(model, [[parent, "in", list(ids)], *domain], (parent, *fields)) if ids else []:
        found[link(row[parent])].append(row)
    return found


async def skus_of(models: Models, products: Sequence[int]) -> dict[int, str]:
    """product -> SKU."""
    rows = await models.by_id("product.product", products, ("default_code",))
    return {one: text(row["default_code"]) for one, row in rows.items()}

"""Numbers of suppliers' orders that stand on other purchase orders too (PO-1): an order may have been taken over by another purchase order, by its
vendor reference, before the one it was made for is cancelled or deleted. Then it is not to be cancelled. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from connectors.kit.order_numbers import words_of
from connectors.odoo.purchase_finding import ORDER, like
from connectors.odoo.source.models import Models, text

_ASKED = 40  # numbers in one question


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """number: of the order; id, name: of the other purchase order, which is not cancelled."""

    number: str
    id: int
    name: str


async def elsewhere(models: Models, numbers: Mapping[int, Collection[str]]) -> dict[int, Sequence[Elsewhere]]:
    """numbers: by purchase order. Of each, those that another one has. Raises ConnectorError."""
    every = sorted({one for some in numbers.values() for one in some})
    found: list[Elsewhere] = []
    for at in range(0, len(every), _ASKED):
        some = every[at : at + _ASKED]
        rows = await models.rows(ORDER, [["state", "!=", "cancel"], *like(some)], ("name", "partner_ref"))
        for row in rows:
            words = set(words_of(text(row["partner_ref"])))
            found += [Elsewhere(one, row["id"], text(row["name"])) for one in some if one in words]
    return {
        purchase: [one for one in found if one.number in some and one.id != purchase]
        for purchase, some in numbers.items()
    }

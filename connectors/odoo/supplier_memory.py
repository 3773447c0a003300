"""What was written of a supplier's offer, kept in Odoo beside its products: an attachment of no record, seen by its maker and administrators (EVT-4).

It orders the states of an offer, knows which product a SKU is although a person gave it another reference, and tells a value a person changed from
one the supplier changed. Everything works without it, with more looking up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.kept import ATTACHMENT, keep, packed, unpacked
from connectors.odoo.keys import xid


@dataclass(frozen=True, slots=True)
class OfferMemory:
    """template: what the offer became; seen: `RECORD/field` -> the supplier's value of the last merge; products: variant's id -> product; image:
    address of the picture that was written; conflicts of that delivery, in case its outcome got lost."""

    version: int = 0
    delivery: str = ""
    template: int = 0
    products: Mapping[str, int] = field(default_factory=dict)
    seen: Mapping[str, Any] = field(default_factory=dict)
    image: str = ""
    conflicts: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def read(cls, datas: str | bool | None) -> OfferMemory:
        """From an attachment's `datas`; what cannot be read counts as nothing remembered."""
        try:
            found = unpacked(datas)
            products = {str(name): int(number) for name, number in found["products"].items()}
            return cls(
                int(found["version"]), str(found["delivery"]), int(found["template"]), products, dict(found["seen"]), str(found["image"]),
                tuple(dict(one) for one in found["conflicts"]),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def datas(self) -> str:
        content = {
            "version": self.version, "delivery": self.delivery, "template": self.template, "products": dict(self.products), "seen": dict(self.seen),
            "image": self.image, "conflicts": [dict(one) for one in self.conflicts],
        }  # fmt: skip
        return packed(content)


class OfferMemories:
    """Every method raises ConnectorError."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module

    async def recalled(self, key: str) -> OfferMemory:
        for number in (await find(self._odoo, [self._xid(key)])).values():
            rows = await self._odoo.rows(ATTACHMENT, [["id", "=", number]], ["datas"])
            return OfferMemory.read(rows[0]["datas"] if rows else None)
        return OfferMemory()

    async def keep(self, key: str, memory: OfferMemory) -> None:
        await keep(self._odoo, self._xid(key), f"causeway {key}", memory.datas())

    def _xid(self, key: str) -> str:
        return xid(self._module, "supplier_product", key)

"""Makes a purchase order what all claims on it say: its vendor reference, the tracking of its receipts (PO-1, LOG-1).

Orders and creation of one purchase order may be written side by side, in several processes. Each has kept its claim before it comes here, and
looks again after it has written: whoever writes last has seen the claims of all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

from connectors.kit.errors import ConflictError
from connectors.kit.ports import Difference, Mappings
from connectors.odoo.chatter import note
from connectors.odoo.client import Odoo
from connectors.odoo.keys import xid
from connectors.odoo.purchase_finding import ORDER, Purchase
from connectors.odoo.purchase_memory import Claim, Memory
from connectors.odoo.purchase_places import (
    PICKING_FIELDS,
    Receipt,
    ReceiptChange,
    changes_of,
    parcels_of,
    reference_of,
    standing,
)
from connectors.odoo.purchase_settings import PurchaseSettings
from connectors.odoo.purchase_words import parcel_words
from connectors.odoo.source.models import Models, text

PICKING = "stock.picking"
QUIET = {"tracking_disable": True, "tz": "UTC", "lang": "en_US"}
# Goods that come to us, or that a vendor sends to our customer; not those that come back.
INCOMING = ["picking_type_code", "in", ["incoming", "dropship"]]
_TRIES = 5


class Settling:
    """See the module's first lines. Raises ConnectorError."""

    def __init__(self, odoo: Odoo, settings: PurchaseSettings, module: str, mappings: Mappings, memory: Memory) -> None:
        self._odoo, self._settings, self._module, self._mappings = odoo, settings, module, mappings
        self._models, self._memory = Models(odoo), memory
        self._carriers: dict[str, int] = {}
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def settle(self, purchase: Purchase, source: str, account: str) -> list[str]:
        """Codes of what was done. Raises ConflictError where others keep on changing it."""
        # Within this process they take turns: every one of them would write the same.
        lock = self._locks.setdefault(purchase.id, asyncio.Lock())
        async with lock:
            return await self._settled(purchase, source, account)

    async def _settled(self, purchase: Purchase, source: str, account: str) -> list[str]:
        did: list[str] = []
        for _ in range(_TRIES):
            claims = await self._memory.of(purchase.id)
            reference = await self._reference(purchase)
            wanted = reference_of(reference, claims.values())
            counted = standing(reference, claims.values())
            changes = await self.receipts(purchase, counted)
            if wanted == reference and not changes:
                return list(dict.fromkeys(did))
            if wanted != reference:
                await self._odoo.tell(ORDER, "write", [purchase.id], {"partner_ref": wanted}, context=QUIET)
                did.append("referenced")
            for change in changes:
                await self._track(change, counted, source, account)
                did.append("tracked")
        raise ConflictError(f"{purchase.name} was changed by others each time it was written")

    async def differences(self, purchase: Purchase, claims: Mapping[str, Claim]) -> list[Difference]:
        """What that would write with these claims. Reads only."""
        wanted = reference_of(purchase.reference, claims.values())
        found = [] if wanted == purchase.reference else [Difference("vendor reference", purchase.reference, wanted)]
        found += [
            Difference(f"{one.receipt.name}: tracking", one.receipt.tracking, one.tracking)
            for one in await self.receipts(purchase, standing(purchase.reference, claims.values()))
        ]
        return found

    async def receipts(self, purchase: Purchase, claims: Sequence[Claim]) -> list[ReceiptChange]:
        """What is to be changed of its receipts."""
        if not any(claim.parcels for claim in claims):
            return []
        domain = [["purchase_id", "=", purchase.id], INCOMING, ["state", "!=", "cancel"], ["return_id", "=", False]]
        rows = await self._models.rows(PICKING, domain, PICKING_FIELDS)
        fields = await self._models.fields(PICKING)
        return changes_of([Receipt.of(row, has_tracking="carrier_tracking_ref" in fields) for row in rows], claims)

    async def _reference(self, purchase: Purchase) -> str:
        rows = await self._odoo.rows(ORDER, [["id", "=", purchase.id]], ["partner_ref"])
        if not rows:
            raise ConflictError(f"{purchase.name} was deleted in Odoo meanwhile")
        return text(rows[0]["partner_ref"])

    async def _track(self, change: ReceiptChange, claims: Sequence[Claim], source: str, account: str) -> None:
        """The word in its chatter first: a number that stands is not told again."""
        new = parcels_of(claims, change.new)
        for number, (parcel, orders) in new.items():
            told = xid(self._module, "purchase_parcel", str(change.receipt.id), number)
            await note(self._odoo, told, PICKING, change.receipt.id, [parcel_words(source, number, parcel, orders)])
        values: dict[str, Any] = dict(change.values)
        if change.receipt.has_tracking and not change.receipt.carrier:
            carrier = await self._carrier([parcel.carrier for parcel, _ in new.values()], source, account)
            values |= {"carrier_id": carrier} if carrier else {}
        await self._odoo.tell(PICKING, "write", [change.receipt.id], values, context=QUIET)

    async def _carrier(self, codes: Sequence[str], source: str, account: str) -> int:
        """The delivery method of the first code that has one; 0 for none."""
        for code in codes:
            name = self._mappings.lookup("carrier", source, account, code) or self._settings.carriers.get(code)
            if name and name not in self._carriers:
                rows = await self._models.optional("delivery.carrier", [["name", "=", name]], ("name",), limit=1)
                if rows:
                    self._carriers[name] = rows[0]["id"]
            if name and name in self._carriers:
                return self._carriers[name]
        return 0

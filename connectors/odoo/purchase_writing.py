"""What the two operations on purchase orders share: one memory, one that settles what stands in Odoo, and the order of the steps (EVT-4).

    1  the claim is kept (`purchase_memory`)
    2  vendor reference and tracking are made what all claims say (`purchase_settling`)
    3  what the buyer has not been told is told
    4  the claim is kept with what was told

Each step can be done again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from connectors.kit.ports import Delivery, Mappings, Outcome
from connectors.odoo.activities import Wanted
from connectors.odoo.client import Odoo
from connectors.odoo.handling import done
from connectors.odoo.keys import xid
from connectors.odoo.purchase_finding import ORDER, Finder, Purchase
from connectors.odoo.purchase_memory import Claim, Memory, Told
from connectors.odoo.purchase_settling import Settling
from connectors.odoo.settings import OdooSettings

MODEL_XID = "purchase.model_purchase_order"
Tell = Callable[[list[str]], Awaitable[Told]]


class PurchaseWriting:
    """One for both, so that writes to one purchase order take turns. Every method raises ConnectorError."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, mappings: Mappings) -> None:
        self.odoo, self.module, self.settings = odoo, settings.module, settings.purchases
        self.finder = Finder(odoo, settings.purchases)
        self.memory = Memory(odoo, settings.module)
        self.settling = Settling(odoo, settings.purchases, settings.module, mappings, self.memory)

    async def written(
        self, delivery: Delivery, purchase: Purchase, platform: tuple[str, str], before: Claim, claim: Claim, tell: Tell
    ) -> Outcome:
        """platform: source and account; before, claim: what was kept, and what is now; tell: given the codes of what was done, to which it adds its
        own."""
        if claim != before:
            await self.memory.keep(purchase.id, delivery.key, claim)
        did = await self.settling.settle(purchase, *platform)
        after = replace(claim, version=delivery.version, told=await tell(did))
        if after != claim:
            await self.memory.keep(purchase.id, delivery.key, after)
        return done(did, ORDER, purchase.id)

    def activity(self, purchase: Purchase, delivery: Delivery, summary: str, lines: Sequence[str]) -> Wanted:
        """What the buyer is asked because of this delivery."""
        key = xid(self.module, "purchase_activity", str(purchase.id), delivery.key, str(delivery.version))
        return Wanted(key, MODEL_XID, purchase.id, summary, tuple(lines), purchase.buyer)

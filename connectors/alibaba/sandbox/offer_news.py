"""What buyers' apps are told of offers: changes go to those with a relation to it, stock to those that follow it (alibaba.md section 10)."""

from typing import TYPE_CHECKING

from connectors.alibaba.sandbox.offer_store import FOLLOWED, PUSHED
from connectors.alibaba.sandbox.offers import PUBLISHED, Offer

if TYPE_CHECKING:
    from connectors.alibaba.sandbox.world import World

CHANGED, STOCK = "PRODUCT_RELATION_VIEW_PRODUCT_CHANGE", "PRODUCT_PRODUCT_INVENTORY_CHANGE"


def tell_change(world: "World", offer: Offer, action: str, now: float) -> None:
    """action: new, modify, sku_modify ..."""
    for account in world.offers.accounts_of(offer.id, PUSHED, FOLLOWED):
        world.tell(account, CHANGED, {"productIds": str(offer.id), "action": action}, str(offer.id), now)


def keep_stock(world: "World", before: Offer, after: Offer, now: float) -> None:
    """Keeps the offer with its new stock and tells how much more or less there is of each SKU; of an offer without SKUs nothing is told."""
    world.offers.put(after)
    old = {one.sku_id: one.stock for one in before.specs}
    common = {"offerId": after.id, "offerOnSale": after.status == PUBLISHED, "bizTime": str(int(now * 1000))}
    rows = [
        {**common, "skuId": one.sku_id, "skuOnSale": one.stock > 0, "quantity": one.stock - old.get(one.sku_id, 0)}
        for one in after.specs
        if one.stock != old.get(one.sku_id)
    ]
    for account in world.offers.accounts_of(after.id, FOLLOWED) if rows else ():
        world.tell(account, STOCK, {"OfferInventoryChangeList": rows}, str(after.id), now)

"""FBA stock as getInventorySummaries gives it. Pure. The total has everything in it, also what is on its way: it is not what can be sold."""

from connectors.amazon.sandbox.fba_store import INBOUND, KINDS, FbaStock
from connectors.amazon.sandbox.moments import iso
from connectors.kit.sandbox.steering import Json

_RESERVED = {
    "pendingCustomerOrderQuantity": "reserved_orders",
    "pendingTransshipmentQuantity": "reserved_transshipment",
    "fcProcessingQuantity": "reserved_processing",
}
_USELESS = {
    "customerDamagedQuantity": "customer_damaged",
    "warehouseDamagedQuantity": "warehouse_damaged",
    "defectiveQuantity": "defective",
}
_NEVER = ("distributorDamagedQuantity", "carrierDamagedQuantity", "expiredQuantity")
_INBOUND = ("inboundWorkingQuantity", "inboundShippedQuantity", "inboundReceivingQuantity")
_SHORT, *_LONGER = ("researchingQuantityInShortTerm", "researchingQuantityInMidTerm", "researchingQuantityInLongTerm")


def summary(stock: FbaStock, *, details: bool) -> Json:
    found: Json = {
        "asin": stock.asin,
        "fnSku": stock.fn_sku,
        "sellerSku": stock.sku,
        "condition": stock.condition,
        "lastUpdatedTime": iso(stock.updated),
        "productName": stock.name,
        "totalQuantity": stock.count(*KINDS),
        "stores": [],
    }
    return {**found, "inventoryDetails": _details(stock)} if details else found


def _details(stock: FbaStock) -> Json:
    reserved = {name: stock.count(kind) for name, kind in _RESERVED.items()}
    useless = {**{name: stock.count(kind) for name, kind in _USELESS.items()}, **dict.fromkeys(_NEVER, 0)}
    sought = stock.count("researching")
    terms = [{"name": _SHORT, "quantity": sought}, *({"name": name, "quantity": 0} for name in _LONGER)]
    return {
        "fulfillableQuantity": stock.count("fulfillable"),
        **{name: stock.count(kind) for name, kind in zip(_INBOUND, INBOUND, strict=True)},
        "reservedQuantity": {"totalReservedQuantity": sum(reserved.values()), **reserved},
        "researchingQuantity": {"totalResearchingQuantity": sought, "researchingQuantityBreakdown": terms},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": sum(useless.values()), **useless},
    }

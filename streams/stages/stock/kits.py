"""An order for a kit asks for its parts (ORD-10). Pure.

Kits and their parts are SKUs of different partitions, so the parts are told by further demands, `via` the kit:

    order for KIT (takes 2 of C)  ->  demand of KIT: 1                    counted on the kit
                                  ->  demand of C, via KIT: 2             counted on the part, a moment later

Odoo's stock level of C lists the order with the units its moves ask for, so the two meet as with any order. `via` is the path where a kit is
part of a kit ("A>B"); a kit that is part of itself ends there.

Not told: an order for C alone lowers C at once, but the kit only when Odoo has reserved it and the kit's level was read again. A buffer for
kits (`kits = true` in a rule) covers that window.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from schemas.records import Demand, KitComponent, StockLevel
from streams.stages.demand import number, quantity_text, sku_key
from streams.stages.stock.ledger import Asked, Ledger

_STEP = ">"


def demands_of_parts(before: Ledger, after: Ledger, changed: Iterable[Asked]) -> list[Demand]:
    """What follows for the parts: of orders that changed, or of all when what the kit takes changed. A part no longer taken is asked 0 of."""
    parts, old_parts = _parts(after.level), _parts(before.level)
    whose = changed if parts == old_parts else after.asked.values()
    gone = {sku: Decimal(0) for sku in old_parts if sku not in parts}
    return [
        _demand(after.sku, one, sku, per)
        for one in whose
        for sku, per in (parts | gone).items()
        if _may_pass(after.sku, one, sku)
    ]


def all_demands_of_parts(ledger: Ledger) -> list[Demand]:
    """The same for everything known, when it is not sure what was said."""
    parts = _parts(ledger.level)
    asked = ledger.asked.values()
    return [
        _demand(ledger.sku, one, sku, per)
        for one in asked
        for sku, per in parts.items()
        if _may_pass(ledger.sku, one, sku)
    ]


def _parts(level: StockLevel | None) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    components: list[KitComponent] = level["components"] if level is not None and level["kit"] else []
    for part in components:
        found[part["sku"]] = found.get(part["sku"], Decimal(0)) + number(part["quantity"])
    return found


def _may_pass(kit: str, one: Asked, part: str) -> bool:
    """Not when the way to this kit leads through itself or the part."""
    path = one.via.split(_STEP)
    return kit not in path and part not in (*path, kit)


def _demand(kit: str, one: Asked, part: str, per: Decimal) -> Demand:
    return Demand(
        key=sku_key(part),
        sku=part,
        order_key=one.order_key,
        source=one.source,
        account=one.account,
        version=one.version,
        quantity=quantity_text(one.quantity * per),
        status=one.status,
        seen_at=one.seen_at,
        ordered_at=one.ordered_at,
        via=f"{one.via}{_STEP}{kit}" if one.via else kit,
        external=one.external,
    )

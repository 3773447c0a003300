"""Products made for SKUs Odoo does not know: at the price that was asked for them, and marked, so that a person looks at that price (ORD-9, PRC-1).

Without a price of its own a product of Odoo costs 1.00, which change capture would tell every channel. So it gets what the order charged for
one unit. That is no price anybody has decided on: the mark, a product tag, goes with it, and prices of products that carry it wait for a person.
An order in another currency than Odoo's says no price: 0, which no channel is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from connectors.kit.errors import ConnectorError
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.keys import xid
from connectors.odoo.loading import CONTEXT, Cell, load
from connectors.odoo.plan import Goods, OrderPlan

MARK = "Causeway: check the price"
TAG = "product.tag"
COLUMNS = ("list_price", "product_tag_ids/.id")
_NOTHING = Decimal(0)


def mark_xid(module: str) -> str:
    """The external id of the mark, which stays when a person calls the tag something else."""
    return xid(module, "tag", "check-price")


async def ensure_mark(odoo: Odoo, module: str) -> int:
    """The tag's id; made when absent. Raises ConnectorError."""
    if known := await marks(odoo, module):
        return min(known)
    (made,) = await load(odoo, TAG, ["id", "name"], [[[mark_xid(module), MARK]]])
    if isinstance(made, ConnectorError):
        if known := await marks(odoo, module):  # somebody made a tag of this name meanwhile; two cannot have one
            return min(known)
        raise made
    return made


async def marks(odoo: Odoo, module: str) -> frozenset[int]:
    """Every tag that is the mark: ours under whatever name, and one that a person gave its name."""
    ours = await find(odoo, [mark_xid(module)])
    named = await odoo.rows(TAG, [["name", "=", MARK]], ["id"], context=CONTEXT)
    return frozenset(ours.values()) | {int(row["id"]) for row in named}


async def company_currency(odoo: Odoo) -> str:
    """ISO code of the currency sales prices are in."""
    (company,) = await odoo.rows("res.company", [], ["currency_id"], limit=1)
    return str(company["currency_id"][1])


def asked_for(plans: Iterable[OrderPlan], currency: str) -> dict[Goods, Decimal]:
    """What one unit cost in orders in this currency, the dearest of several; nothing of goods that cost nothing. Pure."""
    found: dict[Goods, Decimal] = {}
    for plan in plans:
        for line in plan.lines if plan.currency == currency else ():
            if isinstance(line.item, Goods) and line.price > found.get(line.item, _NOTHING):
                found[line.item] = line.price
    return found


def cells(price: Decimal | None, mark: int) -> list[Cell]:
    """Of `COLUMNS`."""
    return [f"{price or _NOTHING:f}", str(mark)]

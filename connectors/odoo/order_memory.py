"""Which lines of an order were written once, as it is kept in Odoo. Pure: the name of an attachment of no record.

Odoo forgets a deleted line together with its external id, so without this nobody could tell a line a person deleted from one that never was.

    {"causeway order": KEY, "lines": [line id, ...], "goods": {external id below the order's: [SKU, units], ...}}

A line of the marketplace may be several in Odoo, at several prices; `goods` has them all. Memories of earlier versions have `lines` alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from connectors.odoo.keys import below, xid
from connectors.odoo.plan import Goods, LinePlan, OrderPlan


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A line in Odoo. units: decimal text, as it was written; empty where that was not kept, as the SKU."""

    line_id: str
    sku: str = ""
    units: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """lines: ids at the marketplace; parts: by their external ids, without the order's and the stroke."""

    lines: tuple[str, ...] = ()
    parts: Mapping[str, WrittenPart] = field(default_factory=dict)


def memory_xid(module: str, order_key: str) -> str:
    """The attachment's external id."""
    return xid(module, "order_lines", order_key)


def said(plan: OrderPlan) -> str:
    """The attachment's name."""
    lines = [line for line in plan.lines if isinstance(line.item, Goods)]
    goods = {line.xid.removeprefix(f"{plan.xid}/"): [_sku(line), f"{line.quantity.normalize():f}"] for line in lines}
    return json.dumps({"causeway order": plan.key, "lines": sorted({line.line_id for line in lines}), "goods": goods})


def read(name: str) -> Written:
    """Whatever cannot be read counts as nothing written yet."""
    try:
        told = json.loads(name)
        lines = tuple(map(str, told["lines"]))
        kept = told.get("goods") or {below("line", line_id): ("", "") for line_id in lines}
        parts = {
            part: WrittenPart(unquote(part.split("/")[1]), str(sku), str(units)) for part, (sku, units) in kept.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return Written()
    return Written(lines, parts)


def _sku(line: LinePlan) -> str:
    return line.item.sku if isinstance(line.item, Goods) else ""

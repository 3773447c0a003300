"""What our sink wrote as external ids, read back: which marketplace order and line a record of Odoo stands for (`connectors.odoo.keys`)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from connectors.kit.errors import ForbiddenError, StopError
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.order_memory import memory_xid

logger = logging.getLogger(__name__)
_REMEMBERED = 50_000
ATTACHMENT = "ir.attachment"
GOODS, EXTRA, SHIPPING, TAX, OTHER = "goods", "extra", "shipping", "tax", "other"


@dataclass(frozen=True, slots=True)
class LineLink:
    """What a sale.order.line stands for: goods of a marketplace line, an extra of it, shipping, tax or other charges of the order."""

    kind: str
    line_id: str = ""


def parts_of(xid: str, module: str) -> list[str]:
    """`module.a/b/c` -> its decoded parts, [] for what our sink did not write."""
    own, dot, name = xid.partition(".")
    return [unquote(part) for part in name.split("/")] if dot and own == module else []


def order_key_of(xid: str, module: str) -> str:
    """The natural key of the marketplace order a sale.order stands for, "" when it came from elsewhere."""
    parts = parts_of(xid, module)
    return parts[1] if len(parts) == 2 and parts[0] == "order" else ""


def return_key_of(xid: str, module: str) -> str:
    """The natural key of the return a credit note was made for, "" when none."""
    parts = parts_of(xid, module)
    return parts[1] if len(parts) >= 2 and parts[0] == "return" else ""


def line_of(xid: str, module: str) -> LineLink | None:
    """None for a line a person added."""
    parts = parts_of(xid, module)
    if len(parts) < 3 or parts[0] != "order":
        return None
    match parts[2:]:
        case ["line", line_id] | ["line", line_id, _] if len(parts) == 4 or parts[4].isdigit():
            return LineLink(GOODS, line_id)
        case ["line", line_id, *_]:
            return LineLink(EXTRA, line_id)
        case ["shipping"]:
            return LineLink(SHIPPING)
        case ["tax", *_]:
            return LineLink(TAX)
    return LineLink(OTHER)


class Links:
    """Asks for external ids; those of lines and orders never change, so they are remembered."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module
        self._known: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._memories: OrderedDict[str, int] = OrderedDict()
        self._may_read_keys = True

    async def orders(self, ids: Iterable[int]) -> dict[int, str]:
        """sale.order id -> key of its marketplace order; those of marketplaces only."""
        found = await self._xids("sale.order", ids)
        keys = {one: order_key_of(xid, self._module) for one, xid in found.items()}
        return {one: key for one, key in keys.items() if key}

    async def lines(self, ids: Iterable[int]) -> dict[int, LineLink]:
        """sale.order.line id -> what it stands for; our sink's only."""
        found = await self._xids("sale.order.line", ids)
        links = {one: line_of(xid, self._module) for one, xid in found.items()}
        return {one: link for one, link in links.items() if link is not None}

    async def names_of_lines(self, ids: Iterable[int]) -> dict[int, str]:
        """sale.order.line id -> its external id; our sink's only."""
        return await self._xids("sale.order.line", ids)

    async def memories(self, orders: Iterable[str]) -> dict[str, int]:
        """Key of a marketplace order -> the attachment that says which of its lines were written; a call for each order that is asked for first,
        without the right to read external ids."""
        names = {memory_xid(self._module, key): key for key in orders}
        found = {name: self._memories[name] for name in names if name in self._memories}
        for name, one in (await self.records(ATTACHMENT, [name for name in names if name not in found])).items():
            found[name] = self._memories[name] = one
        while len(self._memories) > _REMEMBERED:
            self._memories.popitem(last=False)
        return {names[name]: one for name, one in found.items()}

    async def records(self, model: str, xids: Sequence[str]) -> dict[str, int]:
        """External id -> record, of those of ours that are there."""
        if not xids:
            return {}
        rows = await self._key_rows(model, ["name", "in", [xid.partition(".")[2] for xid in xids]])
        if rows is None:
            return await find(self._odoo, xids)
        return {f"{self._module}.{row['name']}": row["res_id"] for row in rows}

    async def returns(self, ids: Iterable[int]) -> dict[int, str]:
        """account.move id -> key of the return it was made for."""
        found = await self._xids("account.move", ids)
        keys = {one: return_key_of(xid, self._module) for one, xid in found.items()}
        return {one: key for one, key in keys.items() if key}

    async def _xids(self, model: str, ids: Iterable[int]) -> dict[int, str]:
        wanted = sorted(set(ids))
        unknown = [one for one in wanted if (model, one) not in self._known]
        if unknown:
            for one, xid in (await self._asked(model, unknown)).items():
                self._known[model, one] = xid
        found = {one: self._known[model, one] for one in wanted if (model, one) in self._known}
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def _asked(self, model: str, ids: list[int]) -> dict[int, str]:
        """Only ours. Without the right to read external ids Odoo still tells one of each record: the one made first."""
        rows = await self._key_rows(model, ["res_id", "in", ids])
        if rows is not None:
            return {row["res_id"]: f"{self._module}.{row['name']}" for row in rows}
        try:
            told: dict[str, str] = await self._odoo.ask(model, "get_external_id", ids)
        except StopError:
            logger.error("capture_no_external_ids model=%s", model)
            raise
        return {int(one): xid for one, xid in told.items() if xid.startswith(f"{self._module}.")}

    async def _key_rows(self, model: str, condition: list[Any]) -> list[dict[str, Any]] | None:
        """External ids of ours; None without the right to read them."""
        if not self._may_read_keys:
            return None
        domain = [["module", "=", self._module], ["model", "=", model], condition]
        try:
            return await self._odoo.rows("ir.model.data", domain, ["name", "res_id"])
        except ForbiddenError:
            self._may_read_keys = False
            return None

"""What our sink wrote as external ids, read back: which marketplace order and line a record of Odoo stands for (`connectors.odoo.keys`)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from connectors.kit.errors import ForbiddenError, StopError
from connectors.odoo.client import Odoo

logger = logging.getLogger(__name__)
_REMEMBERED = 50_000
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
        """Only ours. Without the right to read external ids Odoo still tells one of each record: the first by name of its module."""
        if self._may_read_keys:
            domain = [["module", "=", self._module], ["model", "=", model], ["res_id", "in", ids]]
            try:
                rows = await self._odoo.rows("ir.model.data", domain, ["name", "res_id"])
            except ForbiddenError:
                self._may_read_keys = False
            else:
                return {row["res_id"]: f"{self._module}.{row['name']}" for row in rows}
        try:
            told: dict[str, str] = await self._odoo.ask(model, "get_external_id", ids)
        except StopError:
            logger.error("capture_no_external_ids model=%s", model)
            raise
        return {int(one): xid for one, xid in told.items() if xid.startswith(f"{self._module}.")}

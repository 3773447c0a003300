"""Deliveries of orders whose buyer asked the marketplace to cancel (FUL-3): held while the request stands, released when it is withdrawn.

    request stands   a delivery is open          unreserved, a word in its note says why; once a note on the order
                     everything has left         an exception: shipped meanwhile
                     no delivery yet             a note on the order
    no request       a delivery of ours is held  the word is taken out of its note, it is reserved again

Whether a delivery is held is read from its own note, so a restart, or a person who releases it, needs no memory of ours. Odoo knows no
hold of its own: a scheduler may reserve the goods again, but the word on the delivery and on its slip stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from connectors.kit.errors import ConflictError, ConnectorError, RuleError
from connectors.odoo.chatter import note
from connectors.odoo.client import Odoo
from connectors.odoo.keys import xid

PICKING, MOVE = "stock.picking", "stock.move"
WORD = "HOLD: the buyer asked the marketplace to cancel. Do not ship."
_MARK = f"<p><strong>{WORD}</strong></p>"
_ANY_MARK = re.compile(rf"<p>\s*(<[^/p][^>]*>)*\s*{re.escape(WORD)}\s*(</[^p][^>]*>)*\s*</p>")
_OPEN = ("draft", "waiting", "confirmed", "assigned")
_QUIET = {"tracking_disable": True, "tz": "UTC", "lang": "en_US"}


@dataclass(frozen=True, slots=True)
class Request:
    """An order that stands in Odoo. `wanted`: its buyer's request to cancel stands."""

    order: int
    key: str
    version: int
    wanted: bool


@dataclass
class Answer:
    """`did`: codes of what was done; `error`: what a person has to see."""

    did: tuple[str, ...] = ()
    error: ConnectorError | None = None


class Holds:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module

    async def settle(self, requests: Sequence[Request]) -> list[Answer]:
        """One answer each. Raises ConnectorError when nothing could be looked at."""
        found = await self.deliveries([request.order for request in requests])
        answers = []
        for request in requests:
            try:
                answers.append(Answer(tuple(await self._one(request, found.get(request.order, [])))))
            except ConnectorError as error:
                answers.append(Answer(error=error))
        return answers

    async def deliveries(self, orders: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Order -> its deliveries to the customer."""
        if not orders:
            return {}
        domain = [
            ["sale_id", "in", sorted(orders)],
            ["picking_type_id.code", "=", "outgoing"],
            ["state", "!=", "cancel"],
        ]
        found: dict[int, list[dict[str, Any]]] = {}
        for row in await self._odoo.rows(PICKING, domain, ["sale_id", "state", "note"]):
            found.setdefault(row["sale_id"][0], []).append(row)
        return found

    async def _one(self, request: Request, rows: Sequence[dict[str, Any]]) -> list[str]:
        still = [row for row in rows if row["state"] in _OPEN]
        if not request.wanted:
            return await self._release(request, [row for row in still if is_held(row)])
        if rows and not still:
            raise ConflictError("the buyer asks to cancel, but Odoo has shipped the order meanwhile")
        did = await self._unreserve([row["id"] for row in still])
        fresh = [row for row in still if not is_held(row)]
        if fresh or not rows:
            # A quotation has no delivery to carry the word, so its note has no version: it stands once for all of them.
            since = str(request.version) if rows else "quotation"
            await self._tell(
                request, "hold", since, "The buyer asked the marketplace to cancel this order; its delivery is held."
            )
        for row in fresh:
            await self._odoo.tell(PICKING, "write", [row["id"]], {"note": _MARK + (row["note"] or "")}, context=_QUIET)
        return [*did, *(["held"] if fresh else [])]

    async def _unreserve(self, pickings: Sequence[int]) -> list[str]:
        domain = [["picking_id", "in", list(pickings)], ["quantity", ">", 0], ["state", "not in", ["done", "cancel"]]]
        rows = await self._odoo.rows(MOVE, domain, ["picking_id"]) if pickings else []
        if not rows:
            return []
        await self._odoo.tell(PICKING, "do_unreserve", sorted({row["picking_id"][0] for row in rows}), context=_QUIET)
        return ["unreserved"]

    async def _release(self, request: Request, held: Sequence[dict[str, Any]]) -> list[str]:
        """Reserve first, then take the word away: a call in between that fails leaves it held."""
        for row in held:
            with suppress(RuleError):  # nothing in it to reserve
                await self._odoo.tell(PICKING, "action_assign", [row["id"]], context=_QUIET)
            text = _ANY_MARK.sub("", row["note"]).replace(WORD, "")
            await self._odoo.tell(PICKING, "write", [row["id"]], {"note": text or False}, context=_QUIET)
        if held:
            await self._tell(
                request,
                "release",
                str(request.version),
                "The request to cancel was withdrawn; the delivery is free again.",
            )
        return ["released"] if held else []

    async def _tell(self, request: Request, what: str, since: str, text: str) -> None:
        key = xid(self._module, what, request.key, since)
        await note(self._odoo, key, "sale.order", request.order, [text])


def is_held(row: dict[str, Any]) -> bool:
    """Whether a delivery carries the word."""
    return WORD in (row["note"] or "")

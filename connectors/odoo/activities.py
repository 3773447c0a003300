"""Activities for people: one at a time for each matter, also when answers get lost (EVT-4)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from html import escape

from connectors.kit.errors import ConnectorError, ForbiddenError
from connectors.odoo.client import Odoo
from connectors.odoo.loading import CONTEXT, Cell, load

logger = logging.getLogger(__name__)

ACTIVITY = "mail.activity"
_COLUMNS = ("id", "res_model_id/id", "res_id", "activity_type_id/id", "summary", "note")


@dataclass(frozen=True, slots=True)
class Wanted:
    """model: external id of the record's model; user: whose it is, 0 for ours; lines: plain text."""

    xid: str
    model: str
    record: int
    summary: str
    lines: tuple[str, ...]
    user: int = 0

    @property
    def note(self) -> str:
        return "".join(f"<p>{escape(line)}</p>" for line in self.lines)


async def is_open(odoo: Odoo, activity: int) -> bool:
    """Whether it is still to be done."""
    return bool(activity and await odoo.rows(ACTIVITY, [["id", "=", activity]], ["summary"]))


async def ask(odoo: Odoo, wanted: Wanted, known: int) -> int:
    """The activity's id; `known`, where that is still open, says the new words. 0 without the right to make one. Raises ConnectorError."""
    if await is_open(odoo, known):
        words = {"summary": wanted.summary, "note": wanted.note}
        await odoo.tell(ACTIVITY, "write", [known], words, context=CONTEXT)
        return known
    row: list[Cell] = [
        wanted.xid, wanted.model, wanted.record, "mail.mail_activity_data_todo", wanted.summary, wanted.note,
    ]  # fmt: skip
    mine: list[Cell] = [wanted.user] if wanted.user else []
    columns = [*_COLUMNS, *(["user_id/.id"] if mine else [])]
    (made,) = await load(odoo, ACTIVITY, columns, [[[*row, *mine]]])
    if isinstance(made, ForbiddenError):
        logger.warning("odoo_activity_forbidden record=%d", wanted.record)
        return 0
    if isinstance(made, ConnectorError):
        raise made
    return made


async def close(odoo: Odoo, activity: int) -> bool:
    """Done, where it is still open: there is nothing to do any more."""
    if not await is_open(odoo, activity):
        return False
    await odoo.tell(ACTIVITY, "action_feedback", [activity], context=CONTEXT)
    return True

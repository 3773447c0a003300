"""Notes in a record's chatter, each once (EVT-4).

`message_post` would post again when its answer got lost. A message is a record like any other, so it is loaded with an external id:
exactly one, in every race. It mails nobody: its subtype is Note.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from connectors.kit.errors import ConnectorError
from connectors.odoo.client import Odoo
from connectors.odoo.loading import Cell, load

_COLUMNS = ("id", "model", "res_id", "body", "message_type", "subtype_id/id")


async def note(odoo: Odoo, xid: str, model: str, record: int, lines: Sequence[str]) -> int:
    """The message's id. `lines` are plain text, without personal data. Raises ConnectorError."""
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    row: list[Cell] = [xid, model, record, body, "comment", "mail.mt_note"]
    (made,) = await load(odoo, "mail.message", _COLUMNS, [[row]])
    if isinstance(made, ConnectorError):
        raise made
    return made

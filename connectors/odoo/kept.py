"""What the sink keeps in Odoo for itself (EVT-4): JSON as the content of an attachment of no record, which only its maker and administrators can
read."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from connectors.kit.errors import ConnectorError
from connectors.odoo.client import Odoo
from connectors.odoo.loading import CONTEXT, Cell, load

ATTACHMENT = "ir.attachment"


def packed(content: Mapping[str, Any]) -> str:
    """As an attachment's `datas`."""
    return base64.b64encode(json.dumps(content, sort_keys=True).encode()).decode()


def unpacked(datas: str | bool | None) -> Any:
    """From an attachment's `datas`, {} of an empty one. Raises ValueError for what is no JSON."""
    return json.loads(base64.b64decode(datas)) if isinstance(datas, str) and datas else {}


async def keep(odoo: Odoo, key: str, name: str, datas: str) -> None:
    """Make the attachment of that external id say this. Raises ConnectorError."""
    row: list[Cell] = [key, name]
    (made,) = await load(odoo, ATTACHMENT, ["id", "name"], [[row]])
    if isinstance(made, ConnectorError):
        raise made
    await odoo.tell(ATTACHMENT, "write", [made], {"datas": datas}, context=CONTEXT)

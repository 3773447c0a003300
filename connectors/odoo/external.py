"""Finding records by external id, without rights on `ir.model.data`: `check_object_reference` asks for the right to the record only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from connectors.kit.errors import ConnectorError
from connectors.odoo.client import Odoo

_ABSENT = "ValueError"  # "External ID not found in the system: ..."


async def find(odoo: Odoo, xids: Iterable[str]) -> dict[str, int]:
    """External id -> database id, of those that exist and that we may see. One call each."""
    wanted = list(dict.fromkeys(xids))
    found = await asyncio.gather(*(_one(odoo, xid) for xid in wanted))
    return {xid: number for xid, number in zip(wanted, found, strict=True) if number}


async def _one(odoo: Odoo, xid: str) -> int:
    module, _, name = xid.partition(".")
    try:
        _, number = await odoo.ask("ir.model.data", "check_object_reference", module, name)
    except ConnectorError as error:
        if type(error) is ConnectorError and _ABSENT in str(error):
            return 0
        raise
    return int(number or 0)

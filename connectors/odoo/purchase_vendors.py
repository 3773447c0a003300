"""Vendors of suppliers' platforms by what is written in their reference (PO-1): found however a person has written it. What is ordered of those that
name a platform, but no account of ours or no seller, nobody makes. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Check
from connectors.kit.vendor_references import is_same, vendor_reference
from connectors.odoo.client import Odoo

PARTNER = "res.partner"
_TOLD = 10


async def same_vendors(
    odoo: Odoo, reference: str, fields: Sequence[str] = (), context: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Contacts with this reference, the oldest first. Raises ConnectorError."""
    rows = await _vendors(odoo, "=", reference, fields, context)
    wanted = vendor_reference(reference)
    if rows or wanted is None or not wanted.seller:
        return rows
    # Wider than is meant, and slow where contacts are many: there may be blanks between its parts.
    rows = await _vendors(odoo, "ilike", wanted.seller, fields, context)
    return [row for row in rows if is_same(str(row["ref"]), reference)]


async def _vendors(
    odoo: Odoo, how: str, what: str, fields: Sequence[str] = (), context: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    more = {"context": context} if context is not None else {}
    return await odoo.rows(PARTNER, [["ref", how, what]], ["ref", *fields], "id", **more)


def looked_after(text: str, accounts: Sequence[str]) -> str:
    """Whose a vendor of this reference is, as `PLATFORM:ACCOUNT`: where it names no account of ours the first of its platform, which has to tell of
    it, as it does when orders are sent; "" for other vendors. Without accounts nobody has said which there are."""
    found = vendor_reference(text)
    if found is None or not accounts:
        return found.whose if found is not None else ""
    beside = [one for one in accounts if one.partition(":")[0] == found.platform]
    return found.whose if found.whose in beside else next(iter(beside), "")


def is_lost(text: str, accounts: Iterable[str]) -> bool:
    """Whether it names a platform of ours, but no account or no seller there."""
    found, known = vendor_reference(text), list(accounts)
    if found is None or found.platform not in {one.partition(":")[0] for one in known}:
        return False
    return found.whose not in known or not found.seller


async def vendor_check(odoo: Odoo, accounts: Sequence[str]) -> Check:
    """For `causeway verify odoo`: references of living contacts that lead nowhere."""
    subject = "references of vendors"
    lost: list[str] = []
    try:
        for platform in dict.fromkeys(one.partition(":")[0] for one in accounts):
            rows = await _vendors(odoo, "ilike", platform)
            lost += [
                f"{str(row['ref'])[:60]!r} (contact {row['id']})"
                for row in rows
                if is_lost(str(row["ref"] or ""), accounts)
            ]
    except ConnectorError as error:
        return Check(subject, ok=False, detail=str(error), remedy="see the rights above")
    if not lost:
        return Check(subject, ok=True, detail=f"all that name a platform name {' or '.join(accounts)} and a seller")
    more = f" and {len(lost) - _TOLD} more" if len(lost) > _TOLD else ""
    said = f"nothing is ordered of {', '.join(lost[:_TOLD])}{more}"
    wanted = " or ".join(f"{one}:SELLER" for one in accounts)
    return Check(
        subject,
        ok=False,
        detail=said,
        remedy=f"correct the reference on the contact: {wanted}; or configure the account it names",
    )

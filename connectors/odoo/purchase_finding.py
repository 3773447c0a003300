"""Which purchase order an order of the platform belongs to (PO-2): by the reference it was made with, else by its number in the vendor reference.

reference = prefix + name, and `-2`, `-3` ... for further parts        ours: the purchase order of that name
no reference, or of another prefix                                     not made by Causeway: the purchase order a person wrote its number on
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.kit.errors import MappingError, RuleError
from connectors.kit.order_numbers import spellings, words_of
from connectors.kit.vendor_references import is_of
from connectors.odoo.client import Odoo
from connectors.odoo.purchase_settings import PurchaseSettings
from connectors.odoo.source.models import link, text
from schemas.records import SupplierOrder

ORDER = "purchase.order"
FIELDS = ("name", "state", "partner_ref", "partner_id", "user_id", "amount_untaxed", "currency_id")
WAITS = "purchase"
_PART = re.compile(r"(.+)-([2-9]|[1-9][0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase.order. untaxed: as Odoo writes it; buyer: user, 0 for none."""

    id: int
    name: str
    state: str
    reference: str
    buyer: int
    untaxed: float
    currency: str

    @property
    def is_draft(self) -> bool:
        """Not confirmed, or not any more, and not cancelled."""
        return self.state not in ("purchase", "done", "cancel")

    @classmethod
    def of(cls, row: dict[str, Any]) -> Purchase:
        return cls(
            row["id"], text(row["name"]), text(row["state"]), text(row["partner_ref"]), link(row["user_id"]), row["amount_untaxed"],
            row["currency_id"][1],
        )  # fmt: skip


def names_of(reference: str, prefix: str) -> list[str]:
    """Names the purchase order may have, the likelier first; none when Causeway has not made the order. Pure."""
    if not reference or not reference.startswith(prefix):
        return []
    name = reference.removeprefix(prefix)
    part = _PART.fullmatch(name)
    return [one for one in (name, part[1] if part else "") if one]


def like(numbers: Iterable[str]) -> list[Any]:
    """A domain for whatever may have one of these numbers, one at least, in its vendor reference."""
    some = [["partner_ref", "like", text] for one in numbers for text in spellings(one)]
    return ["|"] * (len(some) - 1) + some


class Finder:
    """See the module's first lines. Raises ConnectorError."""

    def __init__(self, odoo: Odoo, settings: PurchaseSettings) -> None:
        self._odoo, self._settings = odoo, settings

    def is_ours(self, order: SupplierOrder) -> bool:
        """Whether Causeway has made it."""
        return bool(names_of(order["our_reference"], self._settings.reference_prefix))

    async def find(self, order: SupplierOrder) -> Purchase | None:
        """None for an order that is to be left alone. Raises MappingError for one that waits, RuleError for one that could be of several."""
        names = names_of(order["our_reference"], self._settings.reference_prefix)
        found = await self._of(order["source"], order["account"], order["order_id"], names)
        if found is not None:
            return found
        if (self._settings.lost_orders if names else self._settings.foreign_orders) == "leave":
            return None
        said = (
            f"it was made for {names[0]}, which is no purchase order of a vendor of this account in Odoo (any more)"
            if names
            else "it was not made by Causeway, and no purchase order has its number in its vendor reference"
        )
        raise MappingError(
            f"order {order['order_id']}: {said}; write its number into the purchase order's vendor reference, or discard this",
            waiting_for=f"{WAITS}:{order['source']}:{order['account']}:{order['order_id']}:{order['our_reference']}",
        )

    async def exists(self, rest: str) -> bool:
        """Whether `SOURCE:ACCOUNT:ORDER:REFERENCE` has its purchase order by now."""
        if rest.count(":") < 3:
            return False
        source, account, order_id, reference = rest.split(":", 3)
        names = names_of(reference, self._settings.reference_prefix)
        try:
            return await self._of(source, account, order_id, names) is not None
        except RuleError:
            return True  # delivered again, it says what is wrong

    async def read(self, number: int) -> Purchase | None:
        """None when it is not there."""
        rows = await self._odoo.rows(ORDER, [["id", "=", number]], FIELDS)
        return Purchase.of(rows[0]) if rows else None

    async def _of(self, source: str, account: str, order_id: str, names: Sequence[str]) -> Purchase | None:
        domain = like([order_id])
        if names:
            domain = ["|", ["name", "in", list(names)], *domain]
        rows = await self._odoo.rows(ORDER, domain, FIELDS)
        numbered = [row for row in rows if order_id in words_of(text(row["partner_ref"]))]
        vendors = await self._vendors(rows)
        mine = [row for row in rows if is_of(text(vendors.get(link(row["partner_id"]))), f"{source}:{account}")]
        named = [row for row in mine if text(row["name"]) in names]
        if len(named) > 1:
            named = [row for row in named if row in numbered] or named
        found = named or numbered
        if len(found) > 1:
            raise RuleError(_several(order_id, found))
        return Purchase.of(found[0]) if found else None

    async def _vendors(self, rows: Sequence[dict[str, Any]]) -> dict[int, str]:
        ids = sorted({link(row["partner_id"]) for row in rows})
        domain = [["id", "in", ids]]
        found = await self._odoo.rows("res.partner", domain, ["ref"], context={"active_test": False}) if ids else []
        return {row["id"]: text(row["ref"]) for row in found}


def _several(order_id: str, rows: Sequence[dict[str, Any]]) -> str:
    names = ", ".join(text(row["name"]) for row in rows[:5])
    return f"order {order_id} could be of several purchase orders ({names}): leave its number in the vendor reference of one"

"""What is known of a purchase order at the supplier's side, kept in Odoo (EVT-4): one claim for each of its orders there, one for its creation.

A claim says which order numbers and parcels belong to the purchase order, and what of it the buyer was told. It is an attachment of no record,
which only its maker and administrators can read. Orders of one purchase order come in side by side, so none writes what it alone knows: each
writes its claim first, and then makes the purchase order what all claims say, until that stands (`purchase_settling`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from connectors.kit.errors import ForbiddenError
from connectors.odoo.client import Odoo
from connectors.odoo.kept import ATTACHMENT, keep, packed, unpacked
from connectors.odoo.keys import xid

NAMED = "causeway purchase "  # and the purchase order's id, a blank, the key: what an attachment is called


@dataclass(frozen=True, slots=True)
class Parcel:
    """carrier: the platform's code; carrier_name: in the supplier's language; is_current: False for a number that was replaced."""

    carrier: str = ""
    carrier_name: str = ""
    is_current: bool = True
    shipped: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What the buyer was told last. count: of notes so far; activity: the one that was made last, 0 for none."""

    state: str = ""
    status: str = ""
    total: str = ""
    refunded: str = ""
    numbers: tuple[str, ...] = ()
    gap: str = ""
    digest: str = ""
    count: int = 0
    activity: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """version: of the newest state that was written. amounts: decimal text, empty where they are not said. result: the status of a creation."""

    version: int = 0
    orders: tuple[str, ...] = ()
    state: str = ""
    is_ours: bool = False
    goods: str = ""
    total: str = ""
    currency: str = ""
    result: str = ""
    parcels: Mapping[str, Parcel] = field(default_factory=dict)
    told: Told = Told()

    @classmethod
    def read(cls, datas: str | bool | None) -> Claim:
        """From an attachment's `datas`; whatever cannot be read counts as nothing known yet."""
        try:
            found: dict[str, Any] = unpacked(datas)
            told = found.pop("told", {})
            told["numbers"] = tuple(map(str, told.get("numbers", ())))
            parcels = {str(number): Parcel(**one) for number, one in found.pop("parcels", {}).items()}
            orders = tuple(map(str, found.pop("orders", ())))
            return cls(**found, orders=orders, parcels=parcels, told=Told(**told))
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def datas(self) -> str:
        return packed(asdict(self))


class Memory:
    """The claims of purchase orders. Raises ConnectorError."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module

    async def of(self, purchase: int) -> dict[str, Claim]:
        """By key: the order's at the platform, or the purchase order's own for its creation."""
        name = _name(purchase)
        rows = await self._odoo.rows(ATTACHMENT, [["name", "=like", f"{name} %"]], ["name", "datas"])
        return {str(row["name"]).removeprefix(f"{name} "): Claim.read(row["datas"]) for row in rows}

    async def keep(self, purchase: int, key: str, claim: Claim) -> None:
        """Two never keep the same claim at once: deliveries of a key are one after the other."""
        try:
            await self._keep(purchase, key, claim)
        except ForbiddenError:
            # Another user of ours made it: it counts as not there, and what it says is told once more.
            who = (await self._odoo.ask("res.users", "context_get"))["uid"]
            await self._keep(purchase, key, claim, str(who))

    async def _keep(self, purchase: int, key: str, claim: Claim, *user: str) -> None:
        own = xid(self._module, "purchase_claim", str(purchase), key, *user)
        await keep(self._odoo, own, f"{_name(purchase)} {key}", claim.datas())


def purchase_of(name: str) -> int:
    """Of which purchase order the attachment of this name tells, 0 for none."""
    number = name.removeprefix(NAMED).partition(" ")[0]
    return int(number) if name.startswith(NAMED) and number.isdecimal() else 0


def _name(purchase: int) -> str:
    return f"{NAMED}{purchase}"

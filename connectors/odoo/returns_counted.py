"""What a person took back by hand before the marketplace told of the return: each unit counted for one return, and for one only (RET-2).

Nothing in Odoo says which return such a receipt was for. So a return claims units of it: an attachment of no record for each unit, with an external
id that names the receipt's move and the unit. `load()` makes it once in every race; whose key it holds, theirs is the unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from connectors.kit.errors import ConflictError, ConnectorError
from connectors.odoo.client import Odoo
from connectors.odoo.keys import xid
from connectors.odoo.loading import Cell, load
from connectors.odoo.money import ZERO
from connectors.odoo.returns_plan import Back

ATTACHMENT = "ir.attachment"
_TRIES = 3


class Claims:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module

    async def look(self, key: str, backs: Iterable[Back]) -> dict[int, Back]:
        """By their moves, the receipts of persons with what of them is counted already, for this return and for others."""
        found = {back.move: back for back in backs if back.by_person and back.state == "done"}
        for move, back in found.items():
            units = await self._units(back)
            mine = sum((size for size, owner in units.values() if owner == key), ZERO)
            taken = sum((size for size, owner in units.values() if owner), ZERO)
            found[move] = replace(back, counted=mine, elsewhere=taken - mine)
        return found

    async def make(self, key: str, wanted: Mapping[int, Decimal], backs: Mapping[int, Back]) -> None:
        """Count so much of these receipts for this return. Raises ConflictError when others were quicker, ConnectorError."""
        for move, size in wanted.items():
            await self._make(key, backs[move], size)

    async def _make(self, key: str, back: Back, size: Decimal) -> None:
        for _ in range(_TRIES):
            units = await self._units(back)
            left = back.counted + size - sum((one for one, owner in units.values() if owner == key), ZERO)
            if left <= 0:
                return
            free: list[int] = []
            for number, (one, owner) in units.items():
                if not owner and left > 0:
                    free.append(number)
                    left -= one
            rows: list[list[list[Cell]]] = [[[self._xid(back, one), _name(back, one, key)]] for one in free]
            for made in await load(self._odoo, ATTACHMENT, ["id", "name"], rows):
                if isinstance(made, ConnectorError):
                    raise made
        raise ConflictError("what a person took back is being counted for another return at the same moment")

    async def _units(self, back: Back) -> dict[int, tuple[Decimal, str]]:
        """Number of each unit of a receipt -> its size (1, the last may be less) and the return it is counted for, "" for none."""
        rows = await self._odoo.rows(ATTACHMENT, [["name", "=like", f"{_name(back)} %"]], ["name"])
        owners: dict[int, str] = {}
        for row in rows:
            number, _, key = str(row["name"]).removeprefix(f"{_name(back)} ").partition(" ")
            owners[int(number)] = key
        count = int(back.quantity.to_integral_value(ROUND_CEILING))
        return {one: (min(Decimal(1), back.quantity - one), owners.get(one, "")) for one in range(count)}

    def _xid(self, back: Back, unit: int) -> str:
        return xid(self._module, "return_unit", str(back.move), str(unit))


def _name(back: Back, *rest: int | str) -> str:
    parts: Sequence[str] = [f"causeway unit of move {back.move}:", *map(str, rest)]
    return " ".join(parts)

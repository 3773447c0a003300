"""What a person has credited already of what went back to a buyer: counted for a return, so that it is not credited again (RET-2).

Only where the seller refunds (`ReturnPlan.by_seller`): there the person's credit note is what was sent to the marketplace, whose report tells of that
very money. Nothing in Odoo says which return a note was for, so a return claims of it what it needs: an attachment of no record for each claim,
with an external id that names the note and the number of the claim. `load()` makes it once in every race.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from connectors.kit.errors import ConflictError, ConnectorError, RuleError
from connectors.odoo.client import Odoo
from connectors.odoo.invoices import posted_invoices
from connectors.odoo.keys import xid
from connectors.odoo.loading import load
from connectors.odoo.money import ZERO

ATTACHMENT, MOVE = "ir.attachment", "account.move"
OF_A_RETURN = ":return:"  # in the references of our own notes
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Note:
    """A person's posted credit note. mine: counted for this return; claims: how many there are; free: not counted for any."""

    number: int
    mine: Decimal
    claims: int
    free: Decimal


class CreditedByPersons:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module

    async def look(self, key: str, order: int) -> list[Note]:
        """The notes on an order's invoices, oldest first. Raises ConnectorError."""
        invoices = [row["id"] for row in await posted_invoices(self._odoo, order, ["name"])]
        domain = [["move_type", "=", "out_refund"], ["state", "=", "posted"], ["reversed_entry_id", "in", invoices]]
        rows = await self._odoo.rows(MOVE, domain, ["ref", "amount_total"]) if invoices else []
        return [
            await self._note(key, row["id"], Decimal(repr(row["amount_total"])))
            for row in sorted(rows, key=lambda row: row["id"])
            if OF_A_RETURN not in (row["ref"] or "")
        ]

    async def count(self, key: str, order: int, gap: Decimal) -> Decimal:
        """Count so much for this return, or nothing where persons credited nothing. Returns what is counted anew.

        Raises RuleError when they credited less than that, ConflictError when another return was quicker, ConnectorError."""
        before = sum((note.mine for note in await self.look(key, order)), ZERO)
        for _ in range(_TRIES):
            notes = await self.look(key, order)
            left = before + gap - sum((note.mine for note in notes), ZERO)
            free = sum((note.free for note in notes), ZERO)
            if left <= 0 or not free:
                return gap - max(left, ZERO) if left < gap else ZERO
            if free < left:
                raise RuleError(
                    f"{left} went back to the buyer, of which a person has credited {free}; credit the rest by hand, or reset that note to draft"
                )
            for note in notes:
                size = min(note.free, left)
                left -= size
                if size:
                    await self._claim(key, note, size)
        raise ConflictError("what a person has credited is being counted for another return at the same moment")

    async def _note(self, key: str, number: int, total: Decimal) -> Note:
        rows = await self._odoo.rows(ATTACHMENT, [["name", "=like", f"{_name(number)} %"]], ["name"])
        claims = [str(row["name"]).removeprefix(f"{_name(number)} ").split(" ", 2) for row in rows]
        mine = sum((Decimal(size) for _, size, owner in claims if owner == key), ZERO)
        taken = sum((Decimal(size) for _, size, _ in claims), ZERO)
        return Note(number, mine, len(claims), max(total - taken, ZERO))

    async def _claim(self, key: str, note: Note, size: Decimal) -> None:
        """The next of the note, unless another return has it."""
        name = f"{_name(note.number)} {note.claims} {size:f} {key}"
        claim = xid(self._module, "return_credit", str(note.number), str(note.claims))
        # Made by whoever comes first: a load that finds it there leaves it as it is.
        for made in await load(self._odoo, ATTACHMENT, ["id", "name"], [[[claim, name]]]):
            if isinstance(made, ConnectorError):
                raise made


def _name(note: int) -> str:
    return f"causeway credit of note {note}:"

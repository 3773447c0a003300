"""Purchase orders that were deleted in Odoo although Causeway has ordered them (PO-1): only a cancelled one can be deleted, and both may happen
between two reads. Nobody else remembers them, so they are known by what is kept of each (`purchase_memory`), and those that are not ordered yet by
what this process has read of them. Reads only.

Told is what nobody was told on the purchase order: one whose cancellation was carried out, or told, before it was deleted is settled until
something new is kept of it. Many at once are held back: a database that was restored in part looks like that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta

from connectors.kit.errors import ConflictError, DataError, ForbiddenError, RuleError
from connectors.odoo.kept import ATTACHMENT
from connectors.odoo.purchase_finding import ORDER
from connectors.odoo.purchase_memory import NAMED, Claim, purchase_of
from connectors.odoo.purchase_result_words import CANCELLED, NOT_CANCELLED
from connectors.odoo.source.models import STAMP, Models, moment, text
from schemas.topics import SUPPLIERS

AT_MOST = 5
_TOLD = frozenset({CANCELLED, NOT_CANCELLED})
_OVER = frozenset({"cancelled", "done"})
_PAGE = 1000
_READ = 100  # purchase orders whose claims are read in one call
_FEW = 3  # fewer than that are not held back because they are most of what there is
_OVERLAP = timedelta(hours=1)  # what is written becomes visible when its transaction ends
_WHOLE_EVERY = 100  # looks; a day with a census each quarter of an hour
_REMEMBERED = 20_000


class TooManyDeletedError(DataError):
    """So many are missing at once that none of them is told by itself."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is known of one. supplier: as a vendor's reference begins; numbers: of its orders; name: of one that may not be ordered yet."""

    supplier: str
    numbers: tuple[str, ...]
    name: str = ""


class PurchaseCensus:
    """See the module's first lines. at_most: so many are told in one go. Every method raises ConnectorError."""

    def __init__(self, models: Models, at_most: int = AT_MOST) -> None:
        self._models, self._at_most = models, at_most
        self._kept: dict[int, dict[int, str]] = {}  # purchase order -> attachments, and when each was written
        self._confirmed: dict[int, Deleted] = {}  # what this process has read
        self._newest, self._looks = "", 0
        self._settled: set[int] = set()
        self._read: set[int] = set()

    def saw(self, number: int, supplier: str, name: str) -> None:
        """A confirmed one: it may be ordered from now on, whatever is kept of it."""
        if supplier.partition(":")[0] not in SUPPLIERS:
            return
        self._confirmed[number] = Deleted(supplier, (), name)
        if len(self._confirmed) > _REMEMBERED:
            del self._confirmed[next(iter(self._confirmed))]

    async def deleted(self) -> list[int]:
        """Ids of those that nobody was told of yet. Raises TooManyDeletedError."""
        self._looks += 1
        if self._looks % _WHOLE_EVERY == 0:
            self._newest = ""
        await self._learn()
        ids = sorted((self._kept.keys() | self._confirmed.keys()) - self._settled)
        there: set[int] = set()
        for at in range(0, len(ids), _PAGE):
            there.update(row["id"] for row in await self._models.rows(ORDER, [["id", "in", ids[at : at + _PAGE]]], ()))
        gone = sorted(await self.of(set(ids) - there))
        if len(gone) > self._at_most or (len(gone) >= _FEW and await self._is_most(len(gone), there)):
            self._read = set()
            raise TooManyDeletedError(_too_many(gone))
        return gone

    async def of(self, ids: AbstractSet[int]) -> dict[int, Deleted]:
        """Of these, which do not exist any more, those whose orders may still be alive."""
        if ids - self._kept.keys():
            await self._learn()
        found: dict[int, Deleted] = {}
        for one in sorted((ids & (self._kept.keys() | self._confirmed.keys())) - self._settled):
            if not await self._is_deleted(one):
                continue
            claims = (await self._claims([one])).get(one, {})
            deleted = deleted_of(claims)
            if deleted is None and _may_be_ordered_yet(claims):
                deleted = self._confirmed.get(one)
            if deleted is not None:
                found[one] = deleted
            else:
                self._settled.add(one)
        self._read = set(found)
        return found

    async def numbers(self, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
        """Numbers of the orders that are known of these."""
        await self._learn()
        found = await self._claims([one for one in ids if one in self._kept])
        return {
            one: tuple(dict.fromkeys(number for claim in claims.values() for number in claim.orders))
            for one, claims in found.items()
        }

    def keep(self) -> None:
        """What was read last is safe in Kafka."""
        self._settled |= self._read

    async def _is_most(self, gone: int, there: Iterable[int]) -> bool:
        """Whether fewer than that are there whose orders may be alive."""
        alive, ids = 0, sorted(set(there) & self._kept.keys(), reverse=True)
        for at in range(0, len(ids), _READ):
            claims = await self._claims(ids[at : at + _READ])
            alive += sum(deleted_of(one) is not None for one in claims.values())
            if alive >= gone:
                return False
        return True

    async def _is_deleted(self, number: int) -> bool:
        """One that is only hidden from this user, by a rule or its company, is not: a search says the same of both, reading it by its id does not."""
        try:
            return not await self._models.odoo.ask(ORDER, "read", [number], ["state"])
        except ConflictError:  # it does not exist or has been deleted
            return True
        except (ForbiddenError, RuleError):  # of a model that is not there too
            return False

    async def _claims(self, ids: Collection[int]) -> dict[int, dict[str, Claim]]:
        """By purchase order and key."""
        found: dict[int, dict[str, Claim]] = {}
        wanted = sorted(kept for one in ids for kept in self._kept.get(one, ()))
        rows = await self._models.optional(ATTACHMENT, [["id", "in", wanted]], ("name", "datas")) if wanted else []
        for row in rows:
            name = text(row["name"])
            purchase = purchase_of(name)
            found.setdefault(purchase, {})[name.removeprefix(f"{NAMED}{purchase} ")] = Claim.read(row["datas"])
        return found

    async def _learn(self) -> None:
        """Which purchase orders there is something kept of, since the last time. By when it was written, not by ids: these are given before a
        transaction ends, and what is kept is written again."""
        since = (moment(self._newest) - _OVERLAP).strftime(STAMP) if self._newest else ""
        recent = [["write_date", ">=", since]] if since else []
        last = 0
        while True:
            domain = [["name", "=like", f"{NAMED}%"], ["id", ">", last], *recent]
            rows = await self._models.optional(ATTACHMENT, domain, ("name", "write_date"), limit=_PAGE)
            for row in rows:
                self._learnt(purchase_of(text(row["name"])), row["id"], text(row.get("write_date")))
            last = max((row["id"] for row in rows), default=last)
            if len(rows) < _PAGE:
                return

    def _learnt(self, purchase: int, kept: int, written: str) -> None:
        if not purchase:
            return
        known = self._kept.setdefault(purchase, {})
        if known.get(kept) != written:
            known[kept] = written
            self._settled.discard(purchase)
        self._newest = max(self._newest, written)


def deleted_of(claims: Mapping[str, Claim]) -> Deleted | None:
    """Of one that is gone, by what is kept of it; None where nothing is left to be done. Pure.

    All that Causeway has made for it, also orders a platform split off, and whatever a later try came to. Which account it was is said by its
    orders; before any of them was read it is the first, whose sink tells where it finds nothing.
    """
    ours = [claim for claim in claims.values() if claim.result or claim.is_ours]
    over = {number for claim in claims.values() if claim.state in _OVER for number in claim.orders}
    over |= {number for claim in ours if claim.result in _TOLD for number in claim.orders}
    numbers = dict.fromkeys(number for claim in ours for number in claim.orders if number not in over)
    if not numbers:
        return None
    owners = sorted(":".join(key.split(":")[:2]) for key in claims if key.split(":")[0] in SUPPLIERS)
    return Deleted(f"{owners[0] if owners else SUPPLIERS[0]}:", tuple(numbers))


def _may_be_ordered_yet(claims: Mapping[str, Claim]) -> bool:
    """Nothing is known of orders, and it was not told either that there are none."""
    return not any(claim.orders or claim.result in _TOLD for claim in claims.values())


def _too_many(gone: Collection[int]) -> str:
    ids = sorted(gone)
    some = " ".join(map(str, ids[:50])) + (" ..." if len(ids) > 50 else "")
    return (
        f"{len(ids)} purchase orders that were ordered are missing in Odoo at once, so none of their orders is cancelled by itself. Where the "
        "database was restored in part: restore the rest. Where they were deleted on purpose: "
        "`causeway poll fetch odoo:main purchase_orders ID ...` cancels "
        f"those you name, or raise CAUSEWAY_ODOO__CAPTURE__PURCHASES_DELETED_AT_MOST for a while. Ids: {some}"
    )

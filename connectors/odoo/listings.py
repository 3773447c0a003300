"""Operation `merge_listing` (PRD-2): a marketplace's catalogue into Odoo's products, field by field, by who owns the field.

For a batch, in few calls:

    1  the products by SKU, cross-reference table or barcode; unknown ones are left alone, or made where configured
    2  what stands in the products, and what the last merge saw: kept in Odoo as one attachment for each listing, which no person sees
    3  merge (pure, `connectors.kit.catalogue.ownership`)
    4  write what changed; a barcode another product has is never written, and never keeps the rest back
    5  remember what was seen; conflicts are published with the outcome, again if the outcome got lost
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, cast

from connectors.kit.catalogue.ownership import FieldConflict, Merge, Owner, conflict_record, merge
from connectors.kit.errors import ConnectorError, DataError, RuleError
from connectors.kit.ports import Canonical, Delivery, Deps, Difference, Outcome
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.handling import done, failure, settled
from connectors.odoo.keys import xid
from connectors.odoo.listings_made import ListingProducts
from connectors.odoo.listings_plan import WRITABLE, Memory, Said, said_by
from connectors.odoo.loading import CONTEXT, load
from connectors.odoo.plan import Goods
from connectors.odoo.products import Products, Wanted
from connectors.odoo.products_made import company_currency
from connectors.odoo.settings import OdooSettings
from schemas.records import Listing

PRODUCT, ATTACHMENT = "product.product", "ir.attachment"


@dataclass
class Job:
    """One listing on its way."""

    delivery: Delivery
    listing: Listing
    product: int = 0
    made: bool = False
    memory: int = 0
    before: Memory = field(default_factory=Memory)
    standing: Mapping[str, Any] = field(default_factory=dict)
    said: Said = field(default_factory=Said)
    merged: Merge = field(default_factory=Merge)
    notes: list[str] = field(default_factory=list)
    outcome: Outcome | None = None

    @property
    def wanted(self) -> Wanted:
        one = self.listing
        return Wanted(one["source"], one["account"], Goods(one["sku"], one["item_id"], one["barcode"], one["title"]))


class Listings:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, products: Products, deps: Deps) -> None:
        self._odoo, self._settings, self._products, self._now = odoo, settings, products, deps.now
        self._fields = settings.listings.wanted()
        self._types: dict[str, str] = {}
        self._currency = ""
        self._new = ListingProducts(odoo, settings)

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """Raises ConnectorError for what concerns all of them."""
        jobs = [Job(one, cast(Listing, one.body), outcome=settled(one)) for one in batch]
        await self._prepare()
        await self._find([job for job in jobs if job.outcome is None], make=True)
        await self._remember([job for job in jobs if job.outcome is None])
        await self._merge([job for job in jobs if job.outcome is None])
        for job in jobs:
            if job.outcome is None:
                try:
                    job.outcome = await self._written(job)
                except ConnectorError as error:
                    job.outcome = failure(error)
        return [job.outcome for job in jobs if job.outcome is not None]

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        jobs = [Job(one, cast(Listing, one.body), outcome=settled(one)) for one in batch]
        await self._prepare()
        await self._find([job for job in jobs if job.outcome is None], make=False)
        keys = {self._key(job): job for job in jobs if job.product}
        for key, number in (await find(self._odoo, keys)).items():
            keys[key].memory = number
        await self._recall([job for job in jobs if job.memory])
        await self._merge([job for job in jobs if job.product])
        return [self._differences(job) for job in jobs]

    # ---- 1

    async def _prepare(self) -> None:
        if self._types:
            return
        found = await self._odoo.ask(PRODUCT, "fields_get", list(self._fields), ["type", "readonly"])
        for name in self._fields:
            if name not in found or found[name]["type"] not in WRITABLE:
                why = "is of a type that cannot be filled from text" if name in found else "does not exist"
                raise RuleError(f"CAUSEWAY_ODOO__LISTINGS__FIELDS: product field {name} {why}")
        self._currency = await company_currency(self._odoo)
        self._types = {name: found[name]["type"] for name in self._fields}

    async def _find(self, jobs: Sequence[Job], *, make: bool) -> None:
        await self._products.find(job.wanted for job in jobs)
        for job in jobs:
            job.product = self._products.known(job.wanted)
        unknown = [job for job in jobs if not job.product]
        wanted = [job for job in unknown if make and self._creates(job)]
        for job in unknown:
            if job not in wanted:
                job.outcome = done((), PRODUCT, "", ["unknown_sku"])
        made = await self._new.make([job.listing for job in wanted], self._currency) if wanted else []
        for job, one in zip(wanted, made, strict=True):
            if isinstance(one, ConnectorError):
                job.outcome = failure(one)
            else:
                job.product, job.made = one, True

    def _creates(self, job: Job) -> bool:
        """Whether an unknown product is made. What is gone at the marketplace makes none."""
        return self._settings.listings.unknown == "create" and job.listing["status"] != "retired"

    # ---- 2

    def _key(self, job: Job) -> str:
        return xid(self._settings.module, "listing", job.listing["key"])

    async def _remember(self, jobs: Sequence[Job]) -> None:
        """An attachment of no record: only its maker and administrators may read it."""
        rows = [[[self._key(job), f"causeway {job.listing['key']}"]] for job in jobs]
        for job, one in zip(jobs, await load(self._odoo, ATTACHMENT, ["id", "name"], rows), strict=True):
            if isinstance(one, ConnectorError):
                job.outcome = failure(one)
            else:
                job.memory = one
        await self._recall([job for job in jobs if job.memory])

    async def _recall(self, jobs: Sequence[Job]) -> None:
        domain = [["id", "in", sorted(job.memory for job in jobs)]]
        rows = await self._odoo.rows(ATTACHMENT, domain, ["datas"]) if jobs else []
        datas = {row["id"]: row["datas"] for row in rows}
        for job in jobs:
            job.before = Memory.read(datas.get(job.memory))

    # ---- 3

    async def _merge(self, jobs: Sequence[Job]) -> None:
        ids = sorted({job.product for job in jobs})
        rows = await self._odoo.ask(PRODUCT, "read", ids, fields=list(self._fields)) if ids else []
        standing = {row["id"]: row for row in rows}
        rules = self._settings.listings
        for job in jobs:
            job.said = said_by(job.listing, self._fields, self._types, self._currency)
            owners: Mapping[str, Owner] = {} if job.made else rules.owners
            default: Owner = "marketplace" if job.made else rules.default_owner
            job.standing = standing[job.product]
            job.merged = merge(job.standing, job.said.values, owners, job.before.seen, default)
            if job.made:
                job.merged.conflicts.clear()
        await self._guard_barcodes([job for job in jobs if "barcode" in job.merged.writes])

    async def _guard_barcodes(self, jobs: Sequence[Job]) -> None:
        """Odoo refuses a barcode another product has; two listings of one call may want the same one."""
        codes = sorted({job.merged.writes["barcode"] for job in jobs})
        rows = await self._odoo.rows(PRODUCT, [["barcode", "in", codes]], ["barcode"]) if codes else []
        owners = {row["barcode"]: row["id"] for row in rows}
        for job in jobs:
            if owners.setdefault(job.merged.writes["barcode"], job.product) != job.product:
                _without_barcode(job)

    # ---- 4, 5

    async def _written(self, job: Job) -> Outcome:
        did = ["created"] if job.made else []
        if job.merged.writes:
            try:
                await self._odoo.tell(PRODUCT, "write", [job.product], job.merged.writes, context=CONTEXT)
            except DataError:
                if "barcode" not in job.merged.writes:
                    raise
                _without_barcode(job)
                await self._odoo.tell(PRODUCT, "write", [job.product], job.merged.writes, context=CONTEXT)
            did += [f"wrote_{name}" for name in sorted(job.merged.writes)]
        conflicts = tuple(asdict(one) for one in job.merged.conflicts)
        if job.before.delivery == job.delivery.id and not conflicts:
            conflicts = tuple(dict(one) for one in job.before.conflicts)
        after = Memory(job.delivery.id, job.merged.seen, conflicts)
        if after != job.before:
            await self._odoo.tell(ATTACHMENT, "write", [job.memory], {"datas": after.datas()}, context=CONTEXT)
        outcome = done(did, PRODUCT, job.product, [*job.notes, *job.said.notes])
        return _with_events(outcome, job, conflicts, self._now())

    def _differences(self, job: Job) -> list[Difference]:
        if not job.product:
            creates = self._creates(job) and job.outcome is not None and not job.outcome.remote_id
            return [Difference("product", "", f"created as {job.listing['sku']}")] if creates else []
        # What a conflict leaves as it is changes nothing.
        return [
            Difference(name, _shown(job.standing.get(name)), str(value)[:200])
            for name, value in job.merged.writes.items()
        ]


def _shown(value: Any) -> str:
    """Odoo's value of a field, for people."""
    return "" if value is None or value is False else str(value)[:200]


def _without_barcode(job: Job) -> None:
    code = job.merged.writes.pop("barcode")
    job.merged.conflicts = [one for one in job.merged.conflicts if one.field != "barcode"]
    job.merged.conflicts.append(FieldConflict("barcode", "(another product has it)", str(code), "odoo", "kept"))
    job.notes.append("barcode_taken")


def _with_events(outcome: Outcome, job: Job, conflicts: Sequence[Mapping[str, Any]], at: datetime) -> Outcome:
    """The same with its conflicts as records of their topic."""
    key = job.listing["key"]
    events = []
    for one in conflicts:
        record = conflict_record(FieldConflict(**one), key, job.delivery.correlation, at)
        place = f"{key}|{record['field']}"  # the topic keeps the newest of each key: every field has its own
        events.append(Canonical("conflict", place, job.listing["version"], cast(Mapping[str, Any], record)))
    return Outcome(
        outcome.result,
        remote_model=outcome.remote_model,
        remote_id=outcome.remote_id,
        notes=outcome.notes,
        events=tuple(events),
    )

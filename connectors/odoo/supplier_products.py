"""Operation `upsert_supplier_product` (PRD-2, PO-3): what a supplier offers into products, variants and vendors' prices, each once (EVT-4).

For each offer, in about a dozen calls:

    1  plan (pure); what was written of it before. An older state than that is stale
    2  vendor, currency with its rate, category and unit
    3  the variants' products; missing ones are made
    4  the fields both sides may write, by who owns them
    5  vendors' prices: made, written, ended
    6  the picture of a template that has none
    7  remember it

An offer that is not published any more ends its vendor prices; products stay as they are. Nothing is ever deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any, cast

from connectors.kit.catalogue.ownership import FieldConflict, conflict_record
from connectors.kit.errors import ConflictError, ConnectorError, RetryError
from connectors.kit.ports import Canonical, Delivery, Deps, Difference, Outcome, Result
from connectors.odoo.client import Odoo
from connectors.odoo.handling import done, each
from connectors.odoo.loading import CONTEXT
from connectors.odoo.settings import OdooSettings
from connectors.odoo.supplier_fields import FieldChanges, FieldMerge
from connectors.odoo.supplier_memory import OfferMemories, OfferMemory
from connectors.odoo.supplier_pictures import SupplierPictures
from connectors.odoo.supplier_preview import differences_of
from connectors.odoo.supplier_price_rows import SupplierPriceRows
from connectors.odoo.supplier_prices import PriceRow, converted
from connectors.odoo.supplier_products_plan import OfferPlan, VariantPlan, plan_offer
from connectors.odoo.supplier_quantity import Accepted, AcceptedQuantities
from connectors.odoo.supplier_references import ARCHIVED_TOO, PRICE, WEIGHT, Exchange, SupplierReferences
from connectors.odoo.supplier_variants import PRODUCT, TEMPLATE, Found, NewProduct, SupplierVariants
from schemas.records import SupplierProduct

_MOST_NOTES, _LONGEST_NOTE = 30, 80


@dataclass
class Job:
    """One offer on its way. did: codes of what was done; notes: codes of what a person may want to know."""

    delivery: Delivery
    plan: OfferPlan
    before: OfferMemory
    accepted: Accepted
    vendor: int = 0
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def template(self) -> int:
        """What the offer is in Odoo: the template of its first variant."""
        first = next((self.found[one.id].template for one in self.plan.variants if one.id in self.found), 0)
        return first or self.before.template

    @property
    def archived(self) -> frozenset[str]:
        """SKUs whose products a person archived: nothing of them changes."""
        return frozenset(
            one.sku_id
            for one in self.plan.variants
            if one.id in self.found and not self.found[one.id].row.get("active", True)
        )


class SupplierProducts:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, deps: Deps) -> None:
        self._odoo, self._settings, self._now = odoo, settings.supplier_products, deps.now
        self.references = SupplierReferences(odoo, settings, deps.mappings, deps.now)
        self._variants = SupplierVariants(odoo, settings, deps.mappings)
        self._memories = OfferMemories(odoo, settings.module)
        self._quantities = AcceptedQuantities(odoo, settings.module)
        self._prices = SupplierPriceRows(odoo, settings, deps.now)
        self._pictures = SupplierPictures(settings.supplier_products, deps.now)

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await each(batch, self._written)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return [await self._previewed(one) for one in batch]

    async def aclose(self) -> None:
        await self._pictures.aclose()

    async def _written(self, delivery: Delivery) -> Outcome:
        job = await self._opened(delivery)
        if job.before.version > delivery.version:
            return Outcome(Result.STALE, remote_model=TEMPLATE, remote_id=str(job.before.template or ""))
        fields, image = FieldChanges(seen=dict(job.before.seen)), job.before.image
        if job.plan.published:
            await self._refer(job, make=True)
            await self._find(job, make=True)
            fields = await self._fields(job)
            await self._write_fields(job, fields)
            image = await self._picture(job)
        else:
            job.vendor = await self.references.vendor_known(job.plan.vendor)
        if job.vendor:
            changes, standing = await self._prices.changes(job.plan, job.vendor, self._price_rows(job), job.archived)
            job.did += await self._prices.write(job.plan.key, job.vendor, changes, standing)
            await self._check_accepted(job)
        events = await self._remember(job, fields, image)
        return _outcome(job, events)

    async def _opened(self, delivery: Delivery) -> Job:
        product = cast(SupplierProduct, delivery.body)
        accepted = await self._quantities.recalled(product["key"])
        least = accepted.least("") if accepted.minimum else None
        plan = plan_offer(product, self._settings, least)
        return Job(delivery, plan, await self._memories.recalled(plan.key), accepted, notes=list(plan.notes))

    # ---- 2, 3

    async def _refer(self, job: Job, *, make: bool) -> None:
        """Whatever could keep the offer out is looked up before anything is written."""
        said = job.did if make else job.notes
        for currency in dict.fromkeys(one.currency for one in job.plan.variants):
            job.exchanges[currency] = await self.references.exchange(currency, said, make=make)
        job.vendor = await self.references.vendor(job.plan, job.notes)
        if not job.vendor and make:
            buys_in = job.exchanges[job.plan.variants[0].currency].currency if self._settings.currency == "keep" else 0
            job.vendor = await self.references.make_vendor(job.plan, buys_in)
            job.did.append("vendor_made")

    async def _find(self, job: Job, *, make: bool) -> None:
        job.found = await self._variants.find(job.plan, job.before.products)
        missing = [one for one in job.plan.variants if one.id not in job.found]
        if not missing or not make:
            return
        new = NewProduct(await self.references.home(job.plan, job.notes), await self._costs(job, missing))
        made, refused = await self._variants.make(job.plan, job.found, new)
        if refused and not made and not job.found and not job.before.products:
            raise next(iter(refused.values()))
        job.found |= made
        job.did += [f"variants_made:{count}"] if (count := sum(one.how == "made" for one in made.values())) else []
        job.notes += [f"sku_replaced:{name}" for name, one in made.items() if one.how == "combination"]
        job.notes += [f"variant_refused:{name}:{error.code or error.reason}" for name, error in refused.items()]

    async def _costs(self, job: Job, missing: Sequence[VariantPlan]) -> dict[str, Decimal]:
        """What one unit costs at the smallest order, of those where a rate tells."""
        found: dict[str, Decimal] = {}
        rates: dict[str, Decimal | None] = {}
        for one in missing if self._settings.cost == "new" else ():
            if one.currency not in rates:
                rates[one.currency] = await self.references.cost_rate(one.currency)
            if (rate := rates[one.currency]) is not None:
                found[one.id] = converted(one.tiers[0].price, rate, await self.references.digits(*PRICE))
        job.notes += [f"no_rate:{currency}" for currency, rate in rates.items() if rate is None]
        return found

    # ---- 4

    async def _fields(self, job: Job) -> FieldChanges:
        merge = FieldMerge(job.plan, self._settings, job.before.seen, await self.references.digits(*WEIGHT))
        taken = await self._taken(job)
        for row in await self._templates(job, ["name"]):
            merge.of_template(row["id"], row)
        for one in job.plan.variants:
            if one.id in job.found:
                merge.of_variant(one, job.found[one.id], taken)
                if taken.get(one.barcode, job.found[one.id].product) != job.found[one.id].product:
                    job.notes.append(f"barcode_taken:{one.id}")
        return merge.changes

    async def _templates(self, job: Job, fields: Sequence[str], **context: Any) -> list[dict[str, Any]]:
        ids = sorted({one.template for one in job.found.values()})
        whole = {**ARCHIVED_TOO, **context}
        return await self._odoo.rows(TEMPLATE, [["id", "in", ids]], fields, context=whole) if ids else []

    async def _taken(self, job: Job) -> dict[str, int]:
        codes = sorted({one.barcode for one in job.plan.variants if one.barcode})
        rows = await self._odoo.rows(PRODUCT, [["barcode", "in", codes]], ["barcode"]) if codes else []
        return {row["barcode"]: row["id"] for row in rows}

    async def _write_fields(self, job: Job, fields: FieldChanges) -> None:
        for (model, number), values in fields.writes.items():
            await self._odoo.tell(model, "write", [number], values, context=CONTEXT)
            job.did += [f"wrote_{name}" for name in sorted(values)]

    # ---- 5

    def _price_rows(self, job: Job) -> list[PriceRow]:
        """As they should stand, of the variants that are in Odoo."""
        rows = []
        for one in job.plan.variants:
            if one.id not in job.found or one.sku_id in job.archived:
                continue
            exchange = job.exchanges[one.currency]
            for tier in one.tiers:
                price = converted(tier.price, exchange.rate, exchange.digits)
                if price:
                    product = job.found[one.id].product
                    rows.append(PriceRow(product, one.code, one.said, tier.quantity, price, exchange.currency))
                else:  # what is less than the last digit must not be bought for nothing
                    job.notes.append(f"price_too_small:{one.id}")
        return rows

    async def _check_accepted(self, job: Job) -> None:
        """Another smallest order may have been accepted while this one was written by its predecessor."""
        if job.accepted.version and (await self._quantities.recalled(job.plan.key)).version != job.accepted.version:
            raise ConflictError("another smallest order was accepted meanwhile")

    # ---- 6

    async def _picture(self, job: Job) -> str:
        """The address of the picture that stands. One that a person took away is not brought again."""
        wanted, before = job.plan.image, job.before.image
        if not self._settings.images or not wanted or wanted == before:
            return before
        empty = [
            row["id"] for row in await self._templates(job, ["image_1920"], bin_size=True) if not row["image_1920"]
        ]
        if not empty:
            return before
        picture = await self._pictures.fetched(wanted, job.notes)
        if not picture:
            return before
        for number in empty:
            await self._odoo.tell(TEMPLATE, "write", [number], {"image_1920": picture}, context=CONTEXT)
        job.did.append("image_written")
        return wanted

    # ---- 7

    async def _remember(self, job: Job, fields: FieldChanges, image: str) -> tuple[Canonical, ...]:
        """The conflicts to publish; those of a lost outcome again."""
        conflicts: tuple[Mapping[str, Any], ...] = tuple({"about": key, **asdict(one)} for key, one in fields.conflicts)
        if job.before.delivery == job.delivery.id and not conflicts:
            conflicts = job.before.conflicts
        products = {**job.before.products, **{name: one.product for name, one in job.found.items()}}
        after = OfferMemory(
            job.delivery.version, job.delivery.id, job.template, products, {**job.before.seen, **fields.seen}, image, conflicts
        )  # fmt: skip
        if after != job.before and (job.template or job.vendor):
            await self._memories.keep(job.plan.key, after)
        return tuple(self._event(job, one) for one in conflicts)

    def _event(self, job: Job, conflict: Mapping[str, Any]) -> Canonical:
        content = dict(conflict)
        key = str(content.pop("about"))
        record = conflict_record(FieldConflict(**content), key, job.delivery.correlation, self._now())
        body = {**record, "entity": "supplier_product"}
        return Canonical("conflict", f"{key}|{record['field']}", job.delivery.version, body)

    # ---- preview

    async def _previewed(self, delivery: Delivery) -> Sequence[Difference]:
        try:
            job = await self._opened(delivery)
            if job.before.version > delivery.version:
                return ()
            fields = FieldChanges()
            if job.plan.published:
                await self._refer(job, make=False)
                await self._find(job, make=False)
                fields = await self._fields(job)
            else:
                job.vendor = await self.references.vendor_known(job.plan.vendor)
            wanted = self._price_rows(job)
            changes, standing = await self._prices.changes(job.plan, job.vendor, wanted, job.archived)
        except RetryError:
            raise
        except ConnectorError as error:
            return [Difference("product", "", f"nothing: {error}", refused=True)]
        return differences_of(job.plan, job.vendor, job.found, fields, changes, standing)


def _outcome(job: Job, events: tuple[Canonical, ...]) -> Outcome:
    notes = list(dict.fromkeys(one[:_LONGEST_NOTE] for one in job.notes))
    if len(notes) > _MOST_NOTES:
        notes = [*notes[:_MOST_NOTES], f"more:{len(notes) - _MOST_NOTES}"]
    return replace(done(job.did, TEMPLATE, job.template or "", notes), events=events)

"""Operation `set_vendor_terms` (PO-4): what was decided of a vendor's terms, into its rows of vendors' prices. Smallest orders: `supplier_quantity`;
lead times of a SKU:

    1  what was written of it before; an older decision than that is stale
    2  the vendor's rows of the SKU; a SKU without any waits for them
    3  what is to change (pure, `supplier_terms_plan`)
    4  remember it, write the rows, remember that they were written

A lead time that a person changed meanwhile stays: the outcome says so (`lead_time_kept`), and a conflict is told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from connectors.kit.catalogue.ownership import FieldConflict, conflict_record
from connectors.kit.errors import ConnectorError, DataError, MappingError, RetryError
from connectors.kit.ports import Canonical, Delivery, Deps, Difference, Outcome, Result
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.handling import done, each
from connectors.odoo.kept import ATTACHMENT, keep
from connectors.odoo.keys import xid
from connectors.odoo.loading import CONTEXT
from connectors.odoo.purchase_vendors import same_vendors
from connectors.odoo.settings import OdooSettings
from connectors.odoo.supplier_price_rows import PRICES
from connectors.odoo.supplier_products_plan import vendor_reference
from connectors.odoo.supplier_quantity import QUANTITY, SupplierQuantity
from connectors.odoo.supplier_references import ARCHIVED_TOO, SupplierReferences
from connectors.odoo.supplier_terms_plan import LeadMemory, LeadPlan, began, ended, plan_lead
from schemas.records import VendorTerms

VENDOR_PRICE = "vendor_price"
LEAD_TIME = "lead_time"
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class LeadJob:
    """One decision on its way. rows: the vendor's prices of the SKU, by id."""

    delivery: Delivery
    terms: VendorTerms
    memory: LeadMemory
    rows: Mapping[int, Mapping[str, Any]]
    plan: LeadPlan

    @property
    def days(self) -> int:
        return self.terms["lead_days"] or 0


class SupplierTerms:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, settings: OdooSettings, deps: Deps, references: SupplierReferences) -> None:
        self._odoo, self._module, self._now = odoo, settings.module, deps.now
        self._references = references
        self._quantity = SupplierQuantity(odoo, settings, references, deps.now)

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await each(batch, self._written)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return [await self._previewed(one) for one in batch]

    async def exists(self, rest: str) -> bool:
        """Whether `SOURCE:ACCOUNT:OFFER/SKU` has a vendor's price."""
        source, _, tail = rest.partition(":")
        account, _, code = tail.partition(":")
        domain = [["product_code", "=like", f"{code}/%"], ["partner_id.ref", "ilike", source]]
        rows = await self._odoo.rows(PRICES, domain, ["partner_id"]) if code else []
        return bool(rows) and await self._references.is_any_of(
            {int(row["partner_id"][0]) for row in rows}, f"{source}:{account}"
        )

    async def _written(self, delivery: Delivery) -> Outcome:
        if delivery.body["kind"] == QUANTITY:
            return await self._quantity.written(delivery)
        memory = await self._recalled(delivery.key)
        if memory.version > delivery.version:
            return Outcome(Result.STALE, remote_model=PRICES)
        if memory.done and memory.delivery == delivery.id:
            return self._outcome(delivery, memory, [], 0)
        job = await self._opened(delivery, memory)
        if not job.rows and job.days:
            raise self._no_rows(job.terms)
        if not job.rows and not memory.before:
            return done([], PRICES, "")
        written: dict[int, int] = {}
        for _ in range(_ROUNDS):
            memory = await self._carried_out(delivery, memory, job)
            written |= job.plan.writes
            after = await self._opened(delivery, memory)
            if after.rows.keys() <= job.rows.keys():
                break
            job = after  # prices were made meanwhile
        did = [f"lead_times_written:{len(written)}"] if written else []
        return self._outcome(delivery, memory, did, min(job.rows, default=0))

    async def _carried_out(self, delivery: Delivery, memory: LeadMemory, job: LeadJob) -> LeadMemory:
        plan = job.plan
        remembered = began(memory, plan, job.days, delivery.version, delivery.id)
        await self._keep(delivery.key, remembered)
        for days in sorted(set(plan.writes.values())):
            rows = sorted(row for row, wanted in plan.writes.items() if wanted == days)
            await self._odoo.tell(PRICES, "write", rows, {"delay": days}, context=CONTEXT)
        if (after := ended(remembered, plan)) != remembered:
            await self._keep(delivery.key, after)
        return after

    async def _opened(self, delivery: Delivery, memory: LeadMemory) -> LeadJob:
        terms = cast(VendorTerms, delivery.body)
        if terms["kind"] != LEAD_TIME:
            raise DataError(f"kind: {terms['kind'][:40]!r} is not known")
        rows = await self._rows(terms)
        standing = {number: int(row["delay"]) for number, row in rows.items()}
        return LeadJob(delivery, terms, memory, rows, plan_lead(terms["lead_days"] or 0, standing, memory))

    async def _rows(self, terms: VendorTerms) -> dict[int, Mapping[str, Any]]:
        vendor = vendor_reference(terms["source"], terms["account"], terms["supplier"])
        found = await same_vendors(self._odoo, vendor, context=ARCHIVED_TOO)
        if not found:
            return {}
        ids = [row["id"] for row in found]
        domain = [["partner_id", "in", ids], ["product_code", "=like", f"{terms['offer_id']}/{terms['sku_id']}/%"]]
        rows = await self._odoo.rows(PRICES, domain, ["product_code", "min_qty", "delay"])
        return {row["id"]: row for row in rows}

    def _no_rows(self, terms: VendorTerms) -> MappingError:
        code = f"{terms['offer_id']}/{terms['sku_id']}"
        name = f"{VENDOR_PRICE}:{terms['source']}:{terms['account']}:{code}"
        return MappingError(f"Odoo has no vendor price of {code} yet", waiting_for=name)

    def _outcome(self, delivery: Delivery, memory: LeadMemory, did: Sequence[str], number: int) -> Outcome:
        """What a person had changed is told again where an outcome may have got lost."""
        if not memory.stood:
            return done(did, PRICES, number or "")
        wanted = str(delivery.body["lead_days"] or "as before")
        conflict = FieldConflict("delay", memory.stood, wanted, "odoo", "kept")
        record = conflict_record(conflict, delivery.key, delivery.correlation, self._now())
        body = {**record, "entity": "vendor_terms"}
        event = Canonical("conflict", f"{delivery.key}|delay", delivery.version, body)
        return replace(done(did, PRICES, number or "", ["lead_time_kept"]), events=(event,))

    async def _previewed(self, delivery: Delivery) -> Sequence[Difference]:
        try:
            if delivery.body["kind"] == QUANTITY:
                return await self._quantity.previewed(delivery)
            memory = await self._recalled(delivery.key)
            if memory.version > delivery.version or (memory.done and memory.delivery == delivery.id):
                return ()
            job = await self._opened(delivery, memory)
            if not job.rows and job.days:
                raise self._no_rows(job.terms)
        except RetryError:
            raise
        except ConnectorError as error:
            return [Difference(str(delivery.body["kind"]).replace("_", " "), "", f"nothing: {error}", refused=True)]
        told = [_difference(job.rows[row], str(days)) for row, days in job.plan.writes.items()]
        kept = [_difference(job.rows[row], "nothing: a person changed it") for row in job.plan.kept]
        return [*told, *(replace(one, refused=True) for one in kept)]

    # ---- what was written

    async def _recalled(self, key: str) -> LeadMemory:
        for number in (await find(self._odoo, [self._xid(key)])).values():
            rows = await self._odoo.rows(ATTACHMENT, [["id", "=", number]], ["datas"])
            return LeadMemory.read(rows[0]["datas"] if rows else None)
        return LeadMemory()

    async def _keep(self, key: str, memory: LeadMemory) -> None:
        await keep(self._odoo, self._xid(key), f"causeway {key}", memory.datas())

    def _xid(self, key: str) -> str:
        return xid(self._module, "vendor_terms", key)


def _difference(row: Mapping[str, Any], would_be: str) -> Difference:
    return Difference(f"lead time of {row['product_code']} from {row['min_qty']:g}", str(row["delay"]), would_be)

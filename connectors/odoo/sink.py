"""The sink `odoo`: a table of operations. A call holds one operation; each has its own file.

Everything is written so that delivering again finds what the first time made: records by `load()` with external ids, steps after a look
at what stands there. What cannot be told from Odoo itself is never guessed from what the pipeline remembers.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from connectors.kit.ports import Delivery, Deps, Difference, Outcome, Result
from connectors.odoo.client import Odoo
from connectors.odoo.handling import Handler
from connectors.odoo.listings import Listings
from connectors.odoo.mapping import Rules
from connectors.odoo.order_upserts import OrderUpserts
from connectors.odoo.packing import PACKING, PackingChecks
from connectors.odoo.purchase_finding import WAITS
from connectors.odoo.purchase_results import PurchaseResults
from connectors.odoo.purchase_updates import PurchaseUpdates
from connectors.odoo.purchase_writing import PurchaseWriting
from connectors.odoo.references import References
from connectors.odoo.reopening import Reopening
from connectors.odoo.returns import Returns
from connectors.odoo.settings import OdooSettings
from connectors.odoo.settlements import NAME, Settlements
from connectors.odoo.supplier_products import SupplierProducts
from connectors.odoo.supplier_terms import VENDOR_PRICE, SupplierTerms
from connectors.odoo.waiting import Waiting
from schemas.reasons import Reason

logger = logging.getLogger(__name__)

UPSERT_ORDER = "upsert_order"
UPSERT_RETURN = "upsert_return"
POST_SETTLEMENT = "post_settlement"
MERGE_LISTING = "merge_listing"
REOPEN_ORDER = "reopen_order"
UPDATE_PURCHASE = "update_purchase"
NOTE_PURCHASE = "note_purchase"
UPSERT_SUPPLIER_PRODUCT = "upsert_supplier_product"
SET_VENDOR_TERMS = "set_vendor_terms"
CHECK_PACKING = "check_packing"
OPERATIONS = frozenset({
    UPSERT_ORDER, UPSERT_RETURN, POST_SETTLEMENT, MERGE_LISTING, REOPEN_ORDER, UPDATE_PURCHASE, NOTE_PURCHASE, UPSERT_SUPPLIER_PRODUCT,
    SET_VENDOR_TERMS, CHECK_PACKING,
})  # fmt: skip


class OdooSink:
    """See `connectors.kit.ports.Sink` and `Previewer`."""

    destination = "odoo"

    def __init__(self, settings: OdooSettings, deps: Deps) -> None:
        production = "production" in (settings.environment, deps.environment)
        if deps.environment != "production" and settings.environment == "production":
            logger.info("odoo_database_counts_as_production test_orders=refused")
        self.batch_limit = settings.batch * settings.workers
        self._odoo = Odoo(settings)
        references = References(self._odoo, settings, deps.mappings, deps.now)
        rules = Rules(settings, production=production)
        settlements = Settlements(self._odoo, settings, deps.mappings)
        self._supplier_products = supplier_products = SupplierProducts(self._odoo, settings, deps)
        terms = SupplierTerms(self._odoo, settings, deps, supplier_products.references)
        purchases = PurchaseWriting(self._odoo, settings, deps.mappings)
        updates = PurchaseUpdates(purchases)
        packing = PackingChecks(self._odoo, settings)
        self._handlers: Mapping[str, Handler] = {
            UPSERT_ORDER: OrderUpserts(self._odoo, settings, references, rules),
            REOPEN_ORDER: Reopening(self._odoo, settings),
            UPSERT_RETURN: Returns(self._odoo, settings),
            POST_SETTLEMENT: settlements,
            MERGE_LISTING: Listings(self._odoo, settings, references.products, deps),
            UPSERT_SUPPLIER_PRODUCT: supplier_products,
            SET_VENDOR_TERMS: terms,
            UPDATE_PURCHASE: updates,
            NOTE_PURCHASE: PurchaseResults(purchases),
            CHECK_PACKING: packing,
        }
        # What is waited for is looked up anew each time; the orders under way must not lose what they have just found.
        self._waiting = Waiting(
            self._odoo,
            settings,
            References(self._odoo, settings, deps.mappings, deps.now),
            deps.mappings,
            {
                NAME: settlements.named,
                "account": settlements.account_exists,
                WAITS: updates.exists,
                VENDOR_PRICE: terms.exists,
                PACKING: packing.is_free,
                "supplier": supplier_products.references.vendor_exists,
                "currency": supplier_products.references.currency_active,
            },
        )

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """Raises ConnectorError when Odoo cannot be used at all; then nothing was written for any of them that counts."""
        answers: list[Outcome | None] = [None] * len(batch)
        for operation in dict.fromkeys(delivery.operation for delivery in batch):
            places = [index for index, delivery in enumerate(batch) if delivery.operation == operation]
            handler = self._handlers.get(operation)
            outcomes = [_unknown(operation)] * len(places)
            if handler is not None:
                outcomes = list(await handler.write([batch[index] for index in places]))
            for index, outcome in zip(places, outcomes, strict=True):
                answers[index] = outcome
        return [answer for answer in answers if answer is not None]

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        """What each delivery would write. Reads only. Raises ConnectorError."""
        answers: list[Sequence[Difference]] = [()] * len(batch)
        for operation in dict.fromkeys(delivery.operation for delivery in batch):
            places = [index for index, delivery in enumerate(batch) if delivery.operation == operation]
            handler = self._handlers.get(operation)
            if handler is not None:
                found = await handler.preview([batch[index] for index in places])
                for index, one in zip(places, found, strict=True):
                    answers[index] = one
        return answers

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        """Which of them exist by now; see `Waiting` for the words."""
        return await self._waiting.over(waiting_for)

    async def aclose(self) -> None:
        await self._supplier_products.aclose()
        await self._odoo.aclose()


def _unknown(operation: str) -> Outcome:
    return Outcome(Result.FAILED, Reason.BUG, f"the sink odoo knows no operation {operation!r}")

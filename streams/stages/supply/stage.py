"""supplier-products, approvals -> vendor-terms: one consumer group; what is known of each offer is restored from `supply.ledger`.

How it folds, restores and repeats: `ledger_stage`.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from connectors.kit.ports import Canonical
from schemas.headers import Headers
from schemas.record import Message, Record
from schemas.records import Approval, SupplierProduct, SupplyLedger
from schemas.topics import APPROVALS, ENTITIES, SUPPLY_LEDGER
from streams.failure.actions import audit_message
from streams.stages.canonical import canonical_message
from streams.stages.ledger_stage import LedgerStage
from streams.stages.ledgers import Draft
from streams.stages.supply import ledger as book
from streams.stages.supply.ledger import Step

logger = logging.getLogger(__name__)

STAGE = "supply"
OFFERS = ENTITIES["supplier_product"].every


class SupplyStage(LedgerStage[SupplyLedger]):
    """The stage. A decision that is made again after a crash has a newer version, and Odoo has it already then."""

    name = "causeway.supply"
    topics = (OFFERS, APPROVALS)
    stage, schema, ledger = STAGE, "supply_ledger", SUPPLY_LEDGER

    def _taken(self, record: Record, headers: Headers, books: Draft[SupplyLedger]) -> list[Message]:
        step = self._step(record, headers, books)
        if step is None:
            return []
        books.put(step.ledger["key"], step.ledger)
        return self._follows(step, headers)

    def _step(self, record: Record, headers: Headers, books: Draft[SupplyLedger]) -> Step | None:
        now = self._now()
        if record.topic == OFFERS:
            product: SupplierProduct = self._codec.decode("supplier_product", record.value)
            before = books.get(product["key"]) or book.empty(product, now)
            if headers.version < before["version"]:
                return None
            rules, again = self._settings.supply, bool(headers.lane)
            return book.offered(before, product, headers.version, rules, now, asked_again=again)
        answer: Approval = self._codec.decode("approval", record.value)
        ledger = books.get(answer["key"])
        if answer["state"] not in (book.APPROVED, book.REJECTED) or ledger is None:
            return None  # our own proposals, read back; prices
        return book.answered(ledger, answer, now)

    def _follows(self, step: Step, cause: Headers) -> list[Message]:
        made = []
        for terms in step.terms:
            decided = Canonical("vendor_terms", terms["key"], terms["version"], terms)
            by = replace(cause, source=terms["source"], lane="")  # an answer of a person is about the platform's word
            made.append(canonical_message(self._codec, decided, by, self._checksum_key, is_ours=True))
        made += [self._proposal(one, cause) for one in step.approvals]
        for one in step.audited:
            logger.info("supply_answered kind=%s state=%s proposal=%s", one["kind"], one["state"], one["proposal"][:12])
        return made + [self._audit(one, cause) for one in step.audited]

    def _audit(self, one: Approval, cause: Headers) -> Message:
        return audit_message(
            self._codec, one["state"], one["subject"], actor=one["actor"] or "causeway", at=one["at"], note=one["note"] or one["why"],
            before=one["before"], after=one["after"], correlation=cause.correlation,
        )  # fmt: skip

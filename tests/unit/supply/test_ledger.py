"""PO-4: a significant change at the supplier becomes a proposal that a person approves; one for each change, whatever is repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.records import Approval, SupplierProduct, SupplyLedger, VendorTerms
from streams.stages.supply.ledger import TOO_LATE, answered, empty, offered, waiting
from streams.supply_settings import SupplySettings
from tests.supplier_records import offer_of, variant

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SUBJECT = "alibaba:main:offer:554:11:lead_time"
ASK, AUTOMATIC = SupplySettings(), SupplySettings(lead_time="automatic")


def offer(stock: str, **changes: Any) -> SupplierProduct:
    """One SKU, `11`, with so many units at the supplier."""
    return offer_of("554", variant("11", stock=stock), **changes)


@dataclass
class Book:
    """The ledger of one offer, and everything that followed so far."""

    rules: SupplySettings = ASK
    ledger: SupplyLedger = field(default_factory=lambda: empty(offer("0"), NOW))
    now: datetime = NOW
    version: int = 0
    terms: list[VendorTerms] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    audited: list[Approval] = field(default_factory=list)

    def says(self, *stocks: str, **changes: Any) -> Book:
        for stock in stocks:
            self.see(offer(stock, **changes))
        return self

    def see(self, product: SupplierProduct) -> None:
        self.version += 1
        self.now += timedelta(hours=1)
        step = offered(self.ledger, product, self.version, self.rules, self.now)
        self._take(step)

    def answer(self, state: str, proposal: str = "", subject: str = SUBJECT) -> Book:
        said: Approval = {
            "key": self.ledger["key"], "subject": subject, "kind": "lead_time", "state": state, "proposal": proposal or self.open[0],
            "before": "", "after": "", "why": "", "actor": "ann", "note": "", "at": NOW,
        }  # fmt: skip
        self._take(answered(self.ledger, said, self.now))
        return self

    def _take(self, step: Any) -> None:
        self.ledger = step.ledger
        self.terms += step.terms
        self.approvals += step.approvals
        self.audited += step.audited

    @property
    def open(self) -> list[str]:
        return [matter["proposal"] for _, matter in waiting(self.ledger)]

    @property
    def states(self) -> list[str]:
        return [one["state"] for one in self.approvals]

    @property
    def days(self) -> list[int | None]:
        return [one["lead_days"] for one in self.terms]


def test_stock_that_is_there_asks_nobody() -> None:
    book = Book().says("100", "50", "500", "3")
    assert (book.states, book.terms) == ([], [])


def test_stock_that_falls_is_proposed_once_whatever_is_repeated() -> None:
    """EVT-4: seen again, also with another number that is as bad; nothing is decided by itself."""
    book = Book().says("100", "0", "0", "1")
    (proposal,) = book.approvals
    assert (proposal["state"], proposal["kind"], proposal["subject"]) == ("proposed", "lead_time", SUBJECT)
    assert (proposal["before"], proposal["after"]) == ("the lead time it has without this", "lead time 30 days")
    assert proposal["why"] == "the supplier has 0; out of stock at 0"
    assert (book.open, book.terms) == ([proposal["proposal"]], [])


def test_an_offer_that_is_out_of_stock_when_it_is_first_seen_is_proposed_too() -> None:
    assert Book().says("0").states == ["proposed"]


def test_what_is_approved_is_decided_with_who_approved_and_goes_back_when_stock_is_back() -> None:
    book = Book().says("100", "0").answer("approved")
    (terms,) = book.terms
    assert (terms["key"], terms["lead_days"], terms["approval"]) == (SUBJECT, 30, "ann")
    assert (terms["supplier"], terms["offer_id"], terms["sku_id"]) == ("SELLER-554", "554", "11")
    book.says("3", "9")
    assert book.open == []  # more than none, but not enough yet: it does not flap
    book.says("120")
    assert book.approvals[-1]["why"] == "the supplier has 120 again"
    assert (book.approvals[-1]["before"], book.days) == ("lead time 30 days", [30])
    book.answer("approved")
    assert book.days == [30, None]
    assert book.terms[1]["version"] > terms["version"]


def test_an_answer_is_taken_once() -> None:
    """EVT-4: read again it decides nothing, and is not called late."""
    book = Book().says("0")
    proposal = book.open[0]
    book.answer("approved").answer("approved", proposal)
    assert (book.days, book.states, book.audited) == ([30], ["proposed"], [])


def test_a_proposal_whose_cause_is_gone_is_withdrawn_and_a_late_answer_does_nothing_and_says_so() -> None:
    book = Book().says("100", "0")
    gone = book.open[0]
    book.says("200")
    assert (book.states, book.open) == (["proposed", "superseded"], [])
    assert book.approvals[-1]["why"] == "the supplier has 200 again"
    book.answer("approved", gone)
    assert book.terms == []
    (late,) = book.audited
    assert (late["state"], late["why"], late["actor"]) == ("superseded", TOO_LATE, "ann")
    book.says("0")
    assert book.open != [gone]  # another shortage: the old answer is not one to it
    book.answer("approved", gone)
    assert book.terms == []


@pytest.mark.parametrize(
    "changes", [{"status": "member expired"}, {"variants": [variant("12", stock="9")]}], ids=["offer", "SKU"]
)
def test_what_the_supplier_takes_away_is_withdrawn(changes: dict[str, Any]) -> None:
    book = Book().says("0").says("0", **changes)
    assert (book.states, book.open) == (["proposed", "superseded"], [])


def test_what_is_rejected_is_not_proposed_again_until_the_supplier_changes() -> None:
    book = Book().says("0").answer("rejected").says("0", "1")
    assert (book.states, book.open, book.terms) == (["proposed"], [], [])
    book.says("100", "0")
    assert book.states == ["proposed", "proposed"]
    assert book.approvals[0]["proposal"] != book.approvals[1]["proposal"]


def test_a_newer_change_replaces_an_older_proposal() -> None:
    """Another lead time is configured while the first one waits."""
    book = Book().says("0")
    book.rules = SupplySettings(out_of_stock_lead_days=60)
    book.says("0")
    assert book.states == ["proposed", "superseded", "proposed"]
    book.answer("approved", book.approvals[0]["proposal"])
    assert book.terms == []
    assert book.answer("approved").days == [60]


def test_what_comes_back_to_a_rejected_one_ends_the_proposal_made_meanwhile() -> None:
    """And is asked again: in between it was another one."""
    book = Book().says("0").answer("rejected")
    book.rules = SupplySettings(out_of_stock_lead_days=60)
    book.says("0")
    longer = book.open[0]
    book.rules = ASK
    book.says("0")
    assert book.states == ["proposed", "proposed", "superseded", "proposed"]
    assert longer not in book.open
    book.answer("approved", longer)
    assert book.terms == []
    assert book.answer("approved").days == [30]


def test_automatic_approves_by_itself_and_says_so() -> None:
    book = Book(AUTOMATIC).says("100", "0", "0")
    assert (book.days, book.states, book.open) == ([30], ["proposed", "approved"], [])
    (said,) = book.audited
    assert (said["actor"], said["note"]) == ("automatic", "supply.lead_time = automatic")
    assert book.terms[0]["approval"] == "automatic"
    assert book.answer("approved", said["proposal"]).days == [30]  # our own word, read back


def test_automatic_takes_up_what_waited_for_a_person() -> None:
    book = Book().says("0")
    book.rules = AUTOMATIC
    assert book.says("0").states == ["proposed", "approved"]
    assert book.approvals[0]["proposal"] == book.approvals[1]["proposal"]


def test_switched_off_nothing_is_proposed_and_what_waits_is_withdrawn() -> None:
    book = Book(SupplySettings(lead_time="off")).says("0")
    assert book.approvals == []
    book = Book().says("0")
    book.rules = SupplySettings(lead_time="off")
    assert book.says("0").states == ["proposed", "superseded"]


def test_a_supplier_that_does_not_say_changes_nothing() -> None:
    book = Book().says("0").says("", "", "many")
    assert (book.states, len(book.open)) == (["proposed"], 1)


def test_a_state_that_is_seen_again_after_a_crash_proposes_the_same() -> None:
    """OPS-1: the proposal was written, the ledger was not: the same id, so one proposal for whoever reads the topic."""
    before = Book().says("100").ledger
    first, second = (offered(before, offer("0"), 2, ASK, NOW + timedelta(minutes=at)) for at in (1, 9))
    assert first.approvals[0]["proposal"] == second.approvals[0]["proposal"]


def test_each_sku_is_judged_by_itself() -> None:
    book = Book()
    book.see(offer_of("554", variant("11", stock="0"), variant("12", stock="80"), variant("13", stock="0")))
    assert [one["subject"].split(":")[4] for one in book.approvals] == ["11", "13"]
    book.answer("approved")
    assert [(one["sku_id"], one["lead_days"]) for one in book.terms] == [("11", 30)]


def test_an_offer_without_skus_is_one() -> None:
    book = Book()
    book.see(offer_of("554", variant("", stock="0")))
    assert book.approvals[0]["subject"] == "alibaba:main:offer:554:single:lead_time"


def test_less_than_a_part_of_the_most_it_had() -> None:
    """The most since it was in stock the last time, not since ever."""
    book = Book(SupplySettings.model_validate({"short_percent": 10}))
    book.says("100", "900", "90", "89")
    assert [one["why"] for one in book.approvals] == ["the supplier has 89, less than 10 % of the 900 it had"]
    book.says("500", "60")
    assert book.states == ["proposed", "superseded"]


def test_a_resync_tells_what_was_decided_again_and_asks_nobody() -> None:
    """Odoo may have been brought back from a copy: what waits goes on waiting, what was decided is decided."""
    book = Book()
    book.see(offer_of("554", variant("11", stock="0"), variant("12", stock="0"), variant("13", stock="9")))
    book.answer("approved")
    waits = book.open
    product = offer_of("554", variant("11", stock="0"), variant("12", stock="0"), variant("13", stock="9"))
    for _ in range(2):
        book._take(offered(book.ledger, product, book.version, ASK, book.now, asked_again=True))
    assert [(one["sku_id"], one["lead_days"]) for one in book.terms] == [("11", 30)] * 3
    assert len({one["version"] for one in book.terms}) == 3
    assert book.open == waits
    assert book.states == ["proposed", "proposed"]


SMALLEST = SupplySettings(lead_time="off", quantity="ask")
QUANTITY = "alibaba:main:offer:554:quantity"


def test_smallest_orders_are_taken_as_they_are_unless_they_are_asked_for() -> None:
    book = Book().says("100").says("100", minimum_quantity="50")
    assert (book.approvals, book.terms) == ([], [])


def test_another_smallest_order_waits_for_a_person() -> None:
    book = Book(SMALLEST).says("100")
    assert [(one["minimum_quantity"], one["approval"]) for one in book.terms] == [("2", "none")]
    book.says("100", minimum_quantity="50").says("100", minimum_quantity="50")
    (proposal,) = book.approvals
    assert (proposal["kind"], proposal["before"], proposal["after"]) == (
        "quantity", "smallest order 2", "smallest order 50"
    )  # fmt: skip
    book.answer("approved", subject=QUANTITY)
    last = book.terms[-1]
    assert (last["key"], last["minimum_quantity"], last["approval"]) == (QUANTITY, "50", "ann")
    assert [(one["sku_id"], one["prices"]) for one in last["skus"]] == [("11", offer("100")["prices"])]
    assert last["offered_minimum"] == "50"


def test_a_smallest_order_that_changes_back_or_on_is_withdrawn_or_replaced() -> None:
    book = Book(SMALLEST).says("100")
    for smallest in ("50", "80", "2"):
        book.says("100", minimum_quantity=smallest)
    assert book.states == ["proposed", "superseded", "proposed", "superseded"]
    assert len(book.terms) == 1


def test_a_small_change_of_the_smallest_order_is_taken() -> None:
    book = Book(SMALLEST.model_copy(update={"quantity_change_percent": 50})).says("100", minimum_quantity="10")
    book.says("100", minimum_quantity="12")
    assert (book.approvals, [one["minimum_quantity"] for one in book.terms]) == ([], ["10", "12"])


def test_no_longer_asked_the_supplier_decides_again() -> None:
    book = Book(SMALLEST).says("100").says("100", minimum_quantity="50")
    book.rules = ASK
    book.says("100", minimum_quantity="50")
    assert book.states == ["proposed", "superseded"]
    assert [(one["minimum_quantity"], one["offered_minimum"]) for one in book.terms] == [("2", "2"), ("", "50")]


def test_an_offer_has_one_smallest_order_whatever_number_of_skus() -> None:
    book = Book(SMALLEST)
    for smallest in ("2", "50"):
        book.see(offer_of("554", variant("11"), variant("12"), minimum_quantity=smallest))
    assert [one["subject"] for one in book.approvals] == [QUANTITY]
    assert [one["sku_id"] for one in book.terms[0]["skus"]] == ["11", "12"]


def test_an_offer_that_is_taken_away_has_no_smallest_order_to_ask_for() -> None:
    book = Book(SMALLEST).says("100").says("100", minimum_quantity="50")
    assert book.says("100", status="expired").states == ["proposed", "superseded"]

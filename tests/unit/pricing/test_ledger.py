"""Two-step approval of large price changes (PRC-1)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from schemas.records import Approval, PriceLedger
from streams.pricing_settings import ChannelPricing, PricingSettings
from streams.stages.pricing.ledger import Step, answered, empty, priced
from tests.unit.pricing.test_offered import NOW, entry, price

CHANNEL = ("walmart", "main")
SETTINGS = PricingSettings(default=ChannelPricing(approve_above_percent=Decimal(20)))


def after(ledger: PriceLedger, amount: str, settings: PricingSettings = SETTINGS, **more: Any) -> Step:
    return priced(ledger, price(amount), b"p", settings, [CHANNEL], NOW, **more)


def start(amount: str = "10.00") -> PriceLedger:
    return after(empty("A-1", NOW), amount).ledger


def say(state: str, proposal: str) -> Approval:
    return {
        "key": "sku:A-1", "subject": "price:walmart:main:A-1", "kind": "price", "state": state, "proposal": proposal, "before": "",
        "after": "", "why": "", "actor": "ann", "note": "", "at": NOW,
    }  # fmt: skip


def test_the_first_price_and_a_small_change_go_out_at_once() -> None:
    first = after(empty("A-1", NOW), "10.00")
    small = after(first.ledger, "11.99")
    assert [offer["price"]["amount"] for offer in first.offers + small.offers] == ["10.00", "11.99"]
    assert small.offers[0]["previous"] == {"amount": "10.00", "currency": "USD"}
    assert small.offers[0]["version"] > first.offers[0]["version"]
    assert not first.approvals + small.approvals


def test_the_same_price_again_is_no_offer_unless_asked_for() -> None:
    assert after(start(), "10.00").offers == []
    assert len(after(start(), "10.00", asked_again=True).offers) == 1


def test_a_large_change_waits_for_a_person() -> None:
    """Above 20 %, up or down: the channel keeps its price until somebody approves."""
    for amount in ("12.01", "7.99"):
        step = after(start(), amount)
        assert step.offers == []
        [proposal] = step.approvals
        assert (proposal["state"], proposal["before"], proposal["after"]) == ("proposed", "10.00 USD", f"{amount} USD")
        assert "more than 20 %" in proposal["why"]
        assert after(step.ledger, amount).approvals == []  # seen again: the same proposal, once


def test_what_was_approved_goes_out_with_who_approved_it() -> None:
    step = after(start(), "5.00")
    done = answered(step.ledger, say("approved", step.approvals[0]["proposal"]), price("5.00"), SETTINGS, NOW)
    [offer] = done.offers
    assert (offer["price"]["amount"], offer["approval"]) == ("5.00", "ann")
    assert done.ledger["offers"][0]["proposal"] == ""
    again = answered(done.ledger, say("approved", step.approvals[0]["proposal"]), price("5.00"), SETTINGS, NOW)
    assert again.offers == []  # an approval read twice offers once


def test_an_approval_is_for_one_price_only() -> None:
    """The price moved after it was proposed: what was approved is not what would go out."""
    step = after(start(), "5.00")
    moved = after(step.ledger, "4.00")
    late = answered(moved.ledger, say("approved", step.approvals[0]["proposal"]), price("4.00"), SETTINGS, NOW)
    assert late.offers == []
    assert late.ledger["offers"][0]["proposal"] == moved.approvals[0]["proposal"]


def test_a_rejected_price_is_not_proposed_again_until_it_changes() -> None:
    step = after(start(), "5.00")
    no = answered(step.ledger, say("rejected", step.approvals[0]["proposal"]), price("5.00"), SETTINGS, NOW)
    assert no.offers == []
    assert after(no.ledger, "5.00").approvals == []
    assert len(after(no.ledger, "4.99").approvals) == 1


def test_a_price_that_comes_back_supersedes_what_was_proposed() -> None:
    step = after(start(), "5.00")
    back = after(step.ledger, "10.00")
    assert [approval["state"] for approval in back.approvals] == ["superseded"]
    small = after(step.ledger, "10.50")
    assert [approval["state"] for approval in small.approvals] == ["superseded"]
    assert len(small.offers) == 1


def test_a_sale_below_the_threshold_is_a_large_change_too() -> None:
    sale = price(pricelists=[entry("5.00", NOW, NOW + timedelta(days=2)), entry("10.00")])
    settings = PricingSettings(default=ChannelPricing(pricelist="Walmart"))
    first = priced(empty("A-1", NOW), price(pricelists=[entry("10.00")]), b"p", settings, [CHANNEL], NOW)
    step = priced(first.ledger, sale, b"p", settings, [CHANNEL], NOW)
    assert (step.offers, step.approvals[0]["after"]) == ([], "10.00 USD, sale 5.00")


def test_the_first_price_waits_too_where_that_is_wished() -> None:
    settings = PricingSettings(default=ChannelPricing(approve_first=True))
    step = after(empty("A-1", NOW), "10.00", settings)
    assert (step.offers, step.approvals[0]["why"]) == ([], "the first price of this SKU")


def test_nothing_is_offered_for_an_inactive_product_and_a_problem_names_its_channel() -> None:
    gone = priced(start(), price("10.00", active=False), b"p", SETTINGS, [CHANNEL], NOW)
    assert gone.offers == []
    bad = after(start(), "0")
    assert list(bad.problems) == [CHANNEL]


def test_each_channel_is_judged_by_itself() -> None:
    """PRC-2."""
    settings = PricingSettings(channels={"amazon": {"eu": ChannelPricing(approve_above_percent=Decimal(90))}})
    channels = [CHANNEL, ("amazon", "eu")]
    first = priced(empty("A-1", NOW), price("10.00"), b"p", settings, channels, NOW)
    step = priced(first.ledger, price("5.00"), b"p", settings, channels, NOW)
    assert [offer["channel"] for offer in step.offers] == ["amazon"]
    assert [approval["subject"] for approval in step.approvals] == ["price:walmart:main:A-1"]


def unreviewed(
    ledger: PriceLedger, amount: str = "24.99", *, marked: bool = True, settings: PricingSettings = SETTINGS
) -> Step:
    return priced(ledger, price(amount, unreviewed=marked), b"p", settings, [CHANNEL], NOW)


def test_the_first_price_of_a_product_made_for_an_order_waits_whatever_the_settings_say() -> None:
    """PRC-1: approve_first is off, and there is no price to compare with; a live item would be asked for a price nobody has looked at."""
    assert SETTINGS.default.approve_first is False
    step = unreviewed(empty("A-1", NOW))
    assert step.offers == []
    [proposal] = step.approvals
    assert (proposal["state"], proposal["after"]) == ("proposed", "24.99 USD")
    assert proposal["why"] == "made for an order; nobody has looked at its price yet"
    assert unreviewed(step.ledger).approvals == []  # once
    done = answered(step.ledger, say("approved", proposal["proposal"]), price("24.99", unreviewed=True), SETTINGS, NOW)
    assert [(offer["price"]["amount"], offer["approval"]) for offer in done.offers] == [("24.99", "ann")]
    small = unreviewed(done.ledger, "25.99")
    assert [offer["price"]["amount"] for offer in small.offers] == ["25.99"]  # from here on as any other


def test_taking_the_mark_off_in_odoo_lets_the_price_go() -> None:
    """PRC-1: the person who looked may have put another price there; the proposal is over."""
    waiting = unreviewed(empty("A-1", NOW))
    step = unreviewed(waiting.ledger, "29.99", marked=False)
    assert [offer["price"]["amount"] for offer in step.offers] == ["29.99"]
    assert [one["state"] for one in step.approvals] == ["superseded"]


def test_a_price_the_channel_has_already_is_judged_by_its_change() -> None:
    """PRC-1: only the first one waits for the mark."""
    assert [offer["price"]["amount"] for offer in unreviewed(start("24.00")).offers] == ["24.99"]

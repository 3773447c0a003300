"""What is known of the prices of one SKU, and what follows from a new price or from a person's answer. Pure.

Two steps for a large change (PRC-1): it is proposed, and goes out when a person approves it. Until then the channel keeps its price.

    a new price, change within the threshold       -> offered at once; an open proposal of that channel is superseded
    a new price, change above it                   -> proposed (once: the same change again is the same proposal)
    approved, and the proposal is still open       -> offered, with the name of who approved
    approved, but the price moved meanwhile        -> nothing: what was approved is no longer what would go out
    rejected                                       -> nothing, and not proposed again until the price changes; a proposal that was made meanwhile is
                                                      superseded when the price comes back
    the first price of a product made for an order -> proposed, whatever the settings say, until its mark is taken off in Odoo
    a rate or a pricelist is missing               -> nothing: the channel waits for it, until it is there or a newer price does without
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.checksum import event_id
from schemas.records import Approval, Money, OfferedPrice, Price, PriceLedger, PriceOffer
from streams.pricing_settings import PricingSettings
from streams.stages.pricing.offered import Offered, PriceProblemError, change_percent, offered
from streams.stages.pricing.waiting import word_of
from streams.stages.rules import Channel

UNREVIEWED = "made for an order; nobody has looked at its price yet"
PROPOSED, APPROVED, REJECTED, SUPERSEDED = "proposed", "approved", "rejected", "superseded"


@dataclass(slots=True)
class Step:
    """What follows from one record. `problems`: channel -> why it cannot be offered there; `freed`: a channel waited and waits no more."""

    ledger: PriceLedger
    offers: list[PriceOffer] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    problems: dict[Channel, PriceProblemError] = field(default_factory=dict)
    freed: bool = False

    @property
    def waiting(self) -> str:
        """What the first channel that waits for something waits for, empty when none does."""
        found = (word_of(channel, one.waiting_for) for channel, one in self.problems.items() if one.waiting_for)
        return next(found, "")


def empty(sku: str, now: datetime) -> PriceLedger:
    """Nothing is known yet."""
    return PriceLedger(key=f"sku:{sku}", sku=sku, price=None, offers=[], at=now)


def key_of(channel: Channel, sku: str) -> str:
    """The key of a channel's offer, and the subject of its approvals."""
    return f"price:{channel[0]}:{channel[1]}:{sku}"


def priced(
    ledger: PriceLedger, price: Price, encoded: bytes, settings: PricingSettings, channels: Sequence[Channel], now: datetime,
    *, asked_again: bool = False,
) -> Step:  # fmt: skip
    """A new price of the SKU. `encoded`: the same record as bytes, which the ledger keeps; `asked_again`: a resync wants every offer anew."""
    step = Step(_with(ledger, price=encoded, at=now))
    for channel in channels:
        if not price["active"]:
            _note(step, channel)
            continue
        try:
            made = offered(price, settings.of(*channel), settings.rates, now)
        except PriceProblemError as problem:
            step.problems[channel] = problem
            _note(step, channel, problem)
            continue
        _note(step, channel)
        _judge(step, channel, price, made, settings, now, asked_again=asked_again)
    return step


def answered(
    ledger: PriceLedger, answer: Approval, price: Price | None, settings: PricingSettings, now: datetime
) -> Step:
    """What a person said. `price`: the newest one of the ledger, decoded."""
    step = Step(_with(ledger, at=now))
    channel = _channel_of(answer["subject"])
    before = _offer_of(ledger, channel)
    if before is None or price is None or not answer["proposal"] or before["proposal"] != answer["proposal"]:
        return step
    if answer["state"] == REJECTED:
        _put(step, {**before, "proposal": "", "proposed": None, "rejected": answer["proposal"], "why": ""})
    elif answer["state"] == APPROVED:
        try:
            made = offered(price, settings.of(*channel), settings.rates, now)
        except PriceProblemError as problem:
            step.problems[channel] = problem
            return step
        if _proposal_id(channel, price["sku"], made) == answer["proposal"]:
            _offer(step, channel, price, made, now, approval=answer["actor"])
    return step


def _judge(
    step: Step,
    channel: Channel,
    price: Price,
    made: Offered,
    settings: PricingSettings,
    now: datetime,
    *,
    asked_again: bool,
) -> None:
    before = _offer_of(step.ledger, channel)
    if before is not None and _is_same(before, made):
        _close(step, channel, price["sku"], before, made, now)  # the price came back to what is asked already
        if asked_again:
            _offer(step, channel, price, made, now)
        return
    why = _needs_person(before, made, settings, channel, unreviewed=price["unreviewed"])
    proposal = _proposal_id(channel, price["sku"], made)
    if not why:
        _offer(step, channel, price, made, now)
    elif before is not None and proposal == before["rejected"]:
        _close(step, channel, price["sku"], before, made, now)  # the price came back to what was rejected
    elif before is None or proposal != before["proposal"]:
        step.approvals.append(_approval(channel, price["sku"], proposal, PROPOSED, before, made, why, now))
        kept = before or _no_offer(channel)
        _put(step, {**kept, "proposal": proposal, "proposed": made.price, "why": why})


def _close(step: Step, channel: Channel, sku: str, before: OfferedPrice, made: Offered, now: datetime) -> None:
    """What waits for a person is not what would go out any more."""
    if before["proposal"]:
        step.approvals.append(_approval(channel, sku, before["proposal"], SUPERSEDED, before, made, "", now))
        _put(step, {**before, "proposal": "", "proposed": None, "why": ""})


def _note(step: Step, channel: Channel, problem: PriceProblemError | None = None) -> None:
    """Whether something is wrong with the newest price there, and whether it waits for something."""
    before = _offer_of(step.ledger, channel) or _no_offer(channel)
    word = word_of(channel, problem.waiting_for) if problem and problem.waiting_for else ""
    noted = {"waits_for": word, "problem": str(problem or "")}
    step.freed = step.freed or bool(before["waits_for"] and not word)
    if any(before[name] != value for name, value in noted.items()):  # type: ignore[literal-required]
        _put(step, {**before, **noted})


def _needs_person(
    before: OfferedPrice | None, made: Offered, settings: PricingSettings, channel: Channel, *, unreviewed: bool
) -> str:
    """Which rule asks for a person, or empty."""
    rules = settings.of(*channel)
    last = before["price"] if before else None
    if last is None and unreviewed:
        return UNREVIEWED
    if last is None:
        return "the first price of this SKU" if rules.approve_first else ""
    lowest = made.sale.price if made.sale else made.price  # a sale is a change as well
    changes = [change_percent(last, money) for money in (made.price, lowest)]
    if any(change is None for change in changes):
        return "the currency changed"
    largest = max(change for change in changes if change is not None)
    if largest > rules.approve_above_percent:
        return f"a change of {largest.quantize(1)} %, more than {rules.approve_above_percent} %"
    return ""


def _offer(step: Step, channel: Channel, price: Price, made: Offered, now: datetime, approval: str = "none") -> None:
    before = _offer_of(step.ledger, channel) or _no_offer(channel)
    version = max(before["version"] + 1, int(now.timestamp() * 1000))
    sale = made.sale
    dates: Mapping[str, Any] = {
        "sale_price": sale.price if sale else None,
        "sale_starts_at": sale.starts_at if sale else None,
        "sale_ends_at": sale.ends_at if sale else None,
    }
    step.offers.append(
        PriceOffer(
            key=key_of(channel, price["sku"]), sku=price["sku"], channel=channel[0], account=channel[1], version=version,
            price=made.price, sale_price=dates["sale_price"], sale_starts_at=dates["sale_starts_at"],
            sale_ends_at=dates["sale_ends_at"], previous=before["price"], approval=approval, terms=list(made.terms), at=now,
            category=price["category"],
        )
    )  # fmt: skip
    if before["proposal"] and approval == "none":
        step.approvals.append(_approval(channel, price["sku"], before["proposal"], SUPERSEDED, before, made, "", now))
    fresh = {"price": made.price, "version": version, "proposal": "", "proposed": None, "rejected": "", "why": ""}
    _put(step, {**before, **dates, **fresh})


def _approval(
    channel: Channel, sku: str, proposal: str, state: str, before: OfferedPrice | None, made: Offered, why: str, now: datetime
) -> Approval:  # fmt: skip
    return Approval(
        key=f"sku:{sku}", subject=key_of(channel, sku), kind="price", state=state, proposal=proposal,
        before=_words(before["price"] if before else None), after=_words(made.price, made.sale.price if made.sale else None),
        why=why, actor="", note="", at=now,
    )  # fmt: skip


def _proposal_id(channel: Channel, sku: str, made: Offered) -> str:
    sale = made.sale
    content = f"{_words(made.price)}|{_words(sale.price) if sale else ''}|{sale.starts_at if sale else ''}|{sale.ends_at if sale else ''}"
    return event_id("price proposal", key_of(channel, sku), content)


def _words(price: Money | None, sale: Money | None = None) -> str:
    if price is None:
        return ""
    text = f"{price['amount']} {price['currency']}"
    return f"{text}, sale {sale['amount']}" if sale else text


def _is_same(before: OfferedPrice, made: Offered) -> bool:
    sale = made.sale
    now = (made.price, sale.price if sale else None, sale.starts_at if sale else None, sale.ends_at if sale else None)
    return now == (before["price"], before["sale_price"], before["sale_starts_at"], before["sale_ends_at"])


def _no_offer(channel: Channel) -> OfferedPrice:
    return OfferedPrice(
        channel=channel[0], account=channel[1], version=0, price=None, sale_price=None, sale_starts_at=None,
        sale_ends_at=None, proposal="", proposed=None, rejected="", why="", waits_for="", problem="",
    )  # fmt: skip


def _offer_of(ledger: PriceLedger, channel: Channel) -> OfferedPrice | None:
    return next((one for one in ledger["offers"] if (one["channel"], one["account"]) == channel), None)


def _put(step: Step, offer: Mapping[str, Any]) -> None:
    kept = [
        one for one in step.ledger["offers"] if (one["channel"], one["account"]) != (offer["channel"], offer["account"])
    ]
    step.ledger = _with(step.ledger, offers=[*kept, offer])


def _with(ledger: PriceLedger, **changes: Any) -> PriceLedger:
    return {**ledger, **changes}  # type: ignore[typeddict-item]


def _channel_of(subject: str) -> Channel:
    _, channel, account, _ = subject.split(":", 3)
    return channel, account

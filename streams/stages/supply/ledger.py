"""What is known of the supply of one offer, and what follows from its newest state or from a person's answer. Pure (PO-4).

Two steps, as for large price changes (`stages.pricing.ledger`): proposed, and decided when a person approves. Until then Odoo keeps what it has.

    a SKU is out of stock                       -> a longer lead time is proposed, once
    it is in stock again                        -> what is proposed is withdrawn; what was decided: the lead time before is proposed
    another smallest order (where that is asked) -> proposed; a newer one replaces it
    the supplier takes the offer or SKU away    -> what is proposed is withdrawn
    approved, and the proposal is still open    -> decided, with the name of who approved
    approved or rejected, but it is gone        -> nothing, and the trail says so
    rejected                                    -> nothing, and not proposed again until the supplier changes
    automatic                                   -> proposed and approved in one go, by `automatic`
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from schemas.checksum import event_id
from schemas.records import (
    Approval,
    OfferVariant,
    PricedSku,
    SuppliedSku,
    SupplierProduct,
    SupplyLedger,
    SupplyMatter,
    VendorTerms,
)
from streams.stages.supply.judging import Supply, amount, is_significant, recovery, shortage
from streams.supply_settings import SupplySettings

LEAD_TIME, QUANTITY = "lead_time", "quantity"
PROPOSED, APPROVED, REJECTED, SUPERSEDED = "proposed", "approved", "rejected", "superseded"
AUTOMATIC, NOBODY = "automatic", "none"
PUBLISHED = "published"
OFF_NOW = "the setting that asked for it is off"
NOT_OFFERED = "the supplier does not offer it any more"
TOLD_AGAIN = "told again, as it was decided"
TOO_LATE = "what was proposed is gone, the answer changed nothing"


@dataclass(slots=True)
class Step:
    """What follows. `audited`: of the approvals those that nobody has written down yet."""

    ledger: SupplyLedger
    terms: list[VendorTerms] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    audited: list[Approval] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a matter should come to by what the supplier says. mode: whether that is asked; why: in words."""

    kind: str
    told: str
    why: str
    mode: str


def empty(product: SupplierProduct, now: datetime) -> SupplyLedger:
    """Nothing is known yet."""
    return SupplyLedger(
        key=product["key"], source=product["source"], account=product["account"], offer_id=product["offer_id"],
        supplier=product["supplier"], version=0, skus=[], minimum="", matters=[], at=now,
    )  # fmt: skip


def subject_of(key: str, sku_id: str | None, kind: str) -> str:
    """What a proposal is about, and the key of what is decided: `alibaba:main:offer:554:333:lead_time`; of the whole offer
    `alibaba:main:offer:554:quantity`."""
    return f"{key}:{kind}" if sku_id is None else f"{key}:{sku_id or 'single'}:{kind}"


def words(kind: str, told: str) -> str:
    """As people read it."""
    if kind == LEAD_TIME:
        return f"lead time {told} days" if told else "the lead time it has without this"
    return f"smallest order {told}" if told else "whatever the supplier says"


def waiting(ledger: SupplyLedger) -> Iterator[tuple[str | None, SupplyMatter]]:
    """What waits for a person, by SKU; None = it is about the whole offer."""
    return ((sku_id, one) for sku_id, one in _matters(ledger) if one["proposal"])


def decided(ledger: SupplyLedger) -> list[str]:
    """Keys of everything that was decided of the offer."""
    return [subject_of(ledger["key"], sku_id, one["kind"]) for sku_id, one in _matters(ledger) if one["version"]]


def offered(
    ledger: SupplyLedger, product: SupplierProduct, version: int, rules: SupplySettings, now: datetime, *, asked_again: bool = False
) -> Step:  # fmt: skip
    """A newer state of the offer. `asked_again`: a resync wants what was decided told anew."""
    known = {one["sku_id"]: one for one in ledger["skus"]}
    seen = {one["sku_id"]: one for one in product["variants"] if _can_be_ordered(product, one)}
    minimum = amount(product["minimum_quantity"]) or Decimal(1)
    made: dict[str, Any] = {"version": version, "supplier": product["supplier"], "minimum": f"{minimum:f}", "at": now}
    step = Step({**ledger, **made})  # type: ignore[typeddict-item]
    skus = []
    for variant in seen.values():
        before = known.pop(variant["sku_id"], None) or _new(variant["sku_id"])
        sku, want = _judged(before, variant, minimum, rules)
        prices = list(variant["prices"] or product["prices"]) if rules.quantity != "off" else []
        matters = _settled(step, sku["sku_id"], sku["matters"], want, now) if want else sku["matters"]
        skus.append(_with(sku, prices=prices, matters=matters))
    for gone in known.values():
        matters = _withdrawn(step, gone["sku_id"], gone["matters"], now)
        skus += [_with(gone, prices=[], matters=matters)] if any(one["version"] for one in matters) else []
    step.ledger["skus"] = skus
    if seen:
        want = _smallest(_matter(ledger["matters"], QUANTITY), minimum, rules)
        step.ledger["matters"] = _settled(step, None, ledger["matters"], want, now)
    else:
        step.ledger["matters"] = _withdrawn(step, None, ledger["matters"], now)
    if asked_again:
        _tell_again(step, now)
    return step


def answered(ledger: SupplyLedger, answer: Approval, now: datetime) -> Step:
    """What a person said."""
    step = Step({**ledger, "at": now})
    about = [
        (sku_id, one)
        for sku_id, one in _matters(ledger)
        if subject_of(ledger["key"], sku_id, one["kind"]) == answer["subject"]
    ]
    for sku_id, matter in about:
        if matter["proposal"] == answer["proposal"]:
            _put(step.ledger, sku_id, _answered(step, sku_id, matter, answer, now))
            return step
        if matter["answered"] == answer["proposal"]:
            return step
    late = Approval(**{**answer, "state": SUPERSEDED, "why": TOO_LATE, "at": now})
    step.approvals.append(late)
    step.audited.append(late)
    return step


def _can_be_ordered(product: SupplierProduct, variant: OfferVariant) -> bool:
    return product["status"] == PUBLISHED and bool(variant["sku_id"] or len(product["variants"]) == 1)


def _judged(
    before: SuppliedSku, variant: OfferVariant, minimum: Decimal, rules: SupplySettings
) -> tuple[SuppliedSku, Wanted | None]:
    """The SKU as it is now, and the lead time it should have; None: nobody can tell."""
    stock = amount(variant["stock"])
    told = _matter(before["matters"], LEAD_TIME)["told"]
    off = Wanted(LEAD_TIME, told, OFF_NOW, "off") if rules.lead_time == "off" else None
    if stock is None:
        return before, off
    most = amount(before["most"])
    supply = Supply(stock, minimum, stock if most is None else most)
    if before["short"]:
        why = recovery(supply, rules)
        is_short = not why
    else:
        supply = Supply(stock, minimum, max(supply.most, stock))
        why = shortage(supply, rules)
        is_short = bool(why)
    most = stock if before["short"] and not is_short else supply.most
    sku = _with(before, stock=variant["stock"], most=f"{most:f}", short=is_short)
    days = str(rules.out_of_stock_lead_days) if is_short else ""
    return sku, off or Wanted(LEAD_TIME, days, why or f"the supplier has {stock:f}", rules.lead_time)


def _smallest(matter: SupplyMatter, minimum: Decimal, rules: SupplySettings) -> Wanted:
    """The smallest order that should hold. The first one is taken as it is, and so is a change that is not significant."""
    if rules.quantity == "off":
        return Wanted(QUANTITY, "", OFF_NOW, "off")
    before = amount(matter["told"])
    why = f"the supplier's smallest order is {minimum:f}"
    is_asked = before is not None and is_significant(before, minimum, rules)
    return Wanted(QUANTITY, f"{minimum:f}", why, rules.quantity if is_asked else "off")


def _settled(
    step: Step, sku_id: str | None, matters: Sequence[SupplyMatter], want: Wanted, now: datetime
) -> list[SupplyMatter]:
    """With what is wanted told, proposed or withdrawn."""
    after = _settled_matter(step, sku_id, _matter(matters, want.kind), want, now)
    others = [one for one in matters if one["kind"] != want.kind]
    return others if after == _no_matter(want.kind) else [*others, after]


def _settled_matter(step: Step, sku_id: str | None, matter: SupplyMatter, want: Wanted, now: datetime) -> SupplyMatter:
    subject = subject_of(step.ledger["key"], sku_id, want.kind)
    if want.told == matter["told"]:
        return _closed(step, subject, matter, want.why, now)
    if want.mode == "off":
        closed = _closed(step, subject, matter, want.why, now)
        return _told(step, sku_id, closed, want.told, NOBODY, want.why, now)
    proposal = event_id("supply proposal", subject, f"{matter['turn']}|{want.told}")
    if matter["proposal"] and matter["proposal"] != proposal:
        matter = _closed(step, subject, matter, f"replaced: {want.why}", now)
        proposal = event_id("supply proposal", subject, f"{matter['turn']}|{want.told}")
    if proposal == matter["rejected"] or (proposal == matter["proposal"] and want.mode == "ask"):
        return matter
    if not matter["proposal"]:
        matter = _with_matter(matter, proposal=proposal, proposed=want.told, why=want.why)
        step.approvals.append(_approval(step, subject, matter, PROPOSED, now))
    if want.mode == "ask":
        return matter
    note = f"supply.{want.kind} = automatic"
    said = {**_approval(step, subject, matter, APPROVED, now), "actor": AUTOMATIC, "note": note}
    step.approvals.append(Approval(**said))  # type: ignore[typeddict-item]
    step.audited.append(step.approvals[-1])
    return _told(step, sku_id, matter, want.told, AUTOMATIC, want.why, now)


def _answered(step: Step, sku_id: str | None, matter: SupplyMatter, answer: Approval, now: datetime) -> SupplyMatter:
    if answer["state"] == APPROVED:
        return _told(step, sku_id, matter, matter["proposed"], answer["actor"], matter["why"], now)
    proposal = matter["proposal"]
    return _with_matter(matter, proposal="", proposed="", why="", rejected=proposal, answered=proposal)


def _told(
    step: Step, sku_id: str | None, matter: SupplyMatter, told: str, approval: str, why: str, now: datetime
) -> SupplyMatter:
    """It is decided."""
    version = max(matter["version"] + 1, int(now.timestamp() * 1000))
    ledger, kind = step.ledger, matter["kind"]
    skus = [PricedSku(sku_id=one["sku_id"], prices=one["prices"]) for one in ledger["skus"] if one["prices"]]
    step.terms.append(
        VendorTerms(
            key=subject_of(ledger["key"], sku_id, kind), source=ledger["source"], account=ledger["account"], offer_id=ledger["offer_id"],
            sku_id=sku_id or "", supplier=ledger["supplier"], kind=kind, version=version,
            lead_days=int(told) if kind == LEAD_TIME and told else None, minimum_quantity=told if kind == QUANTITY else "",
            offered_minimum=ledger["minimum"], skus=skus if kind == QUANTITY else [], approval=approval, why=why, at=now,
        )
    )  # fmt: skip
    return _with_matter(
        matter, told=told, version=version, turn=matter["turn"] + 1, proposal="", proposed="", why="", rejected="",
        answered=matter["proposal"] or matter["answered"],
    )  # fmt: skip


def _tell_again(step: Step, now: datetime) -> None:
    """What stands, with newer versions: where it stands already that changes nothing."""
    told = {one["key"] for one in step.terms}
    for sku_id, one in list(_matters(step.ledger)):
        if one["version"] and subject_of(step.ledger["key"], sku_id, one["kind"]) not in told:
            again = _told(step, sku_id, one, one["told"], NOBODY, TOLD_AGAIN, now)
            _put(step.ledger, sku_id, _with_matter(one, version=again["version"]))


def _closed(step: Step, subject: str, matter: SupplyMatter, why: str, now: datetime) -> SupplyMatter:
    """Nothing of it waits any more, and a refusal is forgotten: the next change is another one."""
    if matter["proposal"]:
        step.approvals.append(_approval(step, subject, _with_matter(matter, why=why), SUPERSEDED, now))
    if not (matter["proposal"] or matter["rejected"]):
        return matter
    return _with_matter(matter, proposal="", proposed="", why="", rejected="", turn=matter["turn"] + 1)


def _withdrawn(step: Step, sku_id: str | None, matters: Sequence[SupplyMatter], now: datetime) -> list[SupplyMatter]:
    """The supplier does not offer it any more."""
    key = step.ledger["key"]
    return [_closed(step, subject_of(key, sku_id, one["kind"]), one, NOT_OFFERED, now) for one in matters]


def _approval(step: Step, subject: str, matter: SupplyMatter, state: str, now: datetime) -> Approval:
    kind = matter["kind"]
    return Approval(
        key=step.ledger["key"], subject=subject, kind=kind, state=state, proposal=matter["proposal"], before=words(kind, matter["told"]),
        after=words(kind, matter["proposed"]), why=matter["why"], actor="", note="", at=now,
    )  # fmt: skip


def _matters(ledger: SupplyLedger) -> Iterator[tuple[str | None, SupplyMatter]]:
    yield from ((sku["sku_id"], one) for sku in ledger["skus"] for one in sku["matters"])
    yield from ((None, one) for one in ledger["matters"])


def _put(ledger: SupplyLedger, sku_id: str | None, matter: SupplyMatter) -> None:
    def replaced(matters: Sequence[SupplyMatter]) -> list[SupplyMatter]:
        return [matter if one["kind"] == matter["kind"] else one for one in matters]

    if sku_id is None:
        ledger["matters"] = replaced(ledger["matters"])
        return
    ledger["skus"] = [
        _with(one, matters=replaced(one["matters"])) if one["sku_id"] == sku_id else one for one in ledger["skus"]
    ]


def _matter(matters: Sequence[SupplyMatter], kind: str) -> SupplyMatter:
    return next((one for one in matters if one["kind"] == kind), None) or _no_matter(kind)


def _no_matter(kind: str) -> SupplyMatter:
    return SupplyMatter(
        kind=kind, told="", version=0, turn=0, proposal="", proposed="", why="", rejected="", answered=""
    )


def _new(sku_id: str) -> SuppliedSku:
    return SuppliedSku(sku_id=sku_id, stock="", most="", short=False, prices=[], matters=[])


def _with(sku: SuppliedSku, **changes: Any) -> SuppliedSku:
    return {**sku, **changes}  # type: ignore[typeddict-item]


def _with_matter(matter: SupplyMatter, **changes: Any) -> SupplyMatter:
    return {**matter, **changes}  # type: ignore[typeddict-item]

"""Where order numbers and parcels stand in Odoo, and where they belong (PO-1, LOG-1). Pure.

vendor reference   what a person wrote there stays, with the numbers that stand within those words (`no.:2999...`); then the platform's other order
                   numbers, sorted, each once
receipt            a parcel that stands nowhere yet goes on the oldest receipt that is open. What stands on a finished receipt stays there: its
                   backorder is for what comes later. A number that was replaced is taken off the receipts that are open
without the app that has tracking numbers (stock_delivery) the numbers stand in a line of the receipt's note
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from connectors.kit.order_numbers import order_numbers, words_of
from connectors.odoo.purchase_memory import Claim, Parcel
from connectors.odoo.source.models import link, text

PICKING_FIELDS = ("name", "state", "carrier_tracking_ref", "carrier_id", "note")
OPEN = ("draft", "waiting", "confirmed", "assigned")
MARK = "Parcels under way:"
_WORD = re.compile(r"[^\s,;]+")
_LINE = re.compile(rf"<p>\s*(?:<[^/p][^>]*>)*\s*{re.escape(MARK)}([^<]*)(?:</[^p][^>]*>)*\s*</p>")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A stock.picking of goods that come in. tracking: as it stands, in its field or in the line of its note."""

    id: int
    name: str
    state: str
    tracking: str
    carrier: int
    note: str
    has_tracking: bool

    @classmethod
    def of(cls, row: Mapping[str, Any], *, has_tracking: bool) -> Receipt:
        note = text(row.get("note"))
        line = _LINE.search(note)
        there = text(row.get("carrier_tracking_ref")) if has_tracking else unescape(line[1]).strip() if line else ""
        return cls(
            row["id"], text(row["name"]), text(row["state"]), there, link(row.get("carrier_id")), note, has_tracking
        )

    @property
    def numbers(self) -> list[str]:
        return _WORD.findall(self.tracking)


@dataclass(frozen=True, slots=True)
class ReceiptChange:
    """tracking: as it shall stand; new: the numbers that did not."""

    receipt: Receipt
    tracking: str
    new: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        """What is written."""
        if self.receipt.has_tracking:
            return {"carrier_tracking_ref": self.tracking or False}
        line = f"<p>{MARK} {escape(self.tracking)}</p>" if self.tracking else ""
        rest = _LINE.sub("", self.receipt.note)
        return {"note": line + rest or False}


def standing(reference: str, claims: Iterable[Claim]) -> list[Claim]:
    """Those that count: an order made elsewhere belongs to the purchase order as long as a person leaves its number there."""
    words = set(words_of(reference))
    return [claim for claim in claims if _is_ours(claim) or words.issuperset(claim.orders)]


def _is_ours(claim: Claim) -> bool:
    return claim.is_ours or bool(claim.result)


def reference_of(reference: str, claims: Iterable[Claim]) -> str:
    """The vendor reference as it shall stand. Numbers of orders made elsewhere are a person's words; one of ours within such words stands there."""
    ids = sorted({one for claim in claims if _is_ours(claim) for one in claim.orders}, key=lambda one: (len(one), one))
    words = _WORD.findall(reference)
    within = {one for word in words if word not in ids for one in order_numbers(word)}
    within |= {*order_numbers(reference)} - {*words}  # in groups: several words of theirs
    behind = [one for one in ids if one not in within]
    if [one for one in words if one in ids] == behind:
        return reference
    return _joined(reference, without=ids, further=behind)


def _joined(text: str, *, without: Collection[str], further: Sequence[str]) -> str:
    """What a person wrote stays as it was written; words of ours are taken out, others put behind."""
    if without:
        mine = "|".join(re.escape(one) for one in without)
        text = re.sub(rf"(?<![^\s,;])(?:{mine})(?![^\s,;])", "", text)
        text = re.sub(r"\s*(?:[,;]\s*)+([,;])", r"\1", text).strip(" \t\n,;")
    return ", ".join([*([text] if text else []), *further])


def changes_of(receipts: Sequence[Receipt], claims: Iterable[Claim]) -> list[ReceiptChange]:
    """receipts: those that are not cancelled, in the order they were made."""
    current, replaced = _numbers(claims)
    still = [one for one in receipts if one.state in OPEN]
    placed = {number for one in receipts for number in one.numbers}
    new = [number for number in current if number not in placed]
    found = []
    for at, one in enumerate(still):
        gone = [number for number in one.numbers if number in replaced]
        comes = new if at == 0 else []
        if comes or gone:
            found.append(ReceiptChange(one, _joined(one.tracking, without=gone, further=comes), tuple(comes)))
    return found


def parcels_of(claims: Iterable[Claim], numbers: Sequence[str]) -> dict[str, tuple[Parcel, tuple[str, ...]]]:
    """What is known of these, and whose orders are in them."""
    found: dict[str, tuple[Parcel, tuple[str, ...]]] = {}
    for claim in claims:
        for number, parcel in claim.parcels.items():
            if parcel.is_current and number in numbers:
                known, orders = found.get(number, (parcel, ()))
                found[number] = (known, (*orders, *claim.orders))
    return found


def _numbers(claims: Iterable[Claim]) -> tuple[list[str], Collection[str]]:
    """Tracking numbers that count, each once, and those that do not any more. Orders may share a parcel."""
    current: dict[str, None] = {}
    gone: set[str] = set()
    for claim in claims:
        for number, parcel in claim.parcels.items():
            if parcel.is_current:
                current[number] = None
            else:
                gone.add(number)
    return list(current), gone - current.keys()

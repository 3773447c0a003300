"""Is what was scanned at packing what the transfer says? And what its weight is in Odoo's unit. Pure (EDGE-5).

What shall leave is what is reserved (or picked) of the transfer; where nothing is, what is asked. A quantity that is no whole number (goods sold by
weight) is right with one scan or more: a scanner cannot say how much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.odoo.kept import packed, unpacked
from schemas.records import PackingCheck

WRONG, EXTRA, MISSING, UNKNOWN, UNREADABLE = "wrong", "extra", "missing", "unknown", "unreadable"
_KILOGRAMS = {"kg": Decimal(1), "g": Decimal("0.001"), "lb": Decimal("0.45359237"), "oz": Decimal("0.028349523125")}
_CENT = Decimal("0.01")
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Product:
    """A product of Odoo. code: its internal reference, else its barcode, else its id."""

    id: int
    code: str
    barcode: str
    reference: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a transfer is not right. code: of the product, or what was scanned."""

    kind: str
    code: str
    wanted: Decimal = Decimal(0)
    scanned: int = 0

    @property
    def text(self) -> str:
        """As the packer reads it."""
        if self.kind == UNKNOWN:
            return (
                f"{self.code}: Odoo has no product of that barcode or internal reference, scanned {self.scanned} times"
            )
        if self.kind == WRONG:
            return f"{self.code}: does not belong to it, scanned {self.scanned} times"
        if self.kind == UNREADABLE:
            return f"{self.scanned} scans could not be read"
        return f"{self.code}: {_plain(self.wanted)} belong to it, {self.scanned} were scanned ({self.kind})"


@dataclass(frozen=True, slots=True)
class Memory:
    """What was made of the newest check of a transfer. delivery: its id; marked: the transfer was held by it; problems: what was wrong, in the
    words told; activity: of the person who has to look; done: everything of it was carried out."""

    version: int = 0
    delivery: str = ""
    marked: bool = False
    problems: tuple[str, ...] = ()
    is_data: bool = False
    activity: int = 0
    done: bool = False

    @classmethod
    def read(cls, datas: str | bool | None) -> Memory:
        """From an attachment's `datas`; what cannot be read counts as nothing remembered."""
        try:
            found = unpacked(datas)
            return cls(
                int(found["version"]), str(found["delivery"]), bool(found["marked"]), tuple(map(str, found["problems"])),
                bool(found["is_data"]), int(found["activity"]), bool(found["done"]),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def datas(self) -> str:
        return packed({
            "version": self.version, "delivery": self.delivery, "marked": self.marked, "problems": list(self.problems),
            "is_data": self.is_data, "activity": self.activity, "done": self.done,
        })  # fmt: skip


@dataclass
class Compared:
    """problems: what is wrong, worst first; packed: how many units were scanned."""

    problems: list[Problem] = field(default_factory=list)
    packed: int = 0

    @property
    def is_data(self) -> bool:
        """Something was scanned that nobody knows: a person has to enter it, or to find out what it was."""
        return any(one.kind in (UNKNOWN, UNREADABLE) for one in self.problems)


def wanted(moves: Sequence[Mapping[str, Any]], factors: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """Product -> how many shall leave. factors: move -> units of the product in one unit of the move, where they differ."""
    column = "quantity" if any(move["quantity"] for move in moves) else "product_uom_qty"
    found: dict[int, Decimal] = {}
    for move in moves:
        product = move["product_id"][0]
        amount = Decimal(repr(float(move[column]))) * factors.get(move["id"], Decimal(1))
        found[product] = found.get(product, Decimal(0)) + amount.quantize(Decimal("0.0001"))
    return {product: amount for product, amount in found.items() if amount > 0}


def product_of(code: str, products: Sequence[Product], belonging: Mapping[int, Decimal]) -> Product | None:
    """Whose code it is: a barcode before an internal reference, and of several one that belongs to the transfer."""
    for matches in (
        [one for one in products if one.barcode == code],
        [one for one in products if one.reference == code],
    ):
        if matches:
            return min(matches, key=lambda one: (one.id not in belonging, one.id))
    return None


def compare(check: PackingCheck, belonging: Mapping[int, Decimal], products: Sequence[Product]) -> Compared:
    """What was scanned beside what shall leave. products: those of the transfer and whatever has one of the codes."""
    result, counted = Compared(), dict[int, int]()
    by_id = {one.id: one for one in products}
    for scan in check["scans"]:
        result.packed += scan["count"]
        found = product_of(scan["code"], products, belonging)
        if found is None:
            result.problems.append(Problem(UNKNOWN, scan["code"], scanned=scan["count"]))
        else:
            counted[found.id] = counted.get(found.id, 0) + scan["count"]
    for product, count in counted.items():
        if product not in belonging:
            result.problems.append(Problem(WRONG, by_id[product].code, scanned=count))
    for product, amount in belonging.items():
        if kind := _differs(amount, counted.get(product, 0)):
            result.problems.append(Problem(kind, by_id[product].code, amount, counted.get(product, 0)))
    if check["unreadable"]:
        result.problems.append(Problem(UNREADABLE, "", scanned=check["unreadable"]))
    return result


def _differs(amount: Decimal, scanned: int) -> str:
    if amount != amount.to_integral_value():
        return "" if scanned else MISSING
    return "" if scanned == amount else MISSING if scanned < amount else EXTRA


def told(problems: Sequence[Problem]) -> tuple[str, ...]:
    """A line for each, at most so many."""
    lines = [one.text for one in problems[:MOST_TOLD]]
    rest = len(problems) - len(lines)
    return (*lines, *([f"and {rest} more"] if rest else []))


def weight_in(check: PackingCheck, unit: str) -> Decimal | None:
    """The weight in Odoo's unit (kg or lb), as exact as Odoo keeps it; None without one."""
    if not check["weight"] or check["weight_unit"] not in _KILOGRAMS:
        return None
    kilograms = Decimal(check["weight"]) * _KILOGRAMS[check["weight_unit"]]
    return (kilograms / _KILOGRAMS["lb" if unit.lower().startswith("lb") else "kg"]).quantize(_CENT, ROUND_HALF_UP)


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"

"""Units of an order line and the states they are in. Pure: works on the line's JSON in place, callers copy first.

An order has no state of its own. Each line lists states with quantities, so three units may be one Shipped and two
Acknowledged.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.walmart.sandbox.charges import Json, scaled

OPEN = ("Created", "Acknowledged")
GONE = ("Shipped", "Delivered", "Refund")
STATUSES = (*OPEN, *GONE, "Cancelled")


def lines_of(order: Json) -> list[Json]:
    lines: list[Json] = order["orderLines"]["orderLine"]
    return lines


def statuses_of(line: Json) -> list[Json]:
    statuses: list[Json] = line["orderLineStatuses"]["orderLineStatus"]
    return statuses


def units(line: Json) -> Counter[str]:
    """Units of the line by state."""
    counted: Counter[str] = Counter()
    for status in statuses_of(line):
        counted[status["status"]] += int(status["statusQuantity"]["amount"])
    return counted


def open_units(line: Json) -> int:
    counted = units(line)
    return sum(counted[status] for status in OPEN)


def quantity(count: int) -> Json:
    return {"unitOfMeasurement": "EACH", "amount": str(count)}


def status(name: str, count: int, **extra: Any) -> Json:
    return {"status": name, "statusQuantity": quantity(count), **extra}


def move(line: Json, sources: Sequence[str], target: Json, now_ms: int) -> None:
    """Take the units of `target` (a status entry) out of the states in `sources`, first one first, and add it.

    The caller has checked that there are enough. Units that reach the same plain state are added up."""
    left = int(target["statusQuantity"]["amount"])
    kept: list[Json] = []
    for entry in sorted(statuses_of(line), key=lambda e: _rank(e["status"], sources)):
        here = int(entry["statusQuantity"]["amount"])
        taken = min(left, here) if entry["status"] in sources else 0
        left -= taken
        if here > taken:
            kept.append({**entry, "statusQuantity": {**entry["statusQuantity"], "amount": str(here - taken)}})
    line["orderLineStatuses"]["orderLineStatus"] = _merged([*kept, target])
    line["statusDate"] = now_ms


def cancel_units(line: Json, count: int, now_ms: int, **extra: Any) -> None:
    """Cancel open units; their share of the charges goes (charges.py says why)."""
    counted = units(line)
    before = sum(counted.values()) - counted["Cancelled"]
    move(line, OPEN, status("Cancelled", count, **extra), now_ms)
    line["charges"]["charge"] = scaled(line["charges"]["charge"], before - count, before)


def summed_units(order: Json) -> Iterator[tuple[str, dict[str, int]]]:
    for line in lines_of(order):
        yield line["lineNumber"], dict(units(line))


def _rank(name: str, sources: Sequence[str]) -> int:
    return sources.index(name) if name in sources else len(sources)


def _merged(entries: Sequence[Json]) -> list[Json]:
    """Entries that differ in nothing but quantity become one."""
    merged: list[Json] = []
    for entry in entries:
        rest = _without_quantity(entry)
        same = next((m for m in merged if _without_quantity(m) == rest), None)
        if same is None:
            merged.append({**entry, "statusQuantity": dict(entry["statusQuantity"])})
        else:
            both = int(same["statusQuantity"]["amount"]) + int(entry["statusQuantity"]["amount"])
            same["statusQuantity"]["amount"] = str(both)
    return merged


def _without_quantity(entry: Json) -> Json:
    return {key: value for key, value in entry.items() if key != "statusQuantity"}

"""Raw `picking` -> canonical `shipment`, when it is done (FUL-2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader, millis_of
from connectors.odoo.capture_mapping.raw import ZERO, amount, decimal_text, opened, time_of, whole
from connectors.odoo.capture_settings import CaptureSettings
from schemas.records import Parcel, Shipment, ShippedLine

_BETWEEN = re.compile(r"[\s,;]+")
_MOST_DIGITS = Decimal("0.000001")


def to_shipment(payload: bytes, account: str, *, settings: CaptureSettings) -> Sequence[Canonical]:
    """Nothing until goods of marketplace lines have left. Raises DataError.

    `version` is when it was done: a number corrected later makes another state of the same version, any other write none.
    """
    raw = opened(payload)
    picking, key = whole(raw, "id"), f"odoo:picking:{whole(raw, 'id')}"
    if raw.text("state") != "done":
        return ()
    lines = _lines(raw.children("moves"))
    numbers = [one for one in _BETWEEN.split(raw.text("tracking")) if one]
    if not lines or not (numbers or settings.ship_without_tracking):
        return ()
    done = time_of(raw, "date_done")
    shipment: Shipment = {
        "key": key,
        "order_key": raw.needed_text("order_key"),
        "picking": raw.text("name") or str(picking),
        "version": millis_of(done),
        "shipped_at": done,
        "carrier": raw.text("carrier"),
        "carrier_code": raw.text("carrier_code"),
        "tracking_url": raw.text("tracking_url"),
        "backorder": raw.flag("backorder"),
        "parcels": _parcels(numbers, lines, raw.children("moves")),
    }
    return (Canonical("shipment", key, shipment["version"], shipment),)


def _lines(moves: Sequence[Reader]) -> list[ShippedLine]:
    """What left, by marketplace line. A line booked as two (two prices) is one line there; of a kit its components make units."""
    found: dict[str, ShippedLine] = {}
    for group in _by_line(moves):
        units = _units(group)
        if units <= 0:
            continue
        line_id = group[0].needed_text("line_id")
        one = found.setdefault(
            line_id, {"line_id": line_id, "sku": group[0].text("sku"), "quantity": "0", "serial_numbers": []}
        )
        one["quantity"] = decimal_text(Decimal(one["quantity"]) + units)
        one["serial_numbers"] += [serial for move in group for serial in move.texts("serials")]
    return list(found.values())


def _by_line(moves: Sequence[Reader]) -> list[list[Reader]]:
    """Moves that left, by the order line they are for; those of charges and of lines a person added are not the marketplace's."""
    groups: dict[int, list[Reader]] = {}
    for move in moves:
        if move.text("state") == "done" and move.text("line_id"):
            groups.setdefault(whole(move, "line"), []).append(move)
    return list(groups.values())


def _units(group: Sequence[Reader]) -> Decimal:
    """Units of the line: what left of the product itself, else how many kits the components make; the scarcest decides."""
    own = [move for move in group if move["per_unit"].missing]
    if own:
        return sum((amount(move, "quantity") for move in own), ZERO)
    parts: dict[str, list[Decimal]] = {}
    for move in group:
        share = amount(move, "per_unit")
        if share <= 0:  # the bill of materials has changed since: by what was asked for
            ordered, demanded = amount(move, "ordered"), amount(move, "demanded")
            share = demanded / ordered if ordered > 0 and demanded > 0 else Decimal(1)
        parts.setdefault(move.text("product_sku"), []).append(amount(move, "quantity") / share)
    return min(sum(some, ZERO) for some in parts.values()).quantize(_MOST_DIGITS)


def _parcels(numbers: Sequence[str], lines: list[ShippedLine], moves: Sequence[Reader]) -> list[Parcel]:
    """One for each number. Which goods are in which is known when as many packages were packed; else all are told with the first."""
    if len(numbers) > 1 and (packed := _packed(numbers, lines, moves)):
        return packed
    first: Parcel = {"tracking_number": numbers[0] if numbers else "", "lines": lines}
    return [first, *({"tracking_number": number, "lines": []} for number in numbers[1:])]  # type: ignore[list-item]


def _packed(numbers: Sequence[str], lines: Sequence[ShippedLine], moves: Sequence[Reader]) -> list[Parcel]:
    """By packages, in the order of their ids, as Odoo writes the numbers; [] when they do not tell."""
    skus = {line["line_id"]: line["sku"] for line in lines}
    inside: dict[int, dict[str, Decimal]] = {}
    for move in moves:
        line_id = move.text("line_id")
        for package in move.children("packages") if line_id in skus and move["per_unit"].missing else ():
            content = inside.setdefault(whole(package, "id"), {})
            content[line_id] = content.get(line_id, ZERO) + amount(package, "quantity")
    totals = {line: sum((some.get(line, ZERO) for some in inside.values()), ZERO) for line in skus}
    complete = all(totals[line["line_id"]] == Decimal(line["quantity"]) for line in lines)
    if len(inside) != len(numbers) or not complete:
        return []
    return [
        {
            "tracking_number": number,
            "lines": [
                {"line_id": line, "sku": skus[line], "quantity": decimal_text(count), "serial_numbers": []}
                for line, count in inside[package].items()
            ],
        }
        for number, package in zip(numbers, sorted(inside), strict=True)
    ]

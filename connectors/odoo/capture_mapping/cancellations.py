"""Raw `sale_order` -> canonical `cancellation`, when something of it is cancelled in Odoo (FUL-3).

What is cancelled of a line is what was ordered less what Odoo still wants. What was ordered is known where `causeway odoo install-field` or
`install-outbox` has added a field that keeps it. Without it Odoo keeps no trace of a lowered quantity, only of one that is nothing any more: then
the line is told with `remaining` 0, and the sink counts from the order at the marketplace, which it looks at anyway. So it is with a line that was
deleted: what is left of the marketplace's line is what its other lines in Odoo, at other prices, still want.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader, millis_of
from connectors.odoo.capture_mapping.raw import ZERO, amount, decimal_text, opened, time_of, whole
from connectors.odoo.capture_settings import CaptureSettings
from connectors.odoo.source.links import GOODS
from schemas.records import Cancellation, CancelledLine

REASONS = ("out_of_stock", "customer", "pricing", "fraud", "address", "payment", "other")


def to_cancellation(payload: bytes, account: str, *, settings: CaptureSettings) -> Sequence[Canonical]:
    """Nothing while nothing is cancelled. Raises DataError."""
    raw = opened(payload)
    key = f"odoo:sale_order:{whole(raw, 'id')}"
    goods = _by_line([line for line in raw.children("lines") if line.text("kind") == GOODS])
    whole_order = raw.text("state") == "cancel"
    lowered = {line: parts for line, parts in goods.items() if whole_order or _is_lowered(parts)}
    if not lowered:
        return ()
    at = time_of(raw, "write_date") if whole_order else _newest(lowered)
    cancellation: Cancellation = {
        "key": key,
        "order_key": raw.needed_text("order_key"),
        "order_name": raw.text("name"),
        "version": millis_of(at),
        "cancelled_at": at,
        "whole": whole_order,
        "reason": reason_of(raw, settings),
        "lines": [_line(line, parts, whole_order=whole_order) for line, parts in lowered.items()],
    }
    return (Canonical("cancellation", key, cancellation["version"], cancellation),)


def reason_of(raw: Reader, settings: CaptureSettings) -> str:
    """What the configured field says, else what a tag says; by the configured table, or when it is one of our reasons itself."""
    table: Mapping[str, str] = {one: one for one in REASONS} | {
        text.strip().casefold(): reason for text, reason in settings.cancel_reasons.items()
    }
    for said in (raw.text("reason"), *raw.texts("tags")):
        if found := table.get(said.strip().casefold()):
            return found
    return settings.cancel_reason_default


def _by_line(lines: Sequence[Reader]) -> dict[str, list[Reader]]:
    """A line of the marketplace may be two in Odoo, at two prices."""
    found: dict[str, list[Reader]] = {}
    for line in lines:
        found.setdefault(line.needed_text("line_id"), []).append(line)
    return found


def _is_lowered(parts: Sequence[Reader]) -> bool:
    if any(part["deleted"].value is True for part in parts):
        return True
    left, ordered = _left(parts), _ordered(parts)
    return left < ordered if ordered is not None else left == 0


def _left(parts: Sequence[Reader]) -> Decimal:
    return sum((amount(part, "quantity") for part in parts), ZERO)


def _ordered(parts: Sequence[Reader]) -> Decimal | None:
    """None when Odoo does not know it."""
    if any(part["ordered"].missing for part in parts):
        return None
    return sum((amount(part, "ordered") for part in parts), ZERO)


def _newest(lowered: Mapping[str, Sequence[Reader]]) -> datetime:
    return max(time_of(part, "write_date") for parts in lowered.values() for part in parts)


def _line(line_id: str, parts: Sequence[Reader], *, whole_order: bool) -> CancelledLine:
    """quantity: as far as Odoo knows, 0 when it does not; remaining: what it still wants, and what has left."""
    left, ordered = _left(parts), _ordered(parts)
    delivered = sum((amount(part, "delivered") for part in parts), ZERO)
    remaining = delivered if whole_order else left
    known = ordered if ordered is not None else (left if whole_order else ZERO)
    return {
        "line_id": line_id,
        "sku": parts[0].text("sku"),
        "quantity": decimal_text(max(known - remaining, ZERO)),
        "remaining": decimal_text(remaining),
    }

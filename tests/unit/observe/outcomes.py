"""Outcomes for ledgers, status and journeys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.records import Outcome

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def outcome(operation: str, result: str, key: str = "walmart:main:1", **changes: Any) -> Outcome:
    """One outcome of a delivery: to Odoo or Walmart as the operation says."""
    to_odoo = operation in (
        "upsert_order",
        "upsert_return",
        "post_settlement",
        "merge_listing",
        "reopen_order",
    )
    values: dict[str, Any] = {
        "id": f"{operation}/{key}", "destination": "odoo" if to_odoo else "walmart", "operation": operation, "source": "walmart",
        "account": "main", "key": key, "version": 1, "checksum": "c", "result": result, "reason": "", "detail": "", "remote_model": "",
        "remote_id": "", "attempt": 1, "lane": "critical", "correlation": "", "fetched_at": None, "at": AT, "status": "", "entity": "",
        "job": "", "notes": [],
    }  # fmt: skip
    return values | changes  # type: ignore[return-value]


def unmapped(source: str, entity: str, key: str, **changes: Any) -> Outcome:
    """A payload that could not be mapped."""
    values: dict[str, Any] = {"destination": "transform", "source": source, "entity": entity, "reason": "data"}
    return outcome("transform", "dead", key, **values | changes)

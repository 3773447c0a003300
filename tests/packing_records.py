"""Checks of packing stations for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.records import PackingCheck

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def check_of(scans: Mapping[str, int], picking: str = "WH/OUT/00012", version: int = 1, **changes: Any) -> PackingCheck:
    """What station `bench1` scanned of a transfer: code -> how often."""
    made: dict[str, Any] = {
        "key": f"iotbox:bench1:{picking}", "source": "iotbox", "account": "bench1", "picking": picking, "version": version,
        "box": "b8:27:eb:00:00:01", "scans": [{"code": code, "count": count} for code, count in scans.items()], "unreadable": 0,
        "weight": "", "weight_unit": "", "ended_by": "picking", "first_sequence": 10 * version,
        "last_sequence": 10 * version + 9, "opened_at": AT, "closed_at": AT,
    }  # fmt: skip
    return PackingCheck(**{**made, **changes})  # type: ignore[typeddict-item]

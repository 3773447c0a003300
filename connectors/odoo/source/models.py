"""What this database has: modules add models and fields, so everything is asked for only where it is there. Reading only."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

from connectors.kit.errors import ForbiddenError, RuleError
from connectors.odoo.client import Odoo

logger = logging.getLogger(__name__)

Row = dict[str, Any]
# Archived records count; names in English so that content does not change with the user's language; times are UTC.
CONTEXT = {"active_test": False, "lang": "en_US", "tz": "UTC"}
STAMP = "%Y-%m-%d %H:%M:%S"
_WIDE = Context(prec=400)  # the largest float has 309 digits


class Models:
    """Reads rows with those of the wanted fields that exist."""

    def __init__(self, odoo: Odoo) -> None:
        self.odoo = odoo
        self._fields: dict[str, frozenset[str]] = {}

    async def fields(self, model: str) -> frozenset[str]:
        """The names of its fields; none where the model is not there."""
        if model not in self._fields:
            try:
                self._fields[model] = frozenset(await self.odoo.ask(model, "fields_get", attributes=["type"]))
            except RuleError:  # "Object x doesn't exist"
                self._fields[model] = frozenset()
        return self._fields[model]

    async def has(self, model: str) -> bool:
        """Whether the module that brings it is installed."""
        return bool(await self.fields(model))

    async def rows(
        self, model: str, domain: Sequence[Any], fields: Iterable[str], order: str = "id", **more: Any
    ) -> list[Row]:
        """search_read, archived ones included. Raises ConnectorError."""
        there = await self.fields(model)
        # No fields would mean all of them, computed ones too.
        wanted = [one for one in dict.fromkeys(fields) if one in there] or ["id"]
        context = {**CONTEXT, **more.pop("context", {})}
        return await self.odoo.rows(model, domain, wanted, order, context=context, **more) if there else []

    async def optional(self, model: str, domain: Sequence[Any], fields: Iterable[str], **more: Any) -> list[Row]:
        """The same of what adds detail only: without the right to read it, nothing."""
        try:
            return await self.rows(model, domain, fields, **more)
        except ForbiddenError:
            self._fields[model] = frozenset()
            logger.warning("capture_may_not_read model=%s", model)
            return []

    async def by_id(self, model: str, ids: Iterable[int], fields: Iterable[str], **more: Any) -> dict[int, Row]:
        """Of these ids, those that are there."""
        wanted = sorted(set(ids))
        found = await self.rows(model, [["id", "in", wanted]], fields, **more) if wanted else []
        return {row["id"]: row for row in found}

    async def time(self) -> datetime | None:
        """Odoo's clock, by a default that is now; None where it does not tell."""
        try:
            told = await self.odoo.ask("sale.order", "default_get", ["date_order"])
            return moment(told["date_order"])
        except (ForbiddenError, RuleError, KeyError, TypeError, ValueError):
            return None


def link(value: Any) -> int:
    """A many2one as `read` gives it -> its id, 0 for none."""
    return int(value[0]) if isinstance(value, (list, tuple)) and value else 0


def link_name(value: Any) -> str:
    """The same -> its name."""
    return str(value[1]) if isinstance(value, (list, tuple)) and len(value) > 1 else ""


def text(value: Any) -> str:
    """Odoo's False for nothing -> ""."""
    return str(value) if value not in (False, None) else ""


def number(value: Any) -> Decimal:
    """A float of Odoo's as the shortest decimal that reads back as it; nothing is 0."""
    return Decimal(repr(value)) if value else Decimal(0)


def plain(value: Decimal) -> str:
    """Decimal text without exponent, trailing zeros or a negative zero; of any float Odoo can hold (two barcodes scanned into a price): one
    such record must not stop the page it is on."""
    tidy = value.quantize(Decimal("0.000001"), context=_WIDE).normalize(_WIDE)
    return f"{tidy:f}" if tidy else "0"


def moment(value: Any) -> datetime:
    """`YYYY-MM-DD HH:MM:SS` -> aware UTC. Raises ValueError."""
    return datetime.strptime(str(value)[:19], STAMP).replace(tzinfo=UTC)


def milliseconds(value: Any) -> int:
    """The same since the epoch; nothing is 0."""
    return int(moment(value).timestamp() * 1000) if value else 0


def newest(rows: Iterable[Row]) -> int:
    """The newest write_date of an entity's parts, milliseconds: the entity's version."""
    return max((milliseconds(row.get("write_date")) for row in rows), default=0)

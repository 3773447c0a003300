"""Columns and cells of load(): "partner_id/.id", "order_line/tax_id/.id", "parent_id/id"; text to values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connectors.odoo.sandbox.engine.fields import DATETIME, Field, stored
from connectors.odoo.sandbox.engine.keys import full_key

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env
    from connectors.odoo.sandbox.engine.model import Model

TRUE, FALSE = ("1", "true", "yes"), ("", "0", "false", "no")


@dataclass(frozen=True)
class Column:
    """field: the name in its model. by: how a relation is named: "" by name, "id" external, ".id" database id.
    child: set for columns of child records; then `field` is the one2many."""

    field: str
    by: str = ""
    child: Column | None = None


class CellError(ValueError):
    """text may hold %(field)s, which becomes `label`. `field` and `top_label` name the column of the record itself."""

    def __init__(self, text: str, field: str, top_label: str, label: str) -> None:
        super().__init__(text)
        self.text, self.field, self.top_label, self.label = text, field, top_label, label


def columns_of(env: Env, model: Model, names: Sequence[str]) -> list[Column]:
    """Raises ValueError for a column the model does not have."""
    return [_column(env, model, name) for name in names]


def _column(env: Env, model: Model, name: str) -> Column:
    head, _, rest = name.partition("/")
    if head in ("id", ".id"):
        return Column(head)
    spec = model.field(head)
    if spec is None:
        raise ValueError(f"Invalid field {head!r} on model {model.name!r}")
    if spec.kind == "one2many" and rest:
        return Column(head, child=_column(env, env[spec.relation], rest))
    if rest not in ("", "id", ".id") or (rest and not spec.relation):
        raise ValueError(f"Invalid field {name!r} on model {model.name!r}")
    return Column(head, rest)


def converted(env: Env, model: Model, cells: Sequence[tuple[Column, Any]]) -> dict[str, Any]:
    """Values for create and write; "id" keeps the external id, ".id" becomes an int. Raises CellError."""
    values: dict[str, Any] = {}
    for column, cell in cells:
        if column.field == "id":
            values["id"] = cell or None
        elif column.field == ".id":
            values[".id"] = int(cell) if cell else None
        else:
            values[column.field] = _converted(env, model, column, cell)
    return values


def _converted(env: Env, model: Model, column: Column, cell: Any) -> Any:
    spec = model.all_fields[column.field]
    label = spec.label or column.field
    try:
        if spec.relation:
            return _relation(env, spec, column, cell)
        if cell is None or cell is False or cell == "":
            return False
        value = _PLAIN.get(spec.kind, _as_stored)(spec, cell)
        return _in_utc(env, value) if spec.kind == "datetime" else value
    except _CellProblemError as problem:
        raise CellError(str(problem), column.field, label, label) from problem


class _CellProblemError(Exception):
    pass


def _as_stored(spec: Field, cell: Any) -> Any:
    return cell if isinstance(cell, str) else str(cell)


def _number(spec: Field, cell: Any) -> Any:
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise _CellProblemError(f"'{cell}' does not seem to be a number for field '%(field)s'") from None


def _whole(spec: Field, cell: Any) -> Any:
    try:
        return int(cell)
    except (TypeError, ValueError):
        raise _CellProblemError(f"'{cell}' does not seem to be an integer for field '%(field)s'") from None


def _truth(spec: Field, cell: Any) -> Any:
    text = str(cell).lower()
    if text not in (*TRUE, *FALSE):
        raise _CellProblemError(f"Unknown value '{cell}' for boolean field '%(field)s'")
    return text in TRUE


def _moment(spec: Field, cell: Any) -> Any:
    try:
        return stored("", "", spec, cell)
    except ValueError:
        kind = "date" if spec.kind == "date" else "datetime"
        raise _CellProblemError(f"'{cell}' does not seem to be a valid {kind} for field '%(field)s'") from None


def _in_utc(env: Env, moment: str) -> str:
    """An import reads times in the zone of the context, else of the user; create and write take UTC."""
    zone = env.context.get("tz") or env.value("res.users", env.uid, "tz")
    if not zone or zone == "UTC":
        return moment
    local = datetime.strptime(moment, DATETIME).replace(tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC).strftime(DATETIME)


def _option(spec: Field, cell: Any) -> Any:
    for value, label in spec.selection:
        if str(cell).lower() in (value.lower(), label.lower()):
            return value
    raise _CellProblemError(f"Value '{cell}' not found in selection field '%(field)s'")


_PLAIN: dict[str, Callable[[Field, Any], Any]] = {
    "float": _number, "monetary": _number, "integer": _whole, "boolean": _truth, "date": _moment, "datetime": _moment,
    "selection": _option,
}  # fmt: skip


def _relation(env: Env, spec: Field, column: Column, cell: Any) -> Any:
    if spec.kind == "many2one":
        return _target(env, spec, column, cell) if cell not in (None, False, "") else False
    if cell is None or cell is False or cell == "":
        return [[6, 0, []]]
    # A number has no split(): the AttributeError reaches the client, as on a real server.
    return [[6, 0, [_target(env, spec, column, part.strip()) for part in cell.split(",")]]]


def _target(env: Env, spec: Field, column: Column, cell: Any) -> int:
    match column.by:
        case ".id":
            if not re.fullmatch(r"\d+", str(cell)):
                raise _CellProblemError(f"Invalid database id '{cell}' for the field '%(field)s'")
            # A search, as on a real server (ir.fields.converter.db_id_for): what is archived is not found.
            if int(cell) not in env.rows(spec.relation) or not env.search(spec.relation, [("id", "=", int(cell))]):
                raise _CellProblemError(f"No matching record found for database id '{cell}' in field '%(field)s'")
            return int(cell)
        case "id":
            found = _by_key(env, spec.relation, str(cell))
            kind = "external id"
        case _:
            found = _by_name(env, spec.relation, str(cell))
            kind = "name"
    if found is None:
        raise _CellProblemError(f"No matching record found for {kind} '{cell}' in field '%(field)s'")
    return found


def _by_key(env: Env, relation: str, cell: str) -> int | None:
    found = env.ref(".".join(full_key(cell)))
    return found if found in env.rows(relation) else None


def _by_name(env: Env, relation: str, cell: str) -> int | None:
    target = env[relation]
    return next(
        (one for one in target.find_ids(env, []) if target.is_named(env, env.row(relation, one), "=", cell)), None
    )

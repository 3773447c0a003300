"""Models and fields made over RPC: rows of ir.model and ir.model.fields with state `manual` become part of the registry."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast, get_args

from connectors.odoo.sandbox.engine.fields import Field, Kind, Row
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.database import Database
    from connectors.odoo.sandbox.engine.registry import Registry

MODELS, FIELDS = "ir.model", "ir.model.fields"


def refresh_manual_models(db: Database, *, removing: bool = True) -> None:
    """Make the registry say what the rows say. removing: also take away what is no longer in the rows."""
    models = {row["id"]: row for row in db.tables[MODELS].rows.values()}
    by_model: dict[str, list[Row]] = {}
    for row in db.tables[FIELDS].rows.values():
        if row["state"] == "manual" and row["model_id"] in models:
            by_model.setdefault(models[row["model_id"]]["model"], []).append(row)
    manual = {row["model"]: row for row in models.values() if row["state"] == "manual"}
    if removing:
        _remove(db, set(manual))
    for name, row in manual.items():
        if name not in db.registry:
            db.registry.add(_model(row))
            db.add_table(db.registry[name])
    for model in db.registry:
        _set_fields(db, model, by_model.get(model.name, ()))
    db.registry.forget_links()


def forget_manual_models(db: Database) -> None:
    """Before the tables are emptied."""
    _remove(db, set())
    for model in db.registry:
        _set_fields(db, model, ())


def _remove(db: Database, still: set[str]) -> None:
    for model in [one for one in db.registry if one.manual and one.name not in still]:
        db.registry.remove(model.name)
        db.drop_table(model.name)


def _model(row: Row) -> Model:
    attributes = {"name": row["model"], "label": row["name"], "fields": {}, "rec_name": "x_name", "manual": True}
    model: Model = type("ManualModel", (Model,), attributes)()
    return model


def _set_fields(db: Database, model: Model, rows: Iterable[Row]) -> None:
    wanted = {row["name"]: _field(row) for row in rows}
    for name in [one for one in model.custom if one not in wanted]:
        _forget(db.registry, model, name)
    for name, spec in wanted.items():
        model.all_fields[name] = spec
        model.custom.add(name)
        if spec.kind == "many2one":
            db.tables[model.name].add_index(name)
        for other in _extending(db.registry, model):
            db.registry.pass_on(other, name)
    model.known.clear()


def _forget(registry: Registry, model: Model, name: str) -> None:
    model.custom.discard(name)
    for one in (model, *_extending(registry, model)):
        one.all_fields.pop(name, None)


def _extending(registry: Registry, model: Model) -> list[Model]:
    return [one for one in registry if one.inherits is not None and one.inherits[1] == model.name]


def _field(row: Row) -> Field:
    """Raises UserError for a type that is none."""
    if row["ttype"] not in get_args(Kind):
        raise UserError(f"Wrong value for ir.model.fields.ttype: {row['ttype']!r}")
    options = tuple((str(value), str(label)) for value, label in _options(row))
    return Field(
        cast("Kind", row["ttype"]), row["field_description"] or "", row["relation"] or "", row["relation_field"] or "",
        required=bool(row["required"]), selection=options, code=row["compute"] or "", depends=_depends(row),
    )  # fmt: skip


def _depends(row: Row) -> tuple[str, ...]:
    """Raises UserError for what the sandbox does not play."""
    if not row["compute"]:
        return ()
    names = tuple(name.strip() for name in (row["depends"] or "").split(",") if name.strip())
    if not row["store"] or any("." in name for name in names):
        raise UserError(
            "The sandbox computes fields made by hand only when they are stored and depend on their own record."
        )
    return names


def _options(row: Row) -> Any:
    try:
        return ast.literal_eval(row["selection"] or "[]")
    except (ValueError, SyntaxError) as error:
        raise UserError("The Selection Options expression is not a valid Pythonic expression.") from error

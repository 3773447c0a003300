"""Models and fields as records: what is there, and what was added over RPC (`x_...`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.code_actions import compute
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2one, one2many
from connectors.odoo.sandbox.engine.manual import refresh_manual_models
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError, ValidationError


class IrModel(Model):
    name = "ir.model"
    label = "Models"
    order = "model"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Model Description", required=True),
        "model": Field("char", "Model", required=True, index=True, default="x_"),
        "state": choice("manual=Custom Object", "base=Base Object", label="Type", default="manual"),
        "transient": Field("boolean", "Transient Model"),
        "field_id": one2many("ir.model.fields", "model_id", "Fields"),
        "access_ids": one2many("ir.model.access", "model_id", "Access"),
    }

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        if values["state"] == "manual" and not str(values["model"]).startswith("x_"):
            raise ValidationError("The model name must start with 'x_'.")
        return values

    def check(self, env: Env, row: Row) -> None:
        if len(list(env.table(self.name).having("model", (row["model"],)))) > 1:
            raise ValidationError("Each model must have a unique name.")

    def created(self, env: Env, record_id: int, given: Values) -> None:
        row = env.row(self.name, record_id)
        if row["state"] != "manual":
            return
        if not any(one["name"] == "x_name" for one in env.related("ir.model.fields", "model_id", record_id)):
            name = {"name": "x_name", "field_description": "Name", "ttype": "char", "model_id": record_id}
            env.create("ir.model.fields", name)
        _changed(env)

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        """The table goes with the model, and its automations and access rights with them."""
        for one in ids:
            row = env.row(self.name, one)
            if row["state"] != "manual":
                raise UserError(f"Model “{row['name']}” contains module data and cannot be removed.")
            for record in list(env.rows(row["model"])):
                env.tx.put(row["model"], record, None)
            env.tx.schema_changed = True


class ModelField(Model):
    name = "ir.model.fields"
    label = "Fields"
    order = "name, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Field Name", required=True, index=True, default="x_"),
        "field_description": Field("char", "Field Label", default=""),
        "ttype": Field("char", "Field Type", required=True),
        "relation": Field("char", "Related Model"),
        "relation_field": Field("char", "Relation Field"),
        "selection": Field("char", "Selection Options (Deprecated)"),
        "required": Field("boolean", "Required"),
        "readonly": Field("boolean", "Readonly"),
        "index": Field("boolean", "Indexed"),
        "store": Field("boolean", "Stored", default=True),
        "compute": Field("text", "Compute"),
        "depends": Field("char", "Dependencies"),
        "model_id": many2one("ir.model", "Model", required=True, ondelete="cascade"),
        "model": derived(
            "char", lambda env, row: env.value("ir.model", row["model_id"], "model"), "Model Name", sortable=True
        ),
        "state": choice("manual=Custom Field", "base=Base Field", default="manual"),
    }

    def check(self, env: Env, row: Row) -> None:
        if row["state"] == "manual" and not str(row["name"]).startswith("x_"):
            raise ValidationError("Custom fields must have a name that starts with 'x_'!")
        table = env.table(self.name)
        twins = [one for one in table.having("name", (row["name"],)) if table.rows[one]["model_id"] == row["model_id"]]
        if len(twins) > 1:
            raise ValidationError("Field names must be unique per model.")

    def created(self, env: Env, record_id: int, given: Values) -> None:
        """What is stored is worked out at once for every record there is."""
        _changed(env)
        row = env.row(self.name, record_id)
        if row["compute"]:
            model = str(env.value(self.name, record_id, "model"))
            compute(env, row["compute"], model, row["name"], list(env.rows(model)))

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        _changed(env)

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        if any(env.row(self.name, one)["state"] != "manual" for one in ids):
            raise UserError("This column contains module data and cannot be removed!")
        env.tx.schema_changed = True


def _changed(env: Env) -> None:
    """What was added can be used within the call that adds it; what is removed goes with the commit."""
    env.tx.schema_changed = True
    refresh_manual_models(env.db, removing=False)


SCHEMA: list[Any] = [IrModel, ModelField]

"""The server's own models: external ids, modules, models and their access rights, parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError, ValidationError


class ExternalId(Model):
    name = "ir.model.data"
    label = "Model Data"
    order = "module, model, name"
    fields: ClassVar[Fields] = {
        "module": Field("char", "Module", required=True, default=""),
        "name": Field("char", "External Identifier", required=True, index=True),
        "model": Field("char", "Model Name", required=True),
        "res_id": Field("many2one_reference", "Record ID", index=True),
        "noupdate": Field("boolean", "Non Updatable"),
        "complete_name": Field("char", "Complete ID", index=True, sortable=False),
        "reference": derived("char", lambda env, row: f"{row['model']},{row['res_id']}", "Reference"),
    }

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "complete_name": f"{values.get('module', '')}.{values.get('name')}"}

    def check(self, env: Env, row: Row) -> None:
        if " " in row["name"]:
            raise ValidationError(
                "The operation cannot be completed: External IDs cannot contain spaces (ir_model_data_name_nospaces)"
            )
        twins = list(env.table(self.name).having("complete_name", (row["complete_name"],)))
        if len(twins) > 1:
            raise ValidationError(
                "The operation cannot be completed: duplicate key value violates unique constraint "
                '"ir_model_data_module_name_uniq_index"\n'
                f"DETAIL:  Key (module, name)=({row['module']}, {row['name']}) already exists.\n"
            )

    @exposed(records=False, right="", reads=True)
    def check_object_reference(
        self,
        env: Env,
        module: str,
        xml_id: str,
        raise_on_access_error: bool = False,
    ) -> list[Any]:
        keys = env.table(self.name)
        found = next(keys.having("complete_name", (f"{module}.{xml_id}",)), None)
        if found is None:
            raise ValueError(f"External ID not found in the system: {module}.{xml_id}")
        return [keys.rows[found]["model"], keys.rows[found]["res_id"]]


class Module(Model):
    name = "ir.module.module"
    label = "Module"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Technical Name", required=True, index=True),
        "shortdesc": Field("char", "Module Name"),
        "state": choice("uninstallable", "uninstalled", "to install", "installed", "to upgrade", "to remove"),
        "latest_version": Field("char", "Installed Version"),
        "installed_version": derived("char", lambda env, row: row["latest_version"], "Latest Version"),
    }


class IrModel(Model):
    name = "ir.model"
    label = "Models"
    order = "model"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Model Description", required=True),
        "model": Field("char", "Model", required=True, index=True, default="x_"),
        "state": choice("manual=Custom Object", "base=Base Object", label="Type", default="manual"),
        "field_id": one2many("ir.model.fields", "model_id", "Fields"),
        "access_ids": one2many("ir.model.access", "model_id", "Access"),
    }

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        if values["state"] == "manual" and not str(values["model"]).startswith("x_"):
            raise ValidationError("The model name must start with 'x_'.")
        return values

    def created(self, env: Env, record_id: int, given: Values) -> None:
        row = env.row(self.name, record_id)
        if row["state"] == "manual":
            env.db.automations.add_manual_model(env.db, row, env.related("ir.model.fields", "model_id", record_id))

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        for one in ids:
            row = env.row(self.name, one)
            if row["state"] != "manual":
                raise UserError(f"Model “{row['name']}” contains module data and cannot be removed.")
            env.unlink(row["model"], list(env.rows(row["model"])))


class ModelField(Model):
    name = "ir.model.fields"
    label = "Fields"
    order = "name, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Field Name", required=True, index=True),
        "field_description": Field("char", "Field Label", default=""),
        "ttype": Field("char", "Field Type", required=True),
        "relation": Field("char", "Related Model"),
        "model_id": many2one("ir.model", "Model", required=True, ondelete="cascade"),
        "model": derived("char", lambda env, row: env.value("ir.model", row["model_id"], "model"), "Model Name"),
        "state": choice("manual=Custom Field", "base=Base Field", default="manual"),
    }


class ModelAccess(Model):
    name = "ir.model.access"
    label = "Model Access"
    order = "model_id, group_id, name, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "model_id": many2one("ir.model", "Model", required=True, ondelete="cascade"),
        "model": Field("char", "Model Name", index=True),
        "group_id": many2one("res.groups", "Group"),
        "perm_read": Field("boolean", "Read Access"),
        "perm_write": Field("boolean", "Write Access"),
        "perm_create": Field("boolean", "Create Access"),
        "perm_unlink": Field("boolean", "Delete Access"),
        "active": Field("boolean", "Active", default=True),
    }

    def created(self, env: Env, record_id: int, given: Values) -> None:
        model = env.row("ir.model", env.row(self.name, record_id)["model_id"])["model"]
        env.patch(self.name, record_id, model=model)


class Parameter(Model):
    name = "ir.config_parameter"
    label = "System Parameter"
    order = "key"
    rec_name = "key"
    fields: ClassVar[Fields] = {
        "key": Field("char", "Key", required=True, index=True),
        "value": Field("text", "Value", required=True),
    }

    @exposed(records=False, right="read", reads=True)
    def get_param(self, env: Env, key: str, default: Any = False) -> Any:
        found = next(env.table(self.name).having("key", (key,)), None)
        return default if found is None else env.row(self.name, found)["value"]

    @exposed(records=False)
    def set_param(self, env: Env, key: str, value: Any) -> Any:
        old = self.get_param(env, key)
        found = list(env.table(self.name).having("key", (key,)))
        if found:
            env.write(self.name, found, {"value": value})
        else:
            env.create(self.name, {"key": key, "value": value})
        return old


class Automation(Model):
    name = "base.automation"
    label = "Automation Rule"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Automation Rule Name", required=True),
        "model_id": many2one("ir.model", "Model", required=True, ondelete="cascade"),
        "trigger": choice(
            "on_create_or_write", "on_create", "on_write", "on_unlink", "on_state_set", "on_archive", "on_webhook",
            label="Trigger", required=True,
        ),
        "action_server_ids": one2many("ir.actions.server", "base_automation_id", "Actions"),
        "active": Field("boolean", "Active", default=True),
    }  # fmt: skip


class ServerAction(Model):
    name = "ir.actions.server"
    label = "Server Actions"
    order = "sequence, name, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Action Name", required=True),
        "model_id": many2one("ir.model", "Model", required=True, ondelete="cascade"),
        "base_automation_id": many2one("base.automation", "Automation Rule", ondelete="cascade"),
        "state": choice("code=Execute Code", "webhook=Send Webhook Notification", default="code", required=True),
        "code": Field("text", "Python Code"),
        "webhook_url": Field("char", "Webhook URL"),
        "sequence": Field("integer", "Sequence", default=5),
    }

    def check(self, env: Env, row: Row) -> None:
        if row["state"] == "webhook":
            raise UserError("The sandbox does not send webhooks.")


def manual_model(row: Row, fields: Sequence[Row]) -> Model:
    """A model made over RPC: a row of ir.model and its rows of ir.model.fields."""
    own = {one["name"]: Field(one["ttype"], one["field_description"] or "", one["relation"] or "") for one in fields}
    own.setdefault("x_name", Field("char", "Name"))
    attributes = {"name": row["model"], "label": row["name"], "fields": own, "rec_name": "x_name", "manual": True}
    model: Model = type("ManualModel", (Model,), attributes)()
    return model


SYSTEM: list[Any] = [ExternalId, Module, IrModel, ModelField, ModelAccess, Parameter, Automation, ServerAction]

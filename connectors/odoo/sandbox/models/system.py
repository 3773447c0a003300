"""The server's own models: external ids, modules, access rights, parameters."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2one
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import ValidationError


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
        return parameter(env, key) or default

    @exposed(records=False)
    def set_param(self, env: Env, key: str, value: Any) -> Any:
        old = self.get_param(env, key)
        found = list(env.table(self.name).having("key", (key,)))
        if found:
            env.write(self.name, found, {"value": value})
        else:
            env.create(self.name, {"key": key, "value": value})
        return old


def parameter(env: Env, key: str) -> str | None:
    table = env.table("ir.config_parameter")
    found = next(table.having("key", (key,)), None)
    return None if found is None else str(table.rows[found]["value"])


SYSTEM: list[Any] = [ExternalId, Module, ModelAccess, Parameter]

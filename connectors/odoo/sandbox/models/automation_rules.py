"""Automation rules and server actions as records; engine/automations.py runs them."""

from __future__ import annotations

from typing import ClassVar

from connectors.odoo.sandbox.engine.automations import PLAYED
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError, ValidationError


class Automation(Model):
    name = "base.automation"
    label = "Automation Rule"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Automation Rule Name", required=True),
        "description": Field("html", "Description"),
        "model_id": many2one("ir.model", "Model", required=True, ondelete="cascade"),
        "trigger": choice(
            "on_stage_set", "on_user_set", "on_tag_set", "on_state_set", "on_priority_set", "on_archive", "on_unarchive",
            "on_create_or_write", "on_create", "on_write", "on_unlink", "on_change", "on_time", "on_time_created",
            "on_time_updated", "on_message_received", "on_message_sent", "on_webhook", label="Trigger", required=True,
        ),
        "trigger_field_ids": many2many("ir.model.fields", "Trigger Fields"),
        "filter_domain": Field("char", "Apply on"),
        "action_server_ids": one2many("ir.actions.server", "base_automation_id", "Actions"),
        "active": Field("boolean", "Active", default=True),
    }  # fmt: skip

    def check(self, env: Env, row: Row) -> None:
        if row["trigger"] not in PLAYED:
            raise UserError(f"The sandbox does not play the trigger {row['trigger']}.")


class ServerAction(Model):
    name = "ir.actions.server"
    label = "Server Actions"
    order = "sequence, name, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Action Name", required=True),
        "model_id": many2one("ir.model", "Model", required=True, ondelete="cascade"),
        "base_automation_id": many2one("base.automation", "Automation Rule", ondelete="cascade"),
        "usage": choice(
            "ir_actions_server=Server Action", "ir_cron=Scheduled Action", "base_automation=Automation Rule",
            default="ir_actions_server", required=True,
        ),
        "state": choice("code=Execute Code", "webhook=Send Webhook Notification", default="code", required=True),
        "code": Field("text", "Python Code"),
        "webhook_url": Field("char", "Webhook URL"),
        "webhook_field_ids": many2many("ir.model.fields", "Webhook Fields"),
        "sequence": Field("integer", "Sequence", default=5),
    }  # fmt: skip

    def check(self, env: Env, row: Row) -> None:
        rule = env.find("base.automation", row["base_automation_id"])
        if rule is not None and rule["model_id"] != row["model_id"]:
            raise ValidationError("Model of action does not match that of its automation rule.")


AUTOMATION_RULES: list[type[Model]] = [Automation, ServerAction]

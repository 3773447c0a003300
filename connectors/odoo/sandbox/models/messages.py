"""Messages on records: message_post and what it stores. Nothing is ever mailed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2many, many2one
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError


class Subtype(Model):
    name = "mail.message.subtype"
    label = "Message subtypes"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Message Type", required=True),
        "internal": Field("boolean", "Internal Only"),
    }


class Message(Model):
    name = "mail.message"
    label = "Message"
    order = "id desc"
    rec_name = "subject"
    fields: ClassVar[Fields] = {
        "subject": Field("char", "Subject"),
        "body": Field("html", "Contents"),
        "model": Field("char", "Related Document Model", index=True),
        "res_id": Field("many2one_reference", "Related Document ID", index=True),
        "message_type": choice(
            "email", "comment", "notification", "auto_comment", "user_notification", default="comment", required=True
        ),
        "subtype_id": many2one("mail.message.subtype", "Subtype"),
        "author_id": many2one("res.partner", "Author"),
        "date": Field("datetime", "Date", default=lambda env: env.now),
        "attachment_ids": many2many("ir.attachment", "Attachments"),
    }

    def display_name(self, env: Env, row: Row) -> str:
        return str(row["subject"] or f"mail.message,{row['id']}")


class Attachment(Model):
    name = "ir.attachment"
    label = "Attachment"
    order = "id desc"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "datas": Field("binary", "File Content (base64)"),
        "type": choice("url", "binary", default="binary", required=True),
        "url": Field("char", "Url"),
        "mimetype": Field("char", "Mime Type"),
        "res_model": Field("char", "Resource Model"),
        "res_id": Field("many2one_reference", "Resource ID"),
    }

    def rule(self, env: Env) -> list[Any] | None:
        """What belongs to no record is its maker's alone."""
        return ["|", ["res_id", "!=", False], ["create_uid", "=", env.uid]]


class ActivityType(Model):
    name = "mail.activity.type"
    label = "Activity Type"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "category": choice("default=None", "upload_file=Upload Document", "phonecall", default="default"),
        "sequence": Field("integer", "Sequence", default=10),
        "active": Field("boolean", "Active", default=True),
    }


class Activity(Model):
    name = "mail.activity"
    label = "Activity"
    order = "date_deadline, id"
    rec_name = "summary"
    fields: ClassVar[Fields] = {
        "res_model_id": many2one("ir.model", "Document Model", required=True, ondelete="cascade"),
        "res_model": derived(
            "char", lambda env, row: env.value("ir.model", row["res_model_id"], "model"), "Related Document Model",
            sortable=True,
        ),
        "res_id": Field("many2one_reference", "Related Document ID", index=True),
        "activity_type_id": many2one(
            "mail.activity.type", "Activity Type", ondelete="restrict",
            default=lambda env: env.ref("mail.mail_activity_data_todo"),
        ),
        "summary": Field("char", "Summary"),
        "note": Field("html", "Note"),
        "date_deadline": Field("date", "Due Date", required=True, default=lambda env: env.today),
        "user_id": many2one("res.users", "Assigned to", required=True, default=lambda env: env.uid),
        "active": Field("boolean", "Active", default=True),
    }  # fmt: skip

    def check(self, env: Env, row: Row) -> None:
        env.row(env.value(self.name, row, "res_model"), row["res_id"])

    def created(self, env: Env, record_id: int, given: Values) -> None:
        """Whom it is for gets a mail, unless it is for oneself: from somebody who has an address."""
        if env.context.get("mail_activity_quick_update") or env.row(self.name, record_id)["user_id"] == env.uid:
            return
        if not env.row("res.partner", env.row("res.users", env.uid)["partner_id"])["email"]:
            raise UserError("Unable to send message, please configure the sender's email address.")

    @exposed()
    def action_done(self, env: Env, ids: list[int]) -> int | bool:
        return self.action_feedback(env, ids)

    @exposed()
    def action_feedback(self, env: Env, ids: list[int], feedback: str | bool = False) -> int | bool:
        """Done: a message tells it on the record, and the activity goes. Id of the last message."""
        message: int | bool = False
        for one in ids:
            row = env.row(self.name, one)
            thread = env[env.value(self.name, row, "res_model")]
            assert isinstance(thread, Thread)
            body = f"<p>{escape(str(row['summary'] or 'Activity'))} done</p>{feedback or ''}"
            message = thread.message_post(env, [row["res_id"]], body=body, body_is_html=True)
        env.unlink(self.name, ids)
        return message


def _about(model: str, env: Env, row: Row, owner: str, field: str) -> list[int]:
    table = env.table(model)
    found = (table.rows[one] for one in table.having("res_id", (row["id"],)))
    return sorted(
        (one["id"] for one in found if env.value(model, one, field) == owner), reverse=model == "mail.message"
    )


class Thread(Model):
    """A model with a chatter: messages and planned activities. Neither bumps its write_date."""

    def __init__(self) -> None:
        super().__init__()
        for name, model, field, label in (
            ("message_ids", "mail.message", "model", "Messages"),
            ("activity_ids", "mail.activity", "res_model", "Activities"),
        ):
            about = partial(_about, model, owner=self.name, field=field)
            self.all_fields[name] = derived("one2many", about, label, relation=model, inverse="res_id")

    def deleted(self, env: Env, rows: Sequence[Row]) -> None:
        """Messages and activities go with their record."""
        for row in rows:
            for model, field in (("mail.message", "model"), ("mail.activity", "res_model")):
                env.unlink(model, _about(model, env, row, self.name, field))

    @exposed()
    def message_post(
        self,
        env: Env,
        ids: list[int],
        *,
        body: str = "",
        subject: str | None = None,
        message_type: str = "notification",
        subtype_xmlid: str | None = None,
        body_is_html: bool = False,
        attachment_ids: list[int] | None = None,
    ) -> int:
        """Id of the message. Without body_is_html the body is escaped; default subtype is Note."""
        if len(ids) != 1:
            raise ValueError(f"Expected singleton: {self.name}({', '.join(map(str, ids))})")
        env.row(self.name, ids[0])
        return env.create(
            "mail.message",
            {
                "subject": subject,
                "body": body if body_is_html else f"<p>{escape(body, quote=False)}</p>" if body else "",
                "model": self.name,
                "res_id": ids[0],
                "message_type": message_type,
                "subtype_id": env.ref(subtype_xmlid or "mail.mt_note"),
                "author_id": env.row("res.users", env.uid)["partner_id"],
                "attachment_ids": [[6, 0, attachment_ids or []]],
            },
        )


MESSAGES: list[Any] = [Subtype, Message, Attachment, ActivityType, Activity]

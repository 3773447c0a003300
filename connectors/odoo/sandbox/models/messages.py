"""Messages on records: message_post and what it stores. Nothing is ever mailed."""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, many2many, many2one
from connectors.odoo.sandbox.engine.model import Model


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


class Thread(Model):
    """A model with a chatter."""

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


MESSAGES: list[Any] = [Subtype, Message, Attachment]

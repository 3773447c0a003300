"""What is written down when somebody does something with a failed record: `dead.actions` (what became of it) and `audit` (who, why). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.checksum import event_id
from schemas.codec import Codec
from schemas.masking import mask_text
from schemas.record import Message
from schemas.records import Audit, FailedAction
from schemas.topics import AUDIT, FAILED_ACTIONS

NOTE_LIMIT_CHARACTERS = 500
_STATE_LIMIT_CHARACTERS = 2000


def action_message(
    codec: Codec, failed_id: str, action: str, *, actor: str, at: datetime, plan: str = "", note: str = ""
) -> Message:
    """`action` is replayed, released, discarded or edited."""
    entry = FailedAction(failed_id=failed_id, action=action, actor=actor, at=at, plan=plan, note=_note(note))
    return Message(FAILED_ACTIONS, failed_id.encode(), codec.encode("failed_action", entry))


def audit_message(
    codec: Codec, action: str, subject: str, *, actor: str, at: datetime, note: str = "", before: str = "", after: str = "",
    correlation: str = "",
) -> Message:  # fmt: skip
    """One entry of the audit trail. `before` and `after` are masked by the caller; everything is cut to its limit."""
    entry = Audit(
        id=event_id("audit", f"{actor}/{action}/{subject}", at.isoformat()),
        actor=actor,
        action=action,
        subject=subject,
        before=before[:_STATE_LIMIT_CHARACTERS],
        after=after[:_STATE_LIMIT_CHARACTERS],
        note=_note(note),
        correlation=correlation,
        at=at,
    )
    return Message(AUDIT, subject.encode(), codec.encode("audit", entry))


def noted(
    codec: Codec,
    failed: Mapping[str, Any],
    action: str,
    verb: str,
    *,
    actor: str,
    at: datetime,
    plan: str = "",
    note: str = "",
) -> tuple[Message, Message]:
    """Both entries for one failed record. `verb` is the audit's word for `action`: replay, release, discard, edit."""
    return (
        action_message(codec, failed["id"], action, actor=actor, at=at, plan=plan, note=note),
        audit_message(
            codec, verb, failed["id"], actor=actor, at=at, note=note, before=failed["state"], after=action,
            correlation=failed["correlation"],
        ),
    )  # fmt: skip


def _note(text: str) -> str:
    return mask_text(text)[:NOTE_LIMIT_CHARACTERS]

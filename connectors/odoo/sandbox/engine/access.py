"""Access rights: rows of ir.model.access give groups rights on models; record rules are the models' own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.odoo.sandbox.engine.domains import compile_domain
from connectors.odoo.sandbox.errors import AccessError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env
    from connectors.odoo.sandbox.engine.model import Model

VERBS = {"read": "access", "write": "modify", "create": "create", "unlink": "delete"}
RULE_REFUSAL = (
    "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\n"
    "Sorry, {user} (id={uid}) doesn't have '{right}' access to:\n- {label} ({model})\n\n"
    "If you really, really need access, perhaps you can win over your friendly administrator "
    "with a batch of freshly baked cookies."
)


def has_right(env: Env, model: Model, right: str) -> bool:
    """right: read | write | create | unlink."""
    if right not in VERBS:
        raise ValueError(f"Invalid access mode {right!r}")
    if env.is_superuser:
        return True
    groups = env.row("res.users", env.uid)["groups_id"]
    table = env.table("ir.model.access")
    entries = (table.rows[one] for one in table.having("model", (model.name,)))
    return any(entry[f"perm_{right}"] and entry["group_id"] in (None, *groups) for entry in entries)


def require_right(env: Env, model: Model, right: str) -> None:
    """Raises AccessError."""
    if not has_right(env, model, right):
        raise AccessError(
            f"You are not allowed to {VERBS[right]} '{model.label}' ({model.name}) records.\n\n"
            "Contact your administrator to request access if necessary."
        )


def require_records(env: Env, model: Model, ids: Sequence[int], right: str) -> None:
    """The user's record rule, for those of `ids` that exist. Raises AccessError."""
    rule = None if env.is_superuser else model.rule(env)
    if not rule:
        return
    allowed = compile_domain(env, model, rule)
    rows = env.rows(model.name)
    if any(one in rows and not allowed(rows[one]) for one in ids):
        user = env.display("res.users", env.uid)
        raise AccessError(RULE_REFUSAL.format(user=user, uid=env.uid, right=right, label=model.label, model=model.name))

"""Automation rules (base.automation) with code actions, inside the transaction of the change; manual models (`x_...`).

Webhook actions are not played.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.code_actions import run_code
from connectors.odoo.sandbox.engine.fields import Row

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.base import ModelBase
    from connectors.odoo.sandbox.engine.database import Database
    from connectors.odoo.sandbox.engine.env import Env

ON_CHANGE = {True: ("on_create_or_write", "on_create"), False: ("on_create_or_write", "on_write")}


class Automations:
    """`make_model` builds a model from a row of ir.model and the rows of its ir.model.fields."""

    def __init__(self, make_model: Any) -> None:
        self._make_model = make_model

    def changed(self, env: Env, model: ModelBase, ids: Sequence[int], *, created: bool) -> None:
        self._run(env, model, ids, ON_CHANGE[created])

    def deleting(self, env: Env, model: ModelBase, ids: Sequence[int]) -> None:
        self._run(env, model, ids, ("on_unlink",))

    def _run(self, env: Env, model: ModelBase, ids: Sequence[int], triggers: tuple[str, ...]) -> None:
        rules = env.rows("base.automation")
        for rule in list(rules.values()) if rules else ():
            if rule["active"] and rule["trigger"] in triggers and self._watches(env, rule, model.name):
                for action in env.related("ir.actions.server", "base_automation_id", rule["id"]):
                    if action["state"] == "code":
                        run_code(env, action["code"] or "", model.name, ids)

    @staticmethod
    def _watches(env: Env, rule: Row, model: str) -> bool:
        return bool(env.value("ir.model", rule["model_id"], "model") == model)

    # ---- manual models

    def add_manual_model(self, db: Database, row: Row, fields: Iterable[Row]) -> None:
        model = self._make_model(row, list(fields))
        db.registry.add(model)
        db.add_table(model)

    def restore_manual_model(self, db: Database, row: Row, known: list[tuple[str, int, Row]]) -> None:
        """While a stored database is opened."""
        if row["state"] == "manual":
            fields = (one for model, _, one in known if model == "ir.model.fields" and one["model_id"] == row["id"])
            self.add_manual_model(db, row, fields)

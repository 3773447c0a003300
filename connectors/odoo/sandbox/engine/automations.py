"""Automation rules (base.automation) with code and webhook actions, inside the transaction of the change.

A rule runs once per write that Odoo makes internally, so several times per call; its own writes to the same record do not
start it again. Rows that SQL changes or deletes (merged quants, lines that go with their order) start nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.code_actions import run_code
from connectors.odoo.sandbox.engine.domains import compile_domain
from connectors.odoo.sandbox.engine.fields import Row
from connectors.odoo.sandbox.engine.webhooks import Webhooks, payload

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.base import ModelBase
    from connectors.odoo.sandbox.engine.env import Env

RULES = "base.automation"
ON_CREATE = ("on_create_or_write", "on_create")
ON_WRITE = ("on_create_or_write", "on_write", "on_archive", "on_unarchive")
ON_UNLINK = ("on_unlink",)
PLAYED = tuple(dict.fromkeys((*ON_CREATE, *ON_WRITE, *ON_UNLINK)))


class Automations:
    def __init__(self) -> None:
        self.webhooks = Webhooks()

    @staticmethod
    def there_are(env: Env) -> bool:
        return bool(env.rows(RULES))

    def created(self, env: Env, model: ModelBase, record_id: int) -> None:
        for rule in self._rules(env, model, ON_CREATE):
            self._start(env, model, rule, [record_id])

    def changed(self, env: Env, model: ModelBase, ids: Sequence[int], olds: Mapping[int, Row]) -> None:
        for rule in self._rules(env, model, ON_WRITE):
            watched = _watched(env, rule)
            hit = [one for one in ids if _is_hit(rule["trigger"], watched, olds[one], env.row(model.name, one))]
            self._start(env, model, rule, hit)

    def deleting(self, env: Env, model: ModelBase, ids: Sequence[int]) -> None:
        for rule in self._rules(env, model, ON_UNLINK):
            self._start(env, model, rule, ids)

    def _rules(self, env: Env, model: ModelBase, triggers: Sequence[str]) -> Iterator[Row]:
        if not self.there_are(env):
            return
        table = env.table(RULES)
        mine = env.table("ir.model").having("model", (model.name,))
        for one in list(table.having("model_id", list(mine))):
            rule = table.rows.get(one)
            if rule is not None and rule["active"] and rule["trigger"] in triggers:
                yield rule

    def _start(self, env: Env, model: ModelBase, rule: Row, ids: Sequence[int]) -> None:
        busy = env.tx.acting.setdefault(rule["id"], set())
        fresh = [one for one in _within(env, model, rule, ids) if (model.name, one) not in busy]
        if not fresh:
            return
        busy.update((model.name, one) for one in fresh)
        try:
            for action in env.related("ir.actions.server", "base_automation_id", rule["id"]):
                self._act(env, model, action, fresh)
        finally:
            busy.difference_update((model.name, one) for one in fresh)

    def _act(self, env: Env, model: ModelBase, action: Row, ids: Sequence[int]) -> None:
        if action["state"] == "code":
            run_code(env, action["code"] or "", model.name, ids)
        elif action["state"] == "webhook":
            for one in ids:
                self.webhooks.post(action["webhook_url"] or "", payload(env, action, model.name, one))


def _watched(env: Env, rule: Row) -> list[str]:
    """Names of the fields the rule is limited to; none = every write counts."""
    return [env.row("ir.model.fields", one)["name"] for one in rule["trigger_field_ids"]]


def _is_hit(trigger: str, watched: Sequence[str], old: Row, new: Row) -> bool:
    if trigger in ("on_archive", "on_unarchive"):
        return bool(old.get("active")) != bool(new.get("active")) and bool(new.get("active")) == (
            trigger == "on_unarchive"
        )
    return not watched or any(old.get(name) != new.get(name) for name in watched)


def _within(env: Env, model: ModelBase, rule: Row, ids: Sequence[int]) -> Sequence[int]:
    if not rule["filter_domain"]:
        return ids
    domain: Any = ast.literal_eval(rule["filter_domain"])
    test = compile_domain(env, model, domain)
    return [one for one in ids if test(env.row(model.name, one))]

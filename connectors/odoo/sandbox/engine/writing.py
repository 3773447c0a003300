"""create, write and unlink: conversion, defaults, x2many commands, references between models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.base import MAGIC, ModelBase, Values
from connectors.odoo.sandbox.engine.code_actions import compute
from connectors.odoo.sandbox.engine.commands import apply_to_children, linked_ids
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Row, empty, stored
from connectors.odoo.sandbox.errors import MissingError, ValidationError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env

ASKED_FOR_FIELD = "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n"
STILL_USED = (
    "The operation cannot be completed: another model requires the record being deleted. "
    "If possible, archive it instead."
)


class Writing(ModelBase):
    @exposed(records=False, right="create")
    def create(self, env: Env, vals_list: Any) -> Any:
        """A dictionary -> an id; a list of dictionaries -> ids in the order given."""
        if isinstance(vals_list, dict):
            return self.create_many(env, [vals_list])[0]
        return self.create_many(env, vals_list)

    @exposed()
    def write(self, env: Env, ids: list[int], vals: dict[str, Any]) -> bool:
        self.write_many(env, ids, vals)
        return True

    @exposed(right="unlink")
    def unlink(self, env: Env, ids: list[int]) -> bool:
        self.unlink_many(env, ids)
        return True

    # ---- create

    def create_many(self, env: Env, values: Iterable[Values]) -> list[int]:
        return [self._create_one(env, dict(one)) for one in values]

    def _create_one(self, env: Env, given: dict[str, Any]) -> int:
        self._refuse_unknown(given)
        own = self._with_parent_record(env, given) if self.inherits else given
        values = self.completed(env, self._with_defaults(env, own))
        record_id = env.db.next_id(self.name)
        stamps = {"create_date": env.tx.started, "write_date": env.tx.started, "create_uid": env.uid}
        row = {"id": record_id, **self.blank(), **self._stored(env, values), **stamps, "write_uid": env.uid}
        self._require(row)
        env.tx.put(self.name, record_id, row)
        self._apply_relations(env, record_id, values)
        self.created(env, record_id, given)
        self._compute(env, [record_id], None)
        self.check(env, env.row(self.name, record_id))
        env.db.automations.created(env, self, record_id)
        return record_id

    def _with_defaults(self, env: Env, given: dict[str, Any]) -> dict[str, Any]:
        values = {
            name: default(env) if callable(default) else default
            for name, default in self._defaults
            if name not in given
        }
        for key, value in env.context.items():
            name = key.removeprefix("default_")
            if name != key and name in self.all_fields and not self.all_fields[name].inherited:
                values[name] = value
        return {**values, **given}

    @property
    def _defaults(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] | None = self.known.get("defaults")
        if found is None:
            own = ((name, spec.default) for name, spec in self.all_fields.items() if not spec.inherited)
            found = self.known["defaults"] = [(name, default) for name, default in own if default is not None]
        return found

    def _with_parent_record(self, env: Env, given: dict[str, Any]) -> dict[str, Any]:
        """Values of inherited fields make (or go to) the record this one extends."""
        assert self.inherits is not None
        link, parent = self.inherits
        upper = {name: value for name, value in given.items() if self.all_fields[name].inherited}
        own = {name: value for name, value in given.items() if name not in upper}
        if own.get(link):
            if upper:
                env.write(parent, own[link], upper)
            return own
        return {**own, link: self.create_parent(env, parent, upper)}

    def create_parent(self, env: Env, parent: str, values: Values) -> int:
        return env.create(parent, values)

    # ---- write

    def write_many(self, env: Env, ids: Sequence[int], given: Values) -> None:
        self._refuse_unknown(given)
        olds = {one: env.row(self.name, one) for one in ids}
        if not ids:
            return
        values = self._without_parent_values(env, ids, dict(given)) if self.inherits else dict(given)
        values = self.changing(env, ids, values)
        plain = self._stored(env, values)
        stamp = {"write_date": env.tx.started, "write_uid": env.uid}
        for one in ids:
            row = {**env.row(self.name, one), **plain, **stamp}
            self._require(row)
            env.tx.put(self.name, one, row)
            self._apply_relations(env, one, values)
        self.changed(env, ids, values, olds)
        self._compute(env, ids, values)
        for one in ids:
            self.check(env, env.row(self.name, one))
        env.db.automations.changed(env, self, ids, olds)

    def _without_parent_values(self, env: Env, ids: Sequence[int], given: dict[str, Any]) -> dict[str, Any]:
        assert self.inherits is not None
        link, parent = self.inherits
        upper = {name: value for name, value in given.items() if self.all_fields[name].inherited}
        if upper:
            env.write(parent, list(dict.fromkeys(env.row(self.name, one)[link] for one in ids)), upper)
        return {name: value for name, value in given.items() if name not in upper}

    # ---- unlink

    def unlink_many(self, env: Env, ids: Sequence[int]) -> None:
        rows = [env.row(self.name, one) for one in dict.fromkeys(ids)]
        self.deleting(env, ids)
        env.db.automations.deleting(env, self, ids)
        for row in rows:
            if row["id"] in env.rows(self.name):
                release(env, self, row["id"])
                env.tx.put(self.name, row["id"], None)
                forget_external_ids(env, self.name, row["id"])
        self.deleted(env, rows)

    # ---- values

    def _refuse_unknown(self, given: Values) -> None:
        for name in given:
            if self.field(name) is None:
                raise ValueError(f"Invalid field {name!r} on model {self.name!r}")

    def blank(self) -> Row:
        """A row in which nothing was given."""
        found: Row | None = self.known.get("blank")
        if found is None:
            fields = self.all_fields.items()
            found = {name: empty(spec) for name, spec in fields if spec.in_row and name not in MAGIC}
            self.known["blank"] = found
        return dict(found)

    def _stored(self, env: Env, values: Values) -> Row:
        """The plain values; x2many and computed ones are left to _apply_relations."""
        row: Row = {}
        for name, value in values.items():
            spec = self.all_fields[name]
            if not spec.in_row or spec.to_many or name in MAGIC:
                continue
            row[name] = stored(self.name, name, spec, value)
            if spec.kind == "many2one" and row[name] and row[name] not in env.rows(spec.relation):
                raise MissingError(spec.relation, row[name], env.uid)
        return row

    def _compute(self, env: Env, ids: Sequence[int], written: Values | None) -> None:
        """Fields made by hand that Odoo computes: of a record just made (None), or those that depend on what was written."""
        for name, spec in self.computed:
            if written is None or not written.keys().isdisjoint(spec.depends):
                compute(env, spec.code, self.name, name, ids)

    @property
    def computed(self) -> list[tuple[str, Field]]:
        found: list[tuple[str, Field]] | None = self.known.get("computed")
        if found is None:
            fields = self.all_fields.items()
            found = self.known["computed"] = [(name, spec) for name, spec in fields if spec.code and not spec.inherited]
        return found

    def _require(self, row: Row) -> None:
        for name, spec in self.required:
            if row.get(name) is None:
                where = f"\nModel: {self.label} ({self.name})\nField: {spec.label or name} ({name})\n"
                raise ValidationError(ASKED_FOR_FIELD + where)

    @property
    def required(self) -> list[tuple[str, Field]]:
        found: list[tuple[str, Field]] | None = self.known.get("required")
        if found is None:
            names = self.all_fields.items()
            found = [(name, spec) for name, spec in names if spec.required and spec.in_row and not spec.to_many]
            self.known["required"] = found
        return found

    def _apply_relations(self, env: Env, record_id: int, values: Values) -> None:
        for name, value in values.items():
            spec = self.all_fields[name]
            if spec.compute is not None:
                if spec.assign is not None:
                    spec.assign(env, record_id, value)
            elif spec.kind == "one2many":
                apply_to_children(env, self.name, name, spec, record_id, value)
            elif spec.kind == "many2many":
                row = env.row(self.name, record_id)
                ids = linked_ids(env, self.name, name, spec, row.get(name) or [], value)
                env.tx.put(self.name, record_id, {**env.row(self.name, record_id), name: ids})


def release(env: Env, model: ModelBase, record_id: int) -> None:
    """What the database does with rows that name a deleted one: refuse, delete them too, or empty the field.

    Rows deleted this way keep their external ids, which dangle, as on a real server."""
    for other, name, spec in env.db.registry.references_to(model.name):
        for user in list(env.table(other.name).having(name, (record_id,))):
            if spec.on_delete == "cascade":
                release(env, other, user)
                env.tx.put(other.name, user, None)
            elif spec.on_delete == "restrict":
                constraint = f"{other.name.replace('.', '_')}_{name}_fkey"
                where = f"\n\nModel: {other.label} ({other.name})\nConstraint: {constraint}"
                raise ValidationError(STILL_USED + where)
            else:
                env.tx.put(other.name, user, {**env.row(other.name, user), name: None})


def forget_external_ids(env: Env, model: str, record_id: int) -> None:
    data = env.table("ir.model.data")
    for one in list(data.having("res_id", (record_id,))):
        if data.rows[one]["model"] == model:
            env.tx.put("ir.model.data", one, None)

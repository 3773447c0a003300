"""Commands on x2many fields: [0,0,{}] [1,id,{}] [2,id] [3,id] [4,id] [5] [6,0,ids]; lists work as well as tuples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.fields import Field
from connectors.odoo.sandbox.errors import MissingError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env

CREATE, UPDATE, DELETE, UNLINK, LINK, CLEAR, SET = range(7)
Command = tuple[int, Any, Any]


def commands_of(model: str, name: str, value: Any) -> Iterator[Command]:
    """Raises ValueError for what is no list of commands. Plain ids mean 'exactly these'."""
    if not value:
        return
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"Wrong value for {model}.{name}: {value!r}")  # noqa: TRY004 - as Odoo
    if all(isinstance(one, int) and not isinstance(one, bool) for one in value):
        yield SET, 0, list(value)
        return
    for one in value:
        if not isinstance(one, (list, tuple)) or not one or one[0] not in range(7):
            raise ValueError(f"Wrong value for {model}.{name}: {value!r}")
        padded = (*one, 0, 0)
        yield padded[0], padded[1], padded[2]


def linked_ids(env: Env, model: str, name: str, spec: Field, before: list[int], value: Any) -> list[int]:
    """many2many: the ids after the commands."""
    ids = list(before)
    for command, one, rest in commands_of(model, name, value):
        match command:
            case 0:
                ids.append(env.create(spec.relation, rest or {}))
            case 1:
                env.write(spec.relation, one, rest)
            case 2:
                env.unlink(spec.relation, [one])
                ids = [other for other in ids if other != one]
            case 3:
                ids = [other for other in ids if other != one]
            case 4:
                ids.append(one)
            case 5:
                ids = []
            case _:
                ids = list(rest or [])
    unique = list(dict.fromkeys(ids))
    for one in unique:
        if one not in env.rows(spec.relation):
            raise MissingError(spec.relation, one, env.uid)
    return unique


def apply_to_children(env: Env, model: str, name: str, spec: Field, parent: int, value: Any) -> None:
    """one2many: create, change, move and delete child rows."""
    for command, one, rest in commands_of(model, name, value):
        match command:
            case 0:
                fixed = {spec.fixed[0]: spec.fixed[1][0]} if spec.fixed else {}
                env.create(spec.relation, {**fixed, **(rest or {}), spec.inverse: parent})
            case 1:
                env.write(spec.relation, one, rest)
            case 2:
                env.unlink(spec.relation, [one])
            case 3:
                _let_go(env, spec, [one])
            case 4:
                env.write(spec.relation, one, {spec.inverse: parent})
            case 5:
                _let_go(env, spec, env.children(spec.relation, spec.inverse, parent, spec.fixed))
            case _:
                _exactly(env, spec, parent, list(rest or []))


def _let_go(env: Env, spec: Field, ids: list[int]) -> None:
    inverse = env[spec.relation].all_fields[spec.inverse]
    if inverse.on_delete in ("cascade", "restrict"):
        env.unlink(spec.relation, ids)
    else:
        env.write(spec.relation, ids, {spec.inverse: False})


def _exactly(env: Env, spec: Field, parent: int, wanted: list[int]) -> None:
    now = env.children(spec.relation, spec.inverse, parent, spec.fixed)
    _let_go(env, spec, [one for one in now if one not in wanted])
    env.write(spec.relation, [one for one in wanted if one not in now], {spec.inverse: parent})

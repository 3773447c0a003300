"""Code of server actions, as far as a change journal needs it. Interpreted, never executed: the text comes from outside.

Understood: ``for r in records: ...`` and calls ``env['model'].sudo().create({...})`` with constants, ``r.id``,
``r._name`` and fields of ``r``. Anything else raises ValueError, as an error inside a code action does.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env


@dataclass(frozen=True)
class _Record:
    model: str
    id: int


@dataclass(frozen=True)
class _Records:
    model: str
    ids: Sequence[int]


@dataclass(frozen=True)
class _Model:
    name: str


def run_code(env: Env, code: str, model: str, ids: Sequence[int]) -> None:
    names: dict[str, Any] = {"env": env, "records": _Records(model, ids), "model": _Model(model)}
    names["record"] = _Record(model, ids[0]) if ids else False
    try:
        for statement in ast.parse(code).body:
            _run(env, statement, names)
    except SyntaxError as error:
        raise ValueError(f"SyntaxError while evaluating a code action: {error}") from error


def _run(env: Env, statement: ast.stmt, names: dict[str, Any]) -> None:
    if isinstance(statement, ast.For) and isinstance(statement.target, ast.Name):
        over = _value(env, statement.iter, names)
        if isinstance(over, _Records):
            for one in over.ids:
                for inner in statement.body:
                    _run(env, inner, {**names, statement.target.id: _Record(over.model, one)})
            return
    elif isinstance(statement, ast.Expr):
        _value(env, statement.value, names)
        return
    raise _beyond(statement)


def _value(env: Env, node: ast.expr, names: dict[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() if node.id in names:
            return names[node.id]
        case ast.Dict():
            keys = [_value(env, key, names) for key in node.keys if key is not None]
            return dict(zip(keys, (_value(env, one, names) for one in node.values), strict=True))
        case ast.List():
            return [_value(env, one, names) for one in node.elts]
        case ast.Subscript(value=ast.Name(id="env")):
            return _Model(str(_value(env, node.slice, names)))
        case ast.Attribute():
            return _attribute(env, _value(env, node.value, names), node)
        case ast.Call(func=ast.Attribute()):
            return _call(env, node, names)
    raise _beyond(node)


def _attribute(env: Env, owner: Any, node: ast.Attribute) -> Any:
    if isinstance(owner, _Record):
        if node.attr in ("_name", "id"):
            return owner.model if node.attr == "_name" else owner.id
        value = env.value(owner.model, owner.id, node.attr) if node.attr in env[owner.model].all_fields else None
        return False if value is None else value
    raise _beyond(node)


def _call(env: Env, node: ast.Call, names: dict[str, Any]) -> Any:
    assert isinstance(node.func, ast.Attribute)
    owner = _value(env, node.func.value, names)
    if isinstance(owner, _Model) and node.func.attr == "sudo" and not node.args:
        return owner
    if isinstance(owner, _Model) and node.func.attr == "create" and len(node.args) == 1:
        values = _value(env, node.args[0], names)
        for one in values if isinstance(values, list) else [values]:
            env.create(owner.name, one)
        return None
    raise _beyond(node)


def _beyond(node: ast.AST) -> ValueError:
    return ValueError(f"while evaluating a code action: the sandbox does not play {ast.unparse(node)!r}")

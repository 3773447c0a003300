"""Code of server actions and of computed fields made by hand, as far as a change journal needs it.

Interpreted, never executed: the text comes from outside.

Understood: assignments, ``for``, ``if``, list comprehensions, comparisons, ``and or not``, ``+``, f-strings, and calls
``env['model'].sudo().with_context(...).create(...)`` with constants, ``r.id``, ``r._name``, ``records.ids`` and fields of
``r``; in code of a computed field ``r['field'] = ...``. Anything else raises ValueError, as an error inside a code action does.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.fields import stored

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env

Names = dict[str, Any]


@dataclass(frozen=True)
class _Record:
    model: str
    id: int


@dataclass(frozen=True)
class _Records:
    model: str
    ids: Sequence[int]

    def __bool__(self) -> bool:
        return bool(self.ids)


@dataclass(frozen=True)
class _Model:
    name: str


_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
    ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip


def run_code(env: Env, code: str, model: str, ids: Sequence[int]) -> None:
    """Raises ValueError for what the sandbox does not play, and what the writes raise."""
    names: Names = {"env": env, "records": _Records(model, ids), "model": _Model(model)}
    names["record"] = _Record(model, ids[0]) if ids else False
    try:
        _body(env, ast.parse(code.strip()).body, names)
    except SyntaxError as error:
        raise ValueError(f"SyntaxError while evaluating a code action: {error}") from error


def compute(env: Env, code: str, model: str, name: str, ids: Sequence[int]) -> None:
    """Work out the field `name` of these records: code `for record in self: record['name'] = ...`. Raises ValueError as `run_code`."""
    try:
        _body(env, ast.parse(code.strip()).body, {"env": env, "self": _Records(model, ids), "computed field": name})
    except SyntaxError as error:
        raise ValueError(f"SyntaxError while computing {model}.{name}: {error}") from error


def _body(env: Env, statements: Sequence[ast.stmt], names: Names) -> None:
    for statement in statements:
        _run(env, statement, names)


def _run(env: Env, statement: ast.stmt, names: Names) -> None:
    match statement:
        case ast.For(target=ast.Name(id=name)):
            for one in _each(statement.iter, _value(env, statement.iter, names)):
                names[name] = one
                _body(env, statement.body, names)
        case ast.If():
            _body(env, statement.body if _value(env, statement.test, names) else statement.orelse, names)
        case ast.Assign(targets=[ast.Name(id=name)]):
            names[name] = _value(env, statement.value, names)
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(field)))]):
            _compute(env, statement, names.get(name), field, names)
        case ast.Expr():
            _value(env, statement.value, names)
        case ast.Pass():
            pass
        case _:
            raise _beyond(statement)


def _compute(env: Env, statement: ast.Assign, record: Any, field: str, names: Names) -> None:
    """Only the field that is computed may be set."""
    if not isinstance(record, _Record) or field != names.get("computed field"):
        raise _beyond(statement)
    value = stored(record.model, field, env[record.model].all_fields[field], _value(env, statement.value, names))
    env.tx.put(record.model, record.id, {**env.row(record.model, record.id), field: value})


def _each(node: ast.AST, over: Any) -> Iterator[Any]:
    if isinstance(over, _Records):
        return iter([_Record(over.model, one) for one in over.ids])
    if isinstance(over, (list, tuple)):
        return iter(over)
    raise _beyond(node)


def _value(env: Env, node: ast.expr, names: Names) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() if node.id in names:
            return names[node.id]
        case ast.Dict():
            keys = [_value(env, key, names) for key in node.keys if key is not None]
            return dict(zip(keys, (_value(env, one, names) for one in node.values), strict=True))
        case ast.List() | ast.Tuple():
            return [_value(env, one, names) for one in node.elts]
        case ast.ListComp(generators=[ast.comprehension(target=ast.Name(id=name)) as part]):
            return list(_comprehended(env, node, part, name, names))
        case ast.Subscript(value=ast.Name(id="env")):
            return _Model(str(_value(env, node.slice, names)))
        case ast.JoinedStr():
            return "".join(str(_value(env, one, names)) for one in node.values)
        case ast.FormattedValue(conversion=-1, format_spec=None):
            return _value(env, node.value, names)
        case ast.Attribute():
            return _attribute(env, _value(env, node.value, names), node)
        case ast.Call(func=ast.Attribute()):
            return _call(env, node, names)
    return _reckoned(env, node, names)


def _reckoned(env: Env, node: ast.expr, names: Names) -> Any:
    match node:
        case ast.BoolOp(op=ast.And()):
            return all(_value(env, one, names) for one in node.values)
        case ast.BoolOp():
            return any(_value(env, one, names) for one in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return not _value(env, node.operand, names)
        case ast.IfExp():
            return _value(env, node.body if _value(env, node.test, names) else node.orelse, names)
        case ast.BinOp(op=ast.Add()):
            return _value(env, node.left, names) + _value(env, node.right, names)
        case ast.Compare(ops=[how]) if type(how) in _COMPARE:
            return _COMPARE[type(how)](_value(env, node.left, names), _value(env, node.comparators[0], names))
    raise _beyond(node)


def _comprehended(env: Env, node: ast.ListComp, part: ast.comprehension, name: str, names: Names) -> Iterator[Any]:
    for one in _each(part.iter, _value(env, part.iter, names)):
        inner = {**names, name: one}
        if all(_value(env, test, inner) for test in part.ifs):
            yield _value(env, node.elt, inner)


def _attribute(env: Env, owner: Any, node: ast.Attribute) -> Any:
    if isinstance(owner, (_Record, _Records)) and node.attr == "_name":
        return owner.model
    if isinstance(owner, _Model) and node.attr == "_name":
        return owner.name
    if isinstance(owner, _Records) and node.attr == "ids":
        return list(owner.ids)
    if isinstance(owner, _Record):
        if node.attr in ("id", "ids"):
            return owner.id if node.attr == "id" else [owner.id]
        value = env.value(owner.model, owner.id, node.attr) if node.attr in env[owner.model].all_fields else None
        return False if value is None else value
    raise _beyond(node)


def _call(env: Env, node: ast.Call, names: Names) -> Any:
    assert isinstance(node.func, ast.Attribute)
    owner, method = _value(env, node.func.value, names), node.func.attr
    if isinstance(owner, (_Model, _Record, _Records)) and method in ("sudo", "with_context"):
        return owner
    if isinstance(owner, _Model) and method == "create" and len(node.args) == 1:
        values = _value(env, node.args[0], names)
        for one in values if isinstance(values, list) else [values]:
            env.create(owner.name, one)
        return None
    raise _beyond(node)


def _beyond(node: ast.AST) -> ValueError:
    return ValueError(f"while evaluating a code action: the sandbox does not play {ast.unparse(node)!r}")

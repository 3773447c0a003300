"""Search domains: prefix notation with '&' '|' '!', leaves (path, operator, value), compiled to a test of rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.fields import Field, Row

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.base import ModelBase
    from connectors.odoo.sandbox.engine.env import Env

Test = Callable[[Row], bool]
LIKES = ("like", "ilike", "not like", "not ilike", "=like", "=ilike")
OPERATORS = (
    "=",
    "!=",
    "<>",
    "==",
    "<",
    ">",
    "<=",
    ">=",
    "in",
    "not in",
    "=?",
    "child_of",
    "parent_of",
    "any",
    "not any",
)
_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def compile_domain(env: Env, model: ModelBase, domain: Any) -> Test:
    """Raises AssertionError (no list), ValueError (unknown field or operator)."""
    return _all([_test(env, model, term) for term in parse(domain)])


def parse(domain: Any) -> list[Any]:
    """The terms joined by 'and' at the top: leaves as tuples, ("|", a, b), ("&", a, b), ("!", a)."""
    assert isinstance(domain, (list, tuple)), "Domains to normalize must have a 'domain' form: a list or tuple"
    stack: list[Any] = []
    for term in reversed(domain):
        if isinstance(term, str) and term in ("&", "|", "!"):
            wanted = 1 if term == "!" else 2
            if len(stack) < wanted:
                raise ValueError(f"Domain {list(domain)!r} is malformed: operator {term!r} lacks an operand")
            stack.append((term, *(stack.pop() for _ in range(wanted))))
        else:
            stack.append(_leaf(term))
    return stack[::-1]


def _leaf(token: Any) -> tuple[Any, str, Any]:
    if not isinstance(token, (list, tuple)) or len(token) != 3:
        raise ValueError(f"Invalid leaf {token!r}")
    path, operator, value = token
    if not isinstance(operator, str) or operator.lower() not in (*OPERATORS, *LIKES):
        raise ValueError(f"Invalid operator {operator!r} in leaf {tuple(token)!r}")
    plain = {"<>": "!=", "==": "="}.get(operator, operator.lower())
    return path, plain, value


def candidates(env: Env, model: ModelBase, terms: Sequence[Any]) -> Iterable[int] | None:
    """The rows an index allows, from the '=' and 'in' leaves at the top; None = every row."""
    best: list[int] | None = None
    for term in terms:
        if len(term) != 3 or term[0] in ("&", "|") or term[1] not in ("=", "in"):
            continue
        found = _by_index(env, model, term[0], term[2] if term[1] == "in" else [term[2]])
        if found is not None and (best is None or len(found) < len(best)):
            best = found
    return best


def _by_index(env: Env, model: ModelBase, field: Any, values: Any) -> list[int] | None:
    table = env.table(model.name)
    if not isinstance(values, (list, tuple)) or any(not v or isinstance(v, (bool, list, tuple)) for v in values):
        return None
    if field == "id":
        return [one for one in dict.fromkeys(values) if one in table.rows]
    if field not in table.indexes or (model.all_fields[field].relation and not all(isinstance(v, int) for v in values)):
        return None
    return list(dict.fromkeys(table.having(field, values)))


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda row: all(test(row) for test in tests)


def _test(env: Env, model: ModelBase, term: Any) -> Test:
    if term[0] == "!":
        inner = _test(env, model, term[1])
        return lambda row: not inner(row)
    if term[0] in ("&", "|") and not isinstance(term[1], str):
        left, right = _test(env, model, term[1]), _test(env, model, term[2])
        if term[0] == "&":
            return lambda row: left(row) and right(row)
        return lambda row: left(row) or right(row)
    path, operator, value = term
    if path in (0, 1) and value == 1:
        return lambda row: (path == 1) == (operator == "=")
    return _leaf_test(env, model, path, operator, value)


def _leaf_test(env: Env, model: ModelBase, path: Any, operator: str, value: Any) -> Test:
    head, _, rest = str(path).partition(".")
    spec = model.field(head)
    if spec is None:
        raise ValueError(f"Invalid field {model.name}.{head} in leaf ({path!r}, {operator!r}, {value!r})")
    get = env.getter(model.name, head)
    if rest and not spec.relation:
        raise ValueError(f"Invalid field {model.name}.{path} in leaf ({path!r}, {operator!r}, {value!r})")
    if spec.relation:
        ids = _ids_getter(spec, get)
        if rest:
            return _through(env, spec, ids, _leaf_test(env, env[spec.relation], rest, operator, value))
        return _relation_test(env, spec, ids, operator, value)
    if operator in ("child_of", "parent_of"):
        family = set(_family(env, model.name, _as_list(value), upward=operator == "parent_of"))
        return lambda row: row["id"] in family
    return _scalar_test(spec, get, operator, value)


def _ids_getter(spec: Field, get: Callable[[Row], Any]) -> Callable[[Row], Sequence[int]]:
    if spec.to_many:
        return get
    return lambda row: [found] if (found := get(row)) else []


def _through(env: Env, spec: Field, ids: Callable[[Row], Sequence[int]], test: Test) -> Test:
    rows = env.rows(spec.relation)
    return lambda row: any(test(rows[one]) for one in ids(row) if one in rows)


def _relation_test(env: Env, spec: Field, ids: Callable[[Row], Sequence[int]], operator: str, value: Any) -> Test:
    if operator in ("any", "not any"):
        inner = _through(env, spec, ids, compile_domain(env, env[spec.relation], value))
        return inner if operator == "any" else lambda row: not inner(row)
    if operator == "=?" and not value:
        return lambda row: True
    if operator in _ORDERINGS:
        compare = _ORDERINGS[operator]
        return lambda row: any(compare(one, value) for one in ids(row))
    positive, wanted, empty_too = _wanted(env, spec, operator, value)

    def test(row: Row) -> bool:
        found = ids(row)
        hit = any(one in wanted for one in found) or (empty_too and not found)
        return hit if positive else not hit

    return test


def _wanted(env: Env, spec: Field, operator: str, value: Any) -> tuple[bool, set[int], bool]:
    """(whether the operator is positive, the ids it speaks of, whether it speaks of 'empty' too)"""
    if operator in LIKES or isinstance(value, str):
        test = like_test(operator if operator in LIKES else "=ilike", value)
        named = {i for i, row in env.rows(spec.relation).items() if test(env[spec.relation].display_name(env, row))}
        return not operator.startswith(("not", "!")), named, False
    values = _as_list(value)
    if operator in ("child_of", "parent_of"):
        return True, set(_family(env, spec.relation, values, upward=operator == "parent_of")), False
    texts = [one for one in values if isinstance(one, str)]
    ids = {one for one in values if isinstance(one, int) and not isinstance(one, bool) and one}
    if texts:
        rows = env.rows(spec.relation)
        ids |= {i for i, row in rows.items() if env[spec.relation].display_name(env, row) in texts}
    empty_too = any(one is False or one is None for one in values)
    return operator in ("=", "in", "=?"), ids, empty_too


def _family(env: Env, model: str, ids: list[Any], *, upward: bool) -> list[int]:
    """The records and all below (or above) them."""
    link, seen, todo = env[model].parent_field, dict.fromkeys(ids), list(ids)
    while todo:
        one = todo.pop()
        step = [env.value(model, one, link)] if upward else list(env.table(model).having(link, (one,)))
        for other in step:
            if other and other not in seen:
                seen[other] = None
                todo.append(other)
    return list(seen)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _scalar_test(spec: Field, get: Callable[[Row], Any], operator: str, value: Any) -> Test:
    if operator == "=?":
        if value is None or value is False:
            return lambda row: True
        operator = "="
    if operator in LIKES:
        return _over_text(get, operator, value)
    norm = _normaliser(spec)
    if operator in _ORDERINGS:
        compare, bound = _ORDERINGS[operator], norm(value)
        if bound is None:
            return lambda row: False
        return lambda row: (found := norm(get(row))) is not None and compare(found, bound)
    if operator in ("in", "not in") and isinstance(value, bool):
        value = [value]
    wanted = {norm(one) for one in (_as_list(value) if operator in ("in", "not in") else [value])}
    positive = operator in ("=", "in")
    return lambda row: (norm(get(row)) in wanted) == positive


def _normaliser(spec: Field) -> Callable[[Any], Any]:
    """Maps a stored value and a value of a domain to something comparable; empty becomes None (or False, 0)."""
    if spec.kind == "boolean":
        return bool
    if spec.kind in ("float", "monetary", "integer", "many2one_reference"):
        return lambda value: float(value or 0)
    if spec.kind == "datetime":
        return _moment
    return lambda value: None if value is None or value is False else str(value)


def _moment(value: Any) -> str | None:
    """To the microsecond, as PostgreSQL compares; a `T`, a `Z` and fractions are accepted in domains."""
    if not value:
        return None
    if isinstance(value, str) and len(value) == 26 and value[10] == " ":
        return value
    text = str(value).replace("T", " ").rstrip("Z")
    text = f"{text} 00:00:00" if len(text) == 10 else text
    return f"{text}.000000" if len(text) == 19 else text.ljust(26, "0")


def _over_text(get: Callable[[Row], Any], operator: str, value: Any) -> Test:
    test, negative = like_test(operator, value), operator.startswith("not")

    def on_row(row: Row) -> bool:
        found = get(row)
        hit = found not in (None, False) and test(str(found))
        return hit != negative

    return on_row


_MANY = "\0"  # no text of PostgreSQL has it


def like_test(operator: str, value: Any) -> Callable[[str], bool]:
    """SQL's LIKE without its negation: `%` any text, `_` any character; =like takes the pattern as it is.

    What stands between two `%` is found where it comes first, and that is final (atomic groups), as in PostgreSQL: tried at every place, a pattern
    of twenty `%` would take for ever.
    """
    text = "" if value is None or value is False else str(value)
    pattern = text if operator.startswith("=") else f"%{text}%"
    first, *rest = re.sub(r"\\(.)|(%)|(_)|(.)", _translated, pattern, flags=re.DOTALL).split(_MANY)
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1])
    translated = f"{first}{middle}.*{rest[-1]}" if rest else first
    compiled = re.compile(translated, re.DOTALL | (re.IGNORECASE if "ilike" in operator else 0))
    return lambda found: compiled.fullmatch(found) is not None


def _translated(match: re.Match[str]) -> str:
    escaped, many, one, plain = match.groups()
    if many:
        return _MANY
    return "." if one else re.escape(escaped or plain)

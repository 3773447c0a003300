"""`order` of searches: "city desc, name asc". Empty values come last, and first when descending (as in PostgreSQL).

A many2one is ordered by its own model's order, so lines by order_id come newest order first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.fields import Row

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.base import ModelBase
    from connectors.odoo.sandbox.engine.env import Env

_DIRECTIONS = {"asc": False, "desc": True}
Key = tuple[Callable[[Row], Any], bool]


def parse_order(order: str) -> list[tuple[str, bool]]:
    """[(field, descending)]. Raises ValueError."""
    terms = []
    for term in order.split(","):
        words = term.split()
        if not words or len(words) > 2 or words[-1].lower() not in (*_DIRECTIONS, words[0].lower()):
            raise ValueError(f'Invalid "order" specified ({order}). A valid "order" specification is a list of fields')
        terms.append((words[0], len(words) == 2 and _DIRECTIONS[words[1].lower()]))
    return terms


def sort_ids(env: Env, model: ModelBase, ids: Iterable[int], order: str) -> list[int]:
    rows = env.rows(model.name)
    found = [rows[one] for one in ids]
    for key, descending in reversed(_keys(env, model, order, reverse=False)):
        found.sort(key=key, reverse=descending)
    return [row["id"] for row in found]


def _keys(env: Env, model: ModelBase, order: str, *, reverse: bool) -> list[Key]:
    keys: list[Key] = []
    for name, descending in parse_order(order):
        spec = model.field(name.partition(":")[0])
        if spec is None:
            raise ValueError(f"Invalid field {name!r} on model {model.name!r}")
        if not spec.sortable or spec.kind == "one2many":
            raise ValueError(f"Cannot convert {model.name}.{name} to SQL because it is not stored")
        if spec.kind == "many2one" and spec.relation != model.name:
            keys += _keys_of_target(env, model, name, spec.relation, reverse=reverse != descending)
        else:
            keys.append((_sortable(env.getter(model.name, name)), reverse != descending))
    return keys


def _keys_of_target(env: Env, model: ModelBase, name: str, relation: str, *, reverse: bool) -> list[Key]:
    getter, rows = env.getter(model.name, name), env.rows(relation)
    target = env[relation]
    if any(env[relation].all_fields[term].kind == "many2one" for term, _ in parse_order(target.order)):
        return [(_sortable(getter), reverse)]

    def through(inner: Callable[[Row], Any]) -> Callable[[Row], Any]:
        def key(row: Row) -> Any:
            found = rows.get(getter(row) or 0)
            return (True, "") if found is None else inner(found)

        return key

    return [(through(key), descending) for key, descending in _keys(env, target, target.order, reverse=reverse)]


def _sortable(getter: Callable[[Row], Any]) -> Callable[[Row], tuple[bool, Any]]:
    def key(row: Row) -> tuple[bool, Any]:
        value = getter(row)
        return (True, "") if value is None else (False, value)

    return key

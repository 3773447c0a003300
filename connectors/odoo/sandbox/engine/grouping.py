"""read_group: counts and sums per value of one or more fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.fields import Row
from connectors.odoo.sandbox.engine.ordering import parse_order, sort_ids

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env
    from connectors.odoo.sandbox.engine.model import Model

NUMERIC = ("integer", "float", "monetary")
_SUMS: dict[str, Callable[[list[Any]], Any]] = {
    "sum": sum,
    "avg": lambda values: sum(values) / len(values) if values else False,
    "min": lambda values: min(values, default=False),
    "max": lambda values: max(values, default=False),
    "count": len,
    "count_distinct": lambda values: len(set(values)),
    "array_agg": list,
}


def read_group(
    env: Env,
    model: Model,
    domain: Any,
    fields: Sequence[str],
    groupby: Sequence[str],
    orderby: str | None,
    *,
    lazy: bool,
) -> list[Row]:
    """One row per group with the group's values, the sums asked for, its size and its domain."""
    by = list(groupby[:1] if lazy else groupby)
    groups: dict[tuple[Any, ...], list[Row]] = {}
    getters = [_grouper(env, model, term) for term in by]
    for record_id in model.visible_ids(env, domain, order="id"):
        row = env.rows(model.name)[record_id]
        groups.setdefault(tuple(get(row) for get in getters), []).append(row)
    if not by and not groups:
        groups[()] = []
    asked = [found for name in fields if (found := _sum(model, name, by)) is not None]
    sums = [(name, _SUMS[how], env.getter(model.name, field)) for name, how, field in asked]
    label = cache(lambda term, value: _shown(env, model, term, value))
    count = f"{by[0].partition(':')[0]}_count" if lazy and by else "__count"
    answers = []
    for key in _sorted_keys(env, model, by, list(groups)):
        answer: Row = {term: label(term, value) for term, value in zip(by, key, strict=True)}
        for name, add_up, get in sums:
            values = [value for row in groups[key] if (value := get(row)) is not None]
            answer[name] = _tidy(add_up(values))
        answer[count] = len(groups[key])
        answer["__domain"] = _and(domain, [_leaf(model, term, value) for term, value in zip(by, key, strict=True)])
        if lazy and len(groupby) > 1:
            answer["__context"] = {"group_by": list(groupby[1:])}
        answers.append(answer)
    return _ordered(answers, orderby)


def _grouper(env: Env, model: Model, term: str) -> Callable[[Row], Any]:
    name, _, period = term.partition(":")
    spec = model.field(name)
    if spec is None or spec.kind == "one2many":
        raise ValueError(f"Invalid field {name!r} on model {model.name!r}")
    get = env.getter(model.name, name)
    if spec.kind in ("date", "datetime"):
        return lambda row: _start(get(row), period or "month")
    if spec.kind == "many2many":
        return lambda row: next(iter(get(row)), None)
    return get


def _start(value: str | None, period: str) -> str | None:
    """First day of the period a date lies in."""
    if value is None:
        return None
    day = date.fromisoformat(value[:10])
    match period:
        case "day":
            return day.isoformat()
        case "week":
            return (day - timedelta(days=day.weekday())).isoformat()
        case "month":
            return day.replace(day=1).isoformat()
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1).isoformat()
        case "year":
            return day.replace(month=1, day=1).isoformat()
    raise ValueError(f"Invalid date granularity {period!r}")


def _sum(model: Model, term: str, by: list[str]) -> tuple[str, str, str] | None:
    """(name in the answer, function, field); None for the count and for fields that have no sum."""
    name, _, how = term.partition(":")
    if "(" in how:  # "total:sum(amount_total)"
        how, _, inner = how.rstrip(")").partition("(")
        return name, how, inner
    if name == "__count" or name in (term.partition(":")[0] for term in by):
        return None
    spec = model.field(name)
    if spec is None or how not in ("", *_SUMS):
        raise ValueError(f"Invalid field {name!r} on model {model.name!r}")
    if not how and (spec.kind not in NUMERIC or name == "id"):
        return None
    return name, how or "sum", name


def _tidy(value: Any) -> Any:
    return round(value, 10) if isinstance(value, float) else value


def _sorted_keys(env: Env, model: Model, by: list[str], keys: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    for position in reversed(range(len(by))):
        spec = model.all_fields[by[position].partition(":")[0]]
        rank: dict[Any, int] = {}
        if spec.relation:
            target = env[spec.relation]
            ids = [key[position] for key in keys if key[position]]
            rank = {one: index for index, one in enumerate(sort_ids(env, target, set(ids), target.order))}
        keys.sort(key=partial(_rank, position, rank))
    return keys


def _rank(position: int, rank: dict[Any, int], key: tuple[Any, ...]) -> tuple[bool, Any]:
    value = key[position]
    return (True, 0) if value is None else (False, rank.get(value, value))


def _shown(env: Env, model: Model, term: str, value: Any) -> Any:
    name, _, period = term.partition(":")
    spec = model.all_fields[name]
    if value is None:
        return False
    if spec.relation:
        return [value, env.display(spec.relation, value)]
    if spec.kind in ("date", "datetime"):
        return _period_label(value, period or "month")
    return value


def _period_label(start: str, period: str) -> str:
    day = date.fromisoformat(start)
    match period:
        case "day":
            return day.strftime("%d %b %Y")
        case "week":
            return f"W{day.isocalendar().week} {day.isocalendar().year}"
        case "quarter":
            return f"Q{(day.month - 1) // 3 + 1} {day.year}"
        case "year":
            return str(day.year)
    return day.strftime("%B %Y")


def _leaf(model: Model, term: str, value: Any) -> list[Any]:
    name, _, period = term.partition(":")
    if value is None or model.all_fields[name].kind not in ("date", "datetime"):
        return [name, "=", False if value is None else value]
    return [name, ">=", value] if period != "day" else [name, "=", value]


def _and(domain: Any, leaves: list[Any]) -> list[Any]:
    return [*leaves, *domain]


def _ordered(answers: list[Row], orderby: str | None) -> list[Row]:
    for name, descending in reversed(parse_order(orderby)) if orderby else ():
        if answers and name in answers[0] and not isinstance(answers[0][name], list):
            answers.sort(key=partial(_by_field, name), reverse=descending)
    return answers


def _by_field(name: str, row: Row) -> tuple[bool, Any]:
    return row[name] is False, row[name] or 0

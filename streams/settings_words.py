"""Problems that pydantic found, in our words: where it was said, what is wrong with it, what was probably meant. Never a value: it may be secret."""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from streams.settings_places import Key, Said, likely, variable_of

_TABLES = {"dict_type", "model_type", "model_attributes_type"}
_LISTS = {"list_type", "tuple_type", "set_type"}


def in_words(error: ValidationError, said: Said, root: type[BaseModel], start: Key = ()) -> list[str]:
    """One line for each problem. `start`: where `root` stands in the configuration. A rule about several settings names them itself."""
    return [_line(item, said, root, start) for item in error.errors(include_url=False, include_input=False)]


def _line(item: ErrorDetails, said: Said, root: type[BaseModel], start: Key) -> str:
    inside: Key = tuple(part for part in item["loc"] if part != "[key]")
    text = item["msg"].removeprefix("Value error, ")
    if not inside:
        return f"  {text}"
    key = (*start, *inside)
    where = said.place(key, to_set=item["type"] == "missing")
    if item["type"] == "extra_forbidden":
        text = f"there is no such setting{likely(str(inside[-1]), _names(root, inside[:-1]))}"
    elif item["type"] in _TABLES | _LISTS and where == variable_of(key):
        text = f"want {_json(item['type'])}{_meaning(root, inside)}"
    return f"  {where}: {text}"


def _json(kind: str) -> str:
    return 'a JSON list, ["a", "b"]' if kind in _LISTS else 'a JSON table, {"name": ...}'


def _meaning(root: type[BaseModel], key: Key) -> str:
    """What the settings class says of it."""
    about = ""
    kind: Any = root
    for part in key:
        kind = _plain(kind)
        field = kind.model_fields.get(str(part)) if isinstance(kind, type) and issubclass(kind, BaseModel) else None
        about = (field.description or "") if field else about
        kind = _inner(kind, part)
    return f": {about}" if about else ""


def _names(root: type[BaseModel], key: Key) -> list[str]:
    """The settings there are at that place."""
    kind: Any = root
    for part in key:
        kind = _inner(_plain(kind), part)
    kind = _plain(kind)
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _inner(kind: Any, part: str | int) -> Any:
    """The type of what lies one step further in; None where nothing is known of it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field: FieldInfo | None = kind.model_fields.get(str(part))
        return field.annotation if field else None
    args = get_args(kind)
    if get_origin(kind) is dict:
        return args[1]
    return args[0] if args else None


def _plain(kind: Any) -> Any:
    """Without Annotated and `| None`."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        return next((_plain(one) for one in get_args(kind) if one is not type(None)), None)
    return kind

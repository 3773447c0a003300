"""Fields of a model: what they are, and how a value from the wire becomes a stored value.

Stored values: text as str, numbers as int or float, dates and times as text in UTC, many2one as an id, many2many as a
list of ids; empty is None, except numbers (0) and booleans (False). one2many is not stored: the child's many2one is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env

Row = dict[str, Any]
Kind = Literal[
    "char", "text", "html", "integer", "float", "monetary", "boolean", "date", "datetime", "selection",
    "binary", "json", "many2one", "one2many", "many2many", "many2one_reference",
]  # fmt: skip
Compute = Callable[["Env", Row], Any]
Assign = Callable[["Env", int, Any], None]
DATETIME = "%Y-%m-%d %H:%M:%S"
DATE = "%Y-%m-%d"
_WHOLE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Field:
    """default: a stored value or a function of the environment. compute: not kept in the row, worked out when read.
    assign: makes a computed field writable. sortable: Odoo stores it, so it may stand in `order`.
    ondelete: what happens to the row when the record a many2one names is deleted.
    fixed: of a one2many: (field of the child, values it may have); a child made through it gets the first.
    code: of a field made by hand that Odoo computes and stores; worked out when a record is made and when a field of `depends` is written."""

    kind: Kind
    label: str = ""
    relation: str = ""
    inverse: str = ""
    required: bool = False
    selection: tuple[tuple[str, str], ...] = ()
    digits: int | None = None
    default: Any = None
    compute: Compute | None = None
    assign: Assign | None = None
    sortable: bool = True
    index: bool = False
    ondelete: Literal["", "restrict", "cascade", "set null"] = ""
    inherited: bool = False
    fixed: tuple[str, tuple[Any, ...]] | None = None
    code: str = ""
    depends: tuple[str, ...] = ()

    @property
    def in_row(self) -> bool:
        return self.compute is None and self.kind != "one2many"

    @property
    def to_many(self) -> bool:
        return self.kind in ("one2many", "many2many")

    @property
    def on_delete(self) -> str:
        return self.ondelete or ("restrict" if self.required else "set null")


Fields = Mapping[str, Field]


def choice(*options: str, label: str = "", **more: Any) -> Field:
    """A selection; options are "value" or "value=Label"."""
    pairs = tuple(_option(option) for option in options)
    return Field("selection", label, selection=pairs, **more)


def _option(option: str) -> tuple[str, str]:
    value, _, label = option.partition("=")
    return value, label or value.replace("_", " ").capitalize()


def many2one(relation: str, label: str = "", **more: Any) -> Field:
    return Field("many2one", label, relation, **more)


def one2many(relation: str, inverse: str, label: str = "", **more: Any) -> Field:
    return Field("one2many", label, relation, inverse, **more)


def many2many(relation: str, label: str = "", **more: Any) -> Field:
    return Field("many2many", label, relation, **more)


def derived(kind: Kind, compute: Compute, label: str = "", *, sortable: bool = False, **more: Any) -> Field:
    return Field(kind, label, compute=compute, sortable=sortable, **more)


def rounded(value: float, digits: int) -> float:
    """Half away from zero, on the decimal digits one sees (as Odoo's float_round does within its epsilon)."""
    return float(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def stored(model: str, name: str, spec: Field, value: Any) -> Any:
    """A value from the wire -> the stored value. Not for x2many. Raises ValueError as a real server does."""
    return _CONVERTERS[spec.kind](model, name, spec, value)


def _text(model: str, name: str, spec: Field, value: Any) -> Any:
    return None if value is None or value is False else str(value)


def _html(model: str, name: str, spec: Field, value: Any) -> Any:
    text = _text(model, name, spec, value)
    if text is None or re.match(r"\s*<\w+", text):
        return text
    return f"<p>{escape(text, quote=False)}</p>" if text else text


def _json(model: str, name: str, spec: Field, value: Any) -> Any:
    return value or None


def _integer(model: str, name: str, spec: Field, value: Any) -> Any:
    number = int(value or 0)
    if abs(number) > 2**31 - 1:
        raise ValueError(f"integer out of range: {model}.{name}")
    return number


def _number(model: str, name: str, spec: Field, value: Any) -> Any:
    number = float(value or 0.0)
    if not math.isfinite(number):
        raise ValueError(f"Wrong value for {model}.{name}: {value!r}")
    digits = 2 if spec.kind == "monetary" else spec.digits
    return number if digits is None else rounded(number, digits)


def _boolean(model: str, name: str, spec: Field, value: Any) -> Any:
    return bool(value)


def _date(model: str, name: str, spec: Field, value: Any) -> Any:
    if not value:
        return None
    return datetime.strptime(str(value)[:10], DATE).strftime(DATE)  # noqa: DTZ007 - a plain day


def _datetime(model: str, name: str, spec: Field, value: Any) -> Any:
    """`T`, `Z` and fractions are refused; a shorter text is matched against the front of the format."""
    if not value:
        return None
    text = str(value)
    if _WHOLE.fullmatch(text):
        datetime.fromisoformat(text)
        return text
    return datetime.strptime(text, DATETIME[: len(text) - 2]).strftime(DATETIME)  # noqa: DTZ007 - Odoo's UTC


def _selection(model: str, name: str, spec: Field, value: Any) -> Any:
    if value is None or value is False:
        return None
    if not any(value == known for known, _ in spec.selection):
        raise ValueError(f"Wrong value for {model}.{name}: {value!r}")
    return value


def _many2one(model: str, name: str, spec: Field, value: Any) -> Any:
    if isinstance(value, (list, tuple)) and value:
        value = value[0]
    if not value:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"Wrong value for {model}.{name}: {value!r}")  # noqa: TRY004 - as Odoo
    return value


_CONVERTERS: dict[Kind, Callable[[str, str, Field, Any], Any]] = {
    "char": _text, "text": _text, "html": _html, "binary": _text, "json": _json, "integer": _integer, "many2one_reference": _integer,
    "float": _number, "monetary": _number, "boolean": _boolean, "date": _date, "datetime": _datetime,
    "selection": _selection, "many2one": _many2one,
}  # fmt: skip


def empty(spec: Field) -> Any:
    """What a row holds where nothing was given."""
    if spec.kind in ("float", "monetary"):
        return 0.0
    if spec.kind in ("integer", "many2one_reference"):
        return 0
    if spec.kind == "boolean":
        return False
    return [] if spec.kind == "many2many" else None


def shown(spec: Field, value: Any) -> Any:
    """A stored value -> what read() answers; many2one and one2many are shown by the reader."""
    if value is None:
        return False
    if spec.kind == "datetime":
        return value[:19]
    return value

"""What a model says about itself, and the hooks through which it takes part in create, write and unlink."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, derived, many2one

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env

Values = Mapping[str, Any]
Olds = Mapping[int, Row]


class ModelBase:
    """One object per model; records are rows, methods get their ids."""

    name: ClassVar[str]
    label: ClassVar[str]
    order: ClassVar[str] = "id"
    rec_name: ClassVar[str] = "name"
    parent_field: ClassVar[str] = "parent_id"
    fields: ClassVar[Fields] = {}
    # Field naming the record this one extends, as product.product extends product.template: (field, model).
    inherits: ClassVar[tuple[str, str] | None] = None
    manual: ClassVar[bool] = False

    def __init__(self) -> None:
        self.all_fields: dict[str, Field] = {**STANDARD_FIELDS, **self.fields}
        self.known: dict[str, Any] = {}  # what follows from the fields, worked out once
        self.custom: set[str] = set()  # names of fields that were added over RPC

    def field(self, name: str) -> Field | None:
        """The field of this name, as far as clients may name it: those that begin with `_` are the sandbox's own."""
        return None if name.startswith("_") else self.all_fields.get(name)

    @property
    def field_names(self) -> list[str]:
        return [name for name in self.all_fields if not name.startswith("_")]

    # ---- hooks

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        """Fill in what follows from other values; `values` has the plain defaults already. Before create."""
        return values

    def created(self, env: Env, record_id: int, given: Values) -> None:
        """After the row and its children were made."""

    def changing(self, env: Env, ids: Sequence[int], values: dict[str, Any]) -> dict[str, Any]:
        """Before a write; may refuse."""
        return values

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        """After a write."""

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        """Before unlink; may refuse."""

    def deleted(self, env: Env, rows: Sequence[Row]) -> None:
        """After unlink."""

    def check(self, env: Env, row: Row) -> None:
        """Constraints, after create and write. Raises ValidationError."""

    def rule(self, env: Env) -> list[Any] | None:
        """Record rule for users without administration rights: a domain, None = no limit."""
        return None

    def display_name(self, env: Env, row: Row) -> str:
        return str(env.value(self.name, row, self.rec_name) or f"{self.name},{row['id']}")


def _display_name(env: Env, row: Row) -> Any:
    raise NotImplementedError("bound per model by the registry")


STANDARD_FIELDS: dict[str, Field] = {
    "id": Field("integer", "ID"),
    "display_name": derived("char", _display_name, "Display Name"),
    "create_date": Field("datetime", "Created on"),
    "write_date": Field("datetime", "Last Updated on"),
    "create_uid": many2one("res.users", "Created by"),
    "write_uid": many2one("res.users", "Last Updated by"),
}
# Set by the server, whatever a client sends.
MAGIC = ("id", "create_date", "write_date", "create_uid", "write_uid", "display_name")

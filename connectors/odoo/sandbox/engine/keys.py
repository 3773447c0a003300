"""External ids during load(): rows of ir.model.data, unique by module and name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.fields import Row
from connectors.odoo.sandbox.errors import ValidationError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env
    from connectors.odoo.sandbox.engine.model import Model

MAX_ERRORS = 10


class LostRaceError(Exception):
    """The key was committed by another call after this one had begun."""


@dataclass(frozen=True)
class Key:
    """record_id: the live record it names, or None. row_id: its row of ir.model.data, also when that dangles."""

    module: str
    name: str
    record_id: int | None
    row_id: int | None
    noupdate: bool


def full_key(name: str) -> tuple[str, str]:
    """("module", "name"); a key without a dot belongs to the import itself."""
    module, dot, rest = name.partition(".")
    return (module, rest) if dot else ("__import__", name)


class Keys:
    """The keys as one load() sees and makes them."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._update = env.context.get("mode") == "update"
        self._noupdate = bool(env.context.get("noupdate"))

    def find(self, model: Model, given: Any) -> Key | None:
        """None when no key was given. Raises LostRaceError, ValidationError (the key names another model)."""
        if not given:
            return None
        module, name = full_key(str(given))
        data = self._env.table("ir.model.data")
        self._env.db.locks.require_key(f"{module}.{name}")
        row_id = next(data.having("complete_name", (f"{module}.{name}",)), None)
        if row_id is None:
            return Key(module, name, None, None, noupdate=False)
        if self._env.db.born_after(row_id, self._env.snapshot):
            raise LostRaceError
        return self._known(model, module, name, data.rows[row_id])

    def _known(self, model: Model, module: str, name: str, row: Row) -> Key:
        live = row["model"] in self._env.db.registry and row["res_id"] in self._env.rows(row["model"])
        if live and row["model"] != model.name:
            raise ValidationError(
                f"For external id {module}.{name} when trying to create/update a record of model {model.name} found "
                f"record of different model {row['model']} ({row['res_id']})"
            )
        return Key(module, name, row["res_id"] if live else None, row["id"], noupdate=bool(row["noupdate"]))

    def keeps(self, key: Key) -> bool:
        """Create-if-absent: whether the record is answered without being touched."""
        return self._update and key.noupdate

    def claim(self, key: Key, model: Model, record_id: int) -> None:
        """Make the key, or point a dangling one at the new record; the record it extends gets a key beside it."""
        if key.row_id is not None and key.record_id == record_id:
            return
        if key.row_id is not None:
            self._env.tx.put("ir.model.data", key.row_id, None)
        self._make(key.module, key.name, model.name, record_id)
        if model.inherits is not None:
            link, parent = model.inherits
            name = f"{key.name}_{parent.replace('.', '_')}"
            if not list(self._env.table("ir.model.data").having("complete_name", (f"{key.module}.{name}",))):
                self._make(key.module, name, parent, self._env.row(model.name, record_id)[link])

    def _make(self, module: str, name: str, model: str, record_id: int) -> None:
        values = {"module": module, "name": name, "model": model, "res_id": record_id, "noupdate": self._noupdate}
        self._env.create("ir.model.data", values)

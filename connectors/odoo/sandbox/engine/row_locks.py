"""Row locks of open transactions, and what becomes of a writer that meets one or comes too late.

As PostgreSQL with REPEATABLE READ: who changes a row that an open transaction has changed waits for it, and who changes a
row that was committed after its own start starts anew (Odoo tries five times). Rows that an open transaction refers to
cannot be deleted meanwhile, and a key of ir.model.data it has made cannot be made twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.holds import OpenTransaction

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.fields import Row
    from connectors.odoo.sandbox.engine.registry import Registry

KEYS = "ir.model.data"
Place = tuple[str, Any]


class ConcurrentUpdateError(Exception):
    """The row was changed by another transaction. owner: the open one that has it, to be waited for; after: the date of
    the commit that came first. Never reaches a client: the call is run again."""

    def __init__(self, owner: OpenTransaction | None, after: str = "") -> None:
        super().__init__("could not serialize access due to concurrent update")
        self.owner, self.after = owner, after


class RowLocks:
    def __init__(self) -> None:
        self._changed: dict[Place, OpenTransaction] = {}
        self._needed: dict[Place, OpenTransaction] = {}

    def __bool__(self) -> bool:
        return bool(self._changed)

    def take(self, owner: OpenTransaction, changes: Mapping[Place, Row | None], registry: Registry) -> None:
        for (model, record_id), row in changes.items():
            self._changed[model, record_id] = owner
            if row is None:
                continue
            if model == KEYS:
                self._changed[KEYS, row["complete_name"]] = owner
            for name, relation in registry.links_of(model):
                if row.get(name):
                    self._needed[relation, row[name]] = owner

    def free(self, owner: OpenTransaction) -> None:
        for places in (self._changed, self._needed):
            for place in [one for one, who in places.items() if who is owner]:
                del places[place]

    def holds(self, model: str, record_id: int) -> bool:
        return (model, record_id) in self._changed

    def require_key(self, complete_name: str) -> None:
        """Raises ConcurrentUpdateError when an open transaction has made this key."""
        self._require(self._changed.get((KEYS, complete_name)))

    def require(self, model: str, record_id: int, row: Row | None) -> None:
        """Raises ConcurrentUpdateError when this row may not be put (None: deleted) now."""
        self._require(self._changed.get((model, record_id)))
        if row is None:
            self._require(self._needed.get((model, record_id)))
        elif model == KEYS:
            self.require_key(row["complete_name"])

    @staticmethod
    def _require(owner: OpenTransaction | None) -> None:
        if owner is not None:
            raise ConcurrentUpdateError(owner)

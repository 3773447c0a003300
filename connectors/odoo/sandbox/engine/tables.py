"""Rows in memory with hash indexes, and a transaction that can take back what it did.

Rows are never changed in place: an update puts a new dictionary, so the undo log and readers keep the old one.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from connectors.odoo.sandbox.engine.fields import Row
from connectors.odoo.sandbox.engine.row_locks import ConcurrentUpdateError, RowLocks


class Table:
    """The rows of one model by id. Lookups by an indexed field give ids in the order they got that value."""

    __slots__ = ("indexes", "last_id", "name", "rows")

    def __init__(self, name: str, indexed: Iterable[str]) -> None:
        self.name = name
        self.rows: dict[int, Row] = {}
        self.indexes: dict[str, dict[Any, dict[int, None]]] = {field: {} for field in indexed}
        self.last_id = 0

    def replace(self, record_id: int, new: Row | None) -> Row | None:
        """Put, change or (None) remove a row; returns the row as it was before."""
        old = self.rows.get(record_id)
        for field, index in self.indexes.items():
            before = old.get(field) if old is not None else None
            after = new.get(field) if new is not None else None
            if before != after:
                self._move(index, record_id, before, after)
        if new is None:
            self.rows.pop(record_id, None)
        else:
            self.rows[record_id] = new
            self.last_id = max(self.last_id, record_id)
        return old

    def add_index(self, field: str) -> None:
        if field not in self.indexes:
            index = self.indexes[field] = {}
            for record_id, row in self.rows.items():
                self._move(index, record_id, None, row.get(field))

    @staticmethod
    def _move(index: dict[Any, dict[int, None]], record_id: int, before: Any, after: Any) -> None:
        if before is not None:
            ids = index[before]
            del ids[record_id]
            if not ids:
                del index[before]
        if after is not None:
            index.setdefault(after, {})[record_id] = None

    def having(self, field: str, values: Sequence[Any]) -> Iterator[int]:
        """Ids whose indexed field has one of these values."""
        index = self.indexes[field]
        for value in values:
            yield from index.get(value, ())


class Transaction:
    """Everything one call changes; undone as a whole, or back to a mark. `started` is its write_date.

    acting: per automation rule the records it is at work on, so its own writes do not start it again."""

    def __init__(self, tables: dict[str, Table], started: str, locks: RowLocks | None = None) -> None:
        self.tables = tables
        self.started = started
        self.counters: set[str] = set()
        self.schema_changed = False
        self.acting: dict[int, set[tuple[str, int]]] = {}
        self._locks = locks
        self._undo: list[tuple[Table, int, Row | None]] = []
        self._aside: dict[tuple[str, int], Row | None] = {}

    def put(self, model: str, record_id: int, row: Row | None) -> None:
        """Raises ConcurrentUpdateError: another transaction has, or had after this one's start, this row."""
        table = self.tables[model]
        old = table.rows.get(record_id)
        if old is not None and old.get("write_date", "") > self.started:
            raise ConcurrentUpdateError(None, old["write_date"])
        if self._locks:
            self._locks.require(model, record_id, row)
        self._undo.append((table, record_id, table.replace(record_id, row)))

    def set_aside(self) -> None:
        """Take everything out of the tables and keep it for `bring_back`."""
        self._aside = self.changes()
        self.undo()

    def bring_back(self) -> None:
        for (model, record_id), row in self._aside.items():
            table = self.tables[model]
            self._undo.append((table, record_id, table.replace(record_id, row)))

    def mark(self) -> int:
        return len(self._undo)

    def undo(self, mark: int = 0) -> None:
        while len(self._undo) > mark:
            table, record_id, old = self._undo.pop()
            table.replace(record_id, old)

    def changes(self) -> dict[tuple[str, int], Row | None]:
        """Every touched row as it is now; None = deleted."""
        return {(table.name, record_id): table.rows.get(record_id) for table, record_id, _ in self._undo}

    def created(self, model: str) -> set[int]:
        """Ids of the rows of `model` that this transaction added."""
        return {
            record_id
            for table, record_id, old in self._undo
            if table.name == model and old is None and record_id in table.rows
        }

"""The database: all rows in memory, every commit in the store, one transaction per call.

Reads run side by side; writes one after the other. A call knows which commits were there when it arrived, so load()
can answer the loser of a race as PostgreSQL's snapshots make a real server do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.odoo.sandbox.engine.automations import Automations
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.locks import ReadWriteLock
from connectors.odoo.sandbox.engine.registry import Registry, indexed_fields
from connectors.odoo.sandbox.engine.store import Store
from connectors.odoo.sandbox.engine.tables import Table, Transaction
from connectors.odoo.sandbox.errors import NoDatabaseError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.model import Model

T = TypeVar("T")
Clock = Callable[[], datetime]
SUPERUSER = 1


class Database:
    """`seed` fills an empty database; it runs as the server's own user. `clock` gives aware UTC."""

    def __init__(
        self, registry: Registry, store: Store, clock: Clock, seed: Callable[[Env], None], automations: Automations
    ) -> None:
        self.registry = registry
        self.automations = automations
        self.tables: dict[str, Table] = {}
        self.commits = 0
        self.key_births: dict[int, int] = {}
        self._counters: dict[str, int] = {}
        self._store = store
        self._clock = clock
        self._seed = seed
        self._lock = ReadWriteLock()
        self._clean_tables()
        self._open()

    # ---- calls

    def call(
        self,
        work: Callable[[Env], T],
        uid: int,
        context: Mapping[str, Any],
        *,
        reads: bool,
        snapshot: int | None = None,
        faults: Any = None,
    ) -> T:
        """Run `work` in a transaction of its own: kept whole when it returns, taken back whole when it raises."""
        seen = self.commits if snapshot is None else snapshot
        with self._lock.reading() if reads else self._lock.writing():
            env = Env(self, Transaction(self.tables, self._stamp()), uid, context, seen, faults)
            try:
                answer = work(env)
                env.flush()
                self._commit(env.tx)
            except BaseException:
                env.tx.undo()
                raise
            return answer

    def _commit(self, tx: Transaction) -> None:
        changes = tx.changes()
        if not changes and not tx.counters:
            return
        ids = {f"id:{model}": self.tables[model].last_id for model, _ in changes}
        counters = ids | {code: self._counters[code] for code in tx.counters}
        try:
            self._store.commit(changes, counters)
        except sqlite3.Error as error:
            raise NoDatabaseError(f"could not write the sandbox's database: {error}") from error
        self.commits += 1
        for key in tx.created("ir.model.data"):
            self.key_births[key] = self.commits

    def born_after(self, key: int, snapshot: int) -> bool:
        """Whether this row of ir.model.data was committed after the snapshot was taken."""
        return self.key_births.get(key, 0) > snapshot

    # ---- numbers

    def next_id(self, model: str) -> int:
        table = self.tables[model]
        table.last_id += 1
        return table.last_id

    def next_number(self, code: str) -> int:
        self._counters[code] = self._counters.get(code, 0) + 1
        return self._counters[code]

    # ---- life

    def add_table(self, model: Model) -> None:
        self.tables.setdefault(model.name, Table(model.name, indexed_fields(model)))

    def reset(self) -> None:
        """Back to the clean database."""
        with self._lock.writing():
            for model in [one for one in self.registry if one.manual]:
                self.registry.remove(model.name)
            self._clean_tables()
            self._fill()

    def close(self) -> None:
        self._store.close()

    def _clean_tables(self) -> None:
        self.tables.clear()
        self._counters.clear()
        self.key_births.clear()
        for model in self.registry:
            self.add_table(model)

    def _open(self) -> None:
        self._counters = self._store.counters()
        known = list(self._store.rows())
        if not known:
            self._fill()
            return
        # Manual models are rows themselves: make them before their own rows are read.
        for model, record_id, row in sorted(known, key=lambda one: one[0] != "ir.model"):
            self.tables[model].replace(record_id, row)
            if model == "ir.model":
                self.automations.restore_manual_model(self, row, known)
        for model in self.tables:
            table = self.tables[model]
            table.last_id = max(table.last_id, self._counters.get(f"id:{model}", 0))

    def _fill(self) -> None:
        env = Env(self, Transaction(self.tables, self._stamp()), SUPERUSER, {}, 0)
        self._seed(env)
        env.flush()
        rows = (((model, one), row) for model, table in self.tables.items() for one, row in table.rows.items())
        ids = {f"id:{model}": table.last_id for model, table in self.tables.items()}
        self._store.reset(rows, {**self._counters, **ids})
        self.commits += 1

    def _stamp(self) -> str:
        """Microseconds, never a whole second: what is read is cut to seconds, so it never equals what is stored."""
        now = self._clock().strftime("%Y-%m-%d %H:%M:%S.%f")
        return now if not now.endswith(".000000") else f"{now[:-1]}1"

"""The database: all rows in memory, every commit in the store, one transaction per call.

Reads run side by side; writes one after the other, except those that a rule holds open (engine/holds.py). A transaction
starts when its call arrives: its write_date is that moment, however late it commits. A call knows which commits were there
when it arrived, so load() can answer the loser of a race as PostgreSQL's snapshots make a real server do.
"""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.odoo.sandbox.engine.automations import Automations
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.holds import HoldRule, Holds, OpenTransaction
from connectors.odoo.sandbox.engine.locks import ReadWriteLock
from connectors.odoo.sandbox.engine.manual import forget_manual_models, refresh_manual_models
from connectors.odoo.sandbox.engine.registry import Registry, indexed_fields
from connectors.odoo.sandbox.engine.row_locks import ConcurrentUpdateError, RowLocks
from connectors.odoo.sandbox.engine.store import Store
from connectors.odoo.sandbox.engine.tables import Table, Transaction
from connectors.odoo.sandbox.errors import NoDatabaseError, SerializationFailureError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.model import Model

T = TypeVar("T")
Clock = Callable[[], datetime]
SUPERUSER = 1
# Odoo tries a call that lost against another one five times (MAX_TRIES_ON_CONCURRENCY_FAILURE in its service layer).
TRIES = 5


@dataclass(frozen=True)
class Arrival:
    """When a call came in. started: its write_date; snapshot: number of the last commit it may know of."""

    started: str
    snapshot: int


@dataclass(frozen=True)
class _Call:
    work: Callable[[Env], Any]
    uid: int
    context: Mapping[str, Any]
    faults: Any
    hold: HoldRule | None
    called: tuple[str, str]


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
        self.holds = Holds()
        self.locks = RowLocks()
        self._clean_tables()
        self._open()

    # ---- calls

    def arrival(self) -> Arrival:
        return Arrival(self._stamp(), self.commits)

    def call(
        self,
        work: Callable[[Env], T],
        uid: int,
        context: Mapping[str, Any],
        *,
        reads: bool,
        arrival: Arrival | None = None,
        faults: Any = None,
        hold: HoldRule | None = None,
        called: tuple[str, str] = ("", ""),
    ) -> T:
        """Run `work` in a transaction of its own: kept whole when it returns, taken back whole when it raises.

        `hold` keeps it open for a while. Raises SerializationFailureError when it lost against others five times."""
        arrival = arrival or self.arrival()
        if reads:
            with self._lock.reading():
                return work(
                    Env(self, Transaction(self.tables, arrival.started), uid, context, arrival.snapshot, faults)
                )
        call, after = _Call(work, uid, context, faults, hold, called), ""
        for attempt in range(TRIES):
            try:
                return self._attempt(call, arrival, after, attempt)  # type: ignore[no-any-return]
            except ConcurrentUpdateError as lost:
                if lost.owner is not None:
                    self.holds.await_end(lost.owner)
                after = lost.after
        raise SerializationFailureError

    def _attempt(self, call: _Call, arrival: Arrival, after: str, attempt: int) -> Any:
        """A first try has the time of its arrival, a further one starts when it gets its turn."""
        with self._lock.writing():
            started = max(self._stamp(), after) if attempt else arrival.started
            faults = copy.deepcopy(call.faults)
            tx = Transaction(self.tables, started, self.locks)
            env = Env(self, tx, call.uid, call.context, arrival.snapshot, faults, again=attempt > 0)
            try:
                answer = call.work(env)
                env.flush()
                held = self._set_aside(tx, call)
                if held is None:
                    self._commit(tx)
            except BaseException:
                self._undo(tx)
                raise
        if held is not None:
            self._wait_and_end(held, tx)
        return answer

    def _undo(self, tx: Transaction) -> None:
        tx.undo()
        if tx.schema_changed:
            refresh_manual_models(self)

    # ---- open transactions

    def _set_aside(self, tx: Transaction, call: _Call) -> OpenTransaction | None:
        changes = tx.changes()
        if call.hold is None or not changes:
            return None
        held = self.holds.opened(call.hold, *call.called, tx.started, len(changes))
        self.locks.take(held, changes, self.registry)
        tx.set_aside()
        return held

    def _wait_and_end(self, held: OpenTransaction, tx: Transaction) -> None:
        """Raises SerializationFailureError when it ends with a rollback."""
        held.go.wait(held.rule.seconds)
        with self._lock.writing():
            self.locks.free(held)
            try:
                if held.outcome == "commit":
                    tx.bring_back()
                    self._commit(tx)
            except BaseException:
                tx.undo()
                self.holds.closed(held, "rolled back")
                raise
        self.holds.closed(held, "committed" if held.outcome == "commit" else "rolled back")
        if held.outcome == "rollback":
            raise SerializationFailureError

    # ---- commits

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
        if tx.schema_changed:
            refresh_manual_models(self)

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

    def drop_table(self, name: str) -> None:
        """With it goes its sequence: a table made again under this name starts at id 1."""
        self.tables.pop(name, None)
        self._store.commit({}, {f"id:{name}": 0})

    def reset(self) -> None:
        """Back to the clean database; open transactions are rolled back."""
        self.holds.clear()
        with self._lock.writing():
            forget_manual_models(self)
            self._clean_tables()
            self._fill()

    def close(self) -> None:
        self.holds.clear()
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
        schema = ("ir.model", "ir.model.fields")
        for model, record_id, row in known:
            if model in schema:
                self.tables[model].replace(record_id, row)
        refresh_manual_models(self)
        for model, record_id, row in known:
            if model not in schema and model in self.tables:
                self.tables[model].replace(record_id, row)
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

"""What one call works with: the rows, its transaction, its user and its context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.fields import Row, empty
from connectors.odoo.sandbox.engine.ordering import sort_ids
from connectors.odoo.sandbox.engine.tables import Table, Transaction
from connectors.odoo.sandbox.errors import MissingError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.database import Database
    from connectors.odoo.sandbox.engine.model import Model


class Env:
    """Code of models works through this without access checks; those happen once, where the call comes in.

    snapshot: number of the last commit this call may know of, taken when the call arrived.
    again: this is not the first try, an earlier one lost against another transaction.
    """

    def __init__(
        self,
        db: Database,
        tx: Transaction,
        uid: int,
        context: Mapping[str, Any],
        snapshot: int,
        faults: Any = None,
        *,
        again: bool = False,
    ) -> None:
        self.db = db
        self.tx = tx
        self.uid = uid
        self.context = context
        self.snapshot = snapshot
        self.faults = faults
        self.again = again
        self._deferred: dict[Any, Callable[[], None]] = {}

    def with_context(self, **changes: Any) -> Env:
        """The same call with another context; work deferred through either belongs to both."""
        merged = {**self.context, **changes}
        other = Env(self.db, self.tx, self.uid, merged, self.snapshot, self.faults, again=self.again)
        other._deferred = self._deferred
        return other

    # ---- models and rows

    def __getitem__(self, model: str) -> Model:
        return self.db.registry[model]

    def table(self, model: str) -> Table:
        return self.db.tables[model]

    def rows(self, model: str) -> dict[int, Row]:
        return self.db.tables[model].rows

    def find(self, model: str, record_id: int | None) -> Row | None:
        return self.db.tables[model].rows.get(record_id) if record_id else None

    def row(self, model: str, record_id: int) -> Row:
        """Raises MissingError."""
        found = self.db.tables[model].rows.get(record_id)
        if found is None:
            raise MissingError(model, record_id, self.uid)
        return found

    def value(self, model: str, record: int | Row | None, field: str) -> Any:
        """Stored or computed value of one field; None for no record. one2many and many2many give lists of ids."""
        row = self.find(model, record) if isinstance(record, int) else record
        return None if row is None else self.getter(model, field)(row)

    def getter(self, model: str, field: str) -> Callable[[Row], Any]:
        spec = self.db.registry[model].all_fields[field]
        if spec.compute is not None:
            compute = spec.compute
            return lambda row: compute(self, row)
        if spec.kind == "one2many":
            return lambda row: self.children(spec.relation, spec.inverse, row["id"], spec.fixed)
        if spec.kind == "many2many":
            rows = self.rows(spec.relation)
            return lambda row: [one for one in row.get(field) or () if one in rows]
        # A field that was added to the model later is not in older rows.
        blank = empty(spec)
        return lambda row: row.get(field, blank)

    def children(
        self, model: str, inverse: str, parent: int, fixed: tuple[str, tuple[Any, ...]] | None = None
    ) -> list[int]:
        """Ids of the rows whose many2one names `parent`, in their own order; archived ones only without active_test."""
        table = self.db.tables[model]
        ids = list(table.having(inverse, (parent,)))
        if fixed is not None:
            ids = [one for one in ids if table.rows[one].get(fixed[0]) in fixed[1]]
        if "active" in self[model].fields and self.context.get("active_test", True):
            is_active = self.getter(model, "active")
            ids = [one for one in ids if is_active(table.rows[one])]
        return sort_ids(self, self[model], ids, self[model].order) if len(ids) > 1 else ids

    def related(self, model: str, inverse: str, parent: int) -> list[Row]:
        rows = self.rows(model)
        return [rows[one] for one in self.children(model, inverse, parent)]

    def display(self, model: str, record_id: int) -> str:
        row = self.find(model, record_id)
        return self[model].display_name(self, row) if row is not None else ""

    # ---- changes

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        return self[model].create_many(self, [values])[0]

    def write(self, model: str, ids: int | Iterable[int], values: Mapping[str, Any]) -> None:
        self[model].write_many(self, [ids] if isinstance(ids, int) else list(ids), values)

    def patch(self, model: str, record_id: int, /, **changes: Any) -> None:
        """Set stored values without hooks or conversion; bumps write_date and starts automations, as any write does."""
        stamp = {"write_date": self.tx.started, "write_uid": self.uid}
        old = self.row(model, record_id)
        self.tx.put(model, record_id, {**old, **changes, **stamp})
        if self.db.automations.there_are(self):
            self.db.automations.changed(self, self[model], [record_id], {record_id: old})

    def patch_if_changed(self, model: str, record_id: int, /, **changes: Any) -> bool:
        row = self.row(model, record_id)
        if all(row.get(name) == value for name, value in changes.items()):
            return False
        self.patch(model, record_id, **changes)
        return True

    def unlink(self, model: str, ids: Iterable[int]) -> None:
        self[model].unlink_many(self, list(ids))

    def search(
        self, model: str, domain: Sequence[Any], order: str | None = None, limit: int | None = None
    ) -> list[int]:
        """Without record rules."""
        return self[model].find_ids(self, domain, order=order, limit=limit)

    # ---- work at the end of an operation, such as sums over lines

    def defer(self, key: Any, work: Callable[[], None]) -> None:
        self._deferred.setdefault(key, work)

    def flush(self) -> None:
        while self._deferred:
            key = next(iter(self._deferred))
            self._deferred.pop(key)()

    def forget_deferred(self) -> None:
        self._deferred.clear()

    # ---- the world

    @property
    def now(self) -> str:
        """UTC, seconds; the start of the transaction, as write_date is."""
        return self.tx.started[:19]

    @property
    def today(self) -> str:
        return self.tx.started[:10]

    def next_number(self, code: str) -> int:
        """Not taken back when the call fails, so numbers have gaps, as on a real server."""
        self.tx.counters.add(code)
        return self.db.next_number(code)

    def ref(self, external_id: str) -> int | None:
        """Database id of an external id."""
        data = self.table("ir.model.data")
        found = next(data.having("complete_name", (external_id,)), None)
        return None if found is None else data.rows[found]["res_id"]

    @property
    def company(self) -> Row:
        return next(iter(self.rows("res.company").values()))

    @property
    def is_superuser(self) -> bool:
        """The administrator's group, or the server's own user."""
        return self.uid == 1 or self.has_group("base.group_system")

    def has_group(self, external_id: str) -> bool:
        user = self.find("res.users", self.uid)
        return user is not None and self.ref(external_id) in user["groups_id"]

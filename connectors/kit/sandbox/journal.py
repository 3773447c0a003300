"""What is still to happen to the records of a sandbox, and the writes it answered or refused.

Kept in the sandbox's database, so that both survive a kill."""

import json
from collections.abc import Callable

from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.steering import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, account TEXT NOT NULL, record TEXT NOT NULL, change TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS writes (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, account TEXT NOT NULL, record TEXT NOT NULL, operation TEXT NOT NULL);
"""
_REFUSED = "refused "
# (epoch seconds, record, operation)
Write = tuple[float, str, str]


class Journal:
    """Changes to come and writes that came, by account and record."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("changes", "writes"))

    def plan(self, at: float, account: str, record: str, change: Json) -> None:
        values = (at, account, record, json.dumps(change))
        self._db.execute("INSERT INTO changes (at, account, record, change) VALUES (?,?,?,?)", values)

    def apply_due(self, now: float, act: Callable[[str, str, Json, float], None]) -> None:
        """Calls `act` (account, record, change, its time) for each change that is due, oldest first, and forgets it."""
        sql = "SELECT id, at, account, record, change FROM changes WHERE at <= ? ORDER BY at, id"
        due = list(self._db.execute(sql, (now,)))
        if not due:
            return
        with self._db.transaction():
            for number, at, account, record, text in due:
                act(account, record, json.loads(text), at)
                self._db.execute("DELETE FROM changes WHERE id = ?", (number,))

    def planned(self, account: str) -> int:
        return self._db.number("SELECT count(*) FROM changes WHERE account = ?", (account,))

    def wrote(self, account: str, record: str, operation: str, at: float, *, refused: bool = False) -> None:
        """Notes a write; one that broke a rule too, so that a doubled one can be seen although it changed nothing."""
        values = (at, account, record, f"{_REFUSED if refused else ''}{operation}")
        self._db.execute("INSERT INTO writes (at, account, record, operation) VALUES (?,?,?,?)", values)

    def writes(self, account: str) -> list[Write]:
        """Those that were done, oldest first."""
        return [row for row in self._all(account) if not row[2].startswith(_REFUSED)]

    def refusals(self, account: str) -> list[Write]:
        """Those that broke a rule; the operation is named without more words."""
        rows = (row for row in self._all(account) if row[2].startswith(_REFUSED))
        return [(at, record, operation.removeprefix(_REFUSED)) for at, record, operation in rows]

    def _all(self, account: str) -> list[Write]:
        sql = "SELECT at, record, operation FROM writes WHERE account = ? ORDER BY id"
        return list(self._db.execute(sql, (account,)))

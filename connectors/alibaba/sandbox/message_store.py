"""Push messages and their deliveries, kept until the app has them (alibaba.md section 10). Times in epoch seconds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.steering import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  account TEXT NOT NULL, msg_id INTEGER PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL, key TEXT NOT NULL, born REAL NOT NULL,
  state TEXT NOT NULL, tries INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, msg_id INTEGER NOT NULL, fields TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL,
  counted INTEGER NOT NULL);
"""
# On its way; taken by the app; given up and there for the replay APIs; taken by them.
WAITING, DELIVERED, STORED, CONFIRMED = "waiting", "delivered", "stored", "confirmed"
FIRST_ID = 999_000_000_000


@dataclass(frozen=True)
class Message:
    account: str
    msg_id: int
    kind: str
    data: Json
    key: str
    born: float
    state: str = WAITING
    tries: int = 0


@dataclass(frozen=True)
class Delivery:
    """fields: the form as it is sent; counted: whether its end is the message's, as that of a forged one is not."""

    id: int
    account: str
    msg_id: int
    fields: dict[str, str]
    tries: int
    counted: bool


class MessageStore:
    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("messages", "deliveries"))

    def next_id(self) -> int:
        return max(FIRST_ID, self._db.number("SELECT max(msg_id) FROM messages")) + 1

    def put(self, one: Message) -> None:
        row = (one.account, one.msg_id, one.kind, json.dumps(one.data), one.key, one.born, one.state, one.tries)
        self._db.insert("messages", row)

    def get(self, msg_id: int) -> Message | None:
        row = self._db.execute("SELECT * FROM messages WHERE msg_id = ?", (msg_id,)).fetchone()
        return _message(row) if row else None

    def all(self, account: str) -> list[Message]:
        """Oldest first."""
        rows = self._db.execute("SELECT * FROM messages WHERE account = ? ORDER BY msg_id", (account,))
        return [_message(row) for row in rows]

    def stored(self, account: str, within: tuple[float, float], equal: dict[str, str]) -> list[Message]:
        """What was given up and not confirmed, oldest first."""
        found = [one for one in self.all(account) if one.state == STORED and within[0] <= one.born <= within[1]]
        return [one for one in found if equal.get("kind", one.kind) == one.kind]

    def set_state(self, msg_ids: Sequence[int], state: str) -> None:
        for msg_id in msg_ids:
            self._db.execute("UPDATE messages SET state = ? WHERE msg_id = ?", (state, msg_id))

    def plan(self, account: str, msg_id: int, fields: dict[str, str], due: float, *, counted: bool = True) -> None:
        sql = "INSERT INTO deliveries (account, msg_id, fields, due, tries, counted) VALUES (?,?,?,?,0,?)"
        self._db.execute(sql, (account, msg_id, json.dumps(fields), due, counted))

    def due(self, now: float) -> list[Delivery]:
        sql = "SELECT id, account, msg_id, fields, tries, counted FROM deliveries WHERE due <= ? ORDER BY due, id"
        rows = self._db.execute(sql, (now,))
        return [Delivery(row[0], row[1], row[2], json.loads(row[3]), row[4], bool(row[5])) for row in rows]

    def to_come(self, account: str) -> int:
        return self._db.number("SELECT count(*) FROM deliveries WHERE account = ?", (account,))

    def tried(self, one: Delivery, again_at: float | None) -> None:
        """After a try; without another one the delivery is over."""
        if again_at is None:
            self._db.execute("DELETE FROM deliveries WHERE id = ?", (one.id,))
        else:
            self._db.execute("UPDATE deliveries SET tries = tries + 1, due = ? WHERE id = ?", (again_at, one.id))
        if one.counted:
            self._db.execute("UPDATE messages SET tries = tries + 1 WHERE msg_id = ?", (one.msg_id,))


def _message(row: Sequence[Any]) -> Message:
    account, msg_id, kind, data, key, born, state, tries = row
    return Message(account, msg_id, kind, json.loads(data), key, born, state, tries)

"""Codes and tokens of authorisations. Kept in the sandbox's database: the platform's live for hours and months, through any restart."""

import uuid
from dataclasses import dataclass

from connectors.kit.sandbox.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS grants (
  text TEXT PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, expires REAL NOT NULL, bound TEXT NOT NULL);
"""
CODE, ACCESS, REFRESH = "code", "access", "refresh"


@dataclass(frozen=True)
class Grant:
    """account: the app key; expires: epoch seconds; bound: a code's redirect_uri."""

    text: str
    account: str
    kind: str
    expires: float
    bound: str = ""


class Grants:
    """What is in force."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self.issued = 0
        database.create(_SCHEMA, ("grants",))

    def issue(self, account: str, kind: str, expires: float, bound: str = "") -> Grant:
        self.issued += kind == ACCESS
        return self.keep(Grant(str(uuid.uuid4()), account, kind, expires, bound))

    def keep(self, grant: Grant) -> Grant:
        self._db.insert("grants", (grant.text, grant.account, grant.kind, grant.expires, grant.bound))
        return grant

    def find(self, text: str, kind: str, account: str, now: float) -> Grant | None:
        """None for what is unknown, another app's, or expired."""
        sql = "SELECT text, account, kind, expires, bound FROM grants WHERE text = ? AND kind = ? AND account = ?"
        row = self._db.execute(sql, (text, kind, account)).fetchone()
        return Grant(*row) if row and row[3] > now else None

    def known(self, text: str) -> bool:
        return self._db.number("SELECT count(*) FROM grants WHERE text = ?", (text,)) > 0

    def revoke(self, text: str) -> None:
        """For good: what was there from the start does not come back by a restart."""
        self._db.execute("UPDATE grants SET expires = 0 WHERE text = ?", (text,))

    def revoke_all(self, account: str, *kinds: str) -> None:
        for kind in kinds:
            self._db.execute("UPDATE grants SET expires = 0 WHERE account = ? AND kind = ?", (account, kind))

    def move(self, account: str, kind: str, expires: float) -> None:
        """Those in force end at epoch seconds."""
        sql = "UPDATE grants SET expires = ? WHERE account = ? AND kind = ? AND expires > 0"
        self._db.execute(sql, (expires, account, kind))

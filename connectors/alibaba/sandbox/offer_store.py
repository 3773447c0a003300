"""The offers, the same for all buyers, and which buyer has made itself known to which offer."""

import json
from collections.abc import Iterable

from connectors.alibaba.sandbox.offers import Offer, offer_from
from connectors.kit.sandbox.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS offers (account TEXT NOT NULL, offer_id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS relations (
  account TEXT NOT NULL, kind TEXT NOT NULL, offer_id INTEGER NOT NULL, PRIMARY KEY (account, kind, offer_id));
"""
# pushed: a distribution relation (alibaba.cross.syncProductListPushed); followed: its stock changes are told.
PUSHED, FOLLOWED = "pushed", "followed"


class OfferStore:
    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("offers", "relations"))

    def put(self, offer: Offer) -> None:
        self._db.insert("offers", ("", offer.id, json.dumps(offer.as_json(), ensure_ascii=False)))

    def get(self, offer_id: int) -> Offer | None:
        row = self._db.execute("SELECT body FROM offers WHERE offer_id = ?", (offer_id,)).fetchone()
        return offer_from(json.loads(row[0])) if row else None

    def all(self) -> list[Offer]:
        """By id."""
        rows = self._db.execute("SELECT body FROM offers ORDER BY offer_id")
        return [offer_from(json.loads(row[0])) for row in rows]

    def count(self) -> int:
        return self._db.number("SELECT count(*) FROM offers")

    def relate(self, account: str, kind: str, offer_ids: Iterable[int]) -> None:
        for offer_id in offer_ids:
            self._db.insert("relations", (account, kind, offer_id))

    def related(self, account: str, kind: str, offer_id: int) -> bool:
        sql = "SELECT count(*) FROM relations WHERE account = ? AND kind = ? AND offer_id = ?"
        return self._db.number(sql, (account, kind, offer_id)) > 0

    def accounts_of(self, offer_id: int, *kinds: str) -> list[str]:
        """Buyers with one of the relations to an offer."""
        marks = ",".join("?" * len(kinds))
        sql = f"SELECT DISTINCT account FROM relations WHERE offer_id = ? AND kind IN ({marks}) ORDER BY account"  # noqa: S608
        return [row[0] for row in self._db.execute(sql, (offer_id, *kinds))]

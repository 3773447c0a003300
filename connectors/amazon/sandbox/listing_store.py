"""Listings by account and SKU, what is queued for them, the numbers and prices they ever had, and what was sold since.

A number is kept with the time it was sent (`sent_at`), the time it took effect (`applied_at`), what by (`via`: patch, put, feed, control) and its
`reference` (submission or feed). The last one to take effect stands, whatever was sent first: an older number over a newer one is an entry that is
`stale`. Units of orders count against a number from the moment the order is placed, as Amazon does it; a cancelled order gives nothing back (decided
here: the seller writes the number anew)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from connectors.amazon.sandbox.listing_attributes import Attributes
from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.steering import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS listings (
  account TEXT NOT NULL, sku TEXT NOT NULL, asin TEXT NOT NULL, gtin TEXT NOT NULL, facts TEXT NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (account, sku)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS listings_by_asin ON listings (asin);
CREATE INDEX IF NOT EXISTS listings_by_gtin ON listings (gtin) WHERE gtin != '';
CREATE TABLE IF NOT EXISTS listing_queue (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, sku TEXT NOT NULL, due REAL NOT NULL, change TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS listing_queue_due ON listing_queue (due);
CREATE INDEX IF NOT EXISTS listing_queue_by_sku ON listing_queue (account, sku);
CREATE TABLE IF NOT EXISTS listing_history (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, sku TEXT NOT NULL, what TEXT NOT NULL, value TEXT,
  sent_at REAL NOT NULL, applied_at REAL NOT NULL, via TEXT NOT NULL, reference TEXT NOT NULL, stale INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS listing_history_by_sku ON listing_history (account, sku, what);
CREATE TABLE IF NOT EXISTS listing_sold (
  account TEXT NOT NULL, order_id TEXT NOT NULL, sku TEXT NOT NULL, number INTEGER NOT NULL, units INTEGER NOT NULL,
  PRIMARY KEY (account, order_id, sku)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS listing_sold_by_number ON listing_sold (number);
"""
_TABLES = ("listings", "listing_queue", "listing_history", "listing_sold")
QUANTITY = "quantity"
PARENT = "child_parent_sku_relationship"
_ENTRY = ("value", "sent_at", "applied_at", "via", "reference", "stale")


@dataclass(frozen=True)
class Listing:
    """places: what it is in each marketplace: {"product_type", "requirements", "created", "updated"}, times in epoch milliseconds.
    issues: Amazon's, found anew with every change; noted: those that control calls and faults set, which stay."""

    account: str
    sku: str
    asin: str
    gtin: str = ""
    attributes: Attributes = field(default_factory=dict)
    places: dict[str, Json] = field(default_factory=dict)
    issues: list[Json] = field(default_factory=list)
    noted: list[Json] = field(default_factory=list)

    @property
    def all_issues(self) -> list[Json]:
        return [*self.issues, *self.noted]


@dataclass(frozen=True)
class Change:
    """What is to become of a listing. kind: put, patch, delete or note (an issue appears). Times: epoch seconds."""

    kind: str
    places: tuple[str, ...]
    sent_at: float
    via: str
    reference: str
    product_type: str = ""
    requirements: str = ""
    attributes: Attributes = field(default_factory=dict)
    patches: list[Json] = field(default_factory=list)
    issue: Json = field(default_factory=dict)


class ListingStore:
    """In the sandbox's database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, _TABLES)

    def get(self, account: str, sku: str) -> Listing | None:
        row = self._db.execute("SELECT body FROM listings WHERE account = ? AND sku = ?", (account, sku)).fetchone()
        return _listing(row[0]) if row else None

    def known(self, account: str, sku: str) -> bool:
        return self._db.number("SELECT count(*) FROM listings WHERE account = ? AND sku = ?", (account, sku)) > 0

    def all(self, account: str) -> list[Listing]:
        """By SKU."""
        sql = "SELECT body FROM listings WHERE account = ? ORDER BY sku"
        return [_listing(body) for (body,) in self._db.execute(sql, (account,))]

    def facts(self, account: str) -> list[Listing]:
        """As all(), without attributes but for the parent's SKU and without the words of issues: what a search looks at."""
        sql = "SELECT facts FROM listings WHERE account = ? ORDER BY sku"
        return [_listing(facts) for (facts,) in self._db.execute(sql, (account,))]

    def by_asin(self, asin: str) -> list[Listing]:
        """Of all sellers: a page is everyone's."""
        sql = "SELECT body FROM listings WHERE asin = ? ORDER BY account, sku"
        return [_listing(body) for (body,) in self._db.execute(sql, (asin,))]

    def asin_of(self, gtin: str) -> str:
        """The page of a barcode, empty where there is none. gtin: 14 digits."""
        sql = "SELECT asin FROM listings WHERE gtin = ? AND gtin != '' ORDER BY account, sku LIMIT 1"
        row = self._db.execute(sql, (gtin,)).fetchone()
        return str(row[0]) if row else ""

    def put(self, listing: Listing) -> None:
        body, facts = (json.dumps(vars(one), ensure_ascii=False) for one in (listing, _facts(listing)))
        self._db.insert("listings", (listing.account, listing.sku, listing.asin, listing.gtin, facts, body))

    def delete(self, account: str, sku: str) -> None:
        self._db.execute("DELETE FROM listings WHERE account = ? AND sku = ?", (account, sku))

    def queue(self, account: str, sku: str, due: float, change: Change) -> None:
        text = json.dumps(vars(change), ensure_ascii=False)
        self._db.execute(
            "INSERT INTO listing_queue (account, sku, due, change) VALUES (?,?,?,?)", (account, sku, due, text)
        )

    def queued(self, account: str, sku: str) -> list[tuple[float, Change]]:
        """(when it takes effect, the change), in that order."""
        sql = "SELECT due, change FROM listing_queue WHERE account = ? AND sku = ? ORDER BY due, id"
        return [(due, _change(text)) for due, text in self._db.execute(sql, (account, sku))]

    def is_due(self, now: float) -> bool:
        return self._db.number("SELECT count(*) FROM listing_queue WHERE due <= ?", (now,)) > 0

    def take_due(self, now: float) -> list[tuple[str, str, float, Change]]:
        """(account, SKU, its time, change) of all that is due, which are queued no more."""
        sql = "SELECT id, account, sku, due, change FROM listing_queue WHERE due <= ? ORDER BY due, id"
        rows = self._db.execute(sql, (now,)).fetchall()
        for number, *_ in rows:
            self._db.execute("DELETE FROM listing_queue WHERE id = ?", (number,))
        return [(account, sku, due, _change(text)) for _, account, sku, due, text in rows]

    def note(self, listing: Listing, what: str, value: str | None, change: Change, applied_at: float) -> None:
        """what: QUANTITY, or "price:MARKETPLACE:AUDIENCE"."""
        sql = "SELECT max(sent_at) FROM listing_history WHERE account = ? AND sku = ? AND what = ?"
        newest = self._db.execute(sql, (listing.account, listing.sku, what)).fetchone()[0] or 0.0
        times = (change.sent_at, applied_at, change.via, change.reference, int(change.sent_at < newest))
        self._db.insert("listing_history", (None, listing.account, listing.sku, what, value, *times))

    def history(self, account: str, sku: str, what: str) -> list[Json]:
        """Every number or price, in the order they took effect."""
        sql = f"SELECT {', '.join(_ENTRY)} FROM listing_history WHERE account = ? AND sku = ? AND what = ? ORDER BY id"  # noqa: S608
        rows = self._db.execute(sql, (account, sku, what))
        return [{**dict(zip(_ENTRY, row, strict=True)), "stale": bool(row[-1])} for row in rows]

    def kinds(self, account: str, sku: str) -> list[str]:
        """What there is a history of."""
        sql = "SELECT DISTINCT what FROM listing_history WHERE account = ? AND sku = ? ORDER BY what"
        return [what for (what,) in self._db.execute(sql, (account, sku))]

    def counts(self, account: str) -> dict[str, tuple[int, int]]:
        """(numbers written, stale ones among them) by SKU."""
        sql = "SELECT sku, count(*), sum(stale) FROM listing_history WHERE account = ? AND what = ? GROUP BY sku"
        return {sku: (writes, stale) for sku, writes, stale in self._db.execute(sql, (account, QUANTITY))}

    def sell(self, account: str, order_id: str, placed: float, units: Mapping[str, int]) -> None:
        """An order takes units off the number in force; told again it changes nothing, nor does one placed before that number."""
        for sku, count in units.items():
            number, since = self._in_force(account, sku)
            taken = count if placed >= int(since) else 0
            self._db.execute(
                "INSERT OR IGNORE INTO listing_sold VALUES (?,?,?,?,?)", (account, order_id, sku, number, taken)
            )

    def sold(self, account: str, sku: str) -> int:
        """Units that orders took off the number in force."""
        number, _ = self._in_force(account, sku)
        return self._db.number("SELECT sum(units) FROM listing_sold WHERE number = ? AND sku = ?", (number, sku))

    def _in_force(self, account: str, sku: str) -> tuple[int, float]:
        """(id of the number in the history, when it took effect); (0, 0) before the first."""
        sql = "SELECT id, applied_at FROM listing_history WHERE account = ? AND sku = ? AND what = ? ORDER BY id DESC LIMIT 1"
        number, since = self._db.execute(sql, (account, sku, QUANTITY)).fetchone() or (0, 0.0)
        return int(number), float(since)


def _facts(listing: Listing) -> Listing:
    kept = {name: values for name, values in listing.attributes.items() if name == PARENT}
    issues = [{"severity": issue["severity"]} for issue in listing.all_issues]
    return replace(listing, attributes=kept, issues=issues, noted=[])


def _listing(body: str) -> Listing:
    return Listing(**json.loads(body))


def _change(text: str) -> Change:
    fields: Json = json.loads(text)
    fields["places"] = tuple(fields["places"])
    return Change(**fields)

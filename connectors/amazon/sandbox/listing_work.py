"""Listings at work: a submission is judged at once, queued, and takes effect later; orders take units off the numbers.

Decided here, because Amazon does not say: calls for one SKU take effect in the order they came; a feed's messages take effect after the feed has
been worked on, whatever calls came in between. So a feed can lay an older number over a newer one (`stale` in the history)."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.definitions_types import LISTING
from connectors.amazon.sandbox.fba_store import FbaStore
from connectors.amazon.sandbox.listing_attributes import PatchError, patched
from connectors.amazon.sandbox.listing_catalogue import Catalogue
from connectors.amazon.sandbox.listing_changes import applied, names_of, offers_of, quantity_of, submitted
from connectors.amazon.sandbox.listing_issues import Issue, fatal, unknown_sku
from connectors.amazon.sandbox.listing_rules import AVAILABILITY, OFFERS, wrong_type, wrong_values
from connectors.amazon.sandbox.listing_store import PARENT, QUANTITY, Change, Listing, ListingStore
from connectors.amazon.sandbox.listing_views import Around
from connectors.amazon.sandbox.store import StoredOrder
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.steering import FORM_ERRORS


@dataclass(frozen=True)
class Verdict:
    """status: ACCEPTED, VALID (of a preview) or INVALID; asin: of the page it is, or would be, on."""

    status: str
    submission: str
    issues: tuple[Issue, ...]
    asin: str = ""


class ListingWork:
    def __init__(self, world: World) -> None:
        self.world = world
        self.store = ListingStore(world.database)
        self.catalogue = Catalogue(self.store)
        self.fba = FbaStore(world.database)
        world.listeners.append(self._ordered)

    def submit(self, account: str, sku: str, change: Change, now: float, *, preview: bool = False) -> Verdict:
        """change.reference may be empty: it is the submission's id then."""
        submission = change.reference or str(uuid.uuid4())
        change = replace(change, reference=submission)
        held = self.expected(account, sku, now)
        issues = tuple(judged(held, sku, change))
        if fatal(issues):
            return Verdict("INVALID", submission, issues)
        asin = held.asin if held is not None else ""
        if change.kind == "put":
            after = applied(held, change, (account, sku), self.catalogue.pages, int(now * 1000))
            # A page that is yet to be made has no ASIN before it is.
            asin = after.asin if after is not None and (held is not None or self.catalogue.by_asin(after.asin)) else ""
        if not preview:
            self.store.queue(account, sku, self._due(account, sku, change, now), change)
        return Verdict("VALID" if preview else "ACCEPTED", submission, issues, asin)

    def at_once(self, account: str, sku: str, change: Change, now: float) -> Listing | None:
        """A change that takes effect now, for control calls."""
        held = self.store.get(account, sku)
        after = applied(held, change, (account, sku), self.catalogue.pages, int(now * 1000))
        if after is None:
            self.store.delete(account, sku)
        else:
            self.store.put(after)
            self._note(after, change, now)
        return after

    def advance(self, now: float) -> None:
        """Lets take effect what is due by epoch seconds."""
        if not self.store.is_due(now):
            return
        with self.world.database.transaction():
            for account, sku, due, change in self.store.take_due(now):
                self.at_once(account, sku, change, due)

    def expected(self, account: str, sku: str, now: float) -> Listing | None:
        """The listing as it will be when all that is queued has taken effect."""
        held = self.store.get(account, sku)
        for _, change in self.store.queued(account, sku):
            held = applied(held, change, (account, sku), self.catalogue.pages, int(now * 1000))
        return held

    def around(self, listing: Listing, now: float, children: Sequence[str] = ()) -> Around:
        """children: SKUs that name it their parent (family), where they matter."""
        asked = (self.fba.get(listing.account, place, listing.sku) for place in listing.places)
        stocks = [stock for stock in asked if stock is not None]
        by_amazon = {stock.marketplace: stock.count("fulfillable") for stock in stocks}
        fn_sku = stocks[0].fn_sku if stocks else ""
        sold = self.store.sold(listing.account, listing.sku)
        return Around(self.catalogue.title(listing), sold, by_amazon, children, int(now * 1000), fn_sku)

    def family(self, account: str) -> dict[str, list[str]]:
        """SKUs of children by the SKU of their parent."""
        found: dict[str, list[str]] = {}
        for listing in self.store.facts(account):
            for one in listing.attributes.get(PARENT, []):
                children = found.setdefault(str(one.get("parent_sku")), [])
                if listing.sku not in children:
                    children.append(listing.sku)
        return found

    def _due(self, account: str, sku: str, change: Change, now: float) -> float:
        low, high = self.world.settings.listing_seconds
        due = now + self.world.rng("listing", change.reference, sku).uniform(low, high)
        before = [at for at, one in self.store.queued(account, sku) if one.via == change.via]
        return max([due, *before])

    def _note(self, after: Listing, change: Change, at: float) -> None:
        """Writes down each number and price that the change wrote."""
        if change.kind not in ("put", "patch"):
            return
        names = names_of(change)
        if AVAILABILITY in names:
            number = quantity_of(after.attributes)
            self.store.note(after, QUANTITY, None if number is None else str(number), change, at)
        if OFFERS in names:
            for (place, audience), price in offers_of(after.attributes, change.places).items():
                self.store.note(after, f"price:{place}:{audience}", price, change, at)

    def _ordered(self, order: StoredOrder, change_type: str, reason: str, at: float) -> None:
        # What was due before the order was placed comes first: its units count against the number in force then.
        self.advance(at)
        try:
            held = [
                (item["product"]["sellerSku"], item["fulfillment"], item["quantityOrdered"])
                for item in lifecycle.items_of(order.body)
            ]
            units = Counter[str]()
            open_units, shipped = Counter[str](), Counter[str]()
            for sku, one, ordered in held:
                units[sku] += int(ordered)
                open_units[sku] += int(one["quantityUnfulfilled"])
                shipped[sku] += int(one["quantityFulfilled"])
        except FORM_ERRORS:
            return
        if order.fulfilled_by == "MERCHANT":
            self.store.sell(order.account, order.id, order.created / 1000, units)
        for sku in units if order.fulfilled_by == "AMAZON" else ():
            key = (order.account, order.marketplace, sku)
            self.fba.ordered(key, order.id, open_units[sku], shipped[sku], int(at * 1000))


def judged(held: Listing | None, sku: str, change: Change) -> list[Issue]:
    """What Amazon says at once."""
    if change.kind == "delete":
        return []
    if found := wrong_type(change.product_type):
        return found
    if change.kind == "put":
        try:
            given = submitted(change)
        except PatchError as error:
            return [error.issue]
        return wrong_values(given, change.product_type, change.requirements or LISTING, enforced=True)
    if held is None:
        return [unknown_sku(sku)]
    attributes, issues = patched(held.attributes, change.patches, change.places)
    written = {name: values for name, values in attributes.items() if name in names_of(change)}
    issues += wrong_values(written, change.product_type, LISTING, enforced=False)
    return issues


def note_of(issue: Issue, at: float, via: str = "control") -> Change:
    """An issue that appears."""
    return Change("note", (), at, via, "", issue=issue.as_json())

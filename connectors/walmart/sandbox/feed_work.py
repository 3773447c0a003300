"""What a feed does when its time has come: each item is checked and applied on its own, all of it or nothing of it."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from connectors.kit.sandbox.catalog import CATALOG, Product
from connectors.walmart.sandbox import item_rules
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.feed_files import KINDS, FeedKind, FileError, entries_of, sku_in
from connectors.walmart.sandbox.feed_store import SUCCESS, Feed, FeedItem, FeedStore
from connectors.walmart.sandbox.item_rules import Draft, FeedError, ItemError, bad
from connectors.walmart.sandbox.item_store import ACTIVE, IN_PROGRESS, PUBLISHED, RETIRED, UNPUBLISHED, Item, ItemStore
from connectors.walmart.sandbox.product_types import stable_id, type_of
from connectors.walmart.sandbox.settings import SandboxSettings
from connectors.walmart.sandbox.stock_store import Origin, StockStore

UNPUBLISH = "unpublish"
PRICE_KINDS = ("BASE", "REDUCED", "CLEARANCE")
_MATCHABLE: dict[str, Product] = {product.barcode.zfill(14): product for product in CATALOG}
REASONS = (
    "No shipping information was set up. Please re-ingest this item with a shipping price.",
    "The primary image is missing or could not be read.",
    "The item's price is not competitive with other websites.",
)
_INJECTED = {
    item_rules.DATA_ERROR: FeedError(item_rules.BAD_FIELD, "fault injected: bad item"),
    item_rules.SYSTEM_ERROR: FeedError(
        "ERR_PDI_0005", "fault injected: unexpected system error", "", item_rules.SYSTEM_ERROR
    ),
    item_rules.TIMEOUT_ERROR: FeedError("ERR_INT_DATA_0001", "fault injected: timed out", "", item_rules.TIMEOUT_ERROR),
}


def wpid_of(gtin: str) -> str:
    """Walmart's id of a product: twelve letters and digits, the same for everyone who sells it."""
    return stable_id(f"wpid:{gtin}", 12).upper()


@dataclass(frozen=True)
class _Context:
    feed: Feed
    origin: Origin
    unpublish: bool


class FeedWork:
    """Processes feeds against items and stock."""

    def __init__(self, feeds: FeedStore, items: ItemStore, stock: StockStore, settings: SandboxSettings) -> None:
        self.feeds = feeds
        self.items = items
        self.stock = stock
        self.settings = settings
        self._acts: dict[str, Callable[[_Context, Any], str]] = {
            "inventory": self._inventory,
            "MP_INVENTORY": self._node_inventory,
            "price": self._price,
            "MP_ITEM": self._full_item,
            "MP_MAINTENANCE": self._maintenance,
            "MP_ITEM_MATCH": self._match,
            "RETIRE_ITEM": self._retire,
        }

    def advance(self, now: float) -> None:
        """Processes the feeds that are due, in the order in which they end."""
        for feed in self.feeds.due(now):
            self.feeds.finish(feed, ()) if feed.error else self._process(feed)

    def entries(self, kind: FeedKind, content: bytes) -> list[Any]:
        """The items of a file under the versions of the settings. Raises FileError."""
        more = self.settings.match_versions if kind.name == "MP_ITEM_MATCH" else ()
        return entries_of(kind, content, (*self.settings.item_versions, *more))

    def _process(self, feed: Feed) -> None:
        try:
            entries = self.entries(KINDS[feed.kind], self.feeds.content(feed))
        except FileError:  # the versions of the settings have changed since it was sent
            entries = []
        marks, fates = dict(feed.marks), {}
        with self.feeds.transaction():
            for position in _order(entries, feed, self.settings.seed):
                fates[position] = self._fate(feed, position, entries[position], marks.get(position, ""))
            self.feeds.finish(feed, (fates[position] for position in sorted(fates)))

    def _fate(self, feed: Feed, position: int, entry: Any, mark: str) -> FeedItem:
        item = FeedItem(position, sku_in(KINDS[feed.kind], entry))
        assert feed.ends_at is not None
        context = _Context(feed, Origin(feed.sent_at, feed.ends_at, "feed", feed.feed_id), mark == UNPUBLISH)
        if mark in _INJECTED:
            return replace(item, status=mark, errors=(_INJECTED[mark],))
        try:
            wpid = self._acts[feed.kind](context, entry)
        except ItemError as error:
            return replace(item, status=item_rules.DATA_ERROR, errors=error.errors)
        return replace(item, status=SUCCESS, wpid=wpid)

    def _inventory(self, context: _Context, entry: Any) -> str:
        item = self._known(context, entry)
        amount = item_rules.amount_of(entry.get("quantity"))
        self.stock.write(item.account, item.sku, context.feed.node, amount, context.origin)
        return item.wpid

    def _node_inventory(self, context: _Context, entry: Any) -> str:
        item, nodes = self._known(context, entry), entry.get("shipNodes")
        if not isinstance(nodes, list) or not nodes or not all(isinstance(node, dict) for node in nodes):
            raise bad("shipNodes", "a list of ship nodes is expected")
        known = self.settings.nodes_of(context.feed.account)
        wanted = [(node.get("shipNode"), item_rules.amount_of(node.get("quantity"))) for node in nodes]
        for node, _ in wanted:
            if node not in known:
                raise bad("shipNode", f"unknown ship node {node}")
        for node, amount in wanted:
            self.stock.write(item.account, item.sku, node, amount, context.origin)
        return item.wpid

    def _price(self, context: _Context, entry: Any) -> str:
        item = self._known(context, entry)
        self.set_price(item, *price_of(entry), context.origin)
        return item.wpid

    def set_price(self, item: Item, cents: int, kind: str, origin: Origin) -> None:
        moved = max(item.modified, int(origin.applied_at * 1000))
        self.items.put([replace(item, price_cents=cents, modified=moved)])
        self.stock.wrote_price(item.account, item.sku, cents, kind, origin)

    def _full_item(self, context: _Context, entry: Any) -> str:
        return self._set_up(context, item_rules.full_item(entry))

    def _match(self, context: _Context, entry: Any) -> str:
        draft, account = item_rules.match(entry), context.feed.account
        product = _MATCHABLE.get(draft.gtin)
        same = [one for one in self.items.by_gtin(account, draft.gtin) if one.sku == draft.sku]
        if product is None and not same:
            raise ItemError(FeedError(item_rules.NO_MATCH, "no item of the catalogue has this product id", "productId"))
        name, kind = (same[0].name, same[0].product_type) if same else ("", "")
        if product is not None:
            name, kind = product.name, type_of(product.name)
        return self._set_up(context, replace(draft, name=name, product_type=kind))

    def _set_up(self, context: _Context, draft: Draft) -> str:
        """A new item, or an existing one replaced. It is published some time later."""
        account, at = context.feed.account, context.origin.applied_at
        known = self.items.get(account, draft.sku)
        self._check_identity(account, draft, known)
        stays = known is not None and known.lifecycle == ACTIVE and known.published == PUBLISHED
        item = Item(
            account=account,
            sku=draft.sku,
            gtin=draft.gtin,
            wpid=wpid_of(draft.gtin),
            name=draft.name or "",
            product_type=draft.product_type or "",
            price_cents=draft.price_cents or 0,
            published=PUBLISHED if stays else IN_PROGRESS,
            variant_group=draft.variant_group,
            variant_attributes=draft.variant_attributes,
            is_primary=draft.is_primary,
            wfs=known.wfs if known else False,
            content=draft.content,
            created=known.created if known else int(at * 1000),
            modified=int(at * 1000),
        )
        self.items.put([item if stays and not context.unpublish else self._to_publish(context, item)])
        if draft.price_cents is not None:
            self.stock.wrote_price(account, draft.sku, draft.price_cents, "BASE", context.origin)
        return item.wpid

    def _to_publish(self, context: _Context, item: Item) -> Item:
        rng = random.Random(f"{self.settings.seed}:{context.feed.feed_id}:{item.sku}")
        after = rng.uniform(*self.settings.publish_seconds)
        refused = context.unpublish or rng.random() < self.settings.unpublished_share
        due: Json = (
            {"published": UNPUBLISHED, "reasons": [rng.choice(REASONS)]} if refused else {"published": PUBLISHED}
        )
        return replace(item, due_at=context.origin.applied_at + after, due=due)

    def _check_identity(self, account: str, draft: Draft, known: Item | None) -> None:
        if known is not None and known.gtin != draft.gtin and known.lifecycle != RETIRED:
            text = "This SKU is already set up with a different product id."
            raise ItemError(FeedError(item_rules.BOUND_ELSEWHERE, text, "productId"))
        others = [one for one in self.items.by_gtin(account, draft.gtin) if one.sku != draft.sku]
        if any(one.lifecycle == ACTIVE for one in others):
            text = "This product id is already set up under another SKU, with other details."
            raise ItemError(FeedError(item_rules.OTHER_DETAILS, text, "productId"))

    def _maintenance(self, context: _Context, entry: Any) -> str:
        draft = item_rules.maintenance(entry)
        item = self._known(context, {"sku": draft.sku})
        self._check_identity(context.feed.account, draft, item)
        content = _merged(item.content, draft.content)
        changed = replace(
            item, name=draft.name or item.name, content=content, modified=int(context.origin.applied_at * 1000)
        )
        if draft.variant_group:
            parts = (draft.variant_group, draft.variant_attributes, draft.is_primary)
            changed = replace(changed, variant_group=parts[0], variant_attributes=parts[1], is_primary=parts[2])
        self.items.put([changed])
        if draft.price_cents is not None:
            self.set_price(changed, draft.price_cents, "BASE", context.origin)
        return item.wpid

    def _retire(self, context: _Context, entry: Any) -> str:
        item = self._known(context, entry)
        self.items.put([self.retired(item, context.origin.applied_at)])
        return item.wpid

    def retired(self, item: Item, at: float) -> Item:
        """The item on its way out: Walmart takes up to 48 hours, the sandbox what its settings say."""
        due = {"lifecycle": RETIRED, "published": UNPUBLISHED, "reasons": ["The item was retired by the seller."]}
        return replace(item, due_at=at + self.settings.retire_seconds, due=due)

    def _known(self, context: _Context, entry: Any) -> Item:
        sku = item_rules.sku_of(entry.get("sku") if isinstance(entry, dict) else None)
        item = self.items.get(context.feed.account, sku)
        if item is None:
            raise ItemError(FeedError(item_rules.UNKNOWN_SKU, "no item with this SKU is set up", "sku"))
        return item


def price_of(entry: Any) -> tuple[int, str]:
    """(cents, kind) of a price entry, in a feed or alone. Raises ItemError."""
    pricing = entry.get("pricing") if isinstance(entry, dict) else None
    if not isinstance(pricing, list) or len(pricing) != 1 or not isinstance(pricing[0], dict):
        raise bad("pricing", "a list with one price is expected")
    price = pricing[0]
    kind = price.get("currentPriceType", "BASE")
    if kind not in PRICE_KINDS:
        raise bad("currentPriceType", f"one of {', '.join(PRICE_KINDS)} is expected")
    cents = _money(price.get("currentPrice"), "currentPrice")
    if kind != "BASE" and _money(price.get("comparisonPrice"), "comparisonPrice") <= cents:
        raise bad("comparisonPrice", "must be above currentPrice")
    return cents, kind


def _money(money: Any, field: str) -> int:
    if not isinstance(money, dict) or money.get("currency") != "USD":
        raise bad(field, "an amount in USD is expected")
    return item_rules.cents_of(money.get("amount"), f"{field}.amount")


def _order(entries: list[Any], feed: Feed, seed: int) -> Iterator[int]:
    """The order in which items take effect: as they stand, but a SKU that comes twice wins at random (walmart.md section 8)."""
    places: dict[str, list[int]] = defaultdict(list)
    for position, entry in enumerate(entries):
        places[sku_in(KINDS[feed.kind], entry)].append(position)
    rng = random.Random(f"{seed}:{feed.feed_id}:order")
    for sku, positions in places.items():
        if sku and len(positions) > 1:
            rng.shuffle(positions)
        yield from positions


def _merged(before: Json, update: Json) -> Json:
    """A partial update over the content of an item, block by block."""
    merged = dict(before)
    for name, value in update.items():
        inner = before.get(name)
        merged[name] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged

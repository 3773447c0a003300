"""The tables of the sandbox's page on items, feeds, returns and settlements."""

from connectors.kit.sandbox.page import Table, shown_time
from connectors.walmart.sandbox import snapshot
from connectors.walmart.sandbox.feed_api import listed
from connectors.walmart.sandbox.item_store import ItemFilter
from connectors.walmart.sandbox.world import World

_SHOWN = 50


def seller_tables(world: World, account: str) -> list[Table]:
    now = world.now()
    return [
        _items(world, account, now),
        _feeds(world, account, now),
        _returns(world, account),
        _settlements(world, account),
    ]


def _items(world: World, account: str, now: float) -> Table:
    rows = []
    for found in world.items.page(account, ItemFilter(), _SHOWN, 0):
        shown = snapshot.item(world, found, now, history=False)
        stock = shown["stock"]
        numbers = (stock["amount"], stock["reserved"], stock["available"], stock["writes"])
        price, status = f"{found.price_cents / 100:.2f}", f"{found.published}, {found.lifecycle}"
        rows.append((found.sku, found.name, price, status, *numbers, "; ".join(found.reasons)))
    columns = ("SKU", "Name", "Price USD", "Status", "Stock", "Reserved", "Available", "Writes", "Reasons")
    note = f"{world.items.count(account)} in all; the first {len(rows)}."
    return Table(f"Items of {account}", columns, rows, note, "No items. POST /sandbox/items adds some.")


def _feeds(world: World, account: str, now: float) -> Table:
    rows = []
    for feed in world.feeds.page(account, _SHOWN, 0):
        shown = listed(world, feed, now)
        names = ("itemsReceived", "itemsSucceeded", "itemsFailed", "itemsProcessing")
        first = (feed.feed_id, feed.kind, shown_time(feed.sent_at), shown["feedStatus"])
        rows.append((*first, *(shown[name] for name in names)))
    columns = ("Feed", "Type", "Sent", "Status", "Items", "Good", "Failed", "Waiting")
    note = f"{world.feeds.count(account)} in all; the newest {len(rows)}."
    return Table(f"Feeds of {account}", columns, rows, note, "No feeds yet.")


def _returns(world: World, account: str) -> Table:
    found = world.returns.store.all(account)
    rows = []
    for one in found[: -_SHOWN - 1 : -1]:
        shown = snapshot.one_return(world, one)
        states = "; ".join(
            f"{line['sku']}: case {line['case']}, goods {line['goods']}, money {line['money']}"
            for line in shown["lines"]
        )
        rows.append((one.return_id, one.po, shown["type"], states, len(shown["refunds"])))
    columns = ("Return", "Purchase order", "Type", "States", "Refunds")
    note = f"{len(found)} in all; the newest {len(rows)}."
    return Table(f"Returns of {account}", columns, rows, note, "No returns. POST /sandbox/returns starts some.")


def _settlements(world: World, account: str) -> Table:
    rows = [
        (
            one["reportDate"],
            f"{one['payable_cents'] / 100:.2f}",
            f"{one['sum_cents'] / 100:.2f}",
            one["variant"] or "right",
        )
        for one in world.settlements.shown(account)
    ]
    columns = ("Report date", "Total payable USD", "Sum of rows USD", "Kind")
    empty = "No settlements. POST /sandbox/settlements publishes one."
    return Table(f"Settlements of {account}", columns, rows[::-1], "", empty)

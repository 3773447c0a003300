"""Feed files: what each feed type must look like, how large it may be, and which items it holds (walmart.md sections 3, 7-10).

The letter case of the keys belongs to the format: `inventory` has InventoryHeader, `MP_INVENTORY` has inventoryHeader. A wrong
key or header fails the whole feed, after it was accepted.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from connectors.walmart.sandbox.item_rules import FeedError

WRONG_HEADER, UNREADABLE = "ERR_EXT_DATA_0503009", "ERR_PDI_0001"
MAX_ITEMS = 10_000
_MEGABYTE = 1024 * 1024
_V5_HEADER = {"businessUnit": "WALMART_US", "locale": "en"}
_V4_HEADER = {"processMode": "REPLACE", "subset": "EXTERNAL", "locale": "en"}


@dataclass(frozen=True)
class FeedKind:
    """header, items: top-level keys; versions: allowed ones, empty = from the settings; operation: whose quota it takes;
    suffix: what its feed ids end in; channels: sellingChannel of a 4.x header."""

    name: str
    header: str
    items: str
    operation: str
    suffix: str
    megabytes: int
    versions: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    sku_in: str = ""


KINDS: Mapping[str, FeedKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            FeedKind("inventory", "InventoryHeader", "Inventory", "feed_inventory", "AUoBAQA", 10, ("1.4",)),
            FeedKind("MP_INVENTORY", "inventoryHeader", "inventory", "feed_mp_inventory", "AVIBAQA", 1, ("1.5",)),
            FeedKind("price", "PriceHeader", "Price", "feed_price", "AVMBAgA", 10, ("1.7",)),
            FeedKind(
                "MP_ITEM", "MPItemFeedHeader", "MPItem", "feed_item", "AU8BAQA", 25, (), ("marketplace",), "Orderable"
            ),
            FeedKind(
                "MP_MAINTENANCE",
                "MPItemFeedHeader",
                "MPItem",
                "feed_maintenance",
                "AU8BAgA",
                25,
                (),
                ("mpmaintenance",),
                "Orderable",
            ),
            FeedKind(
                "MP_ITEM_MATCH",
                "MPItemFeedHeader",
                "MPItem",
                "feed_match",
                "AW8BAQA",
                25,
                (),
                ("mpsetupbymatch",),
                "Item",
            ),
            FeedKind("RETIRE_ITEM", "RetireItemHeader", "RetireItem", "feed_retire", "AVYBAQA", 10, ("1.0",)),
        )
    }
)


class FileError(Exception):
    """A file that fails its whole feed."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.error = FeedError(code, description)


def entries_of(kind: FeedKind, content: bytes, item_versions: Sequence[str]) -> list[Any]:
    """The items of a feed file, decimals kept. Raises FileError."""
    try:
        body = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise FileError(UNREADABLE, "the file is not JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get(kind.header), dict):
        raise FileError(WRONG_HEADER, f"{kind.header} is expected at the top of a {kind.name} feed")
    if unknown := sorted(body.keys() - {kind.header, kind.items}):
        raise FileError(WRONG_HEADER, f"unexpected {', '.join(unknown)} in a {kind.name} feed")
    _check_header(kind, body[kind.header], item_versions)
    entries = body.get(kind.items)
    if not isinstance(entries, list) or not entries:
        raise FileError(WRONG_HEADER, f"{kind.items} is expected as a list of items")
    if len(entries) > MAX_ITEMS:
        raise FileError(UNREADABLE, f"{len(entries)} items; at most {MAX_ITEMS} are allowed")
    return entries


def sku_in(kind: FeedKind, entry: Any) -> str:
    """The SKU an entry speaks of, as far as it has one."""
    block = entry.get(kind.sku_in) if kind.sku_in and isinstance(entry, dict) else entry
    sku = block.get("sku") if isinstance(block, dict) else None
    return sku if isinstance(sku, str) else ""


def _check_header(kind: FeedKind, header: Any, item_versions: Sequence[str]) -> None:
    version = header.get("version")
    allowed = kind.versions or item_versions
    if version not in allowed:
        raise FileError(WRONG_HEADER, f"version {version!r} of {kind.name} is not supported; {', '.join(allowed)} is")
    if kind.name == "RETIRE_ITEM" and not isinstance(header.get("feedDate"), str):
        raise FileError(WRONG_HEADER, "feedDate is expected in RetireItemHeader")
    if not kind.channels:
        return
    # 5.0 takes its three fields and no other; 4.x has a header of its own (walmart.md section 9).
    if version.startswith("5."):
        if header != {**_V5_HEADER, "version": version}:
            raise FileError(WRONG_HEADER, "MPItemFeedHeader has businessUnit WALMART_US, locale en, version, no more")
    elif {**header, **_V4_HEADER} != header or header.get("sellingChannel") not in kind.channels:
        raise FileError(WRONG_HEADER, f"MPItemFeedHeader of {kind.name} {version} is not as its spec says")

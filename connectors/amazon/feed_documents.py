"""A feed as its document: JSON for listings, tab-separated text for orders. Pure.

`Feed.body` of listings is `{"messages": [...]}` without numbers: they are given here, because feeds that go together become one. That of orders
is `{"columns": (...), "lines": [...]}`, each line by column.
(Sources: listings-feed-schema-v2; templates of Seller Central for the two order feeds.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.feeds import Feed

LISTINGS = "JSON_LISTINGS_FEED"
CANCELLATIONS = "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA"
REFUNDS = "POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA"
JSON_TYPE, TEXT_TYPE = "application/json; charset=UTF-8", "text/tab-separated-values; charset=UTF-8"
MESSAGES, COLUMNS, LINES = "messages", "columns", "lines"
# 25,000 messages are allowed; a file of 10 MiB is not to be passed, and a message with texts and pictures may have 10 KiB.
MOST_MESSAGES, MOST_LINES = 1000, 1000
MOST_BYTES = 10 * 1024 * 1024


def content_type(kind: str) -> str:
    """Media type of a feed's document, announced and sent alike."""
    return JSON_TYPE if kind == LISTINGS else TEXT_TYPE


def most_of(kind: str) -> int:
    """How many items a feed of that type has at most."""
    return MOST_MESSAGES if kind == LISTINGS else MOST_LINES


def document_of(feed: Feed, seller_id: str) -> bytes:
    """The document's bytes. Raises DataError for one that is too long or cannot be a line."""
    if feed.kind == LISTINGS:
        header = {"sellerId": seller_id, "version": "2.0", "issueLocale": "en_US"}
        numbered = [{"messageId": number, **one} for number, one in enumerate(feed.body[MESSAGES], 1)]
        content = exact_json.dumps({"header": header, MESSAGES: numbered})
    else:
        content = tab_separated(feed.body[COLUMNS], feed.body[LINES])
    if len(content) > MOST_BYTES:
        raise DataError(f"{feed.kind}: the file would have {len(content)} bytes, Amazon takes {MOST_BYTES}")
    return content


def tab_separated(columns: Sequence[str], lines: Sequence[Mapping[str, Any]]) -> bytes:
    """A header and a line each. Raises DataError for a value that would be two."""
    rows = [list(columns), *([str(line.get(name, "")) for name in columns] for line in lines)]
    for row in rows:
        if any(not value.isprintable() for value in row):
            raise DataError("a value holds a tab, a line break or the like, which Amazon's flat files cannot")
    return ("\r\n".join("\t".join(row) for row in rows) + "\r\n").encode()

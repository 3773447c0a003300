"""A download that came damaged is told from a document that is damaged: the first is read again, the second a person gets to see (ERR-1, ERR-2)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import httpx
import pytest

from connectors.amazon.documents import Documents, damage_of, refusal, unpacked
from connectors.amazon.feed_documents import CANCELLATIONS, LISTINGS
from connectors.amazon.feeds import whole_report
from connectors.kit.errors import DataError, TransientError
from connectors.kit.http import HttpClient, HttpSettings
from connectors.kit.rereading import DamagedError
from schemas.reasons import Reason

TABLE = b"order-id\tsku\tquantity\r\n1\tA\t2\r\n2\tB\t1\r\n"
ZIPPED = gzip.compress(TABLE, mtime=0)
# The checksum stands eight bytes before the end.
CHANGED = ZIPPED[:-8] + bytes([ZIPPED[-8] ^ 1]) + ZIPPED[-7:]
PAGE = b"<html><body>Bad Gateway</body></html>"
DAMAGED = {
    "cut": ZIPPED[:-9],
    "cut at its trailer": ZIPPED[:-4],
    "cut in its head": ZIPPED[:5],
    "cut to nothing": b"",
    "changed": CHANGED,
    "with more behind it": ZIPPED + b"junk",
    "a page": PAGE,
    "plain": TABLE,
}
STORE = "https://store.example"


def documents(content: bytes, **headers: str) -> Documents:
    """A store that answers with that body."""
    settings = HttpSettings(largest_answer_bytes=10_000)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=named, content=content))
    made = Documents(settings)
    made._hosts[STORE] = HttpClient(STORE, settings, refusal=refusal, transport=transport)
    return made


@pytest.mark.parametrize("damage", DAMAGED)
async def test_gzip_that_came_damaged_is_downloaded_again(damage: str) -> None:
    """ERR-2: whoever reads it, packed or unpacked, gets nothing of it; time mends it."""
    calls: tuple[Callable[[Documents], object], ...] = (
        lambda one: one.fetch(f"{STORE}/d?signature=canary", "GZIP"),
        lambda one: one.download(f"{STORE}/d?signature=canary", "gzip"),
    )
    for call in calls:
        with pytest.raises(DamagedError) as caught:
            await call(documents(DAMAGED[damage]))  # type: ignore[misc]
        assert (isinstance(caught.value, TransientError), caught.value.reason) == (True, Reason.TRANSIENT)
        assert "canary" not in str(caught.value)


async def test_what_is_whole_comes_as_it_lies_there() -> None:
    """Packed for who unpacks himself, by HTTP or not at all."""
    url = f"{STORE}/d"
    assert await documents(ZIPPED, content_type="text/plain").fetch(url, "GZIP") == (ZIPPED, "text/plain")
    assert await documents(ZIPPED).download(url, "GZIP") == TABLE
    assert await documents(TABLE).fetch(url) == (TABLE, "")
    assert await documents(TABLE).download(url) == TABLE
    assert (await documents(ZIPPED, content_encoding="gzip").fetch(url, "GZIP"))[0] == TABLE
    assert await documents(ZIPPED, content_encoding="gzip").download(url, "GZIP") == TABLE


async def test_gzip_nobody_announced_and_a_page_in_place_of_a_table_are_seen_too() -> None:
    for content in (ZIPPED[:-9], PAGE, b"\xef\xbb\xbf\r\n" + PAGE):
        with pytest.raises(DamagedError):
            await documents(content).fetch(f"{STORE}/d")


async def test_what_is_too_long_does_not_become_shorter() -> None:
    """ERR-1: a person raises the limit, or does not."""
    with pytest.raises(DataError, match="more than 10000 bytes"):
        await documents(gzip.compress(b"x" * 10_001)).fetch(f"{STORE}/d", "GZIP")
    with pytest.raises(DataError, match="more than 100 bytes"):
        unpacked(gzip.compress(b"x" * 101), 100)
    assert len(unpacked(gzip.compress(b"x" * 100), 100)) == 100


@pytest.mark.parametrize(
    ("content", "damage"),
    [
        (TABLE, ""),
        (TABLE.rstrip(), ""),
        (b"", ""),
        (b"\r\n", ""),
        (TABLE[:15], "within its header"),
        (TABLE[: TABLE.index(b"B")], "within a row"),
        (TABLE[: TABLE.index(b"A")], "within a row"),
        (b"a\tb\tc\n1\n2\t\tx\n3", ""),  # its lines leave out empty cells at their ends
        (TABLE + b'\0"}', "no text"),
        (ZIPPED, ""),
    ],
)
def test_a_table_without_a_checksum_shows_by_its_end_that_it_was_cut(content: bytes, damage: str) -> None:
    found = damage_of(content)
    assert (damage in found) if damage else not found


RESULT = b"""Feed Processing Summary:
\tNumber of records processed\t\t3
\tNumber of records successful\t\t1

original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message
2\t1-2\t34\t99001\tERROR\tno such item
3\t1-2\t56\t99001\tERROR\tno such item
"""


def test_a_result_that_was_cut_never_tells_less_than_the_whole_one() -> None:
    """ERR-1: an item whose failure was cut off would count as done. Amazon's words may be cut, which item it was and how it ended may not."""
    whole = whole_report(CANCELLATIONS, RESULT)
    assert (whole.tells_all, set(whole.items)) == (True, {"1-2/34", "1-2/56"})
    taken = 0
    for end in range(len(RESULT)):
        try:
            found = whole_report(CANCELLATIONS, RESULT[:end])
        except DamagedError:
            continue
        taken += 1
        assert set(found.items) == set(whole.items) or not found.tells_all
    assert taken < 20
    listings = json.dumps({"summary": {"messagesProcessed": 1, "messagesInvalid": 0}, "issues": []}).encode()
    assert whole_report(LISTINGS, listings).tells_all
    for end in range(len(listings)):
        with pytest.raises(DamagedError):
            whole_report(LISTINGS, listings[:end])

"""ORD-9: an entry made, changed or taken out later has what it touches told anew, and nobody has to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.headers import decode_headers, encode_headers
from schemas.record import Message, Record
from streams.failure.mappings import MappingTable
from streams.kafka import BrokerError
from streams.runtime import InfrastructureError
from streams.stages.renamed import Renaming
from tests.unit.observe.bodies import body_of
from tests.unit.stages.references import MADE, entry_record
from tests.unit.stages.references import tables as made_tables
from tests.unit.stages.test_route import CHANNEL, CODEC, NOW, OFFER, canonical, delivery
from tests.unit.stages.test_route_skus import router

ENTRY = ("sku", "walmart", "", "A")
LATER = datetime(2026, 2, 2, tzinfo=UTC)
LATER_MS = int(LATER.timestamp() * 1000)


def number(sku: str, quantity: str = "4", version: int = 3) -> Record:
    found = canonical("availability", OFFER | {"key": f"stock:walmart:MAIN:{sku}", "sku": sku, "quantity": quantity})
    headers = replace(decode_headers(found.headers), version=version)
    return replace(found, headers=encode_headers(headers))


def price(sku: str) -> Record:
    body = body_of("price_offer", key=f"price:walmart:MAIN:{sku}", sku=sku, channel="walmart", account="MAIN")
    return canonical("price_offer", body)


def product(sku: str) -> Record:
    return canonical("product", body_of("product", key=f"sku:{sku}", sku=sku))


def holds(name: str, checksum: str = "c", job: str = "") -> Record:
    """What the marketplace is known to hold a number of, or to work on."""
    key = f"stock:walmart:MAIN:{name}"
    body = body_of("key_state", key=key, checksum=checksum, job=job, jobs=[job] if job else [])
    return Record("state.walmart", 0, 1, 0, key.encode(), CODEC.encode("key_state", body))


class World:
    """Tables, and topics that hold these records."""

    def __init__(self, table: MappingTable, *records: Record) -> None:
        self.table = table
        self.records = {(record.topic, (record.key or b"").decode()): record for record in records}
        self.slept: list[float] = []
        self.reads = 0

    def read(self, topics: Sequence[str], keys: Sequence[str]) -> Mapping[tuple[str, str], Record]:
        self.reads += 1
        return {place: record for place, record in self.records.items() if place[0] in topics and place[1] in keys}

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def renaming(self, now_ms: int = int(NOW.timestamp() * 1000)) -> Renaming:
        return Renaming(
            CODEC, router(self.table), self.table, (CHANNEL,), "sandbox", self.read, lambda: now_ms, self.sleep
        )

    async def changed(
        self, internal: str | None, before: str = "", key: Any = ENTRY, after_ms: int = 0
    ) -> list[Message]:
        """The table has it, and the stage is given it."""
        at_ms = LATER_MS + after_ms
        record = entry_record(key, internal, at=LATER, offset=50, before=before, timestamp_ms=at_ms)
        self.table.apply(record)
        return await self.renaming().messages([record])


def told(messages: Sequence[Message]) -> dict[str, str]:
    """Key of each delivery -> what it tells."""
    found = {}
    for message in messages:
        if message.topic.startswith("deliver."):
            sent = delivery(message)
            body = CODEC.decode(sent["schema"], sent["body"])
            found[sent["key"]] = body["quantity"] if sent["schema"] == "availability" else body["sku"]
    return found


def version_of(messages: Sequence[Message], name: str) -> int:
    """Of the number that is told under this word."""
    sent = [delivery(message) for message in messages if message.topic.startswith("deliver.")]
    return int(next(one["version"] for one in sent if one["key"] == f"stock:walmart:MAIN:{name}"))


def ended(messages: Sequence[Message]) -> set[str]:
    """Keys of what ends in shadow and held."""
    return {f"{m.topic}/{(m.key or b'').decode()}" for m in messages if m.value is None}


async def test_an_entry_made_later_sends_everything_under_the_new_word() -> None:
    world = World(made_tables(), number("OURS"), price("OURS"), product("OURS"))
    messages = await world.changed("OURS")
    assert told(messages) == {"stock:walmart:MAIN:A": "4", "price:walmart:MAIN:A": "A", "listing:walmart:MAIN:A": "A"}
    assert {delivery(m)["version"] for m in messages if m.topic.startswith("deliver.")} == {
        int(LATER.timestamp() * 1000)
    }


async def test_what_waited_under_the_old_word_ends() -> None:
    """Held for a listing that will never be, or in shadow: released later it would go to an item that is not ours any more."""
    kept = {
        f"{place}.walmart/{key}:walmart:MAIN:{name}|{operation}"
        for place in ("shadow", "held") for name in ("OURS", "A")
        for key, operation in (("stock", "set_stock"), ("price", "set_price"), ("listing", "upsert_listing"))
    }  # fmt: skip
    records = [Record(topic, 0, 1, 0, key.encode(), b"x") for topic, _, key in (one.partition("/") for one in kept)]
    messages = await World(made_tables(), number("OURS"), *records).changed("OURS")
    assert ended(messages) == {one for one in kept if ":OURS|" in one}
    assert (
        ended(await World(made_tables(), number("OURS")).changed("OURS")) == set()
    )  # where nothing waited nothing is written


async def test_an_item_that_had_a_number_and_is_no_skus_any_more_is_told_0() -> None:
    """Else it went on selling what nobody counts."""
    world = World(made_tables(("walmart", "", "A", "OURS")), number("OURS"), holds("A"))
    assert told(await world.changed(None, "OURS")) == {"stock:walmart:MAIN:OURS": "4", "stock:walmart:MAIN:A": "0"}


async def test_an_item_that_never_had_a_number_is_not_told_0() -> None:
    """The marketplace may not know it at all."""
    world = World(made_tables(), number("OURS"), holds("OURS", checksum=""))
    assert "stock:walmart:MAIN:OURS" not in told(await world.changed("OURS"))


async def test_an_item_whose_number_is_under_way_is_told_0() -> None:
    """Its feed may be read after this."""
    world = World(made_tables(("walmart", "", "A", "OURS")), number("OURS"), holds("A", checksum="", job="feed:9|3"))
    assert told(await world.changed(None, "OURS"))["stock:walmart:MAIN:A"] == "0"


def listed(sku: str, status: str = "published") -> Record:
    body = body_of("listing", key=f"walmart:MAIN:item:{sku}", source="walmart", account="MAIN", sku=sku, status=status)
    return canonical("listing", body)


@pytest.mark.parametrize("evidence", [holds("OURS"), holds("OURS", checksum="", job="feed:9|3"), listed("OURS")])
async def test_an_item_of_the_skus_own_word_goes_on_being_told(evidence: Record) -> None:
    """Who gives an article another code, because an order came under it, does not mean to end the sale of the first."""
    world = World(made_tables(), number("OURS"), evidence)
    messages = await world.changed("OURS")
    assert told(messages) == {"stock:walmart:MAIN:A": "4"}
    assert ended(messages) == set()
    (entry,) = [m for m in messages if m.topic == "mappings"]
    assert (entry.key, CODEC.decode("mapping", entry.value)["internal"]) == (b"sku:walmart:MAIN:OURS", "OURS")
    assert [m.key for m in messages if m.topic == "audit"] == [entry.key]
    # Read back, it has both told, and asks for no further entry.
    record = Record("mappings", 0, 51, 0, entry.key, entry.value)
    world.table.apply(record)
    messages = await world.renaming().messages([record])
    assert told(messages) == {"stock:walmart:MAIN:A": "4", "stock:walmart:MAIN:OURS": "4"}
    assert not [m for m in messages if m.topic == "mappings"]


async def test_an_own_word_that_was_given_up_stays_so() -> None:
    """By taking its entry out; a further word for the article does not bring it back."""
    table = made_tables(("walmart", "", "A", "OURS"), ("walmart", "", "OURS", "OURS"))
    world = World(table, number("OURS"), holds("OURS"))
    messages = await world.changed(None, "OURS", ("sku", "walmart", "", "OURS"))
    assert told(messages)["stock:walmart:MAIN:OURS"] == "0"
    messages = await world.changed("OURS", key=("sku", "walmart", "", "B"))
    assert not [m for m in messages if m.topic == "mappings"]


async def test_a_0_told_again_after_the_next_change_does_not_lie_over_what_that_one_says() -> None:
    """INV-5: a worker that was killed tells the 0 again, however much later, as it told it first."""
    table = made_tables(("walmart", "", "A", "OURS"), ("walmart", "", "OURS", "OURS"))
    world = World(table, number("OURS"), number("OTHER", "9"), holds("OURS"), holds("A"))
    gone = entry_record(("sku", "walmart", "", "OURS"), None, at=LATER, offset=50, before="OURS", timestamp_ms=LATER_MS)
    table.apply(gone)
    first = await world.renaming().messages([gone])
    again = await world.renaming(now_ms=LATER_MS + 60_000).messages([gone])
    assert told(first)["stock:walmart:MAIN:OURS"] == "0"
    assert [m.headers for m in again if m.topic.startswith("deliver.")] == [
        m.headers for m in first if m.topic.startswith("deliver.")
    ]
    assert version_of(again, "OURS") == LATER_MS < version_of(await world.changed("OTHER", "OURS", after_ms=1), "OURS")


async def test_a_0_wins_over_a_number_that_was_told_while_the_change_was_under_way() -> None:
    """INV-5: by a worker whose tables did not have the change yet."""
    late = number("OURS", version=LATER_MS + 1500)
    world = World(made_tables(("walmart", "", "A", "OURS")), late, holds("A"))
    messages = await world.changed(None, "OURS")
    assert told(messages)["stock:walmart:MAIN:A"] == "0"
    assert version_of(messages, "A") == LATER_MS + 1500


async def test_a_retired_item_is_no_item() -> None:
    world = World(made_tables(), number("OURS"), listed("OURS", "retired"))
    assert not [m for m in await world.changed("OURS") if m.topic == "mappings"]


async def test_an_entry_that_points_elsewhere_gives_the_item_the_other_number() -> None:
    """INV-5: with a version greater than what the former owner said under the word."""
    world = World(made_tables(("walmart", "", "A", "OURS")), number("OURS"), number("OTHER", "9"), holds("A"))
    messages = await world.changed("OTHER", "OURS")
    assert told(messages) == {"stock:walmart:MAIN:A": "9", "stock:walmart:MAIN:OURS": "4"}
    versions = {delivery(m)["key"][-1]: delivery(m)["version"] for m in messages if m.topic.startswith("deliver.")}
    assert versions["A"] == int(LATER.timestamp() * 1000) > int(MADE.timestamp() * 1000)
    assert not {one for one in ended(messages) if ":A|" in one}


async def test_an_item_that_gets_back_to_its_namesake_is_told_that_ones_number() -> None:
    """Odoo has a product A as well."""
    world = World(made_tables(("walmart", "", "A", "OURS")), number("OURS"), number("A", "7"), product("A"), holds("A"))
    messages = await world.changed(None, "OURS")
    assert told(messages) == {
        "stock:walmart:MAIN:A": "7",
        "listing:walmart:MAIN:A": "A",
        "stock:walmart:MAIN:OURS": "4",
    }
    assert ended(messages) == set()
    # Of the time of the change: OURS may have been told 0 since its number was worked out (INV-5).
    assert {delivery(m)["version"] for m in messages if m.topic.startswith("deliver.")} == {
        int(LATER.timestamp() * 1000)
    }


@pytest.mark.parametrize(
    "key", [("carrier", "walmart", "", "A"), ("sku", "amazon", "", "A"), ("sku", "walmart", "X", "A")]
)
async def test_other_entries_touch_nothing(key: Any) -> None:
    world = World(made_tables(), number("OURS"))
    assert await world.changed("OURS", key=key) == []
    assert world.reads == 0


async def test_it_waits_until_every_table_has_the_entry() -> None:
    """What others routed by the old word is then in the topics that are read."""
    world = World(made_tables(), number("OURS"))
    fresh = entry_record(ENTRY, "OURS", at=LATER, offset=50, timestamp_ms=int(NOW.timestamp() * 1000) - 500)
    world.table.apply(fresh)
    await world.renaming().messages([fresh])
    assert world.slept == [1.5]
    late = entry_record(ENTRY, "OTHER", at=LATER, offset=51)
    with pytest.raises(InfrastructureError, match="not followed"):
        await world.renaming().messages([late])
    assert world.reads == 1


async def test_a_broker_that_does_not_answer_is_no_fault_of_the_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends and the entry is read again, not buried."""
    world = World(made_tables(), number("OURS"))

    def read(*_: Any) -> Any:
        raise BrokerError("no answer")

    monkeypatch.setattr(world, "read", read)
    with pytest.raises(InfrastructureError, match="no answer"):
        await world.changed("OURS")


async def test_what_cannot_be_read_is_a_dead_letter_and_the_rest_goes_on() -> None:
    bad = Record("availability", 0, 1, 0, b"stock:walmart:MAIN:OURS", b"\x00junk", number("OURS").headers)
    messages = await World(made_tables(), bad, price("OURS")).changed("OURS")
    assert [m.topic for m in messages if m.topic.startswith("dead.")] == ["dead.route"]
    assert told(messages) == {"price:walmart:MAIN:A": "A"}

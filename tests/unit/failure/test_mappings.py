"""ORD-9: what the source calls X is Y in Odoo."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.record import Record
from streams.failure.mappings import Key, MappingError, MappingTable, kafka_key, make_entry, parse_key
from streams.settings import Settings
from tests.unit.failure.samples import codec
from tests.unit.stages.references import MADE, entry_record, tables

AT = datetime(2026, 11, 21, tzinfo=UTC)


def table(*entries: tuple[Key, str | None]) -> MappingTable:
    made = MappingTable(Settings(), codec())
    for offset, (key, internal) in enumerate(entries):
        value = None if internal is None else codec().encode("mapping", make_entry(key, internal, "me", AT))
        made.apply(Record("mappings", 0, offset, 0, kafka_key(key), value))
    return made


OWN: Key = ("sku", "walmart", "ACME", "B-1")
ALL: Key = ("sku", "walmart", "", "B-1")


def test_the_accounts_own_entry_comes_before_the_sources() -> None:
    made = table((ALL, "GENERAL"), (OWN, "SPECIAL"))
    assert made.lookup("sku", "walmart", "ACME", "B-1") == "SPECIAL"
    assert made.lookup("sku", "walmart", "OTHER", "B-1") == "GENERAL"
    assert made.lookup("sku", "amazon", "ACME", "B-1") is None
    assert made.lookup("tax", "walmart", "ACME", "B-1") is None


def test_the_newest_entry_counts_and_a_removed_one_is_gone() -> None:
    made = table((OWN, "OLD"), (OWN, "NEW"))
    assert made.lookup(*OWN) == "NEW"
    made = table((OWN, "OLD"), (ALL, "GENERAL"), (OWN, None))
    assert made.lookup(*OWN) == "GENERAL"


def test_what_a_held_record_waits_for_is_found_by_its_own_words() -> None:
    made = table((ALL, "GENERAL"))
    assert made.knows("sku:walmart:ACME:B-1")
    assert not made.knows("sku:walmart:ACME:B-2")
    assert not made.knows("approval of the boss")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("sku:walmart:ACME:B-1", OWN),
        ("sku:walmart::B-1", ALL),
        (
            "carrier:walmart:ACME:Two: day",
            ("carrier", "walmart", "ACME", "Two: day"),
        ),  # the source's words may hold colons
        ("pricelist:EUR", None),
        ("sku:walmart:ACME:", None),
        ("", None),
    ],
)
def test_reading_a_key(text: str, key: Key | None) -> None:
    assert parse_key(text) == key


def test_a_damaged_entry_is_left_out_and_the_rest_stays() -> None:
    """SEC-5."""
    made = table((OWN, "SPECIAL"))
    made.apply(Record("mappings", 0, 9, 0, kafka_key(ALL), b"rubbish"))
    made.apply(Record("mappings", 0, 10, 0, b"\xff", b"rubbish"))
    assert made.lookup(*OWN) == "SPECIAL"
    assert len(made.entries()) == 1


@pytest.mark.parametrize(
    "key", [("", "walmart", "", "x"), ("sku", "wal:mart", "", "x"), ("sku", "walmart", "", " "), ("sku ", "w", "", "x")]
)
def test_entries_that_could_not_be_found_again_are_refused(key: Key) -> None:
    with pytest.raises(MappingError):
        make_entry(key, "Y", "me", AT)


def test_an_entry_needs_a_word_of_odoo() -> None:
    with pytest.raises(MappingError, match="internal"):
        make_entry(OWN, "", "me", AT)


def test_the_way_back_names_every_word_that_means_it() -> None:
    """ORD-9: an account's own entry hides the source's; a changed or removed entry means nothing any more."""
    made = tables(
        ("walmart", "", "A", "OURS"), ("walmart", "ACME", "B", "OURS"), ("walmart", "", "C", "OURS"), ("walmart", "ACME", "C", "ELSE")
    )  # fmt: skip
    assert made.externals("sku", "walmart", "ACME", "OURS") == ["A", "B"]
    assert made.externals("sku", "walmart", "OTHER", "OURS") == ["A", "C"]
    before = made.revision
    made.apply(entry_record(("sku", "walmart", "", "A"), "ELSE", offset=7))
    made.apply(entry_record(("sku", "walmart", "ACME", "B"), None, offset=8))
    assert made.externals("sku", "walmart", "ACME", "OURS") == []
    assert made.externals("sku", "walmart", "ACME", "ELSE") == ["A", "C"]
    assert (made.revision, made.position) == (before + 2, 8)
    assert made.made_at("sku", "walmart", "ACME", "A") == MADE
    assert made.made_at("sku", "walmart", "ACME", "B") is None

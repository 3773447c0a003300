"""EDGE-4, SEC-1: what is known of Boxes comes out the same at every gateway: whatever was written at once, and whatever compaction left of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.records import EdgeBox
from streams.gateway import entries
from streams.gateway.book import KEPT, Book, Writer, key_of, parse_key
from tests.unit.gateway.kit import BOX, NOW

LATER = NOW + timedelta(minutes=1)
MANY = settings(max_examples=300, deadline=None)


def enrolment(code: str = "c") -> EdgeBox:
    return entries.enrolment(BOX, code, NOW + timedelta(minutes=15), by="ann", at=NOW)


def credential(name: str, enrolled: int, digest: str = "") -> EdgeBox:
    return entries.credential(
        BOX, name, digest or f"digest-{name}", enrolled, called="", agent_version="", by="gw", at=NOW
    )


def revocation() -> EdgeBox:
    return entries.revocation(BOX, by="ann", at=NOW)


def through(sequence: int, writer: str) -> EdgeBox:
    return entries.through(BOX, sequence, f"id-{sequence}", writer, by="gw", at=NOW)


def book_of(*said: EdgeBox | None) -> Book:
    return folded([(offset, key_of(entry), entry) for offset, entry in enumerate(said) if entry is not None])


def folded(log: Sequence[tuple[int, str, EdgeBox | None]]) -> Book:
    book = Book()
    for offset, key, entry in log:
        book.apply(offset, key, entry)
    return book


def test_a_code_is_open_until_it_is_used_over_replaced_or_revoked() -> None:
    assert book_of(enrolment()).box(BOX).open_enrolment("c", LATER) is not None
    assert book_of(enrolment()).box(BOX).open_enrolment("other", LATER) is None
    assert book_of(enrolment()).box(BOX).open_enrolment("c", NOW + timedelta(minutes=15)) is None
    assert book_of(enrolment(), credential("a", 0)).box(BOX).open_enrolment("c", LATER) is None
    assert book_of(enrolment(), enrolment("d")).box(BOX).open_enrolment("c", LATER) is None
    assert book_of(enrolment(), revocation()).box(BOX).open_enrolment("c", LATER) is None
    assert book_of(revocation(), enrolment()).box(BOX).open_enrolment("c", LATER) is not None
    assert Book().box(BOX).open_enrolment("c", LATER) is None


def test_the_first_credential_of_a_code_counts() -> None:
    """SEC-1: a code works once, however many gateways heard of it at the same moment."""
    book = book_of(enrolment(), credential("a", 0), credential("b", 0))
    assert book.holder("a", "digest-a") == BOX
    assert book.holder("b", "digest-b") == ""


def test_a_token_counts_until_the_next_code_is_used_not_until_it_is_made() -> None:
    assert book_of(enrolment(), credential("a", 0), enrolment("d")).holder("a", "digest-a") == BOX
    used = book_of(enrolment(), credential("a", 0), enrolment("d"), credential("b", 2))
    assert (used.holder("a", "digest-a"), used.holder("b", "digest-b")) == ("", BOX)


def test_a_revocation_ends_what_stands_before_it_also_a_code_that_is_being_used() -> None:
    """SEC-1"""
    assert book_of(enrolment(), credential("a", 0), revocation()).holder("a", "digest-a") == ""
    assert book_of(enrolment(), revocation(), credential("a", 0)).holder("a", "digest-a") == ""
    assert book_of(revocation(), enrolment(), credential("a", 1)).holder("a", "digest-a") == BOX


def test_a_wrong_secret_an_unknown_name_and_no_credential_are_nobody() -> None:
    book = book_of(enrolment(), credential("a", 0))
    assert [book.holder(*told) for told in (("a", "wrong"), ("x", "digest-a"), ("", ""))] == ["", "", ""]
    assert Book().holder("a", "digest-a") == ""


def test_nothing_takes_back_how_far_a_box_is_safe() -> None:
    """EDGE-3: a slower gateway's record that comes later says less, and is not believed instead."""
    found = book_of(through(8, "b"), through(7, "a")).box(BOX).through
    assert found is not None
    assert (found.sequence, found.event_id) == (8, "id-8")


def test_the_version_of_a_configuration_is_its_place_so_no_two_are_alike() -> None:
    said = entries.configuration(BOX, {"batch_events": 7}, by="ann", at=NOW)
    assert book_of(said, said).box(BOX).config_version == 2
    assert book_of(said).box(BOX).configuration == {"batch_events": 7}
    assert Book().box(BOX).config_version == 0


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([], "expired"),
        ([enrolment()], "waiting"),
        ([enrolment(), credential("a", 0)], "enrolled"),
        ([enrolment(), credential("a", 0), revocation()], "revoked"),
        ([enrolment(), credential("a", 0), revocation(), enrolment("d")], "waiting"),
    ],
)
def test_states(said: list[EdgeBox], state: str) -> None:
    assert book_of(*said).box(BOX).state(LATER) == state


def spool(credential_name: str, name: str) -> EdgeBox:
    return entries.spool(BOX, credential_name, name, by="gw", at=NOW)


def test_the_newest_spool_of_the_credential_that_counts_speaks() -> None:
    """EDGE-3"""
    book = book_of(enrolment(), credential("a", 0), spool("a", "s1"), spool("a", "s2"))
    bound = book.box(BOX).spool
    assert bound is not None
    assert (bound.spool, bound.offset) == ("s2", 3)
    anew = book_of(enrolment(), credential("a", 0), spool("a", "s1"), enrolment("d"), credential("b", 3))
    assert anew.box(BOX).spool is None, "a new credential is for whichever spool asks first"
    assert book_of(spool("a", "s1")).box(BOX).spool is None


def test_a_second_spool_is_told_until_another_credential_counts() -> None:
    told = entries.twice(BOX, "a", by="gw", at=NOW)
    assert book_of(enrolment(), credential("a", 0), told).box(BOX).twice_at == NOW
    assert book_of(enrolment(), credential("a", 0), told, enrolment("d"), credential("b", 3)).box(BOX).twice_at is None
    assert book_of(enrolment(), credential("a", 0), told, revocation()).box(BOX).twice_at is None


def test_which_spool_spoke_under_a_credential_goes_with_it() -> None:
    book = book_of(
        enrolment(), credential("a", 0), spool("a", "s1"), enrolment("d"), credential("b", 3), spool("b", "s2")
    )
    late = NOW + KEPT + timedelta(hours=1)
    assert book.litter(late) == [f"credential:a:{BOX}", f"spool:a:{BOX}"]
    assert book.litter(NOW) == []


@pytest.mark.parametrize("key", ["", "box", "enrolment:b", "other::b", "enrolment::", "through:w"])
def test_keys_that_are_none_of_ours_say_nothing(key: str) -> None:
    assert parse_key(key) == ("", "", "")
    assert Book().apply(0, key, None) == ""


def test_reading_everything_once_more_changes_nothing() -> None:
    """After an error the topic is read from its beginning again."""
    log = [(0, key_of(enrolment()), enrolment()), (1, key_of(credential("a", 0)), credential("a", 0))]
    book = folded(log)
    tombstone = (2, key_of(credential("a", 0)), None)
    assert book.apply(*tombstone) == BOX
    assert [book.apply(*one) for one in (*log, tombstone)] == ["", "", ""]
    assert book.holder("a", "digest-a") == ""


def _said(action: str, offset: int, enrolled: list[int], chance: random.Random) -> EdgeBox:
    match action:
        case "enrol":
            return enrolment(f"code-{offset}")
        case "claim":
            return credential(f"k{offset}", enrolled[-1] if enrolled else -1)
        case "stale claim":
            return credential(f"k{offset}", chance.choice(enrolled) if enrolled else -1)
        case "revoke":
            return revocation()
        case "through":
            return through(chance.randint(1, 9), chance.choice("abc"))
    return entries.configuration(BOX, {"batch_events": offset + 1}, by="ann", at=NOW)


@given(
    st.lists(st.sampled_from(["enrol", "claim", "stale claim", "revoke", "through", "configure"]), max_size=25),
    st.integers(0, 2**32),
)
@MANY
def test_compaction_takes_nothing_that_counts(what: list[str], seed: int) -> None:
    """EDGE-4: whichever older records of a key are gone, and whenever, a gateway that starts knows the same as one that ran all the time."""
    chance = random.Random(seed)
    log: list[tuple[int, str, EdgeBox | None]] = []
    enrolled: list[int] = []
    for offset, action in enumerate(what):
        entry = _said(action, offset, enrolled, chance)
        if action == "enrol":
            enrolled.append(offset)
        if action == "through":  # a writer never says less than before
            said = [one["through"] for _, key, one in log if one and key == key_of(entry)]
            entry["through"] = max([entry["through"], *said])
        log.append((offset, key_of(entry), entry))
    newest = {key: offset for offset, key, _ in log}
    left = [one for one in log if newest[one[1]] == one[0] or chance.random() < 0.5]
    whole, compacted = folded(log).box(BOX), folded(left).box(BOX)
    assert compacted.credential == whole.credential
    assert compacted.through == whole.through
    assert (compacted.configuration, compacted.config_version) == (whole.configuration, whole.config_version)
    codes = [f"code-{offset}" for offset in enrolled]
    assert [compacted.open_enrolment(code, LATER) for code in codes] == [
        whole.open_enrolment(code, LATER) for code in codes
    ]


def test_litter_is_what_says_nothing_any_more() -> None:
    old = NOW - KEPT - timedelta(hours=1)
    said: list[EdgeBox] = [
        enrolment(), {**credential("a", 0), "at": old}, enrolment("d"), credential("b", 2), {**through(3, "x"), "at": old},
        {**through(9, "y"), "at": old}, through(4, "z"),
    ]  # fmt: skip
    book = book_of(*said)
    assert book.litter(NOW) == [f"through:x:{BOX}", f"credential:a:{BOX}"]
    before = book.box(BOX)
    for offset, key in enumerate(book.litter(NOW), len(said)):
        book.apply(offset, key, None)
    assert (book.box(BOX).through, book.box(BOX).credential) == (before.through, before.credential)
    assert book.litter(NOW) == []


def test_a_writer_has_a_new_name_each_day_so_that_an_old_name_is_never_written_again() -> None:
    numbers = iter(range(10))
    writer = Writer(lambda count: next(numbers).to_bytes(count, "big"))
    first = writer.name(NOW)
    assert writer.name(NOW + timedelta(hours=23)) == first
    second = writer.name(NOW + timedelta(hours=24))
    assert second != first
    assert writer.name(NOW + timedelta(hours=1)) not in (first, second)  # the clock was put back

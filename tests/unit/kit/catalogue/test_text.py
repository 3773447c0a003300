"""PRD-1: titles of at most 150 characters, sanitised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.catalogue.text import plain, recased, shortened, title


@pytest.mark.parametrize(
    ("written", "clean", "notes"),
    [
        ("Desk Lamp", "Desk Lamp", ()),
        ("  Desk \t Lamp\n", "Desk Lamp", ()),
        ("Desk Lamp\x00\x07", "Desk Lamp", ("CHARACTERS_REMOVED",)),
        ("Lamp 🎉 gift 👨‍👩‍👧", "Lamp gift", ("CHARACTERS_REMOVED",)),
        ("Lamp™ “Lumo” – 5°", 'Lamp "Lumo" - 5°', ()),
        ("Crème Brûlée", "Crème Brûlée", ()),
        ("Cre\u0300me", "Crème", ()),  # composed
        ("half \ud800 pair", "half pair", ("CHARACTERS_REMOVED",)),
        ("right\u202eleft", "rightleft", ("CHARACTERS_REMOVED",)),
        ("柔らかいタオル", "柔らかいタオル", ()),
    ],
)
def test_plain_text(written: str, clean: str, notes: tuple[str, ...]) -> None:
    found = plain(written)
    assert (found.text, found.notes) == (clean, notes)


def test_special_characters_go_from_titles_and_leave_a_note() -> None:
    found = title("~Lamp!* for $ desks")
    assert (found.text, found.notes) == ("Lamp for desks", ("CHARACTERS_REMOVED",))


@pytest.mark.parametrize(
    ("written", "cased"),
    [
        ("DESK LAMP WITH USB PORT", "Desk Lamp with USB Port"),
        ("THE WORKER'S LED-LAMP 12V X2", "The Worker's Led-Lamp 12V X2"),
        ("Desk LAMP", "Desk LAMP"),  # not capitals throughout
        ("USB LED", "USB LED"),  # too short to say
        ("ÉTAGÈRE MURALE", "Étagère Murale"),
    ],
)
def test_capitals_throughout(written: str, cased: str) -> None:
    assert recased(written) == cased


def test_a_long_title_is_cut_where_a_word_ends_and_says_so() -> None:
    words = " ".join(["Towel"] * 40)
    found = title(words)
    assert len(found.text) <= 150
    assert found.text == " ".join(["Towel"] * 25)
    assert found.notes == ("SHORTENED",)


def test_never_in_the_middle_of_a_word_while_there_is_an_end_of_one() -> None:
    assert title(" ".join(["Cushion"] * 30)).text == " ".join(["Cushion"] * 18)  # 143; the next would end at 151


def test_exactly_150_characters_stay() -> None:
    assert title("a" * 150).text == "a" * 150
    assert title("a" * 151).text == "a" * 150
    assert title("a" * 150).notes == ()


@given(st.text(max_size=400), st.integers(1, 200))
def test_never_longer_than_asked_and_a_beginning_of_the_text(text: str, limit: int) -> None:
    cut = shortened(text, limit)
    assert len(cut) <= limit
    assert text.startswith(cut)


@given(st.text(max_size=300))
def test_a_title_cleaned_twice_stays_as_it_is(text: str) -> None:
    once = title(text).text
    assert title(once).text == once
    assert len(once) <= 150
    assert once.isprintable()

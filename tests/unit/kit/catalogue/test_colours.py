"""PRD-1: colours normalised to the marketplace's list."""

from __future__ import annotations

import pytest

from connectors.kit.catalogue.colours import Colours

COLOURS = Colours(
    ("Black", "Blue", "Gray", "Green", "Multicolor", "Off-White", "Red", "White"),
    {"navy": "Blue", "slate": "Gray", "ivory": "Off-White", "creme brulee": "Off-White", "burgundy": "Red"},
)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Blue", "Blue"),
        ("BLUE ", "Blue"),
        ("navy", "Blue"),
        ("Navy Blue", "Blue"),
        ("Forest Green", "Green"),
        ("dark-grey", "Gray"),
        ("off white", "Off-White"),
        ("Crème Brûlée", "Off-White"),
        ("black/white", "Multicolor"),
        ("Red and burgundy", "Red"),  # the same twice
        ("Black & Chartreuse", None),  # half of it is unknown: not guessed
        ("Chartreuse", None),
        ("", None),
        ("Reddish", None),  # a word, not a part of one
    ],
)
def test_names(written: str, name: str | None) -> None:
    assert COLOURS.normalised(written) == name


def test_several_colours_without_a_word_for_it_are_unknown() -> None:
    assert Colours(("Black", "White")).normalised("black, white") is None

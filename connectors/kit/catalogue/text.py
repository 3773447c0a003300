"""Titles and plain text as marketplaces want them. Pure; each step says in a note what it changed, nothing is changed silently.

Walmart's product details policy (marketplacelearn.walmart.com, July 2025): titles of at most 150 characters, no capitals throughout, no special
characters such as ~ ! * $. Other marketplaces ask for much the same.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

SHORTENED, RECASED, CHARACTERS_REMOVED = "SHORTENED", "RECASED", "CHARACTERS_REMOVED"
TITLE_CHARACTERS = 150
SPECIAL_CHARACTERS = "~!*$^{}[]|\\<>"
_MARKS = {
    "™": "",
    "®": "",
    "©": "",
    "℠": "",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
}
_TRANSLATED = str.maketrans(_MARKS)
# So, Sk, Cs, Co, Cn: pictures, modifiers, halves of pairs, private and unassigned; Cf: joiners and direction marks.
_UNWANTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk"})
_KEPT = frozenset("°\t\n\r")
_LINES = str.maketrans("\t\n\r", "   ")
_VARIATIONS = "\ufe0e\ufe0f\u20e3"
_SMALL = frozenset(("a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"))
_ABBREVIATIONS = """
    USB LED LCD HD UHD HDMI TV UV SPF USA US UK EU AC DC RGB PVC BPA SSD RAM GPS XL XXL XS DIY II III IV PC CD DVD WIFI NFC
    AA AAA TPU EVA ABS PU OZ ML MM CM KG LB
"""
KEPT_CAPITALS = frozenset(_ABBREVIATIONS.split())
_LETTERS_TO_JUDGE = 8


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text and what was done to it."""

    text: str
    notes: tuple[str, ...] = ()


def plain(text: str) -> Cleaned:
    """One line without control characters, emoji, private characters, with single spaces and straight quotes."""
    if text.isascii() and text.isprintable():
        return Cleaned(" ".join(text.split()))
    spaced = re.sub(r"\s", " ", unicodedata.normalize("NFC", text)).translate(_TRANSLATED)
    kept = without_pictures(spaced)
    return Cleaned(" ".join(kept.split()), (CHARACTERS_REMOVED,) if kept != spaced else ())


def without_pictures(text: str) -> str:
    """The text without emoji, control characters (line breaks stay) and characters of no public meaning."""
    if text.isascii() and text.translate(_LINES).isprintable():
        return text
    return "".join(character for character in text if not _is_unwanted(character))


def title(
    text: str,
    limit: int = TITLE_CHARACTERS,
    special: str = SPECIAL_CHARACTERS,
    kept_capitals: frozenset[str] = KEPT_CAPITALS,
) -> Cleaned:
    """A title: plain, without special characters, not in capitals throughout, at most `limit` characters, cut where a word ends."""
    first = plain(text)
    notes = list(first.notes)
    allowed = "".join(" " if character in special else character for character in first.text)
    one_line = " ".join(allowed.split())
    if one_line != first.text:
        notes.append(CHARACTERS_REMOVED)
    cased = recased(one_line, kept_capitals)
    if cased != one_line:
        notes.append(RECASED)
    short = shortened(cased, limit)
    if short != cased:
        notes.append(SHORTENED)
    return Cleaned(short, tuple(dict.fromkeys(notes)))


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut where a word ends; a single word longer than that is cut inside."""
    if len(text) <= limit:
        return text
    cut = text[:limit]
    if text[limit] != " " and " " in cut:
        cut = cut[: cut.rindex(" ")]
    # Half a base letter with its accent elsewhere is no letter.
    while len(cut) < len(text) and cut and unicodedata.combining(text[len(cut)]):
        cut = cut[:-1]
    return cut.rstrip(" ,;:-/&+(")


def recased(text: str, kept_capitals: frozenset[str] = KEPT_CAPITALS) -> str:
    """Words in capitals become Words when the whole text is in capitals; known abbreviations and words with digits stay."""
    letters = [character for character in text if character.isalpha()]
    if len(letters) < _LETTERS_TO_JUDGE or any(letter.islower() for letter in letters):
        return text
    words = text.split(" ")
    return " ".join(_word(word, place == 0, kept_capitals) for place, word in enumerate(words))


def _word(word: str, is_first: bool, kept: frozenset[str]) -> str:
    bare = word.strip(".,;:()\"'/-&+")
    if bare in kept or any(character.isdigit() for character in bare):
        return word
    if bare.casefold() in _SMALL and not is_first:
        return word.lower()
    return re.sub(r"[^\W\d_]+('[^\W\d_]+)?", lambda found: found[0].capitalize(), word)


def _is_unwanted(character: str) -> bool:
    if character in _VARIATIONS:
        return True
    return unicodedata.category(character) in _UNWANTED and character not in _KEPT

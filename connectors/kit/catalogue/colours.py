"""Colour names of a seller -> the closed list of a marketplace. Pure; the list and the synonyms are data, see `files`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_PARTS = re.compile(r"\s*(?:/|,|&|\+|\band\b|\bwith\b)\s*")
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Colours:
    """names: what the marketplace allows; synonyms: folded seller's word -> one of them; several: what more than one colour is called."""

    names: Sequence[str] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict)
    several: str = "Multicolor"

    def normalised(self, text: str) -> str | None:
        """The allowed name: the same word, a synonym, or the last colour word in it ("Forest Green"); None when there is none.

        Several colours in one value ("black/white") are `several`, when the list has that."""
        whole = self._named(text)
        if whole is not None:
            return whole
        found = [self._within(part) for part in _PARTS.split(text.casefold()) if part.strip()]
        known = [name for name in found if name is not None]
        if not known or len(known) < len(found):
            return None
        if len(set(known)) == 1:
            return known[0]
        return self._named(self.several)

    def _named(self, text: str) -> str | None:
        wanted = folded(text)
        direct = next((name for name in self.names if folded(name) == wanted), None)
        return direct if direct is not None else self.synonyms.get(wanted)

    def _within(self, part: str) -> str | None:
        whole = self._named(part)
        if whole is not None:
            return whole
        return next((name for word in reversed(_WORDS.findall(part)) if (name := self._named(word))), None)


def folded(text: str) -> str:
    """For comparing: no case, no accents, single spaces, grey as gray."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(character for character in bare if not unicodedata.combining(character))
    return " ".join(re.sub(r"[\s_-]+", " ", letters).replace("grey", "gray").split())

"""What other systems say in their errors, bounded and without persons (SEC-3). Pure."""

from __future__ import annotations

import re

LONGEST_WORDS = 160
_PERSONAL = re.compile(r"@|\d[\d\s()./-]{5,}\d")


def plain_words(words: str) -> str:
    """The other side's words, bounded; those that could quote a person (an address sign, a long number) are left out."""
    return "" if _PERSONAL.search(words) else words[:LONGEST_WORDS]

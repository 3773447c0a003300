"""Where in a canonical record something is wrong, in the words `causeway dead edit --set` takes: `lines[0].amount`. Pure.

Entries are counted from 0. The id that people and the marketplace know an entry by, which often is a number too, is said beside it in words:
`lines[0].amount (line 1)`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Place:
    """`path`: as `--set` takes it; `words`: which entry that is."""

    path: str
    words: str = ""

    def entry(self, index: int, words: str = "") -> Place:
        """An entry of the list that is here."""
        return Place(f"{self.path}[{index}]", words or self.words)

    def field(self, name: str) -> Place:
        """A field of the record that is here."""
        return replace(self, path=f"{self.path}.{name}")

    def __str__(self) -> str:
        return f"{self.path} ({self.words})" if self.words else self.path


def line(index: int, line_id: str) -> Place:
    """A line of an order or a return."""
    return Place("lines").entry(index, f"line {line_id}")

"""All that is wrong with one item, told at once: a person mends it in one go, not one refusal after another (PRD-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.kit.errors import DataError, MappingError

# Codes are stable: alerts, filters and replays name them.
MISSING_REQUIRED = "MISSING_REQUIRED"
BAD_GTIN = "BAD_GTIN"
BAD_VALUE = "BAD_VALUE"
CONVERSION = "CONVERSION_FAILED"
BAD_SKU = "BAD_SKU"
NOT_ALLOWED = "NOT_ALLOWED"
PROHIBITED = "PROHIBITED"
NO_CATEGORY = "NO_CATEGORY"
NO_IMAGE = "NO_IMAGE"
BAD_IMAGE = "BAD_IMAGE"
VARIANT = "VARIANT"
SPEC = "SPEC"
UNKNOWN_TYPE = "UNKNOWN_TYPE"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong.

    code         one of the above, or a rule's own
    field        where, in our terms (`barcode`) or, where a table says so, `color <- attributes.Color`
    detail       what is wrong and what to do; product data may be quoted shortly, text that may hold an address or a number of a person never
    waiting_for  what would mend it without touching the product, for example a line in a table; "" when the product itself is wrong
    """

    code: str
    field: str
    detail: str
    waiting_for: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.detail} [{self.code}]"


class ItemError(DataError):
    """The item cannot be listed; `problems` are all of them, and the message tells each. `code` is the first one's."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__("; ".join(map(str, problems)), code=problems[0].code)
        self.problems = tuple(problems)


class MappingMissing(MappingError):  # noqa: N818 - the contract's word for it
    """Nothing but entries in our tables is missing; `waiting_for` names the first of them."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        first = problems[0]
        super().__init__("; ".join(map(str, problems)), code=first.code, waiting_for=first.waiting_for)
        self.problems = tuple(problems)


def refusal(problems: Sequence[FieldProblem]) -> ItemError | MappingMissing:
    """The error that tells them all: a gap in our tables only when nothing else is wrong, because then the record waits for it."""
    if all(problem.waiting_for for problem in problems):
        return MappingMissing(problems)
    return ItemError(problems)

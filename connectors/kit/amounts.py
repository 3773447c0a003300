"""Amounts as people's files write them: `1,234.50`, `1.234,50`, `1 234,50`, `-3.10`, `(3.10)`, `$3.10` -> Decimal. Pure.

Which sign is the decimal mark differs by country, and a file does not say. It shows: a mark with one, two or four and more digits behind it, or the
second of two different signs, is the decimal mark; one that comes twice groups. A single sign with three digits behind it (`1,234`) says nothing by
itself: where no amount has three decimals it groups, unless the same file uses that sign as its decimal mark. A file that contradicts itself is
refused: a thousandfold amount is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from connectors.kit.currencies import digits_of
from connectors.kit.errors import DataError

_SPACES = re.compile("[\\s\u00a0\u202f'’]")  # they group, and do nothing else
_SIGNS = re.compile("[$€£¥￥]")
_PLAIN = re.compile(r"\d{1,15}")
_GROUPED = re.compile(
    r"\d{1,3}(?P<sign>[.,])\d{2,3}(?:(?P=sign)\d{2,3})*(?<=\d{3})|\d{1,15}"
)  # 12,34,567 is how India groups
_NONE_WHOLE = re.compile(r"\d{0,15}")


class Amounts:
    """Reads the amounts of one file, in one currency. `mark`: the decimal mark where it is known beforehand.

    >>> Amounts("EUR").read("1.234,50", "amount")
    Decimal('1234.50')
    """

    def __init__(self, currency: str, mark: str = "") -> None:
        self._digits = digits_of(currency)
        self._marks = set(mark)
        self._grouping: set[str] = set()

    def read(self, text: str, where: str) -> Decimal:
        """The amount. Raises DataError naming `where`, never the text itself."""
        body, negative = _unsigned(text)
        whole, fraction = self._parts(body, text, where)
        value = Decimal(f"{whole or '0'}.{fraction}" if fraction else whole)
        return -value if negative and value else value

    def _parts(self, body: str, text: str, where: str) -> tuple[str, str]:
        signs = [sign for sign in body if sign in ".,"]
        if not signs:
            return _matched(_PLAIN, body, text, where), ""
        last = signs[-1]
        whole, _, fraction = body.rpartition(last)
        if self._groups(signs, fraction):
            self._note(self._grouping, signs, self._marks, where)
            return _matched(_GROUPED, body, text, where).replace(last, ""), ""
        self._note(self._marks, [last], self._grouping, where)
        self._note(self._grouping, signs[:-1], self._marks, where)
        pattern = _GROUPED if signs[:-1] else _NONE_WHOLE
        whole = _matched(pattern, whole, text, where)
        return whole.replace(signs[0], "") if signs[:-1] else whole, _matched(_PLAIN, fraction, text, where)

    def _groups(self, signs: list[str], fraction: str) -> bool:
        """Whether the last sign groups digits and there is no decimal mark."""
        if len(signs) > 1:
            return len(set(signs)) == 1
        return len(fraction) == 3 and self._digits != 3 and signs[0] not in self._marks

    @staticmethod
    def _note(known: set[str], signs: Iterable[str], other: set[str], where: str) -> None:
        for sign in signs:
            if sign in other:
                raise DataError(
                    f"{where}: `{sign}` groups digits in one amount of this file and is the decimal mark in another",
                    code="DATA",
                )
            known.add(sign)


def _unsigned(text: str) -> tuple[str, bool]:
    """Digits with their marks, and whether it is below zero."""
    body = _SIGNS.sub("", _SPACES.sub("", text)).replace("\N{MINUS SIGN}", "-")
    if body.startswith("(") and body.endswith(")"):
        return body[1:-1], True
    if body.endswith("-"):  # 3,10-
        return body[:-1], True
    return body.removeprefix("+").removeprefix("-"), body.startswith("-")


def _matched(pattern: re.Pattern[str], part: str, text: str, where: str) -> str:
    if not pattern.fullmatch(part) or not part.isascii():
        raise DataError(f"{where}: expected an amount, found text of {len(text)} characters", code="DATA")
    return part

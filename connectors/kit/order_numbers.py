"""Numbers of suppliers' orders in what people write, as the vendor reference of a purchase order (PO-1, PO-2). Pure.

15 to 20 digits (18 and 19 today at 1688) with no digit beside them, whatever else is: `no.:2999860512885985001`, `PO2999860512885985001`, brackets,
punctuation and digits of any script. Also in groups, as people dictate them: `2999 8605 1288 5985 001`, with any blanks, dashes, points, commas,
slashes, underscores between them, also mixed. Then 16 to 19 digits, or 15 to 20 where at least three groups of 3 to 8 (the last may be shorter) have
the same between them. Of more digits than one number has, those that are grouped most evenly are taken, and the rest is looked at again.

A number that is overlooked is ordered a second time; one that is none of an order's costs a question. Dates and telephone numbers are told apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_NARROW_DIGITS, _WIDE_DIGITS = "0123456789", "０１２３４５６７８９"
_WIDE = str.maketrans(_NARROW_DIGITS, _WIDE_DIGITS)
_LEAST, _MOST = 15, 20
_LEAST_LOOSE, _MOST_LOOSE = 16, 19
_AT_ONCE = 3 * _MOST  # groups that are looked at together: a long text takes no longer for it
_LIKELY = {length: place for place, length in enumerate((19, 18, 17, 16, 20, 15))}
_WORD = re.compile(r"[^\s,;]+")
_NOTHING = "\u200b"  # stands for whatever has no width
# Marks that are not of Unicode's class of dashes, but drawn like them: minus signs, a bullet, box drawing, the Japanese long vowel.
_DASHES = "−˗⁃─━ーｰ－"
_BETWEEN = rf"[ \-.,/_\\~'·•・、{_NOTHING}]"
_RUN = re.compile(rf"[0-9](?:{_BETWEEN}{{0,6}}[0-9])*")
_GROUP = re.compile(rf"[0-9](?:{_NOTHING}*[0-9])*")
_MONTH, _DAY, _CLOCK = "(?:0?[1-9]|1[0-2])", "(?:0?[1-9]|[12][0-9]|3[01])", "(?:[0-9]{4}(?:[0-9]{2})?)?"
# Told apart where what is beside them is not what stands within them.
_APART = (
    re.compile(rf"(?<![0-9])(?<![0-9][-./])20[0-9]{{2}}([-./]){_MONTH}\1{_DAY}(?![0-9])(?!\1[0-9])"),
    re.compile(rf"(?<![0-9])(?<![0-9][-./]){_DAY}([-./]){_DAY}\1(?:20)?2[0-9](?![0-9])(?!\1[0-9])"),
    re.compile(r"(?<![0-9])(?<![0-9]-)0[0-9]{2,3}-[0-9]{7,8}(?![0-9])(?!-[0-9])"),
)
_STAMP = re.compile(rf"20[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]){_CLOCK}")


@dataclass(frozen=True, slots=True)
class _Group:
    """Digits in one piece. before: what stands between it and the one before; start, end: in the text."""

    digits: str
    before: str
    start: int
    end: int


def order_numbers(text: str) -> list[str]:
    """Each once, in the order they stand, in plain digits."""
    return list(dict.fromkeys(_digits(one) for one in _found(text)))


def words_of(text: str) -> list[str]:
    """What may be an order's number, each once: the numbers above, and every other word (blanks, commas and semicolons part words)."""
    for one in reversed(_found(text)):
        text = text[: one[0].start] + _digits(one) + text[one[-1].end :]
    found = (order_numbers(word) or [word] for word in _WORD.findall(text))
    return list(dict.fromkeys(one for some in found for one in some))


def spellings(number: str) -> tuple[str, ...]:
    """How it may stand there, for a search with Odoo's `like`: `%` is anything, so what is found has to be read again."""
    if not order_numbers(number):
        return tuple(dict.fromkeys((number, number.translate(_WIDE)))) if number.isdigit() else (number,)
    return number, number.translate(_WIDE), "%".join(number), "%".join(number.translate(_WIDE))


def _found(text: str) -> list[Sequence[_Group]]:
    plain = "".join(map(_plain, text))
    for form in _APART:
        plain = form.sub(lambda found: "x" * len(found[0]), plain)
    return [one for run in _RUN.finditer(plain) for one in _numbers(_groups(run[0], run.start()))]


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    """One character for one: digits and marks of every script as ASCII has them."""
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    kind = unicodedata.category(letter)
    if kind == "Cf":
        return _NOTHING
    if letter.isspace() or kind == "Zs":
        return " "
    if kind == "Pd" or letter in _DASHES:
        return "-"
    found = unicodedata.normalize("NFKC", letter)
    return found if len(found) == 1 and not found.isdigit() else "x"


def _groups(run: str, start: int) -> list[_Group]:
    found: list[_Group] = []
    end = 0
    for one in _GROUP.finditer(run):
        found.append(
            _Group(one[0].replace(_NOTHING, ""), run[end : one.start()], start + one.start(), start + one.end())
        )
        end = one.end()
    return found


def _numbers(groups: Sequence[_Group]) -> Iterator[Sequence[_Group]]:
    """What is a number in one piece parts the others."""
    rest: list[_Group] = []
    for one in groups:
        if len(one.digits) < _LEAST:
            rest.append(one)
            continue
        yield from _of_pieces(rest)
        rest = []
        if len(one.digits) <= _MOST:
            yield [one]
    yield from _of_pieces(rest)


def _of_pieces(groups: Sequence[_Group]) -> Iterator[Sequence[_Group]]:
    while len(groups) > 1:
        if len(groups) == 2 and any(_STAMP.fullmatch(one.digits) for one in groups):
            return
        if len(groups) <= _MOST and _LEAST_LOOSE <= len(_digits(groups)) <= _MOST_LOOSE:
            yield groups
            return
        starts = range(min(len(groups), _AT_ONCE))
        places = ((at, end) for at in starts for end in range(at + 2, min(at + _MOST, len(groups)) + 1))
        likely = [(*rank, at, end) for at, end in places if (rank := _rank(groups[at:end])) is not None]
        if likely:
            *_, at, end = min(likely)
            yield from _of_pieces(groups[:at])
            yield groups[at:end]
            groups = groups[end:]
        else:
            groups = groups[len(starts) :]


def _rank(groups: Sequence[_Group]) -> tuple[bool, bool, int] | None:
    """The smaller the likelier; None for what is no number."""
    sizes = [len(one.digits) for one in groups]
    length = sum(sizes)
    one_kind = len({one.before for one in groups[1:]}) == 1
    is_tidy = one_kind and len(sizes) > 2 and all(3 <= size <= 8 for size in sizes[:-1]) and sizes[-1] <= 8
    least, most = (_LEAST, _MOST) if is_tidy else (_LEAST_LOOSE, _MOST_LOOSE)
    if not least <= length <= most:
        return None
    return len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0], not one_kind, _LIKELY[length]


def _digits(groups: Sequence[_Group]) -> str:
    return "".join(one.digits for one in groups)

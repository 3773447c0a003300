"""PO-1, PO-2: numbers of orders in what people write."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from connectors.kit.order_numbers import order_numbers, spellings, words_of

ONE, TWO = "2999860512885985001", "299986051288598"
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
BETWEEN = [
    *" \t\u00a0\u2007\u2009\u202f\u3000", *"-\u2010\u2011\u2012\u2013\u2014\u2015\u2212－", *"./_,，、·", "  ", " - ", " / ", ", "
]  # fmt: skip
NUMBERS = st.integers(min_value=10**15, max_value=10**19 - 1).map(str)
WORDS = st.text(st.sampled_from('abcPO 采购订单号急№#:：；()（）[]"!-,./ '), max_size=12)
A_DATE = re.compile(r"20\d\d\W?\d|\d[-./－‐‑‒–—―−]\d?\d[-./－‐‑‒–—―−](20)?2\d|0\d{2,3}[-－‐‑‒–—―−]\d{7}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ONE, [ONE]),
        (f"订单号：{ONE}", [ONE]),
        (f"1688 no.:{ONE}.", [ONE]),
        (f"张三采购，{ONE}；{TWO}", [ONE, TWO]),
        (f"({ONE})/（{TWO}）|#{ONE}", [ONE, TWO]),  # each once, as they stand
        (f"PO{ONE}a", [ONE]),
        (f"no.{ONE.translate(WIDE)}", [ONE]),
        (f"{ONE[:9]}{ONE[9:].translate(WIDE)}", [ONE]),
        (f"{ONE}12", []),  # 21 digits
        (f"{ONE}" + "12".translate(WIDE), []),
        (TWO[1:], []),  # 14 digits
        ("²" * 18, []),
        ("2999 8605 1288 5985 001", [ONE]),
        ("2999-8605-1288-5985-001, call first", [ONE]),
        ("PI 7: 299986 051288 5985001", [ONE]),
        ("订单号：２９９９　８６０５　１２８８　５９８５　００１急", [ONE]),
        (f"{ONE} 777 888 9999", [ONE]),
        (f"777 888 {ONE}", [ONE]),
        (f"2999 8605 1288 5985 001 {TWO}", [ONE, TWO]),
        ("7 2999 8605 1288 5985 001 22", [ONE]),  # as many groups as fit
        ("2999 8605-1288 5985-001", [ONE]),
        ("2026-11-22 2026-11-23 0571 8888", []),
        ("29 99 86 05 12 88 59 85 00 1", [ONE]),
        ("2999 8605 1288 598", ["299986051288598"]),
        ("2999 8605 1288 59", []),  # 14 digits
        ("299986051 2885985001", [ONE]),
        ("2999 8605 1288 5985 001 2999 8605 1288 5985 002", [ONE, f"{ONE[:-1]}2"]),
        ("2999 8605 1288 5985 001 / 2999 8605 1288 5985 002", [ONE, f"{ONE[:-1]}2"]),
        ("P0001 2999 8605 1288 5985 001", [ONE]),  # those that are grouped most evenly
        ("qty 100 2999 8605 1288 5985 001", [ONE]),
        ("2999 8605 1288 5985 001 100", [ONE]),
        ("12 2999-8605-1288-5985-001", [ONE]),
        ("2026-11-22 2999/8605/1288/5985/001", [ONE]),
        ("2999\u200b860512885985001", [ONE]),
        ("٢٩٩٩٨٦٠٥١٢٨٨٥٩٨٥٠٠١", [ONE]),
        ("", []),
    ],
)
def test_an_orders_number_is_15_to_20_digits_with_no_digit_beside_them(text: str, found: list[str]) -> None:
    """PO-1: whatever else is written around it."""
    assert order_numbers(text) == found


def in_groups(number: str, data: st.DataObject, between: st.SearchStrategy[str]) -> str:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(number) - 1), max_size=9)))
    groups = [number[at:end] for at, end in zip([0, *cuts], [*cuts, len(number)], strict=True)]
    return groups[0] + "".join(data.draw(between) + one for one in groups[1:])


@settings(max_examples=60, deadline=None)
@given(number=NUMBERS, before=WORDS, after=WORDS, wide=st.booleans(), mixed=st.booleans(), data=st.data())
def test_a_number_in_groups_is_found_whatever_is_between_them(
    number: str, before: str, after: str, wide: bool, mixed: bool, data: st.DataObject
) -> None:
    """PO-1, EVT-4: any grouping, one separator or several, among words without digits. A group that could be a number by itself is found at least,
    so that the buyer is asked."""
    between = st.sampled_from(BETWEEN)
    written = in_groups(number, data, between if mixed else st.just(data.draw(between)))
    assume(not A_DATE.search(written))
    found = order_numbers(before + (written.translate(WIDE) if wide else written) + after)
    if max(map(len, re.findall(r"\d+", written))) < 15 or written == number:
        assert found == [number]
    assert found


@st.composite
def in_groups_of_one_size(draw: st.DrawFn) -> tuple[list[str], int]:
    """Numbers of one length, and a size of groups that does not divide it: the last group is shorter, so each number's end can be seen."""
    length = draw(st.sampled_from([18, 19]))
    size = draw(st.sampled_from([size for size in range(3, 7) if length % size]))
    one = st.integers(min_value=10 ** (length - 1), max_value=10**length - 1).map(str)
    return draw(st.lists(one, min_size=2, max_size=3, unique=True)), size


@settings(max_examples=60, deadline=None)
@given(
    grouped=in_groups_of_one_size(),
    between=st.sampled_from(BETWEEN),
    apart=st.sampled_from([" ", ", ", "; ", " / ", " 和 "]),
)
def test_several_numbers_in_groups_are_each_found(grouped: tuple[list[str], int], between: str, apart: str) -> None:
    """PO-1: dictated one behind the other, all in groups of the same size."""
    numbers, size = grouped
    written = apart.join(between.join(one[at : at + size] for at in range(0, len(one), size)) for one in numbers)
    assume(not A_DATE.search(written))
    assert set(order_numbers(written)) == set(numbers)


@pytest.mark.parametrize(
    "text",
    [
        "P00012", "PO00007, PO00008, PO00009", "SO-7", "WH/IN/00012", "RFQ 2026/00123", "BILL/2026/11/0001",
        "2026-11-22", "22.11.2026", "22/11/26", "2026年11月22日", "2026-11-22 10:30:15", "2026-11-22 2026-11-30", "20261122 20261130",
        "20261122103015-01", "22.11.2026 - 30.11.2026", "KW 47/48 2026",
        "13800138000", "138 0013 8000", "+86 138 0013 8000", "0571-88886666", "0571-88886666 13800138000", "020-12345678 / 13912345678",
        "+49 (0)30 1234567 - 12", "Q-2026-000123", "Angebot 4711/2026 vom 22.11.2026", "PI20261122-0012", "quotation 123456789012",
        "1,234.50 CNY, 20 pcs", "99986051288598", "610000000001/5000000000011", "EAN 6901234567892",
    ],
)  # fmt: skip
def test_ordinary_references_are_none(text: str) -> None:
    """PO-1: names, dates, telephones, quotations, vendor codes."""
    assert order_numbers(text) == []


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
@example("1 " * 300)
def test_whatever_stands_there_is_read(text: str) -> None:
    """ERR-1: nothing raises; what is found has the digits that stand there, and words hold it too."""
    found = order_numbers(text)
    assert all(15 <= len(one) <= 20 and one.isascii() and one.isdecimal() for one in found)
    assert set(found) <= set(words_of(text))


def test_other_words_are_told_as_they_stand() -> None:
    """PO-2: numbers of other platforms may be anything that is a word of its own."""
    assert words_of(f"inv 7,{TWO[1:]}; 订单号：{ONE}，急, 7") == ["inv", "7", TWO[1:], ONE]
    assert words_of("") == []
    assert words_of("inv 7, 2999 8605 1288 5985 001 28") == ["inv", "7", ONE, "28"]
    assert words_of("inv 7, 2999 8605 1288 5985 001, 8") == ["inv", "7", ONE, "8"]


def test_a_number_is_looked_for_as_it_may_be_written() -> None:
    """PO-2: whole, wide, in groups; what is found is read again."""
    assert spellings(TWO) == (TWO, TWO.translate(WIDE), "%".join(TWO), "%".join(TWO.translate(WIDE)))
    assert spellings("AB-c") == ("AB-c",)

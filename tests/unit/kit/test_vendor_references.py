"""PO-1: references of vendors as people write them."""

from __future__ import annotations

import pytest

from connectors.kit.vendor_references import VendorReference, is_of, is_same, vendor_reference


@pytest.mark.parametrize(
    "text",
    ["alibaba:main:BBB1", " alibaba:main:BBB1\n", "alibaba : main: BBB1 ", "Alibaba:MAIN:BBB1", "alibaba：main：BBB1"],
)
def test_however_it_is_written_it_is_one(text: str) -> None:
    assert vendor_reference(text) == VendorReference("alibaba", "main", "BBB1")
    assert is_of(text, "alibaba:main")
    assert is_same(text, "alibaba:main:BBB1")
    assert (vendor_reference(text) or VendorReference("", "", "")).text == "alibaba:main:BBB1"


@pytest.mark.parametrize("text", ["", "SUP-9", "Alibaba", ":main:BBB1"])
def test_what_is_none(text: str) -> None:
    assert vendor_reference(text) is None
    assert not is_of(text, "alibaba:main")
    assert not is_same(text, text)


@pytest.mark.parametrize(
    "other", ["alibaba:main:bbb1", "alibaba:second:BBB1", "alibaba:main:BBB10", "alibaba:main:", "walmart:main:BBB1"]
)
def test_others_are_others(other: str) -> None:
    """The seller's number is what it is, capitals and all."""
    assert not is_same("alibaba:main:BBB1", other)


def test_parts_that_are_missing_are_empty() -> None:
    assert vendor_reference("alibaba:") == VendorReference("alibaba", "", "")
    assert vendor_reference("alibaba:main") == VendorReference("alibaba", "main", "")
    assert not is_same("alibaba:main:", "alibaba:main:")

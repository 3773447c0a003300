"""PRD-1: descriptions with only allowed HTML."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kit.catalogue.html import HtmlPolicy, bullets, description, text_of

POLICY = HtmlPolicy()


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("<p>Soft</p>", "<p>Soft</p>"),
        ('<h1>Soft</h1><p onclick="x()" style="color:red">and warm</p>', "Soft<p>and warm</p>"),
        ("<p>Soft<script>alert(1)</script><style>p{}</style></p>", "<p>Soft</p>"),
        ('<p>Soft <a href="https://x.example">here</a></p>', "<p>Soft here</p>"),
        ("<p>Soft<!-- hidden --></p><p></p><p>&nbsp;</p>", "<p>Soft</p>"),
        ("<b>unclosed", "<b>unclosed</b>"),
        ("<ul><li>one</li><li>two</li></ul>", "<ul><li>one</li><li>two</li></ul>"),
        ("Line one\nline two\n\nNext", "<p>Line one<br>line two</p><p>Next</p>"),
        ("5 < 6 & 7 > 6", "<p>5 &lt; 6 &amp; 7 &gt; 6</p>"),
        ("<p>Party 🎉</p>", "<p>Party </p>"),
        ("", ""),
    ],
)
def test_only_allowed_markup_stays(written: str, clean: str) -> None:
    assert description(written, POLICY).text == clean


def test_removed_markup_leaves_a_note_and_allowed_markup_none() -> None:
    assert description("<table><tr><td>1</td></tr></table>", POLICY).notes == ("MARKUP_REMOVED",)
    assert description("<p>1</p>", POLICY).notes == ()


def test_attributes_by_configuration_and_links_by_https_only() -> None:
    policy = HtmlPolicy(frozenset({"a"}), {"a": frozenset({"href"})})
    assert description('<a href="javascript:x()" id="i">t</a>', policy).text == "<a>t</a>"
    assert description('<a href="https://x.example" id="i">t</a>', policy).text == '<a href="https://x.example">t</a>'


def test_a_long_description_is_cut_at_a_word_with_its_tags_closed() -> None:
    found = description("<ul>" + "<li>a warm &amp; soft towel</li>" * 60 + "</ul>", HtmlPolicy(limit=200))
    assert len(found.text) <= 200
    assert found.text.startswith("<ul><li>a warm &amp; soft towel</li>")
    assert found.text.endswith("</ul>")
    assert "SHORTENED" in found.notes


PIECES = [
    "<p>",
    "</p>",
    "<b>",
    "</li>",
    "<li>",
    "<script>",
    "&amp;",
    "&",
    "<",
    "a word",
    " ",
    "é",
    "<a href='x'>",
    "\n",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40), st.integers(10, 120))
def test_whatever_comes_the_result_is_allowed_fits_and_is_stable(parts: list[str], limit: int) -> None:
    policy = HtmlPolicy(limit=limit)
    once = description("".join(parts), policy).text
    assert len(once) <= limit
    assert set(re.findall(r"</?([a-zA-Z0-9]+)", once)) <= policy.tags
    if re.search("<[a-z]", once):  # text without markup is wrapped in a paragraph, which is markup
        assert description(once, policy).text == once


def test_what_a_reader_sees() -> None:
    assert text_of("<p>One</p><p>two &amp; <b>three</b></p><script>no</script>") == "One two & three"


def test_list_items_become_bullets() -> None:
    assert bullets("<ul><li>One <b>bold</b></li><li> </li><li>Two</li><li>Three</li></ul>", 2) == ["One bold", "Two"]
    assert bullets("no list", 5) == []

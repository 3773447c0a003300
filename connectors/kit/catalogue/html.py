"""Descriptions with only the HTML a marketplace allows. Pure; parsed as a browser would (nh3), never by patterns."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import nh3

from connectors.kit.catalogue.text import CHARACTERS_REMOVED, SHORTENED, Cleaned, without_pictures

MARKUP_REMOVED = "MARKUP_REMOVED"
_ALWAYS_WITH_CONTENT = frozenset({"script", "style", "iframe", "object", "embed", "template", "noscript", "title"})
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")
_EMPTY = re.compile(r"<(p|li|ul|ol|b|strong|i|em|u|span|div)>(\s|&nbsp;|\u00a0|<br>)*</\1>")
_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table"})


@dataclass(frozen=True, slots=True)
class HtmlPolicy:
    """What may stay. attributes: tag -> names; limit: most characters of the result, markup included."""

    tags: frozenset[str] = frozenset({"p", "br", "ul", "ol", "li", "b", "strong", "i", "em"})
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    limit: int = 4000


def description(text: str, policy: HtmlPolicy) -> Cleaned:
    """HTML or plain text -> allowed HTML of at most `limit` characters, cut where a word ends; text in removed tags stays, scripts and styles go."""
    known = without_pictures(text)
    written = known if _TAG.search(known) else _paragraphs(known)
    cleaned = _clean(written, policy)
    notes = [CHARACTERS_REMOVED] if known != text else []
    notes += [MARKUP_REMOVED] if _tags_in(written) - _tags_in(cleaned) - {"html", "body", "head"} else []
    if len(cleaned) > policy.limit:
        cleaned = _cut(cleaned, policy)
        notes.append(SHORTENED)
    return Cleaned(cleaned, tuple(notes))


def text_of(markup: str) -> str:
    """The text a reader sees, on one line; blocks are apart. Scripts and styles are no text."""
    reader = _TextOf()
    reader.feed(nh3.clean(markup, tags=set(_BLOCKS), clean_content_tags=set(_ALWAYS_WITH_CONTENT), attributes={}))
    reader.close()
    return " ".join("".join(reader.parts).split())


def bullets(markup: str, most: int) -> list[str]:
    """The texts of its list items, at most so many: what becomes key features."""
    reader = _Bullets()
    reader.feed(nh3.clean(markup, tags={"li"}, clean_content_tags=set(_ALWAYS_WITH_CONTENT), attributes={}))
    reader.close()
    return [text for text in (" ".join(item.split()) for item in reader.items) if text][:most]


def _clean(markup: str, policy: HtmlPolicy) -> str:
    cleaned = nh3.clean(
        markup,
        tags=set(policy.tags),
        clean_content_tags=set(_ALWAYS_WITH_CONTENT - policy.tags),
        attributes={tag: set(names) for tag, names in policy.attributes.items()},
        url_schemes={"https"},
        link_rel=None,
    )
    before = ""
    while before != cleaned:
        before, cleaned = cleaned, _EMPTY.sub("", cleaned)
    return re.sub(r"[ \t\r\n]+", " ", cleaned).strip()


def _cut(cleaned: str, policy: HtmlPolicy) -> str:
    """Shorter until the closed-again markup fits; a cut never falls inside a tag or an entity."""
    room = policy.limit
    while room > 0:
        head = cleaned[:room]
        for opening, closing in (("<", ">"), ("&", ";")):
            start = head.rfind(opening)
            if start > head.rfind(closing):
                head = head[:start]
        if not head.endswith(">") and " " in head:
            head = head[: head.rindex(" ")]
            head = head[: head.rfind("<")] if head.rfind("<") > head.rfind(">") else head
        result = _clean(head, policy)
        if len(result) <= policy.limit:
            return result
        room -= len(result) - policy.limit
    return ""


def _paragraphs(text: str) -> str:
    blocks = [html.escape(block.strip(), quote=False) for block in re.split(r"\n\s*\n", html.unescape(text))]
    return "".join("<p>" + re.sub(r"\s*\n\s*", "<br>", block) + "</p>" for block in blocks if block)


def _tags_in(markup: str) -> set[str]:
    return {found.lower() for found in re.findall(r"<([a-zA-Z][a-zA-Z0-9]*)", markup)}


class _TextOf(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


class _Bullets(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.items: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.items.append("")
        self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.items[-1] += data

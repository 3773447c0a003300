"""What may not stand in a listing's texts (PRD-3). Pure. Rules are data: a code, a pattern, the fields it looks at.

A finding tells the rule and, for words of shops and advertising, the words found. What may be a person's (mail address, telephone) is never quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import phonenumbers

from connectors.kit.catalogue.html import text_of
from connectors.kit.catalogue.problems import FieldProblem

COMPETITOR, PRICE, LINK, MAIL, PHONE, CLAIM, SCRIPT = (
    "COMPETITOR", "PRICE_IN_TEXT", "URL_IN_TEXT", "MAIL_IN_TEXT", "PHONE_IN_TEXT", "CLAIM", "SCRIPT",
)  # fmt: skip
_LONGEST_QUOTE = 40
_SCRIPT = re.compile(
    r"<\s*(script|iframe|object|embed|form|link|meta)\b|\bjavascript\s*:|\bon(?:click|load|error|mouse\w+|focus)\s*=",
    re.I,
)
_PHONE_HINT = re.compile(r"\d[\d ().+/-]{5,}\d")


@dataclass(frozen=True, slots=True)
class Rule:
    """fields: names of the texts it looks at, () for all; shown: whether the words found may be quoted; remedy: what to do."""

    code: str
    pattern: re.Pattern[str]
    remedy: str
    fields: tuple[str, ...] = ()
    shown: bool = True


_AMOUNT = r"\d+(?:[.,]\d+)*"
_CURRENCY = r"(?:USD|EUR|GBP|CAD|US\$|dollars?|euros?|bucks)"
RULES: tuple[Rule, ...] = (
    Rule(
        PRICE,
        re.compile(
            rf"[$€£¥]\s?{_AMOUNT}|{_AMOUNT}\s?[€£¥]|\b{_AMOUNT}\s?{_CURRENCY}\b|\b{_CURRENCY}\s?{_AMOUNT}",
            re.I,
        ),
        "take the price out of the text",
    ),
    Rule(
        LINK,
        re.compile(r"\bhttps?\s?://|\bwww\.|(?<![@\w.+-])[a-z0-9][a-z0-9-]*\.(?:com|net|org|shop|store|biz|info|io|co\.uk|de|fr|cn)\b", re.I),
        "take the address out of the text",
    ),
    Rule(MAIL, re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.I), "take the mail address out of the text", shown=False),
    Rule(
        CLAIM,
        re.compile(
            r"\b(?:free shipping|fast shipping|best[ -]?sell(?:er|ing)|top[ -]rated|hot sale|on sale|clearance|lowest price|low price|"
            r"black friday|cyber monday|money[ -]back|#\s?1 (?:rated|seller)|100% (?:guaranteed?|satisfaction)|out of stock|coming soon)\b",
            re.I,
        ),
        "take the claim out of the text",
    ),
)  # fmt: skip
# Names that are ordinary words as well (target, wish, lowes) count only in the form of an address or after words of selling.
COMPETITORS = (
    "amazon", "ebay", "etsy", "aliexpress", "alibaba", "temu", "shein", "wayfair", "best buy", "costco", "home depot",
    "overstock", "rakuten", "newegg", "zalando", "mercado libre", "shopee", "lazada",
)  # fmt: skip
SHOPS_THAT_ARE_WORDS = ("target", "wish", "lowe's", "kohl's", "macy's", "sears")


@dataclass(frozen=True, slots=True)
class Prohibited:
    """competitors: names as words; ambiguous: names that are words of the language; allowed: phrases taken out before looking
    (brands, "amazon rainforest"); region: whose telephone numbers are recognised without +."""

    competitors: Sequence[str] = COMPETITORS
    ambiguous: Sequence[str] = SHOPS_THAT_ARE_WORDS
    allowed: Sequence[str] = ()
    rules: Sequence[Rule] = RULES
    region: str = "US"
    _built: dict[str, re.Pattern[str] | None] = field(default_factory=dict, compare=False, repr=False)

    def problems(self, texts: Mapping[str, str], brand: str = "") -> list[FieldProblem]:
        """All findings in the texts by field. Texts may be HTML: what a reader sees is looked at, and scripts in the markup too."""
        found: list[FieldProblem] = []
        for name, written in texts.items():
            if _SCRIPT.search(written):
                found.append(FieldProblem(SCRIPT, name, "holds a script or active markup; write plain HTML"))
            seen = self._without_allowed(text_of(written) if "<" in written or "&" in written else written, brand)
            found += self._in_one(name, seen)
        return found

    def _in_one(self, name: str, seen: str) -> list[FieldProblem]:
        competitor = Rule(COMPETITOR, self._competitors(), "name no other shop in a listing")
        found = []
        for rule in (competitor, *self.rules):
            if rule.fields and name not in rule.fields:
                continue
            hits = list(dict.fromkeys(hit[0].strip() for hit in rule.pattern.finditer(seen)))
            if hits:
                quoted = (
                    ", ".join(repr(hit[:_LONGEST_QUOTE]) for hit in hits[:5]) if rule.shown else f"{len(hits)} places"
                )
                found.append(FieldProblem(rule.code, name, f"{quoted}: {rule.remedy}"))
        if _PHONE_HINT.search(seen) and _has_phone(seen, self.region):
            found.append(FieldProblem(PHONE, name, "holds a telephone number; take it out of the text"))
        return found

    def _without_allowed(self, seen: str, brand: str) -> str:
        for phrase in (*self.allowed, *([brand] if brand else [])):
            if phrase.casefold() in seen.casefold():
                seen = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", " ", seen, flags=re.I)
        return seen

    def _competitors(self) -> re.Pattern[str]:
        pattern = self._built.get("competitors")
        if pattern is None:
            names = _alternatives(self.competitors)
            words = _alternatives(self.ambiguous)
            selling = (
                r"(?:sold|available|shop|found|buy|bought|seen|exclusive|as)\s+(?:it\s+)?(?:on|at|by|from|to|in)\s+"
            )
            pattern = re.compile(rf"\b(?:{names})(?:'s)?\b|\b(?:{words})\.com\b|\b{selling}(?:{words})\b", re.I)
            self._built["competitors"] = pattern
        return pattern


def _alternatives(names: Sequence[str]) -> str:
    return "|".join(re.escape(name).replace(r"\ ", r"\s?").replace("'", "['’]?") for name in names) or "(?!)"


def _has_phone(seen: str, region: str) -> bool:
    return any(
        True for _ in phonenumbers.PhoneNumberMatcher(seen, region, leniency=phonenumbers.Leniency.STRICT_GROUPING)
    )

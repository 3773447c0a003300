"""Free text without persons and secrets: for details of failures, logs and what a terminal shows (SEC-3).

What can be told by its form is masked: secrets with a name (`token=...`, `Authorization: Bearer ...`), credentials in URLs, keys and tokens
of known shape, e-mail addresses, phone, card, bank and social security numbers. Names and streets have no form: whoever writes a detail
leaves them out. Order ids, timestamps, SKUs and checksums stay, or nobody could work with the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MASK = "***"
_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|client[_-]?secret|token|(?:access|refresh|id|session|sec)[_-]?token|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|authorization|signature|cookie|set-cookie|session(?:[_-]?id)?|credentials?|wm_sec\.access_token"
)
_MAX_CHARACTERS = 20_000  # a bound on the work; details are cut to 500 anyway


def mask_text(text: str) -> str:
    """The text with everything masked that has the form of personal data or a secret. At most 20,000 characters of it."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text[:_MAX_CHARACTERS])
    return text


def is_card_number(digits: str) -> bool:
    """Whether 15 or 16 digits are a payment card number: issuer prefix and check digit (ISO/IEC 7812-1)."""
    if not (len(digits) == 16 and digits[0] in "23456") and not (len(digits) == 15 and digits[:2] in ("34", "37")):
        return False
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0


def is_bank_account(text: str) -> bool:
    """Whether the text is an IBAN: its check digits fit (ISO 13616)."""
    code = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return 15 <= len(text) <= 34 and int(code) % 97 == 1


def _card(found: re.Match[str]) -> str:
    return MASK if is_card_number(re.sub(r"\D", "", found[0])) else found[0]


def _bank_account(found: re.Match[str]) -> str:
    return MASK if is_bank_account(found[0].replace(" ", "")) else found[0]


# Not inside a longer word, number, natural key or path: there it is an id.
_ALONE = r"(?<![\w:/#.=@-])"
_END = r"(?![\w@-]|[.:/]\w)"

_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]*@"), f"{MASK}@"),
    (re.compile(r"\b(bearer|basic|negotiate)\s+[A-Za-z0-9+/_.~=-]{4,}", re.IGNORECASE), rf"\1 {MASK}"),
    (
        re.compile(
            rf"""(?<![A-Za-z])((?:{_NAMES})["']?\s*(?::|=>?)\s*)(?!\s*(?:bearer|basic)\s)("[^"]*"?|'[^']*'?|[^\s,;&}})\]]+)""",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){1,4}"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAtz[ar]\|\S+"), MASK),
    (re.compile(r"(?<![\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]++@[\w-]++(?:\.[\w-]++)+"), MASK),
    (re.compile(r"(?<![\w-])(?:\d{4}[ -]?){3}\d{4}(?![\w-])|(?<![\w-])3[47]\d{2}[ -]?\d{6}[ -]?\d{5}(?![\w-])"), _card),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), _bank_account),
    (re.compile(rf"{_ALONE}\d{{3}}-\d{{2}}-\d{{4}}{_END}"), MASK),
    (re.compile(r"(?<![\w:])\+\d[\d ().-]{6,18}\d(?!\d)"), MASK),
    (re.compile(rf"{_ALONE}\(\d{{2,5}}\)[ .-]?\d{{2,4}}(?:[ .-]?\d{{2,4}}){{1,3}}{_END}"), MASK),
    (re.compile(rf"{_ALONE}(?:1[ .-])?\d{{3}}[ .-]\d{{3}}[ .-]\d{{4}}{_END}"), MASK),
    (re.compile(rf"{_ALONE}(?:[2-9]\d{{2}}[2-9]\d{{6}}|1[2-9]\d{{2}}[2-9]\d{{6}}|1[3-9]\d{{9}}){_END}"), MASK),
    (
        re.compile(
            r"\b((?:tele)?phone|tel|mobile|fax)(\W{1,3}|\s+(?:number|no\.?)\s*)\+?[\d(][\d ().-]{5,18}\d", re.IGNORECASE
        ),
        rf"\1\2{MASK}",
    ),
)

"""PRD-3: prohibited content (competitor references, prices in text) is a data-quality exception with a reason code."""

from __future__ import annotations

import re

import pytest

from connectors.kit.catalogue.prohibited import Prohibited, Rule


def codes(text: str, **settings: object) -> list[str]:
    return [problem.code for problem in Prohibited(**settings).problems({"description": text})]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("As seen on Amazon", ["COMPETITOR"]),
        ("ebay's favourite", ["COMPETITOR"]),
        ("<b>Best&nbsp;Buy</b> quality", ["COMPETITOR"]),  # as a reader sees it
        ("<b>Ama</b>zon", ["COMPETITOR"]),
        ("available at Target", ["COMPETITOR"]),
        ("A target for archery", []),  # an ordinary word
        ("I wish you a good sleep", []),
        ("Only $19.99 now", ["PRICE_IN_TEXT"]),
        ("costs 20 USD", ["PRICE_IN_TEXT"]),
        ("20,50 €", ["PRICE_IN_TEXT"]),
        ("€ 20,50", ["PRICE_IN_TEXT"]),
        ("Size 19.99 cm, 20 pieces", []),
        ("See www.lumo.example", ["URL_IN_TEXT"]),
        ("more at https://lumo.example/a", ["URL_IN_TEXT"]),
        ("lumo-lamps.com has it", ["URL_IN_TEXT"]),
        ("Made of wood.Comes in a box", []),  # a missing space is no address
        ("Write to ava@lumo.example", ["MAIL_IN_TEXT"]),
        ("Call 201-555-0123 now", ["PHONE_IN_TEXT"]),
        ("Call +1 (201) 555-0123", ["PHONE_IN_TEXT"]),
        ("Model 4006381333931, 10000 lumen", []),  # a GTIN is no telephone number
        ("Free shipping, best seller", ["CLAIM"]),
        ('<p onclick="x()">a</p>', ["SCRIPT"]),
        ("<script>x</script>", ["SCRIPT"]),
        ("<a href='javascript:x'>a</a>", ["SCRIPT"]),
        ("A lamp for the desk.", []),
        ("", []),
    ],
)
def test_findings(text: str, found: list[str]) -> None:
    assert codes(text) == found


def test_the_brand_and_allowed_phrases_are_not_prohibited() -> None:
    assert not Prohibited(competitors=["lumo"]).problems({"name": "Lumo Lamp"}, brand="LUMO")
    assert codes("Amazon rainforest sounds", allowed=["amazon rainforest"]) == []
    assert codes("Amazon rainforest, sold on Amazon", allowed=["amazon rainforest"]) == ["COMPETITOR"]


def test_rules_are_configuration() -> None:
    rule = Rule("YEAR", re.compile(r"\b20\d\d\b"), "take the year out", fields=("name",))
    policy = Prohibited(competitors=[], ambiguous=[], rules=[rule])
    found = policy.problems({"name": "Calendar 2027", "description": "for 2027, from Amazon"})
    assert [(problem.code, problem.field, problem.detail) for problem in found] == [
        ("YEAR", "name", "'2027': take the year out")
    ]


def test_what_may_be_a_persons_is_never_quoted() -> None:
    """SEC-3: a mail address or a number in a text does not get into an error."""
    found = Prohibited().problems({"description": "ava.buyer@home.example or 201-555-0123"})
    assert {problem.code for problem in found} == {"MAIL_IN_TEXT", "PHONE_IN_TEXT"}
    assert not re.search("ava|home|201|0123", "".join(map(str, found)))


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Only $12.99 now", "$12.99"),
        ("US $ 1,250.00 each", "$ 1,250.00"),
        ("20,50 € with box", "20,50 €"),
        ("costs 1.250,00 EUR.", "1.250,00 EUR"),
        ("EUR 20,50.", "EUR 20,50"),
        ("for 20 dollars", "20 dollars"),
    ],
)
def test_a_price_is_quoted_whole(text: str, quoted: str) -> None:
    """PRD-3: who reads it finds it in the text."""
    (problem,) = Prohibited().problems({"description": text})
    assert problem.detail == f"{quoted!r}: take the price out of the text"

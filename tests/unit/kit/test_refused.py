"""The memory of refused products is bounded (PRD-3); what it is for: tests/contract/test_walmart_listings_out."""

from __future__ import annotations

from dataclasses import replace

from connectors.kit.outgoing.refused import Refused
from tests.contract.test_walmart_listings_out import upsert


def test_the_oldest_is_forgotten_first() -> None:
    memory = Refused(kept=2)
    first, second, third = (upsert(f"W-{number}", number) for number in (1, 2, 3))
    again = replace(first, id="again")
    assert [memory.before(one, "no GTIN") for one in (first, second)] == [False, False]
    assert memory.before(replace(first, id="changed", checksum="c2"), "no GTIN") is False, "remembered anew"
    assert memory.before(third, "no GTIN") is False
    assert memory.before(replace(again, checksum="c2"), "no GTIN") is True, "the newest two are known"
    assert memory.before(replace(third, id="again"), "no GTIN") is True
    assert memory.before(replace(second, id="again"), "no GTIN") is False, "one more exception"
